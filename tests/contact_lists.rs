//! The list of a projection's contacts: who, where, how strong, when.

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::{experiment, output};

/// Two cells, 20 µm and 100 µm of cable along x, in known places; one source of spikes.
fn page(synapses: &str, projection: &str) -> String {
    format!(
        "seed = 3\ntemperature = \"20 degC\"\nrun = {{ duration = \"20 ms\", dt = \"0.1 ms\" }}\n\
         [cell.stick]\nmorphology = {{ sections = [\n{{ name = \"soma\", kind = \"soma\", points = [[-10, 0, 0, 20], [10, 0, 0, 20]] }},\n\
         {{ name = \"dend\", kind = \"dendrite\", parent = \"soma\", points = [[10, 0, 0, 2], [50, 0, 0, 2], [110, 0, 0, 1]] }},\n] }}\n\
         capacitance = \"1 uF/cm2\"\naxial_resistivity = \"100 ohm cm\"\ndiscretisation = 11\ninitial_v = \"-65 mV\"\n\
         channels.pas = {{ on = \"all\", g = \"0.1 mS/cm2\", reversal = \"-65 mV\" }}\n[cell.stick.synapses]\n{synapses}\n\
         [population.sticks]\ncell = \"stick\"\nsize = 2\npositions = [[0, 0, 0], [0, 500, -7]]\n\
         [population.input]\nsize = 2\nspike_times = [\"2 ms\"]\n\
         [[projection]]\nname = \"p\"\nfrom = \"input\"\nto = \"sticks\"\n{projection}\n\
         [[record]]\nprojection = \"p\"\ncontacts = true\n\
         [[record]]\npopulation = \"sticks\"\nover = \"dend\"\nvariables = [\"v\"]\nfile = \"v\"\n"
    )
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let model = experiment::parse(text, "contacts.toml").unwrap_or_else(|e| panic!("{e}")).model;
    assert_eq!(model.projections[0].contacts_file.as_deref(), Some("p_contacts"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.csv");
    output::write_contacts(&path, &model, 0).unwrap_or_else(|e| panic!("{e}"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(
            "source,target,synapse,point,section,segment,fraction,distance (um),x (um),y (um),z (um),weight,delay (ms)"
        )
    );
    lines.map(|line| line.split(',').map(str::to_string).collect()).collect()
}

const FIXED: &str = "in = { synapse = \"exp_syn\", at = \"dend(0.5) | soma(0.25)\", gbase = \"1 nS\" }";

#[test]
fn every_contact_stands_with_its_place_weight_and_delay() {
    let text = page(
        FIXED,
        "synapse = \"in\"\nconnector = { list = [[0, 0], [1, 1]] }\nweight = \"3 nS\"\ndelay = \"1.53 ms\"",
    );
    // The middle of 100 µm of dendrite is 10 µm into its second segment, 60 µm from the soma's middle; delays are whole steps.
    let middle = ["in", "0", "dend", "2", "0.5", "60"];
    let soma = ["in", "1", "soma", "0", "0.25", "5"];
    let expected: Vec<Vec<&str>> = vec![
        [&["input[0]", "sticks[0]"][..], &middle, &["60", "0", "0", "3", "1.5"]].concat(),
        [&["input[0]", "sticks[0]"][..], &soma, &["-5", "0", "0", "3", "1.5"]].concat(),
        [&["input[1]", "sticks[1]"][..], &middle, &["60", "500", "-7", "3", "1.5"]].concat(),
        [&["input[1]", "sticks[1]"][..], &soma, &["-5", "500", "-7", "3", "1.5"]].concat(),
    ];
    let found = rows(&text);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        for (found, expected) in found.iter().zip(expected) {
            match (found.parse::<f64>(), expected.parse::<f64>()) {
                (Ok(a), Ok(b)) => assert!((a - b).abs() < 1e-9, "{a} for {b}"),
                _ => assert_eq!(found, expected),
            }
        }
    }
}

#[test]
fn contacts_drawn_by_chance_are_listed_where_they_act() {
    // The projection places its receptors itself, one anywhere on the dendrite of each cell, and makes one contact.
    let text = page(
        "in = { synapse = \"exp_syn\", at = \"soma\", gbase = \"1 nS\" }",
        "synapse = \"in\"\nat = \"random_points(dend, 5)\"\npoints = { random = 1 }\nconnector = \"one_to_one\"\n\
         weight = { uniform = [5, 9] }\ndelay = \"1 ms\"",
    );
    let rows = rows(&text);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0][2], "in of p");
    assert!(rows[0][6] != rows[1][6], "two cells draw two places");
    let model = experiment::parse(&text, "contacts.toml").unwrap().model;
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, &Options::default()).unwrap();
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    // Just after the event at 3 ms the potential is highest where the contact is listed.
    let width = 23;
    let row = &memory.tables[0][31 * width..32 * width];
    for (cell, listed) in rows.iter().enumerate() {
        let own = &row[1 + 11 * cell..][..11];
        let highest = (0..11).max_by(|a, b| own[*a].total_cmp(&own[*b])).unwrap();
        let fraction: f64 = listed[6].parse().unwrap();
        assert_eq!(highest, ((fraction * 11.0) as usize).min(10), "{listed:?} {own:?}");
    }
}

#[test]
fn point_cells_have_contacts_without_a_place() {
    let text = page(FIXED, "synapse = \"in\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"")
        .replace("to = \"sticks\"", "to = \"dots\"")
        .replace("synapse = \"in\"\nconnector", "synapse = \"excitatory\"\nweight = 0.25\nconnector")
        + "[population.dots]\ncell = \"dot\"\n[cell.dot]\nneuron = \"IF_cond_exp\"\n";
    assert_eq!(rows(&text)[1].join(","), "input[1],dots[0],excitatory,0,,,,,,,,0.25,1");
}

#[test]
fn junctions_have_a_contact_at_each_end() {
    let text = page(
        FIXED,
        "junction = \"gap_junction\"\nfrom_at = \"soma(0.25)\"\nat = \"dend(0.5)\"\n\
         connector = { list = [[0, 1]] }\nweight = \"0.5 nS\"",
    )
    .replace("from = \"input\"", "from = \"sticks\"");
    let expected = [
        "sticks[0],sticks[1],gap_junction,,dend,2,0.5,60,60,500,-7",
        "sticks[1],sticks[0],gap_junction,,soma,0,0.25,5,-5,0,0",
    ];
    let rows = rows(&text);
    assert_eq!(rows.iter().map(|row| row[..11].join(",")).collect::<Vec<_>>(), expected);
    for row in &rows {
        // Of the 1 nS that the junction has by itself.
        assert!((row[11].parse::<f64>().unwrap() - 0.5).abs() < 1e-12 && row[12] == "0", "{row:?}");
    }
}

#[test]
fn the_command_writes_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.toml");
    std::fs::write(&file, page(FIXED, "synapse = \"in\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\""))
        .unwrap();
    let out = folder.path().join("out");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_neuropil"))
        .args(["run", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--no-plot", "--quiet"])
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(out.join("p_contacts.csv")).unwrap().lines().count(), 9);
}

#[test]
fn lists_that_can_not_be_are_errors() {
    for (change, wanted) in [
        (("contacts = true", "contacts = true\nvariables = [\"w\"]"), "variables"),
        (("contacts = true", "contacts = true\nevery = \"1 ms\""), "every"),
        (("contacts = true", "contacts = true\nfile = \"v/w\""), "can not be the name"),
        (
            ("contacts = true", "contacts = true\n[[record]]\nprojection = \"p\"\ncontacts = true"),
            "listed twice",
        ),
    ] {
        let text = page(FIXED, "synapse = \"in\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"")
            .replace(change.0, change.1);
        let error = experiment::parse(text, "contacts.toml").unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
