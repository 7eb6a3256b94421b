//! The documents that are written, and who has which id.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::{free_id, id_like};
use crate::lems::Element;
use crate::library;
use crate::model::Source;

/// Types of components that stand alone for which the NeuroML 2.3.1 schema has an element.
const ELEMENTS: &[&str] = &[
    "ionChannel",
    "ionChannelHH",
    "ionChannelVShift",
    "ionChannelKS",
    "decayingPoolConcentrationModel",
    "fixedFactorConcentrationModel",
    "alphaCurrentSynapse",
    "alphaSynapse",
    "expOneSynapse",
    "expTwoSynapse",
    "expThreeSynapse",
    "blockingPlasticSynapse",
    "doubleSynapse",
    "gapJunction",
    "silentSynapse",
    "linearGradedSynapse",
    "gradedSynapse",
    "iafTauCell",
    "iafTauRefCell",
    "iafCell",
    "iafRefCell",
    "izhikevichCell",
    "izhikevich2007Cell",
    "adExIaFCell",
    "fitzHughNagumoCell",
    "fitzHughNagumo1969Cell",
    "pinskyRinzelCA3Cell",
    "hindmarshRose1984Cell",
    "pulseGenerator",
    "pulseGeneratorDL",
    "sineGenerator",
    "sineGeneratorDL",
    "rampGenerator",
    "rampGeneratorDL",
    "compoundInput",
    "compoundInputDL",
    "voltageClamp",
    "voltageClampTriple",
    "spikeArray",
    "timedSynapticInput",
    "spikeGenerator",
    "spikeGeneratorRandom",
    "spikeGeneratorPoisson",
    "spikeGeneratorRefPoisson",
    "poissonFiringSynapse",
    "transientPoissonFiringSynapse",
    "IF_curr_alpha",
    "IF_curr_exp",
    "IF_cond_alpha",
    "IF_cond_exp",
    "EIF_cond_exp_isfa_ista",
    "EIF_cond_alpha_isfa_ista",
    "HH_cond_exp",
    "expCondSynapse",
    "alphaCondSynapse",
    "expCurrSynapse",
    "alphaCurrSynapse",
    "SpikeSourcePoisson",
];

const SCHEMA: &str = "http://www.neuroml.org/schema/neuroml2 \
    https://raw.githubusercontent.com/NeuroML/NeuroML2/development/Schemas/NeuroML2/NeuroML_v2.3.1.xsd";

/// Everything that is written.
#[derive(Debug)]
pub(super) struct Documents {
    name: String,
    ids: BTreeSet<String>,
    files: Vec<(PathBuf, Element)>,
    /// Components as they came (without id) and wanted to be called, and what they are called.
    known: Vec<(String, Element, String)>,
    types: Vec<Arc<Element>>,
    /// Components that only LEMS has words for.
    others: Vec<Element>,
}

/// A NeuroML document.
pub(super) fn document(id: &str) -> Element {
    Element::new("neuroml")
        .with("xmlns", "http://www.neuroml.org/schema/neuroml2")
        .with("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
        .with("xsi:schemaLocation", SCHEMA)
        .with("id", id)
}

impl Documents {
    pub(super) fn new(name: &str) -> Documents {
        Documents {
            name: name.to_string(),
            ids: BTreeSet::new(),
            files: Vec::new(),
            known: Vec::new(),
            types: Vec::new(),
            others: Vec::new(),
        }
    }

    /// An id of its own, as near to `name` as can be.
    pub(super) fn id(&mut self, name: &str) -> String {
        free_id(name, &mut self.ids)
    }

    /// Adds a document.
    pub(super) fn add(&mut self, name: String, element: Element) {
        self.files.push((PathBuf::from(name), element));
    }

    /// The name of the document of what only LEMS has words for.
    fn lems(&self) -> String {
        format!("{}.lems.xml", self.name)
    }

    /// Names of the NeuroML documents so far.
    pub(super) fn names(&self) -> Vec<String> {
        self.files.iter().map(|(name, _)| name.display().to_string()).collect()
    }

    /// The name of the document of what only LEMS has words for, if there is one. NeuroML documents include none such: a simulation
    /// includes both.
    pub(super) fn name_of_lems(&self) -> Option<String> {
        (!self.others.is_empty() || !self.types.is_empty()).then(|| self.lems())
    }

    /// Writes `component`, which is to be called like `wanted`, unless it is written already, in a document of the
    /// `kind`; gives its id.
    pub(super) fn component(
        &mut self,
        source: &Source,
        component: &Element,
        wanted: &str,
        kind: &str,
    ) -> String {
        self.component_in(source, component, wanted, kind, None)
    }

    /// As [`component`](Documents::component), in the document of the `kind` that is called `shared`.
    pub(super) fn component_in(
        &mut self,
        source: &Source,
        component: &Element,
        wanted: &str,
        kind: &str,
        shared: Option<&str>,
    ) -> String {
        for found in &source.types {
            if !self.types.contains(found) {
                self.types.push(Arc::clone(found));
            }
        }
        let mut bare = component.clone();
        bare.attributes.retain(|a| a.name != "id");
        if let Some((.., id)) = self.known.iter().find(|(name, known, _)| name == wanted && *known == bare) {
            return id.clone();
        }
        let id = self.id(wanted);
        let mut named = match bare.name.as_str() {
            // The schema has no element of that name.
            "ionChannelPassive" => {
                Element::new("ionChannel").with("id", &id).with("type", "ionChannelPassive")
            }
            name => Element::new(name).with("id", &id),
        };
        // Known from here on, so that what refers to itself comes to an end.
        self.known.push((wanted.to_string(), bare.clone(), id.clone()));
        // What it stands on comes first, under the id that it gets here.
        for mut attribute in bare.attributes.clone() {
            let used = source.uses.iter().find(|used| used.get("id") == Some(&attribute.value));
            if let Some(used) = used.filter(|used| used.get("id") != component.get("id")) {
                let own = used.clone();
                attribute.value = self.component(source, &own, plain(&attribute.value), kind);
            }
            named.attributes.push(attribute);
        }
        named.children = bare.children;
        let in_schema = ELEMENTS.contains(&named.name.as_str()) && self.is_core(&named);
        if in_schema {
            let called = shared.map_or_else(|| id.clone(), id_like);
            let name = format!("{called}.{kind}.nml");
            match self
                .files
                .iter_mut()
                .find(|(known, _)| shared.is_some() && known.as_os_str() == name.as_str())
            {
                Some((_, document)) => document.children.push(named),
                None => self.add(name, document(&format!("{called}_doc")).child(named)),
            }
        } else {
            self.others.push(named);
        }
        id
    }

    /// Whether all types of `element` and what is in it are of the core.
    fn is_core(&self, element: &Element) -> bool {
        let named = element.get("type").unwrap_or(&element.name);
        let is_core = library::core().is_ok_and(|core| core.component_type(named).is_some());
        is_core && element.children.iter().all(|child| self.is_core(child))
    }

    /// The texts of all documents; those that only LEMS has words for come first.
    pub(super) fn finish(self) -> Vec<(PathBuf, String)> {
        let lems = PathBuf::from(self.lems());
        let mut files = Vec::new();
        if !self.types.is_empty() || !self.others.is_empty() {
            let mut root = Element::new("Lems");
            root.children.extend(self.types.iter().map(|t| Element::clone(t)));
            root.children.extend(self.others);
            files.push((lems, root));
        }
        files.extend(self.files);
        let text =
            |element: &Element| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", element.to_xml());
        files.into_iter().map(|(name, element)| (name, text(&element))).collect()
    }
}

/// An id without what an experiment file adds to tell equal ones apart.
pub(super) fn plain(id: &str) -> &str {
    id.split(' ').next().unwrap_or(id)
}
