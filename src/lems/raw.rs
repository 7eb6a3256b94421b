//! XML as written: elements with their attributes, text and place. No meaning yet.
//!
//! A document may use the five predefined entities and character references, nothing else: an
//! entity declared in a DTD is refused, so no text can grow beyond its file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::scan::{Text, Top, outline};
use crate::error::{Error, ErrorKind, Place, Result};

/// Where an element stands. Cheap to copy about: the file's name is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    file: Arc<Path>,
    line: u32,
    column: u32,
}

impl Origin {
    /// A place in `file`; line and column count from 1, 0 is unknown.
    pub fn new(file: impl AsRef<Path>, line: u32, column: u32) -> Origin {
        Origin { file: Arc::from(file.as_ref()), line, column }
    }

    /// Moves to `line` and `column` of `file`.
    pub(super) fn move_to(&mut self, file: &Arc<Path>, line: u32, column: u32) {
        if !Arc::ptr_eq(&self.file, file) {
            self.file = Arc::clone(file);
        }
        (self.line, self.column) = (line, column);
    }

    /// Moves to `line` and `column` of the same file.
    pub(super) fn move_in_file(&mut self, line: u32, column: u32) {
        (self.line, self.column) = (line, column);
    }

    /// Line and column, 0 if unknown.
    pub(super) fn line_and_column(&self) -> (u32, u32) {
        (self.line, self.column)
    }

    /// The place for an error.
    pub fn place(&self) -> Place {
        if self.file.as_os_str().is_empty() {
            Place::default()
        } else {
            Place::new(&*self.file, self.line, self.column)
        }
    }

    /// The file, empty for what was made by a program.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl Default for Origin {
    /// Made by a program, not read from a file.
    fn default() -> Origin {
        Origin { file: Arc::from(PathBuf::new()), line: 0, column: 0 }
    }
}

/// An attribute: its name and its value with entities resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Name, with its namespace prefix if it has one.
    pub name: String,
    /// Value.
    pub value: String,
}

/// An element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Name, with its namespace prefix if it has one.
    pub name: String,
    /// Attributes in order of writing.
    pub attributes: Vec<Attribute>,
    /// Elements within, in order of writing.
    pub children: Vec<Element>,
    /// Its own text, without that of the elements within.
    pub text: String,
    /// Where it begins.
    pub origin: Origin,
}

impl Element {
    /// An element without place, as a program makes it.
    pub fn new(name: impl Into<String>) -> Element {
        Element { name: name.into(), ..Element::default() }
    }

    /// With an attribute.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Element {
        self.attributes.push(Attribute { name: name.into(), value: value.into() });
        self
    }

    /// With an element within.
    pub fn child(mut self, child: Element) -> Element {
        self.children.push(child);
        self
    }

    /// The value of the attribute `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name).map(|a| a.value.as_str())
    }

    /// The value of the attribute `name`.
    ///
    /// # Errors
    /// If there is none.
    pub fn require(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| self.error(ErrorKind::Syntax, format!("attribute '{name}' is missing")))
    }

    /// How the element is called in messages: `<gate id="m">`, `<TimeDerivative variable="v">`.
    pub fn label(&self) -> String {
        match ["id", "name", "variable"].into_iter().find_map(|key| Some((key, self.get(key)?))) {
            Some((key, value)) => format!("<{} {key}=\"{value}\">", self.name),
            None => format!("<{}>", self.name),
        }
    }

    /// An error about this element, with its place.
    pub fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        self.locate(Error::new(kind, message))
    }

    /// `error` with this element's name and place, unless it has its own.
    pub fn locate(&self, error: Error) -> Error {
        error.in_element(self.label()).at(self.origin.place())
    }
}

/// The text of a file's bytes, without a byte-order mark. It is UTF-8, or UTF-16 with a byte-order
/// mark, or ISO 8859-1 where the XML declaration says so.
///
/// # Errors
/// If they are not: the error holds the place of the first bad byte.
pub fn decode(bytes: Vec<u8>, file: &Path) -> Result<String> {
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes, file),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes, file),
        [0x89, b'H', b'D', b'F', ..] => {
            let error = Error::new(ErrorKind::Unsupported, "this is an HDF5 file, expected XML");
            return Err(error.at(Place::new(file, 1, 1)));
        }
        all if !all.is_ascii() && latin_1(all) => {
            return Ok(all.iter().map(|byte| char::from(*byte)).collect());
        }
        _ => {}
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..offset];
        let line = before.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() as u32 + 1;
        Error::new(ErrorKind::Syntax, format!("the bytes from offset {offset} on are not UTF-8"))
            .at(Place::new(file, line, column))
            .help("save the file as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text))
}

/// Whether the XML declaration names ISO 8859-1 as the encoding.
fn latin_1(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"<?xml ") else { return false };
    let head = &rest[..rest.len().min(200)];
    let head = String::from_utf8_lossy(head.split(|b| *b == b'>').next().unwrap_or_default());
    let Some((_, value)) = head.split_once("encoding") else { return false };
    let name = value.trim_start_matches([' ', '=', '"', '\'']).split(['"', '\'']).next().unwrap_or_default();
    ["iso-8859-1", "iso8859-1", "latin1", "latin-1"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The text of UTF-16 behind its byte-order mark.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, file: &Path) -> Result<String> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: Option<String> = char::decode_utf16(units).map(Result::ok).collect();
    text.filter(|_| bytes.len().is_multiple_of(2)).ok_or_else(|| {
        Error::new(ErrorKind::Syntax, "the file begins as UTF-16, but not all of it is")
            .at(Place::new(file, 1, 1))
            .help("save the file as UTF-8")
    })
}

/// Reads a document and gives its root element.
///
/// # Errors
/// If the text is not well-formed XML, nests deeper than 256 elements, or declares entities, or if an
/// element has more than 256 attributes.
pub fn parse(text: &str, file: &Path) -> Result<Element> {
    let text = Text::new(text.to_string(), file);
    let (mut root, children) = outline(&text, &|_| false)?;
    root.children.extend(children.into_iter().filter_map(|child| match child {
        Top::Element(element) => Some(element),
        Top::Later(_) => None,
    }));
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Element> {
        parse(text, Path::new("a.xml"))
    }

    #[test]
    fn places_entities_and_text() {
        let text = "<?xml version=\"1.0\"?>\r\n<!-- c -->\r\n<a x='1 &lt; 2'>\r\n  µ<b/>t&amp;&#65;<![CDATA[<c>]]>\r\n</a>\r\n";
        let root = read(text).unwrap();
        assert_eq!(root.get("x"), Some("1 < 2"));
        assert_eq!(root.text.trim(), "µt&A<c>");
        assert_eq!(root.children[0].origin.place(), Place::new("a.xml", 4, 4));
        assert_eq!(read("\u{feff}<a/>").unwrap().name, "a");
    }

    #[test]
    fn what_is_not_xml_is_refused_with_its_place() {
        for (text, wanted) in [
            ("<a>\n <b x='1'>\n", "a.xml:3:1: the file ends within <b> of line 2"),
            ("<a>\n <b></c></a>", "a.xml:2:5: not well-formed XML"),
            ("hello", "a.xml:1:1: text outside the root element"),
            ("", "a.xml:1:1: no XML element"),
            ("<a/><b/>", "a.xml:1:5: a second root element"),
            ("<a>&b;</a>", "a.xml:1:4: unknown entity '&b;'"),
            ("<a x='&b;'/>", "a.xml:1:1: <a>: the attribute 'x'"),
            ("<a x='1' x='2'/>", "a.xml:1:1: <a>: a wrong attribute"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "a.xml:1:1: entity declarations are not allowed"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.starts_with(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = "<a>".repeat(60_000) + &"</a>".repeat(60_000);
        assert_eq!(read(&text).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(read(&"<a>".repeat(60_000)).unwrap_err().kind(), ErrorKind::Limit);
        assert!(read(&("<a>".repeat(200) + &"</a>".repeat(200))).is_ok());
    }

    #[test]
    fn bytes_that_are_not_utf8() {
        let error = decode(b"<a>\n x\xff</a>".to_vec(), Path::new("a.xml")).unwrap_err().to_string();
        assert!(error.starts_with("a.xml:2:3: the bytes from offset 6 on are not UTF-8"), "{error}");
        let error = decode(b"\x89HDF\r\n\x1a\n".to_vec(), Path::new("a.h5")).unwrap_err().to_string();
        assert!(error.starts_with("a.h5:1:1: this is an HDF5 file"), "{error}");
        assert_eq!(decode("\u{feff}<a/>".as_bytes().to_vec(), Path::new("a")).unwrap(), "<a/>");
    }
}
