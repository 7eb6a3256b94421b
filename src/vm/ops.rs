//! The instruction set.

/// Where a block of lanes lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// A scratch register of the running thread, one block long.
    Register(u16),
    /// An array of the program's instances: the block at the current offset.
    Array(u16),
}

/// What an operation does, lane by lane. `d` is the destination; `a`, `b`, `c`, `e` are operands; `p`,
/// `q`, `r` are immediate constants. All in f64; truth is 1.0 and falsehood 0.0.
///
/// `fma(x, y, z)` is the fused `x*y + z` with one rounding. `exp`, `ln` and the others are those of
/// `simd::math`, the same bits on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// `d = p`
    Fill,
    /// `d = uniforms[p as usize]`: a value that is the same for all lanes and changes with time.
    Uniform,
    /// `d = a`
    Copy,
    /// `d = -a`
    Neg,
    /// `d = |a|`
    Abs,
    /// `d = sqrt(a)`
    Sqrt,
    /// `d = floor(a)`
    Floor,
    /// `d = ceil(a)`
    Ceil,
    /// `d = a + b`
    Add,
    /// `d = a + p`
    AddP,
    /// `d = a - b`
    Sub,
    /// `d = p - a`
    PSub,
    /// `d = a * b`
    Mul,
    /// `d = a * p`
    MulP,
    /// `d = a * b * c`, from the left
    Mul3,
    /// `d = a / b`
    Div,
    /// `d = p / a`
    PDiv,
    /// `d = fma(a, b, c)`
    Fma,
    /// `d = fma(a, b, -c)`
    Fms,
    /// `d = fma(-a, b, c)`
    Fnma,
    /// `d = fma(a, p, q)`
    Affine,
    /// `d = fma(a, b, p)`
    FmaP,
    /// `d = fma(a, p, b)`
    FmaScale,
    /// `d = a * p + b`, rounded twice
    AddScaled,
    /// `d = fma(b, r, fma(a, p, q))`
    Linear2,
    /// `d = min(a, b)`, `a` if either is NaN
    Min,
    /// `d = max(a, b)`, `a` if either is NaN
    Max,
    /// `d = p * exp(fma(a, q, r))`
    Exp,
    /// `d = p / (1 + exp(fma(a, q, r)))`
    Sigmoid,
    /// `d = p * z / (exp(z) - 1)` with `z = fma(a, q, r)`, and `p` at `z = 0`; without cancellation
    ExpRel,
    /// `d = ln(a)`
    Ln,
    /// `d = a ^ b` (as C's `pow`)
    Pow,
    /// `d = sin(a)`
    Sin,
    /// `d = cos(a)`
    Cos,
    /// `d = tan(a)`
    Tan,
    /// `d = sinh(a)`
    Sinh,
    /// `d = cosh(a)`
    Cosh,
    /// `d = tanh(a)`
    Tanh,
    /// `d = a < b`
    Lt,
    /// `d = a <= b`
    Le,
    /// `d = a == b`
    Eq,
    /// `d = a and b`
    And,
    /// `d = a or b`
    Or,
    /// `d = not a`
    Not,
    /// `d = if a then b else c`; `a` is true where it is not 0
    Select,
    /// `d = if a < b then c else e`
    SelectLt,
    /// Exponential step of `x' = f`, `f = f0 + k x`: `d = fma(b*h, phi(c*h), a)`, where `a = x`,
    /// `b = f(x)`, `c = k`, `h = uniforms[0]` is the time step, and `phi(z) = (exp(z) - 1)/z`,
    /// `phi(0) = 1`.
    ExpStep,
    /// Gate step from rates: with `s = b + c` (opening rate `b`, closing rate `c`), `inf = b/s`,
    /// `d = fma(a - inf, exp(-(s*h)), inf)`. `h = uniforms[0]`.
    GateRates,
    /// Gate step from steady state and time constant: `d = fma(a - b, exp(-(h/c)), b)`, `a = x`,
    /// `b = inf`, `c = tau`, `h = uniforms[0]`.
    GateTau,
    /// `d = a[index]`, where `a` is a whole array, of any length, and `index` the lane's entry of index
    /// list `p`. No operation of the program may write `a`.
    Gather,
    /// `a[index] = b`, `a` and `index` as in `Gather`; `d` is not used. Of equal indices the last lane
    /// wins. No other operation of the program may touch `a`.
    Scatter,
    /// `a[index] = a[index] + b`, otherwise as `Scatter`; equal indices are summed in lane order.
    ScatterAdd,
    /// The numbers of the lanes where `a` is true are noted in the run's scratch, in order.
    Note,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Op {
    /// What to do.
    pub code: Code,
    /// Destination.
    pub d: Address,
    /// First operand (unused ones repeat `d`).
    pub a: Address,
    /// Second operand.
    pub b: Address,
    /// Third operand.
    pub c: Address,
    /// Fourth operand.
    pub e: Address,
    /// First immediate constant.
    pub p: f64,
    /// Second immediate constant.
    pub q: f64,
    /// Third immediate constant.
    pub r: f64,
}

/// A list of operations over `n_arrays` arrays, `n_registers` registers and `n_uniforms` uniforms.
///
/// Each operation reads only registers that an earlier one has written in the same block. An
/// operation's destination may be one of its operands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {
    /// The operations, in order.
    pub ops: Vec<Op>,
    /// Registers used.
    pub n_registers: usize,
    /// Arrays addressed.
    pub n_arrays: usize,
    /// Uniforms read; `uniforms[0]` is the time step in s.
    pub n_uniforms: usize,
}
