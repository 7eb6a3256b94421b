//! Putting derived variables and start assignments into an order in which they can be computed.

use std::collections::BTreeMap;

use super::Start;
use crate::dynamics::{Assignment, Derived, Dynamics};
use crate::error::{Error, ErrorKind, Result};
use crate::lems::raw::Origin;

/// Sorts derived variables so that each comes after those it reads, else as they were.
///
/// # Errors
/// If some read each other in a circle, naming them.
pub(super) fn derived(variables: Vec<(Derived, Origin)>) -> Result<Vec<Derived>> {
    let index: BTreeMap<&str, usize> =
        variables.iter().enumerate().map(|(i, (d, _))| (d.name.as_str(), i)).collect();
    let reads: Vec<Vec<usize>> = variables
        .iter()
        .map(|(d, _)| {
            let mut out = Vec::new();
            d.value.visit_names(&mut |name| out.extend(index.get(name).copied()));
            out
        })
        .collect();
    let order = match topological(&reads) {
        Ok(order) => order,
        Err(circle) => {
            let names: Vec<&str> = circle.iter().map(|i| variables[*i].0.name.as_str()).collect();
            let place = circle.first().map(|i| variables[*i].1.place()).unwrap_or_default();
            let first = names.first().copied().unwrap_or_default();
            let message =
                format!("derived variables depend on each other: {} -> {first}", names.join(" -> "));
            return Err(Error::new(ErrorKind::Value, message).at(place));
        }
    };
    let mut slots: Vec<Option<Derived>> = variables.into_iter().map(|(d, _)| Some(d)).collect();
    Ok(order.into_iter().filter_map(|i| slots[i].take()).collect())
}

/// Sorts start assignments: those of one component stay in order, and where an assignment reads a
/// state that another component assigns, that other one goes first. Circles stay as written.
pub(super) fn starts(starts: Vec<Start>, out: &Dynamics) -> Vec<Assignment> {
    // Which states each derived variable depends on, in the end.
    let mut states_of: BTreeMap<&str, Vec<usize>> =
        out.states.iter().enumerate().map(|(i, s)| (s.name.as_str(), vec![i])).collect();
    for derived in &out.derived {
        let mut depends: Vec<usize> = Vec::new();
        derived
            .value
            .visit_names(&mut |name| depends.extend(states_of.get(name).into_iter().flatten().copied()));
        depends.sort_unstable();
        depends.dedup();
        states_of.insert(&derived.name, depends);
    }
    let after: Vec<Vec<usize>> = starts
        .iter()
        .enumerate()
        .map(|(i, start)| {
            let mut reads: Vec<usize> = Vec::new();
            start.assignment.value.visit_names(&mut |name| {
                reads.extend(states_of.get(name).into_iter().flatten().copied());
            });
            let before = |j: usize, other: &Start| {
                (other.node == start.node && j < i)
                    || (other.node != start.node && reads.contains(&other.assignment.state))
            };
            starts.iter().enumerate().filter(|(j, other)| before(*j, other)).map(|(j, _)| j).collect()
        })
        .collect();
    let order = topological(&after).unwrap_or_else(|_| (0..starts.len()).collect());
    let mut slots: Vec<Option<Assignment>> = starts.into_iter().map(|s| Some(s.assignment)).collect();
    order.into_iter().filter_map(|i| slots[i].take()).collect()
}

/// An order in which every item comes after those in `before[item]`, else by number; or a circle.
fn topological(before: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; before.len()];
    let mut order = Vec::with_capacity(before.len());
    for root in 0..before.len() {
        if marks[root] != Mark::New {
            continue;
        }
        marks[root] = Mark::Open;
        let mut stack = vec![(root, 0)];
        while let Some((item, next)) = stack.pop() {
            match before[item].get(next) {
                None => {
                    marks[item] = Mark::Done;
                    order.push(item);
                }
                Some(&earlier) => {
                    stack.push((item, next + 1));
                    match marks[earlier] {
                        Mark::Done => {}
                        Mark::New => {
                            marks[earlier] = Mark::Open;
                            stack.push((earlier, 0));
                        }
                        Mark::Open => {
                            let from = stack.iter().position(|(i, _)| *i == earlier).unwrap_or(0);
                            return Err(stack[from..].iter().map(|(i, _)| *i).collect());
                        }
                    }
                }
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_and_after_what_is_read() {
        assert_eq!(topological(&[vec![2], vec![], vec![3], vec![]]), Ok(vec![3, 2, 0, 1]));
        assert_eq!(topological(&[vec![], vec![], vec![]]), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn circles_are_found() {
        assert_eq!(topological(&[vec![], vec![2], vec![3], vec![1]]), Err(vec![1, 2, 3]));
        assert_eq!(topological(&[vec![0]]), Err(vec![0]));
    }

    #[test]
    fn long_chains_need_no_stack() {
        let chain: Vec<Vec<usize>> =
            (0..200_000).map(|i| if i + 1 < 200_000 { vec![i + 1] } else { vec![] }).collect();
        assert_eq!(topological(&chain).map(|o| o.len()), Ok(200_000));
    }
}
