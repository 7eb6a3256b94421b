//! Compiled equations against plain arithmetic: random expressions, and every channel, pool and synapse
//! of the library.

mod common;

use common::sim::{model, run_model};
use neuropil::dynamics::graph::{Graph, Kind, NodeId};
use neuropil::dynamics::interpret::Instance;
use neuropil::dynamics::scope::Scope;
use neuropil::dynamics::{Dynamics, Variable};
use neuropil::engine::Options;
use neuropil::expr::{BinaryOp, CompareOp, Expr, Function, eval, parse};
use neuropil::library;
use neuropil::model::PopulationCell;
use neuropil::rng::{Purpose, Stream};
use neuropil::simd::Level;
use neuropil::units::Dimension;
use neuropil::vm::{Arena, BoundProgram, Leaf, Outputs, Scratch, lower};
use proptest::prelude::*;

const NAMES: [&str; 3] = ["x", "y", "z"];
const EPSILON: f64 = f64::EPSILON / 2.0;

/// A dynamics that only reads [`NAMES`].
fn reader() -> Dynamics {
    let input = |name: &str| Variable { name: name.into(), dimension: Dimension::NONE };
    Dynamics { inputs: NAMES.map(input).to_vec(), ..Dynamics::default() }
}

/// The graph of `expr` over [`NAMES`], its root and the leaves.
fn graph(expr: &Expr) -> (Graph, NodeId, [NodeId; 3]) {
    let reader = reader();
    let mut graph = Graph::new();
    let leaves = [0, 1, 2].map(|i| graph.symbol(i));
    let mut scope = Scope::new(&reader, &[]);
    for (name, leaf) in NAMES.into_iter().zip(leaves) {
        scope.bind(name, leaf);
    }
    let root = scope.expression(&mut graph, expr).unwrap();
    (graph, root, leaves)
}

/// What the compiled `node` gives for values of [`NAMES`] in eight lanes.
fn compiled(graph: &Graph, node: NodeId, values: &[[f64; 3]; 8]) -> [f64; 8] {
    let leaves = [0, 1, 2].map(Leaf::Array);
    let outputs = Outputs { stores: vec![(node, 3)], ..Outputs::default() };
    let mut program = lower(graph, &leaves, &outputs).unwrap();
    program.n_arrays = 4;
    let bound = BoundProgram::new(&program, &[0, 8, 16, 24], 8, Vec::new(), 32).unwrap();
    let mut arena = Arena::zeros(32);
    for (lane, values) in values.iter().enumerate() {
        for (k, value) in values.iter().enumerate() {
            arena[8 * k + lane] = *value;
        }
    }
    bound.run(Level::fastest(), &mut arena, &[0.0; 4], &mut Scratch::default());
    std::array::from_fn(|lane| arena[24 + lane])
}

/// A value with a bound on its rounding error, however sums and products are ordered, and its derivative
/// by `x` with the sum of the sizes of the terms that it is made of.
#[derive(Clone, Copy)]
struct Analysed {
    value: f64,
    error: f64,
    slope: f64,
    size: f64,
}

/// `None` where the value hangs on the last bits.
fn analyse(expr: &Expr, at: &[f64; 3]) -> Option<Analysed> {
    let plain = |value: f64, error: f64, slope: f64, size: f64| Some(Analysed { value, error, slope, size });
    let result = match expr {
        Expr::Number(x) => plain(*x, 0.0, 0.0, 0.0),
        Expr::Name(name) => {
            let k = NAMES.iter().position(|n| n == name)?;
            let slope = if k == 0 { 1.0 } else { 0.0 };
            plain(at[k], 0.0, slope, slope)
        }
        Expr::Negate(a) => {
            let a = analyse(a, at)?;
            plain(-a.value, a.error, -a.slope, a.size)
        }
        Expr::Binary(op, a, b) => {
            let (a, b) = (analyse(a, at)?, analyse(b, at)?);
            let value = eval::binary(*op, a.value, b.value);
            match op {
                BinaryOp::Add | BinaryOp::Sub => {
                    let error = a.error + b.error + EPSILON * (a.value.abs() + b.value.abs());
                    let slope = if *op == BinaryOp::Add { a.slope + b.slope } else { a.slope - b.slope };
                    plain(value, error, slope, a.size + b.size)
                }
                BinaryOp::Mul => {
                    let error =
                        a.value.abs() * b.error + b.value.abs() * a.error + 2.0 * EPSILON * value.abs();
                    let slope = a.slope * b.value + a.value * b.slope;
                    plain(value, error, slope, a.size * b.value.abs() + a.value.abs() * b.size)
                }
                BinaryOp::Div => {
                    if b.value.abs() < 1e-2 {
                        return None;
                    }
                    let error =
                        (a.error + value.abs() * b.error) / b.value.abs() + 2.0 * EPSILON * value.abs();
                    let slope = (a.slope - value * b.slope) / b.value;
                    plain(value, error, slope, (a.size + value.abs() * b.size) / b.value.abs())
                }
                BinaryOp::Pow => {
                    if a.value < 1e-2 || b.slope != 0.0 || b.size != 0.0 {
                        return None;
                    }
                    let relative = (b.value / a.value).abs();
                    let ln = a.value.ln().abs();
                    let error = value.abs()
                        * (relative * a.error + ln * b.error + (4.0 + b.value.abs() * ln) * EPSILON);
                    let slope = value * b.value / a.value * a.slope;
                    plain(value, error, slope, value.abs() * relative * a.size)
                }
            }
        }
        Expr::Call(f, a) => {
            let a = analyse(a, at)?;
            let (x, value) = (a.value, eval::call(*f, a.value));
            let derivative = match f {
                Function::Exp if x.abs() < 30.0 => value,
                Function::Ln if x > 1e-2 => 1.0 / x,
                Function::Sqrt if x > 1e-2 => 0.5 / value,
                Function::Sin => x.cos(),
                Function::Cos => -x.sin(),
                Function::Tanh => 1.0 - value * value,
                Function::Sinh if x.abs() < 30.0 => x.cosh(),
                Function::Cosh if x.abs() < 30.0 => x.sinh(),
                Function::Abs if x.abs() > 1e-2 => x.signum(),
                _ => return None,
            };
            // The derivative itself moves with the error of its argument.
            let error = (derivative.abs() + a.error) * a.error + 4.0 * EPSILON * (value.abs() + 1.0);
            plain(value, error, derivative * a.slope, derivative.abs() * a.size)
        }
        Expr::Select(test, a, b) => {
            let Expr::Compare(op, left, right) = &**test else { return None };
            let (left, right) = (analyse(left, at)?, analyse(right, at)?);
            let doubt = left.error + right.error + EPSILON * (left.value.abs() + right.value.abs());
            if (left.value - right.value).abs() <= 1e3 * doubt {
                return None;
            }
            return analyse(if eval::compare(*op, left.value, right.value) { a } else { b }, at);
        }
        _ => None,
    }?;
    (result.value.abs() < 1e8 && result.size < 1e8).then_some(result)
}

fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        2 => (-3.0..3.0).prop_map(Expr::Number),
        1 => prop::sample::select(vec![0.0, 1.0, -1.0, 0.5, 2.0]).prop_map(Expr::Number),
        5 => prop::sample::select(NAMES.to_vec()).prop_map(Expr::name),
    ];
    leaf.prop_recursive(6, 48, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let operators = prop::sample::select(vec![
            BinaryOp::Add,
            BinaryOp::Add,
            BinaryOp::Sub,
            BinaryOp::Mul,
            BinaryOp::Mul,
            BinaryOp::Div,
        ]);
        let functions = prop::sample::select(vec![
            Function::Exp,
            Function::Exp,
            Function::Ln,
            Function::Sqrt,
            Function::Sin,
            Function::Cos,
            Function::Tanh,
            Function::Sinh,
            Function::Cosh,
            Function::Abs,
        ]);
        let comparisons = prop::sample::select(vec![CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge]);
        prop_oneof![
            6 => (operators, two.clone()).prop_map(|(op, (a, b))| Expr::binary(op, a, b)),
            2 => (functions, inner.clone()).prop_map(|(f, a)| Expr::Call(f, Box::new(a))),
            1 => (inner.clone(), prop_oneof![(-4..5).prop_map(f64::from), -2.0..2.0])
                .prop_map(|(a, e)| Expr::binary(BinaryOp::Pow, a, Expr::Number(e))),
            1 => (inner.clone(), -2.0..2.0, -3.0..3.0).prop_map(|(a, k, c)| {
                let scaled = Expr::binary(BinaryOp::Mul, Expr::Number(k), a);
                Expr::binary(BinaryOp::Add, scaled, Expr::Number(c))
            }),
            1 => inner.clone().prop_map(|a| {
                let exp = Expr::Call(Function::Exp, Box::new(a));
                Expr::binary(BinaryOp::Div, Expr::Number(1.0), Expr::binary(BinaryOp::Add, Expr::Number(1.0), exp))
            }),
            1 => (comparisons, two, (inner.clone(), inner.clone())).prop_map(|(op, (a, b), (c, d))| {
                Expr::Select(Box::new(Expr::Compare(op, Box::new(a), Box::new(b))), Box::new(c), Box::new(d))
            }),
            1 => inner.prop_map(|a| Expr::Negate(Box::new(a))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compiled_expressions_and_slopes_are_those_of_the_text(
        expr in expression(),
        values in prop::array::uniform8(prop::array::uniform3(-3.0..3.0)),
    ) {
        let (mut graph, root, leaves) = graph(&expr);
        let got = compiled(&graph, root, &values);
        let slope = graph.derivative(root, leaves[0]);
        let slopes = compiled(&graph, slope, &values);
        for (lane, at) in values.iter().enumerate() {
            let Some(want) = analyse(&expr, at) else { continue };
            let most = 200.0 * (want.error + EPSILON * want.value.abs());
            prop_assert!((got[lane] - want.value).abs() <= most, "{:?} at {:?}: {:e}, not {:e}", expr, at, got[lane], want.value);
            if want.error < 1e-12 * (want.value.abs() + 1e-3) {
                let most = 1e-8 * (want.size + want.slope.abs()) + 1e-12;
                prop_assert!(
                    (slopes[lane] - want.slope).abs() <= most,
                    "slope of {:?} at {:?}: {:e}, not {:e}", expr, at, slopes[lane], want.slope
                );
            }
        }
    }
}

/// Every node that `root` stands on.
fn kinds(graph: &Graph, root: NodeId) -> Vec<Kind> {
    let (mut seen, mut stack) = (Vec::new(), vec![root]);
    while let Some(node) = stack.pop() {
        if !seen.contains(&node) {
            seen.push(node);
            graph.operands(node, &mut |operand| stack.push(operand));
        }
    }
    seen.into_iter().map(|node| graph.kind(node).clone()).collect()
}

#[test]
fn removable_singularities_are_found_in_every_way_of_writing_them() {
    for (text, closed, at, limit) in [
        ("x / (exp(x) - 1)", "exprel", 0.0, 1.0),
        ("(x + 2) / (1 - exp(-(x + 2)))", "exprel", -2.0, 1.0),
        ("0.1 * (x + 4) / (1 - exp(-(x + 4) / 10))", "exprel", -4.0, 1.0),
        ("0.32 * (13 - x) / (exp((13 - x) / 4) - 1)", "exprel", 13.0, 1.28),
        ("3 * ((x - 1) / 5) / (1 - exp(-(x - 1) / 5)) * y", "exprel", 1.0, 6.0),
        ("1 / (1 + exp(-(x + 3) / 7))", "sigmoid", -3.0, 0.5),
        ("2 / (exp((x - 1) * 4) + 1)", "sigmoid", 1.0, 1.0),
        ("y / (5 + 5 * exp(x))", "sigmoid", 0.0, 0.2),
    ] {
        let (graph, root, _) = graph(&parse(text).unwrap());
        let kinds = kinds(&graph, root);
        let found = kinds.iter().any(|k| match closed {
            "exprel" => matches!(k, Kind::ExpRel(_)),
            _ => matches!(k, Kind::Sigmoid(_)),
        });
        let left = kinds.iter().any(|k| matches!(k, Kind::Call(Function::Exp, _)));
        assert!(found && !left, "{text}: {kinds:?}");
        for near in [0.0, 1e-12, -1e-7, 1e-4] {
            let got = compiled(&graph, root, &[[at + near, 2.0, 0.0]; 8])[0];
            let most = 1e-12 + 4.0 * f64::abs(near);
            assert!((got - limit).abs() <= most * limit, "{text} at {at} + {near:e}: {got}, not {limit}");
        }
    }
}

#[test]
fn rates_of_neuroml_compile_without_choices() {
    let set = library::set().unwrap();
    let text = r#"<neuroml id="n"><ionChannelHH id="probe" conductance="1 pS">
        <gateHHrates id="m" instances="3">
            <forwardRate type="HHExpLinearRate" rate="1 per_ms" midpoint="-40 mV" scale="10 mV"/>
            <reverseRate type="HHSigmoidRate" rate="4 per_ms" midpoint="-65 mV" scale="-18 mV"/>
        </gateHHrates></ionChannelHH></neuroml>"#;
    let mut set = set.clone();
    set.read_str(text, "probe.nml", &library::resolver()).unwrap();
    let dynamics = set.flatten(set.component("probe").unwrap()).unwrap();
    let mut graph = Graph::new();
    let states: Vec<NodeId> = (0..dynamics.states.len() as u32).map(|i| graph.symbol(1 + i)).collect();
    let mut scope = Scope::new(&dynamics, &states);
    let v = graph.symbol(0);
    for input in &dynamics.inputs {
        scope.bind(&input.name, v);
    }
    for (_, slope) in &dynamics.derivatives {
        let root = scope.expression(&mut graph, slope).unwrap();
        let kinds = kinds(&graph, root);
        assert!(kinds.iter().any(|k| matches!(k, Kind::ExpRel(_))), "{kinds:?}");
        assert!(kinds.iter().any(|k| matches!(k, Kind::Sigmoid(_))), "{kinds:?}");
        let choice = |k: &Kind| matches!(k, Kind::Select(..) | Kind::Compare(..) | Kind::Call(..));
        assert!(!kinds.iter().any(choice), "{kinds:?}");
    }
}

const CELLS: usize = 16;
const DT: f64 = 5e-5;

/// A compartment of 20 µm with `parts` on it, in [`CELLS`] copies at random potentials.
fn compartment(temperature: f64, calcium: f64, stream: &mut Stream, parts: &str) -> String {
    let v: Vec<String> = (0..CELLS).map(|_| format!("{} mV", -100.0 + 140.0 * stream.uniform())).collect();
    format!(
        r#"
temperature = "{temperature} degC"
run = {{ duration = "1 ms", dt = "0.05 ms" }}
[cell.x]
morphology = {{ sections = [{{ name = "soma", kind = "soma", length = "20 um", diameter = "20 um" }}] }}
capacitance = "1 uF/cm2"
axial_resistivity = "100 ohm cm"
discretisation = 1
[cell.x.ions.ca]
pool = "ca_pool_cortex"
on = "all"
inside = "{calcium} uM"
outside = "2 mM"
[population.x]
cell = "x"
size = {CELLS}
initial_v = {v:?}
{parts}
"#
    )
}

/// Whether the difference is rounding: of the value's own size, or of the largest of its kind.
fn close(got: f64, want: f64, relative: f64, largest: f64) -> bool {
    (got - want).abs() <= relative * want.abs().max(largest)
}

/// `dynamics` started with the inputs among `inputs` that it has.
fn instance<'a>(dynamics: &'a Dynamics, inputs: &[(&str, f64)]) -> Instance<'a> {
    let has = |name: &str| dynamics.inputs.iter().any(|i| i.name == name);
    let own: Vec<(&str, f64)> = inputs.iter().copied().filter(|(name, _)| has(name)).collect();
    assert_eq!(own.len(), dynamics.inputs.len(), "{}: reads {:?}", dynamics.name, dynamics.inputs);
    Instance::new(dynamics, &own).unwrap()
}

/// Whether some derivative reads another state than its own: then a step holds the other one.
fn is_coupled(dynamics: &Dynamics) -> bool {
    fn reads(dynamics: &Dynamics, name: &str, state: &str) -> bool {
        let mut found = name == state;
        if let Some(derived) = dynamics.derived.iter().find(|d| d.name == name) {
            derived.value.visit_names(&mut |inner| found |= reads(dynamics, inner, state));
        }
        found
    }
    dynamics.derivatives.iter().any(|(own, slope)| {
        dynamics.states.iter().enumerate().filter(|(i, _)| i != own).any(|(_, state)| {
            let mut found = false;
            slope.visit_names(&mut |name| found |= reads(dynamics, name, &state.name));
            found
        })
    })
}

/// One density of the library in one way of giving its strength.
fn check_channel(name: &str, strength: &str, case: u64) {
    let mut stream = Stream::new(case, Purpose::Other, [name.len() as u64, 7]);
    let temperature = 5.0 + 32.0 * stream.uniform();
    let calcium = 0.05 + 5.0 * stream.uniform();
    let entry = format!("[cell.x.channels.it]\nchannel = \"{name}\"\non = \"all\"\n{strength}\n");
    let text = compartment(temperature, calcium, &mut stream, &entry);
    let mut model = model(&(text + "[[record]]\nat = \"soma\"\nvariables = [\"v\"]\nfile = \"x\"\n"));
    let PopulationCell::Cable(cell) = &model.populations[0].cell else { panic!("no cell") };
    let (density, pool) = (cell.densities[0].dynamics.clone(), cell.pools[0].dynamics.clone());
    let states: Vec<String> = density.states.iter().map(|s| format!("it.{}", s.name)).collect();
    model.recordings[0].variables =
        [&["v", "it.i", "ca.concentration"].map(String::from)[..], &states].concat();
    let run = run_model(&model, &Options { threads: 1, ..Options::default() });
    let of = |cell: usize, variable: &str| run.column("x", &format!("x[{cell}].soma.{variable}"));
    let inside = calcium * 1e-3;
    let area = std::f64::consts::PI * 4e-10;
    let all = |c: usize| (of(c, "v"), of(c, "it.i"), of(c, "ca.concentration"));
    let largest = (0..CELLS).map(|c| of(c, "it.i")[0].abs()).fold(0.0, f64::max);
    for c in 0..CELLS {
        let (v, i, ca) = all(c);
        let inputs = |v: f64, ca: f64| {
            [
                ("v", v),
                ("temperature", temperature + 273.15),
                ("caConc", ca),
                ("caConcExt", 2.0),
                ("t", 0.0),
                ("surfaceArea", area),
            ]
        };
        let mut plain = instance(&density, &inputs(v[0], inside));
        let what = format!("{name} ({strength}) at {} mV, {temperature} degC, {calcium} uM", v[0] * 1e3);
        let current = plain.value("iDensity").unwrap();
        assert!(close(i[0], current, 1e-11, 1e-3 * largest), "{what}: {:e}, not {current:e}", i[0]);
        let start = plain.states();
        for (name, want) in states.iter().zip(&start) {
            let got = of(c, name)[0];
            assert!(close(got, *want, 1e-11, 1e-4), "{what}: start of {name} {got:e}, not {want:e}");
        }
        // The slope, by differences of fourth order, as it shows in the implicit step.
        let mut slope = 0.0;
        for (steps, weight) in [(1.0, 8.0), (2.0, -1.0)] {
            for side in [1.0, -1.0] {
                plain.set_input("v", v[0] + side * steps * 1e-4).unwrap();
                plain.update().unwrap();
                slope += side * weight * plain.value("iDensity").unwrap() / (12.0 * 1e-4);
            }
        }
        let change = current / (0.01 / DT - slope);
        let got = v[1] - v[0];
        assert!(
            (got - change).abs() <= 1e-8 * change.abs() + 1e-16,
            "{what}: v moves by {got:e}, not {change:e}"
        );
        // One step of the states, at the new potential.
        let mut plain = instance(&density, &inputs(v[0], inside));
        plain.set_input("v", v[1]).unwrap();
        assert!(
            density.kinetic_schemes.is_empty() && !is_coupled(&density),
            "{what}: needs a test of its own"
        );
        for _ in 0..400 {
            plain.rk4(DT / 400.0).unwrap();
        }
        // Conditions are looked at where the step ends.
        if density.inputs.iter().any(|input| input.name == "t") {
            plain.set_input("t", DT).unwrap();
        }
        plain.conditions().unwrap();
        for (name, want) in states.iter().zip(plain.states()) {
            let got = of(c, name)[1];
            assert!(close(got, want, 1e-9, 1e-3), "{what}: {name} becomes {got:e}, not {want:e}");
        }
        // Calcium after a step with the current of the first.
        let into = if cell_ion(&model) { current * area } else { 0.0 };
        let mut plain = instance(
            &pool,
            &[("surfaceArea", area), ("iCa", into), ("v", v[1]), ("t", 0.0), ("temperature", 300.0)]
                .into_iter()
                .filter(|(n, _)| pool.inputs.iter().any(|i| i.name == *n))
                .collect::<Vec<_>>(),
        );
        for _ in 0..50 {
            plain.rk4(DT / 50.0).unwrap();
            plain.conditions().unwrap();
        }
        let want = plain.value("concentration").unwrap();
        assert!(close(ca[1], want, 1e-10, 0.0), "{what}: calcium {:e}, not {want:e}", ca[1]);
    }
}

/// Whether the density's current is calcium's.
fn cell_ion(model: &neuropil::model::Model) -> bool {
    let PopulationCell::Cable(cell) = &model.populations[0].cell else { return false };
    cell.densities[0].ion.as_deref() == Some("ca")
}

#[test]
fn every_channel_of_the_library_is_computed_as_it_is_written() {
    let set = library::set().unwrap();
    let channels: Vec<_> =
        set.components().filter(|c| set.is_a(&c.component_type, "baseIonChannel")).collect();
    assert!(channels.len() >= 20);
    for channel in channels {
        let name = channel.id.as_deref().unwrap();
        check_channel(name, "g = \"1 mS/cm2\"\nreversal = \"-23 mV\"", 1);
        check_channel(name, "g = \"0.1 mS/cm2\"\nreversal = \"40 mV\"", 2);
        if channel.text("species") == Some("ca") {
            check_channel(name, "g = \"1 mS/cm2\"\nreversal = \"nernst\"", 3);
            check_channel(name, "permeability = \"1e-4 cm/s\"\nreversal = \"ghk\"", 4);
        }
    }
}

#[test]
fn every_synapse_of_the_library_is_computed_as_it_is_written() {
    let set = library::set().unwrap();
    let mut checked = 0;
    // Gap junctions join two cells and have events for nothing.
    let synapse = |c: &&neuropil::lems::Component| {
        set.is_a(&c.component_type, "baseSynapse") && !set.is_a(&c.component_type, "gapJunction")
    };
    for component in set.components().filter(synapse) {
        let name = component.id.as_deref().unwrap();
        let mut stream = Stream::new(3, Purpose::Other, [name.len() as u64, 8]);
        let parts = format!(
            "[cell.x.channels.pas]\non = \"all\"\ng = \"1 mS/cm2\"\nreversal = \"-50 mV\"\n\
             [cell.x.synapses.it]\nsynapse = \"{name}\"\nat = \"soma\"\n\
             [population.s]\nspike_times = [\"0.2 ms\", \"0.45 ms\", \"0.45 ms\"]\n\
             [[connection]]\nfrom = \"s\"\nto = \"x\"\nsynapse = \"it\"\npairs = \"all_to_all\"\nweight = 1.7\ndelay = \"0 ms\"\n\
             [[record]]\npopulation = \"x\"\nat = \"soma\"\nvariables = [\"v\"]\nfile = \"x\"\n"
        );
        let mut model = model(&compartment(30.0, 1.0, &mut stream, &parts));
        let PopulationCell::Cable(cell) = &model.populations[0].cell else { panic!("no cell") };
        let dynamics = cell.synapses[0].dynamics.clone();
        let states: Vec<String> = dynamics.states.iter().map(|s| format!("it.{}", s.name)).collect();
        model.recordings[0].variables = [&["v", "it.i"].map(String::from)[..], &states].concat();
        let run = run_model(&model, &Options { threads: 1, ..Options::default() });
        let coupled = is_coupled(&dynamics);
        let has = |name: &str| dynamics.inputs.iter().any(|i| i.name == name);
        for c in 0..CELLS {
            let of = |variable: &str| run.column("x", &format!("x[{c}].soma.{variable}"));
            let (v, i) = (of("v"), of("it.i"));
            let columns: Vec<Vec<f64>> = states.iter().map(|s| of(s)).collect();
            let largest = |column: &[f64]| column.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            assert!(largest(&i) > 0.0, "{name}: nothing happens");
            let mut plain = instance(
                &dynamics,
                &[("v", v[0]), ("t", 0.0), ("weight", 1.0), ("temperature", 303.15)]
                    .into_iter()
                    .filter(|(n, _)| has(n))
                    .collect::<Vec<_>>(),
            );
            for k in 0..v.len() {
                if k > 0 {
                    if has("v") {
                        plain.set_input("v", v[k]).unwrap();
                    }
                    for _ in 0..50 {
                        plain.rk4(DT / 50.0).unwrap();
                    }
                    plain.conditions().unwrap();
                    for _ in 0..match k {
                        4 => 1,
                        9 => 2,
                        _ => 0,
                    } {
                        if has("weight") {
                            plain.set_input("weight", 1.7).unwrap();
                        }
                        plain.event("in").unwrap();
                        if has("weight") {
                            plain.set_input("weight", 1.0).unwrap();
                        }
                    }
                    plain.update().unwrap();
                }
                for ((state, column), want) in dynamics.states.iter().zip(&columns).zip(plain.states()) {
                    // What holds another state over a step is of first order; all else is exact.
                    let relative = if coupled { 2e-2 } else { 1e-10 };
                    let got = column[k];
                    assert!(
                        close(got, want, relative, largest(column)),
                        "{name}: {} at step {k}: {got:e}, not {want:e}",
                        state.name
                    );
                    plain.set_state(&state.name, got).unwrap();
                }
                plain.update().unwrap();
                let want = plain.value("i").unwrap();
                assert!(
                    close(i[k], want, 1e-11, 1e-3 * largest(&i)),
                    "{name}: i at step {k}: {:e}, not {want:e}",
                    i[k]
                );
            }
        }
        checked += 1;
    }
    assert!(checked >= 10, "only {checked} synapses");
}
