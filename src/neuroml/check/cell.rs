//! Cells: segments that make a tree, groups that exist, channels that land somewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use super::groups::{Segments, expand, number};
use crate::error::{ErrorKind, Warning, nearest};
use crate::lems::{Component, Set};

/// Groups that describe a cell to people and to other programs, used or not.
const USUAL: &[&str] = &["all", "soma_group", "axon_group", "dendrite_group"];

/// The part of `cell` in `slot`, written within it or referred to.
pub(super) fn part<'a>(cell: &'a Component, slot: &'a str, set: &'a Set) -> Option<&'a Component> {
    cell.in_slot(slot).next().or_else(|| cell.reference(slot).and_then(|id| set.component(id)))
}

/// Checks a cell, or a morphology that stands alone.
pub(super) fn check(component: &Component, set: &Set, findings: &mut Findings) {
    let alone = component.component_type == "morphology";
    let Some(morphology) = (if alone { Some(component) } else { part(component, "morphology", set) }) else {
        if component.reference("morphology").is_none() {
            let message = "the cell has no <morphology>";
            findings.error(component.error(ErrorKind::Syntax, message));
        }
        return;
    };
    let segments = Segments::of(morphology);
    // What is referred to is checked where it stands.
    let mut own = Findings::default();
    tree(morphology, &segments, &mut own);
    let groups = expand(morphology, &segments, &mut own);
    if alone || component.reference("morphology").is_none() {
        findings.errors.extend(own.errors);
        findings.warnings.extend(own.warnings);
    }
    if alone {
        return;
    }
    let mut membrane = Membrane { cell: component, morphology, groups, used: BTreeSet::new(), set, findings };
    let standard = part(component, "biophysicalProperties", set);
    let two_pools = part(component, "biophysicalProperties2CaPools", set);
    let Some(biophysics) = standard.or(two_pools) else {
        if component.reference("biophysicalProperties").is_none() {
            let message = "the cell has no <biophysicalProperties>: it is a shape and cannot be run";
            let warning = Warning::new("no-biophysics", message, component.origin.place());
            membrane.findings.warn(warning);
        }
        return;
    };
    membrane.everything(biophysics);
}

/// One root, parents that exist, no circles, places that are numbers.
fn tree(morphology: &Component, segments: &Segments<'_>, findings: &mut Findings) {
    let mut roots: Vec<&Component> = Vec::new();
    for segment in morphology.in_slot("segments") {
        let id = number(segment.id.as_deref());
        match segment.in_slot("parent").next() {
            None => roots.push(segment),
            Some(parent) => {
                let Some(up) = number(parent.text("segment")) else { continue };
                if Some(up) == id {
                    findings.error(segment.error(ErrorKind::Name, format!("segment {up} is its own parent")));
                } else if !segments.by_id.contains_key(&up) {
                    let message = format!("its parent, segment {up}, does not exist");
                    findings.error(segment.error(ErrorKind::Name, message));
                }
            }
        }
        for end in segment.in_slot("proximal").chain(segment.in_slot("distal")) {
            for axis in ["x", "y", "z", "diameter"] {
                if end.parameter(axis).is_some_and(|x| !x.is_finite()) {
                    findings.error(segment.error(ErrorKind::Value, format!("{axis} is not a number")));
                }
            }
        }
    }
    match roots.as_slice() {
        [] if !segments.by_id.is_empty() => {
            let message = "every segment has a parent: a morphology begins with one that has none";
            findings.error(morphology.error(ErrorKind::Name, message));
        }
        [] => {}
        [root, more @ ..] => {
            if root.in_slot("proximal").next().is_none() {
                let message = "the first segment has no <proximal>: nothing says where it begins";
                findings.error(root.error(ErrorKind::Syntax, message));
            }
            for other in more {
                let message = format!(
                    "a second segment without a parent, after {} at {}: a morphology has one root",
                    root.label(),
                    root.origin.place()
                );
                findings.error(other.error(ErrorKind::Name, message).help("give it a <parent>"));
            }
        }
    }
    if let Some(circle) = circle(segments).filter(|circle| circle.len() > 1)
        && let Some(first) = circle.first().and_then(|id| segments.by_id.get(id))
    {
        let names: Vec<String> = circle.iter().take(8).map(u64::to_string).collect();
        let message = format!("segments are each other's parents in a circle: {}", names.join(", "));
        findings.error(first.error(ErrorKind::Name, message));
    }
}

/// Segments whose way to the root never ends, if there are any.
fn circle(segments: &Segments<'_>) -> Option<Vec<u64>> {
    let mut reached: BTreeSet<u64> = BTreeSet::new();
    for id in segments.by_id.keys().filter(|id| !segments.parent.contains_key(id)) {
        reached.extend(segments.subtree(*id));
    }
    let mut at = *segments.by_id.keys().find(|id| !reached.contains(id))?;
    // After as many steps as there are segments the way is in the circle.
    for _ in 0..segments.by_id.len() {
        at = *segments.parent.get(&at)?;
    }
    let mut found = vec![at];
    while let Some(up) = segments.parent.get(&at).filter(|up| **up != found[0]) {
        found.push(*up);
        at = *up;
    }
    Some(found)
}

/// The biophysical properties of a cell.
struct Membrane<'a> {
    cell: &'a Component,
    morphology: &'a Component,
    groups: BTreeMap<String, BTreeSet<u64>>,
    used: BTreeSet<String>,
    set: &'a Set,
    findings: &'a mut Findings,
}

impl Membrane<'_> {
    fn everything(&mut self, biophysics: &Component) {
        let membrane = biophysics.children.iter().find(|c| self.is(c, "membraneProperties"));
        let inside = biophysics.children.iter().find(|c| self.is(c, "intracellularProperties"));
        let mut ions: BTreeSet<&str> = BTreeSet::new();
        for part in membrane.into_iter().chain(inside).flat_map(|part| &part.children) {
            self.group_of(part);
            if self.is(part, "species") {
                ions.extend(part.text("ion").or(part.id.as_deref()));
                self.reference(part, "concentrationModel", "concentrationModel");
            }
        }
        for density in membrane.into_iter().flat_map(|m| &m.children) {
            if !self.is(density, "baseChannelDensity") && !self.is(density, "baseChannelPopulation") {
                continue;
            }
            self.reference(density, "ionChannel", "baseIonChannel");
            self.density(density, &ions);
        }
        for (what, list) in [("specificCapacitance", membrane), ("resistivity", inside)] {
            if let Some(list) = list.or(membrane) {
                self.covers(list, what);
            }
        }
        self.unused();
    }

    fn is(&self, component: &Component, base: &str) -> bool {
        self.set.is_a(&component.component_type, base)
    }

    /// The group that `part` is on exists and is not empty.
    fn group_of(&mut self, part: &Component) {
        match part.text("segmentGroup") {
            Some(name) => self.group(part, name),
            // What names none is everywhere.
            None => {
                self.used.insert("all".to_string());
            }
        }
    }

    fn group(&mut self, part: &Component, name: &str) {
        self.used.insert(name.to_string());
        let kind = &part.component_type;
        match self.groups.get(name) {
            // The group of everything need not be declared.
            None if name == "all" => {}
            None => {
                let message = format!("segmentGroup=\"{name}\": the morphology has no group '{name}'");
                let error = part.error(ErrorKind::Name, message);
                let error = match nearest(name, self.groups.keys().map(String::as_str)) {
                    Some(near) => error.help(format!("did you mean '{near}'?")),
                    None => error,
                };
                self.findings.error(error);
            }
            Some(segments) if segments.is_empty() => {
                let message = format!("the group '{name}' is empty: this {kind} lands nowhere");
                self.findings.warn(Warning::new("empty-group", message, part.origin.place()));
            }
            Some(_) => {}
        }
    }

    fn reference(&mut self, part: &Component, name: &str, wanted: &str) {
        let Some(id) = part.reference(name) else { return };
        let Some(found) = self.set.component(id) else { return };
        if !self.is(found, wanted) {
            let message = format!("{name}=\"{id}\": '{id}' is a {}, not a {wanted}", found.component_type);
            self.findings.error(part.error(ErrorKind::Name, message));
        }
    }

    fn density(&mut self, density: &Component, ions: &BTreeSet<&str>) {
        for name in ["condDensity", "permeability", "number"] {
            let Some(value) = density.parameter(name) else { continue };
            if value < 0.0 {
                let message = format!("'{name}' is negative");
                self.findings.error(density.error(ErrorKind::Value, message));
            } else if value == 0.0 && density.in_slot("variableParameter").next().is_none() {
                let message = format!("'{name}' is 0: the channel does nothing");
                self.findings.warn(Warning::new("no-conductance", message, density.origin.place()));
            }
        }
        let follows = ["Nernst", "GHK"].iter().any(|part| density.component_type.contains(part));
        if let Some(ion) = density.text("ion").filter(|ion| follows && !ions.contains(ion)) {
            let message = format!(
                "its reversal follows the concentration of '{ion}', of which the cell has no <species>"
            );
            self.findings.error(density.error(ErrorKind::Name, message));
        }
        for variable in density.in_slot("variableParameter") {
            self.group_of(variable);
            let Some(group) = variable.text("segmentGroup") else { continue };
            let declared = self.morphology.in_slot("segmentGroups").find(|g| g.id.as_deref() == Some(group));
            for value in variable.in_slot("inhomogeneousValue") {
                let Some(name) = value.text("inhomogeneousParameter") else { continue };
                let known = declared.is_none_or(|group| {
                    group.in_slot("inhomogeneousParameter").any(|p| p.id.as_deref() == Some(name))
                });
                if !known {
                    let message = format!("the group '{group}' has no inhomogeneousParameter '{name}'");
                    self.findings.error(value.error(ErrorKind::Name, message));
                }
            }
        }
    }

    /// Every segment has a value of what no membrane is without.
    fn covers(&mut self, list: &Component, what: &str) {
        let mut covered: BTreeSet<u64> = BTreeSet::new();
        let mut found = false;
        for value in list.children.iter().filter(|c| c.component_type == what) {
            found = true;
            match value.text("segmentGroup") {
                None | Some("all") => return,
                Some(group) => covered.extend(self.groups.get(group).into_iter().flatten()),
            }
        }
        let all = self.morphology.in_slot("segments").filter_map(|s| number(s.id.as_deref()));
        let bare: Vec<u64> = all.filter(|id| !covered.contains(id)).collect();
        if let Some(first) = bare.first().filter(|_| found) {
            let message = format!("{} segments, segment {first} among them, have no {what}", bare.len());
            self.findings.warn(Warning::new("not-covered", message, list.origin.place()));
        }
    }

    /// Groups that nothing refers to, and groups that are empty.
    fn unused(&mut self) {
        let mut used = std::mem::take(&mut self.used);
        let mut waiting: Vec<String> = used.iter().cloned().collect();
        while let Some(name) = waiting.pop() {
            let group =
                self.morphology.in_slot("segmentGroups").find(|g| g.id.as_deref() == Some(name.as_str()));
            for include in group.into_iter().flat_map(|g| g.in_slot("includes")) {
                if let Some(other) = include.text("segmentGroup").filter(|other| !used.contains(*other)) {
                    used.insert(other.to_string());
                    waiting.push(other.to_string());
                }
            }
        }
        let mut idle = Vec::new();
        let mut first = None;
        for group in self.morphology.in_slot("segmentGroups") {
            let Some(id) = group.id.as_deref() else { continue };
            // A group that is a section says how the cell is cut, whoever else names it.
            let speaks = USUAL.contains(&id) || group.text("neuroLexId").is_some();
            if used.contains(id) || speaks || group.in_slot("inhomogeneousParameter").next().is_some() {
                continue;
            }
            first = first.or(Some(group));
            idle.push(id);
        }
        if let Some(group) = first {
            let shown = idle.iter().take(6).copied().collect::<Vec<_>>().join(", ");
            let more = if idle.len() > 6 { ", …" } else { "" };
            let what = if idle.len() == 1 {
                "segment group that nothing uses"
            } else {
                "segment groups that nothing uses"
            };
            let message = format!("{}: {} {what}: {shown}{more}", self.cell.label(), idle.len());
            self.findings.warn(Warning::new("unused-group", message, group.origin.place()));
        }
    }
}
