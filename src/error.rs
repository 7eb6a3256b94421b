//! Errors and warnings for people: where it is, what was found, what was expected, what to do.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

/// Most errors that are told at once: whoever has more first mends those.
pub const MAX_ERRORS: usize = 100;
/// Most characters of a message that are shown.
const MAX_SHOWN: usize = 1200;

/// The result of anything that can fail on user input.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file could not be read or written.
    Io,
    /// Text that does not follow its grammar.
    Syntax,
    /// A name that nothing carries, or that several things carry.
    Name,
    /// A quantity or expression of the wrong dimension, or an unknown unit.
    Dimension,
    /// A value outside what makes sense (negative radius, NaN, empty list).
    Value,
    /// Something the format allows and neuropil does not support.
    Unsupported,
    /// A region or point selection that comes out empty or ambiguous.
    Selection,
    /// A size beyond what can be handled.
    Limit,
    /// The run left the range of numbers (NaN, infinity).
    Numerics,
    /// The user interrupted the run.
    Interrupted,
}

/// A place in a file. Line and column count from 1; 0 means unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user named it.
    pub file: Option<PathBuf>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Place {
    /// A place in `file` at `line` (from 1) and `column` (from 1, 0 if unknown).
    pub fn new(file: impl AsRef<Path>, line: u32, column: u32) -> Place {
        Place { file: Some(file.as_ref().to_path_buf()), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if self.line > 0 {
                write!(f, ":{}", self.line)?;
                if self.column > 0 {
                    write!(f, ":{}", self.column)?;
                }
            }
        } else if self.line > 0 {
            write!(f, "line {}", self.line)?;
            if self.column > 0 {
                write!(f, ", column {}", self.column)?;
            }
        }
        Ok(())
    }
}

/// An error with everything a person needs to mend the cause.
///
/// Prints as `file:line:column: <element>: message (help)`; further errors found in the same pass
/// follow, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: String,
    place: Place,
    element: Option<String>,
    help: Option<String>,
    more: Vec<Error>,
    /// How many more there were beyond [`MAX_ERRORS`].
    untold: usize,
}

impl Error {
    /// An error of `kind`; `message` says what was found and what was expected.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            place: Place::default(),
            element: None,
            help: None,
            more: Vec::new(),
            untold: 0,
        }))
    }

    /// An input/output error on `file`.
    pub fn io(file: impl AsRef<Path>, what: &str, error: &std::io::Error) -> Error {
        Error::new(ErrorKind::Io, format!("cannot {what}: {error}")).at(Place::new(file, 0, 0))
    }

    /// Sets the place, unless one nearer to the cause is already set.
    pub fn at(mut self, place: Place) -> Error {
        let mine = &mut self.0.place;
        if mine.file.is_none() {
            mine.file = place.file;
        }
        if mine.line == 0 {
            mine.line = place.line;
            mine.column = place.column;
        }
        self
    }

    /// Moves the error, found in a text that begins at `start`, to the place in the file that the
    /// text is part of. An error that names a file of its own stays where it is.
    pub fn within(mut self, start: &Place) -> Error {
        let inner = &mut self.0;
        for error in &mut inner.more {
            *error = error.clone().within(start);
        }
        let mine = &mut inner.place;
        if mine.file.is_none() {
            *mine = match (mine.line, mine.column) {
                (0, _) | (1, 0) => start.clone(),
                (1, column) => Place { column: start.column + column - 1, ..start.clone() },
                (line, column) => Place { line: start.line + line - 1, column, ..start.clone() },
            };
        }
        self
    }

    /// Sets the file, unless one is set.
    pub fn in_file(self, file: impl AsRef<Path>) -> Error {
        self.at(Place::new(file, 0, 0))
    }

    /// Names the element, key or object that the error is about, unless one is named.
    pub fn in_element(mut self, element: impl Into<String>) -> Error {
        self.0.element.get_or_insert(element.into());
        self
    }

    /// Names the whole, `owner`, after each named element that ends with `part`: `<distal>` becomes
    /// `<distal> of <segment id="1">`.
    #[must_use]
    pub fn part_of(mut self, part: &str, owner: &str) -> Error {
        let inner = &mut *self.0;
        for element in
            std::iter::once(&mut inner.element).chain(inner.more.iter_mut().map(|e| &mut e.0.element))
        {
            if let Some(element) = element
                && element.ends_with(part)
                && !element.ends_with(owner)
            {
                *element = format!("{element} of {owner}");
            }
        }
        self
    }

    /// Says what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Error {
        self.0.help = Some(help.into());
        self
    }

    /// Says what the message is about, before it: `what: message`.
    pub fn about(mut self, what: impl fmt::Display) -> Error {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// Joins several errors into one; `None` when there are none. Beyond [`MAX_ERRORS`] they are only
    /// counted.
    pub fn join(errors: Vec<Error>) -> Option<Error> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        for mut error in errors {
            let more = std::mem::take(&mut error.0.more);
            first.0.untold += std::mem::take(&mut error.0.untold);
            for error in std::iter::once(error).chain(more) {
                if first.0.more.len() + 1 < MAX_ERRORS {
                    first.0.more.push(error);
                } else {
                    first.0.untold += 1;
                }
            }
        }
        Some(first)
    }

    /// This error without those joined to it.
    pub fn alone(mut self) -> Error {
        self.0.more.clear();
        self.0.untold = 0;
        self
    }

    /// The same, as a doubt called `name`: `what_follows` says what becomes of it.
    pub fn as_warning(&self, name: &'static str, what_follows: &str) -> Warning {
        let alone = Error(Box::new(Inner { place: Place::default(), ..(*self.0).clone() })).alone();
        Warning::new(name, format!("{alone}: {what_follows}"), self.0.place.clone())
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without place, element and help.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// This error and those joined to it.
    pub fn all(&self) -> impl Iterator<Item = &Error> {
        std::iter::once(self).chain(self.0.more.iter())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.0.place.to_string();
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        // The outermost of a file has no name.
        if let Some(element) = self.0.element.as_ref().filter(|element| !element.is_empty()) {
            write!(f, "{}: ", shown(element))?;
        }
        f.write_str(&shown(&self.0.message))?;
        if let Some(help) = &self.0.help {
            write!(f, " ({})", shown(help))?;
        }
        for error in &self.0.more {
            write!(f, "\n{error}")?;
        }
        match self.0.untold {
            0 => Ok(()),
            count => write!(f, "\nand {count} more errors"),
        }
    }
}

impl std::error::Error for Error {}

/// A named doubt about the input: the run goes on, the user is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Its name in kebab case, such as `zero-radius`: what a user allows or denies it by.
    pub name: &'static str,
    /// What was found and what was assumed.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl Warning {
    /// A warning called `name`.
    pub fn new(name: &'static str, message: impl Into<String>, place: Place) -> Warning {
        Warning { name, message: message.into(), place }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.to_string();
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        write!(f, "warning [{}]: {}", self.name, shown(&self.message))
    }
}

/// `text` fit for a terminal: without control characters but line ends, and without the middle of what
/// is too long to read.
fn shown(text: &str) -> Cow<'_, str> {
    let control = |c: char| c.is_control() && c != '\n';
    let long = text.len() > MAX_SHOWN;
    if !long && !text.contains(control) {
        return Cow::Borrowed(text);
    }
    let plain = |part: &str| part.replace(control, "\u{fffd}");
    if !long {
        return Cow::Owned(plain(text));
    }
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (head, tail) = (boundary(MAX_SHOWN * 3 / 4), boundary(text.len() - MAX_SHOWN / 4));
    Cow::Owned(format!("{} […] {}", plain(&text[..head]), plain(&text[tail..])))
}

/// The name among `known` nearest to `given`, for "did you mean" in errors.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The measure takes time and memory by the product of both lengths; no name is that long.
    const LONGEST: usize = 100;
    known
        .into_iter()
        .filter(|name| given.len() <= LONGEST && name.len() <= LONGEST)
        .map(|name| (strsim::damerau_levenshtein(&given.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(given.len()) / 3)
        // Of two that differ in case only, the one written alike.
        .min_by_key(|(distance, name)| (*distance, strsim::damerau_levenshtein(given, name), *name))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_control_characters_do_not_reach_the_terminal() {
        let text = Error::new(ErrorKind::Name, format!("a\u{1b}[31m{}z", "µ".repeat(1_000_000))).to_string();
        assert!(text.len() < 2 * MAX_SHOWN && text.starts_with("a\u{fffd}[31mµ") && text.ends_with("µz"));
        assert_eq!(nearest(&"x".repeat(1_000_000), ["x"]), None);
        assert_eq!(nearest("voltag", ["voltage", &"v".repeat(1_000_000)]), Some("voltage"));
    }

    #[test]
    fn errors_beyond_a_hundred_are_counted() {
        let many = |count: usize| (0..count).map(|i| Error::new(ErrorKind::Name, format!("e{i}"))).collect();
        let joined = Error::join(many(100)).unwrap();
        assert_eq!((joined.all().count(), joined.to_string().lines().count()), (100, 100));
        let twice =
            Error::join(vec![Error::join(many(150)).unwrap(), Error::join(many(3)).unwrap()]).unwrap();
        assert_eq!(twice.all().count(), 100);
        assert!(twice.to_string().ends_with("and 53 more errors"), "{twice}");
    }
}
