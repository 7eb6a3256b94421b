//! The components within a component. Long lists of alike components that hold nothing but values, such
//! as the connections of a network or the segments of a cell, are kept as rows: a tenth of the memory, and
//! read several times faster.

use std::sync::{Arc, OnceLock};

use super::component::Component;
use super::form::{Columns, Cut, Form};
use super::scan::Walk;
use super::vocabulary::Vocabulary;

/// Components within another, in order of writing.
#[derive(Debug, Clone, Default)]
pub struct Children {
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
enum Item {
    One(Box<Component>),
    Many(Box<Rows>),
}

/// Components that differ in their values only.
#[derive(Debug, Clone)]
struct Rows {
    form: Arc<Form>,
    columns: Columns,
    /// Line and column of each, and of each element within it.
    places: Vec<(u32, u32)>,
    /// All of them as components, for who asks for that.
    components: OnceLock<Vec<Component>>,
}

impl Rows {
    fn len(&self) -> usize {
        self.places.len() / self.form.elements().max(1)
    }

    fn components(&self) -> &[Component] {
        self.components.get_or_init(|| {
            let mut out = Vec::with_capacity(self.len());
            let mut cursor = RowCursor::new(self);
            while let Some(component) = cursor.next() {
                out.push(component.clone());
            }
            out
        })
    }
}

/// Goes through rows; each in turn is in the same component.
struct RowCursor<'a> {
    rows: &'a Rows,
    component: Component,
    places: std::slice::Chunks<'a, (u32, u32)>,
    cut: Cut,
}

impl<'a> RowCursor<'a> {
    fn new(rows: &'a Rows) -> RowCursor<'a> {
        let places = rows.places.chunks(rows.form.elements().max(1));
        RowCursor { rows, component: rows.form.first.clone(), places, cut: Cut::default() }
    }

    fn next(&mut self) -> Option<&Component> {
        let places = self.places.next()?;
        self.rows.form.fill(&mut self.component, &self.rows.columns, &mut self.cut, places);
        Some(&self.component)
    }
}

/// Goes through [`Children`] without making a component of each row: each is there until the next is
/// asked for.
pub struct Cursor<'a> {
    items: std::slice::Iter<'a, Item>,
    only: Only<'a>,
    rows: Option<RowCursor<'a>>,
}

/// Which components a cursor goes through.
#[derive(Debug, Clone, Copy)]
enum Only<'a> {
    All,
    /// Those in this slot.
    Slot(&'a str),
    /// All but rows without this in an id, a text or a reference.
    Holding(char),
    /// All but rows that refer to nothing.
    Referring,
}

impl Only<'_> {
    fn has(self, item: &Item) -> bool {
        match (self, item) {
            (Only::Slot(slot), item) => item.slot() == slot,
            (Only::Holding(c), Item::Many(rows)) => rows.columns.texts.contains(c),
            (Only::Referring, Item::Many(rows)) => rows.form.refers(),
            _ => true,
        }
    }
}

impl Cursor<'_> {
    /// The next component.
    #[expect(clippy::should_implement_trait, reason = "what it gives is borrowed from it")]
    pub fn next(&mut self) -> Option<&Component> {
        if self.rows.as_ref().is_none_or(|rows| rows.places.len() == 0) {
            self.rows = None;
            let only = self.only;
            match self.items.find(|item| only.has(item))? {
                Item::One(component) => return Some(component),
                Item::Many(rows) => self.rows = Some(RowCursor::new(rows)),
            }
        }
        self.rows.as_mut()?.next()
    }
}

/// Goes through [`Children`] as components that last.
#[derive(Debug, Clone)]
pub struct Iter<'a>(Slices<'a>);

type Slices<'a> = std::iter::FlatMap<
    std::slice::Iter<'a, Item>,
    std::slice::Iter<'a, Component>,
    fn(&'a Item) -> std::slice::Iter<'a, Component>,
>;

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Component;

    fn next(&mut self) -> Option<&'a Component> {
        self.0.next()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}

impl<'a> IntoIterator for &'a Children {
    type Item = &'a Component;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl Item {
    fn slot(&self) -> &str {
        match self {
            Item::One(component) => &component.slot,
            Item::Many(rows) => &rows.form.first.slot,
        }
    }

    fn len(&self) -> usize {
        match self {
            Item::One(_) => 1,
            Item::Many(rows) => rows.len(),
        }
    }

    fn components(&self) -> std::slice::Iter<'_, Component> {
        match self {
            Item::One(component) => std::slice::from_ref(&**component),
            Item::Many(rows) => rows.components(),
        }
        .iter()
    }
}

impl Children {
    /// All of them. What is kept as rows becomes components, which stay: [`Children::cursor`] does
    /// without.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.items.iter().flat_map(Item::components as fn(&Item) -> std::slice::Iter<'_, Component>))
    }

    /// All of them, one at a time.
    pub fn cursor(&self) -> Cursor<'_> {
        self.cursor_of(Only::All)
    }

    /// Those in the child or children list `slot`, one at a time.
    pub fn cursor_in<'a>(&'a self, slot: &'a str) -> Cursor<'a> {
        self.cursor_of(Only::Slot(slot))
    }

    /// All of them that may have `c` in an id, a text or a reference, or hold others that may; one at a time.
    pub fn cursor_holding(&self, c: char) -> Cursor<'_> {
        self.cursor_of(Only::Holding(c))
    }

    /// All of them that may refer to others, or hold others that may; one at a time.
    pub(super) fn cursor_referring(&self) -> Cursor<'_> {
        self.cursor_of(Only::Referring)
    }

    fn cursor_of<'a>(&'a self, only: Only<'a>) -> Cursor<'a> {
        Cursor { items: self.items.iter(), only, rows: None }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.iter().map(Item::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Those in the child or children list `slot`.
    pub fn in_slot<'a>(&'a self, slot: &'a str) -> impl Iterator<Item = &'a Component> {
        self.items.iter().filter(move |item| item.slot() == slot).flat_map(Item::components)
    }

    /// How many are in the child or children list `slot`.
    pub fn count_in(&self, slot: &str) -> usize {
        self.items.iter().filter(|item| item.slot() == slot).map(Item::len).sum()
    }

    /// The first.
    pub fn first(&self) -> Option<&Component> {
        self.items.first().and_then(|item| item.components().next())
    }

    /// Adds one at the end.
    pub fn push(&mut self, component: Component) {
        self.items.push(Item::One(Box::new(component)));
    }

    /// Keeps those that `keep` picks.
    pub fn retain(&mut self, keep: impl FnMut(&Component) -> bool) {
        let mut all = self.taken();
        all.retain(keep);
        self.items = all.into_iter().map(|component| Item::One(Box::new(component))).collect();
    }

    /// The one at `index`, to change.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Component> {
        if self.items.iter().any(|item| matches!(item, Item::Many(_))) {
            self.retain(|_| true);
        }
        match self.items.get_mut(index) {
            Some(Item::One(component)) => Some(component),
            _ => None,
        }
    }

    fn taken(&mut self) -> Vec<Component> {
        let single = |item| match item {
            Item::One(component) => vec![*component],
            Item::Many(rows) => rows.components().to_vec(),
        };
        std::mem::take(&mut self.items).into_iter().flat_map(single).collect()
    }

    /// The first in the child `slot` (not a list): its place among all.
    pub(super) fn position_in(&self, slot: &str) -> Option<usize> {
        let at = self.items.iter().position(|item| item.slot() == slot)?;
        Some(self.items.iter().take(at).map(Item::len).sum())
    }

    /// Takes out the first in the child `slot` (not a list).
    pub(super) fn remove_in(&mut self, slot: &str) {
        if let Some(at) = self.items.iter().position(|item| item.slot() == slot) {
            self.items.remove(at);
        }
    }

    /// How many single ones and lists of rows there are.
    pub(super) fn parts(&self) -> usize {
        self.items.len()
    }

    /// Those that are not kept as rows: only they can have warnings.
    pub(super) fn single(&self) -> impl Iterator<Item = &Component> {
        self.items.iter().filter_map(|item| match item {
            Item::One(component) => Some(&**component),
            Item::Many(_) => None,
        })
    }

    /// The one at `index`, if it and those before are not kept as rows, to change.
    pub(super) fn single_mut(&mut self, index: usize) -> Option<&mut Component> {
        match self.items.get_mut(index) {
            Some(Item::One(component)) => Some(component),
            _ => None,
        }
    }

    /// The last, if it is not kept as a row.
    pub(super) fn last_single(&self) -> Option<&Component> {
        match self.items.last() {
            Some(Item::One(component)) => Some(component),
            _ => None,
        }
    }

    /// How many components they and all below them are, and how deep they are nested.
    pub(super) fn extent(&self) -> (usize, usize) {
        let of = |item: &Item| match item {
            Item::One(component) => component.extent(),
            Item::Many(rows) => (rows.places.len(), rows.form.first.extent().1),
        };
        let add = |(count, depth): (usize, usize), (c, d): (usize, usize)| (count + c, depth.max(d));
        self.items.iter().map(of).fold((0, 0), add)
    }

    /// Adds all that come next in `walk` and are of one of `forms`, as rows.
    pub(super) fn add_rows(&mut self, forms: &[Arc<Form>], walk: &mut Walk<'_>, vocabulary: &Vocabulary) {
        let mut starts = Vec::new();
        while let Some((text, at)) = walk.next_start().filter(|_| !forms.is_empty()) {
            let current = match self.items.last_mut() {
                Some(Item::Many(rows)) => rows
                    .form
                    .take(text, at, vocabulary, &mut rows.columns, &mut starts)
                    .map(|end| (end, rows)),
                _ => None,
            };
            let (end, rows) = match current {
                Some(found) => found,
                None => {
                    let mut columns = Columns::default();
                    let found = forms.iter().find_map(|form| {
                        Some((form, form.take(text, at, vocabulary, &mut columns, &mut starts)?))
                    });
                    let Some((form, end)) = found else { return };
                    let rows = Rows {
                        form: Arc::clone(form),
                        columns,
                        places: Vec::new(),
                        components: OnceLock::new(),
                    };
                    self.items.push(Item::Many(Box::new(rows)));
                    let Some(Item::Many(rows)) = self.items.last_mut() else { return };
                    (end, rows)
                }
            };
            rows.places.extend(starts.iter().map(|start| walk.locate(*start)));
            walk.go_to(end);
        }
    }
}

impl PartialEq for Children {
    fn eq(&self, other: &Children) -> bool {
        self.len() == other.len() && self.iter().eq(other)
    }
}

#[cfg(test)]
mod tests {
    use crate::lems::{Component, NoIncludes, Set};

    const TYPES: &str = r#"<ComponentType name="item"><Parameter name="w" dimension="time"/><Text name="at"/>
        <ComponentReference name="kind" type="item"/><IndexParameter name="n"/></ComponentType>
        <ComponentType name="list"><Children name="items" type="item"/></ComponentType>"#;

    fn list(items: &str) -> crate::error::Result<Component> {
        let mut set = Set::new();
        let text =
            format!("<Lems>{TYPES}<item id=\"k\" w=\"1 s\" n=\"0\"/>\n<list id=\"l\">{items}</list></Lems>");
        set.read_str(&text, "a.xml", &NoIncludes)?;
        Ok(set.component("l").unwrap().clone())
    }

    fn item(i: usize) -> String {
        format!("\n<item id=\"i{i}\" w=\"{i} ms\" at=\"../p/{i}\" kind=\"k\" n=\"{i}\"/>")
    }

    #[test]
    fn rows_are_what_single_components_are() {
        let alike: String = (0..50).map(item).collect();
        // One with text in it is read by itself, and stays at its place.
        let other = "\n<item id=\"o\" w=\"2 s\" n=\"1\"><notes>a</notes></item>";
        let long = format!("\n<item id=\"x\" w=\"1 s\" at=\"{}\" kind=\"k\" n=\"3\"/>", "y".repeat(300));
        let read = list(&format!("{alike}{other}{alike}{long}{}", item(7))).unwrap();
        // The first is what the others are compared with.
        assert_eq!((read.children.len(), read.children.single().count()), (103, 3));
        assert_eq!((read.children.count_in("items"), read.in_slot("other").count()), (103, 0));
        let mut cursor = read.children.cursor();
        for (index, component) in read.children.iter().enumerate() {
            assert_eq!(cursor.next(), Some(component));
            let i = match index {
                0..=49 => index,
                51..=100 => index - 51,
                102 => 7,
                _ => continue,
            };
            assert_eq!(component.id, Some(format!("i{i}")));
            assert_eq!(
                (component.parameter("w"), component.parameter("n")),
                (format!("{i}e-3").parse().ok(), Some(i as f64))
            );
            assert_eq!(
                (component.text("at"), component.reference("kind")),
                (Some(&*format!("../p/{i}")), Some("k"))
            );
            assert_eq!(component.origin.place().line, index as u32 + 5);
        }
        assert!(cursor.next().is_none());
        assert_eq!(read.children.iter().nth(50).unwrap().notes, "a");
        let mut changed = read.clone();
        changed.children.get_mut(2).unwrap().id = None;
        assert!(changed != read && changed.children.len() == 103);
        changed.children.retain(|c| c.text("at").is_none());
        assert_eq!(changed.children.len(), 1);
    }

    /// Elements with others within, of two forms that take turns, in lines of their own or not.
    #[test]
    fn rows_hold_what_is_within() {
        let types = r#"<ComponentType name="place"><Parameter name="x" dimension="length"/></ComponentType>
            <ComponentType name="end" extends="place"/><ComponentType name="up"><Text name="to"/></ComponentType>
            <ComponentType name="piece"><Text name="name"/><Child name="up" type="up"/>
              <Child name="start" type="place"/><Child name="end" type="end"/></ComponentType>
            <ComponentType name="shape"><Children name="pieces" type="piece"/></ComponentType>"#;
        let piece = |i: usize| {
            let start = if i.is_multiple_of(3) { format!("<start x=\"{i} mm\"/>") } else { String::new() };
            let gap = if i.is_multiple_of(4) { "\n      " } else { " " };
            format!(
                "\n<!-- {i} -->  <piece id=\"{i}\" name='µ{i}'>{gap}<up to=\"{}\"/>{gap}{start}<end x=\"{i} um\"/></piece>",
                i * i
            )
        };
        let text: String = (0..60).map(piece).collect();
        let mut set = Set::new();
        set.read_str(&format!("<Lems>{types}\n<shape id=\"s\">{text}</shape></Lems>"), "a.xml", &NoIncludes)
            .unwrap();
        let shape = set.component("s").unwrap();
        assert!(shape.children.single().count() < 6, "{}", shape.children.single().count());
        let (mut cursor, mut line) = (shape.children.cursor_in("pieces"), 7);
        for i in 0..60 {
            let read = cursor.next().unwrap();
            let (up, end) = (read.in_slot("up").next().unwrap(), read.in_slot("end").next().unwrap());
            let start = read.in_slot("start").next().and_then(|start| start.parameter("x"));
            assert_eq!(
                (read.id.as_deref(), read.text("name")),
                (Some(&*i.to_string()), Some(&*format!("µ{i}")))
            );
            assert_eq!(up.text("to"), Some(&*(i * i).to_string()));
            assert_eq!(end.parameter("x"), format!("{i}e-6").parse().ok());
            assert_eq!(start, format!("{i}e-3").parse().ok().filter(|_| i % 3 == 0));
            let (place, tag) = (read.origin.place(), format!("<!-- {i} -->  <").chars().count() as u32);
            assert_eq!((place.line, place.column), (line, tag));
            let start_tag = format!("<piece id=\"{i}\" name='µ{i}'> ").chars().count() as u32;
            let wanted = if i % 4 == 0 { (line + 1, 7) } else { (line, tag + start_tag) };
            assert_eq!((up.origin.place().line, up.origin.place().column), wanted);
            line += if i % 4 == 0 { 3 } else { 1 };
        }
        assert!(cursor.next().is_none());
    }

    #[test]
    fn what_is_wrong_in_a_row_is_told_with_its_place() {
        for (wrong, message) in [
            ("w=\"1 mV\" at=\"a\" kind=\"k\" n=\"0\"", "w=\"1 mV\""),
            ("w=\"1 s\" at=\"a\" kind=\"none\" n=\"0\"", "there is no component 'none'"),
            ("w=\"1 s\" at=\"a\" kind=\"k\" n=\"0.5\"", "an index is a whole number"),
            ("w=\"1 s\" att=\"a\" kind=\"k\" n=\"0\"", "unknown attribute 'att'"),
            ("w=\"1 s\" at=\"a\" kind=\"k\"  w=\"0\"", "'w' is given twice"),
            ("at=\"a\" kind=\"k\" n=\"0\"", "parameter 'w' is missing"),
        ] {
            let items = format!("{}{}\n  <item id=\"e\" {wrong}/>{}", item(1), item(2), item(3));
            let error = list(&items).expect_err(wrong).to_string();
            assert!(
                error.starts_with("a.xml:7:3: <item id=\"e\"") && error.contains(message),
                "{wrong}: {error}"
            );
        }
    }
}
