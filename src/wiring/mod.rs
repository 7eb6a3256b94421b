//! Who is connected to whom: projections drawn out, source by source, with weights and delays.
//!
//! Every random choice is keyed by the projection's name and by who is connected, so a network is the
//! same however it is divided among threads.

mod compiled;
mod contacts;
mod junctions;
mod pairs;

use crate::error::{Error, ErrorKind, Result};
use crate::machine;
use crate::model::{
    CellSet, Cells, Connector, Contacts, Formula, Model, Position, Projection, Value, name_key,
};
use crate::rng::{Distribution, Purpose, Stream};
use crate::simd::Level;
use compiled::Compiled;
pub use compiled::Work;
pub use contacts::{
    ContactSite, MOST_LISTED, connections_of, each_contact, nearest_step, one_by_one, whole_steps,
};
pub use junctions::with_junctions;
use pairs::Pairs;

/// One of the cells of a [`Cells`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Index among the parts.
    pub part: u32,
    /// Index of the population.
    pub population: u32,
    /// Index of the cell in it.
    pub index: u32,
}

/// The cells of a [`Cells`], in order.
///
/// # Errors
/// If a population or a cell does not exist.
pub fn members(model: &Model, cells: &Cells) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for (part, (population, set)) in cells.parts.iter().enumerate() {
        let Some(its) = model.populations.get(*population) else {
            let message =
                format!("population {population} does not exist; there are {}", model.populations.len());
            return Err(Error::new(ErrorKind::Name, message));
        };
        let member =
            |index: usize| Member { part: part as u32, population: *population as u32, index: index as u32 };
        match set {
            CellSet::All => members.extend((0..its.size).map(member)),
            CellSet::Indices(list) => {
                if let Some(beyond) = list.iter().find(|index| **index >= its.size) {
                    let message = format!("cell {beyond} of '{}', which has {} cells", its.name, its.size);
                    return Err(Error::new(ErrorKind::Value, message));
                }
                members.extend(list.iter().copied().map(member));
            }
        }
    }
    Ok(members)
}

/// The connections of one source.
#[derive(Debug, Default)]
pub struct Row {
    /// Indices among the targets.
    pub targets: Vec<u32>,
    /// The weight of each.
    pub weights: Vec<f64>,
    /// The delay of each, s.
    pub delays_s: Vec<f64>,
    /// Parameters of the rule that differ between connections: one list for each.
    pub parameters: Vec<Vec<f64>>,
    /// Numbers in the list of connections, where there is one.
    entries: Vec<u32>,
}

/// A projection, ready to be drawn out.
#[derive(Debug)]
pub struct Wiring<'a> {
    projection: &'a Projection,
    seed: u64,
    key: u64,
    level: Level,
    sources: Vec<Member>,
    targets: Vec<Member>,
    /// Places, µm; empty where they do not matter.
    source_places: Vec<Position>,
    target_places: Vec<Position>,
    pairs: Pairs,
    weight: Values,
    delay_s: Values,
    parameters: Vec<Values>,
}

/// Where a [`Value`] comes from.
#[derive(Debug)]
enum Values {
    Constant(f64),
    Random(Distribution),
    Formula(Compiled),
    Listed(Vec<f64>),
    Matrix(std::sync::Arc<[f64]>),
}

impl<'a> Wiring<'a> {
    /// Makes projection `number` of `model` ready.
    ///
    /// # Errors
    /// If its cells do not exist, or its rule does not fit them.
    pub fn new(model: &'a Model, number: usize, level: Level) -> Result<Wiring<'a>> {
        let projection = &model.projections[number];
        Wiring::ready(model, projection, level)
            .map_err(|e| e.in_element(format!("projection '{}'", projection.name)))
    }

    fn ready(model: &'a Model, projection: &'a Projection, level: Level) -> Result<Wiring<'a>> {
        let sources = members(model, &projection.source)?;
        let targets = members(model, &projection.target)?;
        if sources.len().max(targets.len()) > u32::MAX as usize {
            return Err(Error::new(ErrorKind::Limit, "more than 4 billion cells"));
        }
        // Whose pairs these are: its own, or those of the projection it follows.
        let mut of = projection;
        let mut steps = 0;
        while let Connector::Clone(other) = of.connector {
            of = model.projections.get(other).ok_or_else(|| {
                Error::new(ErrorKind::Name, format!("there is no projection {other} to take the pairs of"))
            })?;
            if (&of.source, &of.target) != (&projection.source, &projection.target) {
                let message = format!("it takes the pairs of '{}', which connects other cells", of.name);
                return Err(Error::new(ErrorKind::Value, message));
            }
            steps += 1;
            if steps > model.projections.len() {
                return Err(Error::new(
                    ErrorKind::Value,
                    "projections take their pairs of each other in a circle",
                ));
            }
        }
        let values = |value: &Value| Values::new(value, of, sources.len() * targets.len());
        let (weight, delay_s) = (values(&projection.weight)?, values(&projection.delay_s)?);
        let of_rule = || projection.rule.iter().flat_map(|rule| &rule.parameters);
        let parameters = of_rule().map(|(_, value)| values(value)).collect::<Result<_>>()?;
        let needs_place = |formula: &Formula| formula.uses()[..4].contains(&true);
        let by_place = matches!(&of.connector, Connector::Probability(formula) if needs_place(formula))
            || matches!(of.connector, Connector::SmallWorld { .. })
            || [&projection.weight, &projection.delay_s]
                .into_iter()
                .chain(of_rule().map(|(_, value)| value))
                .any(|value| matches!(value, Value::Formula(formula) if needs_place(formula)));
        let places = |members: &[Member]| if by_place { places(model, members) } else { Vec::new() };
        let mut wiring = Wiring {
            projection,
            seed: model.seed,
            key: name_key(&projection.name),
            level,
            source_places: places(&sources),
            target_places: places(&targets),
            sources,
            targets,
            pairs: Pairs::AllToAll,
            weight,
            delay_s,
            parameters,
        };
        wiring.pairs = Pairs::new(&wiring, of, name_key(&of.name))?;
        Ok(wiring)
    }

    /// The source cells.
    pub fn sources(&self) -> &[Member] {
        &self.sources
    }

    /// The target cells.
    pub fn targets(&self) -> &[Member] {
        &self.targets
    }

    /// How many pairs are to be expected; an estimate where they are drawn.
    ///
    /// # Errors
    /// If a probability is no number.
    pub fn expected_pairs(&self) -> Result<f64> {
        let (n, m) = (self.sources.len(), self.targets.len());
        match pairs::known_count(&self.projection.connector, n as f64, m as f64) {
            Some(known) => Ok(known),
            None => self.pairs.counted(self),
        }
    }

    /// The connections of source `i`, into `row`.
    ///
    /// # Errors
    /// If a weight or a delay comes out as no number, or a delay as negative.
    pub fn row(&self, i: u32, work: &mut Work, row: &mut Row) -> Result<()> {
        row.targets.clear();
        row.entries.clear();
        self.pairs.row(self, i, work, &mut row.targets, &mut row.entries)?;
        let Row { targets, weights, delays_s, parameters, entries } = row;
        let pairs = (i, &targets[..], &entries[..]);
        self.weight.fill(self, pairs, (Purpose::Weight, 0), work, weights);
        self.delay_s.fill(self, pairs, (Purpose::Delay, 0), work, delays_s);
        parameters.resize_with(self.parameters.len(), Vec::new);
        for (number, (values, out)) in self.parameters.iter().zip(parameters.iter_mut()).enumerate() {
            values.fill(self, pairs, (Purpose::ConnectionParameter, number as u64), work, out);
        }
        let who = |at: usize| format!("from source {i} to target {}", targets[at]);
        if let Some(at) = weights.iter().position(|w| !w.is_finite()) {
            let message = format!("the weight {} is {}", who(at), weights[at]);
            return Err(self.wrong(ErrorKind::Value, message));
        }
        let sign = self.projection.sign;
        if let Some((at, sign)) = weights.iter().position(|w| sign.is_some_and(|s| !s.allows(*w))).zip(sign) {
            let message = format!("the weight {} is {}: {}", who(at), weights[at], sign.fault());
            let help =
                format!("draw from a distribution with bounds, such as normal_clipped; {}", sign.help());
            return Err(self.wrong(ErrorKind::Value, message).help(help));
        }
        if let Some(at) = delays_s.iter().position(|d| !(*d >= 0.0 && d.is_finite())) {
            let message = format!("the delay {} is {} ms", who(at), delays_s[at] * 1e3);
            return Err(self.wrong(ErrorKind::Value, message).help("a delay is a time, not negative"));
        }
        Ok(())
    }

    /// Whether `count` contacts on a target are enough for what the projection asks for.
    pub fn has_contacts(&self, count: u32) -> bool {
        match &self.projection.contacts {
            Contacts::All | Contacts::Within(_) => true,
            Contacts::Listed(list) => list.iter().all(|at| *at < count),
            Contacts::Random(n) => *n <= count,
        }
    }

    /// How many of `count` contacts a connection takes.
    pub fn contacts_of(&self, count: u32) -> f64 {
        f64::from(match &self.projection.contacts {
            Contacts::All | Contacts::Within(_) => count,
            Contacts::Listed(list) => list.iter().filter(|at| **at < count).count() as u32,
            Contacts::Random(n) => count.min(*n),
        })
    }

    /// Which of `count` contacts the connection from source `i` to target `j` takes, into `chosen`.
    pub fn contacts(&self, (i, j): (u32, u32), count: u32, chosen: &mut Vec<u32>) {
        chosen.clear();
        match &self.projection.contacts {
            Contacts::All | Contacts::Within(_) => chosen.extend(0..count),
            Contacts::Listed(list) => chosen.extend(list.iter().copied().filter(|at| *at < count)),
            Contacts::Random(n) => {
                let key = [self.key, pair(i, j)];
                let mut stream = Stream::new(self.seed, Purpose::Contact, key);
                let drawn = stream.choose(u64::from(count), u64::from(*n));
                chosen.extend(drawn.into_iter().map(|at| at as u32));
                chosen.sort_unstable();
            }
        }
    }

    fn source_place(&self, i: u32) -> Position {
        self.source_places.get(i as usize).copied().unwrap_or_default()
    }

    fn target_place(&self, j: u32) -> Position {
        self.target_places.get(j as usize).copied().unwrap_or_default()
    }

    /// Whether source `i` and target `j` are one cell.
    fn is_self(&self, i: u32, j: u32) -> bool {
        let (a, b) = (self.sources[i as usize], self.targets[j as usize]);
        (a.population, a.index) == (b.population, b.index)
    }
}

fn pair(i: u32, j: u32) -> u64 {
    u64::from(i) << 32 | u64::from(j)
}

/// That there is room for the connections of `model`, as far as their number is known before they are drawn.
///
/// # Errors
/// If there is not, with the estimate.
pub fn check_room(model: &Model) -> Result<()> {
    for projection in &model.projections {
        let size = |cells: &Cells| {
            let of = |(population, set): &(usize, CellSet)| match set {
                CellSet::All => model.populations.get(*population).map_or(0, |p| p.size),
                CellSet::Indices(list) => list.len(),
            };
            cells.parts.iter().map(of).sum::<usize>() as f64
        };
        let (n, m) = (size(&projection.source), size(&projection.target));
        let pairs = pairs::known_count(&projection.connector, n, m).unwrap_or(0.0);
        let each = if projection.rule.is_some() { BYTES_WITH_RULE } else { BYTES };
        machine::has_room(pairs * each, || format!("about {pairs:.3e} connections"))
            .map_err(|e| e.in_element(format!("projection '{}'", projection.name)))?;
    }
    Ok(())
}

/// Bytes that a connection may take while the lists grow.
pub const BYTES: f64 = 28.0;
/// The same with states of its own.
pub const BYTES_WITH_RULE: f64 = 250.0;

/// Places of cells; those of a population that says nothing stand 1 µm apart along x, as in PyNN.
fn places(model: &Model, members: &[Member]) -> Vec<Position> {
    let place = |m: &Member| {
        let given = model.populations[m.population as usize].positions.get(m.index as usize);
        given.copied().unwrap_or([f64::from(m.index), 0.0, 0.0])
    };
    members.iter().map(place).collect()
}

impl Values {
    fn new(value: &Value, of: &Projection, n_pairs: usize) -> Result<Values> {
        Ok(match value {
            Value::Constant(x) => Values::Constant(*x),
            Value::Random(distribution) => match distribution.fault() {
                None => Values::Random(*distribution),
                Some(fault) => return Err(Error::new(ErrorKind::Value, fault)),
            },
            Value::Formula(formula) => Values::Formula(Compiled::new(formula)?),
            Value::Listed(list) => {
                let Connector::Listed(listed) = &of.connector else {
                    return Err(Error::new(ErrorKind::Value, "values are listed, but connections are not"));
                };
                if list.len() != listed.pairs.len() {
                    let message = format!("{} values for {} connections", list.len(), listed.pairs.len());
                    return Err(Error::new(ErrorKind::Value, message));
                }
                Values::Listed(list.to_vec())
            }
            Value::Matrix(matrix) if matrix.len() == n_pairs => Values::Matrix(matrix.clone()),
            Value::Matrix(matrix) => {
                let message = format!("{} values for {n_pairs} pairs of cells", matrix.len());
                return Err(Error::new(ErrorKind::Value, message));
            }
        })
    }

    fn fill(
        &self,
        wiring: &Wiring<'_>,
        (i, targets, entries): (u32, &[u32], &[u32]),
        (purpose, which): (Purpose, u64),
        work: &mut Work,
        out: &mut Vec<f64>,
    ) {
        out.clear();
        match self {
            Values::Constant(x) => out.resize(targets.len(), *x),
            Values::Random(distribution) => {
                for (at, &j) in targets.iter().enumerate() {
                    // Of a pair connected more than once, each connection draws for itself.
                    let before = targets[..at].iter().rev().take_while(|before| **before == j).count();
                    let key = [wiring.key.wrapping_add(before as u64 + (which << 32)), pair(i, j)];
                    out.push(distribution.draw(&mut Stream::new(wiring.seed, purpose, key)));
                }
            }
            Values::Formula(formula) => {
                let source = (i, wiring.source_place(i));
                for block in targets.chunks(compiled::BLOCK) {
                    let places = block.iter().map(|&j| (j, wiring.target_place(j)));
                    let values = formula.run(wiring.level, work, &wiring.projection.space, source, places);
                    out.extend_from_slice(&values[..block.len()]);
                }
            }
            Values::Listed(list) => out.extend(entries.iter().map(|&entry| list[entry as usize])),
            Values::Matrix(matrix) => {
                let n = wiring.targets.len();
                out.extend(targets.iter().map(|&j| matrix[i as usize * n + j as usize]));
            }
        }
    }
}

#[cfg(test)]
mod tests;
