//! Component types, declared at once or when somebody first asks for them: of the types of NeuroML a
//! model uses a few, and a run begins sooner without the others.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::component::Component;
use super::declare::declare;
use super::raw;
use super::types::ComponentType;
use super::vocabulary::Vocabulary;
use crate::error::Result;

/// A component type.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: String,
    declared: OnceLock<ComponentType>,
    /// What it is declared from, and the type that it extends.
    later: Option<(Later, Option<Arc<Type>>)>,
    /// A component of it that sets nothing.
    blank: OnceLock<Component>,
}

impl Type {
    pub(super) fn new(declared: ComponentType) -> Type {
        let name = declared.name.clone();
        Type { name, declared: OnceLock::from(declared), later: None, blank: OnceLock::new() }
    }

    /// One that extends `base` and is declared by `later` when it is first asked for.
    pub(super) fn later(later: Later, base: Option<Arc<Type>>) -> Type {
        let name = later.name.to_string();
        Type { name, declared: OnceLock::new(), later: Some((later, base)), blank: OnceLock::new() }
    }

    pub(super) fn get(&self) -> &ComponentType {
        self.declared.get_or_init(|| {
            let declare = |(later, base): &(Later, Option<Arc<Type>>)| {
                later.declare(base.as_ref().map(|base| base.get())).ok()
            };
            // A test makes sure that all can be declared.
            let declared = self.later.as_ref().and_then(declare);
            declared.unwrap_or_else(|| ComponentType { name: self.name.clone(), ..ComponentType::default() })
        })
    }

    pub(super) fn blank(&self) -> &Component {
        self.blank.get_or_init(|| Component { component_type: self.name.clone(), ..Component::default() })
    }
}

/// A `<ComponentType>` in a file.
#[derive(Debug)]
pub(super) struct Later {
    name: &'static str,
    base: Option<&'static str>,
    file: &'static str,
    /// The whole file.
    text: &'static str,
    /// Where the element begins and ends.
    range: std::ops::Range<usize>,
    vocabulary: Arc<Vocabulary>,
}

impl Later {
    /// The name of the type that it extends.
    pub(super) fn base(&self) -> Option<&'static str> {
        self.base
    }

    fn declare(&self, base: Option<&ComponentType>) -> Result<ComponentType> {
        // Blank lines in front keep the line, blanks the column.
        let before = &self.text[..self.range.start];
        let (lines, column) = (before.matches('\n').count(), before.rsplit('\n').next().map_or(0, str::len));
        let text = format!("{}{:column$}{}", "\n".repeat(lines), "", &self.text[self.range.clone()]);
        declare(&raw::parse(&text, Path::new(self.file))?, base, &self.vocabulary)
    }
}

/// The component types of a file that is known to be sound, and to write them as
/// `<ComponentType name="..." extends="..."`.
pub(super) fn types(
    (file, text): (&'static str, &'static str),
    vocabulary: &Arc<Vocabulary>,
) -> impl Iterator<Item = Later> {
    const START: &str = "<ComponentType name=\"";
    const END: &str = "</ComponentType>";
    // To look for single characters is several times faster.
    let tags = text.match_indices('<').map(|(at, _)| at);
    let mut starts = tags.filter(|at| text[*at..].starts_with(START)).peekable();
    std::iter::from_fn(move || {
        let start = starts.next()?;
        let part = &text[start..starts.peek().copied().unwrap_or(text.len())];
        // One without content has no end tag, and ends with its start tag.
        let end = part.rfind(END).map(|at| at + END.len()).or_else(|| Some(part.find("/>")? + 2));
        let mut words = part[START.len()..].split('"');
        let name = words.next().unwrap_or_default();
        let base = words.next().filter(|word| *word == " extends=").and_then(|_| words.next());
        let range = start..start + end.unwrap_or(part.len());
        Some(Later { name, base, file, text, range, vocabulary: Arc::clone(vocabulary) })
    })
}
