//! The contacts of projections on disk: one row each.

use std::path::Path;

use super::sink::Sink;
use super::table::push_csv_text;
use super::{Written, number};
use crate::error::Result;
use crate::model::{Model, PopulationCell, Receiver};
use crate::wiring;

/// The columns. Places are empty for point cells; `point` counts the contacts of the receptor on one cell, `segment` those of
/// the morphology, both from 0.
const HEADER: &str = "source,target,synapse,point,section,segment,fraction,distance (um),x (um),y (um),z (um),weight,delay (ms)\n";

/// Lists the contacts of projection `number` of `model` as CSV: who, where on the target, weight (the factor on the synapse's own
/// strength) and delay. Rows go to the disk while they are drawn.
///
/// # Errors
/// If the projection can not be drawn, or the file not be written.
pub fn write_contacts(path: impl AsRef<Path>, model: &Model, number: usize) -> Result<Written> {
    let mut sink = Sink::create(path.as_ref(), HEADER.as_bytes(), None)?;
    wiring::each_contact(model, number, &mut |connection, site| {
        let row = sink.buffer();
        let cell =
            |(population, index): (usize, usize)| format!("{}[{index}]", model.populations[population].name);
        push_csv_text(row, &cell(connection.source));
        row.push(b',');
        push_csv_text(row, &cell(connection.target));
        row.push(b',');
        let cells = &model.populations[connection.target.0].cell;
        let synapses = match cells {
            PopulationCell::Cable(cell) => &cell.synapses[..],
            PopulationCell::Point(cell) => &cell.synapses[..],
            PopulationCell::SpikeTimes(_) => &[],
        };
        if let Some(junction) = &model.projections[number].junction {
            push_csv_text(row, &junction.dynamics.name);
            row.extend_from_slice(b",,");
        } else if let Receiver::Synapse { synapse, point } = connection.receiver {
            let name = synapses.get(synapse as usize).map_or("", |synapse| synapse.name.as_str());
            push_csv_text(row, name);
            row.extend_from_slice(format!(",{point},").as_bytes());
        } else {
            row.extend_from_slice(b",,");
        }
        match (site, cells) {
            (Some(site), PopulationCell::Cable(cell)) => {
                push_csv_text(row, &cell.morphology.section(site.location.section).name);
                row.extend_from_slice(format!(",{},", site.segment).as_bytes());
                let [x, y, z] = site.position_um;
                for value in [site.location.fraction, site.distance_um, x, y, z] {
                    number::push(row, value);
                    row.push(b',');
                }
            }
            _ => row.extend_from_slice(b",,,,,,,"),
        }
        number::push(row, connection.weight);
        row.push(b',');
        number::push(row, number::time(connection.delay_s, 1e3));
        row.push(b'\n');
        sink.row_added()
    })?;
    sink.finish()
}
