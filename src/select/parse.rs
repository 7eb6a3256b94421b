//! Reading regions and points. The grammar is in the [module's documentation](super).

use std::str::FromStr;

use nom::Parser;
use nom::combinator::opt;

use super::field::{Field, read_field, read_value};
use super::interval::{bounds, measured};
use super::lex::{
    Fault, Read, must, must_length, must_number, must_whole, name, number, quoted, symbol, word,
};
use super::{Kind, Measure, Points, Region, Selection};
use crate::error::{Error, ErrorKind, Result, nearest};

pub(super) use super::lex::is_bare_name;

/// Deepest nesting of parentheses and calls.
const MAX_DEPTH: u32 = 32;

/// Most operands in a row, and arguments of a call.
const MAX_OPERANDS: usize = 10_000;

/// Words with a meaning of their own, beside those of kinds and measures.
const FUNCTIONS: &[&str] = &[
    "all",
    "at_distance",
    "at_distances",
    "branch_points",
    "by_diameter",
    "by_distance",
    "by_root_distance",
    "center",
    "centre",
    "custom",
    "difference",
    "distal_to",
    "every",
    "group",
    "intersection",
    "location",
    "longest_path",
    "middle",
    "points",
    "points_by_density",
    "proximal_to",
    "random_placement",
    "random_points",
    "random_section",
    "random_sections",
    "root",
    "section",
    "segment",
    "tips",
    "uniform",
    "union",
];

/// All words with a meaning of their own.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    let kinds = Kind::WORDS.iter().map(|(word, _)| *word);
    let measures = Measure::WORDS.iter().map(|(word, _)| *word);
    FUNCTIONS.iter().copied().chain(kinds).chain(measures)
}

/// Whether `word` has a meaning of its own and so names no section without quotes.
pub(super) fn is_reserved(word: &str) -> bool {
    words().any(|w| w == word)
}

/// Reads all of `text` with `reader`.
pub(super) fn whole<'a, T>(text: &'a str, reader: impl FnOnce(&'a str) -> Read<'a, T>) -> Result<T> {
    let read = reader(text).and_then(|(rest, value)| match rest.trim_start() {
        "" => Ok(value),
        rest => Err(nom::Err::Failure(Fault::expected(rest, "an operator (`&`, `|`, `-`) or the end"))),
    });
    read.map_err(|error| match error {
        nom::Err::Error(fault) | nom::Err::Failure(fault) => fault.into_error(text),
        nom::Err::Incomplete(_) => Fault::expected("", "more text").into_error(text),
    })
}

impl FromStr for Selection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Selection> {
        whole(text, |text| expression(text, 0))
    }
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Region> {
        whole(text, |text| region(text, 0))
    }
}

impl FromStr for Points {
    type Err = Error;

    fn from_str(text: &str) -> Result<Points> {
        whole(text, |text| points(text, 0))
    }
}

fn is_region(selection: &Selection) -> bool {
    matches!(selection, Selection::Region(_))
}

fn as_points(selection: Selection) -> Points {
    match selection {
        Selection::Points(points) => points,
        Selection::Region(region) => Points::from(region),
    }
}

/// The region in `selection`, which was read at `at`.
fn as_region<'a>(at: &'a str, rest: &'a str, selection: Selection) -> Read<'a, Region> {
    match selection {
        Selection::Region(region) => Ok((rest, region)),
        Selection::Points(points) => Fault::new(
            at,
            format!("`{points}` is points, and a region is needed here"),
        )
        .help("a region is a stretch of cable: `dendrites`, `section(\"dend[3]\")`, `path_distance < 50 um`")
        .stop(),
    }
}

/// Reads what must be a region.
pub(super) fn region(text: &str, depth: u32) -> Read<'_, Region> {
    let (rest, selection) = expression(text, depth)?;
    as_region(text, rest, selection)
}

/// Reads what is meant as points.
fn points(text: &str, depth: u32) -> Read<'_, Points> {
    let (rest, selection) = expression(text, depth)?;
    Ok((rest, as_points(selection)))
}

/// `a | b - c`: from the left.
fn expression(text: &str, depth: u32) -> Read<'_, Selection> {
    if depth > MAX_DEPTH {
        return Fault::new(text, format!("nested deeper than {MAX_DEPTH}")).kind(ErrorKind::Limit).stop();
    }
    let (mut rest, mut left) = meet(text, depth)?;
    let (mut operands, mut differences) = (1, 0);
    loop {
        if let Ok((after, _)) = symbol("|").parse(rest) {
            let mut parts = vec![left];
            let mut next = Some(after);
            while let Some(after) = next {
                let (after, part) = meet(after, depth)?;
                parts.push(part);
                rest = after;
                next = symbol("|").parse(rest).ok().map(|(after, _)| after);
                operands = count(rest, operands)?.1;
            }
            left = union(parts);
        } else if let Ok((after, _)) = symbol("-").parse(rest) {
            let (end, right) = meet(after, depth)?;
            let (_, right) = as_region(after, end, right)?;
            left = match left {
                Selection::Region(left) => Selection::Region(left.without(right)),
                Selection::Points(left) => Selection::Points(Points::Outside(Box::new(left), right)),
            };
            rest = end;
            // Each difference is a level of the tree, so these are bounded as levels are.
            differences += 1;
            if differences > MAX_DEPTH {
                return Fault::new(after, "too many differences in a row").kind(ErrorKind::Limit).stop();
            }
        } else {
            return Ok((rest, left));
        }
    }
}

fn count(rest: &str, operands: usize) -> Read<'_, usize> {
    if operands >= MAX_OPERANDS {
        return Fault::new(rest, format!("more than {MAX_OPERANDS} operands")).kind(ErrorKind::Limit).stop();
    }
    Ok((rest, operands + 1))
}

fn union(parts: Vec<Selection>) -> Selection {
    if parts.iter().all(is_region) {
        let regions = parts.into_iter().filter_map(|part| match part {
            Selection::Region(region) => Some(region),
            Selection::Points(_) => None,
        });
        Selection::Region(Region::Union(regions.collect()))
    } else {
        Selection::Points(Points::Union(parts.into_iter().map(as_points).collect()))
    }
}

/// `a & b`, which binds tighter than `|` and `-`.
fn meet(text: &str, depth: u32) -> Read<'_, Selection> {
    let (mut rest, first) = primary(text, depth)?;
    let mut parts = vec![first];
    while let Ok((after, _)) = symbol("&").parse(rest) {
        let (end, part) = primary(after, depth)?;
        parts.push(part);
        rest = end;
        count(rest, parts.len())?;
    }
    intersection(text, rest, parts)
}

fn intersection<'a>(at: &'a str, rest: &'a str, mut parts: Vec<Selection>) -> Read<'a, Selection> {
    if parts.len() == 1 {
        return Ok((rest, parts.remove(0)));
    }
    let mut regions = Vec::new();
    let mut points = None;
    for part in parts {
        match (part, &points) {
            (Selection::Region(region), _) => regions.push(region),
            (Selection::Points(these), None) => points = Some(these),
            (Selection::Points(_), Some(_)) => {
                return Fault::new(
                    at,
                    "`&` keeps the points that lie in a region; here are two sets of points",
                )
                .stop();
            }
        }
    }
    let selection = match points {
        None => Selection::Region(Region::Intersection(regions)),
        Some(points) => {
            let region = if regions.len() == 1 { regions.remove(0) } else { Region::Intersection(regions) };
            Selection::Points(Points::Within(Box::new(points), region))
        }
    };
    Ok((rest, selection))
}

/// A name, a call, something in parentheses; then perhaps `(0.5)`.
fn primary(text: &str, depth: u32) -> Read<'_, Selection> {
    let (rest, selection) = if let Ok((rest, _)) = symbol("(").parse(text) {
        let (rest, inner) = expression(rest, depth + 1)?;
        if let Ok((after, _)) = symbol(",").parse(rest) {
            let (_, region) = as_region(text, rest, inner)?;
            let (rest, fraction) = must_fraction(after)?;
            let (rest, ()) = must(rest, ")")?;
            return Ok((rest, Selection::Points(Points::At(region, fraction))));
        }
        let (rest, ()) = must(rest, ")")?;
        (rest, inner)
    } else if let Ok((rest, word)) = word(text) {
        named(text, rest, word, depth)?
    } else {
        match quoted(text) {
            Ok((rest, name)) => (rest, Selection::Region(Region::Named(name))),
            Err(nom::Err::Error(_)) => return Fault::expected(text, "a region or points").stop(),
            Err(error) => return Err(error),
        }
    };
    match (at_fraction(rest)?, selection) {
        ((rest, Some(fraction)), Selection::Region(region)) => {
            Ok((rest, Selection::Points(Points::At(region, fraction))))
        }
        ((_, Some(_)), Selection::Points(points)) => {
            Fault::new(rest, format!("`{points}` is points already; a fraction goes with a section")).stop()
        }
        ((rest, None), selection) => Ok((rest, selection)),
    }
}

/// `(0.5)`, if that is next.
fn at_fraction(text: &str) -> Read<'_, Option<f64>> {
    let Ok((inner, _)) = symbol("(").parse(text) else { return Ok((text, None)) };
    if !matches!(number(inner), Ok(_) | Err(nom::Err::Failure(_))) {
        return Fault::expected(inner, "a fraction of the section's length, 0 to 1").stop();
    }
    let (rest, fraction) = must_fraction(inner)?;
    let (rest, ()) = must(rest, ")")?;
    Ok((rest, Some(fraction)))
}

fn must_fraction(text: &str) -> Read<'_, f64> {
    let (rest, fraction) = must_number(text, "a fraction of the section's length, 0 to 1")?;
    if !(0.0..=1.0).contains(&fraction) {
        return Fault::new(text, format!("a fraction is from 0 (near end) to 1 (far end), found {fraction}"))
            .kind(ErrorKind::Value)
            .stop();
    }
    Ok((rest, fraction))
}

/// What `word` begins; `rest` is the text after it.
fn named<'a>(text: &'a str, rest: &'a str, word: &'a str, depth: u32) -> Read<'a, Selection> {
    let kind = Kind::WORDS.iter().find(|(w, _)| *w == word).map(|(_, kind)| Region::Kind(*kind));
    if let Some(region) = kind.or((word == "all").then_some(Region::All)) {
        let (rest, _) = opt((symbol("("), symbol(")"))).parse(rest)?;
        return Ok((rest, Selection::Region(region)));
    }
    if let Some((_, measure)) = Measure::WORDS.iter().find(|(w, _)| *w == word) {
        let (rest, interval) = measured(rest, *measure)?;
        return Ok((rest, Selection::Region(Region::Within(*measure, interval))));
    }
    if let Some(points) = bare_points(word) {
        let Ok((inner, _)) = symbol("(").parse(rest) else { return Ok((rest, Selection::Points(points))) };
        if let Ok((rest, _)) = symbol(")").parse(inner) {
            return Ok((rest, Selection::Points(points)));
        }
        let (rest, region) = match points {
            Points::Root => must(inner, ")").map(|(rest, ())| (rest, None))?,
            _ => region(inner, depth + 1).map(|(rest, region)| (rest, Some(region)))?,
        };
        let (rest, ()) = must(rest, ")")?;
        let points = if word == "tips" { Points::Tips(region) } else { Points::BranchPoints(region) };
        return Ok((rest, Selection::Points(points)));
    }
    let opened = symbol("(").parse(rest).ok().map(|(inner, _)| inner);
    if is_reserved(word) {
        let Some(inner) = opened else {
            return Fault::expected(rest, &format!("`(` after `{word}`")).stop();
        };
        let (rest, selection) = call(text, word, inner, depth + 1)?;
        let (rest, ()) = must(rest, ")")?;
        return Ok((rest, selection));
    }
    if let Some(inner) = opened
        && !matches!(number(inner), Ok(_) | Err(nom::Err::Failure(_)))
    {
        let fault = Fault::new(text, format!("there is no function `{word}`")).kind(ErrorKind::Name);
        return match nearest(word, words()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")).stop(),
            None => fault.help("a section's name takes a fraction, as in `dend[3](0.5)`").stop(),
        };
    }
    Ok((rest, Selection::Region(Region::Named(word.to_string()))))
}

/// Words for points that need no parentheses.
fn bare_points(word: &str) -> Option<Points> {
    match word {
        "root" => Some(Points::Root),
        "tips" => Some(Points::Tips(None)),
        "branch_points" => Some(Points::BranchPoints(None)),
        _ => None,
    }
}

/// The arguments of the function `word` and what it makes of them; `text` is where it begins.
fn call<'a>(text: &'a str, word: &str, inner: &'a str, depth: u32) -> Read<'a, Selection> {
    let one_region = |make: fn(Region) -> Selection| {
        let (rest, argument) = region(inner, depth)?;
        Ok((rest, make(argument)))
    };
    let region_then = || {
        let (rest, first) = region(inner, depth)?;
        let (rest, ()) = must(rest, ",")?;
        Ok((rest, first))
    };
    let on_points = |make: fn(Box<Points>) -> Region| {
        let (rest, selection) = expression(inner, depth)?;
        match selection {
            Selection::Points(points) if points.is_random() => {
                Fault::new(inner, "random points cannot bound a region").stop()
            }
            Selection::Points(points) => Ok((rest, Selection::Region(make(Box::new(points))))),
            Selection::Region(region) => {
                Fault::new(inner, format!("`{region}` is a region, and points are needed here"))
                    .help("say where on it: `dend[3](1)` is its far end")
                    .stop()
            }
        }
    };
    match word {
        "custom" => {
            let (rest, code) = must_whole(inner, "an SWC type number", 0)?;
            Ok((rest, Selection::Region(Region::Kind(Kind::Custom(code)))))
        }
        "section" => name(inner, "a section's name")
            .map(|(rest, name)| (rest, Selection::Region(Region::Section(name)))),
        "group" => {
            name(inner, "a group's name").map(|(rest, name)| (rest, Selection::Region(Region::Group(name))))
        }
        "segment" => match number(inner) {
            Ok((rest, id)) if id >= 0.0 && id.fract() == 0.0 && id < 2f64.powi(53) => {
                Ok((rest, Selection::Region(Region::Segment(id as u64))))
            }
            _ => name(inner, "a segment's number or name")
                .map(|(rest, name)| (rest, Selection::Region(Region::SegmentNamed(name)))),
        },
        "by_distance" | "by_root_distance" | "by_diameter" => {
            let measure = match word {
                "by_distance" => Measure::PathDistance,
                "by_root_distance" => Measure::RootDistance,
                _ => Measure::Diameter,
            };
            // Without a region it is the measure alone.
            if inner.trim_start().starts_with(|c: char| matches!(c, '<' | '>' | '=') || c.is_ascii_digit()) {
                let (rest, interval) = bounds(inner, measure)?;
                return Ok((rest, Selection::Region(Region::Within(measure, interval))));
            }
            let (rest, region) = region_then()?;
            let (rest, interval) = bounds(rest, measure)?;
            Ok((rest, Selection::Region(region.and(Region::Within(measure, interval)))))
        }
        "distal_to" => on_points(Region::DistalTo),
        "proximal_to" => on_points(Region::ProximalTo),
        "longest_path" => one_region(|region| Selection::Region(Region::LongestPath(Box::new(region)))),
        "union" => arguments(inner, depth).map(|(rest, parts)| (rest, union(parts))),
        "intersection" => {
            let (rest, mut parts) = arguments(inner, depth)?;
            match (parts.len(), parts.pop()) {
                (1, Some(Selection::Region(only))) => {
                    Ok((rest, Selection::Region(Region::Intersection(vec![only]))))
                }
                (_, last) => {
                    parts.extend(last);
                    intersection(inner, rest, parts)
                }
            }
        }
        "difference" => {
            let (rest, first) = expression(inner, depth)?;
            let (rest, ()) = must(rest, ",")?;
            let (rest, second) = region(rest, depth)?;
            Ok((
                rest,
                match first {
                    Selection::Region(first) => Selection::Region(first.without(second)),
                    Selection::Points(first) => Selection::Points(Points::Outside(Box::new(first), second)),
                },
            ))
        }
        "points" => {
            let (rest, parts) = arguments(inner, depth)?;
            Ok((rest, Selection::Points(Points::Union(parts.into_iter().map(as_points).collect()))))
        }
        "location" => {
            let (rest, region) = region_then()?;
            let (rest, fraction) = must_fraction(rest)?;
            Ok((rest, Selection::Points(Points::At(region, fraction))))
        }
        "middle" => one_region(|region| Selection::Points(Points::Middle(region))),
        "centre" | "center" => one_region(|region| Selection::Points(Points::Centre(region))),
        "at_distances" | "at_distance" => {
            let (rest, region) = region_then()?;
            let (mut rest, first) = must_length(rest, "a distance such as `100 um`")?;
            let mut distances = vec![first];
            while let Ok((after, _)) = symbol(",").parse(rest) {
                let (after, next) = must_length(after, "a distance such as `100 um`")?;
                distances.push(next);
                rest = count(after, distances.len())?.0;
            }
            Ok((rest, Selection::Points(Points::AtDistances(region, distances))))
        }
        "random_section" => one_region(|region| Selection::Points(Points::RandomSections(region, 1))),
        "random_sections" | "random_points" => {
            let (rest, region) = region_then()?;
            let (rest, n) = must_whole(rest, "how many, from 1", 1)?;
            let make = if word == "random_points" { Points::RandomPoints } else { Points::RandomSections };
            Ok((rest, Selection::Points(make(region, n))))
        }
        "points_by_density" => {
            let (rest, region) = region_then()?;
            let (rest, value) = read_value(rest)?;
            Ok((rest, Selection::Points(Points::ByDensity(Box::new(Field::layer(region, value))))))
        }
        "random_placement" => {
            let (rest, field) = read_field(inner, depth)?;
            Ok((rest, Selection::Points(Points::ByDensity(Box::new(field)))))
        }
        "every" => {
            let (rest, region) = region_then()?;
            let (end, step) = must_length(rest, "a length such as `10 um`")?;
            if step <= 0.0 {
                return Fault::new(rest, "the step must be above 0").kind(ErrorKind::Value).stop();
            }
            Ok((end, Selection::Points(Points::Every(region, step))))
        }
        "uniform" => Fault::new(text, "`uniform` is a value over space, and a place is needed here").stop(),
        _ => Fault::new(text, format!("there is no function `{word}`")).kind(ErrorKind::Name).stop(),
    }
}

/// One argument or more, with `,` between them.
fn arguments(text: &str, depth: u32) -> Read<'_, Vec<Selection>> {
    let (mut rest, first) = expression(text, depth)?;
    let mut parts = vec![first];
    while let Ok((after, _)) = symbol(",").parse(rest) {
        let (after, part) = expression(after, depth)?;
        parts.push(part);
        rest = count(after, parts.len())?.0;
    }
    Ok((rest, parts))
}

#[cfg(test)]
mod tests;
