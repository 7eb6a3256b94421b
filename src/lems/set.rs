//! A set of component types and components from any number of documents.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::check;
use super::component::{self, Component};
use super::declare::{MAX_BASES, check_attributes, declare};
use super::include::{Document, Resolver, read_bytes};
use super::later::{self, Type};
use super::raw::{Element, Origin};
use super::scan::{Mark, Text, Top, Walk, outline};
use super::types::ComponentType;
use super::vocabulary::Vocabulary;
use crate::error::{Error, ErrorKind, MAX_ERRORS, Result, Warning, nearest};

/// Longest chain of documents that include each other.
const MAX_INCLUDES: usize = 64;
/// Most components that come into being by `extends`, each with all below it: otherwise a few lines,
/// each holding the one before twice, would fill the memory.
const MAX_COPIES: usize = 1_000_000;

/// Component types and components, read from documents, with dimensions, units and constants.
///
/// Each document is read once, however often it is included. What one read adds is checked as a
/// whole: if anything is wrong the set stays as it was, and the error lists everything found.
///
/// ```
/// use neuropil::lems::{NoIncludes, Set};
/// let mut set = Set::new();
/// set.read_str(
///     r#"<Lems>
///          <ComponentType name="decay">
///            <Parameter name="tau" dimension="time"/>
///            <Exposure name="x" dimension="none"/>
///            <Dynamics>
///              <StateVariable name="x" dimension="none" exposure="x"/>
///              <TimeDerivative variable="x" value="-x / tau"/>
///              <OnStart><StateAssignment variable="x" value="1"/></OnStart>
///            </Dynamics>
///          </ComponentType>
///          <decay id="slow" tau="100 ms"/>
///        </Lems>"#,
///     "decay.xml",
///     &NoIncludes,
/// )?;
/// let slow = set.component("slow").ok_or("no such component")?;
/// let dynamics = set.flatten(slow)?;
/// assert_eq!(dynamics.states[0].name, "x");
/// assert_eq!(dynamics.parameter("tau").map(|p| p.value), Some(0.1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Set {
    vocabulary: Arc<Vocabulary>,
    types: Vec<Arc<Type>>,
    type_index: BTreeMap<String, usize>,
    /// How many of the types may be declared anew.
    open_types: usize,
    components: Vec<Arc<Component>>,
    component_index: BTreeMap<String, usize>,
    targets: Vec<Element>,
    loaded: BTreeSet<String>,
    warnings: Vec<Warning>,
    /// Components copied by `extends` in the read under way.
    copies: Arc<AtomicUsize>,
    /// What is known to be missing, in a set that was read in spite of errors.
    gaps: Gaps,
}

/// What a document with errors leaves out of a set: nothing that follows from it is reported.
#[derive(Debug, Clone, Default)]
struct Gaps {
    /// Component types that could not be declared.
    types: BTreeSet<String>,
    /// Ids of components of such types.
    ids: BTreeSet<String>,
    /// Whether an included document could not be read: it may have held anything.
    documents: bool,
}

/// What has been read and not yet resolved.
#[derive(Default)]
struct Pending {
    dimensions: Vec<Element>,
    units: Vec<Element>,
    constants: Vec<Element>,
    types: Vec<Element>,
    components: Vec<Passage>,
    assertions: Vec<Element>,
    documents: Vec<Loaded>,
    /// Documents whose root is `<neuroml>`.
    neuroml: BTreeSet<PathBuf>,
    errors: Vec<Error>,
}

/// A component in the text of its document.
struct Passage {
    text: Arc<Text>,
    mark: Mark,
}

/// What is kept of a document whatever the number of its components; the rest stays text until it is
/// its turn.
fn is_component(name: &str) -> bool {
    !matches!(
        name,
        "Include"
            | "include"
            | "Dimension"
            | "Unit"
            | "Constant"
            | "ComponentType"
            | "ComponentClass"
            | "Target"
            | "Assertion"
    )
}

/// What has no meaning in a model.
fn is_for_people(element: &Element) -> bool {
    matches!(element.name.as_str(), "notes" | "annotation" | "property")
}

/// A document that was read, or that was mentioned again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its name in messages.
    pub file: PathBuf,
    /// The element that includes it; `None` for the first.
    pub included_at: Option<Origin>,
    /// Whether it is built into the program.
    pub built_in: bool,
}

/// What a document holds in spite of its errors.
#[derive(Debug)]
pub struct Survey {
    /// All that could be read. Components that are wrong in part are there without that part.
    pub set: Set,
    /// All documents, each as often as it is included.
    pub documents: Vec<Loaded>,
    /// Those of them whose root element is `<neuroml>`: they are to follow its schema.
    pub neuroml: BTreeSet<PathBuf>,
    /// Everything that is wrong, in order of reading.
    pub errors: Vec<Error>,
}

impl Default for Set {
    fn default() -> Set {
        Set::new()
    }
}

impl Set {
    /// An empty set, which knows the usual dimensions and units.
    pub fn new() -> Set {
        Set {
            vocabulary: Arc::new(Vocabulary::new()),
            types: Vec::new(),
            type_index: BTreeMap::new(),
            open_types: 0,
            components: Vec::new(),
            component_index: BTreeMap::new(),
            targets: Vec::new(),
            loaded: BTreeSet::new(),
            warnings: Vec::new(),
            copies: Arc::default(),
            gaps: Gaps::default(),
        }
    }

    /// The dimensions, units and component types of files that are known to be sound, each with its name.
    /// A type is declared when somebody first asks for it. The first file has all dimensions and units.
    pub(crate) fn of_types(files: &[(&'static str, &'static str)]) -> Result<Set> {
        let mut set = Set::new();
        if let Some((name, text)) = files.first() {
            set.read_str(text, name, &super::NoIncludes)?;
        }
        let Set { types, type_index, loaded, vocabulary, .. } = &mut set;
        loaded.clear();
        for (name, text) in files {
            loaded.insert(format!("built-in:{name}"));
            for later in later::types((*name, *text), vocabulary) {
                let base = later.base().and_then(|base| types.get(*type_index.get(base)?));
                let found = Type::later(later, base.cloned());
                type_index.insert(found.name.clone(), types.len());
                types.push(Arc::new(found));
            }
        }
        Ok(set)
    }

    /// Lets documents that are read from now on declare the types and units known so far in their own way: theirs
    /// count then, also for those that extend them in the same document.
    pub fn open_types(&mut self) {
        self.open_types = self.types.len();
        Arc::make_mut(&mut self.vocabulary).open();
    }

    /// Reads the document `text` and all that it includes.
    ///
    /// # Errors
    /// Everything wrong that is found, each with file, line and what to do. The set is then as before.
    pub fn read_str(&mut self, text: &str, file: impl AsRef<Path>, resolver: &dyn Resolver) -> Result<()> {
        self.read_text(text.to_string(), file.as_ref(), resolver)
    }

    fn read_text(&mut self, text: String, file: &Path, resolver: &dyn Resolver) -> Result<()> {
        let path = std::fs::canonicalize(file);
        let key = path.as_deref().unwrap_or(file).display().to_string();
        // What is no file is told apart by its text too.
        let identity = match path {
            Ok(_) => key.clone(),
            Err(_) => {
                let mut hasher = std::hash::DefaultHasher::new();
                text.hash(&mut hasher);
                format!("{key}#{:x}", hasher.finish())
            }
        };
        let document = Document { key, file: file.to_path_buf(), text };
        self.read(document, &identity, resolver)
    }

    /// Reads the file `path` and all that it includes.
    ///
    /// # Errors
    /// As [`Set::read_str`], and if the file cannot be read.
    pub fn read_file(&mut self, path: impl AsRef<Path>, resolver: &dyn Resolver) -> Result<()> {
        let path = path.as_ref();
        let bytes = read_bytes(path).map_err(|error| Error::io(path, "read the file", &error))?;
        self.read_text(resolver.text(bytes, path)?, path, resolver)
    }

    /// Reads the file `path` and all that it includes on top of this set, in spite of errors: for
    /// finding them all.
    pub fn survey(&self, path: impl AsRef<Path>, resolver: &dyn Resolver) -> Survey {
        let path = path.as_ref();
        let mut set = Set { copies: Arc::default(), ..self.clone() };
        let mut pending = Pending::default();
        let key = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string();
        let text = read_bytes(path).map_err(|error| Error::io(path, "read the file", &error));
        pending.documents.push(Loaded { file: path.to_path_buf(), included_at: None, built_in: false });
        let loaded = text.and_then(|bytes| resolver.text(bytes, path)).and_then(|text| {
            set.load(Document { key, file: path.to_path_buf(), text }, resolver, &mut pending, 0)
        });
        let mut errors = std::mem::take(&mut pending.errors);
        errors.extend(loaded.err());
        set.gaps.documents = !errors.is_empty();
        let documents = std::mem::take(&mut pending.documents);
        let neuroml = std::mem::take(&mut pending.neuroml);
        set.resolve_all(pending, &mut errors);
        Survey { set, documents, neuroml, errors }
    }

    fn read(&mut self, document: Document, identity: &str, resolver: &dyn Resolver) -> Result<()> {
        if self.loaded.contains(identity) {
            return Ok(());
        }
        let mut next = Set { copies: Arc::default(), ..self.clone() };
        next.loaded.remove(&document.key);
        next.loaded.extend((identity != document.key).then(|| identity.to_string()));
        let mut pending = Pending::default();
        next.load(document, resolver, &mut pending, 0)?;
        let mut errors = std::mem::take(&mut pending.errors);
        next.resolve(pending, &mut errors);
        match Error::join(errors) {
            None => {
                *self = next;
                Ok(())
            }
            Some(error) => Err(error),
        }
    }

    /// Sorts the elements of a document and those of the documents it includes.
    fn load(
        &mut self,
        document: Document,
        resolver: &dyn Resolver,
        pending: &mut Pending,
        depth: usize,
    ) -> Result<()> {
        if !self.loaded.insert(document.key) {
            return Ok(());
        }
        let text = Arc::new(Text::new(document.text, &document.file));
        let (root, children) = outline(&text, &is_component)?;
        if !matches!(root.name.as_str(), "Lems" | "lems" | "LEMS" | "neuroml") {
            let message = format!("the root element is <{}>, expected <Lems> or <neuroml>", root.name);
            return Err(root.error(ErrorKind::Syntax, message));
        }
        if root.name == "neuroml" {
            pending.neuroml.insert(document.file.clone());
        }
        for child in children {
            let element = match child {
                Top::Element(element) => element,
                Top::Later(mark) => {
                    pending.components.push(Passage { text: Arc::clone(&text), mark });
                    continue;
                }
            };
            match element.name.as_str() {
                "Include" | "include" => {
                    if let Err(error) = self.include(&element, &document.file, resolver, pending, depth) {
                        pending.errors.push(error);
                    }
                }
                "Dimension" => pending.dimensions.push(element),
                "Unit" => pending.units.push(element),
                "Constant" => pending.constants.push(element),
                "ComponentType" | "ComponentClass" => pending.types.push(element),
                "Target" => self.targets.push(element),
                "Assertion" => pending.assertions.push(element),
                _ => {}
            }
        }
        Ok(())
    }

    fn include(
        &mut self,
        element: &Element,
        from: &Path,
        resolver: &dyn Resolver,
        pending: &mut Pending,
        depth: usize,
    ) -> Result<()> {
        let given = ["file", "href", "url"].into_iter().find_map(|key| element.get(key));
        let Some(href) = given else {
            return Err(element.error(ErrorKind::Syntax, "expected an attribute 'file' or 'href'"));
        };
        if depth >= MAX_INCLUDES {
            let message = format!("documents include each other more than {MAX_INCLUDES} deep");
            return Err(element.error(ErrorKind::Limit, message));
        }
        let document = resolver.find(from, href).map_err(|error| element.locate(error))?;
        pending.documents.push(Loaded {
            file: document.file.clone(),
            included_at: Some(element.origin.clone()),
            built_in: document.key.starts_with("built-in:"),
        });
        self.load(document, resolver, pending, depth + 1)
    }

    fn resolve(&mut self, pending: Pending, errors: &mut Vec<Error>) {
        self.resolve_vocabulary(&pending, errors);
        // Components of types that are themselves wrong would only repeat the error.
        if self.resolve_types(pending.types, errors) {
            self.resolve_components(&pending.components, errors);
        }
    }

    /// As `resolve`, and goes on with what is sound.
    fn resolve_all(&mut self, pending: Pending, errors: &mut Vec<Error>) {
        self.resolve_vocabulary(&pending, errors);
        self.resolve_types(pending.types, errors);
        let first = self.components.len();
        let mut element = Element::default();
        for passage in &pending.components {
            let mut walk = Walk::of_text(&passage.text, passage.mark);
            match walk.enter(&mut element) {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    self.gaps.documents = true;
                    errors.push(error);
                    continue;
                }
                None => continue,
            }
            if is_for_people(&element) {
                continue;
            }
            if self.is_of_broken_type(&element) {
                self.gaps.ids.extend(element.get("id").map(str::to_string));
                continue;
            }
            match component::top_type(&element, self) {
                Ok(component_type) => {
                    let mut own = Vec::new();
                    let component =
                        component::build_all(&element, &mut walk, component_type, "", self, &mut own);
                    errors.extend(own);
                    errors.extend(self.add(component).err());
                }
                Err(error) => {
                    self.gaps.ids.extend(element.get("id").map(str::to_string));
                    if !self.gaps.documents {
                        errors.push(error);
                    }
                }
            }
        }
        for component in self.components.iter().skip(first) {
            component::check_references(component, self, errors);
        }
    }

    /// Whether `element` asks for a component type that could not be declared.
    pub(super) fn is_of_broken_type(&self, element: &Element) -> bool {
        let broken = |name: &str| !self.gaps.types.is_empty() && self.gaps.types.contains(name);
        broken(&element.name) || element.get("type").is_some_and(broken)
    }

    /// Whether a component `id` may be among what could not be read (see [`Set::survey`]).
    pub fn may_have(&self, id: &str) -> bool {
        self.gaps.documents || self.gaps.ids.contains(id)
    }

    fn resolve_vocabulary(&mut self, pending: &Pending, errors: &mut Vec<Error>) {
        for element in &pending.dimensions {
            errors.extend(Arc::make_mut(&mut self.vocabulary).declare_dimension(element).err());
        }
        for element in &pending.units {
            match Arc::make_mut(&mut self.vocabulary).declare_unit(element) {
                Ok(warning) => self.warnings.extend(warning),
                Err(error) => errors.push(error),
            }
        }
        for element in &pending.constants {
            let known = check_attributes(element, &["name", "symbol", "dimension", "value"]);
            errors.extend(
                known.and_then(|()| Arc::make_mut(&mut self.vocabulary).declare_constant(element)).err(),
            );
        }
        for element in &pending.assertions {
            match self.vocabulary.asserted(element) {
                Ok(warning) => self.warnings.extend(warning),
                Err(error) => errors.push(error),
            }
        }
    }

    /// Declares types, each after the one it extends. Gives whether all is well.
    fn resolve_types(&mut self, elements: Vec<Element>, errors: &mut Vec<Error>) -> bool {
        let before = errors.len();
        let mut waiting = Vec::new();
        let mut names: BTreeMap<String, Origin> = BTreeMap::new();
        for element in elements {
            match element.require("name") {
                Err(error) => errors.push(error),
                Ok(name) => {
                    let index = self.type_index.get(name).filter(|index| **index >= self.open_types);
                    let declared = index.and_then(|index| self.types.get(*index)).map(|t| &t.get().origin);
                    let known = names.get(name).or(declared);
                    if let Some(known) = known {
                        let message =
                            format!("the component type '{name}' is declared before, at {}", known.place());
                        errors.push(element.error(ErrorKind::Name, message));
                    } else {
                        names.insert(name.to_string(), element.origin.clone());
                        waiting.push(element);
                    }
                }
            }
        }
        let mut failed: BTreeSet<String> = BTreeSet::new();
        // Each round declares one more level of types, of which there is a limit.
        for _ in 0..=MAX_BASES + 1 {
            let count = waiting.len();
            let mut later = Vec::new();
            for element in waiting {
                let base = element.get("extends");
                let known = |base: &str| {
                    // What this document declares is waited for, even if there is an older one.
                    let least = if names.contains_key(base) { self.open_types } else { 0 };
                    self.type_index.get(base).is_some_and(|index| *index >= least)
                };
                let ready = base.is_none_or(|base| known(base) || failed.contains(base));
                if ready { self.declare_type(&element, &mut failed, errors) } else { later.push(element) }
            }
            waiting = later;
            if waiting.is_empty() || waiting.len() == count {
                break;
            }
        }
        self.gaps.types.extend(waiting.iter().filter_map(|e| e.get("name").map(str::to_string)));
        for element in waiting.iter().take(MAX_ERRORS) {
            errors.push(self.never_declared(element, &waiting));
        }
        self.gaps.types.extend(failed);
        errors.len() == before
    }

    fn declare_type(&mut self, element: &Element, failed: &mut BTreeSet<String>, errors: &mut Vec<Error>) {
        let name = element.get("name").unwrap_or_default().to_string();
        let base = element.get("extends").map(|base| self.component_type(base));
        let result = match base {
            // The supertype's own errors are enough.
            Some(None) => {
                failed.insert(name);
                return;
            }
            Some(base) => declare(element, base, &self.vocabulary),
            None => declare(element, None, &self.vocabulary),
        };
        let checked =
            result.and_then(|declared| check::check(&declared, &self.vocabulary).map(|w| (declared, w)));
        match checked {
            Ok((declared, warnings)) => {
                self.warnings.extend(warnings);
                self.type_index.insert(name, self.types.len());
                self.types.push(Arc::new(Type::new(declared)));
            }
            Err(error) => {
                failed.insert(name);
                errors.push(error);
            }
        }
    }

    /// Why the supertype of `element` could not be found: a wrong name, or a circle.
    fn never_declared(&self, element: &Element, waiting: &[Element]) -> Error {
        let base = element.get("extends").unwrap_or_default();
        let deep = self.types().any(|t| t.bases.len() >= MAX_BASES);
        if deep && waiting.iter().any(|other| other.get("name") == Some(base)) {
            let message = format!("component types extend each other more than {MAX_BASES} deep");
            return element.error(ErrorKind::Limit, message);
        }
        if waiting.iter().any(|other| other.get("name") == Some(base)) {
            let message = format!("the component type extends itself, by way of '{base}'");
            return element.error(ErrorKind::Name, message);
        }
        let error = element
            .error(ErrorKind::Name, format!("extends=\"{base}\": there is no component type '{base}'"));
        match nearest(base, self.types().map(|t| t.name.as_str())) {
            Some(near) => error.help(format!("did you mean '{near}'?")),
            None => error,
        }
    }

    fn resolve_components(&mut self, passages: &[Passage], errors: &mut Vec<Error>) {
        let first = self.components.len();
        let mut element = Element::default();
        for passage in passages {
            if errors.len() >= MAX_ERRORS {
                break;
            }
            let mut walk = Walk::of_text(&passage.text, passage.mark);
            let built = match walk.enter(&mut element) {
                Some(Ok(())) if !is_for_people(&element) => component::top_type(&element, self)
                    .and_then(|component_type| component::build(&element, &mut walk, component_type, self))
                    .and_then(|component| self.add(component)),
                Some(entered) => entered,
                None => continue,
            };
            errors.extend(built.err());
        }
        // A component that could not be made would be missed by all that refer to it.
        if errors.is_empty() {
            for component in self.components.iter().skip(first) {
                component::check_references(component, self, errors);
            }
        }
    }

    fn add(&mut self, component: Component) -> Result<()> {
        if let Some(id) = &component.id {
            if let Some(known) = self.component(id) {
                let message =
                    format!("the id '{id}' is used before, by {} at {}", known.label(), known.origin.place());
                return Err(component.error(ErrorKind::Name, message));
            }
            self.component_index.insert(id.clone(), self.components.len());
        }
        component.warnings(&mut self.warnings);
        self.components.push(Arc::new(component));
        Ok(())
    }

    /// Makes a component from code: `element` is named for the type (or `Component` with a `type`),
    /// its attributes are values with units. The set itself does not change.
    ///
    /// # Errors
    /// As for a component in a document.
    ///
    /// ```
    /// # use neuropil::lems::{Element, NoIncludes, Set};
    /// # let mut set = Set::new();
    /// # let text = r#"<Lems><ComponentType name="leak"><Parameter name="g" dimension="conductanceDensity"/>
    /// #   <Dynamics/></ComponentType></Lems>"#;
    /// # set.read_str(text, "leak.xml", &NoIncludes)?;
    /// let leak = set.build(&Element::new("leak").with("id", "pas").with("g", "0.3 mS/cm2"))?;
    /// assert_eq!(leak.parameter("g"), Some(3.0));
    /// # Ok::<(), neuropil::Error>(())
    /// ```
    pub fn build(&self, element: &Element) -> Result<Component> {
        let (mut walk, mut root) = (Walk::of(element), Element::default());
        walk.enter(&mut root).transpose()?;
        let component = component::build(&root, &mut walk, component::top_type(&root, self)?, self)?;
        let mut errors = Vec::new();
        component::check_references(&component, self, &mut errors);
        match Error::join(errors) {
            None => Ok(component),
            Some(error) => Err(error),
        }
    }

    /// Adds a component made by [`Set::build`] to the set, so that others may refer to it.
    ///
    /// # Errors
    /// If its id is taken.
    pub fn insert(&mut self, component: Component) -> Result<()> {
        self.add(component)
    }

    /// The component `id` at the top of a document.
    pub fn component(&self, id: &str) -> Option<&Component> {
        self.component_index.get(id).and_then(|at| self.components.get(*at)).map(|c| &**c)
    }

    /// All components at the top of documents, in order of reading.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.components.iter().map(|c| &**c)
    }

    /// The component type `name`.
    pub fn component_type(&self, name: &str) -> Option<&ComponentType> {
        self.type_index.get(name).and_then(|at| self.types.get(*at)).map(|t| t.get())
    }

    /// The component type `name`.
    ///
    /// # Errors
    /// If there is none, with the nearest name.
    pub fn require_type(&self, name: &str) -> Result<&ComponentType> {
        self.component_type(name).ok_or_else(|| {
            let error = Error::new(ErrorKind::Name, format!("there is no component type '{name}'"));
            match nearest(name, self.types().map(|t| t.name.as_str())) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            }
        })
    }

    /// All component types, each after the one it extends.
    pub fn types(&self) -> impl Iterator<Item = &ComponentType> {
        let current = |(index, t): &(usize, &Arc<Type>)| self.type_index.get(&t.name) == Some(index);
        self.types.iter().enumerate().filter(current).map(|(_, t)| t.get())
    }

    /// Whether the type `name` is `base` or extends it.
    pub fn is_a(&self, name: &str, base: &str) -> bool {
        self.component_type(name).is_some_and(|t| t.is_a(base))
    }

    /// The `Target` elements of the documents: what to simulate.
    pub fn targets(&self) -> &[Element] {
        &self.targets
    }

    /// The documents read so far, by what they are told apart by (the full path of a file).
    pub fn documents(&self) -> impl Iterator<Item = &str> {
        self.loaded.iter().map(String::as_str)
    }

    /// What is doubtful in the documents read so far.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The value of the constant or parameter `name` that `component` has without being run, SI.
    pub(super) fn given_value(&self, component: &Component, name: &str) -> Option<f64> {
        let of = self.component_type(&component.component_type)?;
        let fixed = || of.fixed.iter().find(|f| f.name == name).map(|f| f.value);
        let constant = || of.constants.iter().find(|c| c.name == name).map(|c| c.value);
        component.parameter(name).or_else(fixed).or_else(constant)
    }

    /// A component of the type `name` that sets nothing.
    pub(super) fn blank(&self, name: &str) -> Option<&Component> {
        self.type_index.get(name).and_then(|at| self.types.get(*at)).map(|t| t.blank())
    }

    /// Counts `count` components as copied; false if that is too many.
    pub(super) fn may_copy(&self, count: usize) -> bool {
        self.copies.fetch_add(count, Ordering::Relaxed).saturating_add(count) <= MAX_COPIES
    }

    /// The dimensions, units and constants known.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }
}
