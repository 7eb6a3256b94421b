//! Spikes and the events they become.

/// A spike: who and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Time, s.
    pub time_s: f64,
    /// Number of the cell in the whole model: populations in order, cells in order. Within the engine
    /// the number of the sender, which for most is the cell's.
    pub cell: u32,
}

/// Order of time, then of `rank`.
pub fn by_time(a: &Spike, b: &Spike, rank: impl Fn(u32) -> u32) -> std::cmp::Ordering {
    a.time_s.total_cmp(&b.time_s).then_with(|| rank(a.cell).cmp(&rank(b.cell)))
}

/// The events by which one spike reaches instances of one kind in a group at one step: a stretch of
/// the group's list of targets. So a spike costs the calendar little, however many cells it reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volley {
    /// The time of the spike, s. Events of one step are heard in this order.
    pub time_s: f64,
    /// The rank of its sender among those of one time.
    pub rank: u32,
    /// Number of the point kind in the group; that of the cells themselves comes after all others.
    pub kind: u32,
    /// The first of the targets.
    pub first: u32,
    /// How many.
    pub count: u16,
    /// The port: index into the kind's ports that receive.
    pub port: u16,
}

impl Volley {
    /// Its targets in the group's list.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.first as usize..self.first as usize + usize::from(self.count)
    }
}

/// Volleys to a group by the step at which they arrive, each step's in order of the spikes' times and ranks, those of one
/// spike in order of pushing.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    /// A ring of steps; grows to the longest delay.
    days: Vec<Vec<Volley>>,
    /// The step of `days[0]`'s turn: the next to be taken.
    next: u64,
}

impl Calendar {
    /// Puts `volley` into step `step`; a step already past counts as the next one.
    pub fn push(&mut self, step: u64, volley: Volley) {
        let step = step.max(self.next);
        let ahead = (step - self.next) as usize;
        if ahead >= self.days.len() {
            self.grow(ahead + 1);
        }
        let day = (step % self.days.len() as u64) as usize;
        self.days[day].push(volley);
    }

    fn grow(&mut self, wanted: usize) {
        let old = std::mem::take(&mut self.days);
        let len = wanted.next_power_of_two().max(64);
        self.days.resize_with(len, Vec::new);
        let n = old.len() as u64;
        for (at, day) in old.into_iter().enumerate() {
            if !day.is_empty() {
                // The one step from `next` on that this place of the old ring stood for.
                let step = self.next + (at as u64 + n - self.next % n) % n;
                self.days[(step % len as u64) as usize] = day;
            }
        }
    }

    /// What waits, with its step; that of one step in order of pushing.
    pub fn waiting(&self) -> impl Iterator<Item = (u64, &Volley)> {
        let n = self.days.len() as u64;
        let days = (self.next..self.next + n).map(move |step| (step, &self.days[(step % n) as usize]));
        days.flat_map(|(step, day)| day.iter().map(move |volley| (step, volley)))
    }

    /// Steps before `step` are over; nothing waits yet.
    pub fn skip(&mut self, step: u64) {
        self.next = step;
    }

    /// Moves the volleys of `step` into `out`. Steps are taken one after the other.
    pub fn take(&mut self, step: u64, out: &mut Vec<Volley>) {
        out.clear();
        if !self.days.is_empty() {
            let day = (step % self.days.len() as u64) as usize;
            out.append(&mut self.days[day]);
            // Spikes are sent off in order but for those that are given, and those of populations with longer steps.
            let order = |a: &Volley, b: &Volley| a.time_s.total_cmp(&b.time_s).then(a.rank.cmp(&b.rank));
            if !out.is_sorted_by(|a, b| order(a, b).is_le()) {
                out.sort_by(order);
            }
        }
        self.next = step + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volleys_come_out_at_their_step_in_order_whatever_the_ring_size() {
        let volley =
            |first: u32| Volley { time_s: f64::from(first), rank: 0, kind: 0, port: 0, first, count: 1 };
        let mut calendar = Calendar::default();
        let mut out = Vec::new();
        calendar.push(0, volley(1));
        calendar.push(70, volley(2));
        calendar.push(3, volley(4));
        calendar.push(3, volley(3));
        let mut seen = Vec::new();
        for step in 0..2000_u64 {
            if step == 5 {
                calendar.push(1005, volley(4));
                calendar.push(70, volley(5));
                calendar.push(2, volley(6));
            }
            calendar.take(step, &mut out);
            seen.extend(out.iter().map(|volley| (step, volley.first)));
        }
        assert_eq!(seen, [(0, 1), (3, 3), (3, 4), (5, 6), (70, 2), (70, 5), (1005, 4)]);
    }
}
