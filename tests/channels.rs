//! The channel library against the equations of the papers, typed in here a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use neuropil::dynamics::Dynamics;
use neuropil::expr::eval::evaluate;
use neuropil::library::{self, Kind};

/// Calcium inside, mM, at which the channels are looked at.
const CALCIUM: f64 = 0.0008;

/// The flat channel `name`.
fn flat(name: &str) -> Dynamics {
    let set = library::set().unwrap();
    set.flatten(set.component(name).unwrap_or_else(|| panic!("no {name}"))).unwrap()
}

/// All quantities of `dynamics` at `v` (mV) and `celsius`, its states being 0.
fn quantities(dynamics: &Dynamics, v: f64, celsius: f64) -> BTreeMap<String, f64> {
    let mut values: BTreeMap<String, f64> =
        dynamics.parameters.iter().map(|p| (p.name.clone(), p.value)).collect();
    for state in &dynamics.states {
        values.insert(state.name.clone(), 0.0);
    }
    for input in &dynamics.inputs {
        let value = match input.name.as_str() {
            "v" => v * 1e-3,
            "temperature" => celsius + 273.15,
            "caConc" => CALCIUM,
            other => panic!("{} reads {other}", dynamics.name),
        };
        values.insert(input.name.clone(), value);
    }
    for derived in &dynamics.derived {
        let value = evaluate(&derived.value, &|name| values.get(name).copied())
            .unwrap_or_else(|error| panic!("{}: {}: {error}", dynamics.name, derived.name));
        values.insert(derived.name.clone(), value);
    }
    values
}

/// Steady state and time constant (ms) of a gate.
type Gate = (f64, f64);

/// A gate from its rates, 1/ms, `q` times as fast.
fn rates(alpha: f64, beta: f64, q: f64) -> Gate {
    (alpha / (alpha + beta), 1.0 / ((alpha + beta) * q))
}

/// x / (1 - exp(-x/y)).
fn linoid(x: f64, y: f64) -> f64 {
    if x == 0.0 { y } else { x / (1.0 - (-x / y).exp()) }
}

fn boltzmann(v: f64, half: f64, slope: f64) -> f64 {
    1.0 / (1.0 + (-(v - half) / slope).exp())
}

/// RT/F, mV.
fn thermal(celsius: f64) -> f64 {
    8.314463 * (celsius + 273.15) / 96485.33 * 1e3
}

/// Colbert and Pan 2002 as in Hay et al. 2011, moved by `shift` mV.
fn cortical_sodium(gate: &str, v: f64, shift: f64, q: f64) -> Gate {
    let m = v + 38.0 - shift;
    let h = v + 66.0 - shift;
    match gate {
        "m" => rates(0.182 * m / (1.0 - (-m / 6.0).exp()), 0.124 * -m / (1.0 - (m / 6.0).exp()), q),
        _ => rates(-0.015 * h / (1.0 - (h / 6.0).exp()), 0.015 * h / (1.0 - (-h / 6.0).exp()), q),
    }
}

/// Migliore et al. 1999: activation of the A-type current.
fn a_type(v: f64, celsius: f64, half: f64, zeta: f64, gamma: f64, a0: f64, least: f64) -> Gate {
    let zeta = zeta - 1.0 / (1.0 + ((v + 40.0) / 5.0).exp());
    let alpha = (zeta * (v - half) / thermal(celsius)).exp();
    let beta = (zeta * gamma * (v - half) / thermal(celsius)).exp();
    let q = 5f64.powf((celsius - 24.0) / 10.0);
    (1.0 / (1.0 + alpha), (beta / (q * a0 * (1.0 + alpha))).max(least))
}

/// What the papers say about `gate` of `channel`.
fn paper(channel: &str, gate: &str, v: f64, celsius: f64) -> Gate {
    let q10 = |factor: f64, from: f64| factor.powf((celsius - from) / 10.0);
    let squid = q10(3.0, 6.3);
    let cortex = q10(2.3, 21.0);
    // Korngreen and Sakmann, Avery and Johnston: before the correction of 10 mV.
    let w = v + 10.0;
    match (channel, gate) {
        ("na", "m") => rates(0.1 * linoid(v + 40.0, 10.0), 4.0 * (-(v + 65.0) / 18.0).exp(), squid),
        ("na", "h") => {
            rates(0.07 * (-(v + 65.0) / 20.0).exp(), 1.0 / ((-(v + 35.0) / 10.0).exp() + 1.0), squid)
        }
        ("kdr", "n") => rates(0.01 * linoid(v + 55.0, 10.0), 0.125 * (-(v + 65.0) / 80.0).exp(), squid),
        ("na_axon", gate) => cortical_sodium(gate, v, 0.0, cortex),
        ("na_soma", gate) => cortical_sodium(gate, v, 6.0, cortex),
        ("nap", "m") => {
            let (_, tau) = cortical_sodium("m", v, 0.0, cortex);
            (1.0 / (1.0 + ((v + 52.6) / -4.6).exp()), 6.0 * tau)
        }
        ("nap", "h") => {
            let alpha = -2.88e-6 * (v + 17.0) / (1.0 - ((v + 17.0) / 4.63).exp());
            let beta = 6.94e-6 * (v + 64.4) / (1.0 - (-(v + 64.4) / 2.63).exp());
            (1.0 / (1.0 + ((v + 48.8) / 10.0).exp()), 1.0 / (alpha + beta) / cortex)
        }
        ("k_p", "m") => {
            let tau =
                if w < -50.0 { 1.25 + 175.03 * (0.026 * w).exp() } else { 1.25 + 13.0 * (-0.026 * w).exp() };
            (boltzmann(w, -1.0, 12.0), tau / cortex)
        }
        ("k_p", "h") => {
            let tau = 360.0 + (1010.0 + 24.0 * (w + 55.0)) * (-((w + 75.0) / 48.0).powi(2)).exp();
            (boltzmann(w, -54.0, -11.0), tau / cortex)
        }
        ("k_t", "m") => {
            (boltzmann(w, 0.0, 19.0), (0.34 + 0.92 * (-((w + 71.0) / 59.0).powi(2)).exp()) / cortex)
        }
        ("k_t", "h") => {
            (boltzmann(w, -66.0, -10.0), (8.0 + 49.0 * (-((w + 73.0) / 23.0).powi(2)).exp()) / cortex)
        }
        ("kv3", "m") => {
            (1.0 / (1.0 + ((v - 18.7) / -9.7).exp()), 0.2 * 20.0 / (1.0 + ((v + 46.56) / -44.14).exp()))
        }
        ("km", "m") => rates(3.3e-3 * (0.1 * (v + 35.0)).exp(), 3.3e-3 * (-0.1 * (v + 35.0)).exp(), cortex),
        ("ih", "m") => {
            rates(0.00643 * (v + 154.9) / (((v + 154.9) / 11.9).exp() - 1.0), 0.193 * (v / 33.1).exp(), 1.0)
        }
        ("ca_hva", "m") => rates(
            0.055 * (-27.0 - v) / (((-27.0 - v) / 3.8).exp() - 1.0),
            0.94 * ((-75.0 - v) / 17.0).exp(),
            1.0,
        ),
        ("ca_hva", "h") => {
            rates(0.000457 * ((-13.0 - v) / 50.0).exp(), 0.0065 / (((-v - 15.0) / 28.0).exp() + 1.0), 1.0)
        }
        ("ca_lva", "m") => {
            (boltzmann(w, -30.0, 6.0), (5.0 + 20.0 / (1.0 + ((w + 25.0) / 5.0).exp())) / cortex)
        }
        ("ca_lva", "h") => {
            (boltzmann(w, -80.0, -6.4), (20.0 + 50.0 / (1.0 + ((w + 40.0) / 7.0).exp())) / cortex)
        }
        ("cal", "m") => {
            rates(15.69 * (81.5 - v) / (((81.5 - v) / 10.0).exp() - 1.0), 0.29 * (-v / 10.86).exp(), 1.0)
        }
        ("can", "m") => {
            rates(0.1967 * (19.88 - v) / (((19.88 - v) / 10.0).exp() - 1.0), 0.046 * (-v / 20.73).exp(), 1.0)
        }
        ("can", "h") => rates(1.6e-4 * (-v / 48.4).exp(), 1.0 / (((39.0 - v) / 10.0).exp() + 1.0), 1.0),
        ("cal" | "can", "s") => (0.001 / (0.001 + CALCIUM), 0.0),
        ("cat", "m") => {
            let tau = 0.612 + 1.0 / ((-(v + 132.0) / 16.7).exp() + ((v + 16.8) / 18.2).exp());
            (boltzmann(v, -57.0, 6.2), tau / q10(5.0, 24.0))
        }
        ("cat", "h") => {
            let tau = if v < -80.0 { ((v + 467.0) / 66.6).exp() } else { 28.0 + (-(v + 22.0) / 10.5).exp() };
            (boltzmann(v, -81.0, -4.0), tau / q10(3.0, 24.0))
        }
        ("sk", "z") => (1.0 / (1.0 + (0.00043 / CALCIUM).powf(4.8)), 1.0),
        ("bk", "o") => {
            let k = |k: f64, delta: f64| k * (-2.0 * delta * v / thermal(celsius)).exp();
            rates(0.48 / (1.0 + k(0.18, 0.84) / CALCIUM), 0.28 / (1.0 + CALCIUM / k(0.011, 1.0)), 1.0)
        }
        ("ka", "n") => a_type(v, celsius, 11.0, -1.5, 0.55, 0.05, 0.1),
        ("ka_dist", "n") => a_type(v, celsius, -1.0, -1.8, 0.39, 0.1, 0.2),
        ("ka" | "ka_dist", "l") => {
            (1.0 / (1.0 + (3.0 * (v + 56.0) / thermal(celsius)).exp()), (0.26 * (v + 50.0)).max(2.0))
        }
        ("na_traub", "m") => {
            let u = v + 63.0;
            rates(
                0.32 * (13.0 - u) / (((13.0 - u) / 4.0).exp() - 1.0),
                0.28 * (u - 40.0) / (((u - 40.0) / 5.0).exp() - 1.0),
                1.0,
            )
        }
        ("na_traub", "h") => {
            let u = v + 63.0;
            rates(0.128 * ((17.0 - u) / 18.0).exp(), 4.0 / (1.0 + ((40.0 - u) / 5.0).exp()), 1.0)
        }
        ("k_traub", "n") => {
            let u = v + 63.0;
            rates(0.032 * (15.0 - u) / (((15.0 - u) / 5.0).exp() - 1.0), 0.5 * ((10.0 - u) / 40.0).exp(), 1.0)
        }
        _ => panic!("no equations for {gate} of {channel}"),
    }
}

fn channels() -> impl Iterator<Item = &'static library::Entry> {
    assert_eq!(
        library::entries().unwrap().len(),
        library::files().filter(|f| !f.path.starts_with("core/")).count()
    );
    library::entries().unwrap().iter().filter(|entry| entry.kind == Kind::IonChannel)
}

#[test]
fn gates_follow_the_papers() {
    for entry in channels() {
        let dynamics = flat(&entry.name);
        for (gate, _) in &entry.gates {
            for celsius in [6.3, 24.0, 36.0] {
                // Off the potentials at which the papers' forms are 0/0.
                for v in (-12..=6).map(|i| f64::from(i) * 10.0 + 0.37) {
                    let found = quantities(&dynamics, v, celsius);
                    let (inf, tau) = paper(&entry.name, gate, v, celsius);
                    let what = format!("{gate} of {} at {v} mV and {celsius} degC", entry.name);
                    for (name, wanted) in [("inf", inf), ("tau", tau * 1e-3)] {
                        let value = found[&format!("{gate}/{name}")];
                        let error = (value - wanted).abs();
                        assert!(error <= 1e-6 * wanted.abs(), "{name} of {what}: {value}, paper {wanted}");
                    }
                }
            }
        }
    }
}

#[test]
fn steady_states_are_fractions_and_times_are_positive() {
    // What resets has no gates, but a time at which it opened.
    for entry in channels().filter(|entry| entry.name != "reset") {
        let dynamics = flat(&entry.name);
        for v in -120..=60 {
            let found = quantities(&dynamics, f64::from(v), 6.3);
            for (gate, _) in &entry.gates {
                let inf = found[&format!("{gate}/inf")];
                let tau = found[&format!("{gate}/tau")];
                assert!((0.0..=1.0).contains(&inf), "{gate} of {}: inf {inf} at {v} mV", entry.name);
                // A gate that follows at once has no time constant.
                let instant = !dynamics.states.iter().any(|s| s.name == format!("{gate}/q"));
                assert!(
                    tau.is_finite() && (tau > 0.0 || instant && tau == 0.0),
                    "{gate} of {}: tau {tau} at {v} mV",
                    entry.name
                );
            }
        }
    }
}

/// The limits of x/(1 - exp(-x)): alpha_m at -40 mV and alpha_n at -55 mV.
#[test]
fn rates_have_their_limits() {
    let m = quantities(&flat("na"), -40.0, 6.3)["m/alpha"];
    assert!((m - 1e3).abs() < 1e-9, "{m}");
    let n = quantities(&flat("kdr"), -55.0, 6.3)["n/alpha"];
    assert!((n - 100.0).abs() < 1e-9, "{n}");
}

/// Hodgkin and Huxley's axon at rest: the values every textbook prints.
#[test]
fn the_squid_axon_at_rest() {
    let na = quantities(&flat("na"), -65.0, 6.3);
    let k = quantities(&flat("kdr"), -65.0, 6.3);
    for (value, wanted) in
        [(na["m/inf"], 0.0529), (na["h/inf"], 0.5961), (k["n/inf"], 0.3177), (k["n/tau"], 5.459e-3)]
    {
        assert!((value - wanted).abs() < 1e-4 * wanted.max(0.5), "{value}, expected {wanted}");
    }
}

#[test]
fn every_file_is_embedded_under_its_own_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("channels");
    let mut found = BTreeSet::new();
    for sub in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if sub.is_dir() {
            for file in std::fs::read_dir(&sub).unwrap().map(|entry| entry.unwrap().path()) {
                let name = file.file_name().unwrap().to_string_lossy().into_owned();
                found.insert(format!("{}/{name}", sub.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    let embedded: BTreeSet<String> = library::files().map(|file| file.path.to_string()).collect();
    assert_eq!(found, embedded);
    let set = library::set().unwrap();
    for path in embedded.iter().filter(|path| !path.starts_with("core/")) {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".xml");
        assert!(set.component(name).is_some(), "{path} holds no component '{name}'");
    }
}

#[test]
fn every_component_is_flat_and_cites_its_source() {
    let set = library::set().unwrap();
    for entry in library::entries().unwrap() {
        let component = set.component(&entry.name).unwrap();
        if let Err(error) = set.flatten(component) {
            panic!("{}: {error}", entry.name);
        }
        assert!(!entry.summary.is_empty(), "{} has no summary", entry.name);
        assert!(!entry.source.is_empty(), "{} has no source", entry.name);
        assert!(entry.text().is_some(), "{} has no file", entry.name);
        if entry.kind == Kind::IonChannel {
            assert!(entry.reversal.is_some(), "{} has no usual reversal potential", entry.name);
            assert!(entry.notes.contains("Source:"), "{} cites nothing", entry.name);
        }
    }
}

#[test]
fn the_table_of_the_readme_is_complete() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("channels/README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    for entry in library::entries().unwrap() {
        assert!(text.contains(&format!("| `{}` |", entry.name)), "{} is not in the table", entry.name);
    }
}

#[test]
fn names_are_found_and_suggested() {
    assert_eq!(library::entry("na").unwrap().gates, [("m".to_string(), 3.0), ("h".to_string(), 1.0)]);
    assert_eq!(library::entry("NaTa_t").unwrap().name, "na_axon");
    assert_eq!(library::entry("kdr").unwrap().reversal, Some(-0.077));
    let error = library::entry("ca_hav").unwrap_err().to_string();
    assert!(error.contains("did you mean 'ca_hva'?"), "{error}");
}

/// A user's file of the same kind: a channel with an equation of its own, on top of the library, that
/// includes the core under the name NeuroML publishes it by.
#[test]
fn a_users_file_works_like_a_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.xml");
    let text = r#"<neuroml>
        <Include file="Cells.xml"/>
        <ComponentType name="my_rate" extends="baseVoltageDepRate">
          <Parameter name="slope" dimension="conductance_per_voltage"/>
          <Constant name="C" dimension="capacitance" value="1 pF"/>
          <Dynamics>
            <DerivedVariable name="r" dimension="per_time" exposure="r" value="slope * abs(v) / C"/>
          </Dynamics>
        </ComponentType>
        <ionChannelHH id="mine" species="k" conductance="10 pS">
          <annotation><property tag="default_erev" value="-90 mV"/></annotation>
          <gateHHrates id="n" instances="2">
            <forwardRate type="my_rate" slope="1 nS_per_mV"/>
            <reverseRate type="HHExpRate" rate="1 per_ms" midpoint="0 mV" scale="10 mV"/>
          </gateHHrates>
        </ionChannelHH>
      </neuroml>"#;
    std::fs::write(&path, text).unwrap();
    let mut set = library::set().unwrap().clone();
    set.read_file(&path, &library::resolver()).unwrap();
    let mine = set.component("mine").unwrap();
    assert_eq!(library::default_reversal(mine), Some(-0.09));
    let dynamics = set.flatten(mine).unwrap();
    let alpha = quantities(&dynamics, -20.0, 6.3)["n/alpha"];
    // 1 nS/mV x 20 mV / 1 pF = 20 /ms
    assert!((alpha - 2e4).abs() < 1e-6, "{alpha}");
}

/// Each component can be read alone, with no more of the core than it stands on.
#[test]
fn parts_of_the_library_stand_alone() {
    for entry in library::entries().unwrap() {
        let set = library::set_naming(&format!("x = \"{}\"", entry.name)).unwrap();
        let component = set.component(&entry.name).unwrap();
        let whole = library::set().unwrap();
        let dynamics = set.flatten(component).unwrap();
        assert_eq!(Ok(dynamics), whole.flatten(whole.component(&entry.name).unwrap()), "{}", entry.name);
    }
    for component_type in library::set().unwrap().types() {
        let set = library::set_naming(&component_type.name).unwrap();
        assert!(set.component_type(&component_type.name).is_some(), "{}", component_type.name);
    }
}
