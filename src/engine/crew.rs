//! Threads that step the groups of a run together, epoch by epoch.
//!
//! An epoch may be as short as a step of a few microseconds, less than it takes to wake a thread: between epochs threads look
//! out for the next one. Whoever looks out for long sleeps. Nobody is waited for for long: groups
//! that no other thread has taken are stepped by the one that leads.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::group::Group;

/// Looks at a number that is to change before room is made for other threads: some ten microseconds.
const LOOKS: u64 = 1000;

/// How long the one that leads waits at least before it takes groups that nobody has taken.
const PATIENCE: Duration = Duration::from_micros(2);

/// Looks after which a thread sleeps, and for how long.
const MOST: u64 = LOOKS + 20;
const NAP: Duration = Duration::from_micros(50);

/// Where groups are that spikes arrive at.
pub trait Groups {
    /// How many.
    fn count(&self) -> usize;
    /// Does something with one of them.
    fn with<R>(&mut self, group: usize, work: impl FnOnce(&mut Group) -> R) -> R;
    /// Steps all from tick `from` to before `until`; nothing but events comes in between before tick `end`.
    fn advance(&mut self, from: u64, until: u64, end: u64);
}

impl Groups for Vec<Group> {
    fn count(&self) -> usize {
        self.len()
    }

    fn with<R>(&mut self, group: usize, work: impl FnOnce(&mut Group) -> R) -> R {
        work(&mut self[group])
    }

    fn advance(&mut self, from: u64, until: u64, end: u64) {
        self.iter_mut().for_each(|group| group.advance(from, until, end));
    }
}

/// A group and the last epoch for which a thread took it. On cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Taken<'g> {
    epoch: AtomicU64,
    group: Mutex<&'g mut Group>,
}

/// A number on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// The groups while several threads step them.
#[derive(Debug)]
pub struct Crew<'g> {
    groups: Vec<Taken<'g>>,
    threads: usize,
    /// From which tick to before which, and that before which nothing but events comes in between ([`Group::advance`]). Not where
    /// others look out: each of several numbers set there would have to be fetched back from them.
    ticks: Apart<[AtomicU64; 3]>,
    /// Number of the epoch that is stepped, from 1.
    epoch: Apart<AtomicU64>,
    /// How many groups are through with it.
    done: Apart<AtomicUsize>,
    is_over: AtomicBool,
}

/// Says when it goes that a group is done, also by a panic.
struct Done<'c>(&'c AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// Says when it goes that all is over.
#[derive(Debug)]
pub struct Over<'c>(&'c AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl<'g> Crew<'g> {
    /// `groups` for so many threads.
    pub fn new(groups: &'g mut [Group], threads: usize) -> Crew<'g> {
        let taken = |group| Taken { epoch: AtomicU64::new(0), group: Mutex::new(group) };
        Crew {
            groups: groups.iter_mut().map(taken).collect(),
            threads,
            ticks: Apart::default(),
            epoch: Apart::default(),
            done: Apart::default(),
            is_over: AtomicBool::new(false),
        }
    }

    /// What ends the work of all that [`help`](Crew::help) when it goes.
    pub fn until_dropped(&self) -> Over<'_> {
        Over(&self.is_over)
    }

    /// Steps the groups from tick `from` to before `until`, with those that help. Groups of others are taken from them only
    /// after half the time that the own ones took: whoever is just waking gets there sooner.
    fn lead(&self, from: u64, until: u64, end: u64) {
        for (tick, value) in self.ticks.0.iter().zip([from, until, end]) {
            tick.store(value, Ordering::Relaxed);
        }
        self.done.0.store(0, Ordering::Relaxed);
        let epoch = self.epoch.0.load(Ordering::Relaxed) + 1;
        self.epoch.0.store(epoch, Ordering::Release);
        let begin = Instant::now();
        self.step(self.own(0), epoch);
        let is_done = || self.done.0.load(Ordering::Acquire) == self.groups.len();
        let is_taken = || self.groups.iter().all(|taken| taken.epoch.load(Ordering::Relaxed) == epoch);
        if !is_done() {
            let patience = PATIENCE.max(begin.elapsed() / 2);
            let since = Instant::now();
            wait(|| is_taken() || since.elapsed() >= patience);
            self.step(self.groups.iter(), epoch);
            wait(is_done);
        }
    }

    /// Helps as thread `number`, from 1, until all is over.
    pub fn help(&self, number: usize) {
        let mut last = 0;
        loop {
            wait(|| self.epoch.0.load(Ordering::Acquire) != last || self.is_over.load(Ordering::Acquire));
            if self.is_over.load(Ordering::Acquire) {
                return;
            }
            last = self.epoch.0.load(Ordering::Acquire);
            self.step(self.own(number), last);
        }
    }

    /// The groups that a thread takes first: what it had before is still in its caches.
    fn own(&self, thread: usize) -> impl Iterator<Item = &Taken<'g>> {
        self.groups.iter().skip(thread).step_by(self.threads)
    }

    /// Steps those of `groups` that nobody has taken yet for `epoch`.
    fn step<'c>(&'c self, groups: impl Iterator<Item = &'c Taken<'g>>, epoch: u64)
    where
        'g: 'c,
    {
        for taken in groups {
            let take = taken.epoch.compare_exchange(epoch - 1, epoch, Ordering::AcqRel, Ordering::Relaxed);
            if take.is_ok() {
                let _done = Done(&self.done.0);
                let [from, until, end] = [0, 1, 2].map(|k| self.ticks.0[k].load(Ordering::Relaxed));
                lock(taken).advance(from, until, end);
            }
        }
    }
}

impl Groups for &Crew<'_> {
    fn count(&self) -> usize {
        self.groups.len()
    }

    fn with<R>(&mut self, group: usize, work: impl FnOnce(&mut Group) -> R) -> R {
        work(&mut lock(&self.groups[group]))
    }

    fn advance(&mut self, from: u64, until: u64, end: u64) {
        self.lead(from, until, end);
    }
}

/// Never held by two at a time. What a panic left goes down with the run.
fn lock<'a, 'g>(taken: &'a Taken<'g>) -> MutexGuard<'a, &'g mut Group> {
    taken.group.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks out until `is_so`.
fn wait(is_so: impl Fn() -> bool) {
    for looks in 0_u64.. {
        if is_so() {
            return;
        }
        match looks {
            ..LOOKS => std::hint::spin_loop(),
            LOOKS..MOST => std::thread::yield_now(),
            _ => std::thread::sleep(NAP),
        }
    }
}
