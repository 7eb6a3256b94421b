//! The store of connections: where a sender's spikes lead, group by group, delay by delay.
//!
//! A connection takes twelve bytes ([`Target`]), and four more for each stretch of connections of one sender
//! with the same delay.

use std::collections::HashMap;

use super::events::{Spike, Volley};
use super::group::Group;
use crate::error::{Error, ErrorKind, Result};
use crate::vm::Target;
use crate::wiring::nearest_step;

/// Different delays in a network at most.
pub const MOST_DELAYS: usize = 1 << 16;

/// Where one connection leads.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// The group.
    pub group: u32,
    /// Number of the point kind in it.
    pub kind: u32,
    /// The port.
    pub port: u16,
    /// Lane and weight.
    pub target: Target,
    /// Delay, s.
    pub delay_s: f64,
}

impl Default for Link {
    fn default() -> Link {
        Link { group: 0, kind: 0, port: 0, target: Target { lane: 0, weight: 0.0 }, delay_s: 0.0 }
    }
}

/// Connections of one sender that lead to one port of one kind in one group.
#[derive(Debug, Clone, Copy)]
struct Route {
    group: u32,
    kind: u32,
    /// The first of the group's targets.
    first: u32,
    /// The stretches of equal delay.
    first_run: u32,
    runs: u32,
    port: u16,
}

/// Neighbouring targets with the same delay.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Index into the delays.
    delay: u16,
    count: u16,
}

/// All routes, by sender.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    routes: Vec<Route>,
    /// Routes of sender `s`: `routes[first[s]..first[s + 1]]`.
    first: Vec<usize>,
    runs: Vec<Run>,
    delays_s: Vec<f64>,
    connections: u64,
}

impl Routes {
    /// The volleys of `spike`, whose sender has this rank: the group each goes to and its delay, s.
    pub fn from(&self, spike: Spike, rank: u32) -> impl Iterator<Item = (u32, Volley, f64)> {
        let Spike { time_s, cell } = spike;
        let sender = cell as usize;
        let routes = match self.first.get(sender..sender + 2) {
            Some(range) => &self.routes[range[0]..range[1]],
            None => &[],
        };
        routes.iter().flat_map(move |route| {
            let Route { group, kind, port, first, first_run, runs } = *route;
            let runs = &self.runs[first_run as usize..(first_run + runs) as usize];
            let mut first = first;
            runs.iter().map(move |run| {
                let (end, count) = (first + u32::from(run.count), run.count);
                let first = std::mem::replace(&mut first, end);
                let volley = Volley { time_s, rank, kind, first, count, port };
                (group, volley, self.delays_s[usize::from(run.delay)])
            })
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// How many connections there are.
    pub fn connections(&self) -> u64 {
        self.connections
    }

    /// The shortest delay, s; infinite if there is no connection.
    fn shortest_delay_s(&self) -> f64 {
        self.delays_s.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// How many ticks of `tick_s` (s) pass at least from the tick at which a step begins to the one at which its spikes arrive
    /// anywhere, by what each group's step is in ticks.
    pub fn shortest_lead(&self, tick_s: f64, ticks: &[u64]) -> f64 {
        if ticks.iter().all(|ticks| *ticks == 1) {
            return nearest_step(self.shortest_delay_s(), tick_s);
        }
        let mut shortest = f64::INFINITY;
        for route in &self.routes {
            let half_a_step = 0.5 * ticks[route.group as usize] as f64;
            for run in &self.runs[route.first_run as usize..(route.first_run + route.runs) as usize] {
                let delay = self.delays_s[usize::from(run.delay)] / tick_s;
                shortest = shortest.min((delay - half_a_step - 1e-6).ceil());
            }
        }
        shortest
    }

    /// Bytes that connections take, targets in the groups included.
    pub fn bytes(&self) -> u64 {
        let of = |len: usize, each: usize| (len * each) as u64;
        self.connections * size_of::<Target>() as u64
            + of(self.routes.len(), size_of::<Route>())
            + of(self.runs.len(), size_of::<Run>())
            + of(self.first.len(), size_of::<usize>())
    }
}

/// Routes under construction.
#[derive(Debug)]
pub struct Wires {
    senders: usize,
    /// Sender of each route.
    of: Vec<u32>,
    routes: Routes,
    /// Number of each delay, by its bits.
    known: HashMap<u64, u16>,
}

impl Wires {
    /// None yet, for so many senders.
    pub fn new(senders: usize) -> Wires {
        Wires { senders, of: Vec::new(), routes: Routes::default(), known: HashMap::new() }
    }

    /// Adds connections of one sender, which are put in order.
    ///
    /// # Errors
    /// If there are too many connections or delays.
    pub fn add(&mut self, sender: u32, links: &mut [Link], groups: &mut [Group]) -> Result<()> {
        // Of equal ones the order of connection stays: what reaches a lane is summed in an order
        // that does not depend on the groups.
        links.sort_by(|a, b| {
            let by_receiver = (a.group, a.kind, a.port).cmp(&(b.group, b.kind, b.port));
            by_receiver.then(a.delay_s.total_cmp(&b.delay_s))
        });
        let too_many = || Error::new(ErrorKind::Limit, "more than 4 billion connections");
        for same in links.chunk_by(|a, b| (a.group, a.kind, a.port) == (b.group, b.kind, b.port)) {
            let Link { group, kind, port, .. } = same[0];
            let targets = &mut groups[group as usize].targets;
            let first = u32::try_from(targets.len()).map_err(|_| too_many())?;
            u32::try_from(targets.len() + same.len()).map_err(|_| too_many())?;
            targets.extend(same.iter().map(|link| link.target));
            let first_run = u32::try_from(self.routes.runs.len()).map_err(|_| too_many())?;
            for equal in same.chunk_by(|a, b| a.delay_s.to_bits() == b.delay_s.to_bits()) {
                let delay = self.delay(equal[0].delay_s)?;
                let runs = equal.chunks(usize::from(u16::MAX));
                self.routes.runs.extend(runs.map(|run| Run { delay, count: run.len() as u16 }));
            }
            let runs = self.routes.runs.len() as u32 - first_run;
            self.routes.routes.push(Route { group, kind, first, first_run, runs, port });
            self.of.push(sender);
            self.routes.connections += same.len() as u64;
        }
        Ok(())
    }

    fn delay(&mut self, delay_s: f64) -> Result<u16> {
        let next = self.routes.delays_s.len();
        if let Some(&known) = self.known.get(&delay_s.to_bits()) {
            return Ok(known);
        }
        let Ok(number) = u16::try_from(next) else {
            let message = format!("more than {MOST_DELAYS} different delays");
            return Err(
                Error::new(ErrorKind::Limit, message).help("shorten the longest, or lengthen the time step")
            );
        };
        self.known.insert(delay_s.to_bits(), number);
        self.routes.delays_s.push(delay_s);
        Ok(number)
    }

    /// The routes, by sender; of one sender in the order in which they were added.
    pub fn finish(self) -> Routes {
        let Wires { senders, of, mut routes, .. } = self;
        let mut first = vec![0usize; senders + 1];
        of.iter().for_each(|sender| first[*sender as usize + 1] += 1);
        for i in 0..senders {
            first[i + 1] += first[i];
        }
        if !of.is_sorted() {
            let mut next = first.clone();
            let mut sorted = routes.routes.clone();
            for (route, sender) in routes.routes.iter().zip(&of) {
                let at = &mut next[*sender as usize];
                sorted[*at] = *route;
                *at += 1;
            }
            routes.routes = sorted;
        }
        routes.first = first;
        routes
    }
}
