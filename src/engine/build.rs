//! Groups from members: layout of the memory, programs bound to it, numbers filled in.

use std::collections::HashMap;
use std::sync::Arc;

use super::bind::{Allocator, BoundMembrane, BoundPoints, OfCells, Placement, node_base};
use super::catalog::Catalog;
use super::group::{Clock, Detector, Group, Noise, OutPort, Work};
use super::lower::{
    Array, Builder, Holds, Mechanism, MembranePlan, N_NODE_ARRAYS, NodeArray, PointHolds, PointKind,
    Template, sums,
};
use super::members::{
    CableMember, KindPlace, MembranePlace, PlacedAt, PlacedLanes, PointMember, Request, What,
};
use super::senders::SILENT;
use super::sets::{Set, choose_in_place, collect_sets};
use super::watch::{Program, Source, Watched, Watching};
use crate::cable::hines::{Arrays, Hines};
use crate::cable::order::Forest;
use crate::cable::order::NO_PARENT;
use crate::error::{Error, ErrorKind, Result};
use crate::vm::{Arena, padded};

/// The use by which the draws of a point cell itself are keyed.
const CELL_ITSELF: u64 = u64::MAX;

/// A group.
#[derive(Debug)]
pub struct Built {
    /// It.
    pub group: Group,
    /// Where each member's instances are in it.
    pub lanes: Vec<Vec<PlacedLanes>>,
    /// Where instances of each kind lie; in a group of point cells the last one is the cells themselves.
    pub kinds: Vec<KindPlace>,
    /// Where the membranes lie.
    pub membranes: Vec<MembranePlace>,
    /// Cell and node at each position, and the one that it hangs on: groups of the same shape have the same.
    pub shape: Vec<(u32, u32, u32)>,
}

/// The instances of a group of the same kind.
struct Kind {
    kind: usize,
    nodes: Vec<u32>,
    values: Vec<Vec<f64>>,
    noise: Vec<[u64; 2]>,
    noise_interval: u64,
    /// By port and lane the numbers of the senders, if anybody listens.
    senders: Vec<Vec<u32>>,
    start: usize,
    width: usize,
}

impl Kind {
    fn place(self, nodes: usize) -> KindPlace {
        let Kind { kind, nodes: on, start, width, .. } = self;
        KindPlace { kind, start, width, on, v: node_base(NodeArray::V, nodes) }
    }
}

/// Builds a group of cable cells. `intervals` are the sampling intervals of the tables, in ticks.
///
/// # Errors
/// If a mechanism can't be compiled or the group is too large.
pub fn cable_group(
    members: &[CableMember<'_>],
    catalog: &mut Catalog,
    clock: &Clock,
    temperature_k: f64,
    intervals: &[u64],
) -> Result<Built> {
    let forest = Forest::new(members.iter().map(|m| &m.plan.tree))?;
    // At least one node of padding, for the padding lanes of what sits on nodes.
    let nodes = padded(forest.len() + 1);
    let mut allocator = Allocator::default();
    allocator.take(N_NODE_ARRAYS, nodes);
    let mut sets = collect_sets(members, &forest);
    choose_in_place(&mut sets, forest.len(), catalog, (temperature_k, clock.dt_s))?;
    for set in &mut sets {
        let mechanisms = set.mechanisms.clone();
        let plan = MembranePlan { mechanisms, temperature_k, step_s: clock.dt_s, in_place: set.in_place };
        set.width = if set.in_place { nodes } else { padded(set.lanes.len()) };
        set.start = allocator.take(plan.arrays().len(), set.width);
        set.membrane = catalog.membrane(plan)?;
    }
    let placed: Vec<(u64, &[PlacedAt])> = members.iter().map(|m| (m.key, &m.placed[..])).collect();
    let position = |member: usize, node: u32| forest.position(member, node as usize) as u32;
    let (mut kinds, placed_lanes) = collect_kinds(&placed, &position, catalog);
    for kind in &mut kinds {
        kind.start = allocator.take(catalog.kinds[kind.kind].0.arrays().len(), kind.width);
    }
    let mut fixed = placed_states(&placed, &placed_lanes, &kinds, catalog);
    let requests: Vec<&[Request]> = members.iter().map(|m| &m.requests[..]).collect();
    let mut watching = Watching::new(intervals, clock.ticks);
    for (member, requests) in requests.iter().enumerate() {
        for request in *requests {
            let at = position(member, request.node);
            let source = match &request.what {
                What::V => Source::At(node_base(NodeArray::V, nodes) + at as usize),
                What::Mechanism(mechanism, variable) => {
                    let wanted = &members[member].plan.mechanisms[*mechanism].mechanism;
                    mechanism_source(&sets, catalog, wanted, at, variable)?
                }
                What::Placed(slot, instance, variable) => {
                    let PlacedLanes { kind, first, .. } = placed_lanes[member][*slot];
                    kind_source(&kinds, catalog, kind as usize, first as usize + instance, variable)
                }
                What::Fixed(value) => {
                    let offset = allocator.take(1, 1);
                    fixed.push((offset, *value));
                    Source::At(offset)
                }
                What::Cell(_) => return Err(misplaced()),
            };
            watching.add(request, source);
        }
    }
    let result_starts = watching.allocate(&mut allocator);
    let mut arena = Arena::zeros(allocator.len());
    fill_nodes(&mut arena, members, &forest, nodes, clock);

    let mut membranes = Vec::with_capacity(sets.len());
    for set in &sets {
        let (plan, programs) = &catalog.membranes[set.membrane];
        let place = set.placement(nodes, forest.len(), arena.len());
        membranes.push(BoundMembrane::new(programs, &place)?);
        set.fill(&mut arena, plan, members, nodes);
        fixed.extend(set.own_states(plan, members));
    }
    let base = if sets.first().is_some_and(|s| s.in_place) {
        None
    } else {
        let place = Placement {
            lanes: nodes,
            instances: 0,
            of_cells: OfCells::default(),
            results: 0,
            nodes,
            arena: arena.len(),
            lists: Vec::new(),
        };
        Some(place.bind(&base_program(true, true, 0)?)?)
    };
    let mut constant = vec![true; forest.len()];
    for set in &sets {
        if !catalog.membranes[set.membrane].1.constant_conductance {
            set.lanes.iter().for_each(|lane| constant[lane.2 as usize] = false);
        }
    }
    for kind in &kinds {
        if catalog.kinds[kind.kind].1.has_conductance {
            kind.nodes.iter().for_each(|&node| constant[node as usize] = false);
        }
    }
    let arrays = Arrays {
        d: node_base(NodeArray::Diagonal, nodes),
        rhs: node_base(NodeArray::Rhs, nodes),
        g: node_base(NodeArray::Axial, nodes),
        f: node_base(NodeArray::Factor, nodes),
        inverse: node_base(NodeArray::Inverse, nodes),
    };
    let solver = Hines::new(&forest, &constant, arrays, arena.len())?;
    let (points, noise) =
        bind_kinds(&kinds, catalog, &mut arena, (nodes, forest.len(), OfCells::default()), clock.seed)?;
    let find = |table: &Watched| match table.of {
        Program::Mechanism { set, mechanism } => {
            let set = &sets[set];
            let template = catalog.membranes[set.membrane].0.observe(mechanism, &table.variable)?;
            Ok((template, set.start, set.width))
        }
        Program::Kind { kind } => {
            let kind = &kinds[kind];
            let template = catalog.kinds[kind.kind].0.observe(&table.variable)?;
            Ok((template, kind.start, kind.width))
        }
    };
    let observers =
        watching.bind(&result_starts, find, (nodes, arena.len(), OfCells::default()), kinds.len())?;
    let detectors = members.iter().enumerate().flat_map(|(member, m)| {
        let position = &position;
        m.detectors.iter().map(move |&(node, threshold_v, sender)| Detector {
            node: position(member, node) as usize,
            sender,
            threshold_v,
            before_v: 0.0,
        })
    });
    let group = Group {
        clock: *clock,
        initial: Arena::default(),
        arena,
        nodes,
        n_real: forest.len(),
        solver: Some(solver),
        set_at_start: fixed,
        base,
        base_is_late: false,
        whole: None,
        membranes,
        points,
        cells: Vec::new(),
        noise,
        detectors: detectors.collect(),
        observers,
        samples: watching.samples,
        targets: Vec::new(),
        rules: Vec::new(),
        calendar: Default::default(),
        spikes: Vec::new(),
        prepared: false,
        currents_wait: false,
        may_begin: false,
        begun: false,
        factored: false,
        work: Work::default(),
    };
    let membranes = sets.iter().map(|set| MembranePlace {
        plan: set.membrane,
        start: set.start,
        width: set.width,
        on: if set.in_place { Vec::new() } else { set.lanes.iter().map(|lane| lane.2).collect() },
    });
    let at = forest.nodes().iter().zip(forest.parents());
    Ok(Built {
        group,
        lanes: placed_lanes,
        kinds: kinds.into_iter().map(|k| k.place(nodes)).collect(),
        membranes: membranes.collect(),
        shape: at.map(|(&(member, node), &parent)| (members[member as usize].cell, node, parent)).collect(),
    })
}

/// Builds a group of point cells of one kind.
///
/// # Errors
/// As [`cable_group`].
pub fn point_group(
    members: &[PointMember],
    catalog: &Catalog,
    clock: &Clock,
    intervals: &[u64],
) -> Result<Built> {
    let n = members.len();
    let nodes = padded(n + 1);
    let mut allocator = Allocator::default();
    allocator.take(N_NODE_ARRAYS, nodes);
    let cell_kind = members.first().map_or(0, |m| m.kind);
    let (plan, programs) = &catalog.kinds[cell_kind];
    let cells_start = allocator.take(plan.arrays().len(), nodes);
    let n_received = sums(&plan.dynamics).iter().filter(|sum| sum.array.is_some()).count();
    let shown = cells_start + plan.array(PointHolds::Shown(0)).unwrap_or(0) * nodes;
    let of_cells = OfCells { received: allocator.take(n_received, nodes), shown };
    let placed: Vec<(u64, &[PlacedAt])> = members.iter().map(|m| (m.key, &m.placed[..])).collect();
    let (mut kinds, placed_lanes) = collect_kinds(&placed, &|member, _| member as u32, catalog);
    for kind in &mut kinds {
        if kind.nodes.len() == n {
            // One on each cell, as a rule: with as many lanes they may go together.
            kind.width = nodes;
        }
        kind.start = allocator.take(catalog.kinds[kind.kind].0.arrays().len(), kind.width);
    }
    // The cells themselves are watched as one more kind, after those on them.
    let own = kinds.len();
    let mut watching = Watching::new(intervals, clock.ticks);
    for (member, m) in members.iter().enumerate() {
        for request in &m.requests {
            let source = match &request.what {
                What::V => Source::At(node_base(NodeArray::V, nodes) + member),
                What::Cell(variable) => Source::Computed {
                    of: Program::Kind { kind: own },
                    variable: variable.clone(),
                    node: member as u32,
                    lane: member as u32,
                },
                What::Placed(slot, instance, variable) => {
                    let PlacedLanes { kind, first, .. } = placed_lanes[member][*slot];
                    kind_source(&kinds, catalog, kind as usize, first as usize + instance, variable)
                }
                What::Mechanism(..) | What::Fixed(_) => return Err(misplaced()),
            };
            watching.add(request, source);
        }
    }
    let result_starts = watching.allocate(&mut allocator);
    let mut arena = Arena::zeros(allocator.len());
    let place = |instances| Placement {
        lanes: nodes,
        instances,
        of_cells,
        results: 0,
        nodes,
        arena: arena.len(),
        lists: Vec::new(),
    };
    let base = place(0).bind(&base_program(false, plan.is_loaded, n_received)?)?;
    let mut bound = BoundPoints::new(programs, &place(cells_start))?;
    for parameter in 0..plan.varying.len() {
        let Some(array) = plan.array(PointHolds::Parameter(parameter)) else { continue };
        let lanes = &mut arena[cells_start + array * nodes..][..nodes];
        let value = |member: &PointMember| member.values[parameter];
        // Lanes that stand for no cell have harmless values.
        lanes.fill(members.first().map_or(0.0, value));
        lanes.iter_mut().zip(members).for_each(|(lane, member)| *lane = value(member));
    }
    let keys = members.iter().map(|m| [m.key, CELL_ITSELF]);
    bound.draws = plan.draws_at(cells_start, nodes, clock.seed, keys);
    bound.ports = out_ports(members, plan, cells_start, nodes);
    let (points, noise) = bind_kinds(&kinds, catalog, &mut arena, (nodes, n, of_cells), clock.seed)?;
    let find = |table: &Watched| {
        let Program::Kind { kind } = table.of else { return Err(misplaced()) };
        let (kind, start, width) = match kinds.get(kind) {
            Some(kind) => (kind.kind, kind.start, kind.width),
            None => (cell_kind, cells_start, nodes),
        };
        Ok((catalog.kinds[kind].0.observe(&table.variable)?, start, width))
    };
    let observers = watching.bind(&result_starts, find, (nodes, arena.len(), of_cells), kinds.len())?;
    let mut set_at_start = initial_states(members, plan, cells_start, nodes);
    set_at_start.extend(placed_states(&placed, &placed_lanes, &kinds, catalog));
    let may_begin = kinds.iter().all(|kind| catalog.kinds[kind.kind].0.is_alone()) && plan.is_alone();
    let base_is_late = !programs.events.iter().any(|(_, program)| program.arrays.iter().any(Array::is_sum));
    let rhs_and_diagonal = [NodeArray::Rhs, NodeArray::Diagonal].map(|array| node_base(array, nodes));
    let sums = (0..n_received).map(|k| of_cells.received + k * nodes).chain(rhs_and_diagonal);
    let sums: Vec<usize> = sums.collect();
    let whole = match &bound.ports[..] {
        [] if may_begin && base_is_late => bound.whole_step(&base, &points, &sums, None)?,
        [port] if may_begin && base_is_late => bound.whole_step(&base, &points, &sums, Some(port.sent))?,
        _ => None,
    };
    let group = Group {
        clock: *clock,
        initial: Arena::default(),
        arena,
        nodes,
        n_real: n,
        solver: None,
        set_at_start,
        base: Some(base),
        base_is_late,
        whole,
        membranes: Vec::new(),
        points,
        cells: vec![bound],
        noise,
        detectors: Vec::new(),
        observers,
        samples: watching.samples,
        targets: Vec::new(),
        rules: Vec::new(),
        calendar: Default::default(),
        spikes: Vec::new(),
        prepared: false,
        currents_wait: false,
        may_begin,
        begun: false,
        factored: false,
        work: Work::default(),
    };
    let mut kinds: Vec<KindPlace> = kinds.into_iter().map(|k| k.place(nodes)).collect();
    let v = node_base(NodeArray::V, nodes);
    kinds.push(KindPlace { kind: cell_kind, start: cells_start, width: nodes, on: Vec::new(), v });
    Ok(Built { group, lanes: placed_lanes, kinds, membranes: Vec::new(), shape: Vec::new() })
}

/// The ports by which events leave `members`, which lie from `start` on.
fn out_ports(members: &[PointMember], plan: &PointKind, start: usize, nodes: usize) -> Vec<OutPort> {
    let ports = members.first().map_or(&[][..], |m| &m.ports);
    let place = |what| plan.array(what).map(|k| start + k * nodes);
    let one = |(at, &(port, _)): (usize, &(usize, u32))| {
        let senders = members.iter().filter_map(|m| m.ports.get(at)).map(|(_, sender)| *sender).collect();
        Some(OutPort {
            sent: place(PointHolds::Sent(port))?,
            relayed: place(PointHolds::Relayed(port)),
            senders,
        })
    };
    ports.iter().enumerate().filter_map(one).collect()
}

/// Where the potentials lie that the population sets, and their values, V.
fn initial_states(
    members: &[PointMember],
    plan: &PointKind,
    start: usize,
    nodes: usize,
) -> Vec<(usize, f64)> {
    let state = plan.dynamics.exposed("v").and_then(|name| plan.dynamics.state(name));
    let array = state.and_then(|s| plan.array(PointHolds::State(s)));
    let mut set = Vec::new();
    for (lane, v) in members.iter().enumerate().filter_map(|(lane, m)| Some((lane, m.initial_v?))) {
        set.push((node_base(NodeArray::V, nodes) + lane, v));
        set.extend(array.map(|k| (start + k * nodes + lane, v)));
    }
    for (lane, member) in members.iter().enumerate() {
        for &(state, value) in &member.initial {
            set.extend(plan.array(PointHolds::State(state)).map(|k| (start + k * nodes + lane, value)));
        }
    }
    set
}

/// The same for states of what is placed on cells.
fn placed_states(
    placed: &[(u64, &[PlacedAt])],
    lanes: &[Vec<PlacedLanes>],
    kinds: &[Kind],
    catalog: &Catalog,
) -> Vec<(usize, f64)> {
    let mut set = Vec::new();
    for ((_, placed), lanes) in placed.iter().zip(lanes) {
        for (at, lanes) in placed.iter().zip(lanes) {
            let kind = &kinds[lanes.kind as usize];
            for &(state, value) in &at.initial {
                let Some(k) = catalog.kinds[at.kind].0.array(PointHolds::State(state)) else { continue };
                let first = kind.start + k * kind.width + lanes.first as usize;
                set.extend((first..first + lanes.count as usize).map(|offset| (offset, value)));
            }
        }
    }
    set
}

fn misplaced() -> Error {
    Error::new(ErrorKind::Unsupported, "this variable can't be recorded on this kind of cell")
}

/// Sets diagonal and right-hand side before anything adds to them: for cable cells
/// `d = diagonal0, rhs = (C/dt) v`, for point cells zero; the diagonal only where anything may add to it.
fn base_program(cable: bool, diagonals: bool, received: usize) -> Result<Template> {
    let mut builder = Builder::default();
    let (rhs, diagonal) = if cable {
        let v = builder.read(Array::Node(NodeArray::V));
        let rate = builder.read(Array::Node(NodeArray::CapacitanceRate));
        let charge = builder.graph.mul(rate, v);
        (charge, builder.read(Array::Node(NodeArray::Diagonal0)))
    } else {
        let zero = builder.graph.constant(0.0);
        (zero, zero)
    };
    builder.store(rhs, Array::Node(NodeArray::Rhs));
    if diagonals {
        builder.store(diagonal, Array::Node(NodeArray::Diagonal));
    }
    let zero = builder.graph.constant(0.0);
    (0..received).for_each(|k| builder.store(zero, Array::Received(k as u16)));
    builder.finish()
}

fn fill_nodes(arena: &mut Arena, members: &[CableMember<'_>], forest: &Forest, nodes: usize, clock: &Clock) {
    let rate = 1.0 / (clock.method.implicitness(clock.dt_s) * clock.dt_s);
    let [v, capacitance, diagonal0, diagonal, axial] = [
        NodeArray::V,
        NodeArray::CapacitanceRate,
        NodeArray::Diagonal0,
        NodeArray::Diagonal,
        NodeArray::Axial,
    ]
    .map(|array| node_base(array, nodes));
    let conductances = forest.axial(|cell| members[cell].axial_s());
    for (at, &(member, node)) in forest.nodes().iter().enumerate() {
        let (m, node) = (&members[member as usize], node as usize);
        arena[v + at] = m.initial_v.unwrap_or(m.plan.initial_v[node]);
        arena[capacitance + at] = m.capacitance_f(node) * rate;
        arena[diagonal0 + at] = arena[capacitance + at];
        arena[axial + at] = conductances[at];
    }
    // From the tips to the root, so that a cell's sums do not depend on the rest of its group.
    for (at, &parent) in forest.parents().iter().enumerate().rev() {
        if parent != NO_PARENT {
            arena[diagonal0 + at] += conductances[at];
            arena[diagonal0 + parent as usize] += conductances[at];
        }
    }
    for at in forest.len()..nodes {
        arena[v + at] = arena[v];
        arena[diagonal0 + at] = 1.0;
    }
    for at in 0..nodes {
        arena[diagonal + at] = arena[diagonal0 + at];
    }
}

fn collect_kinds(
    members: &[(u64, &[PlacedAt])],
    position: &dyn Fn(usize, u32) -> u32,
    catalog: &Catalog,
) -> (Vec<Kind>, Vec<Vec<PlacedLanes>>) {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut known: HashMap<(usize, u64), usize> = HashMap::new();
    let mut lanes = Vec::with_capacity(members.len());
    for (member, (key, placed)) in members.iter().enumerate() {
        let mut own = Vec::with_capacity(placed.len());
        for at in *placed {
            let varying = catalog.kinds[at.kind].0.varying.len();
            let number = *known.entry((at.kind, at.noise_interval)).or_insert_with(|| {
                kinds.push(Kind {
                    kind: at.kind,
                    nodes: Vec::new(),
                    values: vec![Vec::new(); varying],
                    noise: Vec::new(),
                    noise_interval: at.noise_interval,
                    senders: vec![Vec::new(); catalog.kinds[at.kind].0.ports()],
                    start: 0,
                    width: 0,
                });
                kinds.len() - 1
            });
            let kind = &mut kinds[number];
            let (first, count) = (kind.nodes.len() as u32, at.nodes.len() as u32);
            own.push(PlacedLanes { kind: number as u32, first, count, use_id: at.use_id });
            for (port, senders) in kind.senders.iter_mut().enumerate() {
                let silent = || vec![SILENT; count as usize];
                senders.extend(at.senders.get(port).cloned().unwrap_or_else(silent));
            }
            for (instance, &node) in at.nodes.iter().enumerate() {
                kind.nodes.push(position(member, node));
                let use_id = at.use_id << 32 | instance as u64;
                kind.noise.push([*key, use_id]);
                for (column, values) in kind.values.iter_mut().zip(&at.values) {
                    column.push(values[instance]);
                }
            }
        }
        lanes.push(own);
    }
    // In an order that depends neither on which cells share the group nor on what else is in the model: they add to the
    // same nodes.
    let before = |a: &Kind, b: &Kind| {
        catalog.compare(a.kind, b.kind).then_with(|| a.noise_interval.cmp(&b.noise_interval))
    };
    let mut order: Vec<usize> = (0..kinds.len()).collect();
    order.sort_by(|&a, &b| before(&kinds[a], &kinds[b]));
    let mut number = vec![0; kinds.len()];
    for (new, &old) in order.iter().enumerate() {
        number[old] = new as u32;
    }
    for lanes in lanes.iter_mut().flatten() {
        lanes.kind = number[lanes.kind as usize];
    }
    kinds.sort_by(before);
    for kind in &mut kinds {
        kind.width = padded(kind.nodes.len());
    }
    (kinds, lanes)
}

fn bind_kinds(
    kinds: &[Kind],
    catalog: &Catalog,
    arena: &mut Arena,
    (nodes, dummy, of_cells): (usize, usize, OfCells),
    seed: u64,
) -> Result<(Vec<BoundPoints>, Vec<Noise>)> {
    let (mut bound, mut noise) = (Vec::with_capacity(kinds.len()), Vec::new());
    for kind in kinds {
        let (plan, programs) = &catalog.kinds[kind.kind];
        let mut positions = kind.nodes.clone();
        // One node of padding each, as far as there are: then the list of a thing on each cell leads straight on.
        let padding = (dummy..nodes).chain(std::iter::repeat(nodes - 1)).map(|node| node as u32);
        positions.extend(padding.take(kind.width - kind.nodes.len()));
        let place = Placement {
            lanes: kind.width,
            instances: kind.start,
            of_cells,
            results: 0,
            nodes,
            arena: arena.len(),
            lists: vec![Arc::from(positions)],
        };
        bound.push(BoundPoints::new(programs, &place)?);
        for (k, holds) in plan.arrays().into_iter().enumerate() {
            let start = kind.start + k * kind.width;
            match holds {
                PointHolds::Parameter(parameter) => {
                    let values = &kind.values[parameter];
                    arena[start..start + kind.width].fill(values.first().copied().unwrap_or(0.0));
                    arena[start..start + values.len()].copy_from_slice(values);
                }
                PointHolds::Noise => noise.push(Noise {
                    offset: start,
                    keys: kind.noise.clone(),
                    interval: kind.noise_interval.max(1),
                }),
                _ => {}
            }
        }
        let keys = || kind.noise.iter().copied();
        let draws = plan.draws_at(kind.start, kind.width, seed, keys());
        let place = |what| plan.array(what).map(|k| kind.start + k * kind.width);
        let ports = kind.senders.iter().enumerate().filter_map(|(port, senders)| {
            Some(OutPort {
                sent: place(PointHolds::Sent(port))?,
                relayed: place(PointHolds::Relayed(port)),
                senders: senders.clone(),
            })
        });
        if let Some(bound) = bound.last_mut() {
            bound.draws = draws;
            bound.ports = ports.collect();
        }
    }
    Ok((bound, noise))
}

fn mechanism_source(
    sets: &[Set],
    catalog: &Catalog,
    wanted: &Mechanism,
    at: u32,
    variable: &str,
) -> Result<Source> {
    for (number, set) in sets.iter().enumerate() {
        let Some(lane) = set.lane(at) else { continue };
        let Some(mechanism) = set.mechanisms.iter().position(|m| m == wanted) else { continue };
        let plan = &catalog.membranes[set.membrane].0;
        if let Some(state) = wanted.dynamics.state(variable)
            && let Some(k) = plan.array(Holds::State { mechanism, state })
        {
            return Ok(Source::At(set.start + k * set.width + lane));
        }
        return Ok(Source::Computed {
            of: Program::Mechanism { set: number, mechanism },
            variable: variable.to_string(),
            node: at,
            lane: lane as u32,
        });
    }
    Err(Error::new(
        ErrorKind::Selection,
        format!("'{}' is recorded at a place where it is not on the membrane", wanted.name),
    ))
}

fn kind_source(kinds: &[Kind], catalog: &Catalog, kind: usize, lane: usize, variable: &str) -> Source {
    let own = &kinds[kind];
    let plan = &catalog.kinds[own.kind].0;
    if let Some(state) = plan.dynamics.state(variable)
        && let Some(k) = plan.array(PointHolds::State(state))
    {
        return Source::At(own.start + k * own.width + lane);
    }
    Source::Computed {
        of: Program::Kind { kind },
        variable: variable.to_string(),
        node: own.nodes[lane],
        lane: lane as u32,
    }
}
