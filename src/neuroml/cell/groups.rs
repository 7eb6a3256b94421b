//! The segment groups of a morphology: which segments each is.

use std::cell::LazyCell;
use std::collections::HashMap;

use super::report::Report;
use super::segments::Segments;
use crate::error::{ErrorKind, nearest};
use crate::lems::Component;

/// Most memberships over all groups.
const MAX_MEMBERS: usize = 50_000_000;

/// A segment group.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// Where it is written.
    pub(super) component: &'a Component,
    /// Indices of its segments, each once, ascending.
    pub(super) members: Vec<usize>,
}

/// The segment groups, in order of writing.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    pub(super) list: Vec<Group<'a>>,
    index: HashMap<&'a str, usize>,
}

impl<'a> Groups<'a> {
    /// Reads the groups of `morphology`.
    pub(super) fn read(
        morphology: &'a Component,
        segments: &Segments<'_>,
        report: &mut Report,
    ) -> Groups<'a> {
        let mut components: Vec<&Component> = Vec::new();
        let mut index = HashMap::new();
        for component in morphology.in_slot("segmentGroups") {
            let Some(id) = component.id.as_deref() else {
                report.errors.push(component.error(ErrorKind::Name, "a segment group without an id"));
                continue;
            };
            if index.insert(id, components.len()).is_some() {
                let message = format!("a second segment group '{id}'");
                report.errors.push(component.error(ErrorKind::Name, message));
            }
            components.push(component);
        }
        let includes: Vec<Vec<usize>> =
            components.iter().map(|group| included(group, &index, report)).collect();
        // Few groups are said by what lies beyond a segment.
        let children = LazyCell::new(|| segments.children());
        let mut marks = vec![usize::MAX; segments.list.len()];
        let mut members: Vec<Option<Vec<usize>>> = vec![None; components.len()];
        let mut total = 0;
        for group in included_first(&components, &includes, report) {
            let mut found = own(components[group], segments, &|| children.as_slice(), report);
            for &other in &includes[group] {
                found.extend_from_slice(members[other].as_deref().unwrap_or_default());
            }
            found.retain(|&segment| std::mem::replace(&mut marks[segment], group) != group);
            found.sort_unstable();
            total += found.len();
            if total > MAX_MEMBERS {
                let message = format!("segment groups of more than {MAX_MEMBERS} members in all");
                report.errors.push(components[group].error(ErrorKind::Limit, message));
                break;
            }
            members[group] = Some(found);
        }
        let list = components.into_iter().zip(members);
        let list: Vec<Group<'a>> = list
            .map(|(component, members)| Group { component, members: members.unwrap_or_default() })
            .collect();
        for group in list.iter().filter(|group| group.members.is_empty()) {
            report.warn("empty-group", group.component, "this group has no segments");
        }
        Groups { list, index }
    }

    /// The group `id`.
    pub(super) fn find(&self, id: &str) -> Option<&Group<'a>> {
        self.index.get(id).and_then(|&at| self.list.get(at))
    }

    /// The name nearest to `id`, for suggestions.
    pub(super) fn nearest(&self, id: &str) -> Option<&str> {
        nearest(id, self.list.iter().filter_map(|group| group.component.id.as_deref()))
    }
}

/// The groups that `group` includes.
fn included(group: &Component, index: &HashMap<&str, usize>, report: &mut Report) -> Vec<usize> {
    let mut found = Vec::new();
    let mut includes = group.children.cursor_in("includes");
    while let Some(include) = includes.next() {
        let name = include.text("segmentGroup").unwrap_or_default();
        match index.get(name) {
            Some(&at) => found.push(at),
            None => {
                let message = format!("there is no segment group '{name}' to include");
                let error = include.error(ErrorKind::Name, message);
                report.errors.push(match nearest(name, index.keys().copied()) {
                    Some(near) => error.help(format!("did you mean '{near}'?")),
                    None => error,
                });
            }
        }
    }
    found
}

/// The groups, each after those that it includes. Circles are reported and left out.
fn included_first(components: &[&Component], includes: &[Vec<usize>], report: &mut Report) -> Vec<usize> {
    let mut waits: Vec<usize> = includes.iter().map(Vec::len).collect();
    let mut used_by = vec![Vec::new(); includes.len()];
    for (group, others) in includes.iter().enumerate() {
        others.iter().for_each(|&other| used_by[other].push(group));
    }
    let mut order: Vec<usize> = (0..includes.len()).filter(|&group| waits[group] == 0).collect();
    let mut at = 0;
    while let Some(&group) = order.get(at) {
        for &user in &used_by[group] {
            waits[user] -= 1;
            if waits[user] == 0 {
                order.push(user);
            }
        }
        at += 1;
    }
    if let Some(first) = (0..includes.len()).find(|&group| waits[group] > 0) {
        let message = "this group includes itself, directly or by way of others";
        report.errors.push(components[first].error(ErrorKind::Value, message));
    }
    order
}

/// What a group names itself: members, paths and subtrees.
fn own<'c>(
    group: &Component,
    segments: &Segments<'_>,
    children: &dyn Fn() -> &'c [Vec<usize>],
    report: &mut Report,
) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut members = group.children.cursor_in("members");
    while let Some(member) = members.next() {
        found.extend(segments.named(member, report));
    }
    let end = |component: &Component, name: &str, report: &mut Report| match component.in_slot(name).next() {
        Some(end) => segments.named(end, report).map(Some),
        None => Some(None),
    };
    for path in group.in_slot("paths") {
        let (Some(from), Some(to)) = (end(path, "from", report), end(path, "to", report)) else { continue };
        match to {
            Some(to) => found.extend(run(path, from, to, segments, report)),
            // Without an end it is all that lies beyond its start.
            None => found.extend(beyond(from.or(segments.order.first().copied()), children())),
        }
    }
    for tree in group.in_slot("subTrees") {
        let (Some(from), Some(to)) = (end(tree, "from", report), end(tree, "to", report)) else { continue };
        match to {
            Some(to) => found.extend(run(tree, from, to, segments, report)),
            None => found.extend(beyond(from.or(segments.order.first().copied()), children())),
        }
    }
    found
}

/// The segments from `from` (or the root) to `to`, both included.
fn run(
    component: &Component,
    from: Option<usize>,
    to: usize,
    segments: &Segments<'_>,
    report: &mut Report,
) -> Vec<usize> {
    let mut found = vec![to];
    let mut at = to;
    while Some(at) != from {
        match segments.list[at].parent {
            Some((parent, _)) => at = parent,
            None if from.is_none() => break,
            None => {
                let id = |index: usize| segments.list[index].id;
                let from = from.map_or(0, id);
                let message = format!("segment {} does not lie beyond segment {from}", id(to));
                report.errors.push(component.error(ErrorKind::Value, message));
                return Vec::new();
            }
        }
        found.push(at);
    }
    found
}

/// `from` and all segments beyond it.
fn beyond(from: Option<usize>, children: &[Vec<usize>]) -> Vec<usize> {
    let mut found: Vec<usize> = from.into_iter().collect();
    let mut at = 0;
    while let Some(&index) = found.get(at) {
        found.extend_from_slice(&children[index]);
        at += 1;
    }
    found
}
