//! TOML values with their places: what the rest of the reader walks over.
//!
//! Errors are collected, not returned, so that one reading names all mistakes of a file. A function
//! that gives `None` has reported why.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::error::{Error, ErrorKind, Place, Warning, nearest};
use crate::units::{Dimension, parse_quantity};

/// A value from which a change of the file's meaning cannot be told: said in the run header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Default {
    /// The key that was not given, with its path: `run.method`.
    pub key: String,
    /// What was taken.
    pub value: String,
}

/// The file that is read, and what was found on the way.
#[derive(Debug)]
pub(super) struct Source {
    /// The file, as the user named it.
    pub path: PathBuf,
    text: String,
    line_starts: Vec<usize>,
    errors: RefCell<Vec<Error>>,
    /// Doubts.
    pub warnings: RefCell<Vec<Warning>>,
    /// Defaults taken.
    pub defaults: RefCell<Vec<Default>>,
    /// What was read, for people.
    pub notes: RefCell<Vec<String>>,
    /// Where things stand, by the words in which later errors name them.
    pub places: RefCell<Vec<(String, Place)>>,
}

impl Source {
    pub(super) fn new(path: &Path, text: String) -> Source {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Source {
            path: path.to_path_buf(),
            text,
            line_starts,
            errors: RefCell::default(),
            warnings: RefCell::default(),
            defaults: RefCell::default(),
            notes: RefCell::default(),
            places: RefCell::default(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The place of the byte `offset`; columns count characters.
    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.line_starts.get(line).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        Place::new(&self.path, line as u32 + 1, before.chars().count() as u32 + 1)
    }

    pub(super) fn report(&self, error: Error) {
        self.errors.borrow_mut().push(error.in_file(&self.path));
    }

    pub(super) fn warn(&self, name: &'static str, message: impl Into<String>, place: Place) {
        self.warnings.borrow_mut().push(Warning::new(name, message, place));
    }

    pub(super) fn defaulted(&self, key: impl Into<String>, value: impl Into<String>) {
        self.defaults.borrow_mut().push(Default { key: key.into(), value: value.into() });
    }

    pub(super) fn note(&self, text: impl Into<String>) {
        self.notes.borrow_mut().push(text.into());
    }

    pub(super) fn named(&self, words: String, place: Place) {
        self.places.borrow_mut().push((words, place));
    }

    /// A path in the file, relative to the file's own folder.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// Whether nothing was reported so far.
    pub(super) fn is_sound(&self) -> bool {
        self.errors.borrow().is_empty()
    }

    /// All errors in the order of the file, as one.
    pub(super) fn take_error(&self) -> Option<Error> {
        let mut errors = self.errors.take();
        errors.sort_by_key(|e| (e.place().file != Some(self.path.clone()), e.place().line, e.place().column));
        errors.dedup();
        Error::join(errors)
    }
}

/// A value with its place and the path of keys that leads to it.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub source: &'a Source,
    value: &'a DeValue<'a>,
    span: Range<usize>,
    /// `cell.pyramidal.channels.na.g`
    pub path: String,
}

impl<'a> Node<'a> {
    /// Where it begins.
    pub(super) fn place(&self) -> Place {
        self.source.place(self.span.start)
    }

    /// A copy of it for another table, with its place.
    pub(super) fn spanned(&self) -> Spanned<DeValue<'a>> {
        Spanned::new(self.span.clone(), self.value.clone())
    }

    /// `key` as the key of this value.
    pub(super) fn key(&self, key: &str) -> Spanned<DeString<'a>> {
        Spanned::new(self.span.clone(), Cow::Owned(key.to_string()))
    }

    /// Reports an error about this value.
    pub(super) fn report(&self, error: Error) {
        self.source.report(error.at(self.place()).in_element(&self.path));
    }

    /// Reports an error of `kind` about this value, with help.
    pub(super) fn wrong(&self, kind: ErrorKind, message: impl Into<String>, help: impl Into<String>) {
        self.report(Error::new(kind, message).help(help));
    }

    /// Takes the value of a result; reports its error. Places in the text of this value (line 1 and
    /// a column) become places in the file.
    pub(super) fn accept<T>(&self, result: crate::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let quote = u32::from(matches!(self.value, DeValue::String(_)));
                let place = self.place();
                let start = Place { column: place.column + quote, ..place };
                self.source.report(error.within(&start).in_element(&self.path));
                None
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    fn expected<T>(&self, what: &str, help: &str) -> Option<T> {
        let error =
            Error::new(ErrorKind::Syntax, format!("expected {what}, found {}", self.found())).help(help);
        self.report(error);
        None
    }

    fn found(&self) -> String {
        match self.value {
            DeValue::Integer(n) => format!("the number {n}"),
            DeValue::Float(n) => format!("the number {n}"),
            _ => self.kind().to_string(),
        }
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.value, DeValue::Integer(_) | DeValue::Float(_))
    }

    /// The string, without any report.
    pub(super) fn as_text(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// A string.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.as_text().or_else(|| self.expected("a string", "put it in quotes"))
    }

    /// One of the given words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.wrong(ErrorKind::Name, format!("`{text}` is not known here"), suggestion(text, &known));
        None
    }

    /// True or false, without any report.
    pub(super) fn as_bool(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }

    /// True or false.
    pub(super) fn truth(&self) -> Option<bool> {
        self.as_bool().or_else(|| self.expected("true or false", "without quotes"))
    }

    /// A whole number from 0.
    pub(super) fn count(&self) -> Option<u64> {
        match self.value {
            DeValue::Integer(n) => u64::from_str_radix(n.as_str(), n.radix())
                .ok()
                .or_else(|| self.expected("a whole number from 0", "such as 10")),
            _ => self.expected("a whole number", "such as 10, without quotes"),
        }
    }

    /// A plain finite number.
    pub(super) fn number(&self) -> Option<f64> {
        let number = match self.value {
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n as f64),
            DeValue::Float(n) => n.as_str().parse().ok(),
            _ => return self.expected("a number", "without quotes and unit"),
        };
        match number {
            Some(number) if number.is_finite() => Some(number),
            _ => {
                self.wrong(ErrorKind::Value, "not a finite number", "use a number such as 1.5");
                None
            }
        }
    }

    /// A quantity of the given dimension, in SI units.
    pub(super) fn quantity(&self, dimension: Dimension) -> Option<f64> {
        if dimension.is_none() && self.is_number() {
            return self.number();
        }
        let Some(text) = self.as_text() else {
            return self.expected(
                &format!("a {dimension} with its unit"),
                &format!("write it as a string, such as \"{}\"", example(dimension)),
            );
        };
        self.quantity_in(text, dimension)
    }

    /// Reads `text`, a part of this value, as a quantity.
    pub(super) fn quantity_in(&self, text: &str, dimension: Dimension) -> Option<f64> {
        let quantity = self.accept(parse_quantity(text))?;
        if quantity.dimension != dimension {
            let (found, help) = match quantity.dimension.is_none() {
                true => (
                    format!("`{text}` has no unit, expected a {dimension}"),
                    format!("add the unit, such as \"{}\"", example(dimension)),
                ),
                false => (
                    format!("`{text}` is a {}, expected a {dimension}", quantity.dimension),
                    format!("such as \"{}\"", example(dimension)),
                ),
            };
            self.wrong(ErrorKind::Dimension, found, help);
            return None;
        }
        if !quantity.si.is_finite() {
            self.wrong(ErrorKind::Value, format!("`{text}` is not finite"), "use a finite number");
            return None;
        }
        Some(quantity.si)
    }

    /// A quantity above 0.
    pub(super) fn positive(&self, dimension: Dimension) -> Option<f64> {
        let value = self.quantity(dimension)?;
        if value > 0.0 {
            return Some(value);
        }
        self.wrong(ErrorKind::Value, format!("this {dimension} must be above 0"), "check the number");
        None
    }

    /// A quantity from 0.
    pub(super) fn not_negative(&self, dimension: Dimension) -> Option<f64> {
        let value = self.quantity(dimension)?;
        if value >= 0.0 {
            return Some(value);
        }
        self.wrong(ErrorKind::Value, format!("this {dimension} must not be negative"), "check the sign");
        None
    }

    /// The items of a list.
    pub(super) fn list(&self) -> Option<Vec<Node<'a>>> {
        match self.value {
            DeValue::Array(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| child(self.source, item, format!("{}[{i}]", self.path)))
                    .collect(),
            ),
            _ => self.expected("a list", "in square brackets"),
        }
    }

    /// The items of a list, or the value itself as the only one.
    pub(super) fn one_or_more(&self) -> Option<Vec<Node<'a>>> {
        if self.is_list() { self.list() } else { Some(vec![self.clone()]) }
    }

    /// A table.
    pub(super) fn table(&self) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(table) => {
                Some(Table { node: self.clone(), table, known: RefCell::new(Vec::new()) })
            }
            _ => self.expected("a table", "such as { key = \"value\" }"),
        }
    }
}

fn child<'a>(source: &'a Source, value: &'a Spanned<DeValue<'a>>, path: String) -> Node<'a> {
    Node { source, value: value.get_ref(), span: value.span(), path }
}

/// A table that keeps count of the keys that were asked for.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub node: Node<'a>,
    table: &'a DeTable<'a>,
    known: RefCell<Vec<String>>,
}

impl<'a> Table<'a> {
    /// The whole file.
    pub(super) fn root(source: &'a Source, value: &'a Spanned<DeValue<'a>>) -> Option<Table<'a>> {
        child(source, value, String::new()).table()
    }

    pub(super) fn source(&self) -> &'a Source {
        self.node.source
    }

    /// The table itself.
    pub(super) fn table(&self) -> &'a DeTable<'a> {
        self.table
    }

    fn path_of(&self, key: &str) -> String {
        if self.node.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.node.path) }
    }

    /// The value of `key` if it is there.
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        if !self.known.borrow().iter().any(|k| k == key) {
            self.known.borrow_mut().push(key.to_string());
        }
        let value = self.table.get(key)?;
        Some(child(self.source(), value, self.path_of(key)))
    }

    /// The value of `key` if it is there, which stays one that nobody asked for.
    pub(super) fn peek(&self, key: &str) -> Option<Node<'a>> {
        Some(child(self.source(), self.table.get(key)?, self.path_of(key)))
    }

    /// All keys.
    pub(super) fn keys(&self) -> Vec<String> {
        self.table.keys().map(|key| key.get_ref().to_string()).collect()
    }

    /// The value of `key`; reports it missing, with an example of its line.
    pub(super) fn need(&self, key: &str, example: &str) -> Option<Node<'a>> {
        let value = self.get(key);
        if value.is_none() && !self.misspelt(key) {
            self.node.wrong(
                ErrorKind::Name,
                format!("`{key}` is missing"),
                format!("add it, such as: {key} = {example}"),
            );
        }
        value
    }

    /// Whether some key that nobody asked for yet is near to `key`: then the message about that one
    /// is enough.
    fn misspelt(&self, key: &str) -> bool {
        let known = self.known.borrow();
        self.table
            .keys()
            .filter(|k| !known.iter().any(|known| known == k.get_ref()))
            .any(|k| nearest(k.get_ref(), [key]).is_some())
    }

    /// The values of all keys that were not asked for, in the order of the file.
    pub(super) fn rest(&self) -> Vec<(String, Node<'a>)> {
        let known = self.known.borrow();
        let mut rest: Vec<(usize, String, Node<'a>)> = self
            .table
            .iter()
            .filter(|(key, _)| !known.iter().any(|k| k == key.get_ref()))
            .map(|(key, value)| {
                let name = key.get_ref().to_string();
                let path = self.path_of(&name);
                (key.span().start, name, child(self.source(), value, path))
            })
            .collect();
        rest.sort_by_key(|(start, ..)| *start);
        rest.into_iter().map(|(_, name, node)| (name, node)).collect()
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(&self) {
        let known = self.known.borrow();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let element = if self.node.path.is_empty() { "the file" } else { &self.node.path };
            self.source().report(
                Error::new(ErrorKind::Name, format!("`{name}` is not a key of {element}"))
                    .at(self.source().place(key.span().start))
                    .help(suggestion(name, &known)),
            );
        }
    }
}

/// "did you mean", or what there is.
pub(super) fn suggestion(given: &str, known: &[&str]) -> String {
    match nearest(given, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_string(),
        None => format!("known: {}", known.join(", ")),
    }
}

/// A quantity of the dimension as people write it.
pub(super) fn example(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::LENGTH => "20 um",
        Dimension::TIME => "0.025 ms",
        Dimension::PER_TIME => "10 Hz",
        Dimension::VOLTAGE => "-65 mV",
        Dimension::CURRENT => "0.1 nA",
        Dimension::CONDUCTANCE => "0.5 nS",
        Dimension::CONDUCTANCE_DENSITY => "0.12 S/cm2",
        Dimension::RESISTANCE => "1 Mohm",
        Dimension::RESISTIVITY => "150 ohm cm",
        Dimension::CAPACITANCE => "0.2 nF",
        Dimension::SPECIFIC_CAPACITANCE => "1 uF/cm2",
        Dimension::CONCENTRATION => "2 mM",
        Dimension::PERMEABILITY => "1e-4 cm/s",
        Dimension::TEMPERATURE => "6.3 degC",
        Dimension::PER_LENGTH => "0.05 per_um",
        Dimension::AREA => "100 um2",
        Dimension::VOLUME => "100 um3",
        Dimension::CURRENT_DENSITY => "1 mA/cm2",
        Dimension::CHARGE => "1 pC",
        _ => "1",
    }
}
