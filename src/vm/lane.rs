//! Programs on a single lane: what an arriving event does to the synapse it hits.

use super::reference::value;
use super::{Address, Code, Program};

/// Runs `program` on lane `lane`, array `k` of the program starting at `offsets[k]` of the arena;
/// `index_lists[l][lane]` is the lane's entry of list `l`. `registers` is scratch, kept by the caller
/// so that nothing is allocated.
///
/// # Panics
///
/// If the program is not well formed ([`Program::verify`]) or reaches outside the arena.
pub fn run_lane(
    program: &Program,
    offsets: &[usize],
    lane: usize,
    index_lists: &[std::sync::Arc<[u32]>],
    arena: &mut [f64],
    uniforms: &[f64],
    registers: &mut Vec<f64>,
) {
    registers.resize(program.n_registers.max(registers.len()), f64::NAN);
    for op in &program.ops {
        let read = |address: Address| match address {
            Address::Register(k) => registers[usize::from(k)],
            Address::Array(k) => arena[offsets[usize::from(k)] + lane],
        };
        let used = op.code.operands();
        let [a, b, c] = [(used.a, op.a), (used.b, op.b), (used.c, op.c)]
            .map(|(used, address)| if used { read(address) } else { f64::NAN });
        let result = if let (Some(list), Address::Array(k)) = (op.index_list(), op.a) {
            let at = offsets[usize::from(k)] + index_lists[list][lane] as usize;
            match op.code {
                Code::Scatter => {
                    arena[at] = b;
                    continue;
                }
                Code::ScatterAdd => {
                    arena[at] += b;
                    continue;
                }
                _ => arena[at],
            }
        } else {
            value(op, [a, b, c], uniforms)
        };
        match op.d {
            Address::Register(k) => registers[usize::from(k)] = result,
            Address::Array(k) => arena[offsets[usize::from(k)] + lane] = result,
        }
    }
}
