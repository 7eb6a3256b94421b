//! Populations that have nothing to do with each other: the order in which they are declared changes no bit of either.

use std::collections::BTreeMap;

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::experiment;

/// Cells with a shape and point neurons, with everything that is drawn by chance. `synapses` come in an order of their own.
fn world(name: &str, synapses: [&str; 2]) -> [String; 7] {
    let synapse = |kind: &str| match kind {
        "fast" => {
            "fast = { synapse = \"exp_syn\", at = \"points_by_density(dend, 0.04 /um)\", gbase = \"1 nS\" }"
        }
        _ => "slow = { synapse = \"AMPA\", at = \"random_points(dend, 20)\" }",
    };
    let [one, other] = synapses.map(synapse);
    [
        format!(
            "[cell.{name}_ball]\nmorphology = {{ sections = [\n{{ name = \"soma\", kind = \"soma\", length = \"20 um\", diameter = \"20 um\" }},\n\
             {{ name = \"dend\", kind = \"dendrite\", parent = \"soma\", length = \"300 um\", diameter = \"2 um\" }},\n] }}\n\
             capacitance = \"1 uF/cm2\"\naxial_resistivity = \"100 ohm cm\"\ndiscretisation = {{ max_length = \"10 um\" }}\ninitial_v = \"-65 mV\"\n\
             channels.na = {{ on = \"soma\", g = \"120 mS/cm2\", reversal = \"50 mV\" }}\n\
             channels.kdr = {{ on = \"soma\", g = \"36 mS/cm2\", reversal = \"-77 mV\" }}\n\
             channels.pas = {{ on = \"all\", g = \"0.3 mS/cm2\", reversal = \"-54.3 mV\" }}\n\
             spike = {{ at = \"random_points(soma, 1)\", threshold = \"-20 mV\" }}\n\
             [cell.{name}_ball.synapses]\n{one}\n{other}\n"
        ),
        format!("[cell.{name}_gif]\nneuron = \"GIF_cond_exp\"\nv_t_star = -55\n"),
        format!(
            "[population.{name}_cells]\ncell = \"{name}_ball\"\nsize = 3\nstructure = {{ sphere = \"100 um\" }}\n\
             initial = {{ v = {{ uniform = [\"-70 mV\", \"-60 mV\"] }} }}\n\
             [population.{name}_points]\ncell = \"{name}_gif\"\nsize = 4\nparameters = {{ tau_m = {{ normal = [20, 2] }} }}\n\
             [population.{name}_noise]\nsize = 10\npoisson = {{ rate = \"80 Hz\" }}\n"
        ),
        format!(
            "[[stimulus]]\nname = \"{name} steady\"\npopulation = \"{name}_cells\"\nat = \"random_points(dend, 2)\"\nkind = \"dc\"\namplitude = \"0.1 nA\"\n\
             [[stimulus]]\nname = \"{name} noisy\"\npopulation = \"{name}_cells\"\ncells = {{ sample = 2 }}\nat = \"soma\"\nkind = \"noise\"\nstart = \"0 ms\"\n\
             stop = \"60 ms\"\nmean = \"0.2 nA\"\nstandard_deviation = \"0.2 nA\"\ninterval = \"0.5 ms\"\n\
             [[stimulus]]\nname = \"{name} push\"\npopulation = \"{name}_points\"\nkind = \"dc\"\namplitude = \"1.5 nA\"\n"
        ),
        format!(
            "[[projection]]\nfrom = \"{name}_noise\"\nto = \"{name}_cells\"\nsynapse = \"fast\"\nconnector = {{ fixed_probability = 0.7 }}\n\
             points = {{ random = 2 }}\nweight = {{ uniform = [\"1 nS\", \"2 nS\"] }}\ndelay = {{ uniform = [\"1 ms\", \"3 ms\"] }}\n\
             plasticity = {{ rule = \"stochastic_connection\", p = 0.6 }}\n\
             [[projection]]\nfrom = \"{name}_noise\"\nto = \"{name}_cells\"\nsynapse = \"slow\"\nconnector = \"all_to_all\"\n\
             weight = \"0.1 nS\"\ndelay = \"1 ms\"\n\
             [[projection]]\nfrom = [\"{name}_cells\", \"{name}_noise\"]\nto = \"{name}_points\"\nsynapse = \"excitatory\"\nconnector = {{ fixed_number_pre = 3 }}\n\
             weight = \"10 nS\"\ndelay = \"1 ms\"\n\
             [[projection]]\nfrom = \"{name}_cells\"\nto = \"{name}_cells\"\njunction = \"gap_junction\"\nfrom_at = \"random_points(dend, 1)\"\n\
             at = \"random_points(dend, 1)\"\nself_connections = false\nconnector = \"all_to_all\"\nweight = \"1 nS\"\n"
        ),
        format!(
            "[[record]]\npopulation = \"{name}_cells\"\nat = \"random_points(dend, 2)\"\nvariables = [\"v\"]\nfile = \"{name}_places\"\n\
             [[record]]\npopulation = \"{name}_cells\"\nat = \"soma\"\nvariables = [\"v\", \"na.m\"]\nfile = \"{name}_soma\"\n"
        ),
        format!(
            "[[record]]\npopulation = \"{name}_points\"\ncells = {{ sample = 3 }}\nvariables = [\"v\", \"gsyn_exc\"]\nfile = \"{name}_points\"\n"
        ),
    ]
}

/// Bits of every column and every spike train, by name.
type Bits = BTreeMap<String, Vec<u64>>;

fn bits(worlds: &[[String; 7]]) -> Bits {
    let head = "seed = 5\ntemperature = \"20 degC\"\nrun = { duration = \"60 ms\", dt = \"0.05 ms\" }\n";
    let text: String = (0..7).flat_map(|part| worlds.iter().map(move |world| world[part].as_str())).collect();
    let model =
        experiment::parse(format!("{head}{text}"), "order.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let mut out = Bits::new();
    for (table, rows) in simulation.tables().iter().zip(&memory.tables) {
        let width = table.columns.len() + 1;
        for (at, column) in table.columns.iter().enumerate() {
            let values = rows.chunks(width).map(|row| row[at + 1].to_bits()).collect();
            out.insert(format!("{} {}", table.file, column.name), values);
        }
    }
    for spike in &memory.spikes {
        let train = out.entry(format!("spikes of {}", simulation.cell_name(spike.cell))).or_default();
        train.push(spike.time_s.to_bits());
    }
    out
}

#[test]
fn populations_do_not_depend_on_those_declared_before_them() {
    let (north, south) = (world("north", ["fast", "slow"]), world("south", ["slow", "fast"]));
    let both = bits(&[north.clone(), south.clone()]);
    let swapped = bits(&[south.clone(), north.clone()]);
    assert_eq!(both.keys().collect::<Vec<_>>(), swapped.keys().collect::<Vec<_>>());
    for (name, values) in &both {
        assert_eq!(values, &swapped[name], "{name}");
    }
    // Nor on whether there are any.
    let mut alone = bits(&[north]);
    alone.extend(bits(&[south]));
    for (name, values) in &both {
        assert_eq!(values, &alone[name], "{name}");
    }
    let spikes = |of: &str| {
        both.iter()
            .filter(|(name, _)| name.starts_with("spikes") && name.contains(of))
            .map(|(_, t)| t.len())
            .sum::<usize>()
    };
    assert!(
        spikes("north_cells") > 5 && spikes("south_points") > 5,
        "{} {}",
        spikes("north_cells"),
        spikes("south_points")
    );
    let same: Vec<_> = both
        .iter()
        .filter(|(name, values)| {
            both.get(&name.replace("north", "south")) == Some(values) && name.contains("north")
        })
        .collect();
    assert!(same.is_empty(), "other populations draw other numbers: {same:?}");
}
