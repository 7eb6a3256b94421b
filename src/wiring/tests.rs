//! What each connector promises.

use std::sync::Arc;

use super::{Row, Wiring, Work};
use crate::model::{
    CellSet, Cells, Connector, Contacts, Formula, Listed, Model, PopulationCell, Projection, Receptor,
    SelfConnections, Sender, Space, Structure, Value,
};
use crate::rng::Distribution;
use crate::simd::Level;

/// A model of two populations, of `n` and `m` cells, and a projection from the first to the second.
fn model(n: usize, m: usize, connector: Connector) -> Model {
    let mut model = Model::new("wiring", 1.0, 1e-4, 300.0);
    model.seed = 11;
    for (name, size) in [("a", n), ("b", m)] {
        model.add_population(name, size, PopulationCell::SpikeTimes(Arc::new(vec![Vec::new(); size])));
    }
    model.projections.push(Projection {
        name: "a to b".into(),
        source: Cells::all(0),
        sender: Sender::Cell,
        target: Cells::all(1),
        receptors: vec![Receptor { synapse: None, port: 0 }],
        contacts: Contacts::All,
        connector,
        self_connections: SelfConnections::Allowed,
        space: Space::default(),
        weight: Value::Constant(1.0),
        delay_s: Value::Constant(1e-3),
        rule: None,
        recordings: Vec::new(),
        sign: None,
        contacts_file: None,
        junction: None,
    });
    model
}

/// The same within one population.
fn recurrent(n: usize, connector: Connector, self_connections: SelfConnections) -> Model {
    let mut model = model(n, n, connector);
    model.projections[0].target = Cells::all(0);
    model.projections[0].self_connections = self_connections;
    model
}

/// Every connection: source, target, weight, delay.
fn drawn(model: &Model) -> Vec<(u32, u32, f64, f64)> {
    let wiring = Wiring::new(model, model.projections.len() - 1, Level::fastest()).unwrap();
    let (mut work, mut row) = (Work::default(), Row::default());
    let mut all = Vec::new();
    for i in 0..wiring.sources().len() as u32 {
        wiring.row(i, &mut work, &mut row).unwrap();
        let values = row.weights.iter().zip(&row.delays_s);
        all.extend(row.targets.iter().zip(values).map(|(&j, (&w, &d))| (i, j, w, d)));
    }
    all
}

fn pairs(model: &Model) -> Vec<(u32, u32)> {
    drawn(model).into_iter().map(|(i, j, ..)| (i, j)).collect()
}

fn fault(model: &Model) -> String {
    Wiring::new(model, 0, Level::fastest()).unwrap_err().to_string()
}

/// `count` successes of `n` trials with probability `p` are not more than five standard deviations off.
fn plausible(count: usize, n: f64, p: f64) {
    let (mean, sd) = (n * p, (n * p * (1.0 - p)).sqrt());
    assert!((count as f64 - mean).abs() <= 5.0 * sd + 1.0, "{count}, {mean} ± {sd} expected");
}

#[test]
fn all_to_all_and_one_to_one() {
    assert_eq!(pairs(&model(2, 3, Connector::AllToAll)), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
    assert_eq!(pairs(&model(1, 1, Connector::OneToOne)), [(0, 0)]);
    assert_eq!(pairs(&model(3, 3, Connector::OneToOne)), [(0, 0), (1, 1), (2, 2)]);
    assert!(fault(&model(3, 4, Connector::OneToOne)).contains("one to one between 3 and 4"));
    let without = recurrent(3, Connector::AllToAll, SelfConnections::Forbidden);
    assert_eq!(pairs(&without).len(), 6);
}

#[test]
fn a_view_on_both_sides_leaves_out_the_cell_itself() {
    let mut model = recurrent(6, Connector::AllToAll, SelfConnections::Forbidden);
    model.projections[0].source.parts =
        vec![(0, CellSet::Indices(vec![1, 4])), (1, CellSet::Indices(vec![4]))];
    model.projections[0].target.parts = vec![(0, CellSet::Indices(vec![4, 5]))];
    // Cell 4 of the first population is source 1 and target 0; cell 4 of the second is another cell.
    assert_eq!(pairs(&model), [(0, 0), (0, 1), (1, 1), (2, 0), (2, 1)]);
}

#[test]
fn fixed_probability_follows_its_law() {
    for p in [0.0, 0.003, 0.1, 0.9, 1.0] {
        let found = pairs(&model(300, 200, Connector::FixedProbability(p)));
        plausible(found.len(), 60_000.0, p);
        let mut unique = found.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), found.len());
        for j in [0, 57, 199] {
            plausible(found.iter().filter(|pair| pair.1 == j).count(), 300.0, p);
        }
    }
    assert!(fault(&model(2, 2, Connector::FixedProbability(1.5))).contains("1.5 is no probability"));
}

#[test]
fn probability_by_distance_follows_the_formula() {
    let formula = Formula::parse("exp(-d / 100 um)").unwrap();
    let mut model = model(400, 700, Connector::Probability(formula));
    let line = |dx| Structure::Line { dx, origin: [0.0; 3] };
    model.populations[0].positions = line(0.0).positions(400, 0, 0).unwrap();
    model.populations[1].positions = line(1.0).positions(700, 0, 0).unwrap();
    let found = pairs(&model);
    for (from, to) in [(0, 10), (100, 120), (255, 257), (600, 700)] {
        let count = found.iter().filter(|pair| (from..to).contains(&pair.1)).count();
        let p = (from..to).map(|j| (-f64::from(j) / 100.0).exp()).sum::<f64>() / f64::from(to - from);
        plausible(count, 400.0 * f64::from(to - from), p);
    }
}

#[test]
fn probability_by_index_and_displacement() {
    let by = |text: &str| Connector::Probability(Formula::parse(text).unwrap());
    let mut near = recurrent(20, by("abs(i - j) .leq. 1"), SelfConnections::Forbidden);
    assert_eq!(pairs(&near).len(), 38);
    near.projections[0].connector = by("H(x)");
    near.populations[0].positions = (0..20).map(|k| [f64::from(k), 0.0, 0.0]).collect();
    // Ahead with certainty, never behind; at the very place H is a half, but that is the cell itself.
    assert_eq!(pairs(&near).len(), 190);
    // On a ring of 20 µm half of the others are ahead.
    near.projections[0].space.periodic[0] = Some((0.0, 20.0));
    let found = pairs(&near);
    assert!(found.iter().all(|(i, j)| (j + 20 - i) % 20 <= 10), "{found:?}");
}

#[test]
fn a_probability_that_is_no_number_is_an_error() {
    // No number where a cell meets itself: fine as long as it may not connect to itself.
    let by = Connector::Probability(Formula::parse("sqrt(d / 1 um - 0.5)").unwrap());
    let mut model = recurrent(5, by, SelfConnections::Forbidden);
    pairs(&model);
    model.projections[0].self_connections = SelfConnections::Allowed;
    let wiring = Wiring::new(&model, 0, Level::fastest()).unwrap();
    let error = wiring.row(3, &mut Work::default(), &mut Row::default()).unwrap_err().to_string();
    assert!(error.contains("the probability from source 3 to target 3 is no number"), "{error}");
}

#[test]
fn fixed_numbers_hold_for_every_cell() {
    let n = |n: f64| Value::Constant(n);
    let pre = |k, with_replacement| Connector::FixedNumberPre { n: n(k), with_replacement };
    let post = |k, with_replacement| Connector::FixedNumberPost { n: n(k), with_replacement };
    let counts = |found: &[(u32, u32)], size: usize, of: fn(&(u32, u32)) -> u32| {
        let mut counts = vec![0; size];
        found.iter().for_each(|pair| counts[of(pair) as usize] += 1);
        counts
    };
    for with_replacement in [false, true] {
        let found = pairs(&model(30, 50, pre(7.0, with_replacement)));
        assert_eq!(counts(&found, 50, |p| p.1), [7; 50]);
        let found = pairs(&model(30, 50, post(7.0, with_replacement)));
        assert_eq!(counts(&found, 30, |p| p.0), [7; 30]);
        let mut unique = found.clone();
        unique.dedup();
        assert_eq!(unique.len() == found.len(), !with_replacement);
    }
    // More than there are: each once before any twice.
    let found = pairs(&model(4, 1, pre(10.0, false)));
    let mut each = counts(&found, 4, |p| p.0);
    each.sort_unstable();
    assert_eq!(each, [2, 2, 3, 3]);
    let own = pairs(&recurrent(10, pre(9.0, false), SelfConnections::Forbidden));
    assert!(own.len() == 90 && own.iter().all(|(i, j)| i != j));
    let drawn = Value::Random(Distribution::UniformInt { low: 2, high: 5 });
    let found = pairs(&model(30, 200, Connector::FixedNumberPre { n: drawn, with_replacement: false }));
    let each = counts(&found, 200, |p| p.1);
    assert!(each.iter().all(|n| (2..5).contains(n)) && (2..5).all(|n| each.contains(&n)));
}

#[test]
fn fixed_total_number_holds() {
    let total = |n, with_replacement| Connector::FixedTotalNumber { n, with_replacement };
    assert_eq!(pairs(&model(30, 50, total(333, true))).len(), 333);
    let mut all = pairs(&recurrent(5, total(20, false), SelfConnections::Forbidden));
    all.dedup();
    assert!(all.len() == 20 && all.iter().all(|(i, j)| i != j));
    assert!(fault(&recurrent(5, total(21, false), SelfConnections::Forbidden)).contains("there are 20"));
}

#[test]
fn small_worlds_keep_their_number_of_connections() {
    let world = |rewiring| Connector::SmallWorld { degree_um: 2.0, rewiring };
    let mut model = recurrent(50, world(0.0), SelfConnections::Forbidden);
    model.projections[0].space.periodic[0] = Some((0.0, 50.0));
    let found = pairs(&model);
    assert_eq!(found.len(), 200);
    assert!(found.iter().all(|(i, j)| [1, 2, 48, 49].contains(&((i + 50 - j) % 50))));
    model.projections[0].connector = world(0.3);
    let mut found = pairs(&model);
    let far = found.iter().filter(|(i, j)| ![1, 2, 48, 49].contains(&((i + 50 - j) % 50))).count();
    plausible(far, 200.0, 0.3 * 45.0 / 46.0);
    assert!(found.len() == 200 && found.iter().all(|(i, j)| i != j));
    found.dedup();
    assert_eq!(found.len(), 200);
}

#[test]
fn no_two_cells_connect_to_each_other_if_none_may() {
    let model = recurrent(80, Connector::FixedProbability(0.4), SelfConnections::NotMutual);
    let found = pairs(&model);
    assert!(found.iter().all(|(i, j)| i != j && !found.contains(&(*j, *i))));
    // One of the two directions is there as if alone, the other where it is not.
    plausible(found.len(), 80.0 * 79.0 / 2.0, 0.4 + 0.4 * 0.6);
}

#[test]
fn lists_keep_their_values_whatever_their_order() {
    let listed = Arc::new(Listed { pairs: vec![(1, 2), (0, 1), (1, 0), (0, 1)] });
    let mut model = model(2, 3, Connector::Listed(listed));
    model.projections[0].weight = Value::Listed(vec![1.0, 2.0, 3.0, 4.0].into());
    model.projections[0].delay_s = Value::Matrix((0..6).map(|k| f64::from(k) * 1e-3).collect());
    assert_eq!(drawn(&model), [(0, 1, 2.0, 1e-3), (0, 1, 4.0, 1e-3), (1, 0, 3.0, 3e-3), (1, 2, 1.0, 5e-3)]);
    model.projections[0].connector = Connector::Listed(Arc::new(Listed { pairs: vec![(2, 0)] }));
    model.projections[0].weight = Value::Constant(1.0);
    assert!(fault(&model).contains("connection 0 is from 2 to 0"));
}

#[test]
fn a_clone_has_the_same_pairs_and_values_of_its_own() {
    let mut model = model(40, 40, Connector::FixedProbability(0.2));
    let mut second = model.projections[0].clone();
    second.name = "the same again".into();
    second.connector = Connector::Clone(0);
    second.weight = Value::Random(Distribution::Normal { mu: 1.0, sigma: 0.1 });
    let first = pairs(&model);
    model.projections.push(second);
    assert_eq!(pairs(&model), first);
    model.projections[1].target = Cells::all(0);
    assert!(
        Wiring::new(&model, 1, Level::fastest()).unwrap_err().to_string().contains("connects other cells")
    );
}

#[test]
fn values_are_drawn_by_who_is_connected() {
    let mut one = model(50, 50, Connector::FixedProbability(0.3));
    one.projections[0].weight = Value::Random(Distribution::Uniform { low: 0.0, high: 1.0 });
    one.projections[0].delay_s = Value::Formula(Formula::parse("1 ms + d / 2 um * 1 ms").unwrap());
    let sparse = drawn(&one);
    one.projections[0].connector = Connector::AllToAll;
    let dense = drawn(&one);
    for (i, j, weight, delay) in sparse {
        assert_eq!(dense[(i * 50 + j) as usize].2, weight);
        assert!((delay - (1e-3 + f64::from(i.abs_diff(j)) * 0.5e-3)).abs() < 1e-15);
    }
    let mean = dense.iter().map(|c| c.2).sum::<f64>() / 2500.0;
    assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / 2500.0f64).sqrt());
    one.projections[0].delay_s = Value::Formula(Formula::parse("1 ms - d / 2 um * 1 ms").unwrap());
    let wiring = Wiring::new(&one, 0, Level::fastest()).unwrap();
    let error = wiring.row(0, &mut Work::default(), &mut Row::default()).unwrap_err().to_string();
    assert!(error.contains("the delay from source 0 to target 3 is -0.5 ms"), "{error}");
}

#[test]
fn every_vector_unit_draws_the_same_network() {
    let formula = Formula::parse("0.7 * exp(-d * d / (30 um * 30 um)) + 0.01").unwrap();
    let model = model(30, 1000, Connector::Probability(formula));
    let networks: Vec<Vec<u32>> = Level::available()
        .map(|level| {
            let wiring = Wiring::new(&model, 0, level).unwrap();
            let (mut work, mut row) = (Work::default(), Row::default());
            (0..30)
                .flat_map(|i| {
                    wiring.row(i, &mut work, &mut row).unwrap();
                    row.targets.clone()
                })
                .collect()
        })
        .collect();
    assert!(networks.windows(2).all(|pair| pair[0] == pair[1]) && !networks[0].is_empty());
}
