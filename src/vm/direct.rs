//! Programs made shorter for the memory that they are bound to. Results keep their bits.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Address, Code, Op, Program};

/// Constants are kept over all blocks as long as there are so many registers in all at most: more would make blocks
/// shorter, as they fill the first-level cache too.
const MOST_REGISTERS: usize = 12;

/// `program` without index lists where each of the first `lanes` lanes leads to the element of its own number:
/// then a gathered array is read as it is, and a sum is one of two blocks.
pub(super) fn without_own_lists(program: &Program, lists: &[Arc<[u32]>], lanes: usize) -> Program {
    let own = |list: &Arc<[u32]>| {
        list.get(..lanes).is_some_and(|list| list.iter().enumerate().all(|(lane, &at)| at as usize == lane))
    };
    let own: Vec<bool> = lists.iter().map(own).collect();
    let mut program = program.clone();
    // What a register stands for: an array that nothing in the program writes.
    let mut stands_for: BTreeMap<Address, Address> = BTreeMap::new();
    let mut ops = Vec::with_capacity(program.ops.len());
    for mut op in program.ops {
        let is_own = op.index_list().is_some_and(|list| own.get(list) == Some(&true));
        if is_own && op.code == Code::Gather && matches!(op.d, Address::Register(_)) {
            stands_for.insert(op.d, op.a);
            continue;
        }
        rename(&mut op, &stands_for);
        if is_own {
            op = match op.code {
                Code::Gather => Op { code: Code::Copy, p: 0.0, ..op },
                Code::Scatter => Op { code: Code::Copy, d: op.a, a: op.b, p: 0.0, ..op },
                _ => Op { code: Code::Add, d: op.a, p: 0.0, ..op },
            };
        }
        if let Some(written) = op.writes() {
            stands_for.remove(&written);
        }
        ops.push(op);
    }
    program.ops = ops;
    program
}

/// `program` with what is made of nothing but what is the same for all lanes in registers of its own, set first by as many operations as
/// given beside: once for all blocks.
pub(super) fn constants_first(program: &Program) -> (Program, usize) {
    let mut program = program.clone();
    let (mut first, mut rest): (Vec<Op>, Vec<Op>) = (Vec::new(), Vec::with_capacity(program.ops.len()));
    let mut stands_for: BTreeMap<Address, Address> = BTreeMap::new();
    for mut op in program.ops {
        rename(&mut op, &stands_for);
        let constant = |read: Address| first.iter().any(|known| known.d == read);
        if !op.code.is_indexed() && matches!(op.d, Address::Register(_)) && op.reads().all(constant) {
            let same = |known: &&Op| {
                let [one, other] = [*known, &op].map(|op| [op.p, op.q, op.r].map(f64::to_bits));
                known.code == op.code && one == other && known.reads().eq(op.reads())
            };
            let known = first.iter().find(same).map(|known| known.d);
            let free = u16::try_from(program.n_registers + first.len()).ok();
            let free =
                free.filter(|_| program.n_registers + first.len() < MOST_REGISTERS).map(Address::Register);
            if let Some(kept) = known.or(free) {
                if known.is_none() {
                    first.push(Op { d: kept, ..op });
                }
                stands_for.insert(op.d, kept);
                continue;
            }
        }
        if let Some(written) = op.writes() {
            stands_for.remove(&written);
        }
        rest.push(op);
    }
    program.n_registers += first.len();
    let count = first.len();
    first.append(&mut rest);
    program.ops = first;
    (program, count)
}

/// Registers that are read are replaced by what they stand for.
fn rename(op: &mut Op, stands_for: &BTreeMap<Address, Address>) {
    let used = op.code.operands();
    for (used, address) in
        [(used.a, &mut op.a), (used.b, &mut op.b), (used.c, &mut op.c), (used.e, &mut op.e)]
    {
        if let (true, Some(other)) = (used, stands_for.get(address)) {
            *address = *other;
        }
    }
}
