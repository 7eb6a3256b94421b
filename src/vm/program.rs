//! What each operation reads and writes, and the check that a program is well formed.

use super::{Address, Code, Op, Program};
use crate::error::{Error, ErrorKind, Result};

/// What an operation uses of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operands {
    /// Whether it writes a block to `d`.
    pub d: bool,
    /// Whether it reads a block from `a`.
    pub a: bool,
    /// Whether it reads a block from `b`.
    pub b: bool,
    /// Whether it reads a block from `c`.
    pub c: bool,
    /// Whether it reads a block from `e`.
    pub e: bool,
    /// How many of `p`, `q`, `r` it uses.
    pub immediates: u8,
    /// Whether it reads `uniforms[0]`.
    pub step: bool,
}

impl Code {
    /// What the operation uses.
    pub fn operands(self) -> Operands {
        use Code::*;
        let (blocks, immediates, step) = match self {
            Fill | Uniform => (0, 1, false),
            Copy | Neg | Abs | Sqrt | Floor | Ceil | Ln | Sin | Cos | Tan | Sinh | Cosh | Tanh | Not => {
                (1, 0, false)
            }
            AddP | PSub | MulP | PDiv => (1, 1, false),
            Affine => (1, 2, false),
            Exp | Sigmoid | ExpRel => (1, 3, false),
            Add | Sub | Mul | Div | Min | Max | Pow | Lt | Le | Eq | And | Or => (2, 0, false),
            FmaP | FmaScale | AddScaled => (2, 1, false),
            Linear2 => (2, 3, false),
            SelectLt => (4, 0, false),
            Mul3 | Fma | Fms | Fnma | Select => (3, 0, false),
            ExpStep | GateRates | GateTau => (3, 0, true),
            Gather => (0, 1, false),
            Note => (1, 0, false),
            Scatter | ScatterAdd => (0, 1, false),
        };
        let scatters = matches!(self, Scatter | ScatterAdd);
        Operands {
            d: !scatters && self != Note,
            a: blocks > 0,
            b: blocks > 1 || scatters,
            c: blocks > 2,
            e: blocks > 3,
            immediates,
            step,
        }
    }

    /// Whether `a` is a whole array, addressed through index list `p`.
    pub fn is_indexed(self) -> bool {
        matches!(self, Code::Gather | Code::Scatter | Code::ScatterAdd)
    }
}

impl Op {
    /// The index list of an indexed operation.
    pub fn index_list(&self) -> Option<usize> {
        self.code.is_indexed().then_some(self.p as usize)
    }

    /// The blocks it reads.
    pub fn reads(&self) -> impl Iterator<Item = Address> {
        let used = self.code.operands();
        [(used.a, self.a), (used.b, self.b), (used.c, self.c), (used.e, self.e)]
            .into_iter()
            .filter_map(|(used, address)| used.then_some(address))
    }

    /// The block it writes.
    pub fn writes(&self) -> Option<Address> {
        self.code.operands().d.then_some(self.d)
    }
}

/// How a program touches one of its arrays.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    /// Read or written block by block.
    pub block: bool,
    /// Written block by block.
    pub written: bool,
    /// Gathered from.
    pub gathered: bool,
    /// How many operations scatter to it.
    pub scatters: usize,
}

impl Program {
    /// Checks that every address, uniform and index list number is in range, that every register is
    /// written before it is read, and that arrays used through index lists follow the rules given
    /// with [`Code::Gather`] and [`Code::Scatter`].
    ///
    /// # Errors
    ///
    /// The first operation that breaks a rule, with its number.
    pub fn verify(&self) -> Result<()> {
        let mut written = vec![false; self.n_registers];
        for (number, op) in self.ops.iter().enumerate() {
            self.verify_op(op, &mut written)
                .map_err(|what| malformed(format!("operation {number} ({:?}): {what}", op.code)))?;
        }
        for (k, array) in self.array_uses().iter().enumerate() {
            if array.gathered && (array.written || array.scatters > 0) {
                return Err(malformed(format!("array {k} is gathered from and written to")));
            }
            if array.scatters > 1 || (array.scatters == 1 && array.block) {
                return Err(malformed(format!("array {k} is scattered to and used otherwise")));
            }
        }
        Ok(())
    }

    /// Number of index lists that the program names.
    pub fn n_index_lists(&self) -> usize {
        self.ops.iter().filter_map(Op::index_list).map(|list| list + 1).max().unwrap_or(0)
    }

    /// Use of each array.
    pub(super) fn array_uses(&self) -> Vec<Use> {
        let mut uses = vec![Use::default(); self.n_arrays];
        for op in &self.ops {
            for address in op.reads() {
                if let Address::Array(k) = address {
                    uses[usize::from(k)].block = true;
                }
            }
            if let Some(Address::Array(k)) = op.writes() {
                uses[usize::from(k)].block = true;
                uses[usize::from(k)].written = true;
            }
            if let (true, Address::Array(k)) = (op.code.is_indexed(), op.a) {
                match op.code {
                    Code::Gather => uses[usize::from(k)].gathered = true,
                    _ => uses[usize::from(k)].scatters += 1,
                }
            }
        }
        uses
    }

    fn verify_op(&self, op: &Op, written: &mut [bool]) -> Result<(), String> {
        let used = op.code.operands();
        let in_range = |address: Address| match address {
            Address::Array(k) if usize::from(k) >= self.n_arrays => {
                Err(format!("array {k} of {}", self.n_arrays))
            }
            Address::Register(k) if usize::from(k) >= self.n_registers => {
                Err(format!("register {k} of {}", self.n_registers))
            }
            _ => Ok(()),
        };
        for address in op.reads() {
            in_range(address)?;
            if let Address::Register(k) = address
                && !written[usize::from(k)]
            {
                return Err(format!("register {k} is read before it is written"));
            }
        }
        if op.code.is_indexed() {
            in_range(op.a)?;
            if !matches!(op.a, Address::Array(_)) {
                return Err("operand a must be an array".into());
            }
            if !is_number(op.p, 1 << 16) {
                return Err(format!("{} is no index list number", op.p));
            }
        }
        if op.code == Code::Uniform && !is_number(op.p, self.n_uniforms) {
            return Err(format!("uniform {} of {}", op.p, self.n_uniforms));
        }
        if used.step && self.n_uniforms == 0 {
            return Err("it needs uniform 0, the time step".into());
        }
        if let Some(address) = op.writes() {
            in_range(address)?;
            if let Address::Register(k) = address {
                written[usize::from(k)] = true;
            }
        }
        Ok(())
    }
}

/// Whether `p` is a whole number from 0 to below `end`.
fn is_number(p: f64, end: usize) -> bool {
    p >= 0.0 && p < end as f64 && p.fract() == 0.0
}

/// An error in a program.
pub(super) fn malformed(message: String) -> Error {
    Error::new(ErrorKind::Value, message).in_element("program")
}
