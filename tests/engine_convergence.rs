//! The order of the engine's errors, measured: in the time step and in the length of compartments.
//!
//! A squid axon fires once under a current that starts smoothly, `A (1 − cos ωt)`, so that nothing
//! but the method limits the order.

mod common;

use common::sim::run;

/// Potentials (mV) at the end, at eighths of the axon.
fn axon(method: &str, dt_us: f64, compartments: u32, duration_ms: f64) -> Vec<f64> {
    // Points between compartments: the mean of the two middles beside it, right to second order.
    let places: Vec<String> = (1..8)
        .flat_map(|k| [-0.5, 0.5].map(|side| f64::from(k) / 8.0 + side / f64::from(compartments)))
        .map(|x| format!("axon({x})"))
        .collect();
    let run = run(&format!(
        r#"
temperature = "6.3 degC"
run = {{ duration = "{duration_ms} ms", dt = "{dt_us} us", method = "{method}" }}
[cell.x]
morphology = {{ sections = [{{ name = "axon", kind = "axon", length = "1000 um", diameter = "4 um" }}] }}
capacitance = "1 uF/cm2"
axial_resistivity = "35.4 ohm cm"
discretisation = {compartments}
initial_v = "-65 mV"
channels.na = {{ on = "all", g = "120 mS/cm2", reversal = "50 mV" }}
channels.kdr = {{ on = "all", g = "36 mS/cm2", reversal = "-77 mV" }}
channels.pas = {{ on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }}
[population.x]
cell = "x"
[[stimulus]]
kind = "dc"
at = "'axon'(0)"
amplitude = "0.6 nA"
[[stimulus]]
kind = "ac"
at = "'axon'(0)"
start = "0 ms"
stop = "1 s"
amplitude = "0.6 nA"
frequency = "100 Hz"
phase = "-90 deg"
[[record]]
at = "{}"
variables = ["v"]
every = "{duration_ms} ms"
file = "v"
"#,
        places.join(" | ").replace("axon(", "'axon'(")
    ));
    let last: Vec<f64> = run.names("v").iter().map(|n| *run.scaled("v", n, 1e3).last().unwrap()).collect();
    assert_eq!(last.len(), 14);
    last.chunks(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect()
}

fn root_mean_square(a: &[f64], b: &[f64]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
    (squares / a.len() as f64).sqrt()
}

/// The orders between successive errors, each of half the step before.
fn orders(what: &str, errors: &[f64]) -> Vec<f64> {
    let orders: Vec<f64> = errors.windows(2).map(|pair| (pair[0] / pair[1]).log2()).collect();
    println!("{what}: errors {errors:?} mV, orders {orders:.3?}");
    orders
}

#[test]
fn backward_euler_is_of_first_order_in_time_and_crank_nicolson_of_second() {
    let fine = axon("crank_nicolson", 0.15625, 48, 4.5);
    for (method, order, coarsest_us) in
        [("backward_euler", 1.0, 5.0), ("crank_nicolson", 2.0, 20.0), ("damped_crank_nicolson", 2.0, 20.0)]
    {
        let error = |k: i32| {
            let v = axon(method, coarsest_us / f64::from(1 << k), 48, 4.5);
            root_mean_square(&v, &fine)
        };
        let orders = orders(method, &[0, 1, 2, 3, 4].map(error));
        for measured in &orders {
            assert!((measured - order).abs() < 0.05, "{method}: {orders:?}");
        }
    }
}

#[test]
fn compartments_are_of_second_order_in_space() {
    let fine = axon("crank_nicolson", 5.0, 2048, 4.5);
    let errors =
        [16, 32, 64, 128, 256].map(|n| root_mean_square(&axon("crank_nicolson", 5.0, n, 4.5), &fine));
    let orders = orders("space", &errors);
    for measured in &orders {
        assert!((measured - 2.0).abs() < 0.05, "{orders:?}");
    }
}

/// Potential (mV) of a spiking cell whose calcium drives a potassium current and its own reversal potential.
fn calcium(method: &str, dt_us: f64) -> f64 {
    let run = run(&format!(
        r#"
temperature = "6.3 degC"
run = {{ duration = "12 ms", dt = "{dt_us} us", method = "{method}" }}
[cell.x]
morphology = {{ sections = [{{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }}] }}
capacitance = "1 uF/cm2"
axial_resistivity = "35.4 ohm cm"
discretisation = 1
initial_v = "-65 mV"
channels.na = {{ on = "all", g = "120 mS/cm2", reversal = "50 mV" }}
channels.kdr = {{ on = "all", g = "36 mS/cm2", reversal = "-77 mV" }}
channels.pas = {{ on = "all", g = "0.3 mS/cm2", reversal = "-54.3 mV" }}
channels.ca_hva = {{ on = "all", g = "2 mS/cm2", reversal = "nernst" }}
channels.sk = {{ on = "all", g = "2 mS/cm2", reversal = "-85 mV" }}
ions.ca = {{ pool = "ca_pool_cortex", on = "all", inside = "100 nM", outside = "2 mM" }}
[population.x]
cell = "x"
[[stimulus]]
kind = "dc"
at = "'soma'(0.5)"
amplitude = "0.1 nA"
[[stimulus]]
kind = "ac"
at = "'soma'(0.5)"
start = "0 ms"
stop = "1 s"
amplitude = "0.1 nA"
frequency = "100 Hz"
phase = "-90 deg"
[[record]]
at = "'soma'(0.5)"
variables = ["v"]
every = "12 ms"
file = "v"
"#
    ));
    let name = run.names("v").first().unwrap().to_string();
    *run.scaled("v", &name, 1e3).last().unwrap()
}

#[test]
fn calcium_and_what_it_drives_are_of_second_order_with_crank_nicolson() {
    let fine = calcium("crank_nicolson", 0.3125);
    for method in ["crank_nicolson", "damped_crank_nicolson"] {
        let errors = [20.0, 10.0, 5.0, 2.5].map(|dt_us| (calcium(method, dt_us) - fine).abs());
        let orders = orders(method, &errors);
        assert!(orders.iter().all(|order| (order - 2.0).abs() < 0.1), "{method}: {orders:?}");
    }
}
