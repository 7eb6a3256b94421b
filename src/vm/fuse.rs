//! Two operations in one loop where the second alone reads what the first makes. Results keep their bits.

use super::Code;
use super::allocate::{Value, Virtual};

/// `ops` with what can be fused fused, and without what neither a store nor a scatter nor a note depends on. Numbers in `stores` follow.
pub(super) fn fuse(mut ops: Vec<Virtual>, stores: &mut [(Value, u16)]) -> Vec<Virtual> {
    let mut uses = vec![0_u32; ops.len()];
    let stored = stores.iter().map(|(value, _)| value);
    for value in ops.iter().flat_map(|op| &op.args).chain(stored) {
        if let Value::Result(of) = value {
            uses[*of] += 1;
        }
    }
    for number in 0..ops.len() {
        let op = &ops[number];
        let once = |value: &Value, code: Code| match value {
            Value::Result(of) if uses[*of] == 1 && ops[*of].code == code => Some(&ops[*of]),
            _ => None,
        };
        let fused = match (op.code, &op.args[..]) {
            (Code::Add, [a, b]) => {
                let scaled = once(b, Code::MulP).map(|scaled| (scaled, a));
                let scaled = scaled.or_else(|| once(a, Code::MulP).map(|scaled| (scaled, b)));
                scaled.map(|(scaled, &other)| Virtual {
                    code: Code::AddScaled,
                    args: vec![scaled.args[0], other],
                    imm: scaled.imm,
                })
            }
            (Code::FmaScale, [b, rest]) => once(rest, Code::Affine).map(|affine| Virtual {
                code: Code::Linear2,
                args: vec![affine.args[0], *b],
                imm: [affine.imm[0], affine.imm[1], op.imm[0]],
            }),
            (Code::Select, [test, yes, no]) => once(test, Code::Lt).map(|less| Virtual {
                code: Code::SelectLt,
                args: vec![less.args[0], less.args[1], *yes, *no],
                imm: [0.0; 3],
            }),
            _ => None,
        };
        if let Some(fused) = fused {
            ops[number] = fused;
        }
    }
    needed(ops, stores)
}

/// Those of `ops` that a store, a scatter or a note depends on.
fn needed(ops: Vec<Virtual>, stores: &mut [(Value, u16)]) -> Vec<Virtual> {
    let mut is_needed: Vec<bool> =
        ops.iter().map(|op| matches!(op.code, Code::Scatter | Code::ScatterAdd | Code::Note)).collect();
    let mark = |value: &Value, is_needed: &mut [bool]| {
        if let Value::Result(of) = value {
            is_needed[*of] = true;
        }
    };
    stores.iter().for_each(|(value, _)| mark(value, &mut is_needed));
    for (number, op) in ops.iter().enumerate().rev() {
        if is_needed[number] {
            op.args.iter().for_each(|value| mark(value, &mut is_needed));
        }
    }
    let mut places = Vec::with_capacity(ops.len());
    let mut kept = Vec::with_capacity(ops.len());
    let follow = |value: &mut Value, places: &[usize]| {
        if let Value::Result(of) = value {
            *of = places[*of];
        }
    };
    for (mut op, is_needed) in ops.into_iter().zip(is_needed) {
        places.push(kept.len());
        if is_needed {
            op.args.iter_mut().for_each(|value| follow(value, &places));
            kept.push(op);
        }
    }
    stores.iter_mut().for_each(|(value, _)| follow(value, &places));
    kept
}
