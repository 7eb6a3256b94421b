//! Where something is: the attributes `segmentGroup` and `segment`.

use super::groups::Groups;
use super::report::Report;
use super::segments::Segments;
use crate::error::ErrorKind;
use crate::lems::Component;
use crate::select::Region;

/// The segments and groups of the cell that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) segments: &'a Segments<'a>,
    pub(super) groups: &'a Groups<'a>,
}

/// A part of the cell.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The same as a region.
    pub(super) region: Region,
    /// Indices of its segments, ascending.
    pub(super) members: Vec<usize>,
}

impl Places<'_> {
    /// The whole cell.
    pub(super) fn all(&self) -> Part {
        Part { region: Region::All, members: (0..self.segments.list.len()).collect() }
    }

    /// Where `component` is: its `segment`, else its `segmentGroup`, else everywhere.
    pub(super) fn of(&self, component: &Component, report: &mut Report) -> Option<Part> {
        let group = component.text("segmentGroup");
        if component.text("segment").is_some() {
            if let Some(group) = group {
                let message = format!("both segment and segmentGroup=\"{group}\" are given: give one");
                report.errors.push(component.error(ErrorKind::Value, message));
                return None;
            }
            let index = self.segments.named(component, report)?;
            let region = Region::Segment(self.segments.list[index].id);
            return Some(Part { region, members: vec![index] });
        }
        self.group(component, group.unwrap_or("all"), report)
    }

    /// The group `id`, which `component` names. `all` is the whole cell unless a group says otherwise.
    pub(super) fn group(&self, component: &Component, id: &str, report: &mut Report) -> Option<Part> {
        let Some(group) = self.groups.find(id) else {
            if id == "all" {
                return Some(self.all());
            }
            let message = format!("there is no segment group '{id}'");
            let error = component.error(ErrorKind::Name, message);
            report.errors.push(match self.groups.nearest(id) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            });
            return None;
        };
        if group.members.len() == self.segments.list.len() {
            return Some(self.all());
        }
        Some(Part { region: Region::Group(id.to_string()), members: group.members.clone() })
    }

    /// The part of the cell that has the segments `members`, ascending.
    pub(super) fn part(&self, members: Vec<usize>) -> Part {
        let segment = |&index: &usize| Region::Segment(self.segments.list[index].id);
        Part { region: Region::Union(members.iter().map(segment).collect()), members }
    }
}
