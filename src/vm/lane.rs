//! Programs on a single lane: what an arriving event does to the synapse it hits.

use super::reference::value;
use super::{Address, Code, Program};

/// A lane that an event hits, and the weight that it comes with. Twelve bytes: networks have many.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, packed(4))]
pub struct Target {
    /// The lane.
    pub lane: u32,
    /// The weight.
    pub weight: f64,
}

/// If all that `program` does is to add multiples of uniform `weight` to arrays, each once: the arrays
/// and the factors. [`super::add_weighted`] then gives the same bits as the program.
pub fn weighted_sums(program: &Program, weight: u16) -> Option<Vec<(u16, f64)>> {
    let (load, sums) = program.ops.split_first()?;
    if load.code != Code::Uniform || load.p != f64::from(weight) {
        return None;
    }
    let mut found: Vec<(u16, f64)> = Vec::with_capacity(sums.len());
    for op in sums {
        let Address::Array(array) = op.d else { return None };
        let factor = match op.code {
            Code::FmaScale if op.a == load.d && op.b == op.d => op.p,
            Code::Add if (op.a, op.b) == (op.d, load.d) || (op.a, op.b) == (load.d, op.d) => 1.0,
            _ => return None,
        };
        if found.iter().any(|(known, _)| *known == array) {
            return None;
        }
        found.push((array, factor));
    }
    Some(found)
}

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
    for op in program.ops.iter().filter(|op| op.code != Code::Note) {
        let read = |address: Address| match address {
            Address::Register(k) => registers[usize::from(k)],
            Address::Array(k) => arena[offsets[usize::from(k)] + lane],
        };
        let used = op.code.operands();
        let [a, b, c, e] = [(used.a, op.a), (used.b, op.b), (used.c, op.c), (used.e, op.e)]
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
            value(op, [a, b, c, e], uniforms)
        };
        match op.d {
            Address::Register(k) => registers[usize::from(k)] = result,
            Address::Array(k) => arena[offsets[usize::from(k)] + lane] = result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Level;
    use crate::vm::{Op, add_weighted};

    fn op(code: Code, d: Address, a: Address, b: Address, p: f64) -> Op {
        Op { code, d, a, b, c: d, e: d, p, q: 0.0, r: 0.0 }
    }

    #[test]
    fn sums_of_weights_are_recognised_and_give_the_bits_of_the_program() {
        let (w, a, b) = (Address::Register(0), Address::Array(0), Address::Array(1));
        let load = op(Code::Uniform, w, w, w, 2.0);
        let ops = vec![load, op(Code::FmaScale, a, w, a, 0.3), op(Code::Add, b, b, w, 0.0)];
        let program = Program { ops, n_registers: 1, n_arrays: 2, n_uniforms: 3 };
        let sums = weighted_sums(&program, 2).unwrap();
        assert_eq!(sums, [(0, 0.3), (1, 1.0)]);
        let target = |k: u32| Target { lane: k * 5 % 8, weight: f64::from(k) * 0.1 - 0.7 };
        let targets: Vec<Target> = (0..100).map(target).collect();
        let start: Vec<f64> = (0..16).map(|k| 1.0 / f64::from(k + 3)).collect();
        let mut expected = start.clone();
        let mut registers = Vec::new();
        for t in &targets {
            let (lane, uniforms) = (t.lane as usize, [0.0, 0.0, t.weight]);
            run_lane(&program, &[0, 8], lane, &[], &mut expected, &uniforms, &mut registers);
        }
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            let mut arena = start.clone();
            for &(array, factor) in &sums {
                let start = usize::from(array) * 8;
                add_weighted(level, &mut arena[start..start + 8], factor, &targets);
            }
            assert_eq!(arena, expected, "{}", level.name());
        }
    }

    #[test]
    fn other_programs_are_not_taken_for_sums_of_weights() {
        let (w, a, b) = (Address::Register(0), Address::Array(0), Address::Array(1));
        let load = op(Code::Uniform, w, w, w, 2.0);
        let time = op(Code::Uniform, w, w, w, 1.0);
        for ops in [
            vec![time, op(Code::Add, a, a, w, 0.0)],
            vec![load, op(Code::Add, a, b, w, 0.0)],
            vec![load, op(Code::FmaScale, a, b, a, 2.0)],
            vec![load, op(Code::Mul, a, a, w, 0.0)],
            vec![load, op(Code::Add, a, a, w, 0.0), op(Code::Add, a, a, w, 0.0)],
        ] {
            let program = Program { ops, n_registers: 1, n_arrays: 2, n_uniforms: 3 };
            assert_eq!(weighted_sums(&program, 2), None, "{program}");
        }
    }
}
