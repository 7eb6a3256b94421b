//! Capacitance, resistivity, initial potential, spike threshold.

use super::regions::Places;
use super::report::{Report, some_of};
use crate::error::ErrorKind;
use crate::lems::Component;
use crate::select::Field;
use crate::units::Dimension;

/// A property that the whole cell needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Property {
    /// The list of components that it is in.
    pub(super) slot: &'static str,
    /// What it is.
    pub(super) dimension: Dimension,
    /// Whether it has to be above 0.
    pub(super) positive: bool,
    /// What NEURON takes where nothing is said, SI.
    pub(super) default: f64,
    /// The same for people.
    pub(super) default_text: &'static str,
}

pub(super) const CAPACITANCE: Property = Property {
    slot: "specificCapacitances",
    dimension: Dimension::SPECIFIC_CAPACITANCE,
    positive: true,
    default: 0.01,
    default_text: "1 uF/cm2",
};
pub(super) const RESISTIVITY: Property = Property {
    slot: "resistivity",
    dimension: Dimension::RESISTIVITY,
    positive: true,
    default: 0.354,
    default_text: "35.4 ohm cm",
};
pub(super) const INITIAL_V: Property = Property {
    slot: "initMembPotential",
    dimension: Dimension::VOLTAGE,
    positive: false,
    default: -0.065,
    default_text: "-65 mV",
};

/// The values of `property` over space. Where two groups overlap, the one written later holds.
pub(super) fn field(
    owner: &Component,
    property: Property,
    places: Places<'_>,
    report: &mut Report,
) -> Option<Field> {
    let Property { slot, dimension, positive, default, default_text } = property;
    let mut value_of: Vec<Option<f64>> = vec![None; places.segments.list.len()];
    let mut layers = Vec::new();
    let before = report.errors.len();
    for component in owner.in_slot(slot) {
        let (Some(value), Some(part)) = (component.parameter("value"), places.of(component, report)) else {
            continue;
        };
        if positive && value <= 0.0 {
            let message = format!("the value must be above 0, found {value} (in SI units)");
            report.errors.push(component.error(ErrorKind::Value, message));
        }
        if part.members.is_empty() {
            report.warn("empty-group", component, "it is given for a group without segments");
            continue;
        }
        let clashes = part.members.iter().any(|&i| value_of[i].is_some_and(|known| known != value));
        part.members.iter().for_each(|&i| value_of[i] = Some(value));
        if clashes {
            let what = &component.component_type;
            report.warn(
                "overlap",
                component,
                format!("a part of this group has another {what}: this one holds"),
            );
        }
        layers.push(Field::uniform(part.region, value, dimension));
    }
    if report.errors.len() > before {
        return None;
    }
    let bare: Vec<u64> =
        (0..value_of.len()).filter(|&i| value_of[i].is_none()).map(|i| places.segments.list[i].id).collect();
    // Within a cell of one segment nothing flows along it.
    let matters = dimension != Dimension::RESISTIVITY || value_of.len() > 1;
    if !bare.is_empty() {
        let what = match slot {
            "specificCapacitances" => "specificCapacitance",
            other => other,
        };
        if matters {
            let message =
                format!("no {what} is given for segments {}: taken as {default_text}", some_of(&bare));
            report.warn("missing-property", owner, message);
            report.assume(format!("{what} where none is given: {default_text}"));
        }
        layers.insert(0, Field::constant(default, dimension));
    }
    report.accept(owner, Field::overlay(layers))
}

/// The threshold for spikes, V: that of the segment that stands for the cell.
pub(super) fn spike_threshold(membrane: &Component, places: Places<'_>, report: &mut Report) -> Option<f64> {
    let at = places.segments.default_segment();
    let mut found: Option<f64> = None;
    for component in membrane.in_slot("spikeThresh") {
        let (Some(value), Some(part)) = (component.parameter("value"), places.of(component, report)) else {
            continue;
        };
        if part.members.contains(&at) {
            found = Some(value);
        } else {
            let id = places.segments.list[at].id;
            let message = format!("spikes are detected on segment {id}, which this group does not hold");
            report.warn("unused-threshold", component, message);
        }
    }
    found
}
