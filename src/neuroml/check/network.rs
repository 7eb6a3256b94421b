//! Networks: populations that exist, cells in range, segments that are there.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use super::cell::part;
use super::groups::number;
use crate::error::{ErrorKind, Warning, nearest};
use crate::lems::{Component, Set};

/// A population.
struct Population<'a> {
    cells: Cells,
    /// Segments of its cell, if that is one with a shape.
    segments: Option<BTreeSet<u64>>,
    component: Option<&'a Component>,
}

enum Cells {
    Number(u64),
    Ids(BTreeSet<u64>),
    /// Not said, or said wrongly.
    Unknown,
}

/// A cell as paths name it: `../pop/3/cell`, `pop[3]`.
#[derive(Debug, PartialEq, Eq)]
struct CellPath<'a> {
    population: &'a str,
    index: u64,
}

impl<'a> CellPath<'a> {
    fn read(text: &'a str) -> Option<CellPath<'a>> {
        let text = text.trim();
        let text = text.strip_prefix("../").unwrap_or(text);
        if let Some((population, rest)) = text.split_once('[') {
            let index = number(rest.split(']').next())?;
            return Some(CellPath { population, index });
        }
        let mut parts = text.split('/');
        Some(CellPath { population: parts.next()?, index: number(parts.next())? })
    }
}

/// Checks a network.
pub(super) fn check(network: &Component, set: &Set, findings: &mut Findings) {
    let mut checker = Checker { populations: BTreeMap::new(), set, findings };
    for population in network.in_slot("populations") {
        checker.population(population);
    }
    if let Some(kelvin) = network.parameter("temperature").filter(|kelvin| *kelvin <= 0.0) {
        let message = format!("the temperature is {kelvin} K");
        checker.findings.error(network.error(ErrorKind::Value, message));
    }
    for child in &network.children {
        let is = |base| set.is_a(&child.component_type, base);
        if is("projection") || is("electricalProjection") || is("continuousProjection") {
            checker.projection(child);
        } else if is("explicitConnection") {
            checker.cell(child, "from", None, None);
            checker.cell(child, "to", None, None);
            checker.kind(child, "synapse", &["baseSynapse", "baseSynapseDL"]);
        } else if is("explicitInput") {
            checker.cell(child, "target", None, None);
            checker.kind(child, "input", &["basePointCurrent", "basePointCurrentDL", "baseSpikeSource"]);
        } else if is("inputList") {
            checker.inputs(child);
        }
    }
}

struct Checker<'a, 'f> {
    populations: BTreeMap<&'a str, Population<'a>>,
    set: &'a Set,
    findings: &'f mut Findings,
}

impl<'a> Checker<'a, '_> {
    fn population(&mut self, population: &'a Component) {
        let Some(id) = population.id.as_deref() else { return };
        let component = population.reference("component").and_then(|id| self.set.component(id));
        let instances: Vec<&Component> = population.in_slot("instances").collect();
        let cells = if self.set.is_a(&population.component_type, "populationList") || !instances.is_empty() {
            if let Some(size) = number(population.text("size"))
                && size != instances.len() as u64
            {
                let message =
                    format!("size=\"{size}\", and there are {} instances; they count", instances.len());
                self.findings.warn(Warning::new("population-size", message, population.origin.place()));
            }
            Cells::Ids(instances.iter().filter_map(|i| number(i.id.as_deref())).collect())
        } else {
            match population.parameter("size") {
                Some(size) if size >= 0.0 && size.fract() == 0.0 => Cells::Number(size as u64),
                _ => Cells::Unknown,
            }
        };
        let none = match &cells {
            Cells::Number(n) => *n == 0,
            Cells::Ids(ids) => ids.is_empty(),
            Cells::Unknown => false,
        };
        if none {
            let message = format!("the population '{id}' has no cells");
            self.findings.warn(Warning::new("empty-population", message, population.origin.place()));
        }
        let morphology = component.and_then(|cell| part(cell, "morphology", self.set));
        let segments =
            morphology.map(|m| m.in_slot("segments").filter_map(|s| number(s.id.as_deref())).collect());
        self.populations.insert(id, Population { cells, segments, component });
    }

    /// The population that `name` names on `by`; an error if there is none.
    fn find(&mut self, by: &Component, attribute: &str, name: &str) -> bool {
        if self.populations.contains_key(name) {
            return true;
        }
        let message = format!("{attribute}=\"{name}\": the network has no population '{name}'");
        let error = by.error(ErrorKind::Name, message);
        self.findings.error(match nearest(name, self.populations.keys().copied()) {
            Some(near) => error.help(format!("did you mean '{near}'?")),
            None => error,
        });
        false
    }

    /// What `attribute` refers to is one of `wanted`.
    fn kind(&mut self, by: &Component, attribute: &str, wanted: &[&str]) {
        let Some(id) = by.reference(attribute) else { return };
        let Some(found) = self.set.component(id) else { return };
        if !wanted.iter().any(|base| self.set.is_a(&found.component_type, base)) {
            let wanted = wanted.first().copied().unwrap_or_default();
            let message =
                format!("{attribute}=\"{id}\": '{id}' is a {}, not a {wanted}", found.component_type);
            self.findings.error(by.error(ErrorKind::Name, message));
        }
    }

    /// The cell at the path `attribute` of `by`, and the segment named beside it, exist. `within` is
    /// the population that it has to be in: for paths that are a bare number.
    fn cell(&mut self, by: &Component, attribute: &str, within: Option<&str>, segment: Option<&str>) {
        let Some(text) = by.text(attribute) else { return };
        let bare = number(Some(text));
        let path = match (bare, within) {
            (Some(index), Some(population)) => Some(CellPath { population, index }),
            _ => CellPath::read(text),
        };
        let Some(path) = path else {
            let message = format!("{attribute}=\"{text}\": expected a cell, such as ../pop/0/cell or pop[0]");
            self.findings.error(by.error(ErrorKind::Name, message));
            return;
        };
        if let Some(within) = within.filter(|within| *within != path.population) {
            let message =
                format!("{attribute}=\"{text}\" is not in the population '{within}' that is connected here");
            self.findings.error(by.error(ErrorKind::Name, message));
            return;
        }
        if !self.find(by, attribute, path.population) {
            return;
        }
        let Some(population) = self.populations.get(path.population) else { return };
        let (known, size) = match &population.cells {
            Cells::Number(n) => (path.index < *n, *n),
            Cells::Ids(ids) => (ids.contains(&path.index), ids.len() as u64),
            Cells::Unknown => (true, 0),
        };
        if !known {
            let message = format!(
                "{attribute}=\"{text}\": '{}' has {size} cells and no cell {}",
                path.population, path.index
            );
            self.findings.error(by.error(ErrorKind::Name, message));
        }
        let Some((attribute, written)) = segment.and_then(|name| Some((name, by.text(name)?))) else {
            return;
        };
        let Some(id) = number(Some(written)) else { return };
        match &population.segments {
            Some(segments) if !segments.contains(&id) => {
                let cell = population.component.and_then(|c| c.id.as_deref()).unwrap_or_default();
                let message = format!("{attribute}=\"{id}\": the cell '{cell}' has no segment {id}");
                self.findings.error(by.error(ErrorKind::Name, message));
            }
            None if id > 0 && population.component.is_some() => {
                let message =
                    format!("{attribute}=\"{id}\": the cells of '{}' have no segments", path.population);
                self.findings.warn(Warning::new("no-segments", message, by.origin.place()));
            }
            _ => {}
        }
    }

    fn projection(&mut self, projection: &Component) {
        let named = |name| projection.text(name).or_else(|| projection.reference(name));
        let (pre, post) = (named("presynapticPopulation"), named("postsynapticPopulation"));
        let mut ends = [None, None];
        for (end, (attribute, name)) in
            ends.iter_mut().zip([("presynapticPopulation", pre), ("postsynapticPopulation", post)])
        {
            // Of a population that does not exist this is said once.
            *end = name.filter(|name| self.find(projection, attribute, name));
        }
        self.kind(projection, "synapse", &["baseSynapse", "baseSynapseDL"]);
        let mut count = 0;
        for connection in &projection.children {
            count += 1;
            let old = connection.text("preCellId").is_some();
            let names = if old {
                [("preCellId", "preSegmentId"), ("postCellId", "postSegmentId")]
            } else {
                [("preCell", "preSegment"), ("postCell", "postSegment")]
            };
            for ((attribute, segment), end) in names.into_iter().zip(ends) {
                if end.is_some() {
                    self.cell(connection, attribute, end, Some(segment));
                }
            }
            self.kind(connection, "synapse", &["baseSynapse"]);
            // There is no published base of graded synapses without units.
            self.kind(connection, "preComponent", &["baseGradedSynapse", "baseSynapseDL"]);
            self.kind(connection, "postComponent", &["baseGradedSynapse", "baseSynapseDL"]);
        }
        if count == 0 {
            let message = format!("{} connects nothing", projection.label());
            self.findings.warn(Warning::new("empty-projection", message, projection.origin.place()));
        }
    }

    fn inputs(&mut self, list: &Component) {
        self.kind(list, "component", &["basePointCurrent", "basePointCurrentDL", "baseSpikeSource"]);
        let Some(name) = list.text("population") else { return };
        if !self.find(list, "population", name) {
            return;
        }
        let mut count = 0;
        for input in &list.children {
            count += 1;
            self.cell(input, "target", Some(name), Some("segmentId"));
        }
        if count == 0 {
            let message = format!("{} drives nothing", list.label());
            self.findings.warn(Warning::new("empty-input-list", message, list.origin.place()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_cells() {
        let path = |population, index| Some(CellPath { population, index });
        assert_eq!(CellPath::read("../pop/3/cell"), path("pop", 3));
        assert_eq!(CellPath::read("pop[12]"), path("pop", 12));
        assert_eq!(CellPath::read("../pop[0]/v"), path("pop", 0));
        assert_eq!(CellPath::read("pop"), None);
        assert_eq!(CellPath::read("pop[x]"), None);
    }
}
