//! Values that may differ from one cell or connection to the next: numbers, distributions, formulas, lists.

use super::node::{Node, Table, example, suggestion};
use crate::error::ErrorKind;
use crate::model::{Formula, Value, name_key};
use crate::rng::{Distribution, Purpose, Stream};
use crate::units::{Dimension, parse_quantity};

/// What a value may be given in: a dimension, and the factor from SI to what the model wants.
pub(super) type Units<'a> = &'a [(Dimension, f64)];

/// A value for each connection: a quantity, `{ normal = { … } }`, a formula of distance and indices.
pub(super) fn value(node: &Node<'_>, units: Units<'_>) -> Option<Value> {
    if node.is_table() {
        return distribution(node, units).map(Value::Random);
    }
    match node.as_text() {
        Some(text) if parse_quantity(text).is_err() => {
            let formula = node.accept(Formula::parse(text))?;
            let factor = factor(node, formula.dimension(), units)?;
            Some(Value::Formula(formula.scaled(factor)))
        }
        _ => quantity(node, units).map(Value::Constant),
    }
}

/// What the numbers of a population's members are drawn by: seed, purpose, the key of the population's name, and what they
/// are for.
pub(super) type Key<'a> = (u64, Purpose, u64, &'a str);

/// One number for each of `n` members, called `members` in messages: a list, a distribution, a formula for whose names `at`
/// gives the values, or one for all.
pub(super) fn each(
    node: &Node<'_>,
    units: Units<'_>,
    (n, members): (usize, &str),
    (seed, purpose, population, what): Key<'_>,
    at: &dyn Fn(usize) -> [f64; 6],
) -> Option<Vec<f64>> {
    if node.is_list() {
        let values: Option<Vec<f64>> = node.list()?.iter().map(|item| quantity(item, units)).collect();
        let values = values?;
        if values.len() == n {
            return Some(values);
        }
        let one = members.trim_end_matches('s');
        let message = format!("{} values for {n} {members}", values.len());
        node.wrong(
            ErrorKind::Value,
            message,
            format!("one value for all, or a list with one for each {one}"),
        );
        return None;
    }
    match value(node, units)? {
        Value::Constant(value) => Some(vec![value; n]),
        Value::Random(distribution) => {
            let key = |i: usize| [population.wrapping_add(i as u64), name_key(what)];
            Some((0..n).map(|i| distribution.draw(&mut Stream::new(seed, purpose, key(i)))).collect())
        }
        Value::Formula(formula) => (0..n).map(|i| node.accept(formula.at(&at(i)))).collect(),
        Value::Listed(_) | Value::Matrix(_) => None,
    }
}

/// A quantity in one of `units`, as the model wants it.
pub(super) fn quantity(node: &Node<'_>, units: Units<'_>) -> Option<f64> {
    if node.is_number() {
        let number = node.number()?;
        return Some(number * factor(node, Dimension::NONE, units)?);
    }
    let quantity = node.accept(parse_quantity(node.text()?))?;
    Some(quantity.si * factor(node, quantity.dimension, units)?)
}

fn factor(node: &Node<'_>, dimension: Dimension, units: Units<'_>) -> Option<f64> {
    if let Some((_, factor)) = units.iter().find(|(known, _)| *known == dimension) {
        return Some(*factor);
    }
    let wanted: Vec<String> = units.iter().map(|(d, _)| format!("a {d}")).collect();
    let wanted = wanted.join(" or ");
    let first = units.first().map_or(Dimension::NONE, |unit| unit.0);
    node.wrong(
        ErrorKind::Dimension,
        format!("expected {wanted}, found a {dimension}"),
        format!("such as \"{}\"", example(first)),
    );
    None
}

/// The names of distributions, their parameters in order, and which of these are of the drawn number's
/// dimension.
const DISTRIBUTIONS: [(&str, &[&str], &[&str]); 11] = [
    ("uniform", &["low", "high"], &["low", "high"]),
    ("uniform_int", &["low", "high"], &[]),
    ("normal", &["mu", "sigma"], &["mu", "sigma"]),
    ("normal_clipped", &["mu", "sigma", "low", "high"], &["mu", "sigma", "low", "high"]),
    ("normal_clipped_to_boundary", &["mu", "sigma", "low", "high"], &["mu", "sigma", "low", "high"]),
    ("lognormal", &["mu", "sigma"], &[]),
    ("exponential", &["beta"], &["beta"]),
    ("gamma", &["k", "theta"], &["theta"]),
    ("binomial", &["n", "p"], &[]),
    ("poisson", &["lambda"], &[]),
    ("vonmises", &["mu", "kappa"], &[]),
];

/// `{ normal = { mu = "1 ms", sigma = "0.1 ms" } }` or `{ normal = ["1 ms", "0.1 ms"] }`; plain numbers are times
/// `unit`, if that is given beside.
pub(super) fn distribution(node: &Node<'_>, units: Units<'_>) -> Option<Distribution> {
    let table = node.table()?;
    let scale = match table.get("unit") {
        Some(unit) => Some(quantity(&unit, units)?),
        None => None,
    };
    let found = DISTRIBUTIONS.iter().find_map(|entry| table.get(entry.0).map(|node| (entry, node)));
    table.finish();
    let Some(((name, parameters, with_unit), given)) = found else {
        if table.source().is_sound() {
            let known: Vec<&str> = DISTRIBUTIONS.iter().map(|entry| entry.0).collect();
            let help = format!("one of {}", known.join(", "));
            node.wrong(ErrorKind::Syntax, "no distribution is named", help);
        }
        return None;
    };
    let numbers = numbers(&given, parameters)?;
    let mut x = Vec::with_capacity(numbers.len());
    for (node, parameter) in numbers.iter().zip(*parameters) {
        let is_plain = !with_unit.contains(parameter) || scale.is_some();
        x.push(if is_plain { node.number()? } else { quantity(node, units)? });
    }
    let whole = |at: usize| -> Option<i64> {
        let x = x[at];
        if x.fract() == 0.0 && x.abs() < 1e15 {
            return Some(x as i64);
        }
        numbers[at].wrong(ErrorKind::Value, format!("{x} is no whole number"), "such as 10");
        None
    };
    let drawn = match *name {
        "uniform" => Distribution::Uniform { low: x[0], high: x[1] },
        "uniform_int" => Distribution::UniformInt { low: whole(0)?, high: whole(1)? },
        "normal" => Distribution::Normal { mu: x[0], sigma: x[1] },
        "normal_clipped" => Distribution::NormalClipped { mu: x[0], sigma: x[1], low: x[2], high: x[3] },
        "normal_clipped_to_boundary" => {
            Distribution::NormalClippedToBoundary { mu: x[0], sigma: x[1], low: x[2], high: x[3] }
        }
        "lognormal" => Distribution::Lognormal { mu: x[0], sigma: x[1] },
        "exponential" => Distribution::Exponential { beta: x[0] },
        "gamma" => Distribution::Gamma { k: x[0], theta: x[1] },
        "binomial" => match u64::try_from(whole(0)?) {
            Ok(n) => Distribution::Binomial { n, p: x[1] },
            Err(_) => {
                numbers[0].wrong(ErrorKind::Value, "a negative number of trials", "such as 10");
                return None;
            }
        },
        "poisson" => Distribution::Poisson { lambda: x[0] },
        _ => Distribution::VonMises { mu: x[0], kappa: x[1] },
    };
    if let Some(fault) = drawn.fault() {
        given.wrong(ErrorKind::Value, fault, "check the parameters of the distribution");
        return None;
    }
    let plain = units.iter().find(|(dimension, _)| dimension.is_none()).map(|unit| unit.1);
    let scale = match (scale, with_unit.is_empty()) {
        (Some(scale), _) => scale,
        (None, false) => return Some(drawn),
        (None, true) => match plain {
            Some(factor) => factor,
            None => {
                let help = format!("add `unit`, such as: unit = \"1 {}\"", unit_of(units));
                given.wrong(ErrorKind::Dimension, format!("the numbers of {name} have no unit"), help);
                return None;
            }
        },
    };
    if scale == 1.0 {
        return Some(drawn);
    }
    let scaled = drawn.scaled(scale);
    if scaled.is_none() {
        given.wrong(
            ErrorKind::Dimension,
            format!("{name} draws plain numbers, which have no unit"),
            "use another distribution",
        );
    }
    scaled
}

fn unit_of(units: Units<'_>) -> String {
    let text = example(units.first().map_or(Dimension::NONE, |unit| unit.0));
    text.split_once(' ').map_or(text, |parts| parts.1).to_string()
}

/// The parameters of a distribution, by name or in order.
fn numbers<'a>(given: &Node<'a>, parameters: &[&str]) -> Option<Vec<Node<'a>>> {
    if given.is_table() {
        let table: Table<'_> = given.table()?;
        let found: Vec<Option<Node<'_>>> = parameters.iter().map(|name| table.need(name, "1")).collect();
        table.finish();
        return found.into_iter().collect();
    }
    let list = given.one_or_more()?;
    if list.len() == parameters.len() {
        return Some(list);
    }
    let message = format!("{} numbers, where {} are needed", list.len(), parameters.len());
    given.wrong(ErrorKind::Value, message, format!("[{}]", parameters.join(", ")));
    None
}

/// Says which words are known.
pub(super) fn unknown<T>(node: &Node<'_>, what: &str, text: &str, known: &[&str]) -> Option<T> {
    node.wrong(ErrorKind::Name, format!("`{text}` is no {what}"), suggestion(text, known));
    None
}
