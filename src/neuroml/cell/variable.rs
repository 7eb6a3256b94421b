//! Parameters that vary over a group: `variableParameter` with its `inhomogeneousValue`.
//!
//! The variable `p` is the path length in µm along the cable from the near end of the root segment.
//! With `<proximal translationStart="s"/>` it is moved so that its least value on the group is `s`; with
//! `<distal normalizationEnd="e"/>` it is then stretched so that its greatest is `e`. The value is in SI
//! units.

use super::regions::{Part, Places};
use super::report::Report;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{self, Expr};
use crate::lems::Component;
use crate::morph::{Geometry, Morphology, Segment, SegmentId, frustum_area_um2};
use crate::select::{Field, Value};
use crate::units::Dimension;

/// The shape on which variables are evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths<'a> {
    pub(super) morphology: &'a Morphology,
    pub(super) geometry: &'a Geometry,
    /// For each segment of the document its index in the morphology.
    pub(super) places: &'a [SegmentId],
}

impl Lengths<'_> {
    /// The membrane area of `members`, m².
    pub(super) fn area_m2(&self, members: &[usize]) -> f64 {
        let places =
            members.iter().filter_map(|&index| self.morphology.segments.get(self.places[index].index()));
        let area =
            |s: &Segment| frustum_area_um2(s.length(), 0.5 * s.proximal.diameter, 0.5 * s.distal.diameter);
        places.map(area).sum::<f64>() * 1e-12
    }

    /// The least and the greatest path length from the root on `members`, µm.
    fn range_um(&self, members: &[usize]) -> Option<(f64, f64)> {
        let mut range: Option<(f64, f64)> = None;
        for place in members.iter().filter_map(|&index| self.places.get(index)) {
            let section = self.morphology.segments.get(place.index())?.section;
            let first = self.morphology.section(section).segments.start as usize;
            let (from, to) = self.geometry.segment_span(section, place.index() - first);
            let low = self.geometry.root_distance_um(section, from);
            let high = self.geometry.root_distance_um(section, to);
            range = Some(range.map_or((low, high), |(a, b)| (a.min(low), b.max(high))));
        }
        range
    }
}

/// A parameter that varies: its name, where it has values, the values.
#[derive(Debug)]
pub(super) struct Variable<'a> {
    pub(super) component: &'a Component,
    pub(super) parameter: &'a str,
    pub(super) part: Part,
    value: String,
}

impl<'a> Variable<'a> {
    /// Reads `component`, a `variableParameter`.
    pub(super) fn read(
        component: &'a Component,
        places: Places<'_>,
        lengths: Lengths<'_>,
        report: &mut Report,
    ) -> Option<Variable<'a>> {
        let Some(parameter) = component.text("parameter") else {
            report.errors.push(component.error(ErrorKind::Syntax, "attribute 'parameter' is missing"));
            return None;
        };
        let group = component.text("segmentGroup").unwrap_or("all");
        let part = places.group(component, group, report)?;
        let Some(value) = component.in_slot("inhomogeneousValue").next() else {
            report.errors.push(component.error(ErrorKind::Syntax, "there is no <inhomogeneousValue>"));
            return None;
        };
        let name = value.text("inhomogeneousParameter").unwrap_or_default();
        let of_group = places.groups.find(group).map(|group| group.component);
        let found = of_group.and_then(|c| {
            let mut all = c.in_slot("inhomogeneousParameter");
            all.find(|p| p.id.as_deref() == Some(name))
        });
        let Some(found) = found else {
            let message =
                format!("the segment group '{group}' has no <inhomogeneousParameter> with the id '{name}'");
            report.errors.push(value.error(ErrorKind::Name, message));
            return None;
        };
        let text = expression(value, found, &part, lengths);
        let value = report.accept(value, text)?;
        Some(Variable { component, parameter, part, value })
    }

    /// The values over space, of the given dimension.
    pub(super) fn field(&self, dimension: Dimension, report: &mut Report) -> Option<Field> {
        let text = format!("({}) * 1 {}", self.value, dimension.si_unit().replace('·', " "));
        let value = Value::by_root_distance(&text);
        let value = report.accept(self.component, value)?;
        Some(Field::layer(self.part.region.clone(), value))
    }
}

/// The value as a text in `d`, the path length from the root.
fn expression(value: &Component, parameter: &Component, part: &Part, lengths: Lengths<'_>) -> Result<String> {
    let wrong = |kind, message: String| Err(parameter.error(kind, message));
    match parameter.text("metric") {
        Some("Path Length from root") => {}
        other => {
            let found = other.unwrap_or("nothing");
            return wrong(
                ErrorKind::Unsupported,
                format!("the metric is '{found}'; the standard has only 'Path Length from root'"),
            );
        }
    }
    let Some(variable) = parameter.text("variable") else {
        return wrong(ErrorKind::Syntax, "attribute 'variable' is missing".to_string());
    };
    let number = |slot: &str, name: &str| -> Result<Option<f64>> {
        let Some(child) = parameter.in_slot(slot).next() else { return Ok(None) };
        let text = child.text(name).unwrap_or_default();
        match text.trim().parse().ok().filter(|x: &f64| x.is_finite()) {
            Some(x) => Ok(Some(x)),
            None => Err(child.error(ErrorKind::Value, format!("{name}=\"{text}\": expected a number"))),
        }
    };
    let start = number("proximal", "translationStart")?;
    let end = number("distal", "normalizationEnd")?;
    let (low, high) = lengths.range_um(&part.members).unwrap_or((0.0, 0.0));
    // p = moved + (d - origin) / unit
    let (origin, moved) = start.map_or((0.0, 0.0), |start| (low, start));
    let unit = match end {
        None => 1.0,
        Some(end) if end != moved && high > origin => (high - origin) / (end - moved),
        Some(end) => {
            return wrong(
                ErrorKind::Value,
                format!(
                    "the variable cannot be stretched from {moved} to {end} on a group that ends at {high} um"
                ),
            );
        }
    };
    let text = value.text("value").unwrap_or_default();
    let parsed = expr::parse(text).map_err(|error| value.locate(error.about("value")))?;
    let mut unknown = None;
    parsed.visit_names(&mut |name| {
        if name != variable {
            unknown.get_or_insert_with(|| name.to_string());
        }
    });
    if let Some(unknown) = unknown {
        let message = format!("value: '{unknown}' is not known here; the variable is '{variable}'");
        return Err(Error::new(ErrorKind::Name, message));
    }
    // The name only holds the place of the text that replaces it.
    const PLACE: &str = "path_length_here";
    let renamed = parsed.map_names(&|_| Expr::name(PLACE));
    let distance = format!("({moved:?} + (d - {origin:?} um) / {unit:?} um)");
    Ok(renamed.to_string().replace(PLACE, &distance))
}
