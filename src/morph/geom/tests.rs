use super::*;
use crate::morph::{Section, Segment};
use proptest::prelude::*;

fn section(
    name: &str,
    kind: SectionKind,
    range: std::ops::Range<u32>,
    parent: Option<(u32, f64)>,
) -> Section {
    let parent = parent.map(|(id, fraction)| (SectionId(id), fraction));
    Section { name: name.into(), kind, segments: range, parent }
}

fn segment(a: [f64; 4], b: [f64; 4], section: u32) -> Segment {
    let point = |p: [f64; 4]| Point::new(p[0], p[1], p[2], p[3]);
    Segment { file_id: 0, name: None, proximal: point(a), distal: point(b), section: SectionId(section) }
}

/// A soma (20 × 20), a dendrite of two segments on its middle that forks, a child on its start.
fn cell() -> Morphology {
    use SectionKind::{Axon, BasalDendrite, Soma};
    Morphology {
        name: "cell".into(),
        segments: vec![
            segment([-10.0, 0.0, 0.0, 20.0], [10.0, 0.0, 0.0, 20.0], 0),
            segment([0.0, 10.0, 0.0, 4.0], [0.0, 40.0, 0.0, 2.0], 1),
            segment([0.0, 40.0, 0.0, 2.0], [0.0, 110.0, 0.0, 1.0], 1),
            segment([0.0, 110.0, 0.0, 1.0], [30.0, 150.0, 0.0, 1.0], 2),
            segment([0.0, 110.0, 0.0, 1.0], [-30.0, 150.0, 0.0, 1.0], 3),
            segment([-10.0, 0.0, 0.0, 1.0], [-60.0, 0.0, 0.0, 1.0], 4),
            segment([-60.0, 0.0, 0.0, 1.0], [-90.0, 0.0, 0.0, 1.0], 5),
        ],
        sections: vec![
            section("soma", Soma, 0..1, None),
            section("dend[0]", BasalDendrite, 1..3, Some((0, 0.5))),
            section("dend[1]", BasalDendrite, 3..4, Some((1, 1.0))),
            section("dend[2]", BasalDendrite, 4..5, Some((1, 1.0))),
            section("axon[0]", Axon, 5..6, Some((0, 0.0))),
            section("axon[1]", Axon, 6..7, Some((4, 1.0))),
        ],
        groups: Default::default(),
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn distances_start_in_the_middle_of_the_soma() {
    let g = Geometry::of(&cell());
    assert_eq!(g.path_distance_um(SectionId(0), 0.5), 0.0);
    assert_eq!(g.path_distance_um(SectionId(0), 0.0), 10.0);
    assert_eq!(g.path_distance_um(SectionId(1), 0.0), 0.0, "the link from the soma's middle is not cable");
    assert_eq!(g.path_distance_um(SectionId(1), 1.0), 100.0);
    assert_eq!(g.path_distance_um(SectionId(2), 0.5), 125.0);
    assert_eq!(g.path_distance_um(SectionId(4), 1.0), 60.0);
    assert_eq!(g.path_distance_um(SectionId(5), 1.0), 90.0);
    assert_eq!(g.euclidean_distance_um(SectionId(2), 1.0), (30.0f64 * 30.0 + 150.0 * 150.0).sqrt());
}

#[test]
fn a_soma_that_is_not_the_root_is_still_the_origin() {
    let mut m = cell();
    m.sections[0].kind = SectionKind::Axon;
    m.sections[1].kind = SectionKind::Soma;
    let g = Geometry::of(&m);
    assert_eq!(g.origin(), Some((SectionId(1), 0.5)));
    assert_eq!(g.path_distance_um(SectionId(0), 0.5), 50.0);
    assert_eq!(g.path_distance_um(SectionId(0), 0.0), 60.0);
    assert_eq!(g.path_distance_um(SectionId(0), 1.0), 60.0);
    assert_eq!(g.path_distance_um(SectionId(5), 1.0), 50.0 + 10.0 + 50.0 + 30.0);
    assert_eq!(g.path_distance_um(SectionId(2), 1.0), 100.0);
}

#[test]
fn branch_orders_count_branch_points_from_the_soma() {
    let g = Geometry::of(&cell());
    let orders: Vec<u32> = (0..6).map(|i| g.branch_order(SectionId(i))).collect();
    assert_eq!(orders, [0, 1, 2, 2, 1, 1], "axon[1] continues axon[0]");
    assert_eq!(g.children(SectionId(0)), [SectionId(1), SectionId(4)]);
}

#[test]
fn frusta_are_integrated_exactly() {
    let g = Geometry::of(&cell());
    let dend = SectionId(1);
    // The first frustum ends at fraction 0.3: r from 2 to 1 over 30 µm.
    assert!(near(g.area_um2(dend, 0.0, 0.3), PI * 3.0 * 901f64.sqrt()));
    assert!(near(g.volume_um3(dend, 0.0, 0.3), PI * 30.0 * 7.0 / 3.0));
    assert!(near(g.axial_integral(dend, 0.0, 0.3), 30.0 / (PI * 2.0)));
    assert!(near(g.diameter_um(dend, 0.15), 3.0));
    assert!(near(g.diameter_um(dend, 0.3), 2.0));
    assert!(near(g.mean_diameter_um(dend, 0.0, 1.0), 0.3 * 3.0 + 0.7 * 1.5));
    assert_eq!(g.breakpoints(dend), [0.0, 0.3, 1.0]);
    // Against a sum over many thin cylinders.
    let n = 20_000;
    let sum: f64 = (0..n)
        .map(|i| {
            let r = g.diameter_um(dend, (i as f64 + 0.5) / n as f64) / 2.0;
            100.0 / n as f64 / (PI * r * r)
        })
        .sum();
    assert!((sum / g.axial_integral(dend, 0.0, 1.0) - 1.0).abs() < 1e-7, "{sum}");
}

#[test]
fn segments_without_length_count_once() {
    let mut m = cell();
    m.segments[2] = segment([0.0, 40.0, 0.0, 2.0], [0.0, 40.0, 0.0, 6.0], 1);
    m.segments[4] = segment([0.0, 110.0, 0.0, 1.0], [0.0, 110.0, 0.0, 3.0], 3);
    let g = Geometry::of(&m);
    let ring = PI * (1.0 + 3.0) * 2.0;
    let dend = SectionId(1);
    assert!(near(g.area_um2(dend, 0.5, 1.0) + g.area_um2(dend, 0.0, 0.5), g.section_area_um2(dend)));
    assert!(near(g.section_area_um2(dend), PI * 3.0 * 901f64.sqrt() + ring));
    let point = SectionId(3);
    assert_eq!(g.section_length_um(point), 0.0);
    assert!(near(g.section_area_um2(point), PI * 2.0));
    assert!(near(g.area_um2(point, 0.0, 0.5) + g.area_um2(point, 0.5, 1.0), PI * 2.0));
    assert_eq!(g.axial_integral(point, 0.0, 1.0), 0.0);
    assert_eq!(g.breakpoints(point), [0.0, 1.0]);
}

proptest! {
    /// Any partition of a section adds up to the section.
    #[test]
    fn partitions_add_up(
        steps in prop::collection::vec((0.0..30.0f64, 0.1..9.0f64), 1..12),
        mut cuts in prop::collection::vec(0.0..1.0f64, 0..9),
    ) {
        let mut m = cell();
        let mut at = [0.0, 0.0, 0.0, 2.0];
        m.segments.truncate(1);
        for (length, diameter) in &steps {
            let to = [at[0], at[1] + length, 0.0, *diameter];
            m.segments.push(segment(at, to, 1));
            at = to;
        }
        m.sections.truncate(2);
        m.sections[1].segments = 1..m.segments.len() as u32;
        let g = Geometry::of(&m);
        cuts.extend([0.0, 1.0]);
        cuts.sort_by(f64::total_cmp);
        let id = SectionId(1);
        let sum = |of: &dyn Fn(f64, f64) -> f64| cuts.windows(2).map(|w| of(w[0], w[1])).sum::<f64>();
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.max(1.0);
        prop_assert!(close(sum(&|a, b| g.area_um2(id, a, b)), g.section_area_um2(id)));
        prop_assert!(close(sum(&|a, b| g.volume_um3(id, a, b)), g.section_volume_um3(id)));
        prop_assert!(close(sum(&|a, b| g.axial_integral(id, a, b)), g.axial_integral(id, 0.0, 1.0)));
        let length: f64 = steps.iter().map(|step| step.0).sum();
        prop_assert!(close(g.path_distance_um(id, 1.0), length));
    }
}
