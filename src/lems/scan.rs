//! Going through a document's text. [`outline`] goes through all of it once and finds whether it is
//! well-formed; [`Walk`] reads single elements of it anew, so that a large document is never held as a
//! tree of elements.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesCData, BytesStart, BytesText, Event};
use quick_xml::reader::Reader;

use super::raw::{Attribute, Element};
use crate::error::{Error, ErrorKind, Place, Result};

/// Deepest nesting of elements.
const MAX_DEPTH: usize = 256;
/// Most attributes of one element: whether two are alike takes time by the square of their number.
const MAX_ATTRIBUTES: usize = 256;

/// The text of a document, and the file it is from.
#[derive(Debug)]
pub(super) struct Text {
    text: String,
    file: Arc<Path>,
}

impl Text {
    pub(super) fn new(mut text: String, file: &Path) -> Text {
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Text { text, file: Arc::from(file) }
    }
}

/// Where an element begins in a text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    /// In bytes.
    pub(super) offset: usize,
    line: u32,
    column: u32,
}

/// An element of a document's root.
#[derive(Debug)]
pub(super) enum Top {
    /// Read in full.
    Element(Element),
    /// To be read later, with a [`Walk`].
    Later(Mark),
}

/// Line and column of byte offsets that only grow.
#[derive(Debug)]
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    /// Characters of the line before `at`.
    column: u32,
}

impl Lines<'_> {
    fn locate(&mut self, offset: usize) -> (u32, u32) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        if offset < self.at {
            (self.at, self.line, self.column) = (0, 1, 0);
        }
        let passed = &self.text.as_bytes()[self.at..offset];
        let line = match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', passed).count() as u32;
                self.column = 0;
                &passed[last + 1..]
            }
            None => passed,
        };
        // All bytes of a character but its first are 10xxxxxx.
        self.column += line.iter().filter(|b| **b & 0xc0 != 0x80).count() as u32;
        self.at = offset;
        (self.line, self.column + 1)
    }
}

/// The first character that XML 1.0 does not allow.
fn forbidden(text: &str) -> Option<(usize, char)> {
    // U+FFFE and U+FFFF begin with the byte 0xEF.
    let doubtful = |b: &u8| (*b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || *b == 0xef;
    // Whole blocks at a time, which vectors do at once.
    if !text.as_bytes().chunks(1024).any(|block| block.iter().fold(false, |found, b| found | doubtful(b))) {
        return None;
    }
    let wrong = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    text.char_indices().find(|(_, c)| wrong(*c))
}

/// What comes next in a text.
enum Next<'t> {
    /// A start tag, and whether it is an end tag too.
    Start(BytesStart<'t>, bool),
    /// An end tag.
    End,
    /// Text of the element around it.
    Text(Words<'t>),
    /// What says nothing.
    Nothing,
    /// The end of the document.
    Eof,
}

/// Text as it is written.
enum Words<'t> {
    Plain(BytesText<'t>),
    Data(BytesCData<'t>),
    Entity(String),
}

impl Words<'_> {
    /// What it says.
    fn read(&self) -> Cow<'_, str> {
        match self {
            Words::Plain(text) => text.xml10_content(),
            Words::Data(data) => data.xml10_content(),
            Words::Entity(text) => Cow::Borrowed(text),
        }
    }
}

/// A place in a text, from where it is read on.
pub(super) struct Scan<'t> {
    text: &'t Text,
    reader: Reader<&'t [u8]>,
    /// Where the reader began.
    base: usize,
    lines: Lines<'t>,
    /// Where the elements begin that are open.
    open: Vec<usize>,
    /// Where what was read last begins.
    last: usize,
}

/// Reads on at `offset` of a text that is known to be well-formed.
fn known(text: &str, offset: usize) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text.get(offset..).unwrap_or_default());
    let config = reader.config_mut();
    (config.check_end_names, config.allow_unmatched_ends) = (false, true);
    reader
}

impl<'t> Scan<'t> {
    fn new(text: &'t Text, mark: Mark) -> Scan<'t> {
        Scan {
            text,
            reader: Reader::from_str(&text.text[mark.offset..]),
            base: mark.offset,
            lines: Lines {
                text: &text.text,
                at: mark.offset,
                line: mark.line.max(1),
                column: mark.column.saturating_sub(1),
            },
            open: Vec::new(),
            last: mark.offset,
        }
    }

    /// An error at `offset`.
    fn error(&mut self, offset: usize, kind: ErrorKind, message: impl Into<String>) -> Error {
        let (line, column) = self.lines.locate(offset);
        Error::new(kind, message).at(Place::new(&*self.text.file, line, column))
    }

    /// Where what is read next begins.
    fn position(&self) -> usize {
        self.base + self.reader.buffer_position() as usize
    }

    fn next(&mut self) -> Result<Next<'t>> {
        self.last = self.position();
        let before = self.last;
        let event = match self.reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let at = self.base + self.reader.error_position() as usize;
                return Err(self.error(at, ErrorKind::Syntax, format!("not well-formed XML: {error}")));
            }
        };
        Ok(match event {
            Event::Start(start) => {
                if self.open.len() >= MAX_DEPTH {
                    let message = format!("elements are nested more than {MAX_DEPTH} deep");
                    return Err(self.error(before, ErrorKind::Limit, message));
                }
                self.open.push(before);
                Next::Start(start, false)
            }
            Event::Empty(start) => Next::Start(start, true),
            Event::End(_) => {
                self.open.pop();
                Next::End
            }
            Event::Text(text) => Next::Text(Words::Plain(text)),
            Event::CData(data) => Next::Text(Words::Data(data)),
            Event::GeneralRef(entity) => {
                let resolved = match entity.resolve_char_ref() {
                    Ok(Some(c)) => Some(c.to_string()).filter(|c| forbidden(c).is_none()),
                    _ => quick_xml::escape::resolve_predefined_entity(&entity).map(str::to_string),
                };
                match resolved {
                    Some(resolved) => Next::Text(Words::Entity(resolved)),
                    None => {
                        let message = format!("unknown entity '&{};'", &*entity);
                        return Err(self.error(before, ErrorKind::Syntax, message));
                    }
                }
            }
            Event::DocType(declaration) if declaration.contains("<!ENTITY") => {
                let error = self.error(before, ErrorKind::Syntax, "entity declarations are not allowed");
                return Err(error.help("write the text out instead"));
            }
            Event::DocType(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Next::Nothing,
            Event::Eof => match self.open.last() {
                Some(unclosed) => return Err(self.unclosed(*unclosed)),
                None => Next::Eof,
            },
        })
    }

    /// The document ends within the element that begins at `offset`.
    fn unclosed(&mut self, offset: usize) -> Error {
        let mut element = Element::default();
        let mut again = Scan::new(self.text, Mark::default());
        (again.base, again.reader) = (offset, Reader::from_str(&self.text.text[offset..]));
        if let Ok(Next::Start(start, _)) = again.next() {
            // A wrong attribute is no concern here.
            let _ = again.fill(&start, offset, &mut element);
        }
        let (line, _) = element.origin.line_and_column();
        let message = format!("the file ends within {} of line {line}", element.label());
        self.error(self.text.text.len(), ErrorKind::Syntax, message)
    }

    /// Makes `into` the element of the start tag at `offset`, without what is within it.
    fn fill(&mut self, start: &BytesStart<'_>, offset: usize, into: &mut Element) -> Result<()> {
        let (line, column) = self.lines.locate(offset);
        into.origin.move_to(&self.text.file, line, column);
        into.name.clear();
        into.name.push_str(start.name().as_ref());
        into.text.clear();
        into.children.clear();
        let mut count = 0;
        let mut fault = None;
        for attribute in start.attributes().with_checks(false) {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => {
                    fault = Some((ErrorKind::Syntax, format!("a wrong attribute: {error}")));
                    break;
                }
            };
            let name: &str = attribute.key.as_ref();
            if count >= MAX_ATTRIBUTES {
                fault = Some((ErrorKind::Limit, format!("more than {MAX_ATTRIBUTES} attributes")));
                break;
            }
            if into.attributes.iter().take(count).any(|known| known.name == name) {
                fault = Some((ErrorKind::Syntax, format!("a wrong attribute: '{name}' is given twice")));
                break;
            }
            let value = match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => value,
                Err(error) => {
                    fault = Some((ErrorKind::Syntax, format!("the attribute '{name}': {error}")));
                    break;
                }
            };
            // Only a reference can bring in what is not in the text.
            if let (Cow::Owned(_), Some((_, c))) = (&value, forbidden(&value)) {
                let message = format!(
                    "the attribute '{name}': the control character {} is not allowed",
                    c.escape_unicode()
                );
                fault = Some((ErrorKind::Syntax, message));
                break;
            }
            match into.attributes.get_mut(count) {
                Some(known) => {
                    known.name.clear();
                    known.name.push_str(name);
                    known.value.clear();
                    known.value.push_str(&value);
                }
                None => into.attributes.push(Attribute { name: name.to_string(), value: value.into_owned() }),
            }
            count += 1;
        }
        into.attributes.truncate(count);
        match fault {
            None => Ok(()),
            Some((kind, message)) => Err(into.error(kind, message)),
        }
    }

    /// The rest of `element`, whose start tag was the last that was read.
    fn tree(&mut self, element: Element, is_empty: bool) -> Result<Element> {
        if is_empty {
            return Ok(element);
        }
        let mut done = element;
        let mut above: Vec<Element> = Vec::new();
        loop {
            match self.next()? {
                Next::Start(start, is_empty) => {
                    let mut child = Element::default();
                    self.fill(&start, self.last, &mut child)?;
                    if is_empty {
                        done.children.push(child);
                    } else {
                        above.push(std::mem::replace(&mut done, child));
                    }
                }
                Next::Text(text) => done.text.push_str(&text.read()),
                Next::End => match above.pop() {
                    Some(mut parent) => {
                        parent.children.push(done);
                        done = parent;
                    }
                    None => return Ok(done),
                },
                Next::Nothing => {}
                // An open element is an error there.
                Next::Eof => return Ok(done),
            }
        }
    }

    /// Goes on until only `depth` elements are open.
    fn leave(&mut self, depth: usize) -> Result<()> {
        if self.open.len() == depth + 1
            && let Some(end) = inside(&self.text.text, self.position(), MAX_DEPTH - self.open.len())
        {
            let length = end - self.position();
            let rest = self.reader.get_mut();
            *rest = rest.get(length..).unwrap_or_default();
            self.base += length;
        }
        while self.open.len() > depth {
            self.next()?;
        }
        Ok(())
    }
}

/// Where the element ends whose start tag ends at `at`: the place of its end tag. `None` if what is within it is
/// not well-formed, nests deeper than `depth` or has what is rare in it: then it has to be read event by event.
fn inside(text: &str, mut at: usize, depth: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open: Vec<&[u8]> = Vec::new();
    loop {
        at += memchr::memchr2(b'<', b'&', bytes.get(at..)?)?;
        let tag = bytes.get(at..)?;
        match tag.get(..2)? {
            b"</" => {
                let Some(name) = open.pop() else { return Some(at) };
                let after = tag.get(2..)?.strip_prefix(name)?;
                let blanks = after.iter().take_while(|b| b.is_ascii_whitespace()).count();
                if after.get(blanks) != Some(&b'>') {
                    return None;
                }
                at += 2 + name.len() + blanks + 1;
            }
            b"<!" => {
                let comment = text.get(at..)?.strip_prefix("<!--")?;
                at += comment.find("-->")? + 7;
            }
            [b'<', first] if first.is_ascii_alphabetic() => {
                let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>' | b'"' | b'\'' | b'<');
                let name = tag.get(1..)?.get(..tag.get(1..)?.iter().position(ends)?)?;
                let mut end = memchr::memchr(b'>', tag)?;
                // Whole tags at a time, which vectors do at once.
                let (mut odd, mut other) = (false, false);
                for byte in tag.get(..end)?.get(1..)? {
                    odd ^= *byte == b'"';
                    other |= (*byte == b'\'') | (*byte == b'<');
                }
                if other || odd {
                    end = 1 + name.len();
                    loop {
                        end +=
                            tag.get(end..)?.iter().position(|b| matches!(b, b'>' | b'"' | b'\'' | b'<'))?;
                        match *tag.get(end)? {
                            b'>' => break,
                            b'<' => return None,
                            quote => end += tag.get(end + 1..)?.iter().position(|b| *b == quote)? + 2,
                        }
                    }
                }
                if tag.get(end - 1) != Some(&b'/') {
                    if open.len() >= depth {
                        return None;
                    }
                    open.push(name);
                }
                at += end + 1;
            }
            _ => return None,
        }
    }
}

/// Goes through the whole document: its root element and what is in it, of which the elements whose
/// names `later` picks are only marked. Attributes of those are not looked at yet.
///
/// # Errors
/// If the text is not well-formed XML, nests deeper than 256 elements or declares entities.
pub(super) fn outline(text: &Text, later: &dyn Fn(&str) -> bool) -> Result<(Element, Vec<Top>)> {
    let mut scan = Scan::new(text, Mark::default());
    let mut root: Option<Element> = None;
    let mut children = Vec::new();
    if let Some((at, c)) = forbidden(&text.text) {
        let message = format!("the control character {} is not allowed in XML", c.escape_unicode());
        return Err(scan.error(at, ErrorKind::Syntax, message));
    }
    loop {
        match (scan.next()?, &mut root) {
            (Next::Start(start, _), None) => {
                let mut element = Element::default();
                scan.fill(&start, scan.last, &mut element)?;
                root = Some(element);
            }
            (Next::Start(start, is_empty), Some(_)) => {
                let depth = scan.open.len() - usize::from(!is_empty);
                if depth == 0 {
                    return Err(scan.error(scan.last, ErrorKind::Syntax, "a second root element"));
                }
                if later(start.name().as_ref()) {
                    let offset = scan.last;
                    let (line, column) = scan.lines.locate(offset);
                    children.push(Top::Later(Mark { offset, line, column }));
                    scan.leave(depth)?;
                } else {
                    let mut element = Element::default();
                    scan.fill(&start, scan.last, &mut element)?;
                    children.push(Top::Element(scan.tree(element, is_empty)?));
                }
            }
            (Next::Text(text), root) => {
                let text = text.read();
                let inside = root.as_mut().filter(|_| !scan.open.is_empty());
                match inside {
                    Some(root) => root.text.push_str(&text),
                    None if text.trim().is_empty() => {}
                    None => {
                        let lead = text.len() - text.trim_start().len();
                        let message = "text outside the root element: this is not an XML document";
                        return Err(scan.error(scan.last + lead, ErrorKind::Syntax, message));
                    }
                }
            }
            (Next::End | Next::Nothing, _) => {}
            (Next::Eof, _) => break,
        }
    }
    match root {
        Some(root) => Ok((root, children)),
        None => Err(Error::new(ErrorKind::Syntax, "no XML element in it").at(Place::new(&*text.file, 1, 1))),
    }
}

/// An element and those within it, one after the other in order of writing: from a text that
/// [`outline`] has gone through, or made by a program.
pub(super) enum Walk<'t> {
    /// From a text.
    Text {
        /// Where it is.
        scan: Box<Scan<'t>>,
        /// Whether the element entered last has no end tag of its own.
        is_empty: bool,
    },
    /// Made: the elements not yet entered, of each element that is open.
    Made(Vec<std::slice::Iter<'t, Element>>),
}

impl<'t> Walk<'t> {
    /// Of the element that begins at `mark`.
    pub(super) fn of_text(text: &'t Text, mark: Mark) -> Walk<'t> {
        let scan = Scan { reader: known(&text.text, mark.offset), ..Scan::new(text, mark) };
        Walk::Text { scan: Box::new(scan), is_empty: false }
    }

    /// Of `element`.
    pub(super) fn of(element: &'t Element) -> Walk<'t> {
        Walk::Made(vec![std::slice::from_ref(element).iter()])
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        match self {
            Walk::Text { scan, is_empty } => scan.open.len() + usize::from(*is_empty),
            Walk::Made(waiting) => waiting.len() - 1,
        }
    }

    /// Where the element begins that was entered last.
    pub(super) fn start(&self) -> usize {
        match self {
            Walk::Text { scan, .. } => scan.last,
            Walk::Made(_) => 0,
        }
    }

    /// The text from `start` to where it is now.
    pub(super) fn since(&self, start: usize) -> Option<&'t str> {
        match self {
            Walk::Text { scan, .. } => scan.text.text.get(start..scan.position()),
            Walk::Made(_) => None,
        }
    }

    /// The text of the document and where the next tag begins, if there are only blanks and comments before it.
    pub(super) fn next_start(&self) -> Option<(&'t str, usize)> {
        match self {
            Walk::Text { scan, is_empty: false } => {
                let text = scan.text.text.as_str();
                let mut at = scan.position();
                loop {
                    let rest = text.as_bytes().get(at..)?;
                    at += rest.iter().position(|b| !b.is_ascii_whitespace())?;
                    match text.get(at..)?.strip_prefix("<!--") {
                        Some(comment) => at += comment.find("-->")? + 7,
                        None => break text.get(at..)?.starts_with('<').then_some((text, at)),
                    }
                }
            }
            _ => None,
        }
    }

    /// Whether an element `name` comes next.
    pub(super) fn repeats(&self, name: &str) -> bool {
        let next = self.next_start().and_then(|(text, at)| text.get(at + 1..)?.strip_prefix(name));
        next.is_some_and(|rest| rest.starts_with([' ', '\t', '\r', '\n', '/', '>']))
    }

    /// Line and column of `offset`.
    pub(super) fn locate(&mut self, offset: usize) -> (u32, u32) {
        match self {
            Walk::Text { scan, .. } => scan.lines.locate(offset),
            Walk::Made(_) => (0, 0),
        }
    }

    /// Goes on at `offset`, the end of an element within the one that is open.
    pub(super) fn go_to(&mut self, offset: usize) {
        if let Walk::Text { scan, .. } = self {
            (scan.base, scan.reader) = (offset, known(&scan.text.text, offset));
        }
    }

    /// Enters the next element within the one that is open, and makes `into` what its start tag says.
    /// `None`: there is no other, and the one that was open is left.
    pub(super) fn enter(&mut self, into: &mut Element) -> Option<Result<()>> {
        match self {
            Walk::Text { scan, is_empty } => loop {
                if std::mem::take(is_empty) {
                    return None;
                }
                match scan.next() {
                    Ok(Next::Start(start, empty)) => {
                        *is_empty = empty;
                        return Some(scan.fill(&start, scan.last, into));
                    }
                    Ok(Next::Text(_) | Next::Nothing) => {}
                    // The text was gone through before: there are no errors.
                    Ok(Next::End | Next::Eof) | Err(_) => return None,
                }
            },
            Walk::Made(waiting) => match waiting.last_mut().and_then(Iterator::next) {
                Some(element) => {
                    waiting.push(element.children.iter());
                    into.name.clone_from(&element.name);
                    into.attributes.clone_from(&element.attributes);
                    into.origin.clone_from(&element.origin);
                    into.text.clone_from(&element.text);
                    into.children.clear();
                    Some(Ok(()))
                }
                None => {
                    waiting.pop();
                    None
                }
            },
        }
    }

    /// All of the element entered last, whose start tag is `element`; it is left.
    ///
    /// # Errors
    /// If an attribute within it is wrong.
    pub(super) fn whole(&mut self, element: &Element) -> Result<Element> {
        match self {
            Walk::Text { scan, is_empty } => scan.tree(element.clone(), std::mem::take(is_empty)),
            Walk::Made(waiting) => {
                let children = waiting.pop().map(|rest| rest.cloned().collect()).unwrap_or_default();
                Ok(Element { children, ..element.clone() })
            }
        }
    }

    /// Leaves elements until `depth` are open.
    pub(super) fn leave(&mut self, depth: usize) {
        match self {
            Walk::Text { scan, is_empty } => {
                *is_empty = false;
                // The text was gone through before: there are no errors.
                let _ = scan.leave(depth);
            }
            Walk::Made(waiting) => waiting.truncate(depth + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is skipped is judged as what is read element by element.
    #[test]
    fn what_is_skipped_is_well_formed() {
        let deep = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
        for inner in [
            "<a/>",
            "<a b='>' c=\"</x>\"/> words <!-- </x> & <b> --> <d >\n</d\t>",
            "<é/>",
            "a &amp; b <c>&#65;</c> <![CDATA[</x>]]>",
            "<?p </x> ?>",
            "<a></b>",
            "<a>",
            "</a>",
            "<a b='></a>",
            "<a <b/>></a>",
            "&none;",
            "<!-- <a/>",
            "<!DOCTYPE z [<!ENTITY b 'c'>]>",
            "<a/",
            "<",
            &deep(254),
            &deep(255),
        ] {
            let text = Text::new(format!("<r>\n<x>{inner}</x>\n<y/></r>"), Path::new("a.xml"));
            let told = |skips: bool| {
                let outlined = outline(&text, &|_| skips);
                outlined.map(|(_, parts)| parts.len()).ok()
            };
            assert_eq!(told(true), told(false), "{inner}");
        }
    }
}
