//! The numerics of `docs/numerics.md`, written plainly, against NEURON, exact solutions, and their order.

mod common;

use std::path::Path;

use common::cable::{
    CURRENT, End, length_constant, rallpack_cell, rallpack_exact, rms_percent, sealed_cable_step,
    upward_crossings,
};
use common::plain::{Method, Plain};
use common::table::Table;
use neuropil::cable::{Discretisation, Electrical};
use neuropil::model::Rule;
use neuropil::morph::{Morphology, Point, Section, SectionId, SectionKind, Segment, swc};

/// A cylinder along x: parent and fraction, length, diameter (µm), compartments.
type Cylinder = (Option<(usize, f64)>, f64, f64, u32);

fn cylinders(branches: &[Cylinder]) -> Discretisation {
    let mut m = Morphology { name: "cylinders".into(), ..Default::default() };
    let mut rules = Vec::new();
    for (i, &(parent, length, diameter, compartments)) in branches.iter().enumerate() {
        m.segments.push(Segment {
            file_id: i as u64,
            name: None,
            proximal: Point::new(0.0, 0.0, 0.0, diameter),
            distal: Point::new(length, 0.0, 0.0, diameter),
            section: SectionId(i as u32),
        });
        m.sections.push(Section {
            name: format!("b{i}"),
            kind: SectionKind::Undefined,
            segments: i as u32..i as u32 + 1,
            parent: parent.map(|(p, f)| (SectionId(p as u32), f)),
        });
        rules.push(Rule::PerSection(compartments));
    }
    Discretisation::new(&m, &rules, |_| unreachable!("the numbers are given")).unwrap()
}

fn rallpack(which: u32) -> Discretisation {
    let cell = rallpack_cell(which);
    let shape =
        |b: &common::cable::Branch| (b.parent.map(|p| (p, 1.0)), b.length_um, b.diameter_um, b.compartments);
    cylinders(&cell.iter().map(shape).collect::<Vec<_>>())
}

fn worst(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn ball_and_stick_follows_neuron_at_every_step() {
    let d = cylinders(&[(None, 18.8, 18.8, 1), (Some((0, 0.0)), 500.0, 2.0, 50)]);
    let (dend, end) = (d.node_at(SectionId(1), 0.5) as usize, d.node_at(SectionId(1), 1.0) as usize);
    for (cell, v0) in [(0, -60.0), (1, -70.0)] {
        let mut plain = Plain::new(&d, 5.0, 0.01, (3.0, -54.3), v0);
        plain.add_squid(&d, 0, 1200.0, 360.0);
        let mut rows = Vec::new();
        for _ in 0..=8000 {
            let s = plain.squid[0];
            rows.push([plain.v[0], plain.v[dend], plain.v[end], s.m, s.h, s.n]);
            let pulse = |t: f64| if cell == 0 && (50.0..150.0).contains(&t) { 0.1 } else { 0.0 };
            plain.step(0.025, Method::BackwardEuler, 0, pulse);
        }
        let every = Table::read(&format!("ball_and_stick_{cell}_v"));
        for (column, k) in [("v_soma", 0), ("v_dend", 1)] {
            let got: Vec<f64> = rows.iter().map(|r| r[k]).collect();
            // The table holds four decimals.
            assert!(worst(&got, every.column(column)) < 0.6e-4, "cell {cell} {column}");
            if k == 0 {
                let spikes = upward_crossings(&got, 0.025, 0.0);
                assert_eq!(spikes.len(), 1);
                assert!((spikes[0] - [52.61, 5.37][cell]).abs() < 0.025, "{spikes:?}");
            }
        }
        let eighth = Table::read(&format!("ball_and_stick_{cell}_states"));
        for (k, name) in ["v_soma", "v_dend", "v_dend_end", "m", "h", "n"].iter().enumerate() {
            let got: Vec<f64> = rows.iter().step_by(8).map(|r| r[k]).collect();
            let difference = worst(&got, eighth.column(name));
            assert!(difference < 1e-7, "cell {cell}, {name}: {difference}");
        }
    }
}

/// The cell of `file` as `tests/reference/swc_cell.py` sets it up, against `NAME_v.csv`.
fn compare_cell(file: &Path, name: &str, nano_ampere: f64) {
    if !file.exists() {
        println!("skipped: {} is not here", file.display());
        return;
    }
    let m = swc::read(file).unwrap().morphology;
    let electrical = Electrical { resistivity_ohm_m: 1.5, capacitance_f_per_m2: 0.01 };
    let rules = vec![Rule::DLambda { fraction: 0.1, frequency_hz: 100.0 }; m.sections.len()];
    let d = Discretisation::new(&m, &rules, |_| electrical).unwrap();
    let want = Table::read(&format!("{name}_v"));
    let node = |column: &str| {
        let (name, fraction) = column.split_once(' ').unwrap();
        let plain = name.strip_suffix("[0]").unwrap_or(name);
        let at = m.sections.iter().position(|s| s.name == name || s.name == plain).unwrap();
        d.node_at(SectionId(at as u32), fraction.parse().unwrap()) as usize
    };
    let nodes: Vec<usize> = want.names.iter().map(|name| node(name)).collect();
    let mut plain = Plain::new(&d, 1.5, 0.01, (0.5, -65.0), -65.0);
    plain.add_squid(&d, nodes[0], 3000.0, 900.0);
    let mut columns = vec![Vec::new(); nodes.len()];
    for _ in 0..=2400 {
        for (column, &node) in columns.iter_mut().zip(&nodes) {
            column.push(plain.v[node]);
        }
        let pulse = |t: f64| if (5.0..50.0).contains(&t) { nano_ampere } else { 0.0 };
        plain.step(0.025, Method::BackwardEuler, nodes[0], pulse);
    }
    let spikes = upward_crossings(&columns[0], 0.025, 0.0);
    assert!(!spikes.is_empty());
    assert_eq!(spikes.len(), upward_crossings(&want.columns[0], 0.025, 0.0).len());
    for ((place, got), want) in want.names.iter().zip(&columns).zip(&want.columns) {
        // NEURON's points are in single precision.
        let difference = worst(got, want);
        println!("{name}, {place}: {difference:.1e} mV");
        assert!(difference < 1e-3, "{name}, {place}: {difference} mV");
    }
}

#[test]
fn a_reconstructed_cell_follows_neuron_at_every_step() {
    let corpus = std::env::var("NEUROPIL_CORPUS").unwrap_or("../shared/corpus".into());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(corpus).join("swc/files/NEAT/L23PyrBranco.swc");
    compare_cell(&file, "corpus_l23", 0.5);
}

#[test]
fn the_sample_interneuron_follows_neuron_at_every_step() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("morphologies/interneuron.swc");
    assert!(file.exists());
    compare_cell(&file, "interneuron", 0.5);
}

#[test]
fn passive_rallpacks_are_as_near_to_the_exact_solution_as_those_of_neuron() {
    for (which, most) in [(1, [0.0086, 0.0076]), (2, [0.0061, 0.0061])] {
        let d = rallpack(which);
        let last = d.cvs.last().unwrap().node as usize;
        let mut plain = Plain::new(&d, 1.0, 0.01, (0.25, -65.0), -65.0);
        let mut got = [Vec::new(), Vec::new()];
        for _ in 0..=10_000 {
            got[0].push(plain.v[0]);
            got[1].push(plain.v[last]);
            plain.step(0.025, Method::BackwardEuler, 0, |_| 0.1);
        }
        for (end, (got, most)) in [End::First, End::Last].into_iter().zip(got.iter().zip(most)) {
            let exact = |i: usize| rallpack_exact(which, end, i as f64 * 2.5e-5) * 1e3;
            let want: Vec<f64> = (0..got.len()).map(exact).collect();
            let rms = rms_percent(got, &want);
            println!("Rallpack {which}, {end:?}: {rms:.5} %");
            assert!(rms <= most, "Rallpack {which}, {end:?}: {rms} %");
        }
    }
}

/// Time of the spike at the far end of a squid axon 2 mm long.
fn spike(method: Method, dt: f64, compartments: u32) -> f64 {
    let d = cylinders(&[(None, 2000.0, 10.0, compartments)]);
    let mut plain = Plain::new(&d, 0.354, 0.01, (3.0, -54.3), -65.0);
    for node in 0..d.n_nodes() {
        plain.add_squid(&d, node, 1200.0, 360.0);
    }
    let last = d.n_nodes() - 1;
    let mut v = Vec::new();
    for _ in 0..(6.0 / dt) as usize {
        v.push(plain.v[last]);
        plain.step(dt, method, 0, |t| if t < 1.0 { 4.0 } else { 0.0 });
    }
    upward_crossings(&v, dt, 0.0)[0]
}

#[test]
fn backward_euler_is_of_first_order_and_crank_nicolson_of_second() {
    let exact = spike(Method::CrankNicolson, 0.000_25, 21);
    for (method, order, steps) in [
        (Method::BackwardEuler, 1.0, [0.01, 0.005, 0.0025]),
        (Method::CrankNicolson, 2.0, [0.02, 0.01, 0.005]),
    ] {
        let errors = steps.map(|dt| (spike(method, dt, 21) - exact).abs());
        for pair in errors.windows(2) {
            let got = (pair[0] / pair[1]).log2();
            println!("{method:?}: errors {errors:?}, order {got:.3}");
            assert!((got - order).abs() < 0.25, "{method:?}: order {got}, errors {errors:?}");
        }
    }
}

#[test]
fn compartments_are_of_second_order() {
    let errors: Vec<f64> = [10, 20, 40, 80]
        .into_iter()
        .map(|n| {
            let d = cylinders(&[(None, 1000.0, 1.0, n)]);
            let mut plain = Plain::new(&d, 1.0, 0.01, (0.25, -65.0), -65.0);
            // One step without end is the steady state.
            plain.step(1e12, Method::BackwardEuler, 0, |_| 0.1);
            let lambda = length_constant(1e-6);
            let (l, x) = (1e-3 / lambda, (1.0 - 0.5 / f64::from(n)) * 1e-3 / lambda);
            let r_inf = lambda / (std::f64::consts::PI * 0.25e-12);
            let want = -65.0 + 1e3 * sealed_cable_step(x, l, r_inf, CURRENT, 1e6, 0.04);
            (plain.v[n as usize - 1] - want).abs()
        })
        .collect();
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        println!("errors {errors:?}, order {order:.3}");
        assert!((order - 2.0).abs() < 0.1, "order {order}, errors {errors:?}");
    }
}
