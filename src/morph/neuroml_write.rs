//! From sections to a NeuroML 2 `<cell>` (Cannon et al. 2014, Front. Neuroinform. 8:79).

use super::tree::{Morphology, Point, SectionId, SectionKind, Segment, SegmentId};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// NeuroLex id of a segment group that is one unbranched section.
const UNBRANCHED: &str = "sao864921383";

/// Writes `morphology` as a NeuroML 2 file at `path`; see [`to_neuroml`].
///
/// # Errors
/// When the file cannot be written.
pub fn write_neuroml(morphology: &Morphology, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    std::fs::write(path, to_neuroml(morphology))
        .map_err(|error| Error::io(path, "write the morphology", &error))
}

/// `morphology` as a NeuroML 2 document with one `<cell>`.
///
/// Segments are numbered from 0. Every section is a segment group of its own, marked as unbranched;
/// `all`, `soma_group`, `axon_group`, `dendrite_group`, `basal_group` and `apical_group` (and
/// `undefined_group`, `custom_group`) gather sections, as do the morphology's own groups. Characters
/// that NeuroML ids may not have become underscores: `dend[3]` is `dend_3`.
pub fn to_neuroml(morphology: &Morphology) -> String {
    let mut taken = BTreeSet::new();
    let cell = unique_id(&morphology.name, &mut taken);
    let mut groups = BTreeSet::from(GROUPS.map(|(id, ..)| id.to_string()));
    let ids: Vec<String> = morphology.sections.iter().map(|s| unique_id(&s.name, &mut groups)).collect();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <neuroml xmlns=\"http://www.neuroml.org/schema/neuroml2\"\n         \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n         \
         xsi:schemaLocation=\"http://www.neuroml.org/schema/neuroml2 https://raw.githubusercontent.com/NeuroML/NeuroML2/development/Schemas/NeuroML2/NeuroML_v2.3.1.xsd\"\n         \
         id=\"{cell}_doc\">\n    <cell id=\"{cell}\">\n        <morphology id=\"{cell}_morphology\">\n"
    );
    for id in morphology.section_ids() {
        segments(morphology, id, &mut text);
    }
    for id in morphology.section_ids() {
        let members = &morphology.section(id).segments;
        let name = &ids[id.index()];
        line(&mut text, 3, &format!("<segmentGroup id=\"{name}\" neuroLexId=\"{UNBRANCHED}\">"));
        for segment in members.clone() {
            line(&mut text, 4, &format!("<member segment=\"{segment}\"/>"));
        }
        line(&mut text, 3, "</segmentGroup>");
    }
    for (group, lex, holds) in GROUPS {
        let members = morphology.section_ids().filter(|id| holds(morphology.section(*id).kind));
        group_of(&mut text, group, *lex, members.map(|id| ids[id.index()].as_str()));
    }
    for (name, members) in &morphology.groups {
        let name = unique_id(name, &mut groups);
        segment_group(&mut text, &name, members);
    }
    text.push_str("        </morphology>\n    </cell>\n</neuroml>\n");
    text
}

/// A group's id, its NeuroLex id, and which kinds of sections it holds.
type Group = (&'static str, Option<&'static str>, fn(SectionKind) -> bool);

const GROUPS: &[Group; 8] = &[
    ("all", None, |_| true),
    ("soma_group", Some("GO:0043025"), |kind| kind == SectionKind::Soma),
    ("axon_group", Some("GO:0030424"), |kind| kind == SectionKind::Axon),
    ("dendrite_group", Some("GO:0030425"), |kind| {
        matches!(kind, SectionKind::BasalDendrite | SectionKind::ApicalDendrite)
    }),
    ("basal_group", None, |kind| kind == SectionKind::BasalDendrite),
    ("apical_group", None, |kind| kind == SectionKind::ApicalDendrite),
    ("undefined_group", None, |kind| kind == SectionKind::Undefined),
    ("custom_group", None, |kind| matches!(kind, SectionKind::Custom(_))),
];

fn line(text: &mut String, depth: usize, content: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:1$}{content}", "", 4 * depth);
}

fn group_of<'a>(text: &mut String, id: &str, lex: Option<&str>, members: impl Iterator<Item = &'a str>) {
    let mut members = members.peekable();
    if members.peek().is_none() {
        return;
    }
    let lex = lex.map_or_else(String::new, |lex| format!(" neuroLexId=\"{lex}\""));
    line(text, 3, &format!("<segmentGroup id=\"{id}\"{lex}>"));
    for member in members {
        line(text, 4, &format!("<include segmentGroup=\"{member}\"/>"));
    }
    line(text, 3, "</segmentGroup>");
}

fn segment_group(text: &mut String, id: &str, members: &[SegmentId]) {
    if members.is_empty() {
        return;
    }
    line(text, 3, &format!("<segmentGroup id=\"{id}\">"));
    for member in members {
        line(text, 4, &format!("<member segment=\"{}\"/>", member.0));
    }
    line(text, 3, "</segmentGroup>");
}

fn point(text: &mut String, element: &str, at: Point) {
    let Point { x, y, z, diameter } = at;
    line(text, 4, &format!("<{element} x=\"{x}\" y=\"{y}\" z=\"{z}\" diameter=\"{diameter}\"/>"));
}

fn segments(morphology: &Morphology, id: SectionId, text: &mut String) {
    let section = morphology.section(id);
    let mut before: Option<&Segment> = None;
    for (index, segment) in section.segments.clone().zip(morphology.segments_of(id)) {
        let name =
            segment.name.as_deref().map_or_else(String::new, |name| format!(" name=\"{}\"", escaped(name)));
        line(text, 3, &format!("<segment id=\"{index}\"{name}>"));
        match (before, section.parent) {
            (Some(_), _) => line(text, 4, &format!("<parent segment=\"{}\"/>", index - 1)),
            (None, Some((on, fraction))) => {
                let (parent, along) = locate(morphology, on, fraction);
                let along = if along == 1.0 { String::new() } else { format!(" fractionAlong=\"{along}\"") };
                line(text, 4, &format!("<parent segment=\"{parent}\"{along}/>"));
            }
            (None, None) => {}
        }
        if before.is_none_or(|before| before.distal != segment.proximal) {
            point(text, "proximal", segment.proximal);
        }
        point(text, "distal", segment.distal);
        line(text, 3, "</segment>");
        before = Some(segment);
    }
}

/// The segment at `fraction` of section `on`, and the fraction along that segment.
fn locate(morphology: &Morphology, on: SectionId, fraction: f64) -> (u32, f64) {
    let segments = morphology.segments_of(on);
    let range = morphology.section(on).segments.clone();
    let total: f64 = segments.iter().map(Segment::length).sum();
    if fraction <= 0.0 {
        return (range.start, 0.0);
    }
    let mut left = fraction * total;
    for (index, segment) in range.clone().zip(segments) {
        let length = segment.length();
        if left < length && index + 1 < range.end || left < length * (1.0 - 1e-12) {
            return (index, left / length);
        }
        left -= length;
    }
    (range.end - 1, 1.0)
}

/// `name` as an id that NeuroML allows and that `taken` does not hold yet.
fn unique_id(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut id = String::new();
    for letter in name.chars() {
        let allowed = letter.is_ascii_alphanumeric() || letter == '_';
        if allowed {
            id.push(letter);
        } else if !id.ends_with('_') {
            id.push('_');
        }
    }
    let id = id.trim_end_matches('_');
    let start = if id.starts_with(|c: char| c.is_ascii_digit()) || id.is_empty() { "_" } else { "" };
    let base = format!("{start}{id}");
    let mut unique = base.clone();
    let mut number = 2;
    while !taken.insert(unique.clone()) {
        unique = format!("{base}_{number}");
        number += 1;
    }
    unique
}

fn escaped(text: &str) -> String {
    let escapes = BTreeMap::from([('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")]);
    text.chars().map(|c| escapes.get(&c).map_or_else(|| c.to_string(), |e| (*e).to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::morph::SectionPlan;

    #[test]
    fn sections_become_segments_and_groups() {
        let plans = [
            SectionPlan::cylinder("soma", SectionKind::Soma, 18.8, 18.8),
            SectionPlan::cylinder("dend[3]", SectionKind::BasalDendrite, 500.0, 2.0).on("soma", 0.0),
            SectionPlan::cylinder("dend 3", SectionKind::BasalDendrite, 40.0, 1.0).on("dend[3]", 0.25),
        ];
        let mut cell = Morphology::from_sections("2 cells & more", &plans).unwrap();
        cell.groups.insert("all".into(), vec![SegmentId(1)]);
        cell.segments[0].name = Some("a<b".into());
        let text = to_neuroml(&cell);
        for expected in [
            "<cell id=\"_2_cells_more\">",
            "<segment id=\"0\" name=\"a&lt;b\">",
            "<parent segment=\"0\" fractionAlong=\"0\"/>",
            "<parent segment=\"1\" fractionAlong=\"0.25\"/>",
            "<distal x=\"-500\" y=\"0\" z=\"0\" diameter=\"2\"/>",
            "<segmentGroup id=\"dend_3\" neuroLexId=\"sao864921383\">",
            "<segmentGroup id=\"dend_3_2\" neuroLexId=\"sao864921383\">",
            "<segmentGroup id=\"soma_group\" neuroLexId=\"GO:0043025\">",
            "<segmentGroup id=\"all_2\">",
        ] {
            assert!(text.contains(expected), "{expected} is not in\n{text}");
        }
        assert!(!text.contains("apical_group"), "empty groups are left out");
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut depth = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(_) => depth += 1,
                quick_xml::events::Event::End(_) => depth -= 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0);
    }
}
