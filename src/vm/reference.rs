//! A plain interpreter of programs, one lane at a time: what the fast kernels must equal bit by bit.

use std::sync::Arc;

use super::{Address, Code, Op, Program};
use crate::simd::math;

/// Runs `program` over `lanes` lanes, array `k` starting at `offsets[k]` in `arena`. It notes nothing.
///
/// # Panics
///
/// If the program is not well formed ([`Program::verify`]) or reaches outside its arrays.
pub fn run(
    program: &Program,
    offsets: &[usize],
    lanes: usize,
    index_lists: &[Arc<[u32]>],
    arena: &mut [f64],
    uniforms: &[f64],
) {
    let mut registers = vec![vec![f64::NAN; lanes]; program.n_registers];
    for op in program.ops.iter().filter(|op| op.code != Code::Note) {
        for lane in 0..lanes {
            let read = |address: Address| match address {
                Address::Register(k) => registers[usize::from(k)][lane],
                Address::Array(k) => arena[offsets[usize::from(k)] + lane],
            };
            let used = op.code.operands();
            let [a, b, c, e] = [(used.a, op.a), (used.b, op.b), (used.c, op.c), (used.e, op.e)]
                .map(|(used, address)| if used { read(address) } else { f64::NAN });
            if let (Some(list), Address::Array(k)) = (op.index_list(), op.a) {
                let at = offsets[usize::from(k)] + index_lists[list][lane] as usize;
                match op.code {
                    Code::Scatter => arena[at] = b,
                    Code::ScatterAdd => arena[at] += b,
                    _ => write(op.d, lane, arena[at], offsets, &mut registers, arena),
                }
            } else {
                write(op.d, lane, value(op, [a, b, c, e], uniforms), offsets, &mut registers, arena);
            }
        }
    }
}

fn write(d: Address, lane: usize, x: f64, offsets: &[usize], registers: &mut [Vec<f64>], arena: &mut [f64]) {
    match d {
        Address::Register(k) => registers[usize::from(k)][lane] = x,
        Address::Array(k) => arena[offsets[usize::from(k)] + lane] = x,
    }
}

/// The value of an operation that is not indexed.
pub(super) fn value(op: &Op, [a, b, c, e]: [f64; 4], uniforms: &[f64]) -> f64 {
    let Op { p, q, r, .. } = *op;
    let truth = |condition: bool| f64::from(u8::from(condition));
    let argument = || a.mul_add(q, r);
    match op.code {
        Code::Fill => p,
        Code::Uniform => uniforms[p as usize],
        Code::Copy => a,
        Code::Neg => -a,
        Code::Abs => a.abs(),
        Code::Sqrt => a.sqrt(),
        Code::Floor => a.floor(),
        Code::Ceil => a.ceil(),
        Code::Add => a + b,
        Code::AddP => a + p,
        Code::Sub => a - b,
        Code::PSub => p - a,
        Code::Mul => a * b,
        Code::MulP => a * p,
        Code::Mul3 => a * b * c,
        Code::Div => a / b,
        Code::PDiv => p / a,
        Code::Fma => a.mul_add(b, c),
        Code::Fms => a.mul_add(b, -c),
        Code::Fnma => (-a).mul_add(b, c),
        Code::Affine => a.mul_add(p, q),
        Code::FmaP => a.mul_add(b, p),
        Code::FmaScale => a.mul_add(p, b),
        Code::AddScaled => a * p + b,
        Code::Linear2 => b.mul_add(r, a.mul_add(p, q)),
        Code::Min => {
            if b < a {
                b
            } else {
                a
            }
        }
        Code::Max => {
            if b > a {
                b
            } else {
                a
            }
        }
        Code::Exp => p * math::exp(argument()),
        Code::Sigmoid => p / (1.0 + math::exp(argument())),
        Code::ExpRel => p * math::exprel(argument()),
        Code::Ln => math::ln(a),
        Code::Pow => math::pow(a, b),
        Code::Sin => math::sin(a),
        Code::Cos => math::cos(a),
        Code::Tan => math::tan(a),
        Code::Sinh => math::sinh(a),
        Code::Cosh => math::cosh(a),
        Code::Tanh => math::tanh(a),
        Code::Lt => truth(a < b),
        Code::Le => truth(a <= b),
        Code::Eq => truth(a == b),
        Code::And => truth(a != 0.0 && b != 0.0),
        Code::Or => truth(a != 0.0 || b != 0.0),
        Code::Not => truth(a == 0.0),
        Code::Select => {
            if a != 0.0 {
                b
            } else {
                c
            }
        }
        Code::SelectLt => {
            if a < b {
                c
            } else {
                e
            }
        }
        Code::ExpStep => {
            let h = uniforms[0];
            (b * h).mul_add(math::phi(c * h), a)
        }
        Code::GateRates => {
            let s = b + c;
            let inf = b / s;
            (a - inf).mul_add(math::exp(-(s * uniforms[0])), inf)
        }
        Code::GateTau => (a - b).mul_add(math::exp(-(uniforms[0] / c)), b),
        Code::Gather | Code::Scatter | Code::ScatterAdd | Code::Note => a,
    }
}
