//! The cutting of small cells whose numbers a textbook gives.

use super::*;
use crate::morph::{Point, SectionKind, Segment};

const PASSIVE: Electrical = Electrical { resistivity_ohm_m: 1.0, capacitance_f_per_m2: 0.01 };

/// A section: parent and fraction, points along x as (x, diameter).
type Shape<'a> = (Option<(u32, f64)>, &'a [(f64, f64)]);

fn cell(sections: &[Shape]) -> Morphology {
    let mut m = Morphology { name: "cell".into(), ..Default::default() };
    for (i, (parent, points)) in sections.iter().enumerate() {
        let first = m.segments.len() as u32;
        for (k, pair) in points.windows(2).enumerate() {
            m.segments.push(Segment {
                file_id: k as u64,
                name: None,
                proximal: Point::new(pair[0].0, 0.0, 0.0, pair[0].1),
                distal: Point::new(pair[1].0, 0.0, 0.0, pair[1].1),
                section: SectionId(i as u32),
            });
        }
        m.sections.push(Section {
            name: format!("s{i}"),
            kind: SectionKind::BasalDendrite,
            segments: first..m.segments.len() as u32,
            parent: parent.map(|(p, f)| (SectionId(p), f)),
        });
    }
    m
}

fn cut(m: &Morphology, rule: Rule) -> Discretisation {
    Discretisation::new(m, &vec![rule; m.sections.len()], |_| PASSIVE).unwrap()
}

fn each(n: u32) -> Rule {
    Rule::PerSection(n)
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} is not {b}");
}

const STICK: &[(f64, f64)] = &[(0.0, 2.0), (100.0, 2.0)];

#[test]
fn a_cylinder_has_the_area_and_resistance_of_the_textbook() {
    let d = cut(&cell(&[(None, STICK)]), each(4));
    assert_eq!(d.node_parent, [NONE, 0, 1, 2]);
    let pi = std::f64::consts::PI;
    for cv in &d.cvs {
        near(cv.area_m2, pi * 2e-6 * 25e-6);
        near(cv.volume_m3, pi * 1e-12 * 25e-6);
        near(cv.diameter_um, 2.0);
    }
    let g = d.axial_conductances(|_| 1.5);
    assert_eq!(g[0], 0.0);
    for g in &g[1..] {
        near(*g, pi * 1e-12 / (1.5 * 25e-6));
    }
}

#[test]
fn a_cone_keeps_its_area_and_resistance_however_it_is_cut() {
    let m = cell(&[(None, &[(0.0, 1.0), (30.0, 4.0), (50.0, 4.0), (90.0, 0.5)])]);
    let one = cut(&m, each(1));
    for n in [2, 3, 7, 50] {
        let many = cut(&m, each(n));
        near(many.area_m2(), one.area_m2());
        let sum = |d: &Discretisation| d.cvs.iter().map(|c| c.near_per_m + c.far_per_m).sum::<f64>();
        near(sum(&many), sum(&one));
        near(many.cvs.iter().map(|c| c.volume_m3).sum(), one.cvs[0].volume_m3);
    }
}

#[test]
fn two_neighbours_join_in_series_and_three_at_a_fork() {
    let child = Some((0, 1.0));
    let d = cut(&cell(&[(None, STICK), (child, STICK)]), each(1));
    assert_eq!(d.node_parent, [NONE, 0]);
    let series = d.axial_conductances(|cv| [1.0, 3.0][cv]);
    near(1.0 / series[1], d.cvs[0].far_per_m + 3.0 * d.cvs[1].near_per_m);

    let d = cut(&cell(&[(None, STICK), (child, STICK), (child, STICK)]), each(1));
    assert_eq!(d.node_parent, [NONE, 0, 1, 1]);
    assert_eq!(d.node_cv, [0, NONE, 1, 2]);
    assert_eq!(d.n_forks(), 1);
    let g = d.axial_conductances(|_| 1.0);
    near(1.0 / g[1], d.cvs[0].far_per_m);
    near(1.0 / g[2], d.cvs[1].near_per_m);
}

#[test]
fn sections_at_the_start_of_the_root_hang_on_its_first_compartment() {
    let at = |f| Some((0, f));
    let one = cut(&cell(&[(None, STICK), (at(0.0), STICK)]), each(3));
    assert_eq!(one.node_parent, [NONE, 0, 1, 0, 3, 4]);
    near(1.0 / one.axial_conductances(|_| 1.0)[3], one.cvs[0].near_per_m + one.cvs[3].near_per_m);
    let two = cut(&cell(&[(None, STICK), (at(0.0), STICK), (at(0.0), STICK)]), each(2));
    assert_eq!(two.node_parent, [NONE, 0, 0, 1, 3, 1, 5]);
    assert_eq!(two.node_cv, [0, NONE, 1, 2, 3, 4, 5]);
}

#[test]
fn the_start_of_a_child_is_the_end_of_its_parent() {
    // Section 2 hangs at the start of section 1, which hangs at the end of 0: a fork of three.
    let d = cut(&cell(&[(None, STICK), (Some((0, 1.0)), STICK), (Some((1, 0.0)), STICK)]), each(1));
    assert_eq!(d.node_parent, [NONE, 0, 1, 1]);
    // The same inside: both hang on the compartment.
    let d = cut(&cell(&[(None, STICK), (Some((0, 0.5)), STICK), (Some((1, 0.0)), STICK)]), each(1));
    assert_eq!(d.node_parent, [NONE, 0, 0]);
    near(1.0 / d.axial_conductances(|_| 1.0)[2], d.cvs[2].near_per_m);
}

#[test]
fn one_per_segment_passes_over_segments_of_no_length() {
    let m = cell(&[(None, &[(0.0, 1.0), (0.0, 2.0), (10.0, 2.0), (10.0, 3.0), (40.0, 3.0)])]);
    let d = cut(&m, Rule::PerSegment);
    assert_eq!(d.cvs.len(), 2);
    assert_eq!((d.cvs[0].from, d.cvs[0].to, d.cvs[1].to), (0.0, 0.25, 1.0));
    near(d.cvs[1].length_um, 30.0);
}

#[test]
fn points_find_their_compartment() {
    let d = cut(&cell(&[(None, STICK), (Some((0, 1.0)), STICK)]), each(10));
    for (fraction, cv) in [(0.0, 0), (0.05, 0), (0.3, 3), (0.7, 7), (0.99, 9), (1.0, 9)] {
        assert_eq!(d.cv_at(SectionId(0), fraction), cv, "{fraction}");
        assert_eq!(d.node_at(SectionId(1), fraction), cv + 10);
    }
    assert_eq!(d.node_at(SectionId(7), 0.5), NONE);
}

#[test]
fn rules_count_as_they_say() {
    let m = cell(&[(None, STICK), (Some((0, 1.0)), &[(0.0, 2.0), (101.0, 2.0)])]);
    let counts = |rule: Rule| {
        let d = cut(&m, rule);
        [d.cvs_of(SectionId(0)).len(), d.cvs_of(SectionId(1)).len()]
    };
    assert_eq!(counts(Rule::MaxLength(10.0)), [10, 11]);
    assert_eq!(counts(Rule::MaxLength(0.1)), [1000, 1010]);
    assert_eq!(counts(Rule::MaxLength(1e9)), [1, 1]);
    // λ(100 Hz) = ½ √(d / (π f Rₐ Cₘ)) = 398.9 µm.
    assert_eq!(counts(Rule::DLambda { fraction: 0.1, frequency_hz: 100.0 }), [3, 3]);
    assert_eq!(counts(Rule::DLambda { fraction: 0.01, frequency_hz: 100.0 }), [25, 27]);
    let mixed = Discretisation::new(&m, &[Rule::PerSection(4), Rule::PerSegment], |_| PASSIVE).unwrap();
    assert_eq!([mixed.cvs_of(SectionId(0)).len(), mixed.cvs_of(SectionId(1)).len()], [4, 1]);
}

#[test]
fn what_cannot_be_cut_is_an_error_that_names_the_section() {
    let error = |sections: &[Shape], rule: Rule| {
        let rules = vec![rule; sections.len()];
        Discretisation::new(&cell(sections), &rules, |_| PASSIVE).unwrap_err().to_string()
    };
    let child = Some((0, 1.0));
    assert!(error(&[(None, STICK), (child, &[(1.0, 1.0), (1.0, 1.0)])], each(1)).contains("section s1"));
    assert!(error(&[(None, STICK), (child, &[(1.0, -1.0), (2.0, 1.0)])], each(1)).contains("section s1"));
    assert!(error(&[(None, &[(0.0, 1.0), (9.0, 0.0)]), (child, STICK)], each(1)).contains("section s0"));
    assert!(error(&[(None, &[(0.0, 0.0), (9.0, 0.0)])], each(1)).contains("section s0"));
    assert!(error(&[(None, STICK)], each(0)).contains("at least one"));
    assert!(error(&[(None, STICK)], Rule::MaxLength(1e-9)).contains("limit"));
    assert!(error(&[(None, STICK)], Rule::MaxLength(f64::NAN)).contains("positive"));
    let too_few = Discretisation::new(&cell(&[(None, STICK)]), &[], |_| PASSIVE).unwrap_err().to_string();
    assert!(too_few.contains("0 rules for 1 sections"));
    // A tip that runs out to nothing does no harm.
    cut(&cell(&[(None, STICK), (child, &[(0.0, 1.0), (9.0, 0.0)])]), each(3));
}
