//! Paths into a cell: what `3/bioPhys1/membraneProperties/naChans/naChan/m/q` means.

use super::densities::Spread;
use super::report::some_of;
use super::segments::Segments;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::lems::Component;
use crate::model::{Pool, concentration_input, is_current_of};
use crate::neuroml::Shaped;
use crate::select::Location;

/// A quantity within a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct CellVariable {
    /// Where it is.
    pub location: Location,
    /// What it is, as recordings of a [`Model`](crate::model::Model) name it.
    pub variable: String,
}

/// What paths into a cell are made of.
#[derive(Debug, Clone, Default)]
pub(in crate::neuroml) struct Names {
    /// The id of the segment that is meant where a path names none.
    default_segment: u64,
    /// What the biophysical properties, and those of membrane and inside, may be called.
    biophysics: Vec<String>,
    membrane: Vec<String>,
    inside: Vec<String>,
    /// Densities and populations with their channels.
    densities: Vec<(String, String)>,
    /// Species: id, ion, concentration model.
    species: Vec<[String; 3]>,
}

impl Names {
    pub(super) fn new(
        biophysics: &Component,
        membrane: &Component,
        inside: &Component,
        spreads: &[Spread<'_>],
        segments: &Segments<'_>,
    ) -> Names {
        let called = |component: &Component| {
            let mut names = vec![component.slot.clone(), component.component_type.clone()];
            // Paths into cells with two calcium pools are written with the plain names as well.
            let plain = |name: &String| name.strip_suffix("2CaPools").map(str::to_string);
            names.extend(names.clone().iter().filter_map(plain));
            names.extend(component.id.clone());
            names.retain(|name| !name.is_empty());
            names
        };
        let density = |spread: &Spread<'_>| {
            let channel = spread.component.reference("ionChannel").unwrap_or_default();
            (spread.density.name.clone(), channel.to_string())
        };
        let species = |component: &Component| {
            let id = component.id.as_deref().unwrap_or_default();
            let model = component.reference("concentrationModel").unwrap_or_default();
            [id, component.text("ion").unwrap_or(id), model].map(str::to_string)
        };
        Names {
            default_segment: segments.list.get(segments.default_segment()).map_or(0, |segment| segment.id),
            biophysics: called(biophysics),
            membrane: called(membrane),
            inside: called(inside),
            densities: spreads.iter().map(density).collect(),
            species: inside.in_slot("speciesList").map(species).collect(),
        }
    }
}

impl Shaped {
    /// The quantity that `path` leads to from the cell: `v`, `caConc`, `3/v`,
    /// `bioPhys1/membraneProperties/naChans/naChan/m/q`.
    ///
    /// A number in front is a segment, of which the middle is meant; without one it is segment 0, or
    /// the root if there is no segment 0.
    ///
    /// # Errors
    /// If the path leads nowhere; says what there is.
    pub fn variable(&self, path: &[&str]) -> Result<CellVariable> {
        let (segment, rest) = match path {
            [first, rest @ ..] if first.parse::<u64>().is_ok() => (first.parse().unwrap_or_default(), rest),
            rest => (self.names.default_segment, rest),
        };
        let location = self.location(segment, 0.5).ok_or_else(|| {
            let error = Error::new(ErrorKind::Name, format!("the cell has no segment {segment}"));
            match (self.segments.first(), self.segments.last()) {
                (Some(a), Some(b)) => error.help(format!("its segments have ids from {} to {}", a.id, b.id)),
                _ => error,
            }
        })?;
        Ok(CellVariable { location, variable: self.names.variable(rest, self)? })
    }
}

impl Names {
    fn variable(&self, path: &[&str], shaped: &Shaped) -> Result<String> {
        let is = |names: &[String], part: &str| names.iter().any(|name| name == part);
        match path {
            ["v"] => Ok("v".to_string()),
            // 1 while the potential is above the threshold, as the type `cell` has it.
            ["spiking"] => match shaped.spike_threshold_v {
                Some(threshold_v) => Ok(format!("v > {threshold_v:?}")),
                None => Err(Error::new(ErrorKind::Value, "the cell has no spike threshold")
                    .help("add <spikeThresh value=\"0 mV\"/> to its membrane properties")),
            },
            [name @ ("iChannels" | "iSyn" | "surfaceArea" | "totSpecCap")] => Ok((*name).to_string()),
            [head, "totSpecCap"] if is(&self.biophysics, head) => Ok("totSpecCap".to_string()),
            [name] => self.concentration(name, shaped),
            [head, membrane, rest @ ..] if is(&self.biophysics, head) && is(&self.membrane, membrane) => {
                self.in_membrane(rest, shaped)
            }
            [head, inside, rest @ ..] if is(&self.biophysics, head) && is(&self.inside, inside) => {
                self.in_inside(rest, shaped)
            }
            [] => Err(Error::new(ErrorKind::Name, "the path ends at the cell: say what of it")),
            [head, ..] => {
                let known = [self.biophysics.last(), self.membrane.first(), self.inside.first()];
                let known: Vec<&str> = known.into_iter().flatten().map(String::as_str).collect();
                let message = format!("'{head}' leads nowhere within the cell");
                Err(Error::new(ErrorKind::Name, message)
                    .help(format!("it has v, caConc, a segment's id, and {}", known.join(", "))))
            }
        }
    }

    /// `caConc`, `caConcExt`, `caConc2`, …
    fn concentration(&self, name: &str, shaped: &Shaped) -> Result<String> {
        let pools = &shaped.cell.pools;
        if let Some((ion, outside)) = concentration_input(name)
            && pools.iter().any(|pool| pool.ion == ion)
        {
            let which = if outside { "extConcentration" } else { "concentration" };
            return Ok(format!("{ion}.{which}"));
        }
        // The current of an ion is what its pool reads.
        let reads = |pool: &&Pool| pool.dynamics.inputs.iter().any(|input| input.name == name);
        if let Some(pool) = pools.iter().find(|pool| is_current_of(name, &pool.ion) && reads(pool)) {
            return Ok(format!("{}.{name}", pool.ion));
        }
        let mut known =
            ["v", "iChannels", "iSyn", "spiking", "surfaceArea", "totSpecCap"].map(str::to_string).to_vec();
        for pool in pools {
            let stem = pool.ion.trim_end_matches(|c: char| c.is_ascii_digit());
            let number = &pool.ion[stem.len()..];
            known.extend([format!("{stem}Conc{number}"), format!("{stem}ConcExt{number}")]);
        }
        known.sort_unstable();
        known.dedup();
        let message = format!("a cell with a shape has no '{name}' that can be recorded");
        Err(Error::new(ErrorKind::Name, message).help(format!(
            "it has {}, and what lies under {}",
            known.join(", "),
            self.biophysics.last().map_or("its biophysical properties", String::as_str)
        )))
    }

    fn in_membrane(&self, path: &[&str], shaped: &Shaped) -> Result<String> {
        let [head, rest @ ..] = path else {
            return Err(Error::new(ErrorKind::Name, "the path ends at the membrane properties"));
        };
        match (*head, rest) {
            ("totChanCurrent", []) => return Ok("iChannels".to_string()),
            ("totSpecCap", []) => return Ok("totSpecCap".to_string()),
            (name, []) if name.starts_with("iCa") => return self.concentration(name, shaped),
            _ => {}
        }
        let found = self.densities.iter().find(|(name, _)| name == head);
        let density = shaped.cell.densities.iter().find(|density| density.name == *head);
        let (Some((name, channel)), Some(density)) = (found, density) else {
            let names: Vec<&str> = self.densities.iter().map(|(name, _)| name.as_str()).collect();
            return Err(unknown("density", head, &names));
        };
        let flat = match rest {
            [first, rest @ ..] if *first == channel || *first == "ionChannel" => {
                std::iter::once("ionChannel").chain(rest.iter().copied()).collect::<Vec<_>>().join("/")
            }
            rest => rest.join("/"),
        };
        let dynamics = &density.dynamics;
        let known = || {
            let states = dynamics.states.iter().map(|state| state.name.as_str());
            let derived = dynamics.derived.iter().map(|derived| derived.name.as_str());
            states.chain(derived).chain(dynamics.exposures.iter().map(|(name, _)| name.as_str()))
        };
        let parameters = dynamics.parameters.iter().map(|p| p.name.as_str());
        if known().chain(parameters).any(|name| name == flat) {
            return Ok(format!("{name}.{flat}"));
        }
        let mut names: Vec<&str> = known().collect();
        names.sort_unstable();
        names.dedup();
        Err(unknown(&format!("quantity of '{name}'"), &flat, &names))
    }

    fn in_inside(&self, path: &[&str], shaped: &Shaped) -> Result<String> {
        let [head, rest @ ..] = path else {
            return Err(Error::new(ErrorKind::Name, "the path ends at the intracellular properties"));
        };
        if rest.is_empty() {
            return self.concentration(head, shaped);
        }
        let Some([_, ion, model]) = self.species.iter().find(|[id, ..]| id == head) else {
            let names: Vec<&str> = self.species.iter().map(|[id, ..]| id.as_str()).collect();
            return Err(unknown("species", head, &names));
        };
        let flat = match rest {
            [first, rest @ ..] if *first == model || *first == "concentrationModel" => {
                std::iter::once("concentrationModel")
                    .chain(rest.iter().copied())
                    .collect::<Vec<_>>()
                    .join("/")
            }
            rest => rest.join("/"),
        };
        Ok(format!("{ion}.{flat}"))
    }
}

/// An error that lists what there is.
fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    let message = format!("there is no {what} called '{name}'");
    let error = Error::new(ErrorKind::Name, message);
    match nearest(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean '{near}'? There are {}", some_of(known))),
        None if known.is_empty() => error,
        None => error.help(format!("there are {}", known.join(", "))),
    }
}
