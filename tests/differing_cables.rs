//! Cells with a shape that differ within a population: each is as if it were alone with its numbers.

use neuropil::engine::{Memory, Options, Simulation};
use neuropil::experiment;

fn simulate(text: &str) -> (Memory, Vec<String>) {
    let model = experiment::parse(text, "cables.toml").unwrap_or_else(|e| panic!("{e}")).model;
    let mut memory = Memory::default();
    let mut simulation = Simulation::new(&model, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    simulation.run(&mut memory, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let names = simulation.tables()[0].columns.iter().map(|column| column.name.clone()).collect();
    (memory, names)
}

/// Ball and stick with calcium and a synapse of two time constants.
struct Page {
    capacitance: &'static str,
    resistivity: &'static str,
    na: &'static str,
    leak: &'static str,
    decay: &'static str,
    amplitude: String,
    population: String,
}

impl Page {
    fn text(&self) -> String {
        let Page { capacitance, resistivity, na, leak, decay, amplitude, population } = self;
        format!(
            "seed = 2\ntemperature = \"6.3 degC\"\nrun = {{ duration = \"30 ms\", dt = \"0.025 ms\" }}\n\
             [cell.stick]\nmorphology = {{ sections = [\n{{ name = \"soma\", kind = \"soma\", length = \"20 um\", diameter = \"20 um\" }},\n\
             {{ name = \"dend\", kind = \"dendrite\", parent = \"soma\", length = \"200 um\", diameter = \"2 um\" }},\n] }}\n\
             capacitance = \"{capacitance}\"\naxial_resistivity = \"{resistivity}\"\ndiscretisation = {{ max_length = \"20 um\" }}\n\
             channels.na = {{ on = \"soma\", g = \"{na}\", reversal = \"50 mV\" }}\n\
             channels.kdr = {{ on = \"soma\", g = \"36 mS/cm2\", reversal = \"-77 mV\" }}\n\
             channels.pas = {{ on = \"all\", g = \"0.3 mS/cm2\", reversal = \"{leak}\" }}\n\
             synapses.in = {{ synapse = \"expTwoSynapse\", at = \"dend(0.7)\", gbase = \"2 nS\", erev = \"0 mV\", tauRise = \"0.5 ms\", tauDecay = \"{decay}\" }}\n\
             [population.cells]\ncell = \"stick\"\n{population}\n\
             [population.input]\nspike_times = [\"3 ms\", \"20 ms\"]\n\
             [[projection]]\nfrom = \"input\"\nto = \"cells\"\nsynapse = \"in\"\nconnector = \"all_to_all\"\ndelay = \"1 ms\"\n\
             [[stimulus]]\nkind = \"step\"\nat = \"soma\"\nstart = \"8 ms\"\nstop = \"25 ms\"\namplitude = {amplitude}\n\
             [[record]]\npopulation = \"cells\"\nat = \"soma | dend(0.7)\"\nvariables = [\"v\"]\n"
        )
    }
}

#[test]
fn cables_that_differ_are_as_if_each_were_alone() {
    let (c, ra, na, leak) = (
        ["1 uF/cm2", "0.7 uF/cm2", "1.5 uF/cm2"],
        ["100 ohm cm", "250 ohm cm", "35.4 ohm cm"],
        ["120 mS/cm2", "90 mS/cm2", "0 S/cm2"],
        ["-54.3 mV", "-60 mV", "-65 mV"],
    );
    let (decay, amplitude, v) = (["2 ms", "5 ms", "9 ms"], ["0.1 nA", "0.3 nA", "-0.05 nA"], [-65, -60, -70]);
    let m = [0.05, 0.2, 0.01];
    let list = |values: [&str; 3]| format!("{values:?}");
    let together = Page {
        capacitance: c[0],
        resistivity: ra[0],
        na: na[0],
        leak: leak[0],
        decay: decay[0],
        amplitude: list(amplitude),
        population: format!(
            "size = 3\nparameters = {{ capacitance = {}, axial_resistivity = {}, \"na.g\" = {}, \"pas.reversal\" = {}, \"in.tauDecay\" = {} }}\n\
             initial = {{ v = [\"-65 mV\", \"-60 mV\", \"-70 mV\"], \"na.m\" = {m:?} }}",
            list(c),
            list(ra),
            list(na),
            list(leak),
            list(decay)
        ),
    };
    let together = simulate(&together.text()).0;
    assert_eq!(together.tables[0].len(), 1201 * 7);
    for i in 0..3 {
        let alone = Page {
            capacitance: c[i],
            resistivity: ra[i],
            na: na[i],
            leak: leak[i],
            decay: decay[i],
            amplitude: format!("\"{}\"", amplitude[i]),
            population: format!("initial = {{ v = \"{} mV\", \"na.m\" = {} }}", v[i], m[i]),
        };
        let alone = simulate(&alone.text()).0;
        for row in 0..1201 {
            for place in 0..2 {
                let (a, b) =
                    (together.tables[0][7 * row + 1 + 2 * i + place], alone.tables[0][3 * row + 1 + place]);
                assert!((a - b).abs() < 1e-9, "cell {i}, row {row}, place {place}: {a} and {b}");
            }
        }
    }
}

/// A ball with a leak alone: after a step its potential is known.
fn ball(population: &str, amplitude: &str) -> String {
    format!(
        "seed = 4\ntemperature = \"20 degC\"\nrun = {{ duration = \"10 ms\", dt = \"0.01 ms\", method = \"crank_nicolson\" }}\n\
         [cell.ball]\nmorphology = {{ sections = [{{ name = \"soma\", kind = \"soma\", length = \"20 um\", diameter = \"20 um\" }}] }}\n\
         capacitance = \"1 uF/cm2\"\naxial_resistivity = \"100 ohm cm\"\ndiscretisation = 1\ninitial_v = \"-65 mV\"\n\
         channels.pas = {{ on = \"all\", g = \"0.1 mS/cm2\", reversal = \"-65 mV\" }}\n\
         [population.balls]\ncell = \"ball\"\nsize = 4\npositions = [[0, 0, 0], [10, 0, 0], [20, 0, 0], [30, 0, 0]]\n{population}\n\
         [[stimulus]]\nname = \"push\"\nkind = \"dc\"\nat = \"soma\"\namplitude = {amplitude}\n\
         [[record]]\nat = \"soma\"\nvariables = [\"v\"]\n"
    )
}

/// Its potential after `t_ms` with specific capacitance (µF/cm²), leak (mS/cm²) and current (nA), V.
fn known(c: f64, g: f64, current: f64, t_ms: f64) -> f64 {
    let area_cm2 = std::f64::consts::PI * 20e-4 * 20e-4;
    let steady_mv = current * 1e-3 / (g * area_cm2) - 65.0;
    let tau_ms = c / g;
    1e-3 * (steady_mv + (-65.0 - steady_mv) * (-t_ms / tau_ms).exp())
}

#[test]
fn values_by_index_and_place_follow_the_exact_solution() {
    let text = ball(
        "parameters = { capacitance = \"(1 + 0.5 * i) * 1 uF/cm2\", \"pas.g\" = \"0.1 mS/cm2 * (1 + x / (10 um))\" }",
        "\"0.02 nA * (1 + i)\"",
    );
    let (memory, _) = simulate(&text);
    for i in 0..4 {
        let n = i as f64;
        let v = memory.tables[0][1000 * 5 + 1 + i];
        let want = known(1.0 + 0.5 * n, 0.1 * (1.0 + n), 0.02 * (1.0 + n), 10.0);
        assert!((v - want).abs() < 1e-8, "{v} and {want}");
    }
}

#[test]
fn drawn_values_differ_and_are_the_same_whoever_else_is_there() {
    let page = ball(
        "parameters = { \"pas.g\" = { normal = [\"0.1 mS/cm2\", \"0.02 mS/cm2\"] } }",
        "{ uniform = [\"0.01 nA\", \"0.03 nA\"] }",
    );
    let ends = |text: &str| simulate(text).0.tables[0][5000..5005].to_vec();
    let one = ends(&page);
    assert!(one[1..].windows(2).all(|pair| pair[0] != pair[1]), "{one:?}");
    let other = page
        .replace("[population.balls]", "[population.before]\ncell = \"ball\"\nsize = 7\n[population.balls]")
        .replace("name = \"push\"", "name = \"push\"\npopulation = \"balls\"")
        .replace("[[record]]", "[[record]]\npopulation = \"balls\"");
    assert_eq!(one, ends(&other));
}

#[test]
fn states_at_the_start_are_taken() {
    // A conductance of 1 nS at the start that decays with 2 ms moves the ball as the sum of two exponentials.
    let text = ball("initial = { \"in.g\" = [\"0 nS\", \"1 nS\", \"2 nS\", \"3 nS\"] }", "\"0 nA\"").replace("channels.pas", "synapses.in = { synapse = \"exp_syn\", at = \"soma\", gbase = \"1 nS\", tauDecay = \"2 ms\" }\nchannels.pas");
    let (memory, _) = simulate(&text.replace("variables = [\"v\"]", "variables = [\"in.g\"]"));
    for (i, g) in memory.tables[0][1..5].iter().enumerate() {
        assert!((*g - 1e-9 * i as f64).abs() < 1e-23, "{g}");
    }
    let after = &memory.tables[0][5 * 200 + 1..][..4];
    assert!((after[3] - 3e-9 * (-1.0_f64).exp()).abs() < 1e-14, "{after:?}");
}

#[test]
fn numbers_within_a_channel_differ_as_in_channels_of_their_own() {
    let page = |library: &str, channels: &str, population: &str| {
        format!(
            "temperature = \"12 degC\"\nrun = {{ duration = \"20 ms\", dt = \"0.025 ms\" }}\n{library}\n\
             [cell.ball]\nmorphology = {{ sections = [{{ name = \"soma\", kind = \"soma\", length = \"20 um\", diameter = \"20 um\" }}] }}\n\
             capacitance = \"1 uF/cm2\"\naxial_resistivity = \"100 ohm cm\"\ndiscretisation = 1\ninitial_v = \"-65 mV\"\n\
             channels.pas = {{ on = \"all\", g = \"0.3 mS/cm2\", reversal = \"-54.3 mV\" }}\n{channels}\n\
             [population.balls]\ncell = \"ball\"\n{population}\n\
             [[stimulus]]\nkind = \"dc\"\nat = \"soma\"\namplitude = \"0.1 nA\"\n\
             [[record]]\nat = \"soma\"\nvariables = [\"v\"]\n"
        )
    };
    let kdr = |name: &str| {
        format!("channels.{name} = {{ on = \"all\", g = \"36 mS/cm2\", reversal = \"-77 mV\" }}")
    };
    let together = simulate(&page(
        "",
        &kdr("kdr"),
        "size = 2\nparameters = { \"kdr.n/forwardRate/midpoint\" = [\"-50 mV\", \"-58 mV\"], \"kdr.n/q10Settings/q10Factor\" = [2, 4] }",
    ));
    let folder = tempfile::tempdir().unwrap();
    for (i, (midpoint, q10)) in [(-50, 2), (-58, 4)].into_iter().enumerate() {
        // The squid's potassium channel with two numbers changed.
        let own = format!(
            "<neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\" id=\"own\">\n\
             <ionChannelHH id=\"own\" conductance=\"10 pS\" species=\"k\"><gateHHrates id=\"n\" instances=\"4\">\n\
             <q10Settings type=\"q10ExpTemp\" q10Factor=\"{q10}\" experimentalTemp=\"6.3 degC\"/>\n\
             <forwardRate type=\"HHExpLinearRate\" rate=\"0.1 per_ms\" midpoint=\"{midpoint} mV\" scale=\"10 mV\"/>\n\
             <reverseRate type=\"HHExpRate\" rate=\"0.125 per_ms\" midpoint=\"-65 mV\" scale=\"-80 mV\"/>\n\
             </gateHHrates></ionChannelHH></neuroml>"
        );
        let file = folder.path().join(format!("own{i}.nml"));
        std::fs::write(&file, own).unwrap();
        let alone = simulate(&page(&format!("library = [{file:?}]"), &kdr("own"), ""));
        for row in 0..801 {
            let (a, b) = (together.0.tables[0][3 * row + 1 + i], alone.0.tables[0][2 * row + 1]);
            assert!((a - b).abs() < 1e-12, "cell {i}, row {row}: {a} and {b}");
        }
    }
    assert!((together.0.tables[0][3 * 800 + 1] - together.0.tables[0][3 * 800 + 2]).abs() > 1e-3);
}

#[test]
fn what_can_not_differ_is_said() {
    for (population, wanted) in [
        ("parameters = { capacitanse = \"1 uF/cm2\" }", "`capacitanse` is no parameter"),
        ("parameters = { capacitance = \"1 mV\" }", "expected a"),
        ("parameters = { capacitance = [\"1 uF/cm2\"] }", "1 values for 4 cells"),
        ("parameters = { \"nap.g\" = \"1 S/cm2\" }", "nothing that is called `nap`"),
        ("parameters = { \"pas.gmax\" = \"1 pS\" }", "the channel `pas` has no number for `gmax`"),
        ("initial = { \"pas.m\" = 0.1 }", "has no state `m`"),
        ("initial = { m = 0.1 }", "`m` of a cell with a shape"),
    ] {
        let error = experiment::parse(ball(population, "\"0 nA\""), "cables.toml").unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let error = Simulation::new(
        &experiment::parse(
            ball("parameters = { axial_resistivity = \"(i - 1) * 100 ohm cm\" }", "\"0 nA\""),
            "cables.toml",
        )
        .unwrap()
        .model,
        &Options::default(),
    );
    assert!(error.unwrap_err().to_string().contains("must be positive"));
}

#[test]
fn what_follows_from_a_parameter_over_space_follows_it() {
    // The norm that makes the peak gbase follows from both time constants.
    let with = |decay: &str| {
        let synapse = format!(
            "synapses.in = {{ synapse = \"expTwoSynapse\", at = \"dend(0.25) | dend(0.75)\", gbase = \"2 nS\", erev = \"0 mV\", tauRise = \"0.5 ms\", tauDecay = \"{decay}\" }}"
        );
        let text = Page {
            capacitance: "1 uF/cm2",
            resistivity: "100 ohm cm",
            na: "0 S/cm2",
            leak: "-65 mV",
            decay: "2 ms",
            amplitude: "\"0 nA\"".into(),
            population: "initial_v = \"-65 mV\"".into(),
        }
        .text();
        let line = text.lines().find(|line| line.starts_with("synapses.in")).unwrap().to_string();
        let text = text
            .replace(&line, &synapse)
            .replace("at = \"soma | dend(0.7)\"", "at = \"dend(0.25) | dend(0.75)\"")
            .replace("variables = [\"v\"]", "variables = [\"in.g\"]");
        let memory = simulate(&text).0;
        (0..2)
            .map(|at| memory.tables[0].chunks(3).map(|row| row[1 + at]).fold(0.0, f64::max))
            .collect::<Vec<f64>>()
    };
    // 60 and 160 um from the middle of the soma.
    let over = with("by_distance(all, 1 ms + d / (50 um) * 1 ms)");
    for (peak, alone) in over.iter().zip([with("2.2 ms")[0], with("4.2 ms")[1]]) {
        assert!((peak / alone - 1.0).abs() < 1e-9, "{peak} and {alone}");
    }
}

#[test]
fn a_sine_may_have_an_offset() {
    // offset + amplitude sin(2 pi f (t - start) + phase), as PyNN's ACSource: current into a ball of known leak, whose charge is the integral.
    let text = ball("", "\"0 nA\"").replace("kind = \"dc\"\nat = \"soma\"\namplitude = \"0 nA\"", "kind = \"ac\"\nat = \"soma\"\nstart = \"0 ms\"\nstop = \"20 ms\"\namplitude = \"0.05 nA\"\nfrequency = \"500 Hz\"\noffset = \"0.02 nA\"");
    let (memory, _) = simulate(&text);
    // After whole periods the sine has moved the potential by a known part: the exact solution of the linear equation.
    let area_cm2 = std::f64::consts::PI * 20e-4 * 20e-4;
    let (g, tau_s) = (0.1e-3 * area_cm2, 10e-3);
    let (w, t) = (2.0 * std::f64::consts::PI * 500.0, 10e-3);
    let sine = 0.05e-9 / g / (1.0 + (w * tau_s).powi(2))
        * ((w * t).sin() - w * tau_s * (w * t).cos() + w * tau_s * (-t / tau_s).exp());
    let offset = 0.02e-9 / g * (1.0 - (-t / tau_s).exp());
    let found = memory.tables[0][1000 * 5 + 1];
    assert!((found - (-0.065 + sine + offset)).abs() < 2e-7, "{found} and {}", -0.065 + sine + offset);
}
