//! Where on a cell with a shape something is: attributes that name a segment and a fraction along it, and where
//! spikes are detected.

use std::collections::HashMap;

use super::{SegmentPlace, Shaped};
use crate::error::{Error, ErrorKind, Result};
use crate::lems::Component;
use crate::model::{Model, Sender, SpikeDetector};
use crate::select::{Location, Points, Region};

/// The attributes that hold the place of one end of a connection or of an input.
#[derive(Debug, Clone, Copy)]
pub(in crate::neuroml) struct End {
    /// The path of the cell.
    pub(in crate::neuroml) cell: &'static str,
    /// The id of the segment; 0 by default.
    pub(in crate::neuroml) segment: &'static str,
    /// The fraction along the segment; 0.5 by default.
    pub(in crate::neuroml) fraction: &'static str,
}

/// The segment and the fraction along it (0.5 by default) that the attributes `end` of `of` name.
pub(in crate::neuroml) fn written(of: &Component, end: End) -> Result<(Option<u64>, f64)> {
    let segment = match of.text(end.segment) {
        None => None,
        Some(text) => Some(text.trim().parse::<u64>().map_err(|_| {
            let message = format!("{}=\"{text}\" is not the id of a segment", end.segment);
            of.error(ErrorKind::Value, message).help("ids of segments are whole numbers from 0 on")
        })?),
    };
    let fraction = match of.text(end.fraction) {
        None => 0.5,
        Some(text) => match text.trim().parse::<f64>() {
            Ok(fraction) if (0.0..=1.0).contains(&fraction) => fraction,
            _ => {
                let message = format!("{}=\"{text}\" is not a fraction from 0 to 1", end.fraction);
                return Err(of.error(ErrorKind::Value, message));
            }
        },
    };
    Ok((segment, fraction))
}

/// The place at a segment (0, or the root, if none is named) and a fraction along it, which the attributes `end` of
/// `of` name.
pub(in crate::neuroml) fn located(
    shaped: &Shaped,
    of: &Component,
    end: End,
    (segment, fraction): (Option<u64>, f64),
) -> Result<Option<Location>> {
    match segment {
        None => Ok(default_location(shaped, fraction)),
        Some(id) => on_segment(shaped, id, fraction)
            .map(Some)
            .map_err(|error| of.locate(error.about(format_args!("{}=\"{id}\"", end.segment)))),
    }
}

/// The middle of the root: where a cell is connected unless something else is said.
pub(in crate::neuroml) fn root_middle(shaped: &Shaped) -> Option<Location> {
    default_location(shaped, 0.5)
}

/// At `fraction` of segment 0, or of the first if there is none of that id.
fn default_location(shaped: &Shaped, fraction: f64) -> Option<Location> {
    shaped.segments.first().map(|segment| along(segment, fraction))
}

fn along(segment: &SegmentPlace, fraction: f64) -> Location {
    let (from, to) = (segment.proximal, segment.distal);
    Location { section: from.section, fraction: from.fraction + (to.fraction - from.fraction) * fraction }
}

fn on_segment(shaped: &Shaped, id: u64, fraction: f64) -> Result<Location> {
    match shaped.segments.binary_search_by_key(&id, |segment| segment.id) {
        Ok(at) => Ok(along(&shaped.segments[at], fraction)),
        Err(_) => {
            let error = Error::new(ErrorKind::Name, format!("there is no segment {id}"));
            Err(match (shaped.segments.first(), shaped.segments.last()) {
                (Some(first), Some(last)) => error.help(format!(
                    "it has {} segments with ids from {} to {}",
                    shaped.segments.len(),
                    first.id,
                    last.id
                )),
                _ => error,
            })
        }
    }
}

/// Where spikes of cells with a shape are detected.
#[derive(Debug, Clone, Default)]
pub(in crate::neuroml) struct Detectors {
    /// Index of the detector at a section and fraction of the cells of a population.
    at: HashMap<(usize, u32, u64), u32>,
    /// The place of each population's first, whose spikes are the cell's.
    first: HashMap<usize, Location>,
    /// Populations whose cells have no threshold, which has been told.
    told: Vec<usize>,
}

impl Detectors {
    /// Detects the spikes of a new population of cells that have a threshold.
    pub(in crate::neuroml) fn detect(&mut self, model: &mut Model, shaped: &Shaped, population: usize) {
        if let (Some(threshold_v), Some(location)) = (shaped.spike_threshold_v, root_middle(shaped)) {
            self.add(model, shaped, population, (location, threshold_v, true));
        }
    }

    /// What sends the events of cells of `population` at `location`, and whether it has to be told that they have
    /// no threshold: 0 V is taken then.
    pub(in crate::neuroml) fn sender(
        &mut self,
        model: &mut Model,
        shaped: &Shaped,
        population: usize,
        location: Location,
    ) -> (Sender, bool) {
        let threshold_v = shaped.spike_threshold_v.unwrap_or(0.0);
        let tell = shaped.spike_threshold_v.is_none() && !self.told.contains(&population);
        if tell {
            self.told.push(population);
            if let Some(root) = root_middle(shaped) {
                self.add(model, shaped, population, (root, threshold_v, true));
            }
        }
        if self.first.get(&population) == Some(&location) {
            return (Sender::Cell, tell);
        }
        (Sender::Detector(self.add(model, shaped, population, (location, threshold_v, false))), tell)
    }

    fn add(
        &mut self,
        model: &mut Model,
        shaped: &Shaped,
        population: usize,
        (location, threshold_v, is_output): (Location, f64, bool),
    ) -> u32 {
        let key = (population, location.section.0, location.fraction.to_bits());
        if let Some(known) = self.at.get(&key) {
            return *known;
        }
        let index = model.spike_detectors.len() as u32;
        let section = shaped.cell.morphology.sections.get(location.section.index());
        let section = section.map_or_else(String::new, |section| section.name.clone());
        let points = Some(Points::At(Region::Section(section), location.fraction));
        model.spike_detectors.push(SpikeDetector { population, points, threshold_v, is_output });
        self.at.insert(key, index);
        self.first.entry(population).or_insert(location);
        index
    }
}
