//! The emulation of SpiNNaker's arithmetic beside code compiled for ARM, bit by bit.
//!
//! The compiler knows the type that the chip's programs count in; `qemu-arm` runs what it makes.

use std::path::Path;
use std::process::Command;

use neuropil::codegen::spinnaker::{FixedCell, FixedModel};
use neuropil::codegen::{self, Options, Target};
use neuropil::experiment;
use neuropil::hardware::spinnaker::{Accum, Fraction, Input, Lif};
use neuropil::model::PopulationCell;

use super::tools::have;

/// What the C source prints, from the emulation.
struct Emulated {
    state: u64,
    hash: u32,
    lines: Vec<String>,
}

impl Emulated {
    fn draw(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn number(&mut self) -> i32 {
        let all = (self.draw() >> 32) as i32;
        all >> (self.draw() % 32)
    }

    fn note(&mut self, value: i32) {
        for byte in value.to_le_bytes() {
            self.hash = (self.hash ^ u32::from(byte)).wrapping_mul(16_777_619);
        }
    }

    fn line(&mut self) {
        self.lines.push(format!("{:08x}", self.hash));
    }

    fn operations(&mut self) {
        for i in 0..1_000_000 {
            let (a, mut b) = (self.number(), self.number());
            let result = match self.draw() % 6 {
                0 => (Accum(a) * Accum(b)).0,
                1 => {
                    b = if b == 0 { 1 } else { b };
                    let quotient = (i64::from(a) << 15) / i64::from(b);
                    b = if i32::try_from(quotient).is_err() { i32::MAX } else { b };
                    (Accum(a) / Accum(b)).0
                }
                2 => (Accum(a) + Accum(b)).0,
                3 => (Accum(a) - Accum(b)).0,
                4 => Accum(a).scaled(Fraction(b as u32)).0,
                _ => Accum::literal(f64::from(a) / (1.0 + f64::from(b & 0xffff)) / 65536.0).0,
            };
            self.note(result);
            if i % 1000 == 999 {
                self.line();
            }
        }
    }

    fn cells(&mut self, conductances: bool) {
        let literal = Accum::literal;
        let input = if conductances {
            Input::Conductance { excitatory: literal(0.0), inhibitory: literal(-80.0) }
        } else {
            Input::Current
        };
        let mut cell = Lif::with_constants(
            [literal(-65.0), literal(-70.0), literal(-50.0)],
            (literal(if conductances { 40.0 } else { 20.0 }), literal(0.3), Accum(31169), 2),
            [Fraction(3_516_421_808), Fraction(3_886_247_119)],
            [Fraction(3_892_727_436), Fraction(4_087_200_000)],
            input,
        );
        let weights = if conductances { [12.5, 7.25] } else { [1.5, 0.75] };
        for step in 0..10_000 {
            let random = self.draw();
            let arrives = [random.is_multiple_of(16), (random >> 8).is_multiple_of(16)];
            let arrived = [0, 1].map(|r| if arrives[r] { literal(weights[r]) } else { Accum(0) });
            let fires = cell.step(arrived);
            self.note(cell.v.0);
            self.note(cell.synapse[0].0);
            self.note(cell.synapse[1].0);
            self.note(i32::from(fires));
            if step % 1000 == 999 {
                self.line();
            }
        }
    }
}

/// What a C source prints when it is compiled for ARM and run, with `folder` among its headers; `None`, with the reason told,
/// if there is no compiler or nothing to run its code.
fn compiled(source: &Path, folder: &Path) -> Option<Vec<String>> {
    let program = folder.join("program");
    let programs =
        [("arm-linux-gnueabi-gcc", "gcc-arm-linux-gnueabi libc6-dev-armel-cross"), ("qemu-arm", "qemu-user")];
    if let Err(reason) = have(&programs) {
        eprintln!("SKIPPED: the ARM compiler can't be had: {reason}");
        return None;
    }
    let made = Command::new("arm-linux-gnueabi-gcc")
        .args([
            "-O2",
            "-march=armv5te",
            "-std=gnu99",
            "-static",
            "-Wall",
            "-Werror",
            "-Wno-format",
            "-Wno-unused-function",
        ])
        .arg("-I")
        .arg(folder)
        .arg(source)
        .arg("-o")
        .arg(&program)
        .arg("-lm")
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let ran = Command::new("qemu-arm").arg(&program).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).unwrap().lines().map(str::to_string).collect())
}

#[test]
fn a_million_operations_and_two_cells_have_the_bits_of_compiled_code() {
    let mut emulated = Emulated { state: 88_172_645_463_325_252, hash: 2_166_136_261, lines: Vec::new() };
    emulated.operations();
    emulated.cells(false);
    emulated.cells(true);
    assert_eq!(emulated.lines.len(), 1020);
    // What compiled code gave, for machines without a compiler.
    assert_eq!((emulated.lines[999].as_str(), emulated.lines[1019].as_str()), ("8c7788fa", "4e9b8bb0"));
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roundtrip/arm_oracle.c");
    let Some(compiled) = compiled(&source, folder.path()) else { return };
    let first = emulated.lines.iter().zip(&compiled).position(|(a, b)| a != b);
    assert_eq!((first, compiled.len()), (None, 1020), "the first thousand that differs");
}

/// The generated neuron model of a cell of the library, and the same model in the emulation, step by step for a second.
fn same_bits(neuron: &str, currents: [f64; 2]) {
    let text = format!(
        r#"
run = {{ duration = "1 s", dt = "0.1 ms" }}
[cell.own]
neuron = "{neuron}"
[population.own]
cell = "own"
"#
    );
    let model = experiment::parse(text, Path::new("own.toml")).unwrap().model;
    let PopulationCell::Point(cell) = &model.populations[0].cell else {
        panic!("{neuron} is no point neuron")
    };
    let options = Options { origin: "own.toml".into(), ..Options::default() };
    let made = codegen::generate(&model, Target::SpiNNaker, &options).unwrap();
    let fixed = FixedModel::of(cell).unwrap();
    let folder = tempfile::tempdir().unwrap();
    codegen::write(&made, &folder.path().join("made")).unwrap();
    std::fs::create_dir_all(folder.path().join("neuron/models")).unwrap();
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roundtrip/arm_neuron_model.h"),
        folder.path().join("neuron/models/neuron_model.h"),
    )
    .unwrap();
    let starts: String = fixed
        .host_values()
        .iter()
        .map(|(name, value)| format!("    params.{name} = kbits({});\n", Accum::from_host(*value).unwrap().0))
        .collect();
    let step = Accum::from_host(0.1).unwrap();
    let [weak, strong] = currents.map(|i| Accum::from_host(i).unwrap());
    let main = format!(
        r#"#include "made/{name}.h"
int main(void) {{
    neuron_params_t params;
    neuron_t neuron;
{starts}    params.time_step = kbits({step});
    neuron_model_initialise(&neuron, &params);
    for (int i = 0; i < 10000; i++) {{
        accum input = kbits((i / 1000) % 2 ? {strong} : {weak});
        accum silent = 0.0k;
        state_t fires = neuron_model_state_update(1, &input, 1, &silent, 0.0k, 0.0k, &neuron);
        printf("%d %d\n", bitsk(neuron_model_get_membrane_voltage(&neuron)), fires >= 0.5k);
    }}
    return 0;
}}
"#,
        name = fixed.name,
        step = step.0,
        strong = strong.0,
        weak = weak.0,
    );
    let source = folder.path().join("main.c");
    std::fs::write(&source, main).unwrap();
    let mut emulated = FixedCell::new(&fixed, 0.1).unwrap();
    let mut spikes = 0;
    let lines: Vec<String> = (0..10_000)
        .map(|i| {
            let fires = emulated.step(if (i / 1000) % 2 == 1 { strong } else { weak });
            spikes += u32::from(fires);
            format!("{} {}", emulated.potential().0, u8::from(fires))
        })
        .collect();
    assert!(spikes > 3, "{neuron}: {spikes} spikes");
    let Some(compiled) = compiled(&source, folder.path()) else { return };
    let first = lines.iter().zip(&compiled).position(|(a, b)| a != b);
    assert_eq!((first, compiled.len()), (None, 10_000), "{neuron}: the first step that differs");
}

#[test]
fn generated_neuron_models_have_the_bits_of_the_emulation() {
    same_bits("adex", [0.0, 1.0]);
    same_bits("izhikevich_2007", [0.0, 0.3]);
    same_bits("EIF_cond_exp_isfa_ista", [0.0, 1.5]);
}
