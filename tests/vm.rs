//! The block machine: every vector unit and block size gives the bits of the plain interpreter.

use std::sync::Arc;

use neuropil::simd::Level;
use neuropil::vm::{Address, Arena, BoundProgram, Code, Op, Program, Queue, Scratch, reference};
use proptest::prelude::*;

const CODES: [Code; 50] = [
    Code::Fill,
    Code::Uniform,
    Code::Copy,
    Code::Neg,
    Code::Abs,
    Code::Sqrt,
    Code::Floor,
    Code::Ceil,
    Code::Add,
    Code::AddP,
    Code::Sub,
    Code::PSub,
    Code::Mul,
    Code::MulP,
    Code::Mul3,
    Code::Div,
    Code::PDiv,
    Code::Fma,
    Code::Fms,
    Code::Fnma,
    Code::Affine,
    Code::FmaP,
    Code::FmaScale,
    Code::AddScaled,
    Code::Linear2,
    Code::Min,
    Code::Max,
    Code::Exp,
    Code::Sigmoid,
    Code::ExpRel,
    Code::Ln,
    Code::Pow,
    Code::Sin,
    Code::Cos,
    Code::Tan,
    Code::Sinh,
    Code::Cosh,
    Code::Tanh,
    Code::Lt,
    Code::Le,
    Code::Eq,
    Code::And,
    Code::Or,
    Code::Not,
    Code::Select,
    Code::SelectLt,
    Code::ExpStep,
    Code::GateRates,
    Code::GateTau,
    Code::Gather,
];

/// Arrays used by blocks, then one gathered from, then two scattered to.
const BLOCK_ARRAYS: u16 = 4;
const GATHERED: u16 = 4;
const SCATTERED: [u16; 2] = [5, 6];
const WHOLE: usize = 24;
const REGISTERS: u16 = 5;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -3.0..3.0,
        2 => -800.0..800.0,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, -1.0, 1e-9, -1e-9, 1e-310, 1e300, f64::INFINITY,
            f64::NEG_INFINITY, f64::NAN, 709.0, -708.5, -745.0]),
    ]
}

/// What an operation is made of before registers are known to be written.
type Raw = (usize, [u8; 5], [f64; 3]);

fn raw_op() -> impl Strategy<Value = Raw> {
    (0..CODES.len(), prop::array::uniform5(any::<u8>()), prop::array::uniform3(number()))
}

/// A well formed program: reads fall back to arrays while a register is unwritten.
fn program(raw: &[Raw]) -> Program {
    let mut written = Vec::new();
    let mut ops: Vec<Op> = Vec::new();
    for &(code, [d, a, b, c, e], [p, q, r]) in raw {
        let code = CODES[code];
        let read = |byte: u8| {
            if byte < 100 || written.is_empty() {
                Address::Array(u16::from(byte) % BLOCK_ARRAYS)
            } else {
                Address::Register(written[usize::from(byte) % written.len()])
            }
        };
        let (mut a, b, c, e) = (read(a), read(b), read(c), read(e));
        let mut p = p;
        if code == Code::Uniform {
            p = f64::from(d % 2);
        }
        if code == Code::Gather {
            a = Address::Array(GATHERED);
            p = f64::from(d % 2);
        }
        let d = if d < 180 {
            written.push(u16::from(d) % REGISTERS);
            Address::Register(u16::from(d) % REGISTERS)
        } else {
            Address::Array(u16::from(d) % BLOCK_ARRAYS)
        };
        ops.push(Op { code, d, a, b, c, e, p, q, r });
    }
    for (k, code) in [(0, Code::Scatter), (1, Code::ScatterAdd)] {
        let a = Address::Array(SCATTERED[k]);
        let b = written.last().map_or(Address::Array(0), |&k| Address::Register(k));
        ops.push(Op { code, d: a, a, b, c: a, e: a, p: k as f64, q: 0.0, r: 0.0 });
    }
    Program { ops, n_registers: usize::from(REGISTERS), n_arrays: 7, n_uniforms: 2 }
}

/// Bits, with all NaN the same.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn all_units_and_blocks_give_the_bits_of_the_reference(
        raw in prop::collection::vec(raw_op(), 1..20),
        lines in 1_usize..12,
        values in prop::collection::vec(number(), 64),
        index in prop::collection::vec(prop_oneof![4 => 0..WHOLE as u32, 1 => 100..116_u32], 24),
        step in 0.0..0.1,
    ) {
        let program = program(&raw);
        let lanes = 8 * lines;
        let mut offsets: Vec<usize> = (0..usize::from(BLOCK_ARRAYS)).map(|k| k * lanes).collect();
        offsets.extend((0..3).map(|k| usize::from(BLOCK_ARRAYS) * lanes + k * WHOLE));
        let len = usize::from(BLOCK_ARRAYS) * lanes + 3 * WHOLE;
        // Eight lanes of neighbours (100 and above) or of any places, often equal, or all different.
        let list = |lines: &[u32]| -> Arc<[u32]> {
            lines
                .iter()
                .flat_map(|&x| (0..8).map(move |j| match x {
                    100.. => x - 100 + j,
                    12.. => (x + 5 * j) % WHOLE as u32,
                    _ => x + j % 3,
                }))
                .collect()
        };
        let lists = vec![list(&index[..12]), list(&index[12..])];
        let start: Vec<f64> = (0..len).map(|i| values[i * 31 % 64] + i as f64 * 1e-3).collect();
        let uniforms = [step, 0.75];

        let mut expected = start.clone();
        reference::run(&program, &offsets, lanes, &lists, &mut expected, &uniforms);
        let bound = BoundProgram::new(&program, &offsets, lanes, lists, len).unwrap();
        let mut scratch = Scratch::default();
        for level in Level::available() {
            for block in [8, 24, 64, 256] {
                let mut arena = Arena::from(&start[..]);
                bound.clone().with_block(block).run(level, &mut arena, &uniforms, &mut scratch);
                prop_assert_eq!(bits(&arena), bits(&expected), "{:?} block {}\n{}", level, block, program);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Index lists by which each lane leads to the element of its own number are left out, and programs are run in
    /// turn, stretch by stretch: it is as if each ran by itself.
    #[test]
    fn programs_that_keep_to_their_lanes_may_run_in_turn(
        raw in prop::collection::vec(prop::collection::vec(raw_op(), 1..12), 1..11),
        lines in 1_usize..100,
        values in prop::collection::vec(number(), 64),
        step in 0.0..0.1,
    ) {
        let lanes = 8 * lines;
        let offsets: Vec<usize> = (0..7).map(|k| k * lanes).collect();
        let own: Arc<[u32]> = (0..lanes as u32).collect();
        let lists = vec![own.clone(), own];
        let programs: Vec<Program> = raw.iter().map(|raw| program(raw)).collect();
        let uniforms: Vec<[f64; 2]> = (0..programs.len()).map(|k| [step, k as f64]).collect();
        let start: Vec<f64> = (0..7 * lanes).map(|i| values[i * 31 % 64] + i as f64 * 1e-3).collect();
        let mut expected = start.clone();
        for (program, uniforms) in programs.iter().zip(&uniforms) {
            reference::run(program, &offsets, lanes, &lists, &mut expected, uniforms);
        }
        let bind = |program| BoundProgram::new(program, &offsets, lanes, lists.clone(), start.len()).unwrap();
        let bound: Vec<BoundProgram> = programs.iter().map(bind).collect();
        prop_assert!(bound.iter().all(BoundProgram::keeps_to_lanes));
        let mut scratch = Scratch::default();
        for level in Level::available() {
            let mut arena = Arena::from(&start[..]);
            let mut queue = Queue::new(level);
            for (program, uniforms) in bound.iter().zip(&uniforms) {
                queue.push(program, uniforms, &mut arena, &mut scratch);
            }
            queue.flush(&mut arena, &mut scratch);
            prop_assert_eq!(bits(&arena), bits(&expected), "{:?}", level);
        }
        // Made one program, they do the same; but for what is said to be of no use afterwards.
        let parts: Vec<(&BoundProgram, usize)> = bound.iter().enumerate().map(|(k, part)| (part, 2 * k)).collect();
        let all = uniforms.concat();
        for passing in [0..0, 0..1, 1..3] {
            let joined = BoundProgram::join(&parts, &offsets[passing.clone()], None).unwrap().unwrap();
            let untouched = passing.start * lanes..passing.end * lanes;
            let mut expected = expected.clone();
            expected[untouched.clone()].copy_from_slice(&start[untouched]);
            for level in Level::available() {
                let mut arena = Arena::from(&start[..]);
                joined.run(level, &mut arena, &all, &mut scratch);
                prop_assert_eq!(bits(&arena), bits(&expected), "{:?}, without {:?}", level, passing);
            }
        }
    }
}

fn op(code: Code, d: Address, a: Address, b: Address) -> Op {
    Op { code, d, a, b, c: d, e: d, p: 0.0, q: 0.0, r: 0.0 }
}

fn error_of(
    program: &Program,
    offsets: &[usize],
    lanes: usize,
    lists: Vec<Arc<[u32]>>,
    len: usize,
) -> String {
    BoundProgram::new(program, offsets, lanes, lists, len).unwrap_err().to_string()
}

#[test]
fn malformed_programs_are_refused() {
    let (r0, a0, a1) = (Address::Register(0), Address::Array(0), Address::Array(1));
    let with = |ops: Vec<Op>| Program { ops, n_registers: 1, n_arrays: 2, n_uniforms: 1 };
    let message = |ops| with(ops).verify().unwrap_err().to_string();
    assert!(message(vec![op(Code::Copy, a0, r0, r0)]).contains("read before"));
    assert!(message(vec![op(Code::Copy, a0, Address::Array(2), a0)]).contains("array 2 of 2"));
    assert!(message(vec![op(Code::Copy, Address::Register(1), a0, a0)]).contains("register 1 of 1"));
    let far = Op { p: 1.0, ..op(Code::Uniform, r0, r0, r0) };
    assert!(message(vec![far]).contains("uniform 1 of 1"));
    let list = Op { p: 0.5, ..op(Code::Gather, r0, a0, a0) };
    assert!(message(vec![list]).contains("no index list"));
    assert!(message(vec![op(Code::Gather, a0, a0, a0)]).contains("gathered from and written"));
    let twice = vec![op(Code::ScatterAdd, a0, a0, a1), op(Code::ScatterAdd, a0, a0, a1)];
    assert!(message(twice).contains("used otherwise"));
    let no_step = Program { n_uniforms: 0, ..with(vec![op(Code::GateTau, a0, a0, a1)]) };
    assert!(no_step.verify().unwrap_err().to_string().contains("time step"));
}

#[test]
fn arrays_outside_the_arena_or_on_each_other_are_refused() {
    let (a0, a1) = (Address::Array(0), Address::Array(1));
    let ops = vec![op(Code::Copy, a0, a1, a1)];
    let copy = Program { ops, n_registers: 0, n_arrays: 2, n_uniforms: 0 };
    assert!(error_of(&copy, &[0, 16], 12, vec![], 64).contains("multiple of 8"));
    assert!(error_of(&copy, &[0, 56], 16, vec![], 64).contains("reaches to 72"));
    assert!(error_of(&copy, &[0, 8], 16, vec![], 64).contains("overlap"));
    assert!(error_of(&copy, &[0], 16, vec![], 64).contains("1 offsets for 2 arrays"));
    assert!(BoundProgram::new(&copy, &[0, 0], 16, vec![], 64).is_ok(), "one array under two numbers");
    let ops = vec![op(Code::ScatterAdd, a0, a0, a1)];
    let scatter = Program { ops, ..copy };
    let list = |index: &[u32]| -> Vec<Arc<[u32]>> { vec![index.into()] };
    assert!(error_of(&scatter, &[0, 8], 8, list(&[0; 7]), 16).contains("shorter"));
    assert!(error_of(&scatter, &[0, 8], 8, list(&[0, 0, 0, 0, 0, 0, 0, 8]), 16).contains("overlap"));
    assert!(error_of(&scatter, &[8, 0], 8, list(&[8; 8]), 16).contains("reaches to 17"));
    assert!(BoundProgram::new(&scatter, &[8, 0], 8, list(&[7; 8]), 16).is_ok());
}

/// A joined program notes the lanes where an array would be true, in order, in place of setting it.
#[test]
fn lanes_are_noted() {
    let (a0, a1) = (Address::Array(0), Address::Array(1));
    let below = Program { ops: vec![op(Code::Lt, a1, a0, a1)], n_registers: 0, n_arrays: 2, n_uniforms: 0 };
    let lanes = 1000;
    let bound = BoundProgram::new(&below, &[0, lanes], lanes, Vec::new(), 2 * lanes).unwrap();
    let noting = BoundProgram::join(&[(&bound, 0)], &[], Some(lanes)).unwrap().unwrap();
    let value = |i: usize| if [0, 7, 500, 501, 999].contains(&i) { -1.0 } else { 1.0 };
    let start: Vec<f64> = (0..2 * lanes).map(|i| if i < lanes { value(i) } else { 0.0 }).collect();
    for level in Level::available() {
        for block in [8, 64, 256] {
            let (mut arena, mut scratch) = (Arena::from(&start[..]), Scratch::default());
            noting.clone().with_block(block).run(level, &mut arena, &[], &mut scratch);
            assert_eq!(scratch.noted, [0, 7, 500, 501, 999]);
            assert_eq!(arena[..], start[..]);
        }
    }
}
