//! A network that was changed between runs takes over where the old one stands: states, random sequences, events to come.

use std::collections::HashMap;

use super::events::Volley;
use super::group::Group;
use super::laid::Laid;
use super::lower::{Holds, MembranePlan, PointHolds, PointKind};
use super::members::{KindPlace, PlacedLanes};
use super::rules::Plastic;
use crate::error::{Error, ErrorKind, Result};
use crate::vm::{Arena, Target};

/// Checks that `new` can take over from `old`.
///
/// # Errors
/// The first difference that can't be bridged.
pub fn check(old: &Laid, new: &Laid) -> Result<()> {
    let wrong = |what: &str| {
        let message = format!("{what} can not change between runs");
        Err(Error::new(ErrorKind::Unsupported, message).help("reset before the change"))
    };
    if old.populations != new.populations || old.first_cell != new.first_cell || old.sources != new.sources {
        return wrong("populations and their sizes");
    }
    let clock = |group: &Group| (group.clock.dt_s.to_bits(), group.clock.method, group.clock.seed);
    let of_cell = |laid: &Laid, cell: usize| clock(&laid.groups[laid.homes[cell].group as usize]);
    for p in 0..old.populations.len() {
        let cells = old.first_cell[p] as usize..old.first_cell[p + 1] as usize;
        if old.sources[p] || cells.is_empty() {
            continue;
        }
        let name = &old.populations[p];
        let [a, b] = [of_cell(old, cells.start), of_cell(new, cells.start)];
        if a.0 != b.0 || a.1 != b.1 {
            return wrong(&format!("the time step and the method, here those of population '{name}',"));
        }
        if a.2 != b.2 {
            return wrong("the seed");
        }
        let [one, other] = [&old.homes[cells.start], &new.homes[cells.start]];
        if one.own.is_some() != other.own.is_some() {
            return wrong(&format!("whether cells have a shape, here those of population '{name}',"));
        }
        if one.own.is_none() && cells.clone().any(|cell| !same_shape(old, new, cell)) {
            return wrong(&format!("the shape of cells and how they are cut, here of population '{name}',"));
        }
    }
    Ok(())
}

/// Whether the group of a cell with a shape has the same cells, cut in the same way.
fn same_shape(old: &Laid, new: &Laid, cell: usize) -> bool {
    let [a, b] = [(old, cell), (new, cell)].map(|(laid, cell)| laid.homes[cell].group);
    a == b && old.places[a as usize].shape == new.places[b as usize].shape
}

/// Arrays that hold the same of `to` and of `from`, but for parameters: numbers of both.
pub fn alike(to: &PointKind, from: &PointKind) -> Vec<(usize, usize)> {
    let known = from.arrays();
    let state = |s: usize| from.dynamics.state(&to.dynamics.states[s].name);
    let counterpart = |holds: &PointHolds| {
        let wanted = match *holds {
            PointHolds::State(s) => PointHolds::State(state(s)?),
            PointHolds::Before(s) => PointHolds::Before(state(s)?),
            PointHolds::Parameter(_) | PointHolds::Shown(_) | PointHolds::Noise => return None,
            other => other,
        };
        known.iter().position(|known| *known == wanted)
    };
    to.arrays().iter().enumerate().filter_map(|(k, holds)| Some((k, counterpart(holds)?))).collect()
}

/// Takes over from `old`, which has done `tick` ticks, what was checked to fit.
pub fn carry(old: &Laid, new: &mut Laid, tick: u64) {
    new.copies.go_on(&old.copies);
    for g in 0..new.groups.len() {
        if !new.places[g].shape.is_empty() {
            membranes((old, g), new);
        }
    }
    let mut known = HashMap::new();
    for cell in 0..new.homes.len() {
        of_cell(old, new, cell, &mut known);
    }
    let now_s = tick as f64 * old.tick_s;
    let plastic = plastic(old);
    for group in &mut new.groups {
        group.rules.iter_mut().for_each(|rules| rules.go_on(&plastic, now_s));
        let ticks = group.clock.ticks;
        // Groups of one step are prepared together.
        group.prepared = old.groups.iter().any(|before| before.clock.ticks == ticks && before.prepared);
        // Then they have heard what arrives at it.
        group.calendar.skip(tick.div_ceil(ticks) + u64::from(group.prepared));
    }
    events(old, new, now_s);
}

/// Connections with states by their keys.
fn plastic(laid: &Laid) -> Plastic<'_> {
    let rules = laid.groups.iter().enumerate().flat_map(|(g, group)| group.rules.iter().map(move |r| (g, r)));
    rules.flat_map(|(g, r)| r.keys.iter().enumerate().map(move |(c, key)| (*key, (g, r, c)))).collect()
}

/// The potentials of group `g`, and the states of its membranes.
fn membranes((old, g): (&Laid, usize), new: &mut Laid) {
    let (before, places) = (&old.groups[g], &old.places[g]);
    let group = &mut new.groups[g];
    let n = group.n_real;
    // Potentials are the first array.
    group.arena[..n].copy_from_slice(&before.arena[..n]);
    // The membrane and the lane at each position, those in place first: they go over all.
    let mut at: Vec<Option<(usize, usize)>> = vec![None; n];
    for (m, membrane) in places.membranes.iter().enumerate().filter(|(_, membrane)| membrane.on.is_empty()) {
        at.iter_mut().enumerate().take(membrane.width).for_each(|(p, at)| *at = Some((m, p)));
    }
    for (m, membrane) in places.membranes.iter().enumerate() {
        membrane.on.iter().enumerate().for_each(|(lane, &p)| at[p as usize] = Some((m, lane)));
    }
    for membrane in &new.places[g].membranes {
        let plan = &new.catalog.membranes[membrane.plan].0;
        let positions: Vec<usize> = match membrane.on.is_empty() {
            true => (0..n.min(membrane.width)).collect(),
            false => membrane.on.iter().map(|p| *p as usize).collect(),
        };
        for (k, holds) in plan.arrays().into_iter().enumerate() {
            for (lane, &position) in positions.iter().enumerate() {
                let Some((m, from)) = at[position] else { continue };
                let place = &places.membranes[m];
                let Some(array) = counterpart(plan, holds, &old.catalog.membranes[place.plan].0) else {
                    continue;
                };
                group.arena[membrane.start + k * membrane.width + lane] =
                    before.arena[place.start + array * place.width + from];
            }
        }
    }
}

/// The array of `old` that holds what `holds` is in `new`.
fn counterpart(new: &MembranePlan, holds: Holds, old: &MembranePlan) -> Option<usize> {
    let (mechanism, state) = match holds {
        Holds::State { mechanism, state } => (mechanism, Some(state)),
        Holds::IonCurrent { mechanism } => (mechanism, None),
        _ => return None,
    };
    let own = &new.mechanisms[mechanism];
    let found =
        old.mechanisms.iter().position(|other| other.name == own.name && other.is_pool == own.is_pool)?;
    old.array(match state {
        None => Holds::IonCurrent { mechanism: found },
        Some(state) => {
            let state = old.mechanisms[found].dynamics.state(&own.dynamics.states[state].name)?;
            Holds::State { mechanism: found, state }
        }
    })
}

/// By kinds of the catalogues: arrays that hold the same, and whether the kinds are the same in all.
type Known = HashMap<(usize, usize), (Vec<(usize, usize)>, bool)>;

/// What one cell without a shape is itself, and what is placed on any cell.
fn of_cell(old: &Laid, new: &mut Laid, cell: usize, known: &mut Known) {
    let Laid { groups, places, homes, catalog, .. } = new;
    let (home, before) = (&homes[cell], &old.homes[cell]);
    let (Some(group), Some(from)) =
        (groups.get_mut(home.group as usize), old.groups.get(before.group as usize))
    else {
        return;
    };
    let (to_places, from_places) = (&places[home.group as usize], &old.places[before.group as usize]);
    // Gives whether the kinds are the same.
    let mut copy = |to: (&KindPlace, usize), of: (&KindPlace, usize), arena: &mut Arena| {
        let (arrays, same) = known.entry((to.0.kind, of.0.kind)).or_insert_with(|| {
            let (now, was) = (&catalog.kinds[to.0.kind].0, &old.catalog.kinds[of.0.kind].0);
            (alike(now, was), now == was)
        });
        for &(k, was) in arrays.iter() {
            arena[to.0.start + k * to.0.width + to.1] = from.arena[of.0.start + was * of.0.width + of.1];
        }
        *same
    };
    if let (Some(lane), Some(was)) = (home.own, before.own)
        && let (Some(to), Some(of)) = (to_places.kinds.last(), from_places.kinds.last())
    {
        let (lane, was) = (lane as usize, was as usize);
        group.arena[to.v + lane] = from.arena[of.v + was];
        copy((to, lane), (of, was), &mut group.arena);
        let draws = group.cells.first_mut().and_then(|cells| cells.draws.as_mut());
        let drawn = from.cells.first().and_then(|cells| cells.draws.as_ref());
        if let (Some(draws), Some(drawn)) = (draws, drawn) {
            draws.go_on(lane, drawn, was);
        }
    }
    for lanes in &home.placed {
        let Some(was) = counterpart_of(lanes, &before.placed) else {
            group.points[lanes.kind as usize].fresh = true;
            continue;
        };
        let (to, of) = (&to_places.kinds[lanes.kind as usize], &from_places.kinds[was.kind as usize]);
        for i in 0..lanes.count as usize {
            let same = copy((to, lanes.first as usize + i), (of, was.first as usize + i), &mut group.arena);
            group.points[lanes.kind as usize].fresh |= !same;
            let draws = group.points[lanes.kind as usize].draws.as_mut();
            if let (Some(draws), Some(drawn)) = (draws, &from.points[was.kind as usize].draws) {
                draws.go_on(lanes.first as usize + i, drawn, was.first as usize + i);
            }
        }
    }
}

/// The same thing on the same cell, if there are as many of it.
fn counterpart_of<'a>(lanes: &PlacedLanes, all: &'a [PlacedLanes]) -> Option<&'a PlacedLanes> {
    all.iter().find(|other| other.use_id == lanes.use_id && other.count == lanes.count)
}

/// Events that wait in `old` wait in `new`, with the weights that they were sent with. Those of given spikes that are still to
/// come are sent again.
fn events(old: &Laid, new: &mut Laid, now_s: f64) {
    let homes = Homes::of(old);
    // Where connections with states are now.
    let mut rules_now = HashMap::new();
    for (g, group) in new.groups.iter().enumerate() {
        let kinds = group.points.len() + group.cells.len();
        for (number, rules) in group.rules.iter().enumerate() {
            let place = |(c, key): (usize, &[u64; 2])| (*key, (g, kinds + number, c as u32));
            rules_now.extend(rules.keys.iter().enumerate().map(place));
        }
    }
    let given: Vec<bool> = {
        let mut given = vec![false; old.rank.len()];
        for cell in 0..old.homes.len() as u32 {
            given[old.rank[cell as usize] as usize] = old.is_given(cell);
        }
        given
    };
    for (g, group) in old.groups.iter().enumerate() {
        for (step, volley) in group.calendar.waiting() {
            if volley.time_s >= now_s && given[volley.rank as usize] {
                continue;
            }
            for &Target { lane, weight } in &group.targets[volley.range()] {
                let kind = volley.kind as usize;
                let now = match kind.checked_sub(group.points.len() + group.cells.len()) {
                    Some(rules) => rules_now.get(&group.rules[rules].keys[lane as usize]).copied(),
                    None => homes.now(old, new, (g, kind, lane)),
                };
                let Some((to, kind, lane)) = now else { continue };
                let group = &mut new.groups[to];
                let first = group.targets.len() as u32;
                group.targets.push(Target { lane, weight });
                group.calendar.push(step, Volley { kind: kind as u32, first, count: 1, ..*volley });
            }
        }
    }
}

/// The cell of a lane, and which of what is placed on it; the cell itself has none.
type Home = (u32, Option<u32>);

/// Whose the lanes of the kinds of each group are.
struct Homes {
    /// By group and kind: cell, and which of what is placed on it; the cell itself has none.
    of_lane: HashMap<(usize, usize), Vec<Home>>,
}

impl Homes {
    fn of(laid: &Laid) -> Homes {
        let mut of_lane: HashMap<(usize, usize), Vec<Home>> = HashMap::new();
        let mut set = |key, lane: u32, value| {
            let lanes = of_lane.entry(key).or_default();
            if lanes.len() <= lane as usize {
                lanes.resize(lane as usize + 1, (u32::MAX, None));
            }
            lanes[lane as usize] = value;
        };
        for (cell, home) in laid.homes.iter().enumerate() {
            let g = home.group as usize;
            for (slot, lanes) in home.placed.iter().enumerate() {
                for lane in lanes.first..lanes.first + lanes.count {
                    set((g, lanes.kind as usize), lane, (cell as u32, Some(slot as u32)));
                }
            }
            if let Some(lane) = home.own {
                set((g, laid.groups[g].points.len()), lane, (cell as u32, None));
            }
        }
        Homes { of_lane }
    }

    /// Group, kind and lane in `new` of what was hit in `old`; none if it is no longer there.
    fn now(
        &self,
        old: &Laid,
        new: &Laid,
        (g, kind, lane): (usize, usize, u32),
    ) -> Option<(usize, usize, u32)> {
        let &(cell, slot) = self.of_lane.get(&(g, kind))?.get(lane as usize)?;
        let (before, home) = (old.homes.get(cell as usize)?, new.homes.get(cell as usize)?);
        let to = home.group as usize;
        match slot {
            None => Some((to, new.groups[to].points.len(), home.own?)),
            Some(slot) => {
                let was = before.placed.get(slot as usize)?;
                let lanes = home.placed.iter().find(|l| l.use_id == was.use_id && l.count == was.count)?;
                Some((to, lanes.kind as usize, lanes.first + (lane - was.first)))
            }
        }
    }
}
