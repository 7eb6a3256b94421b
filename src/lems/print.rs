//! Components and elements as XML.

use std::fmt::Write;

use super::component::Component;
use super::raw::Element;
use super::set::Set;
use crate::units::{Dimension, neuroml_text};

impl Set {
    /// `component` as a document would say it: what [`Set::build`] makes the same component of. Notes and tags
    /// are left out.
    ///
    /// ```
    /// # use neuropil::library;
    /// let set = library::set()?;
    /// let pas = set.component("na").ok_or("no such channel")?;
    /// let again = set.build(&set.element(pas))?;
    /// assert_eq!(set.flatten(&again)?.parameters, set.flatten(pas)?.parameters);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn element(&self, component: &Component) -> Element {
        self.named(component, Element::new(component.component_type.clone()))
    }

    /// `element` with all that `component` sets.
    fn named(&self, component: &Component, mut element: Element) -> Element {
        let of = self.component_type(&component.component_type);
        if let Some(id) = &component.id {
            element = element.with("id", id);
        }
        for (name, si) in &component.parameters {
            let property =
                || of.and_then(|of| of.properties.iter().find(|p| p.name == *name)).map(|p| p.dimension);
            let dimension = of.and_then(|of| of.parameter(name)).or_else(property);
            element = element.with(name, neuroml_text(*si, dimension.unwrap_or(Dimension::NONE)));
        }
        for (name, text) in component.texts.iter().chain(&component.references) {
            element = element.with(name, text);
        }
        for child in &component.children {
            // A single part is named for its place, one of many for its type.
            let single = of.is_some_and(|of| of.child.iter().any(|slot| slot.name == child.slot));
            let begun = match &child.tag {
                Some(tag) => Element::new(tag.clone()).with("type", &child.component_type),
                None if single => Element::new(child.slot.clone()).with("type", &child.component_type),
                None => Element::new(child.component_type.clone()),
            };
            element.children.push(self.named(child, begun));
        }
        element
    }
}

impl Element {
    /// The element as XML, indented, with a line break at its end.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    fn write(&self, depth: usize, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{:1$}<{2}", "", 2 * depth, self.name);
        for attribute in &self.attributes {
            let _ = write!(out, " {}=\"{}\"", attribute.name, escaped(&attribute.value));
        }
        let text = self.text.trim();
        if self.children.is_empty() && text.is_empty() {
            out.push_str("/>\n");
            return;
        }
        out.push('>');
        out.push_str(&escaped(text));
        if !self.children.is_empty() {
            out.push('\n');
            self.children.iter().for_each(|child| child.write(depth + 1, out));
            let _ = write!(out, "{:1$}", "", 2 * depth);
        }
        let _ = writeln!(out, "</{}>", self.name);
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' | '\r' => {
                let _ = write!(out, "&#{};", letter as u32);
            }
            other => out.push(other),
        }
    }
    out
}
