use super::*;
use crate::morph::{Geometry, SectionId, SectionKind};
use proptest::prelude::*;

fn reading(text: &str) -> Reading {
    read_str(text, "cell.swc").unwrap()
}

fn refusal(text: impl AsRef<[u8]>) -> String {
    read_str(text, "cell.swc").unwrap_err().to_string()
}

fn names(reading: &Reading) -> Vec<&str> {
    reading.morphology.sections.iter().map(|section| section.name.as_str()).collect()
}

fn warned(reading: &Reading) -> Vec<&str> {
    reading.warnings.iter().map(|warning| warning.name).collect()
}

const FORKED: &str = "1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 50 0 0 1 2\n4 3 90 30 0 0.5 3\n5 3 90 -30 0 0.5 3\n";

#[test]
fn a_point_soma_is_a_cylinder_of_its_area() {
    let r = reading(FORKED);
    assert_eq!(r.soma, SomaConvention::Sphere);
    assert_eq!(names(&r), ["soma", "dend[0]", "dend[1]", "dend[2]"]);
    let g = Geometry::of(&r.morphology);
    let sphere = 4.0 * std::f64::consts::PI * 25.0;
    assert!((g.section_area_um2(SectionId(0)) - sphere).abs() < 1e-9);
    let trunk = &r.morphology.sections[1];
    assert_eq!(trunk.parent, Some((SectionId(0), 0.5)));
    assert_eq!(g.section_length_um(SectionId(1)), 45.0, "the link to the soma is no cable");
    assert_eq!(r.morphology.sections[3].parent, Some((SectionId(1), 1.0)));
    assert!(r.warnings.is_empty());
}

#[test]
fn three_points_are_a_sphere_along_their_line() {
    let r = reading("1 1 0 0 0 6 -1\n2 1 0 6 0 6 1\n3 1 0 -6 0 6 1\n4 3 6 0 0 1 1\n5 3 60 0 0 1 4\n");
    assert_eq!(r.soma, SomaConvention::ThreePoint);
    assert_eq!(names(&r), ["soma", "dend[0]"]);
    let body = &r.morphology.segments[0];
    assert_eq!((body.proximal.y, body.distal.y, body.distal.diameter), (6.0, -6.0, 12.0));
}

#[test]
fn a_chain_of_soma_samples_is_frusta() {
    let r = reading(
        "1 1 0 0 0 4 -1\n2 1 0 5 0 6 1\n3 1 0 10 0 4 2\n4 3 0 -3 0 1 1\n5 3 0 -30 0 1 4\n\
         6 4 0 13 0 1 3\n7 4 0 90 0 1 6\n8 2 6 5 0 1 2\n9 2 60 5 0 1 8\n",
    );
    assert_eq!(r.soma, SomaConvention::Cylinders);
    assert_eq!(names(&r), ["soma", "dend[0]", "apic[0]", "axon[0]"]);
    let on: Vec<f64> = r.morphology.sections[1..].iter().map(|s| s.parent.unwrap().1).collect();
    assert_eq!(on, [0.0, 1.0, 0.5]);
    // Cable from an end of the soma starts there, as thick as the neurite; from its middle it does not.
    let g = Geometry::of(&r.morphology);
    let lengths: Vec<f64> = (1..4).map(|i| g.section_length_um(SectionId(i))).collect();
    assert_eq!(lengths, [30.0, 80.0, 54.0]);
    assert_eq!(g.diameter_um(SectionId(1), 0.0), 2.0);
}

#[test]
fn an_outline_becomes_frusta_across_its_long_axis() {
    // An ellipse of half axes 10 and 6, drawn by 40 thin samples.
    let mut text = String::new();
    for i in 0..40 {
        let angle = std::f64::consts::TAU * f64::from(i) / 40.0;
        let parent = if i == 0 { -1 } else { i };
        text += &format!("{} 1 {} {} 3 0.2 {parent}\n", i + 1, 10.0 * angle.cos(), 6.0 * angle.sin());
    }
    text += "41 3 0 8 3 1 11\n42 3 0 60 3 1 41\n";
    let r = reading(&text);
    assert_eq!(r.soma, SomaConvention::Outline);
    let g = Geometry::of(&r.morphology);
    assert!((g.section_length_um(SectionId(0)) - 20.0).abs() < 1e-9);
    assert!((g.diameter_um(SectionId(0), 0.5) - 12.0).abs() < 0.1);
    // The prolate spheroid with these axes: area 667.3 µm², volume 1508 µm³.
    let (area, volume) = (g.section_area_um2(SectionId(0)), g.section_volume_um3(SectionId(0)));
    assert!((area / 667.3 - 1.0).abs() < 0.05, "{area}");
    assert!((volume / 1508.0 - 1.0).abs() < 0.03, "{volume}");
    assert_eq!(r.morphology.sections[1].parent, Some((SectionId(0), 0.5)));
}

#[test]
fn a_stack_of_outlines_becomes_frusta_through_their_centres() {
    // A sphere of radius 10 cut at five heights, each cut drawn by 24 thin samples in one chain.
    let mut text = String::new();
    let mut id = 0;
    for z in [-8.0f64, -4.0, 0.0, 4.0, 8.0] {
        let radius = (100.0 - z * z).sqrt();
        for i in 0..24 {
            let angle = std::f64::consts::TAU * f64::from(i) / 24.0;
            let parent = if id == 0 { -1 } else { id };
            id += 1;
            text += &format!("{id} 1 {} {} {z} 0.1 {parent}\n", radius * angle.cos(), radius * angle.sin());
        }
    }
    text += "121 3 0 12 0 1 55\n122 3 0 60 0 1 121\n";
    let r = reading(&text);
    assert_eq!(r.soma, SomaConvention::OutlineStack);
    let g = Geometry::of(&r.morphology);
    assert!((g.section_length_um(SectionId(0)) - 16.0).abs() < 1e-9);
    // A circle by 24 straight lines has 1.1 % less area.
    let widths: Vec<f64> = [0.0, 0.25, 0.5].iter().map(|at| g.diameter_um(SectionId(0), *at)).collect();
    for (width, expected) in widths.iter().zip([12.0, 2.0 * 84f64.sqrt(), 20.0]) {
        assert!((width / expected - 1.0).abs() < 0.01, "{widths:?}");
    }
    assert_eq!(r.morphology.sections[1].parent, Some((SectionId(0), 0.5)));
    assert!(r.soma.to_string().contains("stack"));
}

#[test]
fn all_line_ends_blanks_and_comments_read_alike() {
    let plain = reading(FORKED).morphology;
    let forms = [
        FORKED.replace('\n', "\r\n"),
        FORKED.replace('\n', "\r"),
        FORKED.replace(' ', "\t"),
        FORKED.replace(' ', "  ").replace('\n', " \n\n"),
        format!("\u{feff}# header\n{}", FORKED.replace('\n', " # a remark\n")),
        FORKED.trim_end().to_string(),
        FORKED.replace("4 3 90", "4.0 3.0 9e1"),
    ];
    for form in forms {
        let r = read_str(&form, "cell.swc").unwrap();
        assert_eq!(r.morphology, plain, "{form}");
        assert!(r.warnings.is_empty(), "{form}: {:?}", r.warnings);
    }
    let commas = reading(&FORKED.replace(' ', ", "));
    assert_eq!(commas.morphology, plain);
    assert_eq!(warned(&commas), ["comma-separated"]);
    let wider = reading(&FORKED.replace('\n', " 7 8\n"));
    assert_eq!(wider.morphology, plain);
    assert_eq!(warned(&wider), ["extra-columns"]);
    assert!(read_str(b"# caf\xe9\n1 1 0 0 0 5 -1\n", "latin.swc").is_ok(), "comments may be Latin-1");
}

#[test]
fn ids_may_come_in_any_order_and_with_gaps() {
    let mixed =
        "90 3 90 -30 0 0.5 30\n10 1 0 0 0 5 -1\n40 3 90 30 0 0.5 30\n30 3 50 0 0 1 20\n20 3 5 0 0 1 10\n";
    let r = reading(mixed);
    let lengths = |r: &Reading| {
        let g = Geometry::of(&r.morphology);
        r.morphology.section_ids().map(|id| g.section_length_um(id)).collect::<Vec<_>>()
    };
    assert_eq!(lengths(&r), lengths(&reading(FORKED)));
    // Ids that fall towards the tips.
    let falling = "5 1 0 0 0 5 -1\n4 3 5 0 0 1 5\n3 3 50 0 0 1 4\n2 3 90 30 0 0.5 3\n1 3 90 -30 0 0.5 3\n";
    assert_eq!(lengths(&reading(falling)), lengths(&reading(FORKED)));
}

#[test]
fn doubts_are_named_with_their_line() {
    let at = |text: &str| {
        let r = reading(text);
        let first = &r.warnings[0];
        (first.name, first.place.line, r)
    };
    let (name, line, r) = at("1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 50 0 0 0 2\n");
    assert_eq!((name, line), ("zero-radius", 3));
    assert_eq!(r.morphology.segments[1].distal.diameter, 2.0);
    assert_eq!(r.as_written().segments[1].distal.diameter, 0.0);
    let (name, line, r) =
        at("1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 50 0 0 1 2\n4 2 0 9 0 1 -1\n5 2 0 50 0 1 4\n");
    assert_eq!((name, line), ("disconnected-neurite", 4));
    assert_eq!(r.morphology.sections[2].parent, Some((SectionId(0), 0.5)));
    let (name, line, r) =
        at("1 3 60 0 0 1 -1\n2 3 6 0 0 1 1\n3 1 0 0 0 5 2\n4 2 -6 0 0 1 3\n5 2 -60 0 0 1 4\n");
    assert_eq!((name, line), ("soma-not-root", 3));
    assert_eq!(r.morphology.sections[0].kind, SectionKind::Soma);
    assert_eq!(r.morphology.sections.len(), 3);
    let (name, line, _) = at("1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 50 0 0 1 2\n4 2 70 0 0 1 3\n");
    assert_eq!((name, line), ("type-change", 4));
    let (name, line, r) = at("# SCALE 1 1 2\n1 1 0 0 0 5 -1\n");
    assert_eq!((name, line, r.morphology.sections.len()), ("scale-not-applied", 1, 1));
    let (name, line, r) = at("1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 5 0 0 1 2\n");
    assert_eq!((name, line, r.morphology.sections.len()), ("zero-length-section", 3, 1));
    let (name, line, _) = at("1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 5 0 0 1 2\n4 3 9 0 0 1 3\n");
    assert_eq!((name, line), ("zero-length-segment", 3));
    let (name, line, _) = at("1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 50000 0 0 1 2\n");
    assert_eq!((name, line), ("large-extent", 1));
    let (name, line, r) =
        at("1 1 0 0 0 5 -1\n2 0 5 0 0 1 1\n3 5 50 0 0 1 2\n4 6 90 9 0 1 3\n5 6 90 0 0 1 3\n");
    assert_eq!((name, line), ("fork-and-end-types", 3));
    assert_eq!(names(&r), ["soma", "undefined[0]", "undefined[1]", "undefined[2]"]);
}

#[test]
fn roots_without_length_give_way() {
    // The root and its twin lie at one place: the child of real length becomes the root.
    let r = reading("1 2 0 0 0 1 -1\n2 2 0 0 0 1 1\n3 2 0 0 0 1 2\n4 2 9 0 0 1 2\n5 2 0 7 0 1 2\n");
    assert_eq!(names(&r), ["axon[0]", "axon[1]"]);
    assert_eq!(r.morphology.sections[0].parent, None);
    assert_eq!(r.morphology.sections[1].parent, Some((SectionId(0), 0.0)));
    let soma = reading("1 1 0 0 0 4 -1\n2 1 0 0 0 3 1\n3 3 4 0 0 1 2\n4 3 40 0 0 1 3\n");
    assert_eq!(names(&soma), ["soma", "dend[0]"]);
    assert_eq!(Geometry::of(&soma.morphology).section_length_um(SectionId(0)), 8.0);
    assert_eq!(soma.morphology.sections[1].parent, Some((SectionId(0), 0.5)));
    assert_eq!(soma.morphology.segments_of(SectionId(1)).len(), 2);
}

#[test]
fn wrong_files_say_where_what_and_what_to_do() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["cell.swc: ", "no samples"]),
        ("# only words\n", &["no samples"]),
        ("1 1 0 0 0 5\n", &["cell.swc:1", "6 columns", "parent"]),
        ("1 1 0 0 0 x -1\n", &["cell.swc:1", "sample 1", "radius is `x`"]),
        ("1 1 0 inf 0 5 -1\n", &["y is `inf`"]),
        ("1 1 0 1e200 0 5 -1\n", &["y is `1e200`, beyond 1e9 µm"]),
        ("1.5 1 0 0 0 5 -1\n", &["id is `1.5`, expected a whole number"]),
        ("1 1 0 0 0 5 -1\n1 3 1 0 0 1 1\n", &["cell.swc:2", "already that of line 1"]),
        ("1 1 0 0 0 5 -1\n2 3 1 0 0 1 3\n3 3 1 0 0 1 2\n", &["circle of 2 samples"]),
        ("1 1 0 0 0 5 2\n2 3 1 0 0 1 1\n", &["circle"]),
        ("1 1 0 0 0 5 -1\n2 1 90 0 0 5 -1\n", &["cell.swc:2", "a second soma"]),
        ("1 1 0 0 0 5 -1\n2 3 9 0 0 1 1\n3 1 90 0 0 5 2\n", &["cell.swc:3", "a second soma"]),
        ("1 3 0 0 0 1 -1\n2 3 9 0 0 1 1\n3 3 90 0 0 5 -1\n", &["second root, 90.0 µm from the first"]),
        ("1 1 0,5 0 0 5 -1\n", &["commas", "decimal points"]),
        ("1 -3 0 0 0 5 -1\n", &["the type -3"]),
        ("# units: nm\n1 1 0 0 0 5 -1\n", &["cell.swc:1", "nanometre", "divide"]),
    ];
    for (text, words) in cases {
        let said = refusal(text);
        for word in *words {
            assert!(said.contains(word), "{text:?}: {said}");
        }
    }
    let said = refusal("1 1 0 0 0 -5 -1\n2 3 1 0 0 1 9\n3 3 1 0 0 z 1\n");
    assert_eq!(said.lines().count(), 2, "errors are collected: {said}");
    assert!(refusal([0xff, 0xfe, b'1', 0]).contains("UTF-16"));
    assert!(refusal(b"\x7fELF\x00\x01\x02\n\x00\x00\n").contains("binary"));
}

#[test]
fn a_long_chain_takes_linear_time_and_no_recursion() {
    let mut text = String::from("1 1 0 0 0 5 -1\n");
    for id in 2..=100_000u32 {
        text += &format!("{id} 3 {id} 0 0 0.5 {}\n", id - 1);
    }
    let r = reading(&text);
    assert_eq!(r.morphology.segments.len(), 99_999);
    assert_eq!(Geometry::of(&r.morphology).section_length_um(SectionId(1)), 99_998.0);
}

#[test]
fn a_ball_and_stick_survives_writing() {
    use crate::morph::SectionPlan;
    let plans = [
        SectionPlan::cylinder("soma", SectionKind::Soma, 18.8, 18.8),
        SectionPlan::cylinder("dend", SectionKind::BasalDendrite, 500.0, 2.0).on("soma", 0.0),
    ];
    let cell = Morphology::from_sections("ball and stick", &plans).unwrap();
    let (text, warnings) = to_text(&cell);
    assert!(warnings.is_empty());
    let again = reading(&text).morphology;
    assert_eq!(again.sections[1].parent, Some((SectionId(0), 0.0)));
    let (a, b) = (Geometry::of(&cell), Geometry::of(&again));
    assert!((a.total_area_um2() - b.total_area_um2()).abs() < 1e-9);
    assert!((a.path_distance_um(SectionId(1), 1.0) - b.path_distance_um(SectionId(1), 1.0)).abs() < 1e-9);
}

/// A random tree: for each further sample a parent among those before, a step and a radius. Soma first.
fn tree_text(soma: u8, samples: &[(usize, i8, i8, i8, u8, u8)]) -> String {
    let (mut text, mut points) = match soma {
        0 => (String::new(), vec![]),
        1 => ("1 1 0 0 0 5 -1\n".to_string(), vec![(0, 0, 0, 1)]),
        2 => (
            "1 1 0 0 0 5 -1\n2 1 0 5 0 5 1\n3 1 0 -5 0 5 1\n".to_string(),
            vec![(0, 0, 0, 1), (0, 5, 0, 1), (0, -5, 0, 1)],
        ),
        _ => (
            "1 1 0 0 0 4 -1\n2 1 0 5 0 6 1\n3 1 0 9 0 5 2\n".to_string(),
            vec![(0, 0, 0, 1), (0, 5, 0, 1), (0, 9, 0, 1)],
        ),
    };
    for (parent, x, y, z, radius, kind) in samples {
        let up = points
            .len()
            .checked_sub(1)
            .map(|last| if soma == 2 && *parent % 4 == 0 { 0 } else { last - parent % points.len().min(9) });
        let up = if soma == 2 { up.map(|up| if up < 3 { 0 } else { up }) } else { up };
        let (ux, uy, uz, kind_above) = up.map_or((0, 0, 0, 1), |up| points[up]);
        let kind = if kind_above == 1 { 2 + kind % 3 } else { kind_above };
        let at = (ux + i32::from(*x), uy + i32::from(*y), uz + i32::from(*z), kind);
        points.push(at);
        let radius = 0.1 + f64::from(*radius) / 64.0;
        let up = up.map_or(-1, |up| up as i64 + 1);
        text += &format!("{} {kind} {} {} {} {radius} {up}\n", points.len(), at.0, at.1, at.2);
    }
    text
}

proptest! {
    /// Cells that were read come back from writing with the same sections.
    #[test]
    fn writing_keeps_cells(
        soma in 0u8..4,
        // Steps along x keep samples apart: what lies in one place is mended, not kept.
        samples in prop::collection::vec((0usize..40, 1i8..9, -9i8..9, -9i8..9, 0u8..200, 0u8..3), 1..60),
    ) {
        let first = reading(&tree_text(soma, &samples)).morphology;
        let (text, warnings) = to_text(&first);
        prop_assert!(warnings.is_empty(), "{warnings:?}");
        let second = reading(&text).morphology;
        prop_assert_eq!(first.sections.len(), second.sections.len());
        for (a, b) in first.sections.iter().zip(&second.sections) {
            prop_assert_eq!((&a.name, a.kind, a.parent), (&b.name, b.kind, b.parent));
        }
        let (a, b) = (Geometry::of(&first), Geometry::of(&second));
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
        for id in first.section_ids() {
            prop_assert!(near(a.section_length_um(id), b.section_length_um(id)));
            prop_assert!(near(a.section_area_um2(id), b.section_area_um2(id)));
            prop_assert!(near(a.axial_integral(id, 0.1, 0.8), b.axial_integral(id, 0.1, 0.8)));
            prop_assert!(near(a.path_distance_um(id, 0.7), b.path_distance_um(id, 0.7)));
            prop_assert!(near(a.euclidean_distance_um(id, 0.7), b.euclidean_distance_um(id, 0.7)));
        }
    }

    /// Whatever the bytes, reading ends, and what is read has cable.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(reading) = read_str(&bytes, "any.swc") {
            prop_assert!(Geometry::of(&reading.morphology).total_area_um2() > 0.0);
        }
    }

    /// Text made of SWC's letters reaches the later stages.
    #[test]
    fn any_numbers_are_read_or_refused(
        rows in prop::collection::vec((0i64..12, -1i64..8, -3i8..3, -3i8..3, -1i8..4, -1i64..12), 0..14),
    ) {
        let text: String = rows
            .iter()
            .map(|(id, code, x, y, radius, parent)| format!("{id} {code} {x} {y} 0 {radius} {parent}\n"))
            .collect();
        if let Ok(reading) = read_str(&text, "any.swc") {
            let g = Geometry::of(&reading.morphology);
            prop_assert!(g.total_area_um2() > 0.0 && g.total_area_um2().is_finite());
            for id in reading.morphology.section_ids() {
                prop_assert!(g.section_area_um2(id) > 0.0);
                prop_assert!(g.axial_integral(id, 0.0, 1.0).is_finite());
                let parent = reading.morphology.section(id).parent;
                prop_assert!(parent.is_none_or(|(up, _)| up < id));
            }
            let (written, _) = to_text(&reading.morphology);
            prop_assert!(read_str(&written, "again.swc").is_ok(), "{written}");
        }
    }
}
