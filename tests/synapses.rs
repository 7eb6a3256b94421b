//! Synapses and calcium pools of the library, run by the plain interpreter, against closed forms.

use neuropil::dynamics::interpret::Instance;
use neuropil::library;

/// A step, s.
const DT: f64 = 1e-5;

/// The current (A, positive inward) of the synapse `name` at -60 mV, at each time of `times` (ms),
/// after events of weight 1 at `events` (ms).
fn currents(name: &str, events: &[f64], times: &[f64]) -> Vec<f64> {
    currents_by(DT, name, events, times)
}

fn currents_by(dt: f64, name: &str, events: &[f64], times: &[f64]) -> Vec<f64> {
    let set = library::set().unwrap();
    let dynamics = set.flatten(set.component(name).unwrap()).unwrap();
    let mut inputs = Vec::new();
    for input in &dynamics.inputs {
        match input.name.as_str() {
            "v" => inputs.push(("v", -0.06)),
            "weight" => inputs.push(("weight", 1.0)),
            _ => {}
        }
    }
    let mut synapse = Instance::new(&dynamics, &inputs).unwrap();
    let last = times.iter().copied().fold(0.0, f64::max);
    let step = |t: f64| (t * 1e-3 / dt).round() as usize;
    let mut found = Vec::new();
    for now in 0..=step(last) {
        for _ in events.iter().filter(|t| step(**t) == now) {
            synapse.event("in").unwrap();
        }
        for _ in times.iter().filter(|t| step(**t) == now) {
            found.push(synapse.value("i").unwrap());
        }
        synapse.rk4(dt).unwrap();
    }
    found
}

/// The double exponential with a peak of 1, `t` ms after its event.
fn double(t: f64, rise: f64, decay: f64) -> f64 {
    if t < 0.0 {
        return 0.0;
    }
    let shape = |t: f64| (-t / decay).exp() - (-t / rise).exp();
    shape(t) / shape((decay / rise).ln() * rise * decay / (decay - rise))
}

fn close(name: &str, found: &[f64], wanted: &[f64]) {
    let scale = wanted.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    assert!(scale > 0.0 && found.len() == wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-6 * scale, "{name}: {found}, expected {wanted}");
    }
}

const EVENTS: [f64; 3] = [1.0, 6.0, 21.0];
const TIMES: [f64; 6] = [1.2, 2.0, 5.5, 7.0, 21.3, 40.0];

/// Sums `kernel(t - event, number of the event)` over the events before each time.
fn sums(kernel: impl Fn(f64, usize) -> f64) -> Vec<f64> {
    let before = |t: f64| EVENTS.iter().enumerate().filter(move |(_, event)| **event <= t);
    TIMES.iter().map(|t| before(*t).map(|(k, event)| kernel(t - event, k)).sum()).collect()
}

/// Driving force of the excitatory synapses at -60 mV times 1 nS, A.
const EXCITATORY: f64 = 0.06 * 1e-9;

#[test]
fn conductances_and_currents_have_their_shapes() {
    let alpha = |t: f64, tau: f64| t / tau * (1.0 - t / tau).exp();
    let cases: [(&str, Vec<f64>); 8] = [
        ("exp_syn", sums(|t, _| EXCITATORY * (-t / 5.0).exp())),
        ("exp2_syn", sums(|t, _| EXCITATORY * double(t, 0.5, 5.0))),
        ("alpha_syn", sums(|t, _| EXCITATORY * alpha(t, 2.0))),
        ("exp_curr", sums(|t, _| 1e-10 * (-t / 5.0).exp())),
        ("exp2_curr", sums(|t, _| 1e-10 * double(t, 0.5, 5.0))),
        ("alpha_curr", sums(|t, _| 1e-10 * alpha(t, 2.0))),
        ("AMPA", sums(|t, _| EXCITATORY * double(t, 0.2, 1.7))),
        ("GABA_A", sums(|t, _| -0.02 * 1e-9 * double(t, 0.2, 8.3))),
    ];
    for (name, wanted) in cases {
        close(name, &currents(name, &EVENTS, &TIMES), &wanted);
    }
}

/// Jahr and Stevens 1990 with 1 mM magnesium.
#[test]
fn magnesium_blocks_nmda() {
    let open = 1.0 / (1.0 + 1.0 / 3.57 * (0.062f64 * 60.0).exp());
    close(
        "NMDA",
        &currents("NMDA", &EVENTS, &TIMES),
        &sums(|t, _| EXCITATORY * open * double(t, 0.29, 43.0)),
    );
}

/// The recursion of Tsodyks, Pawelzik and Markram 1998 (equations 2.1 to 2.3) from event to event.
#[test]
fn short_term_plasticity_follows_its_recursion() {
    let factors = |first: f64, recovery: f64, facilitation: Option<f64>| -> Vec<f64> {
        let (mut resource, mut u) = (1.0, first);
        let mut out = Vec::new();
        for (k, event) in EVENTS.iter().enumerate() {
            if k > 0 {
                let gap = event - EVENTS[k - 1];
                resource = 1.0 - (1.0 - resource) * (-gap / recovery).exp();
                if let Some(tau) = facilitation {
                    u = first + u * (1.0 - first) * (-gap / tau).exp();
                }
            }
            out.push(u * resource);
            resource -= u * resource;
        }
        out
    };
    let depressing = factors(0.5, 800.0, None);
    let name = "tsodyks_markram";
    let wanted = sums(|t, k| EXCITATORY * depressing[k] * double(t, 0.2, 3.0));
    close(name, &currents(name, &EVENTS, &TIMES), &wanted);
    let facilitating = factors(0.03, 130.0, Some(530.0));
    assert!(facilitating[1] > facilitating[0] && depressing[1] < depressing[0]);
    let name = "tsodyks_markram_fac";
    let wanted = sums(|t, k| EXCITATORY * facilitating[k] * double(t, 0.2, 3.0));
    close(name, &currents(name, &EVENTS, &TIMES), &wanted);
}

/// A burst opens far more than its number of single events, at the time the recordings have.
#[test]
fn gaba_b_wants_a_burst() {
    let times: Vec<f64> = (0..400).map(f64::from).collect();
    let burst: Vec<f64> = (0..10).map(|k| 5.0 * f64::from(k)).collect();
    let peak = |events: &[f64]| {
        let found = currents_by(2e-4, "GABA_B", events, &times);
        let at = (0..found.len()).max_by(|a, b| found[*a].abs().total_cmp(&found[*b].abs())).unwrap();
        (times[at], found[at])
    };
    let (single_at, single) = peak(&[0.0]);
    let (burst_at, of_burst) = peak(&burst);
    assert!((95.0..110.0).contains(&single_at) && (115.0..135.0).contains(&burst_at));
    assert!(single < 0.0 && of_burst / single > 1000.0, "{single} {of_burst}");
    let wanted = -0.035 * 1e-9 * gaba_b_with_pulses(10);
    assert!((of_burst / wanted - 1.0).abs() < 5e-3, "{of_burst}, with pulses {wanted}");
}

/// The greatest fraction of channels open when each of `events` events, 5 ms apart, is a pulse of
/// 0.5 mM transmitter over 0.3 ms: Destexhe, Mainen and Sejnowski 1998, in steps of 1 us.
fn gaba_b_with_pulses(events: usize) -> f64 {
    let (mut receptor, mut protein, mut peak) = (0.0f64, 0.0f64, 0.0f64);
    for step in 0..400_000 {
        let transmitter = if step < events * 5000 && step % 5000 < 300 { 0.5 } else { 0.0 };
        let slope = 0.52 * transmitter * (1.0 - receptor) - 0.0013 * receptor;
        protein += 1e-3 * (0.098 * receptor - 0.033 * protein);
        receptor += 1e-3 * slope;
        peak = peak.max(protein.powi(4) / (protein.powi(4) + 100.0));
    }
    peak
}

/// Both pools under a steady calcium current, from rest: exponential approach.
#[test]
fn calcium_pools_fill_and_empty() {
    let (area, faraday) = (1e-9, 96485.33);
    let shell = |depth: f64| {
        let radius = (area / (4.0 * std::f64::consts::PI)).sqrt();
        4.0 / 3.0 * std::f64::consts::PI * (radius.powi(3) - (radius - depth).powi(3))
    };
    let current = 1e-12;
    for (name, rest, tau, rate) in [
        ("ca_pool", 2.4e-4, 5e-3, current / (2.0 * faraday * shell(1e-6))),
        ("ca_pool_cortex", 1e-4, 80e-3, 0.05 * current / (2.0 * faraday * 0.1e-6 * area)),
    ] {
        let set = library::set().unwrap();
        let dynamics = set.flatten(set.component(name).unwrap()).unwrap();
        let inputs = [
            ("iCa", current),
            ("surfaceArea", area),
            ("initialConcentration", rest),
            ("initialExtConcentration", 2.0),
        ];
        let given: Vec<(&str, f64)> =
            inputs.iter().copied().filter(|(i, _)| dynamics.inputs.iter().any(|d| d.name == *i)).collect();
        assert!(given.len() >= 3, "{name}: {:?}", dynamics.inputs);
        let mut pool = Instance::new(&dynamics, &given).unwrap();
        for _ in 0..1000 {
            pool.rk4(DT).unwrap();
        }
        let wanted = rest + rate * tau * (1.0 - (-0.01f64 / tau).exp());
        let found = pool.value("concentration").unwrap();
        // The core's pi has six digits.
        assert!((found / wanted - 1.0).abs() < 1e-5, "{name}: {found}, expected {wanted}");
    }
}
