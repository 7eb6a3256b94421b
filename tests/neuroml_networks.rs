//! Networks of the corpus become models: everything that a network of any case says is taken in.
//! Skips with a message where there is no corpus.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use neuropil::lems::{Component, Set};
use neuropil::library;
use neuropil::model::Receiver;
use neuropil::neuroml::{self, Network, network};

fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("NEUROPIL_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    if path.join("neuroml/index.csv").exists() {
        return Some(path);
    }
    eprintln!("skipped: no corpus at {}", path.display());
    None
}

fn read(path: &Path) -> neuropil::Result<Set> {
    let mut set = library::core()?.clone();
    set.read_file(path, &library::resolver())?;
    Ok(set)
}

fn networks(set: &Set) -> Vec<&Component> {
    set.components().filter(|c| set.is_a(&c.component_type, "network")).collect()
}

fn made(set: &Set, component: &Component) -> neuropil::Result<Network> {
    network::network(set, component, &mut |cell| neuroml::shaped(set, cell).map(Arc::new))
}

/// How often elements of these names occur in the component.
fn count(component: &Component, names: &[&str]) -> usize {
    let own = usize::from(names.contains(&component.component_type.as_str()));
    own + component.children.iter().map(|child| count(child, names)).sum::<usize>()
}

const EVENTS: &[&str] = &["connection", "connectionWD", "synapticConnection", "synapticConnectionWD"];
const COUPLINGS: &[&str] = &[
    "electricalConnection",
    "electricalConnectionInstance",
    "electricalConnectionInstanceW",
    "continuousConnection",
    "continuousConnectionInstance",
    "continuousConnectionInstanceW",
];
const INPUTS: &[&str] = &["input", "inputW", "explicitInput"];

#[test]
fn networks_of_the_corpus_become_models() {
    let Some(corpus) = corpus() else { return };
    let (mut done, mut failed) = (0, Vec::new());
    for line in std::fs::read_to_string(corpus.join("neuroml/index.csv")).unwrap().lines().skip(1) {
        let case = line.split(',').next().unwrap();
        let text = std::fs::read_to_string(corpus.join("neuroml").join(case).join("case.toml")).unwrap();
        let Some(main) = text.lines().find_map(|l| l.strip_prefix("main = \"")?.strip_suffix('"')) else {
            continue;
        };
        let set = match read(&corpus.join("neuroml").join(case).join(main)) {
            Ok(set) => set,
            // Reading documents has tests of its own.
            Err(error) => {
                println!("{case} is not read: {}", error.message());
                continue;
            }
        };
        for component in networks(&set) {
            let network = match made(&set, component) {
                Ok(network) => network,
                Err(error) => {
                    failed.push(format!("{case}: {error}"));
                    continue;
                }
            };
            done += 1;
            let model = &network.model;
            let contacts: usize = model.attachments.iter().map(|a| a.contacts.len()).sum();
            let (events, couplings) = (count(component, EVENTS), count(component, COUPLINGS));
            let inputs = count(component, INPUTS);
            assert_eq!(model.connections.len(), events, "{case}");
            assert_eq!(model.couplings.len(), couplings, "{case}");
            assert!(contacts >= inputs + 2 * couplings, "{case}");
            assert!(contacts <= inputs + 2 * couplings + events, "{case}");
            for connection in &model.connections {
                let Receiver::Contact { attachments, contact } = connection.receiver else { continue };
                let list = &model.attachments[attachments as usize];
                assert_eq!(list.population, connection.target.0, "{case}");
                assert_eq!(list.contacts[contact as usize].cell as usize, connection.target.1, "{case}");
            }
            let cells: usize = model.populations.iter().map(|p| p.size).sum();
            println!(
                "{case}: {cells} cells, {events} connections, {couplings} couplings, {inputs} inputs, \
                 {contacts} contacts, {} warnings {:?} {:?}",
                network.warnings.len(),
                network.warnings.first().map(ToString::to_string),
                network.assumptions
            );
        }
    }
    println!("{done} networks");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(done >= 80, "{done}");
}

#[test]
fn wrong_networks_are_refused() {
    let Some(corpus) = corpus() else { return };
    for (case, wanted) in [
        ("missing_population", "there is no population"),
        ("connection_out_of_range", "there is no cell 99"),
        ("negative_population_size", "is not a number of cells"),
    ] {
        let folder = corpus.join("bad").join(case);
        let set = read(&folder.join(format!("LEMS_{case}.xml"))).unwrap();
        let network = networks(&set)[0];
        let error = made(&set, network).unwrap_err();
        assert!(error.message().contains(wanted) && error.place().line > 0, "{case}: {error}");
    }
    let set = read(&corpus.join("bad/ok_multicomp/LEMS_ok_multicomp.xml")).unwrap();
    let network = made(&set, networks(&set)[0]).unwrap();
    assert_eq!(network.model.populations.iter().map(|p| p.size).sum::<usize>(), 2);
}
