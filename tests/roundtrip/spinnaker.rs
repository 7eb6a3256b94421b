//! sPyNNaker maps the script on a virtual board: names, ranges, places, routes and data, but no dynamics.

use super::columns::{Outcome, Proof};
use super::run;

const NETWORK: &str = r#"
seed = 3
run = { duration = "50 ms", dt = "1 ms" }
[cell.current]
neuron = "IF_curr_exp"
[cell.conductance]
neuron = "IF_cond_exp"
[population.drive]
size = 4
poisson = { rate = "80 Hz" }
[population.first]
cell = "conductance"
size = 30
parameters = { v_thresh = { uniform = [-52.0, -48.0] } }
[population.second]
cell = "current"
size = 20
[[projection]]
from = "drive"
to = "first"
synapse = "excitatory"
connector = { fixed_probability = 0.5 }
weight = 0.02
delay = "2 ms"
[[projection]]
from = "first"
to = "second"
synapse = "excitatory"
connector = { fixed_number_pre = 5 }
weight = { normal = { mu = 0.5, sigma = 0.1 } }
delay = "20 ms"
[[projection]]
name = "plastic"
from = "second"
to = "second"
synapse = "excitatory"
connector = { fixed_probability = 0.1 }
weight = 0.2
delay = "1 ms"
plasticity = { rule = "stdp_additive", w_max = 1.0 }
[[stimulus]]
name = "pulse"
kind = "step"
population = "second"
cells = [0, 3]
start = "10 ms"
stop = "30 ms"
amplitude = "0.4 nA"
[[record]]
population = "first"
cells = [0, 1]
variables = ["v", "excitatory.g"]
file = "first"
"#;

#[test]
fn a_network_is_mapped_on_a_virtual_board() {
    match run("spinnaker", NETWORK) {
        Outcome::Absent => {}
        Outcome::Shown(Proof::Checked(said)) => {
            assert!(said.starts_with("mapped on a virtual board"), "{said}")
        }
        other => panic!("{other:?}"),
    }
}
