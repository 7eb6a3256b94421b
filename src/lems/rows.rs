//! The components within a component. Long lists of alike components that hold nothing but values, such
//! as the connections of a network, are kept as rows: a tenth of the memory, and read several times faster.

use std::sync::OnceLock;

use super::component::{Component, Role, role};
use super::raw::Element;
use super::types::ComponentType;
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
    form: Box<Form>,
    /// Ids, texts and references, one after the other, and the length of each.
    texts: String,
    lengths: Vec<u8>,
    /// Values of parameters.
    numbers: Vec<f64>,
    /// Line and column of each.
    places: Vec<(u32, u32)>,
    /// All of them as components, for who asks for that.
    components: OnceLock<Vec<Component>>,
}

/// What the rows of a list have in common.
#[derive(Debug, Clone)]
pub(super) struct Form {
    element: String,
    attributes: Vec<(String, Role)>,
    /// The first of them.
    first: Component,
}

impl Form {
    /// That of `component`, which was read from `element` and holds no other; `None` if it is not
    /// made of plain values.
    pub(super) fn of(element: &Element, component: &Component, of: &ComponentType) -> Option<Box<Form>> {
        let silent = of.dynamics.states.is_empty()
            && of.dynamics.derived.is_empty()
            && of.dynamics.handlers.is_empty()
            && of.simulation.is_empty();
        let plain =
            component.children.is_empty() && component.not_set.is_empty() && component.notes.is_empty();
        if !silent || !plain {
            return None;
        }
        let attributes = element.attributes.iter().map(|a| Some((a.name.clone(), role(&a.name, of)?)));
        let attributes: Vec<(String, Role)> = attributes.collect::<Option<_>>()?;
        let count = |is: fn(&Role) -> bool| attributes.iter().filter(|(_, role)| is(role)).count();
        let complete = component.parameters.len() == count(|r| matches!(r, Role::Parameter(_) | Role::Index))
            && component.texts.len() == count(|r| *r == Role::Text)
            && component.references.len() == count(|r| *r == Role::Reference)
            && usize::from(component.id.is_some()) == count(|r| *r == Role::Id);
        complete
            .then(|| Box::new(Form { element: element.name.clone(), attributes, first: component.clone() }))
    }

    /// Whether `element` has the same attributes.
    fn fits(&self, element: &Element) -> bool {
        self.element == element.name
            && self.attributes.len() == element.attributes.len()
            && self.attributes.iter().zip(&element.attributes).all(|((name, _), a)| *name == a.name)
    }
}

impl Rows {
    fn new(form: Box<Form>) -> Rows {
        Rows {
            form,
            texts: String::new(),
            lengths: Vec::new(),
            numbers: Vec::new(),
            places: Vec::new(),
            components: OnceLock::new(),
        }
    }

    /// Adds `element` if it has the same attributes and nothing is wrong with their values.
    fn add(&mut self, element: &Element, vocabulary: &Vocabulary) -> bool {
        if !self.form.fits(element) {
            return false;
        }
        let before = (self.texts.len(), self.lengths.len(), self.numbers.len());
        for ((_, role), attribute) in self.form.attributes.iter().zip(&element.attributes) {
            let text = attribute.value.as_str();
            let taken = match role {
                Role::Parameter(dimension) => {
                    vocabulary.value_of(text, *dimension).map(|value| self.numbers.push(value)).is_ok()
                }
                Role::Index => match vocabulary.value_of(text, crate::units::Dimension::NONE) {
                    Ok(value) if value >= 0.0 && value.fract() == 0.0 => {
                        self.numbers.push(value);
                        true
                    }
                    _ => false,
                },
                Role::Id | Role::Text | Role::Reference => match u8::try_from(text.len()) {
                    Ok(length) => {
                        self.texts.push_str(text);
                        self.lengths.push(length);
                        true
                    }
                    Err(_) => false,
                },
                Role::Nothing => true,
            };
            if !taken {
                self.texts.truncate(before.0);
                self.lengths.truncate(before.1);
                self.numbers.truncate(before.2);
                return false;
            }
        }
        self.components = OnceLock::new();
        self.places.push(element.origin.line_and_column());
        true
    }

    /// Adds the first; false if a text of it is too long.
    fn add_first(&mut self) -> bool {
        let Component { id, parameters, texts, references, origin, .. } = &self.form.first;
        let (mut texts, mut references) = (texts.iter(), references.iter());
        for (_, role) in &self.form.attributes {
            let text = match role {
                Role::Id => id.as_ref(),
                Role::Text => texts.next().map(|(_, text)| text),
                Role::Reference => references.next().map(|(_, text)| text),
                Role::Parameter(_) | Role::Index | Role::Nothing => continue,
            };
            let text = text.map_or("", String::as_str);
            let Ok(length) = u8::try_from(text.len()) else { return false };
            self.texts.push_str(text);
            self.lengths.push(length);
        }
        self.numbers.extend(parameters.iter().map(|(_, value)| *value));
        self.places.push(origin.line_and_column());
        true
    }

    fn components(&self) -> &[Component] {
        self.components.get_or_init(|| {
            let mut out = Vec::with_capacity(self.places.len());
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
    row: usize,
    text: usize,
    length: usize,
    number: usize,
}

impl<'a> RowCursor<'a> {
    fn new(rows: &'a Rows) -> RowCursor<'a> {
        RowCursor { rows, component: rows.form.first.clone(), row: 0, text: 0, length: 0, number: 0 }
    }

    fn next(&mut self) -> Option<&Component> {
        let (line, column) = *self.rows.places.get(self.row)?;
        self.row += 1;
        self.component.origin.move_in_file(line, column);
        let (mut parameter, mut text, mut reference) = (0, 0, 0);
        let component = &mut self.component;
        for (_, role) in &self.rows.form.attributes {
            let target = match role {
                Role::Nothing => continue,
                Role::Parameter(_) | Role::Index => {
                    component.parameters[parameter].1 = self.rows.numbers[self.number];
                    (parameter, self.number) = (parameter + 1, self.number + 1);
                    continue;
                }
                Role::Id => component.id.get_or_insert_default(),
                Role::Text => {
                    text += 1;
                    &mut component.texts[text - 1].1
                }
                Role::Reference => {
                    reference += 1;
                    &mut component.references[reference - 1].1
                }
            };
            let end = self.text + usize::from(self.rows.lengths[self.length]);
            target.clear();
            target.push_str(&self.rows.texts[self.text..end]);
            (self.text, self.length) = (end, self.length + 1);
        }
        Some(&self.component)
    }
}

/// Goes through [`Children`] without making a component of each row: each is there until the next is
/// asked for.
pub struct Cursor<'a> {
    items: std::slice::Iter<'a, Item>,
    /// The only slot that counts.
    slot: Option<&'a str>,
    rows: Option<RowCursor<'a>>,
}

impl Cursor<'_> {
    /// The next component.
    #[expect(clippy::should_implement_trait, reason = "what it gives is borrowed from it")]
    pub fn next(&mut self) -> Option<&Component> {
        if self.rows.as_ref().is_none_or(|rows| rows.row >= rows.rows.places.len()) {
            self.rows = None;
            let slot = self.slot;
            match self.items.find(|item| slot.is_none_or(|slot| item.slot() == slot))? {
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
            Item::Many(rows) => rows.places.len(),
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
        Cursor { items: self.items.iter(), slot: None, rows: None }
    }

    /// Those in the child or children list `slot`, one at a time.
    pub fn cursor_in<'a>(&'a self, slot: &'a str) -> Cursor<'a> {
        Cursor { items: self.items.iter(), slot: Some(slot), rows: None }
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

    /// Those that are not kept as rows: only they can hold others, or warnings.
    pub(super) fn single(&self) -> impl Iterator<Item = &Component> {
        self.items.iter().filter_map(|item| match item {
            Item::One(component) => Some(&**component),
            Item::Many(_) => None,
        })
    }

    /// Adds what `element`, which holds nothing, says as a row, if it is like the one before; `form` is
    /// that of the one before, if it is no row itself.
    pub(super) fn add_row(
        &mut self,
        element: &Element,
        form: &mut Option<Box<Form>>,
        vocabulary: &Vocabulary,
    ) -> bool {
        if let Some(Item::Many(rows)) = self.items.last_mut() {
            return rows.add(element, vocabulary);
        }
        let Some(known) = form.take_if(|form| form.fits(element)) else { return false };
        let mut rows = Rows::new(known);
        if !(rows.add_first() && rows.add(element, vocabulary)) {
            return false;
        }
        self.items.pop();
        self.items.push(Item::Many(Box::new(rows)));
        true
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
