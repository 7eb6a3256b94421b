//! Registers and arrays for the results of operations.

use super::fuse::fuse;
use super::ops::{Address, Code, Op, Program};
use crate::dynamics::hash::QuickMap;
use crate::error::{Error, ErrorKind, Result};

/// Where a value is before registers are known: the result of an operation or an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// The result of the operation of this number.
    Result(usize),
    /// What an array holds before the program.
    Array(u16),
}

/// An operation before registers are known.
#[derive(Debug, Clone)]
pub(super) struct Virtual {
    /// What to do.
    pub code: Code,
    /// The operands that it uses, in order.
    pub args: Vec<Value>,
    /// The immediate constants.
    pub imm: [f64; 3],
}

/// Fuses operations, and gives each result a register or its array, by last use.
///
/// # Errors
/// If that takes more registers than there are.
pub(super) fn allocate(ops: Vec<Virtual>, mut stores: Vec<(Value, u16)>) -> Result<Program> {
    let ops = fuse(ops, &mut stores);
    const END: usize = usize::MAX;
    let mut last_use = vec![None; ops.len()];
    let mut last_read = QuickMap::default();
    for (i, op) in ops.iter().enumerate() {
        for arg in &op.args {
            match arg {
                Value::Result(r) => last_use[*r] = Some(i),
                Value::Array(array) => {
                    last_read.insert(*array, i);
                }
            }
        }
    }
    // Straight into the array where nothing reads the old value later.
    let mut home: Vec<Option<Address>> = vec![None; ops.len()];
    let mut copies = Vec::new();
    for (value, array) in stores {
        match value {
            Value::Result(r) if home[r].is_none() && last_read.get(&array).is_none_or(|&at| at <= r) => {
                home[r] = Some(Address::Array(array));
            }
            Value::Result(r) => {
                last_use[r] = Some(END);
                copies.push((value, array));
            }
            // An array stored to itself stays.
            Value::Array(_) => {}
        }
    }
    // What is changed in some lanes only is changed in place, if it is needed for nothing else afterwards.
    for (i, op) in ops.iter().enumerate().rev() {
        if let (Code::Select | Code::SelectLt, Some(Address::Array(array))) = (op.code, home[i])
            && let Some(&Value::Result(r)) = op.args.last()
            && home[r].is_none()
            && last_use[r] == Some(i)
            && last_read.get(&array).is_none_or(|&at| at <= r)
        {
            home[r] = Some(Address::Array(array));
        }
    }
    let mut program = Program::default();
    let (mut free, mut n_registers): (Vec<u16>, u16) = (Vec::new(), 0);
    let mut n_arrays = 0;
    for (i, op) in ops.iter().enumerate() {
        let args: Vec<Address> = op
            .args
            .iter()
            .map(|arg| match arg {
                Value::Array(array) => Address::Array(*array),
                Value::Result(r) => home[*r].unwrap_or(Address::Register(0)),
            })
            .collect();
        for arg in &op.args {
            if let Value::Result(r) = arg
                && last_use[*r] == Some(i)
                && let Some(Address::Register(register)) = home[*r]
                && !free.contains(&register)
            {
                free.push(register);
            }
        }
        let d = match home[i] {
            Some(address) => address,
            None if matches!(op.code, Code::Scatter | Code::ScatterAdd | Code::Note) => args[0],
            None => {
                let register = match free.pop() {
                    Some(register) => register,
                    None => {
                        n_registers = n_registers.checked_add(1).ok_or_else(|| {
                            Error::new(ErrorKind::Limit, "the equations need more than 65,535 registers")
                        })?;
                        n_registers - 1
                    }
                };
                if last_use[i].is_none() {
                    free.push(register);
                }
                home[i] = Some(Address::Register(register));
                Address::Register(register)
            }
        };
        let operand = |n: usize| args.get(n).copied().unwrap_or(d);
        let [p, q, r] = op.imm;
        program.ops.push(Op {
            code: op.code,
            d,
            a: operand(0),
            b: operand(1),
            c: operand(2),
            e: operand(3),
            p,
            q,
            r,
        });
    }
    for (value, array) in copies {
        if let Value::Result(r) = value {
            let a = home[r].unwrap_or(Address::Register(0));
            let d = Address::Array(array);
            program.ops.push(Op { code: Code::Copy, d, a, b: d, c: d, e: d, p: 0.0, q: 0.0, r: 0.0 });
        }
    }
    let mut n_uniforms = 1;
    for op in &program.ops {
        for address in [op.d, op.a, op.b, op.c, op.e] {
            if let Address::Array(array) = address {
                n_arrays = n_arrays.max(usize::from(array) + 1);
            }
        }
        if op.code == Code::Uniform {
            n_uniforms = n_uniforms.max(op.p as usize + 1);
        }
    }
    program.n_registers = usize::from(n_registers);
    program.n_arrays = n_arrays;
    program.n_uniforms = n_uniforms;
    Ok(program)
}
