//! What all targets rest on.

use super::names::{Names, short_names};
use super::tidy::{constant_names, tidy};
use crate::dynamics::Dynamics;
use crate::dynamics::interpret::Instance;
use crate::library;
use crate::model::Density;
use crate::select::Region;

fn sodium() -> Dynamics {
    let density = Density::ohmic("na", Region::All, 1200.0, 0.05).unwrap();
    tidy(&density.dynamics, &["iDensity"], &[("temperature", 279.45)], &[])
}

/// The equations with short names.
fn equations(dynamics: &Dynamics) -> Vec<String> {
    let paths: Vec<&str> = dynamics
        .states
        .iter()
        .map(|s| s.name.as_str())
        .chain(dynamics.derived.iter().map(|d| d.name.as_str()))
        .chain(dynamics.parameters.iter().map(|p| p.name.as_str()))
        .collect();
    let short = short_names(&paths, &mut Names::new(&["v"]));
    let named = |name: &str| crate::expr::Expr::name(short.get(name).map_or(name, String::as_str));
    let derived =
        dynamics.derived.iter().map(|d| format!("{} = {}", short[&d.name], d.value.map_names(&named)));
    let rates = dynamics
        .derivatives
        .iter()
        .map(|(s, d)| format!("{}' = {}", short[&dynamics.states[*s].name], d.map_names(&named)));
    derived.chain(rates).collect()
}

#[test]
fn a_channel_reads_as_in_a_paper() {
    let wanted = [
        "iDensity = condDensity * (m ^ 3 * h) * (erev - v)",
        "m_q10Settings_q10 = m_q10Settings_q10Factor ^ ((temperature - m_q10Settings_experimentalTemp) / m_q10Settings_TENDEGREES)",
        "m_forwardRate_x = (v - m_forwardRate_midpoint) / m_forwardRate_scale",
        "m_alpha = if(m_forwardRate_x .eq. 0, m_forwardRate_rate, m_forwardRate_rate * m_forwardRate_x / (1 - exp(-m_forwardRate_x)))",
        "m_beta = m_reverseRate_rate * exp((v - m_reverseRate_midpoint) / m_reverseRate_scale)",
        "m_inf = m_alpha / (m_alpha + m_beta)",
        "m_tau = 1 / ((m_alpha + m_beta) * m_rateScale)",
    ];
    let found = equations(&sodium());
    for line in wanted.iter().filter(|line| !line.contains("q10")) {
        assert!(found.contains(&line.to_string()), "{line}\n{found:#?}");
    }
    assert_eq!(found.last().unwrap(), "h' = (h_inf - h) / h_tau");
    assert_eq!(found.len(), 14, "{found:#?}");
}

/// Every component of the library, as it is and made tidy, through the interpreter: the same values at every exposure.
#[test]
fn tidy_means_the_same() {
    let set = library::set().unwrap();
    let mut compared = 0;
    for component in set.components() {
        let Ok(full) = set.flatten(component) else { continue };
        if full.expressions().any(crate::expr::Expr::calls_random) {
            continue;
        }
        let roots: Vec<&str> = full.exposures.iter().map(|(exposed, _)| exposed.as_str()).collect();
        let short = tidy(&full, &roots, &[], &[]);
        let inputs: Vec<(&str, f64)> = full
            .inputs
            .iter()
            .map(|i| {
                let value = match i.name.as_str() {
                    "v" => -0.047,
                    "temperature" => 300.0,
                    "caConc" => 1e-4,
                    "caConcExt" => 2.0,
                    "weight" => 0.7,
                    name if name.starts_with('i') => 1e-12,
                    _ => 0.0,
                };
                (i.name.as_str(), value)
            })
            .collect();
        let known: Vec<(&str, f64)> =
            inputs.iter().copied().filter(|(name, _)| short.inputs.iter().any(|i| i.name == *name)).collect();
        let mut one = Instance::new(&full, &inputs).unwrap();
        let mut other = Instance::new(&short, &known).unwrap();
        let v = |step: u32| -0.08 + 0.01 * f64::from(step % 9);
        for step in 0..30 {
            for instance in [&mut one, &mut other] {
                if instance.set_input("v", v(step)).is_ok() {
                    instance.update().unwrap();
                }
                instance.rk4(2e-5).unwrap();
            }
            for name in &roots {
                let (a, b) = (one.value(name).unwrap(), other.value(name).unwrap());
                let alike = a == b || (a - b).abs() <= 1e-12 * a.abs() || (a.is_nan() && b.is_nan());
                assert!(alike, "{} at step {step}: {name} = {a}, tidy {b}", full.name);
                compared += 1;
            }
        }
    }
    assert!(compared > 5000, "{compared}");
}

#[test]
fn what_never_changes_is_known() {
    let sodium = sodium();
    let constant = constant_names(&sodium);
    assert!(
        constant.contains("ionChannel/m/rateScale") && !constant.contains("ionChannel/m/alpha"),
        "{constant:?}"
    );
}

#[test]
fn cells_of_neuroml_are_standard_cells() {
    let text = r#"
run = { duration = "1 ms", dt = "0.1 ms" }
[cell.lif]
neuron = "lif"
C = "250 pF"
leakConductance = "12.5 nS"
synapses.excitatory = { synapse = "exp_syn", gbase = "1 nS", tauDecay = "5 ms", erev = "0 mV" }
synapses.inhibitory = { synapse = "exp_syn", gbase = "2 nS", tauDecay = "10 ms", erev = "-80 mV" }
[population.p]
cell = "lif"
size = 3
parameters = { C = ["250 pF", "500 pF", "250 pF"] }
"#;
    let model = crate::experiment::parse(text, std::path::Path::new(".")).unwrap().model;
    let crate::model::PopulationCell::Point(cell) = &model.populations[0].cell else { panic!() };
    let standard = super::standard::standard(&model.populations[0], cell).unwrap();
    let value =
        |name: &str| standard.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap();
    assert_eq!(standard.name, "IF_cond_exp");
    assert_eq!(value("cm"), [0.25, 0.5, 0.25]);
    assert_eq!(value("tau_m"), [20.0, 40.0, 20.0]);
    assert_eq!((value("tau_syn_I"), value("e_rev_I")), (vec![10.0], vec![-80.0]));
    assert_eq!(standard.receptors[1].name, "inhibitory");
    assert!((standard.receptors[1].weight - 0.002).abs() < 1e-18);
}
