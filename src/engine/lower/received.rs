//! What a cell without a shape sums up over the things attached to it: its inputs `synapses[*]/i`,
//! `inputs[*]/I`, ….

use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};

/// An input of a cell that is a sum over what is attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum<'a> {
    /// The name of the input.
    pub input: &'a str,
    /// The list of attached things.
    list: &'a str,
    /// What of them is summed up.
    exposure: &'a str,
    /// Where it is gathered: `None` for the node's current, with the conductance that belongs to it, else the
    /// number of an array of its own.
    pub array: Option<u16>,
}

/// One exposure that an attached thing gives to its cell: its name, and where it is gathered.
pub type Given = (String, Option<u16>);

/// What is given to a compartment of a cell with a shape.
pub fn current_alone() -> Vec<Given> {
    vec![("i".to_string(), None)]
}

/// The sums that `cell` reads.
pub fn sums(cell: &Dynamics) -> Vec<Sum<'_>> {
    let mut sums: Vec<Sum<'_>> = Vec::new();
    for input in &cell.inputs {
        let (list, exposure) = match input.name.split_once("[*]/") {
            Some((list, exposure)) if !exposure.contains('/') => (list, exposure),
            // Cells that are told their whole synaptic current.
            None if input.name == "iSyn" => ("", "i"),
            _ => continue,
        };
        // The first sum of currents is the node's current.
        let is_current = exposure == "i" && !sums.iter().any(|sum| sum.array.is_none());
        let others = sums.iter().filter(|sum| sum.array.is_some()).count();
        let array = (!is_current).then_some(others as u16);
        sums.push(Sum { input: &input.name, list, exposure, array });
    }
    sums
}

/// What `placed` gives to `cell`: it goes into `wanted`, else into the first list that is for its type, or else into
/// the first of which something it exposes is summed up.
///
/// # Errors
/// If the cell has no place for it.
pub fn given(cell: &Dynamics, placed: &Dynamics, wanted: Option<&str>) -> Result<Vec<Given>> {
    let sums = sums(cell);
    let exposes = |sum: &&Sum<'_>| placed.exposed(sum.exposure).is_some();
    let of_type = cell
        .attachments
        .iter()
        .find(|(list, of)| placed.is_a(of) && sums.iter().filter(exposes).any(|sum| sum.list == list));
    let list = match (wanted, of_type) {
        (Some(_), _) => wanted,
        (None, Some((list, _))) => Some(list.as_str()),
        (None, None) => sums.iter().find(exposes).map(|sum| sum.list),
    };
    let given: Vec<Given> = sums
        .iter()
        .filter(exposes)
        .filter(|sum| Some(sum.list) == list)
        .map(|sum| (sum.exposure.to_string(), sum.array))
        .collect();
    if !given.is_empty() {
        return Ok(given);
    }
    // A list of which the cell reads nothing holds what is only looked at.
    let unread = |list: &str| sums.iter().all(|sum| sum.list != list);
    if cell.attachments.iter().any(|(list, of)| placed.is_a(of) && unread(list)) {
        return Ok(given);
    }
    let wanted: Vec<&str> = sums.iter().map(|sum| sum.input).collect();
    let message = format!("'{}' can't be placed on '{}'", placed.name, cell.name);
    let error =
        Error::new(ErrorKind::Unsupported, message).in_element(format!("<{}>", placed.component_type));
    Err(match wanted.is_empty() {
        true => error.help(format!("a {} takes no inputs", cell.component_type)),
        false => {
            error.help(format!("a {} sums up {} of what is on it", cell.component_type, wanted.join(", ")))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::Variable;
    use crate::units::Dimension;

    fn exposing(name: &str, of: &str, names: &[&str]) -> Dynamics {
        let exposures = names.iter().map(|n| (n.to_string(), n.to_string())).collect();
        Dynamics { name: name.into(), component_type: of.into(), exposures, ..Dynamics::default() }
    }

    #[test]
    fn what_is_attached_goes_to_the_list_of_its_type() {
        let input = |name: &str| Variable { name: name.into(), dimension: Dimension::NONE };
        let names = ["v", "inputs[*]/I", "synapses[*]/i", "inputs[*]/i", "t"];
        let lists = [("synapses", "synapse"), ("inputs", "input")];
        let cell = Dynamics {
            inputs: names.iter().map(|n| input(n)).collect(),
            attachments: lists.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect(),
            ..Dynamics::default()
        };
        let found: Vec<_> = sums(&cell).iter().map(|sum| (sum.input, sum.array)).collect();
        assert_eq!(found, [("inputs[*]/I", Some(0)), ("synapses[*]/i", None), ("inputs[*]/i", Some(1))]);
        let on = |of: &str, names: &[&str]| given(&cell, &exposing("x", of, names), None);
        let own =
            |list: &[(&str, Option<u16>)]| list.iter().map(|(n, a)| (n.to_string(), *a)).collect::<Vec<_>>();
        assert_eq!(on("synapse", &["i"]).unwrap(), own(&[("i", None)]));
        assert_eq!(on("input", &["i", "I"]).unwrap(), own(&[("I", Some(0)), ("i", Some(1))]));
        // Where it is told to go.
        let told = |list: &str| given(&cell, &exposing("x", "synapse", &["i"]), Some(list));
        assert_eq!(told("inputs").unwrap(), own(&[("i", Some(1))]));
        assert!(told("others").is_err());
        // Of no known type: where it fits.
        assert_eq!(on("other", &["i"]).unwrap(), own(&[("i", None)]));
        assert!(on("synapse", &["g"]).unwrap_err().to_string().contains("can't be placed"));
    }
}
