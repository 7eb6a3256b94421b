//! What alike components have in common: the text they are written in, but for their values.
//!
//! Long lists (connections, inputs, the segments of a cell) repeat one text with other values. A [`Form`]
//! is made of the first of them; the others are read by comparing with it, several times faster than
//! element by element.

use super::component::{Component, Role, role};
use super::set::Set;
use super::types::ComponentType;
use super::vocabulary::Vocabulary;
use crate::units::Dimension;

/// Longest text of a component of which a form is made, bytes.
const MAX_LENGTH: usize = 2000;

/// Where a plain value ends: at a quotation mark, or where something stands for something else, which is read by who
/// knows how.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut at = 0;
    while at < 256 {
        ends[at] = matches!(at as u8, b'"' | b'\'' | b'&' | b'\t' | b'\n' | b'\r');
        at += 1;
    }
    ends
};

/// A component whose like may follow.
#[derive(Debug)]
pub(super) struct Form {
    pieces: Vec<Piece>,
    /// The roles of its attributes and of those of the elements within, in order of writing; how many
    /// elements each holds.
    elements: Vec<(Vec<Role>, usize)>,
    /// The one it is made of.
    pub(super) first: Component,
}

/// A piece of the text of a component.
#[derive(Debug)]
enum Piece {
    /// An element begins.
    Element,
    /// Text that is the same in all, but for the widths of its blanks.
    Fixed(String),
    /// The value of an attribute, up to this quotation mark.
    Value(Role, u8),
}

/// Values of alike components, one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    /// Ids, texts and references.
    pub(super) texts: String,
    /// The length of each of them.
    lengths: Vec<u8>,
    /// Values of parameters.
    numbers: Vec<f64>,
}

/// How far columns have been gone through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cut {
    text: usize,
    length: usize,
    number: usize,
}

impl Columns {
    fn end(&self) -> Cut {
        Cut { text: self.texts.len(), length: self.lengths.len(), number: self.numbers.len() }
    }

    fn truncate(&mut self, to: Cut) {
        self.texts.truncate(to.text);
        self.lengths.truncate(to.length);
        self.numbers.truncate(to.number);
    }

    /// Adds the value `text` of an attribute; `None` if it is not a plain one.
    fn add(&mut self, text: &str, role: Role, vocabulary: &Vocabulary) -> Option<()> {
        match role {
            Role::Parameter(dimension) => self.numbers.push(vocabulary.value_of(text, dimension).ok()?),
            Role::Index => {
                let value = vocabulary.value_of(text, Dimension::NONE).ok()?;
                if value < 0.0 || value.fract() != 0.0 {
                    return None;
                }
                self.numbers.push(value);
            }
            Role::Id | Role::Text | Role::Reference => {
                self.lengths.push(u8::try_from(text.len()).ok()?);
                self.texts.push_str(text);
            }
            Role::Nothing => {}
        }
        Some(())
    }
}

impl Form {
    /// That of `component`, which `text` is; `None` if it is not made of plain values.
    pub(super) fn of(text: &str, component: &Component, set: &Set) -> Option<Form> {
        if text.len() > MAX_LENGTH || !silent(set.component_type(&component.component_type)?) {
            return None;
        }
        let mut tags = Tags::default();
        tags.read(text)?;
        let mut elements = Vec::new();
        let mut left = tags.elements.iter();
        roles(component, set, &mut left, &mut elements)?;
        if left.next().is_some() {
            return None;
        }
        let mut roles = elements.iter().flat_map(|(roles, _)| roles);
        for piece in &mut tags.pieces {
            if let Piece::Value(role, _) = piece {
                *role = *roles.next()?;
            }
        }
        Some(Form { pieces: tags.pieces, elements, first: component.clone() })
    }

    /// How many elements one is.
    pub(super) fn elements(&self) -> usize {
        self.elements.len()
    }

    /// Whether it refers to others.
    pub(super) fn refers(&self) -> bool {
        self.elements.iter().any(|(roles, _)| roles.contains(&Role::Reference))
    }

    /// Takes the values of the component that `text` has at `at` into `columns`, and where its elements
    /// begin into `starts`. Gives where it ends, or `None` if it is not of this form.
    pub(super) fn take(
        &self,
        text: &str,
        at: usize,
        vocabulary: &Vocabulary,
        columns: &mut Columns,
        starts: &mut Vec<usize>,
    ) -> Option<usize> {
        let before = columns.end();
        starts.clear();
        let end = self.pieces.iter().try_fold(at, |at, piece| match piece {
            Piece::Element => {
                starts.push(at);
                Some(at)
            }
            Piece::Fixed(fixed) => Some(at + same(text.get(at..)?.as_bytes(), fixed.as_bytes())?),
            Piece::Value(role, quote) => {
                let rest = text.get(at..)?;
                let length = rest.bytes().position(|b| ENDS[usize::from(b)])?;
                if rest.as_bytes().get(length) != Some(quote) {
                    return None;
                }
                columns.add(rest.get(..length)?, *role, vocabulary)?;
                Some(at + length)
            }
        });
        if end.is_none() {
            columns.truncate(before);
        }
        end
    }

    /// Makes `component`, a copy of the first, the one whose values begin in `columns` at `cut` and whose
    /// elements are at `places`.
    pub(super) fn fill(
        &self,
        component: &mut Component,
        columns: &Columns,
        cut: &mut Cut,
        places: &[(u32, u32)],
    ) {
        fill(component, &mut self.elements.iter().zip(places), columns, cut);
    }
}

/// An element with those within.
type Parts<'a> = std::iter::Zip<std::slice::Iter<'a, (Vec<Role>, usize)>, std::slice::Iter<'a, (u32, u32)>>;

fn fill(component: &mut Component, parts: &mut Parts<'_>, columns: &Columns, cut: &mut Cut) {
    let Some(((roles, within), (line, column))) = parts.next() else { return };
    component.origin.move_in_file(*line, *column);
    let mut parameters = component.parameters.iter_mut();
    let (mut texts, mut references) = (component.texts.iter_mut(), component.references.iter_mut());
    for role in roles {
        let target = match role {
            Role::Nothing => continue,
            Role::Parameter(_) | Role::Index => {
                if let (Some((_, value)), Some(new)) = (parameters.next(), columns.numbers.get(cut.number)) {
                    *value = *new;
                }
                cut.number += 1;
                continue;
            }
            Role::Id => Some(component.id.get_or_insert_default()),
            Role::Text => texts.next().map(|(_, text)| text),
            Role::Reference => references.next().map(|(_, text)| text),
        };
        let length = columns.lengths.get(cut.length).map_or(0, |length| usize::from(*length));
        let end = cut.text + length;
        if let Some(target) = target {
            target.clear();
            target.push_str(columns.texts.get(cut.text..end).unwrap_or_default());
        }
        (cut.text, cut.length) = (end, cut.length + 1);
    }
    for at in 0..*within {
        if let Some(child) = component.children.single_mut(at) {
            fill(child, parts, columns, cut);
        }
    }
}

/// The roles of the attributes of `component` and of those within, which are written as `elements`; `None` if
/// anything in it is more than a plain value.
fn roles(
    component: &Component,
    set: &Set,
    elements: &mut std::slice::Iter<'_, Tag>,
    out: &mut Vec<(Vec<Role>, usize)>,
) -> Option<()> {
    let element = elements.next()?;
    let of = set.component_type(&component.component_type)?;
    let children = &component.children;
    let plain = component.not_set.is_empty() && component.notes.is_empty();
    let as_written = element.name == *component.tag.as_ref().unwrap_or(&component.component_type)
        && element.within == children.parts()
        && element.within == children.single().count();
    if !silent(of) || !plain || !as_written {
        return None;
    }
    let found: Vec<Role> = element.attributes.iter().map(|name| role(name, of)).collect::<Option<_>>()?;
    let count = |is: fn(&Role) -> bool| found.iter().filter(|role| is(role)).count();
    let complete = component.parameters.len() == count(|r| matches!(r, Role::Parameter(_) | Role::Index))
        && component.texts.len() == count(|r| *r == Role::Text)
        && component.references.len() == count(|r| *r == Role::Reference)
        && usize::from(component.id.is_some()) == count(|r| *r == Role::Id);
    if !complete {
        return None;
    }
    out.push((found, element.within));
    children.single().try_for_each(|child| roles(child, set, elements, out))
}

/// Whether components of the type `of` hold values and do nothing by themselves: those that do are needed one by
/// one.
fn silent(of: &ComponentType) -> bool {
    of.dynamics.states.is_empty() && of.dynamics.handlers.is_empty() && of.simulation.is_empty()
}

/// How many bytes at the start of `text` are `fixed`, whose blanks may be wider or narrower there.
fn same(text: &[u8], fixed: &[u8]) -> Option<usize> {
    if text.starts_with(fixed) {
        return Some(fixed.len());
    }
    let blanks = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let (mut at, mut known) = (0, 0);
    while let Some(byte) = fixed.get(known) {
        let found = text.get(at)?;
        if byte.is_ascii_whitespace() && found.is_ascii_whitespace() {
            known += blanks(fixed.get(known..)?);
            at += blanks(text.get(at..)?);
        } else if byte == found {
            (at, known) = (at + 1, known + 1);
        } else {
            return None;
        }
    }
    Some(at)
}

/// A tag: its element's name and attributes, and how many elements are in it.
#[derive(Debug, Default)]
struct Tag {
    name: String,
    attributes: Vec<String>,
    within: usize,
}

/// The tags of an element and those within it.
#[derive(Debug, Default)]
struct Tags {
    pieces: Vec<Piece>,
    elements: Vec<Tag>,
}

impl Tags {
    /// Reads the text of an element, which is well-formed; `None` if there are things in it that are
    /// rare.
    fn read(&mut self, text: &str) -> Option<()> {
        let (mut at, mut fixed) = (0, 0);
        let mut open: Vec<usize> = Vec::new();
        loop {
            at += text.get(at..)?.find('<')?;
            let tag = text.get(at..)?;
            if tag.starts_with("<!--") {
                at += tag.find("-->")? + 3;
            } else if tag.starts_with("<!") || tag.starts_with("<?") {
                return None;
            } else if tag.starts_with("</") {
                at += tag.find('>')? + 1;
                open.pop();
                if open.is_empty() {
                    break;
                }
            } else {
                if fixed < at {
                    self.pieces.push(Piece::Fixed(text.get(fixed..at)?.to_string()));
                }
                self.pieces.push(Piece::Element);
                if let Some(parent) = open.last().and_then(|parent| self.elements.get_mut(*parent)) {
                    parent.within += 1;
                }
                let is_empty = self.tag(text, &mut at, &mut fixed)?;
                if !is_empty {
                    open.push(self.elements.len() - 1);
                } else if open.is_empty() {
                    break;
                }
            }
        }
        self.pieces.push(Piece::Fixed(text.get(fixed..at)?.to_string()));
        (at == text.len()).then_some(())
    }

    /// Reads the start tag at `at`, where the text from `fixed` on is not taken yet. Gives whether it is an
    /// end tag too.
    fn tag(&mut self, text: &str, at: &mut usize, fixed: &mut usize) -> Option<bool> {
        *fixed = *at;
        *at += 1;
        let word = |at: usize| {
            let rest = text.get(at..)?;
            let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
            Some(rest.find(ends).unwrap_or(rest.len()))
        };
        let blanks = |at: usize| {
            let rest = text.get(at..)?;
            Some(rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).len())
        };
        let length = word(*at)?;
        let mut element =
            Tag { name: text.get(*at..*at + length)?.to_string(), attributes: Vec::new(), within: 0 };
        *at += length;
        loop {
            *at += blanks(*at)?;
            match text.as_bytes().get(*at)? {
                b'>' => {
                    *at += 1;
                    self.elements.push(element);
                    return Some(false);
                }
                b'/' => {
                    *at += text.get(*at..)?.find('>')? + 1;
                    self.elements.push(element);
                    return Some(true);
                }
                _ => {}
            }
            let length = word(*at).filter(|length| *length > 0)?;
            element.attributes.push(text.get(*at..*at + length)?.to_string());
            *at += length;
            *at += text.get(*at..)?.find(['"', '\''])? + 1;
            let quote = *text.as_bytes().get(*at - 1)?;
            self.pieces.push(Piece::Fixed(text.get(*fixed..*at)?.to_string()));
            self.pieces.push(Piece::Value(Role::Nothing, quote));
            *at += text.get(*at..)?.find(char::from(quote))?;
            *fixed = *at;
            *at += 1;
        }
    }
}
