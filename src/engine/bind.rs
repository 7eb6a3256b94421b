//! Programs on the memory of a group.

use std::sync::Arc;

use super::draws::Draws;
use super::group::OutPort;
use super::located::Located;
use super::lower::{Array, MembranePrograms, NodeArray, PointPrograms, Template, uniform};
use crate::error::Result;
use crate::simd::Level;
use crate::vm::{Arena, BoundProgram, Program, Target, add_weighted, padded, run_lane, weighted_sums};

/// Where arrays start that point cells share with what is attached to them, each `nodes` from the next.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfCells {
    /// Sums over what is attached.
    pub received: usize,
    /// What the cells show.
    pub shown: usize,
}

/// Where the arrays of one mechanism set lie in a group's arena.
#[derive(Debug, Clone)]
pub struct Placement {
    /// Lanes with padding.
    pub lanes: usize,
    /// Where instance array 0 starts; the others follow, `lanes` apart.
    pub instances: usize,
    /// Where what point cells exchange with what is attached to them lies.
    pub of_cells: OfCells,
    /// Where result array 0 starts.
    pub results: usize,
    /// Lanes with padding of one node array; node array `k` starts at `k * nodes`.
    pub nodes: usize,
    /// Length of the arena.
    pub arena: usize,
    /// Index lists by [`super::lower::list`] number.
    pub lists: Vec<Arc<[u32]>>,
}

impl Placement {
    fn offsets(&self, template: &Template, width: usize) -> Vec<usize> {
        let offset = |array: &Array| match *array {
            Array::Node(node) => node as usize * self.nodes,
            Array::Instance(k) => self.instances + k * width,
            Array::Received(k) => self.of_cells.received + usize::from(k) * self.nodes,
            Array::Shown(k) => self.of_cells.shown + usize::from(k) * self.nodes,
            Array::Result(k) => self.results + k * self.lanes,
        };
        template.arrays.iter().map(offset).collect()
    }

    /// `template` on this memory.
    ///
    /// # Errors
    /// If the program does not fit the memory, which would be a mistake of the engine's.
    pub fn bind(&self, template: &Template) -> Result<BoundProgram> {
        self.bind_gathered(template, self.lanes)
    }

    /// `template` on this memory, its instance arrays being `width` apart: an observer's are those of
    /// the mechanisms that it watches.
    ///
    /// # Errors
    /// As [`Placement::bind`].
    pub fn bind_gathered(&self, template: &Template, width: usize) -> Result<BoundProgram> {
        let offsets = self.offsets(template, width);
        BoundProgram::new(&template.program, &offsets, self.lanes, self.lists.clone(), self.arena)
    }

    fn bind_some(&self, template: &Option<Template>) -> Result<Option<BoundProgram>> {
        template.as_ref().map(|t| self.bind(t)).transpose()
    }
}

/// Where node array `array` starts when each has `nodes` lanes.
pub fn node_base(array: NodeArray, nodes: usize) -> usize {
    array as usize * nodes
}

/// The programs of a membrane plan on a group's memory.
#[derive(Debug)]
pub struct BoundMembrane {
    /// Sets the states at the start.
    pub start: BoundProgram,
    /// Currents alone.
    pub currents: BoundProgram,
    /// A whole step, then currents.
    pub step: BoundProgram,
    /// Half a step, then currents.
    pub half: BoundProgram,
}

impl BoundMembrane {
    /// Binds all programs.
    ///
    /// # Errors
    /// As [`Placement::bind`].
    pub fn new(programs: &MembranePrograms, place: &Placement) -> Result<BoundMembrane> {
        Ok(BoundMembrane {
            start: place.bind(&programs.start)?,
            currents: place.bind(&programs.currents)?,
            step: place.bind(&programs.step)?,
            half: place.bind(&programs.half)?,
        })
    }
}

/// The programs of a point kind on a group's memory.
#[derive(Debug)]
pub struct BoundPoints {
    /// Sets the states at the start.
    pub start: Option<BoundProgram>,
    /// Conditions alone.
    pub conditions: Option<BoundProgram>,
    /// A step of the states, then conditions.
    pub step: Option<BoundProgram>,
    /// Meets conditions within the step.
    pub located: Option<Located>,
    /// Current and conductance into the nodes.
    pub currents: Option<BoundProgram>,
    /// Shows variables to coupled contacts.
    pub show: Option<BoundProgram>,
    /// Random numbers, if any are drawn.
    pub draws: Option<Draws>,
    /// Whether these are others than before a change between runs: then what their conditions set is not of them.
    pub fresh: bool,
    /// What events do, by port.
    pub events: Vec<EventProgram>,
    /// The ports by which events leave, as far as somebody listens.
    pub ports: Vec<OutPort>,
}

/// What an event at one port does to the lane it hits.
#[derive(Debug)]
pub struct EventProgram {
    program: Program,
    offsets: Vec<usize>,
    lists: Vec<Arc<[u32]>>,
    lanes: usize,
    /// Where the program only adds multiples of the weight to arrays: where they start, and the
    /// factors.
    sums: Option<Vec<(usize, f64)>>,
}

impl EventProgram {
    pub(super) fn new(template: &Template, place: &Placement) -> EventProgram {
        let offsets = place.offsets(template, place.lanes);
        let sums = weighted_sums(&template.program, uniform::WEIGHT);
        let start = |(array, factor): (u16, f64)| (offsets[usize::from(array)], factor);
        EventProgram {
            program: template.program.clone(),
            sums: sums.map(|sums| sums.into_iter().map(start).collect()),
            offsets,
            lists: place.lists.clone(),
            lanes: place.lanes,
        }
    }

    /// Runs it on each of `targets`, in their order.
    pub fn run(
        &self,
        level: Level,
        targets: &[Target],
        arena: &mut Arena,
        uniforms: &[f64; uniform::COUNT],
        registers: &mut Vec<f64>,
    ) {
        if let Some(sums) = &self.sums {
            for &(start, factor) in sums {
                add_weighted(level, &mut arena[start..start + self.lanes], factor, targets);
            }
            return;
        }
        let mut uniforms = *uniforms;
        for target in targets {
            uniforms[usize::from(uniform::WEIGHT)] = target.weight;
            let lane = target.lane as usize;
            run_lane(&self.program, &self.offsets, lane, &self.lists, arena, &uniforms, registers);
        }
    }
}

impl BoundPoints {
    /// Binds all programs.
    ///
    /// # Errors
    /// As [`Placement::bind`].
    pub fn new(programs: &PointPrograms, place: &Placement) -> Result<BoundPoints> {
        let mut events = Vec::with_capacity(programs.events.len());
        for (_, template) in &programs.events {
            // Binding checks the program; events then run it lane by lane.
            place.bind(template)?;
            events.push(EventProgram::new(template, place));
        }
        Ok(BoundPoints {
            start: place.bind_some(&programs.start)?,
            conditions: place.bind_some(&programs.conditions)?,
            step: place.bind_some(&programs.step)?,
            located: programs.located.as_ref().map(|located| Located::new(located, place)).transpose()?,
            currents: place.bind_some(&programs.currents)?,
            show: place.bind_some(&programs.show)?,
            draws: None,
            fresh: false,
            events,
            ports: Vec::new(),
        })
    }

    /// One program for a whole step of these as point cells, from the currents of what is at `points` on, which are added to what
    /// `base` sets, over their own step to the states at `points` for the next; if that can be one, and so that what
    /// it leaves at `sums` does not count. Which cells send, as the array that starts at `sent` says else, it notes. It goes by [`whole_step_uniforms`].
    ///
    /// # Errors
    /// As [`BoundProgram::join`].
    pub fn whole_step(
        &self,
        base: &BoundProgram,
        points: &[BoundPoints],
        sums: &[usize],
        sent: Option<usize>,
    ) -> Result<Option<BoundProgram>> {
        if self.located.is_some() || self.draws.is_some() {
            return Ok(None);
        }
        let [at_end, at_middle, at_next_middle] = [0, 1, 2].map(|number| number * uniform::COUNT);
        let currents = points.iter().filter_map(|bound| bound.currents.as_ref());
        let mut parts: Vec<_> = std::iter::once(base).chain(currents).map(|part| (part, at_middle)).collect();
        if parts.iter().any(|(part, _)| part.goes_by_step()) {
            // They go by half a step.
            return Ok(None);
        }
        parts.extend(self.step.iter().map(|part| (part, at_end)));
        parts
            .extend(points.iter().filter_map(|bound| bound.step.as_ref()).map(|part| (part, at_next_middle)));
        BoundProgram::join(&parts, sums, sent)
    }

    /// Does what events at `port` do to `targets`, in their order; whether there is such a port.
    pub fn receive(
        &mut self,
        port: usize,
        level: Level,
        targets: &[Target],
        arena: &mut Arena,
        uniforms: &[f64; uniform::COUNT],
        registers: &mut Vec<f64>,
    ) -> bool {
        let Some(program) = self.events.get(port) else { return false };
        match &mut self.draws {
            Some(draws) if draws.at_events(port) => {
                for target in targets {
                    program.run(level, std::slice::from_ref(target), arena, uniforms, registers);
                    draws.after_event(port, target.lane as usize, arena);
                }
            }
            _ => program.run(level, targets, arena, uniforms, registers),
        }
        true
    }
}

/// Uniforms of the program of a whole step: those of the step's end, of its middle, and of the middle of the next.
pub fn whole_step_uniforms(parts: [&[f64; uniform::COUNT]; 3]) -> [f64; 3 * uniform::COUNT] {
    let mut all = [0.0; 3 * uniform::COUNT];
    for (all, part) in all.chunks_exact_mut(uniform::COUNT).zip(parts) {
        all.copy_from_slice(part);
    }
    all
}

/// Hands out parts of an arena before it exists.
#[derive(Debug, Default)]
pub struct Allocator {
    used: usize,
}

impl Allocator {
    /// `arrays` arrays of `lanes` lanes each (padded); gives the start of the first.
    pub fn take(&mut self, arrays: usize, lanes: usize) -> usize {
        let start = self.used;
        self.used += arrays * padded(lanes);
        start
    }

    /// Length of the arena so far.
    pub fn len(&self) -> usize {
        self.used
    }
}
