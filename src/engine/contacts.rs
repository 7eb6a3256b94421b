//! Single contacts: synapses and inputs at places of single cells.

use std::collections::BTreeSet;

use super::catalog::Catalog;
use super::couple::shown;
use super::families::{Shared, families};
use super::lower::PointKind;
use super::members::PlacedAt;
use super::resolve::{Resolution, Resolved, in_population, nodes_of, noise_steps, placed_kind};
use super::senders::heard_lists;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, PopulationCell, Use};

/// Where a contact is on its cell.
#[derive(Debug, Clone, Copy, Default)]
pub struct ContactPlace {
    /// Index among what is placed on the cell.
    pub slot: u32,
    /// Which instance of it.
    pub instance: u32,
}

impl Resolution<'_> {
    /// Puts the contacts of all attachments on their cells: linear in their number.
    pub(super) fn add_attachments(&mut self, model: &Model, catalog: &mut Catalog) -> Result<()> {
        let (shown, shared, heard) = (shown(model), families(model), heard_lists(model));
        for (number, list) in model.attachments.iter().enumerate() {
            let named = |e: Error| e.in_element(format!("attachments '{}'", list.name));
            let places = self
                .attach(model, number, (&shown[number], &shared[number], &heard), catalog)
                .map_err(named)?;
            self.contacts.push(places);
        }
        Ok(())
    }

    fn attach(
        &mut self,
        model: &Model,
        number: usize,
        (shown, shared, heard): (&[String], &Shared, &BTreeSet<usize>),
        catalog: &mut Catalog,
    ) -> Result<Vec<ContactPlace>> {
        let list = &model.attachments[number];
        let population = &model.populations[list.population];
        let sections = match &population.cell {
            PopulationCell::Cable(cell) => cell.morphology.sections.len(),
            _ => 0,
        };
        let mut places = vec![ContactPlace::default(); list.contacts.len()];
        let reads_weight = list.dynamics.inputs.iter().any(|input| input.name == "weight");
        let varies = reads_weight && list.contacts.iter().any(|contact| contact.weight != 1.0);
        let mut varying = shared.varying.clone();
        varying.extend(varies.then(|| "weight".to_string()));
        let taker = (population, list.list.as_deref());
        let kind = placed_kind(&shared.dynamics, taker, varying, Some(shown), model)?;
        let sends = heard.contains(&number);
        let kind = catalog.kind(PointKind { sends, ..kind })?;
        let noise_interval = noise_steps(&list.dynamics, model.step_s(list.population));
        let mut by_cell: Vec<usize> = (0..list.contacts.len()).collect();
        by_cell.sort_by_key(|&contact| list.contacts[contact].cell);
        for own in by_cell.chunk_by(|&a, &b| list.contacts[a].cell == list.contacts[b].cell) {
            let contacts = || own.iter().map(|&contact| &list.contacts[contact]);
            let Some(cell) = contacts().next().map(|contact| contact.cell as usize) else { continue };
            if cell >= population.size {
                let message = format!("there is no cell {cell}: the population has {}", population.size);
                return Err(in_population(Error::new(ErrorKind::Value, message), &population.name));
            }
            let (nodes, placed) = match &mut self.populations[list.population] {
                Resolved::Cable(members) => {
                    let member = &mut members[cell];
                    let mut locations = Vec::with_capacity(own.len());
                    for contact in contacts() {
                        let fits = |l: &crate::select::Location| {
                            (l.section.0 as usize) < sections && (0.0..=1.0).contains(&l.fraction)
                        };
                        locations.push(contact.location.filter(fits).ok_or_else(|| {
                            let message = format!("a contact on cell {cell} has no place on it");
                            Error::new(ErrorKind::Value, message)
                                .help("a contact on a cell with a shape needs a section and a fraction")
                        })?);
                    }
                    (nodes_of(member.plan, &locations), &mut member.placed)
                }
                Resolved::Point(members) => (vec![0; own.len()], &mut members[cell].placed),
                Resolved::Times(_) => {
                    let message = format!(
                        "population '{}' is a list of spike times: nothing can sit on it",
                        population.name
                    );
                    return Err(Error::new(ErrorKind::Value, message));
                }
            };
            for (instance, &contact) in own.iter().enumerate() {
                places[contact] = ContactPlace { slot: placed.len() as u32, instance: instance as u32 };
            }
            let value = |name: &String| list.dynamics.parameter(name).map_or(0.0, |p| p.value);
            let mut values: Vec<Vec<f64>> =
                shared.varying.iter().map(|name| vec![value(name); own.len()]).collect();
            values.extend(varies.then(|| contacts().map(|contact| contact.weight).collect()));
            placed.push(PlacedAt {
                kind,
                nodes,
                values,
                initial: Vec::new(),
                use_id: self.draws.use_id(Use::Attachments(number)),
                noise_interval,
                senders: Vec::new(),
            });
        }
        Ok(places)
    }
}
