//! Connections with states of their own against what their equations give in closed form.

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::experiment;

/// A target that spikes when it is kicked, and a receptor too weak to matter whose conductance shows the weights.
const PAIR: &str = r#"
seed = 9
temperature = "20 degC"
run = { duration = "400 ms", dt = "0.1 ms" }
[cell.lif]
neuron = "lif"
C = "200 pF"
leakConductance = "10 nS"
synapses.kick = { synapse = "exp_curr", ibase = "100 nA", tauDecay = "0.1 ms" }
synapses.weak = { synapse = "exp_syn", gbase = "1e-9 nS", tauDecay = "3 ms" }
[population.kicks]
spike_times = ["20 ms", "47.3 ms", "52 ms", "99.9 ms", "101 ms", "180 ms", "260 ms", "300 ms"]
[population.cell]
cell = "lif"
[[projection]]
from = "kicks"
to = "cell"
synapse = "kick"
connector = "all_to_all"
delay = "0.1 ms"
"#;

const PRE_MS: [f64; 9] = [10.0, 25.0, 60.0, 100.0, 101.2, 150.0, 210.0, 299.0, 390.0];

struct Ran {
    /// Spikes of the target, s.
    post: Vec<f64>,
    tables: Vec<Vec<f64>>,
}

fn run(text: &str, options: &Options) -> Ran {
    let model = experiment::parse(text, "pair.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, options).unwrap_or_else(|e| panic!("{e}"));
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let post =
        memory.spikes.iter().filter(|s| simulation.cell_name(s.cell).starts_with("cell")).map(|s| s.time_s);
    Ran { post: post.collect(), tables: memory.tables }
}

fn network(plasticity: &str, weight: f64, delay_ms: f64) -> String {
    let times: Vec<String> = PRE_MS.iter().map(|t| format!("\"{t} ms\"")).collect();
    format!(
        "{PAIR}[population.pre]\nspike_times = [{}]\n[[projection]]\nname = \"plastic\"\nfrom = \"pre\"\nto = \"cell\"\n\
         synapse = \"weak\"\nconnector = \"all_to_all\"\nweight = {weight}\ndelay = \"{delay_ms} ms\"\nplasticity = {plasticity}\n\
         [[record]]\nprojection = \"plastic\"\nvariables = [\"effective\"]\n",
        times.join(", ")
    )
}

/// The weights with which the spikes of the source went on.
fn passed(ran: &Ran, delay_ms: f64) -> Vec<f64> {
    let rows = &ran.tables[0];
    PRE_MS
        .iter()
        .map(|t| {
            let row = ((t + delay_ms) / 0.1).round() as usize;
            assert!((rows[2 * row] - (t + delay_ms) * 1e-3).abs() < 1e-9);
            rows[2 * row + 1]
        })
        .collect()
}

fn close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (f, w) in found.iter().zip(wanted) {
        assert!((f - w).abs() <= 1e-9 * w.abs().max(1e-12), "{found:?}\n{wanted:?}");
    }
}

/// Pair rule by sums over all pairs, with the order of arrival at the synapse; weights as each spike of the source finds them.
fn stdp(
    post: &[f64],
    (delay, fraction): (f64, f64),
    w: f64,
    (tau_plus, tau_minus): (f64, f64),
    up: &dyn Fn(f64, f64) -> f64,
    down: &dyn Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let at_pre: Vec<f64> = PRE_MS.iter().map(|t| t * 1e-3 + (1.0 - fraction) * delay).collect();
    let at_post: Vec<f64> = post.iter().map(|t| t + fraction * delay).collect();
    let mut events: Vec<(f64, bool)> =
        at_pre.iter().map(|t| (*t, true)).chain(at_post.iter().map(|t| (*t, false))).collect();
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    let earlier = |t: f64, of: &[f64], tau: f64| -> f64 {
        of.iter().filter(|s| **s < t - 1e-7).map(|s| (-(t - s) / tau).exp()).sum()
    };
    let (mut w, mut passed) = (w, Vec::new());
    for (t, is_pre) in events {
        if is_pre {
            w = down(w, earlier(t, &at_post, tau_minus));
            passed.push(w);
        } else {
            w = up(w, earlier(t, &at_pre, tau_plus));
        }
    }
    passed
}

#[test]
fn stdp_follows_the_sum_over_all_pairs() {
    let common = "tau_plus = \"15 ms\", tau_minus = \"30 ms\", A_plus = 0.07, A_minus = 0.05, w_min = 0.1, w_max = 2.5";
    let (a, b, low, high) = (0.07, 0.05, 0.1, 2.5);
    let clip = move |w: f64| w.clamp(low, high);
    type Change = Box<dyn Fn(f64, f64) -> f64>;
    let rules: [(&str, Change, Change); 4] = [
        (
            "stdp_additive",
            Box::new(move |w, r| clip(w + a * r * high)),
            Box::new(move |w, o| clip(w - b * o * high)),
        ),
        (
            "stdp_multiplicative",
            Box::new(move |w, r| clip(w + a * r * (high - w))),
            Box::new(move |w, o| clip(w - b * o * (w - low))),
        ),
        (
            "stdp_mixed",
            Box::new(move |w, r| clip(w + a * r * high)),
            Box::new(move |w, o| clip(w - b * o * (w - low))),
        ),
        (
            "stdp_gutig",
            Box::new(move |w, r| clip(w + a * r * (high - low) * ((high - w) / (high - low)).sqrt())),
            Box::new(move |w, o| clip(w - b * o * (high - low) * ((w - low) / (high - low)).sqrt())),
        ),
    ];
    for (name, up, down) in &rules {
        for (delay_ms, fraction) in [(1.0, 1.0), (3.0, 1.0), (4.0, 0.0), (4.0, 0.5)] {
            let plasticity =
                format!("{{ rule = \"{name}\", {common}, dendritic_delay_fraction = {fraction} }}");
            let ran = run(&network(&plasticity, 1.0, delay_ms), &Options::default());
            // One of the kicks falls into the refractory time.
            assert_eq!(ran.post.len(), 7);
            let wanted = stdp(&ran.post, (delay_ms * 1e-3, fraction), 1.0, (0.015, 0.030), up, down);
            close(&passed(&ran, delay_ms), &wanted);
            let rises = wanted.windows(2).any(|pair| pair[1] > pair[0] + 0.02);
            let falls = wanted.windows(2).any(|pair| pair[1] < pair[0] - 0.02);
            assert!(rises && falls, "{wanted:?}");
        }
    }
}

#[test]
fn spikes_at_one_moment_are_no_pair() {
    // The target spikes at 20.2 ms; with no delay behind the synapse a source's spike of 19.2 ms is there at that very step.
    let plasticity =
        "{ rule = \"stdp_additive\", A_plus = 0.1, A_minus = 0.1, dendritic_delay_fraction = 0 }";
    let text = network(plasticity, 0.5, 1.0);
    let ran = run(&text, &Options::default());
    let first = ran.post[0];
    let text = text.replace("\"10 ms\", \"25 ms\"", &format!("\"{} ms\", \"25 ms\"", first * 1e3 - 1.0));
    let ran = run(&text, &Options::default());
    let row = (first / 1e-4).round() as usize;
    assert_eq!(ran.tables[0][2 * row + 1], 0.5);
    // The next one, at 26 ms, is after the target's: depressed by it alone, as the pair of one moment counted neither way.
    let row = (26.0e-3f64 / 1e-4).round() as usize;
    let wanted = 0.5 - 0.1 * (-(26.0e-3 - first) / 0.020).exp();
    assert!((ran.tables[0][2 * row + 1] - wanted).abs() < 1e-12);
}

#[test]
fn tsodyks_and_markram_have_their_closed_form() {
    for (u, rec, facil, syn) in
        [(0.5, 0.8, 0.0, 0.003), (0.04, 0.1, 1.0, 0.003), (0.3, 0.05, 0.2, 0.003), (0.3, 0.003, 0.2, 0.003)]
    {
        let plasticity = format!(
            "{{ rule = \"tsodyks_markram_connection\", U = {u}, tau_rec = \"{} ms\", tau_facil = \"{} ms\" }}",
            rec * 1e3,
            facil * 1e3
        );
        let ran = run(&network(&plasticity, 0.01, 1.0), &Options::default());
        // x recovered, y active, z inactive, from spike to spike by the exact solution of the linear system.
        let (mut x, mut y, mut z, mut used, mut last) = (1.0f64, 0.0f64, 0.0f64, 0.0f64, f64::NAN);
        let wanted: Vec<f64> = PRE_MS
            .iter()
            .map(|t| {
                let dt = if last.is_nan() { 0.0 } else { (t - last) * 1e-3 };
                last = *t;
                let (ey, ez) = ((-dt / syn).exp(), (-dt / rec).exp());
                let gain = if rec == syn { dt / syn * ey } else { rec / (syn - rec) * (ey - ez) };
                z = z * ez + y * gain;
                y *= ey;
                x = 1.0 - y - z;
                used = if facil > 0.0 { used * (-dt / facil).exp() } else { 0.0 };
                used += u * (1.0 - used);
                let released = x * used;
                y += released;
                0.01 * released
            })
            .collect();
        let found = passed(&ran, 1.0);
        let tolerance = if rec == syn { 2e-6 } else { 1e-9 };
        for (f, w) in found.iter().zip(&wanted) {
            assert!((f - w).abs() <= tolerance * w, "{found:?}\n{wanted:?}");
        }
    }
}

#[test]
fn the_published_series_of_tsodyks_and_markram() {
    // Weight 0.01, tau_syn 2 ms, spikes at 10, 60, 110, 610 ms: as NEST gives it.
    for (u, rec, facil, wanted) in [
        (0.5, 800, 0, [0.005, 0.00265, 0.00154, 0.00274]),
        (0.04, 100, 1000, [0.0004, 0.00075, 0.00103, 0.00104]),
    ] {
        let plasticity = format!(
            "{{ rule = \"tsodyks_markram_connection\", U = {u}, tau_rec = \"{rec} ms\", tau_facil = \"{facil} ms\", tau_syn = \"2 ms\" }}"
        );
        let text = network(&plasticity, 0.01, 1.0)
            .replace("duration = \"400 ms\"", "duration = \"620 ms\"")
            .replace("\"10 ms\", \"25 ms\", \"60 ms\", \"100 ms\", \"101.2 ms\", \"150 ms\", \"210 ms\", \"299 ms\", \"390 ms\"", "\"10 ms\", \"60 ms\", \"110 ms\", \"610 ms\"");
        let ran = run(&text, &Options::default());
        for (t, wanted) in [10.0f64, 60.0, 110.0, 610.0].into_iter().zip(wanted) {
            let row = ((t + 1.0) / 0.1).round() as usize;
            let found = ran.tables[0][2 * row + 1];
            assert!((found - wanted).abs() < 0.6e-5, "{t} ms: {found}, not {wanted}");
        }
    }
}

#[test]
fn inhibitory_plasticity_follows_its_rule() {
    let plasticity = "{ rule = \"stdp_vogels\", tau = \"20 ms\", eta = 0.05, rho = \"5 Hz\" }";
    let ran = run(&network(plasticity, 1.0, 1.0), &Options::default());
    let alpha = 2.0 * 5.0 * 0.020;
    let wanted = stdp(&ran.post, (1e-3, 1.0), 1.0, (0.020, 0.020), &|w, r| w + 0.05 * r, &|w, o| {
        w + 0.05 * (o - alpha)
    });
    close(&passed(&ran, 1.0), &wanted);
}

#[test]
fn random_release_has_its_probability_and_its_seed() {
    let text = |threads_seed: u64| {
        format!(
            "seed = {threads_seed}\n{}",
            network("{ rule = \"stochastic_connection\", p = 0.3 }", 2.0, 1.0)
                .replace("\nseed = 9\n", "\n")
                .replace("[population.pre]\n", "[population.pre]\nsize = 400\n")
        )
    };
    let all = |seed: u64| {
        let ran = run(&text(seed), &Options { group_size: 1, ..Options::default() });
        let row = ((100.0f64 + 1.0) / 0.1).round() as usize;
        ran.tables[0][401 * row + 1..401 * (row + 1)].to_vec()
    };
    let first = all(1);
    assert!(first.iter().all(|w| *w == 0.0 || *w == 2.0));
    let passed = first.iter().filter(|w| **w == 2.0).count() as f64;
    // Five standard deviations of a binomial number of 400 and 0.3.
    assert!((passed - 120.0).abs() < 5.0 * 9.17, "{passed}");
    assert_eq!(first, all(1));
    assert_ne!(first, all(2));
}

#[test]
fn release_from_several_sites_has_its_mean_and_its_variance() {
    // Each of n sites is full or empty by itself, so what is released at each spike is binomially distributed.
    let (n, u_rest, tau_rec, tau_facil, weight) = (7.0, 0.3, 60.0, 40.0, 2.0);
    let rule = "{ rule = \"stochastic_tsodyks_markram\", sites = 7, U = 0.3, tau_rec = \"60 ms\", tau_facil = \"40 ms\" }";
    let connections = 400;
    let text = network(rule, weight, 1.0)
        .replace("[population.pre]\n", &format!("[population.pre]\nsize = {connections}\n"));
    let ran = run(&text, &Options::default());
    let (mut u, mut full, mut last) = (0.0, 1.0, 0.0);
    for t in PRE_MS {
        let elapsed: f64 = t - last;
        u = u_rest + u * (1.0 - u_rest) * (-elapsed / tau_facil).exp();
        full = 1.0 - (1.0 - full) * (-elapsed / tau_rec).exp();
        let p = full * u;
        let row = ((t + 1.0) / 0.1).round() as usize;
        let width = 7 * connections + 1;
        let passed = &ran.tables[0][width * row + 1..width * (row + 1)];
        let quanta: Vec<f64> = passed.chunks(7).map(|sites| sites.iter().sum::<f64>() * n / weight).collect();
        assert!(quanta.iter().all(|k| (k - k.round()).abs() < 1e-9 && (0.0..=n).contains(&k.round())));
        let count = connections as f64;
        let mean = quanta.iter().sum::<f64>() / count;
        let variance = quanta.iter().map(|k| (k - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let wanted = n * p * (1.0 - p);
        assert!((mean - n * p).abs() < 4.0 * (wanted / count).sqrt(), "{t} ms: {mean}, not {}", n * p);
        // The variance of a sample's variance, from the fourth moment of a binomial number.
        let fourth = wanted * (1.0 + 3.0 * (n - 2.0) * p * (1.0 - p));
        let spread = ((fourth - wanted * wanted) / count).sqrt();
        assert!((variance - wanted).abs() < 4.0 * spread, "{t} ms: {variance}, not {wanted}");
        (full, last) = (full - p, t);
    }
}

#[test]
fn neither_threads_nor_groups_change_a_plastic_network() {
    let text = r#"
seed = 4
temperature = "20 degC"
run = { duration = "100 ms", dt = "0.1 ms" }
[cell.lif]
neuron = "lif"
synapses.in = { synapse = "exp_syn", gbase = "3 nS" }
[population.noise]
size = 40
poisson = { rate = "150 Hz" }
[population.cells]
cell = "lif"
size = 60
[[projection]]
from = "noise"
to = "cells"
synapse = "in"
connector = { fixed_probability = 0.5 }
delay = "1 ms"
plasticity = { rule = "stochastic_tsodyks_markram", U = { uniform = [0.2, 0.9] }, tau_rec = "50 ms", tau_facil = "20 ms" }
[[projection]]
name = "inside"
from = "cells"
to = "cells"
synapse = "in"
connector = { fixed_probability = 0.3 }
weight = { uniform = [0.2, 0.8] }
delay = { uniform = ["0.3 ms", "4 ms"] }
plasticity = { rule = "stdp_multiplicative", A_plus = 0.1, A_minus = 0.08 }
[[record]]
population = "cells"
variables = ["v"]
[[record]]
projection = "inside"
variables = ["w"]
every = "10 ms"
"#;
    let first = run(text, &Options { threads: 1, ..Options::default() });
    assert!(first.post.len() > 100, "{}", first.post.len());
    for (threads, group_size) in [(2, 7), (1, 1), (3, 16)] {
        let again = run(text, &Options { threads, group_size, ..Options::default() });
        assert_eq!((&first.post, &first.tables), (&again.post, &again.tables));
    }
}

#[test]
fn release_sites_let_go_one_by_one() {
    // PyNN's MultiQuantalSynapse. Of n sites, which recover fast, each lets go with probability U: the count is binomial.
    let (n, u) = (5, 0.3);
    let times: Vec<String> = (1..=800).map(|i| format!("\"{} ms\"", 10 * i)).collect();
    let text = network(
        &format!(
            "{{ rule = \"stochastic_tsodyks_markram\", U = {u}, tau_rec = \"0.1 ms\", tau_facil = \"0 ms\", sites = {n} }}"
        ),
        2.0,
        1.0,
    );
    let start = text.find("[population.pre]").unwrap();
    let end = start + text[start..].find("[[projection]]").unwrap();
    let text =
        format!("{}[population.pre]\nspike_times = [{}]\n{}", &text[..start], times.join(", "), &text[end..]);
    let text = text.replace("duration = \"400 ms\"", "duration = \"8010 ms\"");
    let ran = run(&text, &Options::default());
    let width = ran.tables[0].len() / 80101;
    assert_eq!(width, n + 1, "a column for each site");
    // What passed at each spike, as shares of the whole weight.
    let mut counts = vec![0.0; n + 1];
    for spike in 1..=800 {
        let row = &ran.tables[0][width * (100 * spike + 5)..][1..width];
        assert!(row.iter().all(|site| *site == 0.0 || (*site - 2.0 / n as f64).abs() < 1e-12), "{row:?}");
        counts[row.iter().filter(|site| **site > 0.0).count()] += 1.0;
    }
    let mut chi2 = 0.0;
    for (k, count) in counts.iter().enumerate() {
        let ways: f64 = (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product();
        let expected = 800.0 * ways * f64::powi(u, k as i32) * f64::powi(1.0 - u, (n - k) as i32);
        chi2 += (count - expected) * (count - expected) / expected;
    }
    // Five degrees of freedom: one in a thousand lies above 20.5.
    assert!(chi2 < 20.5, "{counts:?}: {chi2}");
}

#[test]
fn wrong_rules_are_named() {
    let fault = |plasticity: &str| {
        experiment::parse(network(plasticity, 1.0, 1.0), "pair.toml").unwrap_err().to_string()
    };
    for (plasticity, wanted) in [
        ("{ rule = \"stdp_addative\" }", "did you mean `stdp_additive`"),
        ("{ rule = \"AMPA\" }", "`AMPA` is no rule for connections"),
        ("{ rule = \"stdp_additive\", tau = \"1 ms\" }", "has no parameter `tau`"),
        ("{ rule = \"stdp_additive\", w_max = \"1 nA\" }", "found a current"),
        ("{ rule = \"stdp_additive\", dendritic_delay_fraction = 1.5 }", "1.5 is no share of the delay"),
        ("{ tau_plus = \"1 ms\" }", "`rule` is missing"),
        ("{ rule = \"stochastic_tsodyks_markram\", sites = 0 }", "0 release sites"),
    ] {
        let found = fault(plasticity);
        assert!(found.contains(wanted), "{plasticity}\n{found}");
    }
}

#[test]
fn parameters_of_the_rule_may_stand_in_the_list_of_connections() {
    let rule = |parameters: &str| {
        format!("{{ rule = \"tsodyks_markram_connection\"{parameters}, tau_facil = \"20 ms\" }}")
    };
    let plain = network(&rule(", U = 0.3, tau_rec = \"50 ms\""), 0.01, 1.0);
    let wanted = passed(&run(&plain, &Options::default()), 1.0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.txt");
    std::fs::write(&file, "# columns = [\"i\", \"j\", \"U\", \"tau_rec\"]\n0 0 0.3 50\n").unwrap();
    let named = format!("{{ file = {:?} }}", file.to_str().unwrap());
    for listed in ["{ list = [[0, 0, 0.3, \"50 ms\"]], columns = [\"U\", \"tau_rec\"] }", &named] {
        let text = network(&rule(""), 0.01, 1.0);
        let (before, after) = text.rsplit_once("connector = \"all_to_all\"").unwrap();
        let found = run(&format!("{before}connector = {listed}{after}"), &Options::default());
        close(&passed(&found, 1.0), &wanted);
    }
    for (listed, parameters, fault) in [
        ("{ list = [[0, 0, 0.3]], columns = [\"V\"] }", "", "has no parameter `V`"),
        ("{ list = [[0, 0, 0.3]], columns = [\"U\"] }", ", U = 0.5", "stands in the list of connections too"),
        ("{ list = [[0, 0, \"3 mV\"]], columns = [\"tau_rec\"] }", "", "expected a time, found a voltage"),
        ("{ list = [[0, 0]], columns = [\"U\"] }", "", "[source, target, U]"),
    ] {
        let text = network(&rule(parameters), 0.01, 1.0);
        let (before, after) = text.rsplit_once("connector = \"all_to_all\"").unwrap();
        let error = experiment::parse(format!("{before}connector = {listed}{after}"), "a.toml")
            .unwrap_err()
            .to_string();
        assert!(error.contains(fault), "{error}");
    }
}
