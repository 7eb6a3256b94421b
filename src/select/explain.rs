//! Why a selection comes out empty, and what there is instead.

use super::{Cable, Cover, Kind, Measure, Points, Region, measure, parse, region};
use crate::error::{Error, ErrorKind, nearest};
use crate::morph::SectionKind;

/// The error of a region that comes out empty.
pub(super) fn nothing(region: &Region, cable: Cable<'_>) -> Error {
    Error::new(ErrorKind::Selection, format!("`{region}` selects nothing: {}", why(region, cable)))
}

/// The error of points that come out empty; `why` is the reason.
pub(super) fn no_points(points: &Points, why: &str) -> Error {
    Error::new(ErrorKind::Selection, format!("`{points}` selects no point: {why}"))
}

/// The cover of `region`, empty where it cannot be had: this is for messages only.
fn cover(region: &Region, cable: Cable<'_>) -> Cover {
    region::cover(region, cable).unwrap_or_default()
}

fn why(region: &Region, cable: Cable<'_>) -> String {
    match region {
        Region::All => "the cell has no sections".to_string(),
        Region::Kind(_) => format!("this cell has {}", inventory(cable)),
        Region::Within(measure, _) => format!("on this cell {}", range(&Region::All, *measure, cable)),
        Region::Union(parts) => {
            let mut reasons: Vec<String> = parts.iter().map(|part| why(part, cable)).collect();
            reasons.dedup();
            reasons.truncate(3);
            reasons.join("; ")
        }
        Region::Intersection(parts) => intersection(parts, cable),
        Region::Difference(a, _) if cover(a, cable).is_empty() => why(a, cable),
        Region::Difference(a, b) => format!("`{b}` covers all of `{a}`"),
        Region::DistalTo(points) => format!("no cable lies beyond `{points}`"),
        Region::ProximalTo(points) => format!("no cable lies between the root and `{points}`"),
        Region::LongestPath(inner) => why(inner, cable),
        Region::Group(name) | Region::Named(name) => format!("`{name}` has no sections"),
        Region::Section(_) | Region::Segment(_) | Region::SegmentNamed(_) => "it has no length".to_string(),
    }
}

fn intersection(parts: &[Region], cable: Cable<'_>) -> String {
    let (measures, others): (Vec<&Region>, Vec<&Region>) =
        parts.iter().partition(|part| matches!(part, Region::Within(..)));
    if let Some(empty) = others.iter().find(|part| cover(part, cable).is_empty()) {
        return why(empty, cable);
    }
    let base = match others.as_slice() {
        [] => Region::All,
        [only] => (*only).clone(),
        several => Region::Intersection(several.iter().map(|r| (*r).clone()).collect()),
    };
    let on_base = cover(&base, cable);
    if on_base.is_empty() {
        return format!("{} have no cable in common", quoted(&others));
    }
    for part in &measures {
        if let Region::Within(measure, _) = part
            && on_base.intersection(&cover(part, cable)).is_empty()
        {
            let on = if others.is_empty() { "this cell".to_string() } else { format!("`{base}`") };
            return format!("on {on} {}", range(&base, *measure, cable));
        }
    }
    format!("{} have no cable in common", quoted(&parts.iter().collect::<Vec<_>>()))
}

fn quoted(regions: &[&Region]) -> String {
    let texts: Vec<String> = regions.iter().map(|region| format!("`{region}`")).collect();
    texts.join(" and ")
}

/// "path distances run from 0 to 712.5 um".
pub(super) fn range(on: &Region, measure: Measure, cable: Cable<'_>) -> String {
    let Some((low, high)) = measure::range(cable, measure, cover(on, cable).spans()) else {
        return "there is no cable".to_string();
    };
    let what = match measure {
        Measure::PathDistance => "path distances run",
        Measure::RootDistance => "distances from the root run",
        Measure::EuclideanDistance => "euclidean distances run",
        Measure::Diameter => "diameters run",
        Measure::BranchOrder => "branch orders run",
    };
    let unit = if measure.is_length() { " um" } else { "" };
    let short = |x: f64| (x * 1e3).round() / 1e3;
    format!("{what} from {} to {}{unit}", short(low), short(high))
}

/// "soma (1 section), axon (2), basal dendrites (14)".
pub(super) fn inventory(cable: Cable<'_>) -> String {
    let mut counts = std::collections::BTreeMap::<SectionKind, usize>::new();
    for section in &cable.morphology.sections {
        *counts.entry(section.kind).or_default() += 1;
    }
    let mut parts: Vec<String> = Vec::new();
    for (kind, count) in counts {
        let name = match kind {
            SectionKind::Undefined => "sections of no stated kind".to_string(),
            SectionKind::Soma => "soma".to_string(),
            SectionKind::Axon => "axon".to_string(),
            SectionKind::BasalDendrite => "basal dendrites".to_string(),
            SectionKind::ApicalDendrite => "apical dendrites".to_string(),
            SectionKind::Custom(code) => Kind::Custom(code).to_string(),
        };
        let unit = match (parts.is_empty(), count) {
            (true, 1) => " section",
            (true, _) => " sections",
            (false, _) => "",
        };
        parts.push(format!("{name} ({count}{unit})"));
    }
    if parts.is_empty() { "no sections".to_string() } else { parts.join(", ") }
}

/// The error of a name that nothing carries; `what` says what sort of name was looked for.
pub(super) fn unknown_name(what: &str, name: &str, cable: Cable<'_>) -> Error {
    let error = Error::new(ErrorKind::Name, format!("this cell has no {what} called `{name}`"));
    let morphology = cable.morphology;
    let sections = morphology.sections.iter().map(|section| section.name.as_str());
    let groups = morphology.groups.keys().map(String::as_str);
    let segments = morphology.segments.iter().filter_map(|segment| segment.name.as_deref());
    let near = match what {
        "section" => nearest(name, sections.clone()),
        "group" => nearest(name, groups.clone()),
        "segment" => nearest(name, segments),
        _ => nearest(
            name,
            parse::words().map(|word| -> &str { word }).chain(groups.clone()).chain(sections.clone()),
        ),
    };
    if let Some(near) = near {
        return error.help(format!("did you mean `{near}`?"));
    }
    const SHOWN: usize = 8;
    let mut names: Vec<&str> =
        if what == "group" { groups.collect() } else { groups.chain(sections).collect() };
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    match (names.is_empty(), more) {
        (true, _) => error.help("it has none"),
        (false, 0) => error.help(format!("it has {}", names.join(", "))),
        (false, more) => error.help(format!("it has {} and {more} more", names.join(", "))),
    }
}

/// The error of a segment number that nothing carries.
pub(super) fn unknown_segment(id: u64, cable: Cable<'_>) -> Error {
    let error = Error::new(ErrorKind::Name, format!("this cell has no segment {id}"));
    let ids = || cable.morphology.segments.iter().map(|segment| segment.file_id);
    match ids().min().zip(ids().max()) {
        Some((low, high)) => error.help(format!("its segments are numbered {low} to {high}")),
        None => error,
    }
}
