//! Random numbers that equations draw: each place of `random` in each instance has its own
//! sequence, keyed by seed, cell and instance; the next number waits in the instance's memory.

use super::lower::{PointHolds, PointKind};
use crate::dynamics::random::Moment;
use crate::rng::{Purpose, Stream};
use crate::vm::Arena;

/// When a number is drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Never.
    Start,
    /// Before every step.
    Step,
    /// When the condition held whose truth lies in the array that starts here.
    Fired(usize),
    /// After an event at this port.
    Event(usize),
}

/// A place where numbers are drawn.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where the array of the numbers starts.
    pub offset: usize,
    /// When.
    pub when: When,
}

/// What the instances of a kind draw.
#[derive(Debug, Clone)]
pub struct Draws {
    sites: Vec<Site>,
    /// By lane.
    streams: Vec<Stream>,
    /// Numbers drawn so far: site by site, lane by lane.
    counts: Vec<u64>,
}

/// Numbers of a site that are kept apart from those of the next.
const PER_SITE: u64 = 1 << 48;

impl PointKind {
    /// The numbers that instances of this kind draw, whose arrays start at `start`, `width` apart.
    pub fn draws_at(
        &self,
        start: usize,
        width: usize,
        seed: u64,
        keys: impl Iterator<Item = [u64; 2]>,
    ) -> Option<Draws> {
        let place = |what| self.array(what).map_or(0, |k| start + k * width);
        let site = |(number, moment): (usize, &Moment)| Site {
            offset: place(PointHolds::Draw(number)),
            when: match *moment {
                Moment::Start => When::Start,
                Moment::Step => When::Step,
                Moment::Condition(condition) => When::Fired(place(PointHolds::Held(condition))),
                Moment::Event(port) => When::Event(port),
            },
        };
        let sites: Vec<Site> = self.moments().iter().enumerate().map(site).collect();
        (!sites.is_empty()).then(|| Draws::new(seed, sites, keys))
    }
}

impl Draws {
    /// Draws of instances with these keys (cell and use).
    pub fn new(seed: u64, sites: Vec<Site>, keys: impl Iterator<Item = [u64; 2]>) -> Draws {
        let streams: Vec<Stream> = keys.map(|key| Stream::new(seed, Purpose::Process, key)).collect();
        let counts = vec![0; sites.len() * streams.len()];
        Draws { sites, streams, counts }
    }

    fn draw(&mut self, site: usize, lane: usize, arena: &mut Arena) {
        let count = &mut self.counts[site * self.streams.len() + lane];
        arena[self.sites[site].offset + lane] =
            self.streams[lane].uniform_at(site as u64 * PER_SITE + *count);
        *count += 1;
    }

    fn draw_all(&mut self, arena: &mut Arena, which: impl Fn(When) -> bool) {
        for site in 0..self.sites.len() {
            if which(self.sites[site].when) {
                (0..self.streams.len()).for_each(|lane| self.draw(site, lane, arena));
            }
        }
    }

    /// Takes over for `lane` how many numbers `lane_before` of `before` has drawn, if they draw the same.
    pub fn go_on(&mut self, lane: usize, before: &Draws, lane_before: usize) {
        if self.sites.len() != before.sites.len() {
            return;
        }
        for site in 0..self.sites.len() {
            self.counts[site * self.streams.len() + lane] =
                before.counts[site * before.streams.len() + lane_before];
        }
    }

    /// The first numbers of all.
    pub fn start(&mut self, arena: &mut Arena) {
        self.counts.fill(0);
        self.draw_all(arena, |_| true);
    }

    /// New numbers for a step.
    pub fn before_step(&mut self, arena: &mut Arena) {
        self.draw_all(arena, |when| when == When::Step);
    }

    /// New numbers where conditions have used theirs.
    pub fn after_conditions(&mut self, arena: &mut Arena) {
        for site in 0..self.sites.len() {
            if let When::Fired(truth) = self.sites[site].when {
                for lane in 0..self.streams.len() {
                    if arena[truth + lane] != 0.0 {
                        self.draw(site, lane, arena);
                    }
                }
            }
        }
    }

    /// Whether events at `port` use numbers.
    pub fn at_events(&self, port: usize) -> bool {
        self.sites.iter().any(|site| site.when == When::Event(port))
    }

    /// New numbers after an event at `port` has hit `lane`.
    pub fn after_event(&mut self, port: usize, lane: usize, arena: &mut Arena) {
        for site in 0..self.sites.len() {
            if self.sites[site].when == When::Event(port) {
                self.draw(site, lane, arena);
            }
        }
    }
}
