//! Selections back to text: what [`super::parse`] reads into the same tree.

use std::fmt::{self, Display, Formatter};

use super::parse::{is_bare_name, is_reserved};
use super::{Interval, Kind, Measure, Points, Region, Selection, field::Value};

/// A name as a string literal.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// `items` with `separator` between them, each written by `item`.
fn list<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    separator: &str,
    item: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, x) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        item(f, x)?;
    }
    Ok(())
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Custom(code) => write!(f, "custom({code})"),
            kind => f.write_str(Kind::WORDS.iter().find(|(_, k)| k == kind).map_or("", |(word, _)| word)),
        }
    }
}

/// An interval of a measure, without parentheses.
fn interval(f: &mut Formatter<'_>, measure: Measure, interval: &Interval) -> fmt::Result {
    let unit = if measure.is_length() { " um" } else { "" };
    match (interval.from(), interval.to()) {
        (Some(from), Some(to)) if from.inclusive && to.inclusive => {
            write!(f, "{}{unit}, {}{unit}", from.value, to.value)
        }
        (from, to) => {
            if let Some(from) = from {
                write!(f, "{} {}{unit}", if from.inclusive { ">=" } else { ">" }, from.value)?;
            }
            if from.is_some() && to.is_some() {
                f.write_str(", ")?;
            }
            if let Some(to) = to {
                write!(f, "{} {}{unit}", if to.inclusive { "<=" } else { "<" }, to.value)?;
            }
            Ok(())
        }
    }
}

impl Region {
    fn is_compound(&self) -> bool {
        matches!(self, Region::Union(_) | Region::Intersection(_) | Region::Difference(..))
    }

    /// As an operand: in parentheses if it is made of others.
    fn operand(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_compound() { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

impl Display for Region {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Region::All => f.write_str("all"),
            Region::Kind(kind) => write!(f, "{kind}"),
            Region::Named(name) if is_bare_name(name) && !is_reserved(name) => f.write_str(name),
            Region::Named(name) => write!(f, "{}", Quoted(name)),
            Region::Section(name) => write!(f, "section({})", Quoted(name)),
            Region::Group(name) => write!(f, "group({})", Quoted(name)),
            Region::Segment(id) => write!(f, "segment({id})"),
            Region::SegmentNamed(name) => write!(f, "segment({})", Quoted(name)),
            Region::Within(measure, range) => {
                write!(f, "{}(", measure.word())?;
                interval(f, *measure, range)?;
                f.write_str(")")
            }
            Region::DistalTo(points) => write!(f, "distal_to({points})"),
            Region::ProximalTo(points) => write!(f, "proximal_to({points})"),
            Region::LongestPath(region) => write!(f, "longest_path({region})"),
            // Infix needs two operands.
            Region::Union(parts) if parts.len() < 2 => call(f, "union", parts),
            Region::Intersection(parts) if parts.len() < 2 => call(f, "intersection", parts),
            Region::Union(parts) => list(f, parts, " | ", |f, r| r.operand(f)),
            Region::Intersection(parts) => list(f, parts, " & ", |f, r| r.operand(f)),
            Region::Difference(a, b) => {
                a.operand(f)?;
                f.write_str(" - ")?;
                b.operand(f)
            }
        }
    }
}

fn call<T: Display>(f: &mut Formatter<'_>, name: &str, arguments: &[T]) -> fmt::Result {
    write!(f, "{name}(")?;
    list(f, arguments, ", ", |f, a| write!(f, "{a}"))?;
    f.write_str(")")
}

impl Points {
    /// As an operand of `|`.
    fn operand(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Points::Union(_) | Points::Within(..) | Points::Outside(..) => write!(f, "({self})"),
            Points::Middle(region) if region.is_compound() => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }

    /// As the left operand of `&` and `-`, where a plain region would be read as one.
    fn restricted(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Points::Middle(region) => write!(f, "middle({region})"),
            Points::Union(parts) if self.reads_as_region() => call(f, "points", parts),
            _ => self.operand(f),
        }
    }

    /// Whether its text is that of a region.
    fn reads_as_region(&self) -> bool {
        match self {
            Points::Middle(region) => !matches!(region, Region::Union(_)),
            Points::Union(parts) => parts.iter().all(Points::reads_as_region),
            _ => false,
        }
    }
}

impl Display for Points {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Points::At(region @ (Region::Named(_) | Region::All), fraction) => {
                write!(f, "{region}({fraction})")
            }
            Points::At(region @ Region::Kind(kind), fraction) if !matches!(kind, Kind::Custom(_)) => {
                write!(f, "{region}({fraction})")
            }
            Points::At(region, fraction) => write!(f, "location({region}, {fraction})"),
            // A union where points are wanted means a list of points.
            Points::Middle(region @ Region::Union(_)) => write!(f, "middle({region})"),
            Points::Middle(region) => write!(f, "{region}"),
            Points::Root => f.write_str("root"),
            Points::Tips(None) => f.write_str("tips"),
            Points::Tips(Some(region)) => write!(f, "tips({region})"),
            Points::BranchPoints(None) => f.write_str("branch_points"),
            Points::BranchPoints(Some(region)) => write!(f, "branch_points({region})"),
            Points::Centre(region) => write!(f, "centre({region})"),
            Points::AtDistances(region, distances) => {
                write!(f, "at_distances({region}")?;
                distances.iter().try_for_each(|d| write!(f, ", {d} um"))?;
                f.write_str(")")
            }
            Points::RandomSections(region, 1) => write!(f, "random_section({region})"),
            Points::RandomSections(region, n) => write!(f, "random_sections({region}, {n})"),
            Points::RandomPoints(region, n) => write!(f, "random_points({region}, {n})"),
            Points::ByDensity(field) => match field.layers() {
                [layer] if !matches!(layer.value, Value::ByRootDistance(_) | Value::ByDiameter(_)) => {
                    write!(f, "points_by_density({}, {})", layer.region, layer.value.text())
                }
                _ => write!(f, "random_placement({field})"),
            },
            Points::Every(region, step) => write!(f, "every({region}, {step} um)"),
            Points::Union(parts) if parts.len() < 2 => call(f, "points", parts),
            Points::Union(parts) => list(f, parts, " | ", |f, p| p.operand(f)),
            Points::Within(points, region) => {
                points.restricted(f)?;
                f.write_str(" & ")?;
                region.operand(f)
            }
            Points::Outside(points, region) => {
                points.restricted(f)?;
                f.write_str(" - ")?;
                region.operand(f)
            }
        }
    }
}

impl Display for Selection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Selection::Region(region) => write!(f, "{region}"),
            // Said to be points, or it would be read as a region.
            Selection::Points(points) if points.reads_as_region() => points.restricted(f),
            Selection::Points(points) => write!(f, "{points}"),
        }
    }
}
