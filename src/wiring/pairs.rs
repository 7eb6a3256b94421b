//! Connectors: the pairs of a projection, source by source.

use super::compiled::{BLOCK, Compiled, Work};
use super::{Wiring, pair};
use crate::error::{Error, ErrorKind, Result};
use crate::machine;
use crate::model::{Connector, Projection, SelfConnections, Value};
use crate::rng::{Distribution, Purpose, Stream};

/// Pairs that are drawn one after the other at most; they are kept in memory.
const MOST_LISTED: u64 = 1 << 31;
/// Bytes that one of many different choices takes while they are drawn.
const BYTES_OF_A_CHOICE: f64 = 80.0;
/// Sources whose pairs are counted to estimate how many there will be.
const SAMPLE: usize = 16;

/// The pairs of a projection.
#[derive(Debug)]
pub enum Pairs {
    AllToAll,
    OneToOne,
    Probability(Chance),
    /// Each source has so many targets.
    PerSource {
        key: u64,
        n: Number,
        with_replacement: bool,
    },
    /// Target (and number in the list) of each, by source.
    Table {
        first: Vec<u32>,
        targets: Vec<u32>,
        entries: Vec<u32>,
    },
}

/// Pairs drawn with a probability.
#[derive(Debug)]
pub struct Chance {
    key: u64,
    /// The probability, or the formula for it.
    p: f64,
    formula: Option<Compiled>,
    no_mutual: bool,
}

/// How many partners a cell has.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    Fixed(u64),
    Drawn(Distribution),
}

impl Number {
    fn of(value: &Value) -> Result<Number> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Value, message));
        match value {
            Value::Constant(n) if *n >= 0.0 && n.fract() == 0.0 && *n < 1e9 => Ok(Number::Fixed(*n as u64)),
            Value::Constant(n) => wrong(format!("{n} partners: the number must be whole and not negative")),
            Value::Random(distribution) => match distribution.fault() {
                None => Ok(Number::Drawn(*distribution)),
                Some(fault) => wrong(fault),
            },
            _ => wrong("the number of partners is a number or a distribution".to_string()),
        }
    }

    fn draw(self, stream: &mut Stream) -> u64 {
        match self {
            Number::Fixed(n) => n,
            Number::Drawn(distribution) => distribution.draw(stream).round().clamp(0.0, 1e9) as u64,
        }
    }
}

/// `n` of `m` partners, `own` (the cell itself, where it may not be its own partner) left out.
fn choose(stream: &mut Stream, n: u64, m: u64, own: Option<u32>, with_replacement: bool, out: &mut Vec<u32>) {
    let m = m - u64::from(own.is_some());
    if m == 0 {
        return;
    }
    // Numbers from the cell itself on stand for the next one.
    let named = |k: u64| k as u32 + u32::from(own.is_some_and(|own| k >= u64::from(own)));
    if with_replacement {
        out.extend((0..n).map(|_| named(stream.below(m))));
    } else {
        for _ in 0..n / m {
            out.extend((0..m).map(named));
        }
        out.extend(stream.choose(m, n % m).into_iter().map(named));
    }
    out.sort_unstable();
}

impl Pairs {
    /// The pairs of projection `of`, drawn under `key`, for the cells of `wiring`.
    pub fn new(wiring: &Wiring<'_>, of: &Projection, key: u64) -> Result<Pairs> {
        let (n, m) = (wiring.sources.len(), wiring.targets.len());
        let wrong = |message: String| Err(Error::new(ErrorKind::Value, message));
        let no_mutual = of.self_connections == SelfConnections::NotMutual;
        let drawn_pairwise =
            matches!(of.connector, Connector::FixedProbability(_) | Connector::Probability(_));
        if no_mutual && !drawn_pairwise {
            return wrong("only a rule of probability can leave out mutual connections".to_string());
        }
        Ok(match &of.connector {
            Connector::AllToAll => Pairs::AllToAll,
            Connector::OneToOne if n == m => Pairs::OneToOne,
            Connector::OneToOne => return wrong(format!("one to one between {n} and {m} cells")),
            Connector::FixedProbability(p) if (0.0..=1.0).contains(p) => {
                Pairs::Probability(Chance { key, p: *p, formula: None, no_mutual })
            }
            Connector::FixedProbability(p) => return wrong(format!("{p} is no probability: from 0 to 1")),
            Connector::Probability(formula) if no_mutual => {
                return wrong(format!(
                    "mutual connections can not be left out where the probability is {formula}"
                ));
            }
            Connector::Probability(formula) => {
                let formula = Some(Compiled::new(formula)?);
                Pairs::Probability(Chance { key, p: 1.0, formula, no_mutual })
            }
            Connector::FixedNumberPost { n, with_replacement } => {
                Pairs::PerSource { key, n: Number::of(n)?, with_replacement: *with_replacement }
            }
            Connector::FixedNumberPre { n: number, with_replacement } => {
                let number = Number::of(number)?;
                let mut pairs = Vec::new();
                let mut chosen = Vec::new();
                for j in 0..m as u32 {
                    let mut stream = Stream::new(wiring.seed, Purpose::Connection, [key, u64::from(j)]);
                    let own = own(of, || (0..n as u32).find(|&i| wiring.is_self(i, j)));
                    chosen.clear();
                    let number = number.draw(&mut stream);
                    choose(&mut stream, number, n as u64, own, *with_replacement, &mut chosen);
                    pairs.extend(chosen.iter().map(|&i| (i, j)));
                    check_count(pairs.len() as u64)?;
                }
                table(n, m, &pairs)?
            }
            Connector::FixedTotalNumber { n: total, with_replacement } => {
                check_count(*total)?;
                let all = n as u64 * m as u64;
                let split = |at: u64| ((at / m as u64) as u32, (at % m as u64) as u32);
                let allowed = |&(i, j): &(u32, u32)| {
                    of.self_connections == SelfConnections::Allowed || !wiring.is_self(i, j)
                };
                let mut stream = Stream::new(wiring.seed, Purpose::Connection, [key, 0]);
                let pairs: Vec<(u32, u32)> = if *with_replacement {
                    if all == 0 || (0..n as u32).all(|i| (0..m as u32).all(|j| !allowed(&(i, j)))) {
                        return wrong("there is no pair to draw".to_string());
                    }
                    let draw = || split(stream.below(all));
                    std::iter::repeat_with(draw).filter(allowed).take(*total as usize).collect()
                } else {
                    // Pairs of a cell with itself are drawn too, and left out: at most as many as cells.
                    let more = (*total).saturating_add(n.min(m) as u64);
                    let bytes = BYTES_OF_A_CHOICE * more.min(all) as f64;
                    machine::has_room(bytes, || format!("{total} different pairs"))?;
                    let drawn = stream.choose(all, more).into_iter().map(split);
                    drawn.filter(allowed).take(*total as usize).collect()
                };
                if (pairs.len() as u64) < *total {
                    return wrong(format!(
                        "{total} different pairs are wanted, and there are {}",
                        pairs.len()
                    ));
                }
                table(n, m, &pairs)?
            }
            Connector::SmallWorld { degree_um, rewiring } => small_world(wiring, key, *degree_um, *rewiring)?,
            Connector::Listed(listed) => table(n, m, &listed.pairs)?,
            Connector::Clone(_) => return wrong("it takes the pairs of itself".to_string()),
        })
    }

    /// The targets of source `i`, ascending, and their numbers in the list if there is one.
    pub fn row(
        &self,
        wiring: &Wiring<'_>,
        i: u32,
        work: &mut Work,
        targets: &mut Vec<u32>,
        entries: &mut Vec<u32>,
    ) -> Result<()> {
        let m = wiring.targets.len() as u32;
        let stream = |key: u64| Stream::new(wiring.seed, Purpose::Connection, [key, u64::from(i)]);
        match self {
            Pairs::AllToAll => targets.extend(0..m),
            Pairs::OneToOne => targets.push(i),
            Pairs::Probability(chance) if chance.no_mutual => chance.without_mutual(wiring, i, targets),
            Pairs::Probability(chance) => chance.row(wiring, i, &mut stream(chance.key), work, targets)?,
            Pairs::PerSource { key, n, with_replacement } => {
                let mut stream = stream(*key);
                let n = n.draw(&mut stream);
                let own = own(wiring.projection, || (0..m).find(|&j| wiring.is_self(i, j)));
                choose(&mut stream, n, u64::from(m), own, *with_replacement, targets);
                return Ok(());
            }
            Pairs::Table { first, targets: all, entries: numbers } => {
                let range = first[i as usize] as usize..first[i as usize + 1] as usize;
                targets.extend_from_slice(&all[range.clone()]);
                entries.extend_from_slice(&numbers[range]);
                return Ok(());
            }
        }
        if wiring.projection.self_connections != SelfConnections::Allowed {
            targets.retain(|&j| !wiring.is_self(i, j));
        }
        Ok(())
    }

    /// How many pairs there will be, by counting: those that are listed, else those of some sources.
    ///
    /// # Errors
    /// If a probability is no number.
    pub fn counted(&self, wiring: &Wiring<'_>) -> Result<f64> {
        if let Pairs::Table { targets, .. } = self {
            return Ok(targets.len() as f64);
        }
        let n = wiring.sources.len();
        let (mut work, mut targets, mut entries) = (Work::default(), Vec::new(), Vec::new());
        let sample = n.min(SAMPLE);
        for k in 0..sample {
            self.row(wiring, (k * n / sample) as u32, &mut work, &mut targets, &mut entries)?;
        }
        Ok(targets.len() as f64 * n as f64 / sample.max(1) as f64)
    }
}

/// How many pairs a rule makes of `n` sources and `m` targets, where that is known before they are drawn.
pub fn known_count(connector: &Connector, n: f64, m: f64) -> Option<f64> {
    let fixed = |value: &Value| match value {
        Value::Constant(number) => Some(*number),
        _ => None,
    };
    match connector {
        Connector::AllToAll => Some(n * m),
        Connector::OneToOne => Some(n),
        Connector::FixedProbability(p) => Some(n * m * p),
        Connector::FixedNumberPre { n: each, .. } => fixed(each).map(|each| m * each),
        Connector::FixedNumberPost { n: each, .. } => fixed(each).map(|each| n * each),
        Connector::FixedTotalNumber { n: total, .. } => Some(*total as f64),
        Connector::Listed(listed) => Some(listed.pairs.len() as f64),
        Connector::Probability(_) | Connector::SmallWorld { .. } | Connector::Clone(_) => None,
    }
}

impl Chance {
    /// By skipping from one connection to the next: the work is that of the connections, not of all pairs.
    /// With a formula, candidates are drawn with the greatest probability of a block and kept in
    /// proportion.
    fn row(
        &self,
        wiring: &Wiring<'_>,
        i: u32,
        stream: &mut Stream,
        work: &mut Work,
        targets: &mut Vec<u32>,
    ) -> Result<()> {
        let m = wiring.targets.len() as u32;
        let Some(formula) = &self.formula else {
            skip(stream, self.p, m, |_, j| targets.push(j));
            return Ok(());
        };
        let may_be_itself = wiring.projection.self_connections == SelfConnections::Allowed;
        let source = (i, wiring.source_place(i));
        let mut start = 0;
        while start < m {
            let end = m.min(start + BLOCK as u32);
            let places = (start..end).map(|j| (j, wiring.target_place(j)));
            let p = formula.run(wiring.level, work, &wiring.projection.space, source, places);
            let p = &p[..(end - start) as usize];
            let no_number = (start..end).zip(p).filter(|(_, p)| p.is_nan()).map(|(j, _)| j);
            if let Some(j) = no_number.into_iter().find(|&j| may_be_itself || !wiring.is_self(i, j)) {
                let message = format!("the probability from source {i} to target {j} is no number");
                return Err(wiring.wrong(ErrorKind::Value, message));
            }
            let most = p.iter().fold(0.0f64, |most, p| most.max(*p)).min(1.0);
            skip(stream, most, end - start, |stream, at| {
                let p = p[at as usize];
                if p >= most || stream.uniform() * most < p {
                    targets.push(start + at);
                }
            });
            start = end;
        }
        Ok(())
    }

    /// Each pair has its own number, so that the other direction can be looked at: of two cells that would
    /// connect to each other only the one that comes later does, as in PyNN.
    fn without_mutual(&self, wiring: &Wiring<'_>, i: u32, targets: &mut Vec<u32>) {
        let own = wiring.sources[i as usize];
        let is_drawn = |a: super::Member, b: super::Member| {
            let number = |m: super::Member| pair(m.population, m.index);
            let key = [self.key ^ number(a).rotate_left(17), number(b)];
            Stream::new(wiring.seed, Purpose::Connection, key).uniform() < self.p
        };
        let order = |m: super::Member| (m.population, m.index);
        let is_source = |m: super::Member| wiring.sources.iter().any(|s| order(*s) == order(m));
        let is_target = wiring.targets.iter().any(|t| order(*t) == order(own));
        for (j, &other) in wiring.targets.iter().enumerate() {
            if order(own) != order(other) && is_drawn(own, other) {
                let mutual =
                    is_target && order(own) < order(other) && is_drawn(other, own) && is_source(other);
                if !mutual {
                    targets.push(j as u32);
                }
            }
        }
    }
}

/// Calls `hit` for each of 0..`n` with probability `p`.
fn skip(stream: &mut Stream, p: f64, n: u32, mut hit: impl FnMut(&mut Stream, u32)) {
    if p >= 1.0 {
        (0..n).for_each(|at| hit(stream, at));
        return;
    }
    if p.is_nan() || p <= 0.0 {
        return;
    }
    let scale = 1.0 / crate::simd::math::ln(1.0 - p);
    let mut at = 0u64;
    loop {
        // Failures before the next success follow the geometric law.
        let skipped = (crate::simd::math::ln(stream.uniform_open()) * scale).floor();
        if skipped >= f64::from(n) {
            return;
        }
        at += skipped as u64;
        if at >= u64::from(n) {
            return;
        }
        hit(stream, at as u32);
        at += 1;
    }
}

/// The cell's own index among its possible partners, if it may not be its own.
fn own(of: &Projection, find: impl FnOnce() -> Option<u32>) -> Option<u32> {
    if of.self_connections == SelfConnections::Allowed { None } else { find() }
}

fn check_count(n: u64) -> Result<()> {
    if n < MOST_LISTED {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Limit, format!("{n} connections are too many for a rule that lists them")))
}

/// Pairs sorted by source, then target; equal ones stay in order.
fn table(n: usize, m: usize, pairs: &[(u32, u32)]) -> Result<Pairs> {
    check_count(pairs.len() as u64)?;
    let mut first = vec![0u32; n + 1];
    for (at, &(i, j)) in pairs.iter().enumerate() {
        if i as usize >= n || j as usize >= m {
            let message =
                format!("connection {at} is from {i} to {j}, and there are {n} sources and {m} targets");
            return Err(Error::new(ErrorKind::Value, message).help("indices count from 0"));
        }
        first[i as usize + 1] += 1;
    }
    for i in 0..n {
        first[i + 1] += first[i];
    }
    let mut next = first.clone();
    let mut entries = vec![0u32; pairs.len()];
    for (at, &(i, _)) in pairs.iter().enumerate() {
        let place = &mut next[i as usize];
        entries[*place as usize] = at as u32;
        *place += 1;
    }
    for i in 0..n {
        entries[first[i] as usize..first[i + 1] as usize].sort_by_key(|&at| pairs[at as usize].1);
    }
    let targets = entries.iter().map(|&at| pairs[at as usize].1).collect();
    Ok(Pairs::Table { first, targets, entries })
}

fn small_world(wiring: &Wiring<'_>, key: u64, degree_um: f64, rewiring: f64) -> Result<Pairs> {
    if !(0.0..=1.0).contains(&rewiring) {
        return Err(Error::new(
            ErrorKind::Value,
            format!("{rewiring} is no probability of rewiring: from 0 to 1"),
        ));
    }
    let (n, m) = (wiring.sources.len() as u32, wiring.targets.len() as u32);
    let space = &wiring.projection.space;
    let mut pairs = Vec::new();
    for j in 0..m {
        let mut stream = Stream::new(wiring.seed, Purpose::Connection, [key, u64::from(j)]);
        let near: Vec<u32> = (0..n)
            .filter(|&i| !wiring.is_self(i, j))
            .filter(|&i| space.distance(wiring.source_place(i), wiring.target_place(j)) <= degree_um)
            .collect();
        let mut taken: Vec<u32> = near.clone();
        for (at, &i) in near.iter().enumerate() {
            if stream.uniform() < rewiring {
                // Anyone but the target itself and those that it hears already.
                let free: Vec<u32> =
                    (0..n).filter(|&k| k == i || (!wiring.is_self(k, j) && !taken.contains(&k))).collect();
                taken[at] = free[stream.below(free.len() as u64) as usize];
            }
        }
        pairs.extend(taken.into_iter().map(|i| (i, j)));
        check_count(pairs.len() as u64)?;
    }
    table(n as usize, m as usize, &pairs)
}
