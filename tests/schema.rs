//! The component types of `channels/core` against the schema of NeuroML, where the corpus is at hand: every element has
//! its type, with the attributes and the children that the schema gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use neuropil::lems::raw::parse;
use neuropil::lems::{ComponentType, Element, Set};
use neuropil::library;

/// Attributes that any element may have, and that say nothing about the model.
const FREE: &[&str] = &["id", "metaid", "name", "neuroLexId", "type"];

/// Differences that are meant: element, what, why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("channelDensity", "asks for condDensity", VARIES),
    ("channelDensityGHK2", "asks for condDensity", VARIES),
    ("channelDensityNernst", "asks for condDensity", VARIES),
    ("channelDensityNernstCa2", "asks for condDensity", VARIES),
    ("channelDensityVShift", "asks for condDensity", VARIES),
    ("ionChannel", "asks for conductance", NUMBERS),
    ("ionChannelHH", "asks for conductance", NUMBERS),
    ("ionChannelKS", "asks for conductance", NUMBERS),
    ("ionChannelVShift", "asks for conductance", NUMBERS),
    ("timeCourse", "does not take midpoint", OWN_RATES),
    ("timeCourse", "does not take rate", OWN_RATES),
    ("timeCourse", "does not take scale", OWN_RATES),
    ("biophysicalProperties", "does not hold extracellularProperties", OUTSIDE),
    ("biophysicalProperties2CaPools", "does not hold extracellularProperties", OUTSIDE),
    ("network", "does not hold extracellularProperties", OUTSIDE),
    ("extracellularProperties", "has no type", OUTSIDE),
];

/// LEMS has no parameter that may be left out; a density that varies is a `channelDensityNonUniform`.
const VARIES: &str = "one that varies is of another type";
const NUMBERS: &str = "the published types ask for it, and equations need it";
const OWN_RATES: &str = "the schema lets types of one's own stand here, which may have others";
const OUTSIDE: &str = "has no published type, and is refused";

/// A complex type of the schema.
#[derive(Default)]
struct Complex<'x> {
    base: Option<&'x str>,
    /// Attributes and whether they are required.
    attributes: Vec<(&'x str, bool)>,
    /// Children: name, type, whether there has to be one.
    children: Vec<(&'x str, &'x str, bool)>,
}

struct Schema<'x> {
    types: BTreeMap<&'x str, Complex<'x>>,
    groups: BTreeMap<&'x str, &'x Element>,
}

impl<'x> Schema<'x> {
    fn read(root: &'x Element) -> Schema<'x> {
        let named = |name: &'static str| {
            root.children.iter().filter(move |c| c.name == name).filter_map(|c| Some((c.get("name")?, c)))
        };
        let mut schema = Schema { types: BTreeMap::new(), groups: named("xs:group").collect() };
        for (name, element) in named("xs:complexType") {
            let mut complex = Complex::default();
            schema.collect(element, true, &mut complex);
            schema.types.insert(name, complex);
        }
        schema
    }

    fn collect(&self, element: &'x Element, needed: bool, out: &mut Complex<'x>) {
        for child in &element.children {
            let needed = needed && child.get("minOccurs") != Some("0");
            match child.name.as_str() {
                "xs:attribute" => {
                    let Some(name) = child.get("name") else { continue };
                    out.attributes.push((name, child.get("use") == Some("required")));
                }
                "xs:element" => {
                    if let (Some(name), Some(of)) = (child.get("name"), child.get("type")) {
                        out.children.push((name, of, needed));
                    }
                }
                "xs:extension" => {
                    out.base = child.get("base");
                    self.collect(child, needed, out);
                }
                "xs:group" => {
                    if let Some(group) = child.get("ref").and_then(|name| self.groups.get(name)) {
                        self.collect(group, false, out);
                    }
                }
                "xs:choice" => self.collect(child, false, out),
                "xs:sequence" | "xs:all" | "xs:complexContent" | "xs:simpleContent" => {
                    self.collect(child, needed, out);
                }
                _ => {}
            }
        }
    }

    /// A type with all that it inherits.
    fn whole(&self, name: &str) -> Complex<'x> {
        let mut out = Complex::default();
        let mut at = self.types.get_key_value(name);
        while let Some((_, complex)) = at {
            out.attributes.extend(&complex.attributes);
            out.children.extend(&complex.children);
            at = complex.base.and_then(|base| self.types.get_key_value(base));
        }
        out
    }
}

/// How a component of the type `of` takes the attribute `name`: whether it has to be there, if it takes it.
fn takes(of: &ComponentType, name: &str) -> Option<bool> {
    if of.fixed.iter().any(|f| f.name == name) {
        return Some(false);
    }
    if of.parameter(name).is_some() {
        return Some(true);
    }
    let slots = of.references.iter().chain(&of.links).chain(&of.child).any(|slot| slot.name == name);
    let texts = [&of.texts, &of.paths, &of.index_parameters, &of.component_requirements];
    let known = slots
        || of.properties.iter().any(|p| p.name == name)
        || texts.into_iter().any(|list| list.iter().any(|t| t == name));
    known.then_some(false)
}

/// The types that an element `name` in one of the types `within` may be of: that of the place, and what extends it.
fn candidates<'a>(set: &'a Set, within: &[&'a ComponentType], name: &str) -> Vec<&'a ComponentType> {
    let slots = within.iter().flat_map(|of| of.child.iter().chain(&of.children));
    let place = slots.filter(|slot| slot.name == name).map(|slot| slot.component_type.as_str()).next();
    let place = place.or_else(|| PLACES.iter().find(|(known, _)| *known == name).map(|(_, of)| *of));
    let Some(base) =
        set.component_type(name).map(|of| of.name.as_str()).filter(|_| place.is_none()).or(place)
    else {
        return Vec::new();
    };
    let mut out: Vec<&ComponentType> = set.component_type(base).into_iter().collect();
    // A place for any kind of something: its element says by an attribute which.
    if base.starts_with("base") || base == "gate" {
        out.extend(set.types().filter(|of| of.name != base && of.is_a(base)));
    }
    out
}

/// Places whose elements say by an attribute what they are, under another name than the schema's.
const PLACES: &[(&str, &str)] =
    &[("blockMechanism", "baseBlockMechanism"), ("plasticityMechanism", "basePlasticityMechanism")];

/// Whether one of the types `all` takes children called `name`.
fn holds(set: &Set, all: &[&ComponentType], name: &str) -> bool {
    let mut slots = all.iter().flat_map(|of| of.child.iter().chain(&of.children));
    slots.any(|slot| slot.name == name || set.is_a(name, &slot.component_type))
}

#[test]
fn every_element_of_the_schema_has_its_type() {
    let corpus = std::env::var_os("NEUROPIL_CORPUS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    let path = corpus.join("neuroml-spec/NeuroML_v2.3.1.xsd");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: there is no {}", path.display());
        return;
    };
    let root = parse(&text, &path).unwrap();
    let schema = Schema::read(&root);
    let core = library::core().unwrap();
    let mut found = BTreeSet::new();
    let (mut elements, mut attributes) = (BTreeSet::new(), 0);
    let mut waiting: Vec<(&str, &str, Vec<&ComponentType>)> =
        vec![("neuroml", "NeuroMLDocument", Vec::new())];
    let mut seen = BTreeSet::new();
    while let Some((element, type_name, within)) = waiting.pop() {
        // The language of types itself.
        if element == "ComponentType" || !seen.insert((element, type_name)) {
            continue;
        }
        let complex = schema.whole(type_name);
        let all = candidates(core, &within, element);
        waiting.extend(complex.children.iter().map(|(name, of, _)| (*name, *of, all.clone())));
        if element == "neuroml" {
            continue;
        }
        elements.insert(element);
        let mut note = |what: String| found.insert((element.to_string(), what));
        if all.is_empty() {
            note("has no type".to_string());
            continue;
        }
        for (name, required) in complex.attributes.iter().filter(|(name, _)| !FREE.contains(name)) {
            attributes += 1;
            let taken: Vec<bool> = all.iter().filter_map(|of| takes(of, name)).collect();
            if taken.is_empty() {
                note(format!("does not take {name}"));
            } else if taken.len() == all.len() && taken.iter().all(|asked| *asked) && !required {
                note(format!("asks for {name}"));
            }
        }
        if let [of] = all[..] {
            for parameter in of.parameters.iter().filter(|p| !of.fixed.iter().any(|f| f.name == p.name)) {
                if !complex.attributes.iter().any(|(name, _)| *name == parameter.name) {
                    note(format!("asks for {}, which the schema lacks", parameter.name));
                }
            }
        }
        for (name, of, _) in &complex.children {
            // An element that says its own type goes wherever that type does.
            let typed = schema.whole(of).attributes.iter().any(|(name, _)| *name == "type");
            if !typed && !holds(core, &all, name) {
                note(format!("does not hold {name}"));
            }
        }
    }
    let expected: BTreeSet<(String, String)> =
        DIFFERENCES.iter().map(|(element, what, _)| (element.to_string(), what.to_string())).collect();
    let list = |set: &BTreeSet<(String, String)>, other: &BTreeSet<(String, String)>| -> Vec<String> {
        set.difference(other).map(|(element, what)| format!("<{element}> {what}")).collect()
    };
    assert!(elements.len() > 100 && attributes > 300, "{} elements, {attributes} attributes", elements.len());
    let (new, gone) = (list(&found, &expected), list(&expected, &found));
    assert!(new.is_empty(), "{}", new.join("\n"));
    assert!(gone.is_empty(), "no longer so:\n{}", gone.join("\n"));
}
