//! What comes up while a cell is read.

use crate::error::{Error, Warning};
use crate::lems::Component;

/// Errors, warnings and assumptions, in order of finding.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) errors: Vec<Error>,
    pub(super) warnings: Vec<Warning>,
    pub(super) assumptions: Vec<String>,
}

impl Report {
    /// Keeps the error of `result`, about `component`.
    pub(super) fn accept<T>(&mut self, component: &Component, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.errors.push(component.locate(error))).ok()
    }

    /// Warns about `component`.
    pub(super) fn warn(&mut self, name: &'static str, component: &Component, message: impl AsRef<str>) {
        let message = format!("{}: {}", component.label(), message.as_ref());
        self.warnings.push(Warning::new(name, message, component.origin.place()));
    }

    /// Notes an assumption, once.
    pub(super) fn assume(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.assumptions.contains(&sentence) {
            self.assumptions.push(sentence);
        }
    }
}

/// The first four of `items`, and how many more there are.
pub(super) fn some_of<T: ToString>(items: &[T]) -> String {
    let mut text = items.iter().take(4).map(T::to_string).collect::<Vec<_>>().join(", ");
    if items.len() > 4 {
        text.push_str(&format!(" and {} more", items.len() - 4));
    }
    text
}
