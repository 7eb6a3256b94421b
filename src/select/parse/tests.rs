//! Reading selections: forms that mean the same, and what errors say.

use super::*;
use crate::select::{Bound, Interval};

fn region(text: &str) -> Region {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn fails(text: &str) -> String {
    text.parse::<Selection>().map_or_else(|error| error.to_string(), |s| panic!("{text} was read as {s:?}"))
}

#[test]
fn and_binds_tighter_than_or_and_minus_which_go_from_the_left() {
    let (a, b, c) = (region("a"), region("b"), region("c"));
    assert_eq!(region("a | b & c"), a.clone().or(b.clone().and(c.clone())));
    assert_eq!(region("a - b & c"), a.clone().without(b.clone().and(c.clone())));
    assert_eq!(region("a | b - c"), a.clone().or(b.clone()).without(c.clone()));
    assert_eq!(region("a - b | c"), a.clone().without(b.clone()).or(c.clone()));
    assert_eq!(region("a - (b | c)"), a.clone().without(b.clone().or(c.clone())));
    assert_eq!(region("union(a, b, c)"), Region::Union(vec![a.clone(), b.clone(), c.clone()]));
    assert_eq!(region("a|b|c"), region("union(a, b, c)"));
    assert_eq!(region("intersection(a, b)"), a.clone().and(b.clone()));
    assert_eq!(region("difference(a, b)"), a.without(b));
}

#[test]
fn intervals_in_every_form() {
    let within = |interval| Region::Within(Measure::PathDistance, interval);
    let bound = |value, inclusive| Bound { value, inclusive };
    let closed = within(Interval::between(50.0, 100.0));
    for text in [
        "path_distance(50 um, 100 um)",
        "path_distance(50um to 0.1 mm)",
        "path_distance(>= 50 um, <= 100 um)",
    ] {
        assert_eq!(region(text), closed, "{text}");
    }
    for text in ["path_distance > 50 um", "path_distance(> 50 µm)", "path_distance(d > 50um)"] {
        assert_eq!(region(text), within(Interval::above(bound(50.0, false))), "{text}");
    }
    assert_eq!(region("by_distance(a, 50 um, 100 um)"), region("a").and(closed));
    assert_eq!(region("branch_order(2)"), region("branch_order = 2"));
}

#[test]
fn points_in_every_form() {
    for text in ["dend[3](0.5)", "(dend[3], 0.5)", "(\"dend[3]\", 0.5)", "location('dend[3]', 0.5)"] {
        assert_eq!(text.parse(), Ok(Points::At(region("dend[3]"), 0.5)), "{text}");
    }
    assert_eq!("soma".parse(), Ok(Points::Middle(region("soma()"))));
    assert_eq!("tips & axon".parse::<Points>(), "axon & tips".parse());
    let list = Points::Union(vec![region("soma").into(), region("axon").into(), Points::Root]);
    assert_eq!("soma | axon | root".parse(), Ok(list));
}

#[test]
fn errors_point_at_the_column() {
    assert_eq!(
        fails("apical_dendrites & path_distance(> )"),
        "expected a length such as `50 um`, found `)` at column 36\n    \
         apical_dendrites & path_distance(> )\n                                       ^"
    );
    assert!(
        fails("all &\n  tip(soma)").contains("at column 3\n      tip(soma)\n      ^ (did you mean `tips`?)")
    );
    for (text, part) in [
        ("", "expected a region or points, found the end"),
        ("all all", "expected an operator"),
        ("path_distance < 50", "has no unit"),
        ("path_distance < 50 mV", "expected a length, found a voltage"),
        ("path_distance < 50 parsec", "unknown unit `parsec`"),
        ("path_distance(100 um, 50 um)", "ends (50) before it begins (100)"),
        ("path_distance(50 um)", "`,` and the upper end"),
        ("path_distance", "path_distance < 100 um"),
        ("dend[3](1.5)", "from 0 (near end) to 1 (far end)"),
        ("tips(0.5)", "expected a region or points, found `0`"),
        ("tips - tips", "is points, and a region is needed"),
        ("tips & tips", "two sets of points"),
        ("distal_to(dend)", "say where on it"),
        ("distal_to(random_section(dend))", "random points cannot bound"),
        ("random_points(all, 0)", "how many"),
        ("branch_order(1.5)", "whole number"),
        ("\"dend", "not closed"),
        ("uniform(all, 1 mV)", "is a value over space"),
        ("section", "expected `(` after `section`"),
        ("path_distance < 1e400 um", "too large"),
    ] {
        assert!(fails(text).contains(part), "{text}: {}", fails(text));
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |n: usize| format!("{}all{}", "(".repeat(n), ")".repeat(n));
    assert!(nested(30).parse::<Region>().is_ok());
    for text in
        [nested(100_000), "tips(".repeat(100_000), "all - ".repeat(100_000) + "all", "((0".repeat(9999)]
    {
        assert!(text.parse::<Selection>().is_err());
    }
    assert!(("all | ".repeat(9000) + "all").parse::<Region>().is_ok());
}

#[test]
fn points_that_look_like_a_region_say_that_they_are_points() {
    for text in ["points(soma, dend[0], apic)", "middle(soma)", "points(soma)", "points(soma, tips)"] {
        let selection: Selection = text.parse().unwrap();
        assert!(matches!(selection, Selection::Points(_)), "{text}");
        assert_eq!(selection.to_string().parse::<Selection>().unwrap(), selection, "{text}");
    }
}
