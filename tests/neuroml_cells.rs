//! NeuroML cells: those of published models get their shape, small ones run.
//!
//! The corpus of published models is not part of the project: `NEUROPIL_CORPUS` names its folder (else
//! `../shared/corpus`); without it its test says that it skips.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::lems::{NoIncludes, Set};
use neuropil::library;
use neuropil::model::{Model, PopulationCell};
use neuropil::morph::Geometry;
use neuropil::neuroml::shaped;
use neuropil::select::Points;

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var_os("NEUROPIL_CORPUS").map_or(root.join("../shared/corpus"), PathBuf::from);
    let neuroml = path.join("neuroml");
    if neuroml.is_dir() {
        return Some(neuroml);
    }
    eprintln!("skipped: there is no corpus at {} (set NEUROPIL_CORPUS)", neuroml.display());
    None
}

/// The main file of each case.
fn cases(corpus: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(corpus).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("case.toml")) else { continue };
        let main = text.lines().find_map(|line| line.strip_prefix("main = ")).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        found.push((name, folder.join(main.trim_matches('"'))));
    }
    found.sort();
    found
}

#[test]
fn every_cell_of_the_corpus_has_a_shape() {
    let Some(corpus) = corpus() else { return };
    let only = std::env::var("NEUROPIL_CASE").ok();
    let mut count = 0;
    let mut wrong = Vec::new();
    for (name, main) in cases(&corpus) {
        if only.as_ref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let mut set: Set = library::core().unwrap().clone();
        // Plain LEMS with types of its own in place of the core's has no such cells.
        if set.read_file(&main, &library::resolver()).is_err() {
            continue;
        }
        for component in set.components().filter(|c| set.is_a(&c.component_type, "cell")) {
            count += 1;
            let id = component.id.clone().unwrap_or_default();
            match shaped(&set, component) {
                Err(error) => wrong.push(format!("{name}: {id}: {error}")),
                Ok(cell) => {
                    let morphology = &cell.cell.morphology;
                    let geometry = Geometry::of(morphology);
                    let area: f64 = morphology.section_ids().map(|s| geometry.area_um2(s, 0.0, 1.0)).sum();
                    assert_eq!(cell.segments.len(), morphology.segments.len(), "{name}: {id}");
                    assert!(cell.segments.windows(2).all(|pair| pair[0].id < pair[1].id));
                    assert!(area > 0.0 && (area / geometry.total_area_um2() - 1.0).abs() < 1e-9);
                    for place in &cell.segments {
                        let middle = cell.location(place.id, 0.5).unwrap();
                        assert!(place.proximal.fraction <= middle.fraction);
                        assert!(middle.fraction <= place.distal.fraction);
                    }
                    for warning in &cell.warnings {
                        println!("{name}: {id}: {warning}");
                    }
                    println!(
                        "{name}: {id}: {} segments, {} sections, {area:.1} um2, {} densities, {} pools",
                        cell.segments.len(),
                        morphology.sections.len(),
                        cell.cell.densities.len(),
                        cell.cell.pools.len()
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(only.is_some() || count > 70, "{count} cells");
}

/// A ball with a leak of 10 nS to -50 mV that starts at -65 mV, the leak written as `leak`.
fn ball(leak: &str) -> Vec<f64> {
    let text = format!(
        r#"<neuroml id="doc"><ionChannelPassive id="pas" conductance="10 pS"/>
  <concentrationModel id="still" ion="ca"/>
  <cell id="c"><morphology id="m"><segment id="4"><proximal x="0" y="0" z="0" diameter="20"/>
    <distal x="0" y="0" z="0" diameter="20"/></segment></morphology>
    <biophysicalProperties id="bio"><membraneProperties>{leak}<spikeThresh value="-55 mV"/>
      <specificCapacitance value="1 uF_per_cm2"/><initMembPotential value="-65 mV"/></membraneProperties>
    <intracellularProperties><species id="ca" ion="ca" concentrationModel="still" initialConcentration="2 mM"
      initialExtConcentration="3 mM"/></intracellularProperties></biophysicalProperties></cell></neuroml>"#
    );
    let mut set = library::core().unwrap().clone();
    set.read_str(&text, "ball.nml", &NoIncludes).unwrap();
    let cell = shaped(&set, set.component("c").unwrap()).unwrap();
    let paths = ["v", "spiking", "iChannels", "4/caConcExt", "bio/membraneProperties/leak/pas/fopen"];
    let found = paths.map(|path| cell.variable(&path.split('/').collect::<Vec<_>>()).unwrap());
    let variables: Vec<&str> = found.iter().map(|found| found.variable.as_str()).collect();
    let mut model = Model::new("ball", 1e-4, 1e-5, 300.0);
    let population = model.add_population("c", 1, PopulationCell::Cable(cell.cell.clone()));
    model.record(population, Points::Root, &variables, "ball");
    let mut results = Memory::default();
    let mut simulation = Simulation::new(&model, &Options::default()).unwrap();
    simulation.run(&mut results, &mut |_| ControlFlow::Continue(())).unwrap();
    results.tables.remove(0)
}

#[test]
fn a_population_of_channels_is_a_density_of_the_same_conductance() {
    let area_m2 = std::f64::consts::PI * 400e-12;
    let density = ball(&format!(
        r#"<channelDensity id="leak" ionChannel="pas" condDensity="{} S_per_m2" erev="-50 mV" ion="non_specific"/>"#,
        10e-9 / area_m2
    ));
    let counted = ball(
        r#"<channelPopulation id="leak" ionChannel="pas" number="1000" erev="-50 mV" ion="non_specific"/>"#,
    );
    // Time, v, whether it is above the threshold, current of the channels, concentration outside, open fraction; backward Euler in between.
    let (g, capacitance) = (10e-9, 0.01 * area_m2);
    let mut v = -0.065;
    for (row, other) in density.chunks_exact(6).zip(counted.chunks_exact(6)) {
        let wanted = [row[0], v, f64::from(v > -0.055), g * (-0.05 - v), 3.0, 1.0];
        for ((a, b), wanted) in row.iter().zip(other).zip(wanted) {
            assert!((a - wanted).abs() <= 1e-12 * wanted.abs(), "{row:?} {wanted}");
            assert!((b - wanted).abs() <= 1e-12 * wanted.abs(), "{other:?} {wanted}");
        }
        v = (capacitance / 1e-5 * v + g * -0.05) / (capacitance / 1e-5 + g);
    }
    assert_eq!(density.len(), 11 * 6);
}
