//! Populations that are sources of given, regular or random spikes.

use super::drawn;
use super::node::{Node, Table};
use super::population::Clock;
use crate::error::ErrorKind;
use crate::model::name_key;
use crate::rng::{Distribution, Purpose, Stream};
use crate::units::Dimension;

/// The keys that make a population a source of spikes.
pub(super) const KINDS: [&str; 6] =
    ["spike_times", "regular", "poisson", "poisson_refractory", "gamma", "inhomogeneous"];

/// Spikes of all sources of a population at most.
const MAX_SPIKES: usize = 100_000_000;

/// From when until when a source spikes, s.
type Window = (f64, f64);

/// The spike times of each of `size` sources of the population `name`, s.
pub(super) fn spikes(node: &Node<'_>, size: usize, (clock, name): (Clock, &str)) -> Option<Vec<Vec<f64>>> {
    let kind = node.path.rsplit('.').next().unwrap_or_default();
    if kind == "spike_times" {
        return given(node, size);
    }
    let table = node.table()?;
    let start = match table.get("start") {
        Some(node) => node.not_negative(Dimension::TIME),
        None => Some(0.0),
    };
    let stop = match table.get("stop") {
        Some(node) => node.not_negative(Dimension::TIME),
        None => Some(clock.duration_s),
    };
    let random = Random { size, seed: clock.seed, key: name_key(name) };
    let window = start.zip(stop);
    match kind {
        "regular" => regular(&table, size, window),
        "poisson" => {
            let rate = random.values(&table, "rate", Dimension::PER_TIME, "\"20 Hz\"");
            table.finish();
            let rate = rate?;
            random.trains(node, window?, |i| (rate[i], 0.0, 1.0))
        }
        "poisson_refractory" => {
            let rate = random.values(&table, "rate", Dimension::PER_TIME, "\"20 Hz\"");
            let dead = random.values(&table, "tau_refrac", Dimension::TIME, "\"2 ms\"");
            table.finish();
            let (rate, dead) = (rate?, dead?);
            if rate.iter().zip(&dead).any(|(rate, dead)| rate * dead >= 1.0) {
                let help = "the rate counts the refractory time in: it stays below 1 / tau_refrac";
                node.wrong(ErrorKind::Value, "a rate that the refractory time does not allow", help);
                return None;
            }
            // In the time that is left the rate is so much higher.
            random.trains(node, window?, |i| (rate[i] / (1.0 - rate[i] * dead[i]), dead[i], 1.0))
        }
        "gamma" => {
            let shape = random.values(&table, "alpha", Dimension::NONE, "2");
            let rate = random.values(&table, "beta", Dimension::PER_TIME, "\"40 Hz\"");
            table.finish();
            let (shape, rate) = (shape?, rate?);
            if shape.contains(&0.0) {
                node.wrong(ErrorKind::Value, "`alpha` is 0", "it must be positive");
                return None;
            }
            random.trains(node, window?, |i| (rate[i], 0.0, shape[i]))
        }
        _ => inhomogeneous(node, &table, &random, window),
    }
}

fn regular(table: &Table<'_>, size: usize, window: Option<Window>) -> Option<Vec<Vec<f64>>> {
    let interval = table.need("interval", "\"20 ms\"").and_then(|n| n.positive(Dimension::TIME));
    let count = table.get("count").map(|n| n.count());
    table.finish();
    let ((start, stop), interval) = (window?, interval?);
    let limit = match count {
        Some(count) => count? as usize,
        None => usize::MAX,
    };
    // Multiples, not sums: no error adds up.
    let times = (0..limit).map(|i| start + i as f64 * interval).take_while(|t| *t < stop);
    let times: Vec<f64> = times.take(MAX_SPIKES).collect();
    Some(vec![times; size])
}

/// `inhomogeneous = { times = […], rates = […], shape = 1 }`: a gamma process in the time that its rate, a function of steps,
/// adds up to.
fn inhomogeneous(
    node: &Node<'_>,
    table: &Table<'_>,
    random: &Random,
    window: Option<Window>,
) -> Option<Vec<Vec<f64>>> {
    let list = |key: &str, dimension: Dimension, example: &str| {
        let node = table.need(key, example)?;
        node.list()?.iter().map(|n| n.not_negative(dimension)).collect::<Option<Vec<f64>>>()
    };
    let times = list("times", Dimension::TIME, "[\"0 ms\", \"100 ms\"]");
    let rates = list("rates", Dimension::PER_TIME, "[\"5 Hz\", \"50 Hz\"]");
    let shape = match table.get("shape") {
        Some(node) => node.positive(Dimension::NONE),
        None => Some(1.0),
    };
    table.finish();
    let (times, rates, shape, (start, stop)) = (times?, rates?, shape?, window?);
    if times.len() != rates.len() || times.windows(2).any(|pair| pair[0] >= pair[1]) {
        let help = "as many rates as times, each from its time on; times go up";
        node.wrong(ErrorKind::Value, "`times` and `rates` are no function of steps", help);
        return None;
    }
    let highest = rates.iter().copied().fold(0.0, f64::max);
    random.check(node, (stop - start).max(0.0) * highest * random.size as f64)?;
    let interval = Distribution::Gamma { k: shape, theta: 1.0 / shape };
    let train = |cell: usize| {
        let mut stream = random.stream(cell);
        let mut spikes = Vec::new();
        let mut left = interval.draw(&mut stream);
        for (k, (&from, &rate)) in times.iter().zip(&rates).enumerate() {
            let end = times.get(k + 1).copied().unwrap_or(stop).min(stop);
            let mut now = from.max(start);
            while now < end && rate > 0.0 {
                let next = now + left / rate;
                if next >= end {
                    left -= (end - now) * rate;
                    break;
                }
                spikes.push(next);
                now = next;
                left = interval.draw(&mut stream);
            }
        }
        spikes
    };
    Some((0..random.size).map(train).collect())
}

/// Where a population's random spikes come from.
struct Random {
    size: usize,
    seed: u64,
    /// Of the population's name.
    key: u64,
}

impl Random {
    fn stream(&self, cell: usize) -> Stream {
        Stream::new(self.seed, Purpose::SpikeSource, [self.key, cell as u64])
    }

    /// A number for each source: one for all, a list, a distribution, a formula of the index.
    fn values(&self, table: &Table<'_>, key: &str, dimension: Dimension, example: &str) -> Option<Vec<f64>> {
        let node = table.need(key, example)?;
        let at = |i: usize| [0.0, 0.0, 0.0, 0.0, i as f64, i as f64];
        let draw = (self.seed, Purpose::Parameter, self.key, key);
        let values = drawn::each(&node, &[(dimension, 1.0)], (self.size, "sources"), draw, &at)?;
        if values.iter().any(|value| !(*value >= 0.0 && value.is_finite())) {
            node.wrong(
                ErrorKind::Value,
                format!("`{key}` is negative for a source"),
                "give values from 0 on",
            );
            return None;
        }
        Some(values)
    }

    /// Reports more spikes than memory should hold.
    fn check(&self, node: &Node<'_>, expected: f64) -> Option<()> {
        if expected <= MAX_SPIKES as f64 {
            return Some(());
        }
        node.wrong(ErrorKind::Limit, "more than 100 million spikes", "a lower rate or fewer sources");
        None
    }

    /// Renewal processes: the intervals of source `i` are a dead time and a gamma-distributed rest, given as rate (1/s), dead
    /// time (s) and shape.
    fn trains(
        &self,
        node: &Node<'_>,
        (start, stop): Window,
        of: impl Fn(usize) -> (f64, f64, f64),
    ) -> Option<Vec<Vec<f64>>> {
        let expected = |i: usize| {
            let (rate, dead, shape) = of(i);
            if rate > 0.0 { (stop - start).max(0.0) / (dead + shape / rate) } else { 0.0 }
        };
        self.check(node, (0..self.size).map(expected).sum())?;
        let train = |cell: usize| {
            let (rate, dead, shape) = of(cell);
            let mut spikes = Vec::new();
            if rate <= 0.0 {
                return spikes;
            }
            let mut stream = self.stream(cell);
            let rest = Distribution::Gamma { k: shape, theta: 1.0 / rate };
            let mut draw = || if shape == 1.0 { stream.exponential() / rate } else { rest.draw(&mut stream) };
            // Nothing is known of spikes before the start.
            let mut time = start + draw();
            while time < stop {
                spikes.push(time);
                time += dead + draw();
            }
            spikes
        };
        Some((0..self.size).map(train).collect())
    }
}

/// One list for all sources, or a list of lists, one for each.
fn given(node: &Node<'_>, size: usize) -> Option<Vec<Vec<f64>>> {
    let items = node.list()?;
    if !items.iter().any(Node::is_list) {
        return Some(vec![ascending(node, &items)?; size]);
    }
    if items.len() != size {
        node.wrong(
            ErrorKind::Value,
            format!("{} lists of spike times for {size} sources", items.len()),
            "one list for all, or one for each",
        );
        return None;
    }
    items.iter().map(|item| ascending(item, &item.list()?)).collect()
}

fn ascending(node: &Node<'_>, items: &[Node<'_>]) -> Option<Vec<f64>> {
    let times: Option<Vec<f64>> = items.iter().map(|n| n.not_negative(Dimension::TIME)).collect();
    let times = times?;
    if times.windows(2).any(|pair| pair[0] > pair[1]) {
        node.wrong(ErrorKind::Value, "spike times that go back", "write them in ascending order");
        return None;
    }
    Some(times)
}
