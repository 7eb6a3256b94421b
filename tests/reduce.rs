//! Reduction against what is known: exact cables, the detailed cell itself, laws of attenuation.

use std::ops::ControlFlow;
use std::sync::Arc;

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::model::{
    CableCell, CellSet, Connection, Density, Model, Placed, PopulationCell, Rule, Stimulus,
};
use neuropil::morph::{Morphology, SectionKind, SectionPlan};
use neuropil::reduce::measure::Subject;
use neuropil::reduce::point::{Kind, Lif};
use neuropil::reduce::{self, Circuits, Detailed, Method, PointNeuron, fit};
use neuropil::select::{Field, Points, Region};
use neuropil::units::Dimension;

const KELVIN: f64 = 279.45;

fn sections(plans: &[SectionPlan]) -> Morphology {
    Morphology::from_sections("cell", plans).unwrap()
}

/// A soma that spikes with two dendrites, one of which branches; potassium channels of `density` (S/m²) are on `potassium`.
fn spiking(potassium: &str, density: f64) -> Arc<CableCell> {
    let dend = |name: &str, length: f64, diameter: f64| {
        SectionPlan::cylinder(name, SectionKind::BasalDendrite, length, diameter)
    };
    let shape = sections(&[
        SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0),
        dend("a", 300.0, 2.0).on("soma", 1.0),
        dend("a1", 200.0, 1.2).on("a", 1.0),
        dend("a2", 250.0, 1.0).on("a", 1.0),
        dend("b", 200.0, 1.5).on("soma", 0.0),
    ]);
    let soma: Region = "soma".parse().unwrap();
    Arc::new(
        CableCell::new(shape, 0.01, 1.5, -0.0673)
            .cut("dendrites".parse().unwrap(), Rule::PerSection(7))
            .with_channel(Density::ohmic("pas", Region::All, 1.0, -0.065).unwrap())
            .with_channel(Density::ohmic("na", soma.clone(), 1200.0, 0.05).unwrap())
            .with_channel(Density::ohmic("kdr", potassium.parse().unwrap(), density, -0.077).unwrap()),
    )
}

/// The potential (V) at `at` every step while `amplitude` (A) flows into `into` from 50 to 100 ms.
fn trace(cell: &Arc<CableCell>, into: &str, at: &str, amplitude: f64) -> Vec<f64> {
    let mut model = Model::new("test", 0.12, 2.5e-5, KELVIN);
    let population = model.add_population("cells", 1, PopulationCell::Cable(Arc::clone(cell)));
    let points: Points = into.parse().unwrap();
    model.stimuli.push(Stimulus::step(population, CellSet::All, points, 0.05, 0.1, amplitude).unwrap());
    model.record(population, at.parse().unwrap(), &["v"], "v");
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, &Options { threads: 1, ..Options::default() }).unwrap();
    simulation.run(&mut memory, &mut |_| ControlFlow::Continue(())).unwrap();
    memory.tables[0].chunks_exact(2).map(|row| row[1]).collect()
}

fn furthest(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn with_all_compartments_kept_the_cell_is_the_same() {
    let cell = spiking("all", 60.0);
    let full = Detailed::new(&cell, KELVIN).unwrap();
    assert!(full.rests());
    let all: Vec<usize> = (0..full.linear.len()).collect();
    let reduced = reduce::reduce(&full, &Method::Impedance { nodes: all, sites: Vec::new() }).unwrap().cell;
    let mut reduced = reduced.to_cell().unwrap();
    reduced.initial_v = cell.initial_v.clone();
    let reduced = Arc::new(reduced);
    let (a, b) = (trace(&cell, "soma", "soma", 3e-10), trace(&reduced, "soma", "soma", 3e-10));
    assert!(a.iter().copied().fold(f64::MIN, f64::max) > 0.0, "it spikes");
    // Branch points get a little of the capacitance of an average compartment.
    assert!(furthest(&a, &b) < 2e-4, "{} V", furthest(&a, &b));
}

#[test]
fn chosen_compartments_keep_rest_and_steady_attenuation() {
    let cell = spiking("soma", 360.0);
    let full = Detailed::new(&cell, KELVIN).unwrap();
    let nodes = full.nodes("soma | a1(1) | a2(1) | b(1)").unwrap();
    let reduced = reduce::reduce(&full, &Method::Impedance { nodes, sites: Vec::new() }).unwrap().cell;
    let cell_of = Arc::new(reduced.to_cell().unwrap());
    // Soma, three tips, one branch point: attenuations of a steady current are those of the detailed cell.
    assert_eq!(reduced.compartments.len(), 5, "{:?}", reduced.compartments);
    let tip = reduced.compartments.iter().position(|c| c.name == "a1").unwrap();
    for amplitude in [0.0, 1e-12, -1e-12] {
        let a = trace(&cell, "a1(1)", "soma", amplitude);
        let b = trace(&cell_of, &reduced.place(tip), "soma", amplitude);
        let steady = 4000;
        assert!((a[steady] - b[steady]).abs() < 2e-6, "{amplitude}: {} {}", a[steady], b[steady]);
    }
}

/// A dendrite on a soma that branches twice by Rall's law, all branches of the same length in length constants, passive.
fn equivalent_to_a_cylinder(capacitance: f64) -> (Arc<CableCell>, f64, f64) {
    let (g, ra, d0) = (1.0, 1.5, 4.0);
    let lambda_um = |d: f64| (d * 1e-6 / (4.0 * ra * g)).sqrt() * 1e6;
    let half = |d: f64| d * 0.5f64.powf(2.0 / 3.0);
    let (d1, d2) = (half(d0), half(half(d0)));
    let dend = |name: &str, d: f64, parent: &str, at: f64| {
        SectionPlan::cylinder(name, SectionKind::BasalDendrite, 0.3 * lambda_um(d), d).on(parent, at)
    };
    let mut plans =
        vec![SectionPlan::cylinder("soma", SectionKind::Soma, 10.0, 10.0), dend("t", d0, "soma", 0.5)];
    for a in 0..2 {
        plans.push(dend(&format!("t{a}"), d1, "t", 1.0));
        for b in 0..2 {
            plans.push(dend(&format!("t{a}{b}"), d2, &format!("t{a}"), 1.0));
        }
    }
    let cell = CableCell::new(sections(&plans), capacitance, ra, -0.07)
        .cut(Region::All, Rule::PerSection(101))
        .cut("soma".parse().unwrap(), Rule::PerSection(1))
        .with_channel(Density::ohmic("pas", Region::All, g, -0.07).unwrap());
    let infinite = 2.0 / std::f64::consts::PI * (ra / g).sqrt() / (d0 * 1e-6).powf(1.5);
    let soma = g * std::f64::consts::PI * 10e-6 * 10e-6;
    // Z∞ coth(L) beside the soma.
    let input = 1.0 / (soma + 0.9f64.tanh() / infinite);
    // From the tips: Z∞ / sinh(L) of the dendrite alone, loaded by the soma.
    let alone = infinite / 0.9f64.tanh();
    let transfer = infinite / 0.9f64.sinh() / (1.0 + alone * soma);
    (Arc::new(cell), input, transfer)
}

#[test]
fn a_tree_that_is_a_cylinder_reduces_to_it() {
    let (cell, input, transfer) = equivalent_to_a_cylinder(0.01);
    let full = Detailed::new(&cell, KELVIN).unwrap();
    let z = full.linear.at(0.0).unwrap().from(full.soma());
    assert!((z[full.soma()].re / input - 1.0).abs() < 1e-4, "{} {input}", z[full.soma()].re);
    for (method, tolerance) in [(Method::Cylinder(None), 2e-3), (Method::Rall(201), 1e-4)] {
        let reduced = reduce::reduce(&full, &method).unwrap();
        let linear = reduced.cell.linear();
        let z = linear.at(0.0).unwrap().from(reduced.soma);
        assert!(
            (z[reduced.soma].re / input - 1.0).abs() < tolerance,
            "{method:?}: {} {input}",
            z[reduced.soma].re
        );
        let far = z.iter().map(|z| z.re).fold(f64::INFINITY, f64::min);
        assert!((far / transfer - 1.0).abs() < 10.0 * tolerance, "{method:?}: {far} {transfer}");
        // A synapse keeps its effect on the soma: by its place on the cylinder, the rest by its strength.
        let largest = reduced.factor.iter().map(|f| (f - 1.0).abs()).fold(0.0, f64::max);
        assert!(largest < 0.06, "{method:?}: {largest}");
        // All membrane is there.
        let c = |linear: &neuropil::reduce::Linear| linear.capacitance_f.iter().sum::<f64>();
        assert!((c(&linear) / c(&full.linear) - 1.0).abs() < 1e-3, "{method:?}");
    }
}

#[test]
fn every_method_makes_a_cell_that_rests_and_spikes_as_it_did() {
    let cell = spiking("soma", 360.0);
    let full = Detailed::new(&cell, KELVIN).unwrap();
    assert!(full.rests());
    let chosen = reduce::best_nodes(&full, &[], 12).unwrap();
    assert_eq!(chosen.len(), 12);
    let peak = |v: &[f64]| v.iter().copied().fold(f64::MIN, f64::max);
    let a = trace(&cell, "soma", "soma", 3e-10);
    for method in [
        Method::Impedance { nodes: chosen, sites: Vec::new() },
        Method::Cylinder(None),
        Method::Rall(12),
        Method::BushSejnowski(12),
    ] {
        let reduced = reduce::reduce(&full, &method).unwrap();
        let cell = Arc::new(reduced.cell.to_cell().unwrap());
        let at = reduced.cell.place(reduced.soma);
        let b = trace(&cell, &at, &at, 3e-10);
        assert!((a[1999] - b[1999]).abs() < 3e-4, "{method:?}: {} {}", a[1999], b[1999]);
        assert!((peak(&a) - peak(&b)).abs() < 5e-3, "{method:?}: {} {}", peak(&a), peak(&b));
    }
}

#[test]
fn an_integrator_fitted_to_one_is_that_one() {
    let known = Lif {
        capacitance_f: 2e-10,
        leak_s: 1.25e-8,
        rest_v: -0.07,
        threshold_v: -0.052,
        reset_v: -0.063,
        refractory_s: 4e-3,
    };
    let subject = Subject {
        cell: PopulationCell::Point(Arc::new(PointNeuron::Lif(known).to_cell("known").unwrap())),
        temperature_k: KELVIN,
        soma: None,
        sites: Vec::new(),
        threshold_v: -0.052,
        settle_s: 0.1,
    };
    let rheobase = 1.25e-8 * 0.018;
    let currents: Vec<f64> = (1..=8).map(|k| 0.4 * rheobase * f64::from(k)).collect();
    let observed = fit::observe(&subject, -1e-11, &currents, (rheobase, 0.8 * rheobase)).unwrap();
    let PointNeuron::Lif(found) = fit::fit(&observed, Kind::Lif) else { panic!("another kind") };
    let near = |a: f64, b: f64, relative: f64| (a / b - 1.0).abs() < relative;
    assert!(near(found.leak_s, known.leak_s, 0.01), "{found:?}");
    assert!(near(found.capacitance_f, known.capacitance_f, 0.01), "{found:?}");
    assert!((found.rest_v - known.rest_v).abs() < 1e-5, "{found:?}");
    assert!((found.threshold_v - known.threshold_v).abs() < 2e-4, "{found:?}");
    assert!((found.reset_v - known.reset_v).abs() < 5e-4, "{found:?}");
    assert!((found.refractory_s - known.refractory_s).abs() < 4e-4, "{found:?}");
}

/// Relative errors of the attenuation of synaptic potentials at `sites`, and of the potential at the soma: the largest.
fn potentials_off(full: &Detailed, reduced: &reduce::Reduced, sites: &[usize]) -> (f64, f64) {
    let conductances = vec![2e-11; sites.len()];
    let a = full.subject(sites, -0.02).unwrap().subthreshold(-1e-12, &conductances).unwrap();
    let b = reduced.subject(full, sites, -0.02).unwrap().subthreshold(-1e-12, &conductances).unwrap();
    let mut most = (0.0_f64, 0.0_f64);
    for (a, b) in a.potentials.iter().zip(&b.potentials) {
        let off = (b.0.unwrap() / b.1) / (a.0.unwrap() / a.1) - 1.0;
        most = (most.0.max(off.abs()), most.1.max((b.1 / a.1 - 1.0).abs()));
    }
    most
}

#[test]
fn synapses_at_given_places_do_there_and_at_the_soma_what_they_did() {
    let cell = spiking("soma", 360.0);
    let full = Detailed::new(&cell, KELVIN).unwrap();
    let sites = full.nodes("a1(0.9) | a2(0.5) | a(0.5) | b(0.9)").unwrap();
    let nodes = reduce::best_nodes(&full, &sites, 10).unwrap();
    assert!(nodes.len() == 10 && sites.iter().all(|site| nodes.contains(site)));
    let made = |sites: &[usize]| {
        let method = Method::Impedance { nodes: nodes.clone(), sites: sites.to_vec() };
        reduce::reduce(&full, &method).unwrap()
    };
    let (plain, refined) = (made(&[]), made(&sites));
    let (before, after) = (potentials_off(&full, &plain, &sites), potentials_off(&full, &refined, &sites));
    assert!(after.0 < 0.005 && after.1 < 0.002, "{before:?} {after:?}");
    // At the soma its factor alone makes a synapse right.
    assert!(after.0 < 0.2 * before.0 && before.1 < 0.002, "{before:?} {after:?}");
    // It still rests where the cell does.
    let cell = Arc::new(refined.cell.to_cell().unwrap());
    let v = trace(&cell, "soma", &refined.cell.place(refined.soma), 0.0);
    assert!((v[4000] - trace(&full.cell, "soma", "soma", 0.0)[4000]).abs() < 1e-4);
}

#[test]
fn a_synapse_moved_by_any_method_does_at_the_soma_what_it_did() {
    let full = Detailed::new(&spiking("all", 60.0), KELVIN).unwrap();
    let sites = full.nodes("a1(0.9) | a2(0.5) | a(0.5) | b(0.9)").unwrap();
    for method in [Method::Cylinder(None), Method::Rall(12), Method::BushSejnowski(12)] {
        let reduced = reduce::reduce(&full, &method).unwrap();
        let off = potentials_off(&full, &reduced, &sites).1;
        assert!(off < 0.01, "{method:?}: {off}");
    }
}

#[test]
fn a_cell_with_calcium_rests_where_it_did() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/calcium_and_ih.toml");
    let model = neuropil::experiment::read(example).unwrap().model;
    let PopulationCell::Cable(cell) = model.populations[0].cell.clone() else { panic!("no shape") };
    let full = Detailed::new(&cell, model.temperature_k).unwrap();
    // Pools of 80 ms have settled to one part in 10⁵ after a second.
    let rest = |cell: CableCell, at: &str| {
        let mut model = Model::new("rest", 1.0, 2.5e-5, model.temperature_k);
        let cells = model.add_population("cells", 1, PopulationCell::Cable(Arc::new(cell)));
        model.record(cells, at.parse().unwrap(), &["v"], "v");
        let mut memory = Memory::default();
        let mut simulation = Simulation::new(&model, &Options { threads: 1, ..Options::default() }).unwrap();
        simulation.run(&mut memory, &mut |_| ControlFlow::Continue(())).unwrap();
        *memory.tables[0].last().unwrap()
    };
    let detailed = rest(CableCell::clone(&cell), "soma");
    let nodes = reduce::best_nodes(&full, &[], 5).unwrap();
    for method in [
        Method::Impedance { nodes: nodes.clone(), sites: nodes },
        Method::Cylinder(Some(4)),
        Method::Rall(4),
        Method::BushSejnowski(4),
    ] {
        let reduced = reduce::reduce(&full, &method).unwrap();
        let found = rest(reduced.cell.to_cell().unwrap(), &reduced.cell.place(reduced.soma));
        assert!((found - detailed).abs() < 5e-5, "{method:?}: {found} {detailed}");
    }
}

#[test]
fn what_differs_over_space_and_is_not_kept_is_said() {
    let mut cell = CableCell::clone(&spiking("soma", 360.0));
    let left_out = |cell: &CableCell| Detailed::new(&Arc::new(cell.clone()), KELVIN).unwrap().left_out();
    assert!(left_out(&cell).is_empty());
    // Its amount is kept, its reversal potential is not.
    let leak = cell.densities.iter_mut().find(|density| density.name == "pas").unwrap();
    let elsewhere = |region, volts| Field::uniform(region, volts, Dimension::VOLTAGE);
    let parts = vec![elsewhere(Region::All, -0.065), elsewhere("soma".parse().unwrap(), -0.066)];
    leak.parameters.push(("erev".into(), Field::overlay(parts).unwrap()));
    let said = left_out(&cell);
    assert!(said.len() == 1 && said[0].contains("`erev`, which differs over space"), "{said:?}");
}

#[test]
fn too_few_compartments_for_the_places_are_an_error() {
    let full = Detailed::new(&spiking("soma", 360.0), KELVIN).unwrap();
    let sites = full.nodes("a1(1) | a2(1) | b(1)").unwrap();
    let error = reduce::best_nodes(&full, &sites, 4).unwrap_err().to_string();
    assert!(error.contains("4 compartments are too few") && error.contains('5'), "{error}");
}

#[test]
fn a_model_keeps_its_synapses_when_its_cell_is_reduced() {
    let mut cell = CableCell::clone(&spiking("soma", 360.0));
    cell.synapses = vec![Placed::synapse("exp_syn", "a1(0.9) | b(0.5)".parse().unwrap()).unwrap()];
    let cell = Arc::new(cell);
    let full = Detailed::new(&cell, KELVIN).unwrap();
    let mut model = Model::new("whole", 0.15, 2.5e-5, KELVIN);
    let times = PopulationCell::SpikeTimes(Arc::new(vec![vec![0.1], vec![0.12]]));
    let senders = model.add_population("senders", 2, times);
    let cells = model.add_population("cells", 2, PopulationCell::Cable(Arc::clone(&cell)));
    for target in 0..2 {
        for point in 0..2 {
            let from = (senders, point);
            model.connections.push(Connection::to_synapse(from, (cells, target), (0, point), 0.5, 1e-3));
        }
    }
    let points: Points = "a2(0.5)".parse().unwrap();
    model.stimuli.push(Stimulus::step(cells, CellSet::Indices(vec![1]), points, 0.05, 0.08, 1e-11).unwrap());
    model.record(cells, "soma".parse().unwrap(), &["v", "na.m"], "soma");
    model.detect_spikes(cells, "soma".parse().unwrap(), -0.02);
    let run = |model: &Model| {
        let mut memory = Memory::default();
        let mut simulation = Simulation::new(model, &Options { threads: 1, ..Options::default() }).unwrap();
        simulation.run(&mut memory, &mut |_| ControlFlow::Continue(())).unwrap();
        let width = simulation.tables()[0].columns.len() + 1;
        let column = |c: usize| memory.tables[0].chunks_exact(width).map(|row| row[c]).collect::<Vec<f64>>();
        [column(1), column(if width > 3 { 3 } else { 2 })]
    };
    let a = run(&model);
    let sites = full.nodes("a1(0.9) | a2(0.5) | b(0.5)").unwrap();
    let nodes = reduce::best_nodes(&full, &sites, 12).unwrap();
    let reduced = reduce::reduce(&full, &Method::Impedance { nodes, sites }).unwrap();
    let carried = reduced.carried(&full, &model, cells).unwrap();
    let told = carried.notes.iter().filter(|n| n.contains("only the potential")).count();
    assert_eq!(told, 1, "{:?}", carried.notes);
    let b = run(&carried.model);
    for (a, b) in a.iter().zip(&b) {
        let high = |v: &[f64]| v[4100..].iter().fold(f64::MIN, |m, v| m.max(*v)) - v[3900];
        assert!(high(a) > 1e-4, "the synapses do something: {}", high(a));
        assert!((high(b) / high(a) - 1.0).abs() < 0.02, "{} {}", high(a), high(b));
    }
    let written = neuropil::neuroml::write(&carried.model, "whole_reduced").unwrap();
    assert!(written.files.len() > 3);
}

/// A passive cell in compartments, its soma made to fire: not fitted, but given.
fn circuits(compartments: bool) -> Circuits {
    let shape = if compartments {
        let dend = |name: &str| SectionPlan::cylinder(name, SectionKind::BasalDendrite, 300.0, 2.0);
        sections(&[
            // The root is no soma.
            dend("a"),
            SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0).on("a", 1.0),
            dend("b").on("soma", 1.0),
        ])
    } else {
        sections(&[SectionPlan::cylinder("soma", SectionKind::Soma, 20.0, 20.0)])
    };
    let cell = Arc::new(
        CableCell::new(shape, 0.01, 1.5, -0.07)
            .cut(Region::All, Rule::PerSection(5))
            .with_channel(Density::ohmic("pas", Region::All, 0.5, -0.07).unwrap()),
    );
    let full = Detailed::new(&cell, KELVIN).unwrap();
    let nodes = full.nodes(if compartments { "a(0.1) | soma(0.5) | b(0.9)" } else { "soma(0.5)" }).unwrap();
    let reduced = reduce::reduce(&full, &Method::Impedance { nodes, sites: Vec::new() }).unwrap();
    Circuits { reduced: reduced.passive(), threshold_v: -0.05, reset_v: -0.075, refractory_s: 2e-3 }
}

fn driven(circuits: &Circuits) -> Subject {
    Subject {
        cell: PopulationCell::Cable(Arc::new(circuits.to_cell().unwrap())),
        temperature_k: KELVIN,
        soma: Some(Points::At(circuits.reduced.cell.region(circuits.reduced.soma), 0.5)),
        sites: Vec::new(),
        threshold_v: circuits.threshold_v,
        settle_s: 0.1,
    }
}

#[test]
fn a_compartment_that_is_reset_fires_as_the_formula_says() {
    let circuits = circuits(false);
    let soma = circuits.soma();
    let current = 0.03 * soma.leak_s;
    // From reset, 5 mV below rest, towards 30 mV above it; the threshold is 20 mV above: τ ln 35/10 after 2 ms.
    let tau = soma.capacitance_f / soma.leak_s;
    let period = 2e-3 + tau * (35.0_f64 / 10.0).ln();
    let spikes = &driven(&circuits).steps(&[current]).unwrap()[0];
    let mean = |train: &[f64]| (train[train.len() - 1] - train[0]) / (train.len() - 1) as f64;
    // A spike is seen at the end of a step of 0.025 ms.
    assert!((mean(spikes) - period).abs() < 6e-5, "{} {period}", mean(spikes));
    let (_, spikes) = circuits.respond(&vec![current; 60_000], 1e-5);
    assert!((mean(&spikes) - period).abs() < 3e-5, "{} {period}", mean(&spikes));
}

#[test]
fn the_search_and_the_engine_see_the_same_compartments() {
    let circuits = circuits(true);
    assert_eq!(circuits.reduced.cell.compartments.len(), 3);
    assert_ne!(circuits.reduced.soma, 0, "the root is a tip");
    let leak: f64 = circuits.reduced.cell.compartments.iter().map(|c| c.leak_s).sum();
    let current = 0.05 * leak;
    let trains = driven(&circuits).steps(&[current]).unwrap();
    let (_, own) = circuits.respond(&vec![current; 24_000], 2.5e-5);
    assert!(own.len() > 5 && own.len().abs_diff(trains[0].len()) <= 1, "{} {}", own.len(), trains[0].len());
    for (a, b) in own.iter().zip(&trains[0]).take(6) {
        assert!((a - b).abs() < 5e-4, "{own:?} {:?}", trains[0]);
    }
}

#[test]
fn a_chip_gets_passive_compartments_that_rest_where_the_cell_rests() {
    let cell = spiking("soma", 360.0);
    let full = Detailed::new(&cell, KELVIN).unwrap();
    let nodes = full.nodes("soma | tips(dendrites)").unwrap();
    let reduced = reduce::reduce(&full, &Method::Impedance { nodes, sites: Vec::new() }).unwrap();
    let (z, rest) =
        (full.linear.at(0.0).unwrap().from(full.soma())[full.soma()].re, full.rest_v(full.soma()));
    let passive = reduced.passive();
    assert!(passive.cell.channels.is_empty());
    // What is open at rest is leak, so the impedance at rest is kept.
    let linear = passive.cell.linear();
    let own = linear.at(0.0).unwrap().from(passive.soma)[passive.soma].re;
    assert!((own / z - 1.0).abs() < 1e-6, "{own} {z}");
    let circuits = Circuits { reduced: passive, threshold_v: 0.0, reset_v: -0.07, refractory_s: 1e-3 };
    let (trace, spikes) = circuits.respond(&[0.0; 1000], 1e-4);
    assert!(spikes.is_empty() && (trace[999] - rest).abs() < 1e-9, "{} {rest}", trace[999]);
}
