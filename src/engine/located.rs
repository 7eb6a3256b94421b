//! Conditions of cells met within a step: where they come to hold is found, what they do is done there, and the
//! step goes on from there.

use super::bind::{EventProgram, Placement};
use super::events::Spike;
use super::group::OutPort;
use super::lower::{LocatedPrograms, uniform};
use crate::error::Result;
use crate::simd::Level;
use crate::vm::{Arena, BoundProgram, Target};

/// Halvings of the time within which a condition comes to hold.
const HALVINGS: u32 = 24;

/// Most conditions that one cell meets within a step; what it meets then waits for the end of the step.
const MOST: u32 = 16;

/// The programs of cells whose conditions are met within steps, on a group's memory.
#[derive(Debug)]
pub struct Located {
    /// A whole step of all cells.
    attempt: BoundProgram,
    /// A part of a step of one cell.
    again: EventProgram,
    /// The conditions of one cell.
    conditions: EventProgram,
    /// Where it lies who has met a condition.
    met: usize,
    /// Where states lie, and where they are kept.
    states: Vec<(usize, usize)>,
}

/// What looking for conditions needs besides the memory.
pub struct Within<'w> {
    /// Vector unit.
    pub level: Level,
    /// Time at the end of the step, s.
    pub end_s: f64,
    /// Length of the step, s.
    pub dt_s: f64,
    /// Scratch.
    pub registers: &'w mut Vec<f64>,
}

impl Located {
    /// Binds all programs.
    ///
    /// # Errors
    /// As [`Placement::bind`].
    pub fn new(programs: &LocatedPrograms, place: &Placement) -> Result<Located> {
        let at = |array: usize| place.instances + array * place.lanes;
        for template in [&programs.again, &programs.conditions] {
            // Binding checks the programs; they then run lane by lane.
            place.bind(template)?;
        }
        Ok(Located {
            attempt: place.bind(&programs.attempt)?,
            again: EventProgram::new(&programs.again, place),
            conditions: EventProgram::new(&programs.conditions, place),
            met: at(programs.met),
            states: programs.states.iter().map(|&(state, kept)| (at(state), at(kept))).collect(),
        })
    }

    /// The program that steps all cells.
    pub fn attempt(&self) -> &BoundProgram {
        &self.attempt
    }

    /// Whether the attempt has found that the cell `lane` has met a condition.
    pub fn is_met(&self, arena: &Arena, lane: usize) -> bool {
        arena[self.met + lane] != 0.0
    }

    /// Goes with the cell `lane`, which meets a condition in its step, from one condition to the next up to the end of the step;
    /// what comes to hold just there, and what goes on to hold when it has been met, is left to the conditions of the end.
    /// Where a step is tried from comes nearer to the condition with every halving, so a potential that runs away is
    /// followed in smaller and smaller steps.
    pub fn meet(
        &self,
        arena: &mut Arena,
        lane: usize,
        within: &mut Within<'_>,
        ports: &[OutPort],
        spikes: &mut Vec<Spike>,
    ) {
        let start_s = within.end_s - within.dt_s;
        let mut from = 0.0;
        for _ in 0..MOST {
            // A condition comes to hold between `from` and `from + reach`.
            let mut reach = within.dt_s - from;
            for _ in 0..HALVINGS {
                reach *= 0.5;
                self.run(&self.again, arena, lane, start_s + from + reach, reach, within);
                if !self.is_met(arena, lane) {
                    self.keep(arena, lane);
                    from += reach;
                }
            }
            // A little beyond, so that rounding does not make it not hold there.
            reach *= 2.0;
            if from + reach >= within.dt_s {
                self.run(&self.again, arena, lane, within.end_s, within.dt_s - from, within);
                return;
            }
            self.run(&self.again, arena, lane, start_s + from + reach, reach, within);
            self.run(&self.conditions, arena, lane, start_s + from + reach, reach, within);
            if self.is_met(arena, lane) {
                // What it does does not end it: it happens once a step, at the end.
                self.restore(arena, lane);
                self.run(&self.again, arena, lane, within.end_s, within.dt_s - from, within);
                return;
            }
            from += reach;
            for port in ports.iter().filter(|port| lane < port.senders.len()) {
                if arena[port.sent + lane] != 0.0 {
                    spikes.push(Spike { time_s: start_s + from, cell: port.senders[lane] });
                }
            }
            self.keep(arena, lane);
            self.run(&self.again, arena, lane, within.end_s, within.dt_s - from, within);
            if !self.is_met(arena, lane) {
                return;
            }
        }
    }

    fn run(
        &self,
        program: &EventProgram,
        arena: &mut Arena,
        lane: usize,
        time_s: f64,
        step_s: f64,
        within: &mut Within<'_>,
    ) {
        let mut uniforms = [0.0; uniform::COUNT];
        uniforms[usize::from(uniform::STEP)] = step_s;
        uniforms[usize::from(uniform::TIME)] = time_s;
        let target = [Target { lane: lane as u32, weight: 0.0 }];
        program.run(within.level, &target, arena, &uniforms, within.registers);
    }

    /// The states are those that were kept.
    fn restore(&self, arena: &mut Arena, lane: usize) {
        for &(state, kept) in &self.states {
            arena[state + lane] = arena[kept + lane];
        }
    }

    /// The states are those to go on from.
    fn keep(&self, arena: &mut Arena, lane: usize) {
        for &(state, kept) in &self.states {
            arena[kept + lane] = arena[state + lane];
        }
    }
}
