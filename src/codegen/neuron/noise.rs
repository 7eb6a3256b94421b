//! Noise as neuropil draws it: the numbers of each instance, played into its variable.

use std::fmt::Write;

use super::super::Job;
use super::super::merge::Merged;
use super::super::nmodl::library::in_population;
use super::super::python::quoted;
use super::network::All;
use crate::engine::PlacedAt;
use crate::error::{Error, ErrorKind};
use crate::rng::{Purpose, Stream};

/// Numbers at most.
const MOST: u64 = 5_000_000;

/// The rows of all noise: population, cell, name, instance, variable, steps for which a number holds; the numbers. `None` if
/// there is none.
pub(super) fn noise(job: &mut Job<'_>, all: &All<'_>) -> Option<String> {
    let model = all.model;
    let steps = (model.run.duration_s / model.run.dt_s).round() as u64 + 1;
    let (mut text, mut count, mut any) = (String::new(), 0_u64, false);
    text.push_str(
        "# (population, cell, name, instance, variable, steps for which a number holds): numbers\n",
    );
    for (p, laid) in all.layout.populations.iter().enumerate() {
        let Some(population) = model.populations.get(p) else { continue };
        for (c, cell) in laid.cells.iter().enumerate() {
            for (slot, placed) in cell.placed.iter().enumerate() {
                let noisy =
                    all.layout.kinds.get(placed.kind).is_some_and(crate::engine::PointKind::needs_noise);
                if !noisy {
                    continue;
                }
                any = true;
                count += steps / placed.noise_interval.max(1) * placed.nodes.len() as u64;
                if count > MOST {
                    let message =
                        format!("more than {MOST} numbers of noise, which are written out for NEURON");
                    job.cannot(in_population(Error::new(ErrorKind::Limit, message), model, p));
                    return None;
                }
                for instance in 0..placed.nodes.len() {
                    let Some(place) = place(all, (p, c, slot, instance)) else { continue };
                    let numbers = drawn(model.seed, cell.key, placed, instance, steps);
                    let _ = writeln!(
                        text,
                        "({}, {c}, {place}, {}): [{}]",
                        quoted(&population.name),
                        placed.noise_interval.max(1),
                        numbers.join(", ")
                    );
                }
            }
        }
    }
    any.then_some(text)
}

/// Name, instance and variable.
fn place(all: &All<'_>, (p, c, slot, instance): (usize, usize, usize, usize)) -> Option<String> {
    let cell = all.layout.populations.get(p)?.cells.get(c)?;
    if let Some((mechanism, merged)) = all.points.of(p) {
        let part = merged.part(c, slot, instance)?;
        let variable = mechanism.names.get(&Merged::inside(part, "noise"))?;
        return Some(format!("None, 0, {}", quoted(variable)));
    }
    let mechanism = all.library.point(cell.placed.get(slot)?.kind)?;
    let (name, first) = cell.names.get(slot)?;
    Some(format!("{}, {}, {}", quoted(name), first + instance, quoted(mechanism.names.get("noise")?)))
}

/// The numbers of one instance.
fn drawn(seed: u64, key: u64, placed: &PlacedAt, instance: usize, steps: u64) -> Vec<String> {
    let use_id = placed.use_id << 32 | instance as u64;
    let stream = Stream::new(seed, Purpose::Noise, [key, use_id]);
    let last = steps / placed.noise_interval.max(1);
    (0..=last).map(|k| format!("{}", stream.normal_at(k))).collect()
}
