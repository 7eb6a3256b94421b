//! Programs that follow each other on the same lanes, made one: what one leaves in memory for the next stays in
//! registers. Results keep their bits.

use std::collections::BTreeMap;

use super::allocate::{Value, Virtual, allocate};
use super::{Address, Code, Program};
use crate::error::Result;

/// One of the programs, none of whose operations is indexed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub program: &'a Program,
    /// Where its arrays start.
    pub offsets: &'a [usize],
    /// Where its uniforms start among those of all.
    pub uniforms: usize,
}

/// The program that does what `parts` do one after the other, and where its arrays start. What they leave in arrays that start
/// at one of `passing` need not be there afterwards; where that would be true that starts at `noted` is noted instead.
///
/// # Errors
/// If that takes more registers than there are.
pub(super) fn join(
    parts: &[Part<'_>],
    passing: &[usize],
    noted: Option<usize>,
) -> Result<(Program, Vec<usize>)> {
    let mut joining = Joining::default();
    for part in parts {
        joining.add(part);
    }
    let mut stores = Vec::new();
    for number in 0..joining.arrays.len() {
        let (value, array) = (joining.now[number], number as u16);
        if value == Value::Array(array) || passing.contains(&joining.arrays[number]) {
            continue;
        }
        if noted == Some(joining.arrays[number]) {
            joining.ops.push(Virtual { code: Code::Note, args: vec![value], imm: [0.0; 3] });
            continue;
        }
        let value = match value {
            Value::Array(_) => joining.push(Code::Copy, vec![value], [0.0; 3]),
            result => result,
        };
        stores.push((value, array));
    }
    let mut program = allocate(joining.ops, stores)?;
    program.n_arrays = joining.arrays.len();
    program.n_uniforms = parts.iter().map(|part| part.uniforms + part.program.n_uniforms).max().unwrap_or(0);
    Ok((program, joining.arrays))
}

#[derive(Default)]
struct Joining {
    ops: Vec<Virtual>,
    /// Operations by what they do, so that none is done twice.
    known: BTreeMap<(Code, Vec<Value>, [u64; 3]), Value>,
    /// Where each array starts.
    arrays: Vec<usize>,
    /// What is in it now.
    now: Vec<Value>,
}

impl Joining {
    fn add(&mut self, part: &Part<'_>) {
        let arrays: Vec<usize> = part.offsets.iter().map(|&offset| self.array(offset)).collect();
        let mut registers: BTreeMap<u16, Value> = BTreeMap::new();
        for op in &part.program.ops {
            let value = |address| match address {
                Address::Array(k) => Some(self.now[arrays[usize::from(k)]]),
                Address::Register(k) => registers.get(&k).copied(),
            };
            let args: Vec<Value> = op.reads().filter_map(value).collect();
            let mut imm = [op.p, op.q, op.r];
            if op.code == Code::Uniform {
                imm[0] += part.uniforms as f64;
            }
            let value = match (op.code, args.first()) {
                (Code::Copy, Some(&same)) => same,
                _ => self.push(op.code, args, imm),
            };
            match op.writes() {
                Some(Address::Array(k)) => self.now[arrays[usize::from(k)]] = value,
                Some(Address::Register(k)) => drop(registers.insert(k, value)),
                None => {}
            }
        }
    }

    fn array(&mut self, offset: usize) -> usize {
        self.arrays.iter().position(|&known| known == offset).unwrap_or_else(|| {
            self.now.push(Value::Array(self.arrays.len() as u16));
            self.arrays.push(offset);
            self.arrays.len() - 1
        })
    }

    fn push(&mut self, code: Code, args: Vec<Value>, imm: [f64; 3]) -> Value {
        let key = (code, args, imm.map(f64::to_bits));
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let value = Value::Result(self.ops.len());
        self.ops.push(Virtual { code, args: key.1.clone(), imm });
        self.known.insert(key, value);
        value
    }
}
