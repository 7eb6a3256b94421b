//! A group of cells that advance together: its memory and its step.

use super::bind::{BoundMembrane, BoundPoints, node_base, whole_step_uniforms};
use super::events::{Calendar, Spike, Volley};
use super::located::{Located, Within};
use super::lower::{NodeArray, uniform};
use super::rules::Rules;
use super::senders::SILENT;
use crate::cable::hines::Hines;
use crate::model::Method;
use crate::rng::{Purpose, Stream};
use crate::simd::Level;
use crate::vm::{Arena, BoundProgram, Queue, Scratch, Target, fetch};

/// Lanes that are looked at together for whether any of them sends.
const QUIET: usize = 64;

/// So many volleys before their turn their targets are asked for: memory takes longer than to use them.
const FETCHED_AHEAD: usize = 2;

/// What the steps of a group go by: all but the step itself is that of the whole run.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Time step, s.
    pub dt_s: f64,
    /// The same in ticks of the run.
    pub ticks: u64,
    /// Voltage stepping.
    pub method: Method,
    /// Vector unit.
    pub level: Level,
    /// Seed of the run.
    pub seed: u64,
}

/// A place where spikes are detected.
#[derive(Debug, Clone, Copy)]
pub struct Detector {
    /// The node.
    pub node: usize,
    /// Number of the sender.
    pub sender: u32,
    /// Threshold, V.
    pub threshold_v: f64,
    /// The potential at the last step, V.
    pub before_v: f64,
}

/// Instances that draw noise.
#[derive(Debug, Clone)]
pub struct Noise {
    /// Where the noise array starts in the arena.
    pub offset: usize,
    /// Key of each lane: cell and use.
    pub keys: Vec<[u64; 2]>,
    /// Steps for which a number is held.
    pub interval: u64,
}

/// A port by which events leave point cells, or what is attached to a cell.
#[derive(Debug)]
pub struct OutPort {
    /// Where the array lies that says whether the conditions of a step send.
    pub sent: usize,
    /// Where the array lies that counts what handlers of events send, if any do.
    pub relayed: Option<usize>,
    /// Number of the sender in each lane; [`SILENT`] where nobody listens.
    pub senders: Vec<u32>,
}

/// A program that computes recorded values, and how often.
#[derive(Debug)]
pub struct Observer {
    /// The program.
    pub program: BoundProgram,
    /// Steps between samples.
    pub interval: u64,
    /// Whether functions of time are those of the middle of the step.
    pub at_middle: bool,
}

/// A recorded number: its column in the table and its place in the arena.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Number of the column.
    pub column: usize,
    /// Where it is in the arena.
    pub offset: usize,
    /// If it is not in the group's but in that of these connections.
    pub rules: Option<u32>,
}

/// The probes of one table in this group, and the samples since the last hand-over.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// Steps between samples.
    pub interval: u64,
    /// What is sampled.
    pub probes: Vec<Probe>,
    /// Rows of samples, one number a probe.
    pub rows: Vec<f64>,
}

/// A group of cells.
#[derive(Debug)]
pub struct Group {
    /// What its steps go by.
    pub clock: Clock,
    /// Every array.
    pub arena: Arena,
    /// The same before the first step, from the first start on.
    pub initial: Arena,
    /// Lanes with padding of a node array.
    pub nodes: usize,
    /// Lanes without padding.
    pub n_real: usize,
    /// The tree solver; none for point cells.
    pub solver: Option<Hines>,
    /// Numbers put into the arena after the states' own start: place and value.
    pub set_at_start: Vec<(usize, f64)>,
    /// Sets diagonal and right-hand side where no membrane program does it in place.
    pub base: Option<BoundProgram>,
    /// Whether that happens right before what is at points adds to them: where neither membranes nor events look at them
    /// earlier.
    pub base_is_late: bool,
    /// For cells without a shape, where that is possible: from the currents at points over the cells' step to the states
    /// at points for the next step, all in one.
    pub whole: Option<BoundProgram>,
    /// Membranes, the one in place first.
    pub membranes: Vec<BoundMembrane>,
    /// Synapses and stimuli.
    pub points: Vec<BoundPoints>,
    /// Cells without a shape.
    pub cells: Vec<BoundPoints>,
    /// Noise arrays.
    pub noise: Vec<Noise>,
    /// Spike detectors.
    pub detectors: Vec<Detector>,
    /// Recorded values that have to be computed.
    pub observers: Vec<Observer>,
    /// Samples, by table.
    pub samples: Vec<Samples>,
    /// Where connections lead, with their weights.
    pub targets: Vec<Target>,
    /// Connections with states of their own.
    pub rules: Vec<Rules>,
    /// Events to come: stretches of `targets`.
    pub calendar: Calendar,
    /// Spikes since the last hand-over, in order of time step.
    pub spikes: Vec<Spike>,
    /// Whether the step that comes next has its states and currents already.
    pub prepared: bool,
    /// Whether its currents at points are left to be found together with the potential.
    pub currents_wait: bool,
    /// Whether states at points may be stepped as soon as the cells have been: they hear of nothing else but events.
    pub may_begin: bool,
    /// Whether those of the step that comes next have been.
    pub begun: bool,
    /// Whether the solver has its constant factors.
    pub factored: bool,
    /// Scratch.
    pub work: Work,
}

/// Scratch of a group.
#[derive(Debug, Default)]
pub struct Work {
    scratch: Scratch,
    registers: Vec<f64>,
    due: Vec<Volley>,
    /// What connections with states pass on.
    passed: Vec<Target>,
    /// Nodes that Crank–Nicolson would carry past their target, see [`note_stiff`].
    stiff: Vec<(usize, f64)>,
}

/// The port of [`Rules`] that hears sources.
pub const TO_PRE: u16 = 0;
/// The port of [`Rules`] that hears targets.
pub const TO_POST: u16 = 1;

/// What receives events, and what that takes.
struct Receive<'g> {
    points: &'g mut [BoundPoints],
    cells: &'g mut [BoundPoints],
    arena: &'g mut Arena,
    registers: &'g mut Vec<f64>,
    spikes: &'g mut Vec<Spike>,
}

impl Receive<'_> {
    /// Events at `port` of kind `kind` hit `targets`, in their order.
    fn volley(
        &mut self,
        level: Level,
        kind: usize,
        port: u16,
        targets: &[Target],
        now: &[f64; uniform::COUNT],
    ) {
        let bound = match kind.checked_sub(self.points.len()) {
            Some(of_cells) => self.cells.get_mut(of_cells),
            None => self.points.get_mut(kind),
        };
        let Some(bound) = bound else { return };
        bound.receive(usize::from(port), level, targets, self.arena, now, self.registers);
        let time_s = now[usize::from(uniform::TIME)];
        bound.ports.iter().for_each(|port| port.relay(targets, self.arena, time_s, self.spikes));
    }
}

impl Noise {
    /// The numbers of step `step`.
    fn draw(&self, clock: &Clock, step: u64, arena: &mut Arena) {
        for (lane, &key) in self.keys.iter().enumerate() {
            let stream = Stream::new(clock.seed, Purpose::Noise, key);
            arena[self.offset + lane] = stream.normal_at(step / self.interval);
        }
    }
}

impl OutPort {
    /// What the handlers of the events that hit `targets` at time `time_s` sent on.
    fn relay(&self, targets: &[Target], arena: &mut Arena, time_s: f64, spikes: &mut Vec<Spike>) {
        let Some(relayed) = self.relayed else { return };
        for target in targets {
            let lane = target.lane as usize;
            let count = std::mem::replace(&mut arena[relayed + lane], 0.0);
            let spike = Spike { time_s, cell: self.senders[lane] };
            if spike.cell != SILENT {
                spikes.extend(std::iter::repeat_n(spike, count as usize));
            }
        }
    }

    /// What the conditions of a step sent at time `time_s` that were true in lanes `noted`.
    fn send_noted(&self, noted: &[u32], time_s: f64, spikes: &mut Vec<Spike>) {
        let senders = noted.iter().filter_map(|&lane| self.senders.get(lane as usize));
        let heard = senders.filter(|&&cell| cell != SILENT);
        spikes.extend(heard.map(|&cell| Spike { time_s, cell }));
    }

    /// What the conditions of a step sent at time `time_s`.
    fn send(&self, arena: &Arena, time_s: f64, spikes: &mut Vec<Spike>) {
        let sent = &arena[self.sent..self.sent + self.senders.len()];
        for (sent, senders) in sent.chunks(QUIET).zip(self.senders.chunks(QUIET)) {
            // Most are silent: many are passed over at once.
            if sent.iter().fold(0, |any, sent| any | sent.to_bits()) != 0 {
                let sending =
                    senders.iter().zip(sent).filter(|(cell, sent)| **sent != 0.0 && **cell != SILENT);
                spikes.extend(sending.map(|(&cell, _)| Spike { time_s, cell }));
            }
        }
    }
}

impl Group {
    /// Makes room for everything the step loop needs, and sets the states at the start. Another time it goes back there.
    pub fn start(&mut self) {
        let clock = self.clock;
        if self.initial.is_empty() {
            self.initial = self.arena.clone();
        } else {
            self.arena.copy_from_slice(&self.initial);
            self.calendar = Calendar::default();
            self.spikes.clear();
            self.samples.iter_mut().for_each(|samples| samples.rows.clear());
            (self.prepared, self.begun, self.factored) = (false, false, false);
        }
        let uniforms = uniforms(&clock, 0.0);
        let Group { arena, membranes, points, cells, work, .. } = self;
        for membrane in membranes.iter() {
            for program in [&membrane.start, &membrane.currents, &membrane.step, &membrane.half] {
                work.scratch.fit(program);
            }
            membrane.start.run(clock.level, arena, &uniforms, &mut work.scratch);
        }
        for bound in points.iter_mut().chain(cells) {
            let attempt = bound.located.as_ref().map(Located::attempt);
            let programs = [&bound.start, &bound.conditions, &bound.step, &bound.currents, &bound.show];
            programs.into_iter().flatten().chain(attempt).for_each(|program| work.scratch.fit(program));
            if let Some(draws) = &mut bound.draws {
                draws.start(arena);
            }
            if let Some(program) = &bound.start {
                program.run(clock.level, arena, &uniforms, &mut work.scratch);
            }
        }
        self.rules.iter_mut().for_each(|rules| rules.start(&uniforms));
        for &(at, value) in &self.set_at_start {
            self.arena[at] = value;
        }
        let v = node_base(NodeArray::V, self.nodes);
        for detector in &mut self.detectors {
            detector.before_v = self.arena[v + detector.node];
        }
        if clock.method != Method::BackwardEuler {
            self.work.stiff.reserve(self.n_real);
        }
        self.show(clock.level, &uniforms);
    }

    /// Takes all its steps that begin from tick `from` on and before tick `until`, and is sure to take those before
    /// tick `end` before anything but events comes in between. Allocates only when buffers of spikes and samples
    /// outgrow their size.
    pub fn advance(&mut self, from: u64, until: u64, end: u64) {
        let clock = self.clock;
        for step in from.div_ceil(self.clock.ticks)..until.div_ceil(self.clock.ticks) {
            if !self.prepared {
                self.prepare(&clock, step, true);
            }
            let begins_next = self.may_begin && (step + 1) * clock.ticks < end;
            self.complete(&clock, step, begins_next);
            self.prepared = false;
        }
    }

    /// States and currents of the step that begins at tick `tick`, and its samples, if one does.
    pub fn arrive(&mut self, tick: u64) {
        if tick.is_multiple_of(self.clock.ticks) && !self.prepared {
            let clock = self.clock;
            self.prepare(&clock, tick / self.clock.ticks, false);
        }
    }

    /// After a change between runs: what follows at tick `tick` from states and parameters is found anew, but for
    /// states that were there already.
    pub fn refresh(&mut self, tick: u64) {
        let clock = self.clock;
        let time_s = tick as f64 * clock.dt_s / clock.ticks as f64;
        let now = uniforms(&clock, time_s);
        self.show(clock.level, &now);
        let v = node_base(NodeArray::V, self.nodes);
        for detector in &mut self.detectors {
            detector.before_v = self.arena[v + detector.node];
        }
        for noise in &self.noise {
            noise.draw(&clock, tick / clock.ticks, &mut self.arena);
        }
        if !self.prepared {
            return;
        }
        let middle = uniforms(&clock, time_s + 0.5 * clock.dt_s);
        let Group { arena, base, membranes, points, work, .. } = self;
        for bound in points.iter_mut().filter(|bound| bound.fresh) {
            if let Some(program) = &bound.conditions {
                program.run(clock.level, arena, &middle, &mut work.scratch);
            }
            if let Some(draws) = &mut bound.draws {
                draws.after_conditions(arena);
            }
        }
        if let Some(base) = base.as_ref().filter(|_| !self.base_is_late) {
            base.run(clock.level, arena, &now, &mut work.scratch);
        }
        for membrane in membranes.iter() {
            membrane.currents.run(clock.level, arena, &now, &mut work.scratch);
        }
        self.currents_at_points(&middle);
    }

    /// Currents of what sits at points, by the uniforms of the middle of a step.
    fn currents_at_points(&mut self, middle: &[f64; uniform::COUNT]) {
        let to_middle = to_middle(middle);
        let base = self.base.iter().filter(|_| self.base_is_late);
        for program in base.chain(self.points.iter().filter_map(|bound| bound.currents.as_ref())) {
            program.run(self.clock.level, &mut self.arena, &to_middle, &mut self.work.scratch);
        }
    }

    /// States at points at the begin of step `step`, with the uniforms of its begin and its middle.
    fn states_at_points(
        &mut self,
        clock: &Clock,
        step: u64,
        now: &[f64; uniform::COUNT],
        middle: &[f64; uniform::COUNT],
    ) {
        let Group { arena, base, base_is_late, points, work, .. } = self;
        let mut queue = Queue::new(clock.level);
        for BoundPoints { conditions, step: whole, draws, .. } in points.iter_mut() {
            if let Some(draws) = draws.as_mut().filter(|_| step > 0) {
                queue.flush(arena, &mut work.scratch);
                draws.before_step(arena);
            }
            if let Some(program) = if step == 0 { conditions } else { whole } {
                queue.push(program, middle, arena, &mut work.scratch);
            }
            if let Some(draws) = draws {
                queue.flush(arena, &mut work.scratch);
                draws.after_conditions(arena);
            }
        }
        if let Some(base) = base.as_ref().filter(|_| !*base_is_late) {
            queue.push(base, now, arena, &mut work.scratch);
        }
        queue.flush(arena, &mut work.scratch);
    }

    /// States and currents of step `step`, and its samples. If it `goes_on` with the step at once and nothing of it is
    /// sampled, currents at points of cells without a shape may wait for that.
    fn prepare(&mut self, clock: &Clock, step: u64, goes_on: bool) {
        let time = step as f64 * clock.dt_s;
        let now = uniforms(clock, time);
        // Stimuli act at the middle of the step: exact charge, second order.
        let middle = uniforms(clock, time + 0.5 * clock.dt_s);
        self.draw_noise(clock, step);
        if !std::mem::take(&mut self.begun) {
            self.states_at_points(clock, step, &now, &middle);
        }
        let Group { arena, membranes, points, cells, work, targets, calendar, rules, spikes, .. } = self;
        for port in points.iter().flat_map(|bound| &bound.ports) {
            port.send(arena, time, spikes);
        }
        let mut half = now;
        half[usize::from(uniform::STEP)] *= 0.5;
        for membrane in membranes.iter() {
            let (program, uniforms) = match (step, clock.method) {
                (0, Method::BackwardEuler) => (&membrane.currents, &now),
                (0, _) => (&membrane.half, &half),
                _ => (&membrane.step, &now),
            };
            program.run(clock.level, arena, uniforms, &mut work.scratch);
        }
        calendar.take(step, &mut work.due);
        let kinds = points.len() + cells.len();
        // Of spikes at one moment a connection hears its target's first.
        for volley in work.due.iter().filter(|volley| volley.kind as usize >= kinds && volley.port == TO_POST)
        {
            if let Some(rules) = rules.get_mut(volley.kind as usize - kinds) {
                rules.post(&targets[volley.range()], &now);
            }
        }
        let fetch = |volley: Option<&Volley>| volley.into_iter().for_each(|v| fetch(&targets[v.range()]));
        (0..FETCHED_AHEAD).for_each(|n| fetch(work.due.get(n)));
        for (n, volley) in work.due.iter().enumerate() {
            fetch(work.due.get(n + FETCHED_AHEAD));
            let hits = &targets[volley.range()];
            let Some(rules) = (volley.kind as usize).checked_sub(kinds).map(|k| rules.get_mut(k)) else {
                let mut receive = Receive { points, cells, arena, registers: &mut work.registers, spikes };
                receive.volley(clock.level, volley.kind as usize, volley.port, hits, &now);
                continue;
            };
            let (Some(rules), true) = (rules, volley.port == TO_PRE) else { continue };
            let out = rules.pre(hits, &now);
            for alike in out.chunk_by(|a, b| (a.0.kind, a.0.port) == (b.0.kind, b.0.port)) {
                work.passed.clear();
                work.passed.extend(alike.iter().map(|(_, target)| *target));
                let mut receive = Receive { points, cells, arena, registers: &mut work.registers, spikes };
                let outlet = alike[0].0;
                receive.volley(clock.level, outlet.kind as usize, outlet.port, &work.passed, &now);
            }
        }
        let is_sampled = self.observers.iter().any(|o| step.is_multiple_of(o.interval))
            || self.samples.iter().any(|s| !s.probes.is_empty() && step.is_multiple_of(s.interval));
        self.prepared = true;
        self.currents_wait = goes_on && !is_sampled && self.solver.is_none() && self.detectors.is_empty();
        if self.currents_wait {
            return;
        }
        self.currents_at_points(&middle);
        let Group { arena, work, observers, rules, .. } = self;
        for observer in observers.iter().filter(|o| step.is_multiple_of(o.interval)) {
            let uniforms = if observer.at_middle { &middle } else { &now };
            observer.program.run(clock.level, arena, uniforms, &mut work.scratch);
        }
        for samples in self.samples.iter_mut().filter(|s| step.is_multiple_of(s.interval)) {
            samples.rows.extend(samples.probes.iter().map(|p| match p.rules {
                None => arena[p.offset],
                Some(of) => rules[of as usize].value(p.offset),
            }));
        }
    }

    /// The potential at the end of step `step`, and spikes; and what the next step begins with before its events, if it
    /// `begins_next`.
    fn complete(&mut self, clock: &Clock, step: u64, begins_next: bool) {
        if let Some(solver) = &self.solver {
            if !std::mem::replace(&mut self.factored, true) {
                solver.factor(&mut self.arena);
            }
            let v = node_base(NodeArray::V, self.nodes);
            match clock.method {
                Method::BackwardEuler => solver.solve_into(clock.level, &mut self.arena, v),
                Method::CrankNicolson | Method::DampedCrankNicolson => {
                    // The solve is over the part θ of a step: v(t+dt) = v(t) + (v(t+θdt) − v(t)) / θ.
                    let theta = clock.method.implicitness(clock.dt_s);
                    let (far, back) = (1.0 / theta, 1.0 / theta - 1.0);
                    let stiff = &mut self.work.stiff;
                    note_stiff(&self.arena, self.nodes, self.n_real, back, stiff);
                    solver.solve(clock.level, &mut self.arena);
                    let part = node_base(NodeArray::Rhs, self.nodes);
                    for (node, reach) in stiff.iter_mut() {
                        let (part_v, before_v) = (self.arena[part + *node], self.arena[v + *node]);
                        *reach = reach.mul_add(part_v - before_v, part_v);
                    }
                    for i in 0..self.nodes {
                        self.arena[v + i] = far * self.arena[part + i] - back * self.arena[v + i];
                    }
                    for &(node, after_v) in stiff.iter() {
                        self.arena[v + node] = after_v;
                    }
                }
            }
        }
        let time = step as f64 * clock.dt_s;
        let v = node_base(NodeArray::V, self.nodes);
        for detector in &mut self.detectors {
            let (before, after) = (detector.before_v, self.arena[v + detector.node]);
            if before < detector.threshold_v && after >= detector.threshold_v {
                let fraction = (detector.threshold_v - before) / (after - before);
                self.spikes.push(Spike { time_s: time + fraction * clock.dt_s, cell: detector.sender });
            }
            detector.before_v = after;
        }
        let end = (step + 1) as f64 * clock.dt_s;
        let uniforms = uniforms(clock, end);
        let middle = to_middle(&self::uniforms(clock, time + 0.5 * clock.dt_s));
        let next_middle = self::uniforms(clock, end + 0.5 * clock.dt_s);
        self.begun = begins_next;
        let Group { arena, base, base_is_late, points, cells, work, spikes, .. } = self;
        let mut queue = Queue::new(clock.level);
        let currents_wait = std::mem::take(&mut self.currents_wait);
        let whole_step = self.whole.as_ref().filter(|_| currents_wait && begins_next);
        let all: [f64; 3 * uniform::COUNT];
        if let Some(program) = whole_step {
            work.scratch.noted.clear();
            all = whole_step_uniforms([&uniforms, &middle, &next_middle]);
            queue.push(program, &all, arena, &mut work.scratch);
        } else if currents_wait {
            let base = base.iter().filter(|_| *base_is_late);
            for program in base.chain(points.iter().filter_map(|bound| bound.currents.as_ref())) {
                queue.push(program, &middle, arena, &mut work.scratch);
            }
        }
        for cells in cells {
            let BoundPoints { located, draws, conditions, step: whole, ports, .. } = cells;
            if let Some(draws) = draws {
                queue.flush(arena, &mut work.scratch);
                draws.before_step(arena);
            }
            if let Some(located) = located {
                queue.flush(arena, &mut work.scratch);
                located.attempt().run(clock.level, arena, &uniforms, &mut work.scratch);
                let registers = &mut work.registers;
                let mut within = Within { level: clock.level, end_s: end, dt_s: clock.dt_s, registers };
                for lane in 0..self.n_real {
                    if located.is_met(arena, lane) {
                        located.meet(arena, lane, &mut within, ports, spikes);
                    }
                }
            }
            let own = if located.is_some() { conditions } else { whole };
            if let Some(program) = own.as_ref().filter(|_| whole_step.is_none()) {
                queue.push(program, &uniforms, arena, &mut work.scratch);
            }
            if begins_next && whole_step.is_none() {
                let steps = points.iter().filter_map(|bound| bound.step.as_ref());
                steps.for_each(|step| queue.push(step, &next_middle, arena, &mut work.scratch));
                let base = base.iter().filter(|_| !*base_is_late);
                base.for_each(|base| queue.push(base, &uniforms, arena, &mut work.scratch));
            }
            queue.flush(arena, &mut work.scratch);
            if let Some(draws) = draws {
                draws.after_conditions(arena);
            }
            for port in ports.iter() {
                match whole_step.is_some() {
                    true => port.send_noted(&work.scratch.noted, end, spikes),
                    false => port.send(arena, end, spikes),
                }
            }
        }
        queue.flush(arena, &mut work.scratch);
        self.show(clock.level, &uniforms);
    }

    /// Puts what contacts read of their cell, and coupled contacts of each other, where it is read from.
    fn show(&mut self, level: Level, uniforms: &[f64; uniform::COUNT]) {
        for program in self.cells.iter().chain(&self.points).filter_map(|bound| bound.show.as_ref()) {
            program.run(level, &mut self.arena, uniforms, &mut self.work.scratch);
        }
    }

    fn draw_noise(&mut self, clock: &Clock, step: u64) {
        for noise in self.noise.iter().filter(|n| step.is_multiple_of(n.interval)) {
            noise.draw(clock, step, &mut self.arena);
        }
    }

    /// Whether every potential is a finite number; else the first node whose is not.
    pub fn first_not_finite(&self) -> Option<usize> {
        let v = node_base(NodeArray::V, self.nodes);
        self.arena[v..v + self.n_real].iter().position(|v| !v.is_finite())
    }
}

fn uniforms(clock: &Clock, time_s: f64) -> [f64; uniform::COUNT] {
    let mut values = [0.0; uniform::COUNT];
    values[usize::from(uniform::STEP)] = clock.dt_s;
    values[usize::from(uniform::TIME)] = time_s;
    values
}

/// The uniforms `middle`, of the middle of a step, where what goes on is the half step to it.
fn to_middle(middle: &[f64; uniform::COUNT]) -> [f64; uniform::COUNT] {
    let mut values = *middle;
    values[usize::from(uniform::STEP)] *= 0.5;
    values
}

/// The nodes whose own conductance *G* is so large that *G θdt > C / back*, in a voltage clamp for one, with how
/// far they go on after the part θ of a step, relative to what that part has brought: *C / (G θdt)* instead
/// of `back`, (1 − θ)/θ.
///
/// A whole extrapolation would carry such a node past the potential that its currents drive it to, and back
/// at the next step, for ever if *G* is infinite. This far it comes to rest there.
fn note_stiff(arena: &Arena, nodes: usize, n_real: usize, back: f64, stiff: &mut Vec<(usize, f64)>) {
    stiff.clear();
    let array = |array| &arena[node_base(array, nodes)..][..n_real];
    let (diagonal, without) = (array(NodeArray::Diagonal), array(NodeArray::Diagonal0));
    let capacitance = array(NodeArray::CapacitanceRate);
    for (node, ((d, d0), c)) in diagonal.iter().zip(without).zip(capacitance).enumerate() {
        if (d - d0) * back > *c && *c > 0.0 {
            stiff.push((node, c / (d - d0)));
        }
    }
}
