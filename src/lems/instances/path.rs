//! Where paths lead.

use std::collections::BTreeMap;

use super::{Role, Tree};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::lems::component::Component;

/// Children from which on they are looked up by an index.
const MANY: usize = 16;

/// The children of one instance by slot and by id.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// How many children there were when it was made.
    count: usize,
    // Names of its own: borrowed ones would tie the tree to one lifetime.
    slots: BTreeMap<String, Vec<usize>>,
    ids: BTreeMap<String, Vec<usize>>,
}

/// A step of a path without what is in brackets.
pub(in crate::lems) fn bare(step: &str) -> &str {
    step.split('[').next().unwrap_or_default().trim()
}

/// The steps of a path: split at slashes outside brackets.
pub fn steps(path: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut depth = 0i32;
    let mut begin = 0;
    for (at, c) in path.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '/' if depth == 0 => {
                out.push(path[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    out.push(path[begin..].trim());
    out
}

impl<'a> Tree<'a> {
    /// The one instance that `path` leads to from `from`: `..`, `this`, `parent`, a child or reference by
    /// its name or its component's id, `pop[3]`, `list[key='value']`, `attachments:id:2`.
    ///
    /// # Errors
    /// If it leads nowhere or to several.
    pub fn find(&self, from: usize, path: &str) -> Result<usize> {
        let mut at = vec![from];
        for step in steps(path) {
            at = self.step(&at, step)?;
        }
        match at.as_slice() {
            [one] => Ok(*one),
            [] => Err(Error::new(ErrorKind::Name, format!("'{path}' names nothing"))),
            _ => Err(Error::new(ErrorKind::Name, format!("'{path}' names several components"))),
        }
    }

    /// Where one step of a path leads from `from`.
    ///
    /// # Errors
    /// If the step names what instances there can't have.
    pub fn step(&self, from: &[usize], step: &str) -> Result<Vec<usize>> {
        let mut out = Vec::new();
        for &node in from {
            match step {
                "." | "this" | "" => out.push(node),
                ".." | "parent" => match self.nodes[node].parent {
                    Some(parent) => out.push(parent),
                    None => {
                        let message = "the path leaves the outermost component";
                        return Err(Error::new(ErrorKind::Name, message));
                    }
                },
                _ => out.extend(self.children(node, step)?),
            }
        }
        Ok(out)
    }

    /// The path to `node` from the outermost instance, by ids where there are any: `net/pop[3]/channel`.
    pub fn path_to(&self, node: usize) -> String {
        let mut way: Vec<usize> = self.above(node).filter(|at| self.nodes[*at].parent.is_some()).collect();
        way.reverse();
        let mut path = String::new();
        for node in way.into_iter().map(|at| &self.nodes[at]) {
            let id = node.component.id.as_deref();
            let step = match node.role {
                Role::Item => format!("[{}]", node.index),
                Role::Attached => format!("{}:{}:{}", node.slot, id.unwrap_or_default(), node.index),
                _ => id.unwrap_or(node.slot).to_string(),
            };
            if !(path.is_empty() || step.starts_with('[')) {
                path.push('/');
            }
            path.push_str(&step);
        }
        path
    }

    /// Whether a path from `node` can begin with `step`.
    pub(super) fn has(&self, node: usize, step: &str) -> bool {
        self.children(node, step).is_ok_and(|kids| !kids.is_empty())
    }

    /// The items of the list that `node` is.
    pub fn items(&self, node: usize) -> Vec<usize> {
        let kids = self.nodes[node].kids.iter().copied();
        kids.filter(|kid| self.nodes[*kid].role == Role::Item).collect()
    }

    /// Item `number` of the list that `node` is.
    fn item_at(&self, node: usize, number: usize) -> Option<usize> {
        let kids = &self.nodes[node].kids;
        let is_it = |kid: &usize| self.nodes[*kid].role == Role::Item && self.nodes[*kid].index == number;
        kids.get(number).copied().filter(is_it).or_else(|| kids.iter().copied().find(is_it))
    }

    /// The children of `node` in the slot `name`, and those whose components have that id.
    fn kids_called(&self, node: usize, name: &str) -> (Vec<usize>, Vec<usize>) {
        let kids = &self.nodes[node].kids;
        let in_slot = |kid: &usize| self.nodes[*kid].slot == name && self.nodes[*kid].role != Role::Item;
        let with_id = |kid: &usize| self.nodes[*kid].component.id.as_deref() == Some(name);
        if kids.len() < MANY {
            let of = |wanted: &dyn Fn(&usize) -> bool| kids.iter().copied().filter(wanted).collect();
            return (of(&in_slot), of(&with_id));
        }
        let mut indices = self.indices.borrow_mut();
        let index = indices.entry(node).or_default();
        if index.count != kids.len() {
            *index = Index { count: kids.len(), ..Index::default() };
            for &kid in kids {
                if self.nodes[kid].role != Role::Item {
                    index.slots.entry(self.nodes[kid].slot.to_string()).or_default().push(kid);
                }
                if let Some(id) = self.nodes[kid].component.id.as_deref() {
                    index.ids.entry(id.to_string()).or_default().push(kid);
                }
            }
        }
        let of = |map: &BTreeMap<String, Vec<usize>>| map.get(name).cloned().unwrap_or_default();
        (of(&index.slots), of(&index.ids))
    }

    fn children(&self, node: usize, step: &str) -> Result<Vec<usize>> {
        let this = &self.nodes[node];
        let of = this.of;
        let name = bare(step);
        let predicate = step.strip_prefix(name).and_then(|p| p.strip_prefix('[')?.strip_suffix(']'));
        let predicate = predicate.map(str::trim);
        let number = predicate.and_then(|predicate| predicate.parse::<usize>().ok());
        if let ("", Some(number)) = (name, number) {
            return Ok(self.item_at(node, number).into_iter().collect());
        }
        let (in_slot, with_id) = self.kids_called(node, name);
        let slots = || of.child.iter().chain(&of.children).chain(&of.references).chain(&of.attachments);
        let known = slots().any(|slot| slot.name == name);
        let mut kids = match name {
            "" => self.items(node),
            _ => in_slot,
        };
        if kids.is_empty() && !known {
            kids = with_id;
            kids.extend(this.peers.iter().filter(|(peer, _)| *peer == name).map(|(_, peer)| *peer));
        }
        // An item by its number, and then by the id that all items have: pop/3/cell.
        if kids.is_empty()
            && let Ok(number) = name.parse::<usize>()
            && let Some(item) = self.item_at(node, number)
        {
            kids.push(item);
        } else if kids.is_empty()
            && !known
            && this.role == Role::Item
            && this.component.id.as_deref() == Some(name)
        {
            return Ok(vec![node]);
        }
        // attachments:component:number, as the reference implementation calls what is attached.
        if kids.is_empty()
            && let [slot, id, number] = name.split(':').collect::<Vec<_>>()[..]
            && let Ok(number) = number.parse::<usize>()
        {
            let (_, with_id) = self.kids_called(node, id);
            kids.extend(with_id.into_iter().filter(|kid| self.nodes[*kid].slot == slot).nth(number));
        }
        if kids.is_empty() && !known && !name.is_empty() {
            let error = Error::new(ErrorKind::Name, format!("{} has no '{name}'", this.component.label()));
            let ids = this.kids.iter().filter_map(|kid| self.nodes[*kid].component.id.as_deref());
            return Err(match nearest(name, slots().map(|slot| slot.name.as_str()).chain(ids)) {
                Some(near) => error.help(format!("did you mean '{near}'?")),
                None => error,
            });
        }
        let Some(predicate) = predicate else { return Ok(kids) };
        if let ([list], Some(number)) = (kids.as_slice(), number)
            && let Some(item) = self.item_at(*list, number)
        {
            return Ok(vec![item]);
        }
        // A number after the name of a list chooses among its items.
        let of_list = |kids: &[usize]| match kids {
            [list] if !name.is_empty() => Some(self.items(*list)).filter(|items| !items.is_empty()),
            _ => None,
        };
        if predicate == "*" {
            return Ok(of_list(&kids).unwrap_or(kids));
        }
        if let Ok(number) = predicate.parse::<usize>() {
            let kids = of_list(&kids).unwrap_or(kids);
            return Ok(kids.get(number).copied().into_iter().collect());
        }
        let Some((key, value)) = predicate.split_once('=') else {
            let message = format!("cannot read '[{predicate}]' in a path");
            return Err(Error::new(ErrorKind::Syntax, message).help("written like [*], [0] or [ion='ca']"));
        };
        let value = value.trim_start_matches('=').trim().trim_matches(['\'', '"']);
        let matches = |kid: &usize| attribute(self.nodes[*kid].component, key.trim()) == Some(value);
        Ok(kids.into_iter().filter(matches).collect())
    }
}

/// The attribute `key` of a component as text: its id, a text, path or link, or the id it refers to.
pub(super) fn attribute<'c>(component: &'c Component, key: &str) -> Option<&'c str> {
    let own = if key == "id" { component.id.as_deref() } else { None };
    own.or_else(|| component.text(key)).or_else(|| component.reference(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_outside_brackets() {
        assert_eq!(steps("a/b[x='c/d']/e"), ["a", "b[x='c/d']", "e"]);
        assert_eq!(steps("x"), ["x"]);
        assert_eq!(bare("b[x='c']"), "b");
    }
}
