//! Saying where on a cell: regions, points and values over space through the public interface.

mod cell;
mod corpus;
mod fields;
mod points;
mod regions;
mod text;

use cell::{DRAW, fences, page_cell};
use neuropil::select::{Field, Points, Region};

/// Every example of `docs/locations.md` does what the page says, on the page's own cell.
#[test]
fn the_examples_of_the_page_work() {
    let cell = page_cell();
    for text in fences("region") {
        let region: Region = text.parse().unwrap_or_else(|error| panic!("{error}"));
        region.evaluate(&cell.cable()).unwrap_or_else(|error| panic!("{error}"));
    }
    for text in fences("points") {
        let points: Points = text.parse().unwrap_or_else(|error| panic!("{error}"));
        points.evaluate(&cell.cable(), &DRAW).unwrap_or_else(|error| panic!("{error}"));
    }
    for text in fences("value") {
        let field: Field = text.parse().unwrap_or_else(|error| panic!("{error}"));
        let on = field.on(&cell.cable()).unwrap_or_else(|error| panic!("{error}"));
        for span in on.cover().spans() {
            on.mean(span.section, span.from, span.to).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn the_errors_of_the_page_are_errors() {
    let cell = page_cell();
    for line in fences("wrong") {
        let (text, part) = line.split_once(" -> ").unwrap();
        let error = match text.parse::<Field>() {
            Err(error) if text.contains("S/cm2") => error.to_string(),
            _ => cell.error(text),
        };
        assert!(error.contains(part), "{text}: {error}");
    }
}
