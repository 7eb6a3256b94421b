//! Trees to text and back, and any text at all.

use crate::cell::{DRAW, page_cell};
use neuropil::select::{Bound, Field, Interval, Kind, Measure, Points, Region, Selection};
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "dend[1]",
            "soma",
            "tuft",
            "all",
            "tips",
            "Cell[0].dend[3]",
            "a b",
            "x\"y",
            "\\",
            ""
        ])
        .prop_map(str::to_string),
        "[ -~µ]{0,6}",
    ]
}

fn length() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(50.0), 0.0..500.0, 1e-12..1e12f64]
}

fn interval(values: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = Interval> {
    let bound = (values, any::<bool>()).prop_map(|(value, inclusive)| Bound { value, inclusive });
    prop_oneof![
        bound.clone().prop_map(Interval::above),
        bound.clone().prop_map(Interval::below),
        (bound.clone(), bound).prop_map(|(a, b)| if a.value <= b.value {
            Interval::within(a, b)
        } else {
            Interval::within(b, a)
        }),
    ]
}

fn leaf() -> impl Strategy<Value = Region> {
    let kinds = [
        Kind::Soma,
        Kind::Axon,
        Kind::Dendrites,
        Kind::BasalDendrites,
        Kind::ApicalDendrites,
        Kind::Custom(5),
    ];
    let lengths =
        [Measure::PathDistance, Measure::RootDistance, Measure::EuclideanDistance, Measure::Diameter];
    prop_oneof![
        Just(Region::All),
        prop::sample::select(kinds.to_vec()).prop_map(Region::Kind),
        name().prop_map(Region::Named),
        name().prop_map(Region::Section),
        name().prop_map(Region::Group),
        name().prop_map(Region::SegmentNamed),
        (0u64..1 << 53).prop_map(Region::Segment),
        (prop::sample::select(lengths.to_vec()), interval(length().boxed()))
            .prop_map(|(m, i)| Region::Within(m, i)),
        interval((0u32..9).prop_map(f64::from).boxed()).prop_map(|i| Region::Within(Measure::BranchOrder, i)),
    ]
}

fn region() -> BoxedStrategy<Region> {
    leaf()
        .prop_recursive(4, 24, 3, |inner| {
            let fixed = points_of(inner.clone().boxed()).prop_filter("random", |points| !points.is_random());
            // A region is no point here: `distal_to(dend)` is refused.
            let fixed =
                fixed.prop_filter("region", |p| !matches!(p.to_string().parse(), Ok(Selection::Region(_))));
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Region::Union),
                prop::collection::vec(inner.clone(), 1..4).prop_map(Region::Intersection),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| a.without(b)),
                inner.clone().prop_map(|r| Region::LongestPath(Box::new(r))),
                fixed.clone().prop_map(|p| Region::DistalTo(Box::new(p))),
                fixed.prop_map(|p| Region::ProximalTo(Box::new(p))),
            ]
        })
        .boxed()
}

fn points_of(region: BoxedStrategy<Region>) -> BoxedStrategy<Points> {
    let leaf = prop_oneof![
        (region.clone(), 0.0..=1.0).prop_map(|(r, f)| Points::At(r, f)),
        region.clone().prop_map(Points::Middle),
        Just(Points::Root),
        prop::option::of(region.clone()).prop_map(Points::Tips),
        prop::option::of(region.clone()).prop_map(Points::BranchPoints),
        region.clone().prop_map(Points::Centre),
        (region.clone(), prop::collection::vec(length(), 1..3)).prop_map(|(r, d)| Points::AtDistances(r, d)),
        (region.clone(), 1u32..5).prop_map(|(r, n)| Points::RandomSections(r, n)),
        (region.clone(), 1u32..5).prop_map(|(r, n)| Points::RandomPoints(r, n)),
        (region.clone(), 1e-3..1e3).prop_map(|(r, step)| Points::Every(r, step)),
        field_of(region.clone()).prop_map(|f| Points::ByDensity(Box::new(f))),
    ];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Points::Union),
            (inner.clone(), region.clone()).prop_map(|(p, r)| Points::Within(Box::new(p), r)),
            (inner, region.clone()).prop_map(|(p, r)| Points::Outside(Box::new(p), r)),
        ]
    })
    .boxed()
}

fn field_of(region: BoxedStrategy<Region>) -> BoxedStrategy<Field> {
    let values = ["0.05 /um", "0.1 /um * exp(-d / 200 um)", "if(d > 1 um, 1 /um, 0.5 /um)", "2 * 1 /mm"];
    let layer = (region, prop::sample::select(values.to_vec()), any::<bool>()).prop_map(
        |(region, value, diameter)| {
            let word = match (value.contains('d'), diameter) {
                (false, _) => "uniform",
                (true, false) => "by_distance",
                (true, true) => "by_diameter",
            };
            format!("{word}({region}, {value})").parse::<Field>().unwrap()
        },
    );
    prop::collection::vec(layer, 1..4).prop_map(|fields| Field::overlay(fields).unwrap()).boxed()
}

proptest! {
    #[test]
    fn regions_read_back_from_their_text(region in region()) {
        let text = region.to_string();
        let read: Region = text.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert_eq!(&read, &region, "{}", text);
        let json = serde_json::to_string(&region).unwrap();
        prop_assert_eq!(serde_json::from_str::<Region>(&json).unwrap(), region);
    }

    #[test]
    fn points_read_back_from_their_text(points in points_of(region())) {
        let text = points.to_string();
        let read: Points = text.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert_eq!(read, points, "{}", text);
    }

    #[test]
    fn fields_read_back_from_their_text(field in field_of(region())) {
        let text = field.to_string();
        let read: Field = text.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert_eq!(read, field, "{}", text);
    }

    #[test]
    fn the_laws_of_sets_hold_on_a_cell(a in region(), b in region()) {
        let cell = page_cell();
        let cable = cell.cable();
        let cover = |region: &Region| Region::All.or(region.clone()).evaluate(&cable).and_then(|_| {
            // Empty is a result here: what is in `all` and in the region.
            match region.evaluate(&cable) {
                Err(error) if error.kind() == neuropil::ErrorKind::Selection => Ok(Default::default()),
                other => other,
            }
        });
        let not = |r: &Region| Region::All.without(r.clone());
        if let (Ok(_), Ok(_)) = (cover(&a), cover(&b)) {
            prop_assert_eq!(cover(&not(&a.clone().or(b.clone()))), cover(&not(&a).and(not(&b))));
            prop_assert_eq!(cover(&not(&a.clone().and(b.clone()))), cover(&not(&a).or(not(&b))));
            prop_assert_eq!(cover(&not(&not(&a))), cover(&a));
            prop_assert_eq!(cover(&a.clone().or(a.clone())), cover(&a));
        }
    }

    /// Whatever is written: an error or a result, never a panic.
    #[test]
    fn any_text_is_safe(text in "[ -~µ\n\t²]{0,60}") {
        try_all(&text);
    }

    #[test]
    fn any_words_are_safe(words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..16)) {
        try_all(&words.join(" "));
        try_all(&words.concat());
    }
}

const WORDS: &[&str] = &[
    "all",
    "soma",
    "dendrites",
    "apic[0]",
    "tips",
    "root",
    "path_distance",
    "diameter",
    "branch_order",
    "(",
    "(",
    "(",
    ")",
    ")",
    ")",
    ",",
    ",",
    "&",
    "|",
    "-",
    "<",
    ">",
    "<=",
    "0.5",
    "50 um",
    "1e3 mm",
    "1e308 m",
    "\"dend[1]\"",
    "every",
    "location",
    "random_points",
    "random_section",
    "points_by_density",
    "uniform",
    "by_distance",
    "at_distances",
    "distal_to",
    "longest_path",
    "centre",
    "0.05 /um",
    "d",
    "exp",
    "*",
    ";",
    "S/cm2",
    "3",
    "union",
    "difference",
    "custom",
    "segment",
];

fn try_all(text: &str) {
    let cell = page_cell();
    if let Ok(region) = text.parse::<Region>() {
        let _ = region.evaluate(&cell.cable());
    }
    if let Ok(points) = text.parse::<Points>() {
        let _ = points.evaluate(&cell.cable(), &DRAW);
    }
    if let Ok(field) = text.parse::<Field>() {
        let _ = field.on(&cell.cable()).map(|on| {
            cell.morphology.section_ids().for_each(|id| drop(on.mean(id, 0.0, 1.0)));
        });
    }
}
