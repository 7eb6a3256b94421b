//! XML as written: elements with their attributes, text and place. No meaning yet.
//!
//! A document may use the five predefined entities and character references, nothing else: an
//! entity declared in a DTD is refused, so no text can grow beyond its file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::error::{Error, ErrorKind, Place, Result};

/// Deepest nesting of elements.
const MAX_DEPTH: usize = 256;
/// Most attributes of one element: whether two are alike takes time by the square of their number.
const MAX_ATTRIBUTES: usize = 256;

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

/// Line and column of byte offsets that only grow.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// Characters of the line before `at`.
    column: u32,
}

impl Lines<'_> {
    fn locate(&mut self, offset: usize) -> (u32, u32) {
        let offset =
            (0..=offset.min(self.text.len())).rev().find(|i| self.text.is_char_boundary(*i)).unwrap_or(0);
        if offset < self.at {
            (self.at, self.line, self.column) = (0, 1, 0);
        }
        for byte in &self.text.as_bytes()[self.at..offset] {
            match byte {
                b'\n' => (self.line, self.column) = (self.line + 1, 0),
                // All bytes of a character but its first.
                0x80..=0xbf => {}
                _ => self.column += 1,
            }
        }
        self.at = offset;
        (self.line, self.column + 1)
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
        all if latin_1(all) => return Ok(all.iter().map(|byte| char::from(*byte)).collect()),
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

/// The first character that XML 1.0 does not allow.
fn forbidden(text: &str) -> Option<(usize, char)> {
    let wrong = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    text.char_indices().find(|(_, c)| wrong(*c))
}

/// Reads a document and gives its root element.
///
/// # Errors
/// If the text is not well-formed XML, nests deeper than 256 elements, or declares entities, or if an
/// element has more than 256 attributes.
pub fn parse(text: &str, file: &Path) -> Result<Element> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shared: Arc<Path> = Arc::from(file);
    let mut lines = Lines { text, at: 0, line: 1, column: 0 };
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let place = |(line, column): (u32, u32)| Origin { file: Arc::clone(&shared), line, column };
    let syntax = |message: String, at: (u32, u32)| {
        Error::new(ErrorKind::Syntax, message).at(Place::new(file, at.0, at.1))
    };
    if let Some((at, c)) = forbidden(text) {
        let message = format!("the control character {} is not allowed in XML", c.escape_unicode());
        return Err(syntax(message, lines.locate(at)));
    }
    loop {
        let before = reader.buffer_position() as usize;
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let at = lines.locate(reader.error_position() as usize);
                return Err(syntax(format!("not well-formed XML: {error}"), at));
            }
        };
        match event {
            Event::Start(start) => {
                let at = lines.locate(before);
                if open.len() >= MAX_DEPTH {
                    let message = format!("elements are nested more than {MAX_DEPTH} deep");
                    return Err(Error::new(ErrorKind::Limit, message).at(Place::new(file, at.0, at.1)));
                }
                if root.is_some() {
                    return Err(syntax("a second root element".to_string(), at));
                }
                open.push(element(&start, place(at))?);
            }
            Event::Empty(start) => {
                let at = lines.locate(before);
                let element = element(&start, place(at))?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None if root.is_none() => root = Some(element),
                    None => return Err(syntax("a second root element".to_string(), at)),
                }
            }
            Event::End(_) => {
                let Some(done) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => match open.last_mut() {
                Some(parent) => parent.text.push_str(&text.xml10_content()),
                None if text.trim().is_empty() => {}
                None => {
                    let lead = text.len() - text.trim_start().len();
                    let at = lines.locate(before + lead);
                    return Err(syntax(
                        "text outside the root element: this is not an XML document".to_string(),
                        at,
                    ));
                }
            },
            Event::CData(data) => {
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(&data.xml10_content());
                }
            }
            Event::GeneralRef(entity) => {
                let resolved = match entity.resolve_char_ref() {
                    Ok(Some(c)) => Some(c.to_string()).filter(|c| forbidden(c).is_none()),
                    _ => quick_xml::escape::resolve_predefined_entity(&entity).map(str::to_string),
                };
                let Some(resolved) = resolved else {
                    let at = lines.locate(before);
                    return Err(syntax(format!("unknown entity '&{};'", &*entity), at));
                };
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(&resolved);
                }
            }
            Event::DocType(declaration) => {
                if declaration.contains("<!ENTITY") {
                    let error =
                        syntax("entity declarations are not allowed".to_string(), lines.locate(before));
                    return Err(error.help("write the text out instead"));
                }
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    if let Some(unclosed) = open.last() {
        let at = lines.locate(text.len());
        let message = format!("the file ends within {} of line {}", unclosed.label(), unclosed.origin.line);
        return Err(syntax(message, at));
    }
    root.ok_or_else(|| syntax("no XML element in it".to_string(), (1, 1)))
}

fn element(start: &BytesStart<'_>, origin: Origin) -> Result<Element> {
    let mut out = Element { name: start.name().as_ref().to_string(), origin, ..Element::default() };
    let fault = |out: &Element, message: String| out.error(ErrorKind::Syntax, message);
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| fault(&out, format!("a wrong attribute: {error}")))?;
        if out.attributes.len() >= MAX_ATTRIBUTES {
            let message = format!("more than {MAX_ATTRIBUTES} attributes");
            return Err(out.error(ErrorKind::Limit, message));
        }
        let name = attribute.key.as_ref().to_string();
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| fault(&out, format!("the attribute '{name}': {error}")))?
            .into_owned();
        if let Some((_, c)) = forbidden(&value) {
            let message = format!(
                "the attribute '{name}': the control character {} is not allowed",
                c.escape_unicode()
            );
            return Err(out.error(ErrorKind::Syntax, message));
        }
        out.attributes.push(Attribute { name, value });
    }
    Ok(out)
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
        assert_eq!(decode("\u{feff}<a/>".as_bytes().to_vec(), Path::new("a")).unwrap(), "<a/>");
    }
}
