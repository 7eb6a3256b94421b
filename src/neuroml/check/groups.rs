//! Segment groups: which segments each holds.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use crate::error::{ErrorKind, nearest};
use crate::lems::Component;

/// The segments of a morphology by id, with the parent of each.
pub(super) struct Segments<'a> {
    /// The segments.
    pub(super) by_id: BTreeMap<u64, &'a Component>,
    /// Parent of each that has one which exists.
    pub(super) parent: BTreeMap<u64, u64>,
    /// Children of each.
    children: BTreeMap<u64, Vec<u64>>,
}

impl<'a> Segments<'a> {
    /// Those of `morphology`; of two with one id the first.
    pub(super) fn of(morphology: &'a Component) -> Segments<'a> {
        let mut by_id = BTreeMap::new();
        for segment in morphology.in_slot("segments") {
            if let Some(id) = number(segment.id.as_deref()) {
                by_id.entry(id).or_insert(segment);
            }
        }
        let mut parent = BTreeMap::new();
        let mut children: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (id, segment) in &by_id {
            let up = segment.in_slot("parent").next().and_then(|p| number(p.text("segment")));
            if let Some(up) = up.filter(|up| by_id.contains_key(up)) {
                parent.insert(*id, up);
                children.entry(up).or_default().push(*id);
            }
        }
        Segments { by_id, parent, children }
    }

    /// `from` and all beyond it.
    pub(super) fn subtree(&self, from: u64) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(id) = waiting.pop() {
            if found.insert(id) {
                waiting.extend(self.children.get(&id).into_iter().flatten());
            }
        }
        found
    }

    /// From `to` up to `from`, both with it; `None` if one does not lie beyond the other.
    fn path(&self, from: u64, to: u64) -> Option<BTreeSet<u64>> {
        let mut found = BTreeSet::from([to]);
        let mut at = to;
        while at != from {
            at = *self.parent.get(&at)?;
            if !found.insert(at) {
                return None;
            }
        }
        Some(found)
    }
}

/// A whole number.
pub(super) fn number(text: Option<&str>) -> Option<u64> {
    text?.trim().parse().ok()
}

/// The segments of every group, those of groups that are wrong in part without that part.
pub(super) fn expand(
    morphology: &Component,
    segments: &Segments<'_>,
    findings: &mut Findings,
) -> BTreeMap<String, BTreeSet<u64>> {
    let mut groups: BTreeMap<&str, &Component> = BTreeMap::new();
    for group in morphology.in_slot("segmentGroups") {
        groups.entry(group.id.as_deref().unwrap_or_default()).or_insert(group);
    }
    let mut done: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    // Own segments first, then what groups include, as long as something is added by order.
    for (name, group) in &groups {
        done.insert((*name).to_string(), own(group, segments, findings));
        for include in group.in_slot("includes") {
            let Some(other) = include.text("segmentGroup") else { continue };
            if !groups.contains_key(other) {
                let message = format!("segmentGroup=\"{other}\": the morphology has no group '{other}'");
                let error = include.error(ErrorKind::Name, message);
                findings.error(match nearest(other, groups.keys().copied()) {
                    Some(near) => error.help(format!("did you mean '{near}'?")),
                    None => error,
                });
            }
        }
    }
    for name in order(&groups, findings) {
        let Some(group) = groups.get(name.as_str()) else { continue };
        let mut all = done.remove(&name).unwrap_or_default();
        for include in group.in_slot("includes") {
            if let Some(other) = include.text("segmentGroup").and_then(|other| done.get(other)) {
                all.extend(other);
            }
        }
        done.insert(name, all);
    }
    done
}

/// The groups, each after those it includes. What is in a circle is told and comes last.
fn order(groups: &BTreeMap<&str, &Component>, findings: &mut Findings) -> Vec<String> {
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut includers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, group) in groups {
        let included = group.in_slot("includes").filter_map(|i| i.text("segmentGroup"));
        let known: Vec<&str> = included.filter(|other| groups.contains_key(other)).collect();
        missing.insert(name, known.len());
        for other in known {
            includers.entry(other).or_default().push(name);
        }
    }
    let mut ready: Vec<&str> = missing.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
    let mut sorted: Vec<String> = Vec::new();
    while let Some(name) = ready.pop() {
        sorted.push(name.to_string());
        for includer in includers.get(name).into_iter().flatten() {
            if let Some(left) = missing.get_mut(includer) {
                *left -= 1;
                if *left == 0 {
                    ready.push(includer);
                }
            }
        }
    }
    let left: Vec<&str> = missing.iter().filter(|(_, n)| **n > 0).map(|(name, _)| *name).collect();
    if let Some(group) = left.first().and_then(|name| groups.get(name)) {
        let message = format!("segment groups include each other in a circle: {}", left.join(", "));
        findings.error(group.error(ErrorKind::Name, message));
    }
    sorted
}

/// The segments that a group names itself.
fn own(group: &Component, segments: &Segments<'_>, findings: &mut Findings) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let mut place = |at: &Component| -> Option<u64> {
        let id = number(at.text("segment"))?;
        if !segments.by_id.contains_key(&id) {
            let message = format!("segment=\"{id}\": the morphology has no segment {id}");
            findings.error(at.error(ErrorKind::Name, message));
            return None;
        }
        Some(id)
    };
    for member in group.in_slot("members") {
        found.extend(place(member));
    }
    let mut wrong_paths = Vec::new();
    for path in group.in_slot("paths").chain(group.in_slot("subTrees")) {
        let from = path.in_slot("from").next();
        let to = path.in_slot("to").next();
        let (from, to) = (from.map(&mut place), to.map(&mut place));
        match (from, to) {
            (Some(Some(from)), Some(Some(to))) => match segments.path(from, to) {
                Some(between) => found.extend(between),
                None => wrong_paths.push((path, from, to)),
            },
            (Some(Some(from)), None) if path.slot == "subTrees" => found.extend(segments.subtree(from)),
            (Some(Some(from)), None) => found.extend(segments.subtree(from)),
            (None, Some(Some(to))) => {
                let root = segments.by_id.keys().find(|id| !segments.parent.contains_key(id));
                found.extend(root.and_then(|root| segments.path(*root, to)).unwrap_or_default());
            }
            _ => {}
        }
    }
    for (path, from, to) in wrong_paths {
        let message = format!("segment {to} does not lie beyond segment {from}");
        findings.error(path.error(ErrorKind::Name, message));
    }
    found
}
