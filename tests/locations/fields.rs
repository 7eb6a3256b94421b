//! Values over space on the page's cell.

use crate::cell::page_cell;
use neuropil::morph::SectionId;
use neuropil::select::{Field, Location, Region};
use neuropil::units::Dimension;

fn section(name: &str) -> SectionId {
    let cell = page_cell();
    cell.morphology.section_ids().find(|id| cell.morphology.section(*id).name == name).unwrap()
}

#[track_caller]
fn field(text: &str) -> Field {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn at(text: &str, name: &str, fraction: f64) -> Option<f64> {
    let cell = page_cell();
    let field = field(text);
    let on = field.on(&cell.cable()).unwrap_or_else(|error| panic!("{error}"));
    on.at(Location { section: section(name), fraction }).unwrap()
}

#[track_caller]
fn mean(text: &str, name: &str, from: f64, to: f64) -> (f64, f64) {
    let cell = page_cell();
    let field = field(text);
    let on = field.on(&cell.cable()).unwrap_or_else(|error| panic!("{error}"));
    let mean = on.mean(section(name), from, to).unwrap();
    (mean.value, mean.covered)
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs(), "{a}, not {b}");
}

#[test]
fn values_at_places() {
    assert_eq!(at("0.12 S/cm2", "dend[0]", 0.3), Some(1200.0));
    assert_eq!(at("-65 mV", "axon", 1.0), Some(-0.065));
    assert_eq!(at("uniform(soma, 0.12 S/cm2)", "dend[0]", 0.3), None);
    // dend[0] at 0.8 is 50 um from the soma's middle.
    near(
        at("by_distance(dendrites, 0.05 S/cm2 * exp(-d / 200 um))", "dend[0]", 0.8).unwrap(),
        500.0 * (-0.25f64).exp(),
    );
    near(at("by_diameter(apic, 1 uF/cm2 * d / 1 um)", "apic[0]", 0.5).unwrap(), 0.03);
    near(at("2 * 0.5 mV", "soma", 0.5).unwrap(), 1e-3);
}

#[test]
fn later_layers_cover_earlier_ones() {
    let text = "1 S/m2; uniform(dendrites & path_distance < 50 um, 2 S/m2); uniform(dend[0], 3 S/m2)";
    assert_eq!(at(text, "axon", 0.5), Some(1.0));
    assert_eq!(at(text, "dend[0]", 0.1), Some(3.0));
    assert_eq!(at(text, "apic[0]", 0.1), Some(2.0));
    assert_eq!(at(text, "apic[0]", 0.9), Some(1.0));
    assert_eq!(at("uniform(soma, 5 S/m2); 1 S/m2", "soma", 0.5), Some(1.0));
    let list = Field::overlay(vec![field("1 S/m2"), field("uniform(soma, 2 S/m2)")]).unwrap();
    assert_eq!(list, field("1 S/m2; uniform(soma, 2 S/m2)"));
}

#[test]
fn means_weigh_by_length() {
    assert_eq!(mean("0.1 S/m2", "dend[0]", 0.1, 0.7), (0.1, 1.0));
    let (value, covered) = mean("uniform(path_distance < 50 um, 3 S/m2)", "dend[0]", 0.6, 1.0);
    near(value, 3.0);
    near(covered, 0.5);
    let (value, covered) = mean("1 S/m2; uniform(path_distance < 35 um, 5 S/m2)", "dend[0]", 0.0, 1.0);
    near(value, 3.0);
    near(covered, 1.0);
    assert_eq!(mean("uniform(soma, 1 S/m2)", "dend[0]", 0.0, 1.0), (0.0, 0.0));
    // 10..60 um: 200 (exp(-0.05) - exp(-0.3)) / 50.
    let (value, _) = mean("by_distance(all, 1 S/m2 * exp(-d / 200 um))", "dend[0]", 0.0, 1.0);
    near(value, 4.0 * ((-0.05f64).exp() - (-0.3f64).exp()));
    // Both ways from the middle of the soma: 0..10 um.
    let (value, _) = mean("by_distance(all, 1 S/m2 * d / 1 um)", "soma", 0.0, 1.0);
    near(value, 5.0);
    // The diameter runs from 4 to 2 um: the mean of d² is 28/3.
    let (value, _) = mean("by_diameter(all, 1 S/m2 * (d / 1 um)^2)", "apic[0]", 0.0, 1.0);
    near(value, 28.0 / 3.0);
}

#[test]
fn dimensions_are_checked() {
    assert_eq!(
        field("by_distance(all, 1 mS/cm2 * exp(-d / 1 um))").dimension(),
        Dimension::CONDUCTANCE_DENSITY
    );
    assert!(field("0.12 S/cm2").expect(Dimension::CONDUCTANCE_DENSITY).is_ok());
    assert!(field("0").expect(Dimension::CONDUCTANCE_DENSITY).is_ok());
    assert!(field("0; uniform(soma, 1 S/cm2)").expect(Dimension::CONDUCTANCE_DENSITY).is_ok());
    let error = field("0.12 S").expect(Dimension::CONDUCTANCE_DENSITY).unwrap_err().to_string();
    assert!(error.contains("expected conductance density, found `0.12 S`, which is conductance"), "{error}");
    for (text, part) in [
        ("1 S/cm2 * exp(-d)", "length"),
        ("1 S/cm2 + d", "length"),
        ("1 mV; uniform(soma, 1 S)", "`1 S` is a conductance, the layers before it are a voltage"),
        ("1 S/cm2 * x", "`x` is not known"),
        ("uniform(all, 1 mV * d / 1 um)", "does not depend on `d`"),
        ("3 apples", "unknown unit"),
        ("1 mV * random(1)", "random"),
        ("by_distance(all 1 mV)", "expected `,`, found `1`"),
        ("uniform(tips, 1 mV)", "is points, and a region is needed"),
        ("", "expected a value"),
        ("1 / (d - d) * 1 um * 1 mV;", "expected a value"),
    ] {
        let error = text
            .parse::<Field>()
            .map_or_else(|error| error.to_string(), |f| panic!("{text} was read as {f:?}"));
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_value_that_is_no_number_is_an_error_where_it_occurs() {
    let cell = page_cell();
    let field = field("by_distance(all, 1 mV / (d / 1 um - 10))");
    let on = field.on(&cell.cable()).unwrap();
    let soma_end = Location { section: section("soma"), fraction: 0.0 };
    assert!(on.at(soma_end).unwrap_err().to_string().contains("d = 10 um"));
}

#[test]
fn constants_made_in_code_have_a_text_that_reads_back() {
    for dimension in [
        Dimension::NONE,
        Dimension::VOLTAGE,
        Dimension::CONDUCTANCE_DENSITY,
        Dimension::RESISTIVITY,
        Dimension::SPECIFIC_CAPACITANCE,
        Dimension::PERMEABILITY,
        Dimension::CONCENTRATION,
        Dimension::TEMPERATURE,
        Dimension::LENGTH,
        Dimension::VOLUME,
        Dimension::TIME,
        Dimension::new(1, -3, 2, 0, 0, 0, 0),
    ] {
        let made = Field::uniform(Region::All, 0.1, dimension);
        let read = field(&made.to_string());
        assert_eq!(read.dimension(), dimension, "{made}");
        assert_eq!(read, made);
    }
}
