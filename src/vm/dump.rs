//! Programs as text, one operation a line: for golden tests, bug reports and the curious.

use std::fmt;

use super::{Address, Code, Op, Program};

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Register(k) => write!(f, "r{k}"),
            Address::Array(k) => write!(f, "a{k}"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Op { d, a, b, c, e, p, q, r, .. } = *self;
        match self.code {
            Code::Fill => write!(f, "{d} = {p:?}"),
            Code::Uniform => write!(f, "{d} = u{p}"),
            Code::Copy => write!(f, "{d} = {a}"),
            Code::Neg => write!(f, "{d} = -{a}"),
            Code::Abs => write!(f, "{d} = abs({a})"),
            Code::Sqrt => write!(f, "{d} = sqrt({a})"),
            Code::Floor => write!(f, "{d} = floor({a})"),
            Code::Ceil => write!(f, "{d} = ceil({a})"),
            Code::Add => write!(f, "{d} = {a} + {b}"),
            Code::AddP => write!(f, "{d} = {a} + {p:?}"),
            Code::Sub => write!(f, "{d} = {a} - {b}"),
            Code::PSub => write!(f, "{d} = {p:?} - {a}"),
            Code::Mul => write!(f, "{d} = {a} * {b}"),
            Code::MulP => write!(f, "{d} = {a} * {p:?}"),
            Code::Mul3 => write!(f, "{d} = {a} * {b} * {c}"),
            Code::Div => write!(f, "{d} = {a} / {b}"),
            Code::PDiv => write!(f, "{d} = {p:?} / {a}"),
            Code::Fma => write!(f, "{d} = fma({a}, {b}, {c})"),
            Code::Fms => write!(f, "{d} = fma({a}, {b}, -{c})"),
            Code::Fnma => write!(f, "{d} = fma(-{a}, {b}, {c})"),
            Code::Affine => write!(f, "{d} = fma({a}, {p:?}, {q:?})"),
            Code::FmaP => write!(f, "{d} = fma({a}, {b}, {p:?})"),
            Code::FmaScale => write!(f, "{d} = fma({a}, {p:?}, {b})"),
            Code::AddScaled => write!(f, "{d} = {a} * {p:?} + {b}"),
            Code::Linear2 => write!(f, "{d} = fma({b}, {r:?}, fma({a}, {p:?}, {q:?}))"),
            Code::Min => write!(f, "{d} = min({a}, {b})"),
            Code::Max => write!(f, "{d} = max({a}, {b})"),
            Code::Exp => write!(f, "{d} = {p:?} * exp(fma({a}, {q:?}, {r:?}))"),
            Code::Sigmoid => write!(f, "{d} = {p:?} / (1 + exp(fma({a}, {q:?}, {r:?})))"),
            Code::ExpRel => write!(f, "{d} = {p:?} * exprel(fma({a}, {q:?}, {r:?}))"),
            Code::Ln => write!(f, "{d} = ln({a})"),
            Code::Pow => write!(f, "{d} = {a} ^ {b}"),
            Code::Sin => write!(f, "{d} = sin({a})"),
            Code::Cos => write!(f, "{d} = cos({a})"),
            Code::Tan => write!(f, "{d} = tan({a})"),
            Code::Sinh => write!(f, "{d} = sinh({a})"),
            Code::Cosh => write!(f, "{d} = cosh({a})"),
            Code::Tanh => write!(f, "{d} = tanh({a})"),
            Code::Lt => write!(f, "{d} = {a} < {b}"),
            Code::Le => write!(f, "{d} = {a} <= {b}"),
            Code::Eq => write!(f, "{d} = {a} == {b}"),
            Code::And => write!(f, "{d} = {a} and {b}"),
            Code::Or => write!(f, "{d} = {a} or {b}"),
            Code::Not => write!(f, "{d} = not {a}"),
            Code::Select => write!(f, "{d} = if {a} then {b} else {c}"),
            Code::SelectLt => write!(f, "{d} = if {a} < {b} then {c} else {e}"),
            Code::ExpStep => write!(f, "{d} = exp_step(x: {a}, f: {b}, k: {c})"),
            Code::GateRates => write!(f, "{d} = gate_step(x: {a}, open: {b}, close: {c})"),
            Code::GateTau => write!(f, "{d} = gate_step(x: {a}, inf: {b}, tau: {c})"),
            Code::Gather => write!(f, "{d} = {a}[i{p}]"),
            Code::Scatter => write!(f, "{a}[i{p}] = {b}"),
            Code::Note => write!(f, "note {a}"),
            Code::ScatterAdd => write!(f, "{a}[i{p}] += {b}"),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "program: {} operations, {} registers, {} arrays, {} uniforms",
            self.ops.len(),
            self.n_registers,
            self.n_arrays,
            self.n_uniforms
        )?;
        self.ops.iter().try_for_each(|op| writeln!(f, "    {op}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_formula() {
        let (v, r) = (Address::Array(0), Address::Register(3));
        let op = Op { code: Code::Exp, d: r, a: v, b: r, c: r, e: r, p: 4.0, q: -0.5, r: 1e-3 };
        let program = Program { ops: vec![op], n_registers: 4, n_arrays: 1, n_uniforms: 1 };
        assert_eq!(
            program.to_string(),
            "program: 1 operations, 4 registers, 1 arrays, 1 uniforms\n    r3 = 4.0 * exp(fma(a0, -0.5, 0.001))\n"
        );
    }
}
