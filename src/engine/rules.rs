//! Connections with states of their own: plastic ones, and those that release at random.
//!
//! They are touched by events alone. A spike of the source arrives after the delay of the connection; there its rule says with
//! what weight it goes on. What the rule hears of the target's spikes is shifted in time by as much as what it
//! hears of the source's, so that both arrive when their order is certain: with a share `f` of the delay behind the synapse,
//! the source's spike is at the synapse at `t + (1 − f) d` and the target's at `t + f d`; moved by `f d` these
//! are the arrival `t + d` itself and `t + 2 f d`.

use std::collections::HashMap;
use std::sync::Arc;

use super::carry::alike;
use super::draws::Draws;
use super::lower::{Array, PointHolds, PointKind, PointPrograms, Template, uniform};
use crate::vm::{Arena, Program, Target, padded, run_lane};

/// Where a connection leads in its group.
#[derive(Debug, Clone, Copy)]
pub struct Outlet {
    /// Number of the point kind.
    pub kind: u32,
    /// The lane.
    pub lane: u32,
    /// The port.
    pub port: u16,
}

/// A program over the connections of one projection in one group.
#[derive(Debug)]
struct OnLane {
    program: Program,
    offsets: Vec<usize>,
}

/// Connections of one projection in one group.
#[derive(Debug)]
pub struct Rules {
    kind: Arc<PointKind>,
    programs: Arc<PointPrograms>,
    /// Varying parameters, connection by connection.
    values: Vec<f64>,
    /// What tells them from others, and their random numbers are keyed by.
    pub keys: Vec<[u64; 2]>,
    outlets: Vec<Outlet>,
    /// Lanes with padding; 0 before [`Rules::finish`].
    lanes: usize,
    arena: Arena,
    /// When each connection was last touched, s.
    touched_s: Vec<f64>,
    start: Option<OnLane>,
    elapse: Option<OnLane>,
    show: Option<OnLane>,
    /// What spikes of the source and of the target do, and the number of the port.
    heard: [Option<(OnLane, usize)>; 2],
    draws: Option<Draws>,
    /// Where the weight with which a spike goes on is in the arena.
    effective: usize,
    registers: Vec<f64>,
    out: Vec<(Outlet, Target)>,
}

/// Connections with states by their keys: the group, where its rules are, which of these connections.
pub type Plastic<'a> = HashMap<[u64; 2], (usize, &'a Rules, usize)>;

/// The port at which a rule hears its source.
pub const PRE: &str = "pre";
/// The port at which a rule hears its target.
pub const POST: &str = "post";

impl Rules {
    /// None yet.
    pub fn new(kind: Arc<PointKind>, programs: Arc<PointPrograms>) -> Rules {
        Rules {
            kind,
            programs,
            values: Vec::new(),
            keys: Vec::new(),
            outlets: Vec::new(),
            lanes: 0,
            arena: Arena::default(),
            touched_s: Vec::new(),
            start: None,
            elapse: None,
            show: None,
            heard: [None, None],
            draws: None,
            effective: 0,
            registers: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Adds a connection with its varying parameters; gives its number.
    pub fn add(&mut self, outlet: Outlet, values: &[f64], key: [u64; 2]) -> u32 {
        self.outlets.push(outlet);
        self.values.extend_from_slice(values);
        self.keys.push(key);
        self.outlets.len() as u32 - 1
    }

    /// Lays out the memory.
    pub fn finish(&mut self, seed: u64) {
        let arrays = self.kind.arrays();
        let lanes = padded(self.outlets.len());
        self.lanes = lanes;
        self.arena = Arena::zeros(arrays.len() * lanes);
        self.touched_s = vec![0.0; self.outlets.len()];
        let varying = self.kind.varying.len();
        for parameter in 0..varying {
            let Some(array) = self.kind.array(PointHolds::Parameter(parameter)) else { continue };
            for connection in 0..self.outlets.len() {
                self.arena[array * lanes + connection] = self.values[connection * varying + parameter];
            }
        }
        self.values = Vec::new();
        let on_lane = |template: &Template| OnLane {
            program: template.program.clone(),
            offsets: template
                .arrays
                .iter()
                .map(|array| match *array {
                    Array::Instance(k) => k * lanes,
                    // There is no other: a connection is on no node.
                    _ => 0,
                })
                .collect(),
        };
        self.start = self.programs.start.as_ref().map(on_lane);
        self.elapse = self.programs.step.as_ref().map(on_lane);
        self.show = self.programs.show.as_ref().map(on_lane);
        self.heard = [PRE, POST].map(|name| {
            let port = self.programs.events.iter().position(|(known, _)| known == name)?;
            Some((on_lane(&self.programs.events[port].1), port))
        });
        self.effective = self.kind.array(PointHolds::Shown(0)).unwrap_or(0) * lanes;
        self.draws = self.kind.draws_at(0, lanes, seed, self.keys.iter().copied());
    }

    /// Takes over the states of `before`, connection by connection; where the weight at the start is another now, it is a
    /// new weight that holds from `now_s` (s) on, as in connections that were not there before.
    pub fn go_on(&mut self, before: &Plastic<'_>, now_s: f64) {
        let array =
            |rules: &Rules| rules.kind.array(PointHolds::Parameter(0)).map_or(0, |array| array * rules.lanes);
        for connection in 0..self.keys.len() {
            self.touched_s[connection] = now_s;
            let Some(&(_, of, was)) = before.get(&self.keys[connection]) else { continue };
            if self.arena[array(self) + connection] != of.arena[array(of) + was] {
                continue;
            }
            self.touched_s[connection] = of.touched_s[was];
            for (to, from) in alike(&self.kind, &of.kind) {
                self.arena[to * self.lanes + connection] = of.arena[from * of.lanes + was];
            }
            if let (Some(draws), Some(old)) = (&mut self.draws, &of.draws) {
                draws.go_on(connection, old, was);
            }
        }
    }

    /// The states at the start.
    pub fn start(&mut self, uniforms: &[f64; uniform::COUNT]) {
        for (number, holds) in self.kind.arrays().iter().enumerate() {
            if !matches!(holds, PointHolds::Parameter(_)) {
                self.arena[number * self.lanes..][..self.lanes].fill(0.0);
            }
        }
        self.touched_s.fill(0.0);
        if let Some(draws) = &mut self.draws {
            draws.start(&mut self.arena);
        }
        for connection in 0..self.outlets.len() {
            for program in [&self.start, &self.show].into_iter().flatten() {
                program.run(connection, &mut self.arena, uniforms, &mut self.registers);
            }
        }
    }

    /// Spikes of sources arrive at the connections `hits` at time `uniforms` says; gives where they go on to.
    pub fn pre(&mut self, hits: &[Target], uniforms: &[f64; uniform::COUNT]) -> &[(Outlet, Target)] {
        self.out.clear();
        for hit in hits {
            let connection = hit.lane as usize;
            self.hear(0, connection, uniforms);
            if let Some(show) = &self.show {
                show.run(connection, &mut self.arena, uniforms, &mut self.registers);
            }
            let weight = self.arena[self.effective + connection];
            let outlet = self.outlets[connection];
            self.out.push((outlet, Target { lane: outlet.lane, weight }));
        }
        &self.out
    }

    /// The connections `hits` hear of a spike of their target.
    pub fn post(&mut self, hits: &[Target], uniforms: &[f64; uniform::COUNT]) {
        for hit in hits {
            self.hear(1, hit.lane as usize, uniforms);
        }
    }

    /// A spike of the source (end 0) or of the target (end 1).
    fn hear(&mut self, end: usize, connection: usize, uniforms: &[f64; uniform::COUNT]) {
        let Some((event, port)) = &self.heard[end] else { return };
        let now = uniforms[usize::from(uniform::TIME)];
        let elapsed = now - std::mem::replace(&mut self.touched_s[connection], now);
        if let (Some(elapse), true) = (&self.elapse, elapsed > 0.0) {
            let mut uniforms = *uniforms;
            uniforms[usize::from(uniform::STEP)] = elapsed;
            elapse.run(connection, &mut self.arena, &uniforms, &mut self.registers);
        }
        event.run(connection, &mut self.arena, uniforms, &mut self.registers);
        if let Some(draws) = &mut self.draws {
            draws.after_event(*port, connection, &mut self.arena);
        }
    }

    /// Where the variable that the rule exposes as `name` lies, if it is a state: the value of connection 0.
    pub fn state(&self, name: &str) -> Option<usize> {
        let variable = self.kind.dynamics.exposed(name).unwrap_or(name);
        let array = match self.kind.dynamics.state(variable) {
            Some(state) => self.kind.array(PointHolds::State(state)),
            None => self
                .kind
                .shows
                .iter()
                .position(|s| s == variable)
                .and_then(|s| self.kind.array(PointHolds::Shown(s))),
        };
        array.map(|array| array * self.lanes)
    }

    /// The number at `at` of the memory, as of the last event there.
    pub fn value(&self, at: usize) -> f64 {
        self.arena[at]
    }

    /// Bytes that the connections take.
    pub fn bytes(&self) -> u64 {
        (self.arena.len() * size_of::<f64>()
            + self.touched_s.len() * size_of::<f64>()
            + self.keys.len() * size_of::<[u64; 2]>()
            + self.outlets.len() * size_of::<Outlet>()) as u64
    }
}

impl OnLane {
    fn run(
        &self,
        lane: usize,
        arena: &mut Arena,
        uniforms: &[f64; uniform::COUNT],
        registers: &mut Vec<f64>,
    ) {
        run_lane(&self.program, &self.offsets, lane, &[], arena, uniforms, registers);
    }
}
