//! Components elaborated by the structure of their types: how many cells and connections there are, what is
//! attached where, what paths lead to.

use std::path::{Path, PathBuf};

use neuropil::dynamics::Dynamics;
use neuropil::lems::{NoIncludes, Set};
use neuropil::library;
use neuropil::model::PopulationCell;
use neuropil::neuroml::Network;
use neuropil::neuroml::structure::{Elaborated, Found, elaborate};

#[path = "structure/language.rs"]
mod language;
#[path = "structure/random.rs"]
mod random;
#[path = "structure/values.rs"]
mod values;

/// A set with the contents of one document.
fn set(body: &str) -> Set {
    let mut set = Set::new();
    set.read_str(&format!("<Lems>\n{body}\n</Lems>"), "test.xml", &NoIncludes)
        .unwrap_or_else(|e| panic!("{e}"));
    set
}

/// What the component `id` of a document is elaborated to.
fn network(body: &str, id: &str) -> Network {
    let set = set(body);
    elaborate(&set, set.component(id).unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

/// Why the component `x` of a document can't be elaborated.
fn fault(body: &str) -> String {
    let mut set = Set::new();
    if let Err(error) = set.read_str(&format!("<Lems>\n{body}\n</Lems>"), "test.xml", &NoIncludes) {
        return error.to_string();
    }
    match elaborate(&set, set.component("x").unwrap()) {
        Err(error) => error.to_string(),
        Ok(_) => "nothing is wrong".to_string(),
    }
}

fn dynamics(network: &Network, population: usize) -> &Dynamics {
    match &network.model.populations[population].cell {
        PopulationCell::Point(cell) => &cell.dynamics,
        _ => panic!("not a point cell"),
    }
}

/// Name and size of every population.
fn sizes(network: &Network) -> Vec<(&str, usize)> {
    network.model.populations.iter().map(|p| (p.name.as_str(), p.size)).collect()
}

fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("NEUROPIL_CORPUS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: there is no corpus at {}", path.display());
    None
}

/// Case, populations and their sizes, number of connections, paths of quantities.
type Published = (&'static str, &'static [(&'static str, usize)], usize, &'static [&'static str]);

/// Published models that are no NeuroML networks, their cells and connections, and quantities they record.
const PUBLISHED: &[Published] = &[
    ("jlems-bounce", &[("ball", 1)], 0, &["height"]),
    ("jlems-ex_flat", &[("p1", 1), ("p2", 1), ("p3", 1), ("hhpop", 1)], 1, &["p1[0]/tsince", "hhpop[0]/v"]),
    ("jlems-example1", &[("p1", 1), ("p2", 1), ("p3", 1), ("hhpop", 1)], 1, &["p3[0]/v", "hhpop[0]/v"]),
    ("jlems-example2", &[("p1", 1), ("p2", 1), ("p3", 1), ("hhpop", 1)], 1, &["p3[0]/v"]),
    ("jlems-example4", &[("kscell_1", 1)], 0, &["v", "pk/k1/n/c1/occupancy", "pna/na1/m/o1/occupancy"]),
    ("jlems-example5", &[("kscell_1", 1)], 0, &["v"]),
    ("jlems-example7", &[("p1", 2), ("p3", 3)], 6, &["p3[0]/v", "p1[0]/tsince"]),
    ("jlems-example8", &[("p1", 1), ("p3", 2)], 2, &["p3[0]/v", "p1[0]/tsince"]),
    ("jlems-simpledv", &[("cell0", 1)], 0, &["v", "rv"]),
    ("jlems-test_regime_iaf", &[("iafTauRefPop", 1)], 0, &["iafTauRefPop[0]/v"]),
    ("pylems-simpletest", &[("cell0", 1)], 0, &["v", "membrane/I", "membrane/I2"]),
    ("osb_model_validation-simpletest", &[("cell0", 1)], 0, &["v", "membrane/I"]),
    (
        "neuroml2-nml2_ex17_tissue",
        &[("slice", 1), ("net1/hhpop", 1)],
        0,
        &["net1/hhpop[0]/v", "net1/hhpop[0]/naChans/na/m/tau", "temperature"],
    ),
    ("org_neuroml_export-biomd0000000185_lems", &[("Locke2008_Circadian_Clock_0", 1)], 0, &["X1", "F"]),
];

#[test]
fn published_models_are_elaborated() {
    let Some(corpus) = corpus() else { return };
    let mut failed = Vec::new();
    for (case, populations, connections, quantities) in PUBLISHED {
        let folder = corpus.join("neuroml").join(case);
        let text = std::fs::read_to_string(folder.join("case.toml")).unwrap();
        let line = |key: &str| {
            let key = format!("{key} = \"");
            text.lines().find_map(|l| l.strip_prefix(&key)?.strip_suffix('"')).unwrap().to_string()
        };
        let path = folder.join(line("main"));
        // A model that brings types of its own by the names of NeuroML's is read alone.
        let mut set = library::core().unwrap().clone();
        if set.read_file(&path, &library::resolver()).is_err() {
            set = Set::new();
            set.read_file(&path, &library::resolver()).unwrap_or_else(|e| panic!("{case}: {e}"));
        }
        let target = line("simulation_target");
        let elaborated = match Elaborated::new(&set, set.component(&target).unwrap()) {
            Ok(elaborated) => elaborated,
            Err(error) => {
                failed.push(format!("{case}: {error}"));
                continue;
            }
        };
        let network = &elaborated.network;
        if sizes(network) != *populations || network.model.connections.len() != *connections {
            failed.push(format!("{case}: {:?}, {}", sizes(network), network.model.connections.len()));
        }
        for quantity in *quantities {
            match elaborated.find(quantity) {
                Ok(Found::Cell { population, name, .. }) => {
                    let dynamics = dynamics(network, population);
                    let known = dynamics.exposed(&name).is_some()
                        || dynamics.state(&name).is_some()
                        || dynamics.derived.iter().any(|d| d.name == name);
                    if !known {
                        failed.push(format!("{case}: {quantity} is no {name}"));
                    }
                }
                other => failed.push(format!("{case}: {quantity}: {other:?}")),
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
