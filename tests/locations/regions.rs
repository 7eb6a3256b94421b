//! Regions on the page's cell, with numbers worked out by hand.

use crate::cell::{Cell, page_cell};
use neuropil::morph::{Morphology, Point, SectionKind, SectionPlan};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(page_cell().shown(text), expected, "{text}");
}

#[test]
fn kinds_and_names() {
    check("soma()", "soma");
    check("dendrites", "apic[0], apic[1], apic[2], dend[0], dend[1]");
    check("basal_dendrites", "dend[0], dend[1]");
    check("custom(5)", "spine");
    check("custom(4)", "apic[0], apic[1], apic[2]");
    check("dend", "dend[0], dend[1]");
    check("tuft", "apic[1], apic[2]");
    check("\"soma\" | 'axon'", "axon, soma");
    // Two segments of 60 and 40 um: numbers count from 1 over the cell.
    check("segment(3) & apical_dendrites", "apic[1] 0.0000..0.6000");
}

#[test]
fn a_word_without_its_kind_falls_back_to_the_name() {
    let soma = SectionPlan::cylinder("body", SectionKind::Soma, 10.0, 10.0);
    let axon = SectionPlan::cylinder("axon", SectionKind::Undefined, 50.0, 1.0).on("body", 1.0);
    let cell = Cell::new(Morphology::from_sections("two", &[soma, axon]).unwrap());
    assert_eq!(cell.shown("axon"), "axon");
    assert!(
        cell.error("dendrites").contains("this cell has sections of no stated kind (1 section), soma (1)")
    );
}

#[test]
fn intervals_cut_sections_where_the_limit_is() {
    check("dendrites & path_distance < 50 um", "apic[0] 0.0000..0.4000, dend[0] 0.0000..0.8000, dend[1]");
    check("apical_dendrites & path_distance > 100 um", "apic[0] 0.9000..1.0000, apic[1], apic[2]");
    check("apical_dendrites & by_distance(> 100 um)", "apic[0] 0.9000..1.0000, apic[1], apic[2]");
    // The soma's middle is at distance 0, its ends at 10.
    check("soma & path_distance(2 um, 5 um)", "soma 0.2500..0.4000, soma 0.6000..0.7500");
    // The first dendrite tapers from 4 to 2 um over its length.
    check("apic[0] & diameter < 3 um", "apic[0] 0.5000..1.0000");
    check("apic[0] & diameter(2.5 um, 3.5 um)", "apic[0] 0.2500..0.7500");
    // (110, y) is sqrt(110² + y²) from the origin: 140 um at y = 86.6025.
    check("apic[1] & euclidean_distance < 140 um", "apic[1] 0.0000..0.8660");
    check("branch_order = 0", "soma");
    check("branch_order(2) & dendrites", "apic[1], apic[2]");
    check("branch_order < 1", "soma");
}

#[test]
fn equal_is_not_less() {
    check("dend[0] & diameter <= 2 um", "dend[0]");
    check("dend[0] & diameter >= 2 um", "dend[0]");
    let cell = page_cell();
    for text in ["dend[0] & diameter < 2 um", "dend[0] & diameter > 2 um"] {
        assert!(
            cell.error(text).contains("on `dend[0]` diameters run from 2 to 2 um"),
            "{}",
            cell.error(text)
        );
    }
}

#[test]
fn a_straight_piece_may_cross_a_shell_twice() {
    let at = |x, y| Point::new(x, y, 0.0, 1.0);
    let soma = SectionPlan::points("soma", SectionKind::Soma, [at(-5.0, 0.0), at(5.0, 0.0)]);
    let past =
        SectionPlan::points("past", SectionKind::Axon, [at(-100.0, 30.0), at(100.0, 30.0)]).on("soma", 0.5);
    let cell = Cell::new(Morphology::from_sections("past", &[soma, past]).unwrap());
    // sqrt(50² - 30²) = 40, sqrt(78² - 30²) = 72.
    assert_eq!(
        cell.shown("axon & euclidean_distance(50 um, 78 um)"),
        "past 0.1400..0.3000, past 0.7000..0.8600"
    );
    assert_eq!(cell.shown("axon & euclidean_distance < 50 um"), "past 0.3000..0.7000");
    assert!(cell.error("axon & euclidean_distance < 30 um").contains("euclidean distances run from"));
}

#[test]
fn places_in_the_tree() {
    check("distal_to(apic[0](0.5))", "apic[0] 0.5000..1.0000, apic[1], apic[2], spine");
    check("distal_to(apic[0](0.6))", "apic[0] 0.6000..1.0000, apic[1], apic[2]");
    check("proximal_to(apic[1](0.5))", "apic[0], apic[1] 0.0000..0.5000, soma");
    check("proximal_to(spine(1)) - soma", "apic[0] 0.0000..0.5000, spine");
    check("longest_path(dendrites)", "apic[0], apic[1]");
    check("longest_path(basal_dendrites)", "dend[0]");
    check("longest_path(dendrites & path_distance < 30 um)", "apic[0] 0.0000..0.2000");
}

#[test]
fn an_empty_selection_says_what_there_is() {
    let cell = page_cell();
    #[track_caller]
    fn says(cell: &Cell, text: &str, part: &str) {
        let error = cell.error(text);
        assert!(error.contains(part), "{text}: {error}");
    }
    says(&cell, "path_distance > 1 mm", "on this cell path distances run from 0 to 210 um");
    says(
        &cell,
        "basal_dendrites & path_distance > 100 um",
        "on `basal_dendrites` path distances run from 0 to 60 um",
    );
    says(&cell, "dendrites & tuft & diameter > 3 um", "on `dendrites & tuft` diameters run from 1 to 2 um");
    says(&cell, "soma & axon", "`soma` and `axon` have no cable in common");
    says(&cell, "soma - all", "`all` covers all of `soma`");
    says(&cell, "custom(7) | custom(8)", "this cell has soma (1 section), axon (1)");
    says(&cell, "distal_to(axon(1))", "no cable lies beyond `axon(1)`");
    says(&cell, "apic[3]", "did you mean `apic[");
    says(&cell, "section(\"den[1]\")", "did you mean `dend[1]`?");
    says(&cell, "group(\"tft\")", "did you mean `tuft`?");
    says(&cell, "segment(99)", "numbered 1 to 9");
}
