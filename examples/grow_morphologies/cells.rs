//! The sample cells. Coordinates: y points to the pia, the soma is at the origin.

use super::grow::{
    Cell, Course, Vector, add, between, daughters, length, smooth, span, subdivide, unit, widen,
};

const AXON: u32 = 2;
const BASAL: u32 = 3;
const APICAL: u32 = 4;
const UP: Vector = [0.0, 1.0, 0.0];
const NOWHERE: (Vector, f64) = ([0.0; 3], 0.0);

/// All sample cells: file name and SWC text.
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("ball_and_stick.swc", ball_and_stick()),
        ("pyramidal_l5.swc", pyramidal(11)),
        ("interneuron.swc", interneuron(5)),
        ("purkinje.swc", purkinje(7)),
    ]
}

fn header(cell: &str, seed: u64) -> Vec<String> {
    vec![
        cell.into(),
        format!(
            "Grown by neuropil's examples/grow_morphologies with seed {seed}; no reconstruction of a real cell."
        ),
        "What it is modelled on: morphologies/README.md. Licence: as neuropil.".into(),
    ]
}

/// The soma is a cylinder of two samples, so that the dendrite can hang on its start.
fn ball_and_stick() -> String {
    "# Ball and stick, made by hand: a soma 18.8 µm long and wide, a dendrite of 500 µm × 2 µm on its start.\n\
     # id type x y z radius parent (µm)\n\
     1 1 0 0 0 9.4 -1\n2 1 18.8 0 0 9.4 1\n3 3 -500 0 0 1 1\n"
        .into()
}

/// What a stochastically branching tree looks like: for each branch order the chance to branch again and
/// the median lengths of branches that do and that do not.
struct Habit {
    code: u32,
    /// Chance that a branch of order 0, 1, 2 … ends in a fork; beyond the list it does not.
    forks: &'static [f64],
    /// Median length of a branch that forks, by order; the last holds for all further ones.
    inner: &'static [f64],
    /// Median length of a branch that ends.
    outer: f64,
    /// Angle between daughters, radians.
    angle: f64,
    /// Part of the diameter that is left at a branch's end.
    taper: f64,
    /// Diameter below which branches do not thin.
    thinnest: f64,
    course: Course,
}

/// Grows a tree from node `from`, without recursion.
fn tree(cell: &mut Cell, from: usize, start: Vector, wide: f64, habit: &Habit) {
    let mut growing = vec![(from, start, wide, 0usize)];
    while let Some((from, start, wide, order)) = growing.pop() {
        let chance = habit.forks.get(order).copied().unwrap_or(0.0);
        let forks = cell.random.uniform() < chance;
        let inner = habit.inner[order.min(habit.inner.len() - 1)];
        let extent = if forks { cell.about(inner, 0.35) } else { cell.about(habit.outer, 0.25) };
        let part = if forks { habit.taper.sqrt() } else { habit.taper };
        let narrow = (wide * part).max(habit.thinnest).min(wide);
        let (end, to) = cell.branch(habit.code, from, start, (extent, wide, narrow), habit.course);
        if forks {
            let share = cell.range(0.35, 0.65);
            let (one, two) = daughters(narrow, share, 1.5);
            let (a, b) = cell.fork(to, habit.angle);
            growing.push((end, a, one.max(habit.thinnest), order + 1));
            growing.push((end, b, two.max(habit.thinnest), order + 1));
        }
    }
}

/// The first sample of a neurite, on the soma's surface in direction `to`.
fn stem(cell: &mut Cell, code: u32, to: Vector, diameter: f64) -> usize {
    let radius = cell.nodes[0].diameter / 2.0;
    let at = unit(to).map(|part| part * radius);
    cell.push(code, at, diameter, 0)
}

/// Hillock, initial segment and the beginning of an axon that then runs on with one diameter.
fn axon_start(cell: &mut Cell, to: Vector, (hillock, thin): (f64, f64), run: f64) -> (usize, Vector) {
    let course = Course { step: 4.0, wind: 0.06, pull: (to, 0.05) };
    let root = stem(cell, AXON, to, hillock);
    let (end, to) = cell.branch(AXON, root, to, (12.0, hillock, thin * 1.2), course);
    let (end, to) = cell.branch(AXON, end, to, (32.0, thin * 1.2, thin), course);
    cell.branch(AXON, end, to, (run, thin, thin), course)
}

fn pyramidal(seed: u64) -> String {
    let mut cell = Cell::with_soma(seed, 17.0);
    // NeuroMorpho's three-sample soma.
    cell.push(1, [0.0, 8.5, 0.0], 17.0, 0);
    cell.push(1, [0.0, -8.5, 0.0], 17.0, 0);
    axon_start(&mut cell, [0.05, -1.0, 0.02], (3.0, 1.3), 120.0);
    basal_trees(&mut cell);
    let (top, to) = trunk_with_obliques(&mut cell);
    tuft(&mut cell, top, to);
    cell.text(&header("Thick-tufted pyramidal cell of cortical layer 5", seed))
}

fn basal_trees(cell: &mut Cell) {
    let habit = Habit {
        code: BASAL,
        forks: &[1.0, 0.85, 0.55, 0.25],
        inner: &[16.0, 22.0, 32.0],
        outer: 120.0,
        angle: 0.95,
        taper: 0.62,
        thinnest: 0.65,
        course: Course { step: 6.0, wind: 0.17, pull: NOWHERE },
    };
    let stems = 7;
    for index in 0..stems {
        // Around the cell, slanting down.
        let angle = std::f64::consts::TAU * (index as f64 + cell.range(-0.25, 0.25)) / stems as f64;
        let down = cell.range(-0.9, 0.25);
        let to = unit([libm::cos(angle), down, libm::sin(angle)]);
        let wide = cell.about(2.6, 0.15);
        let root = stem(cell, BASAL, to, wide);
        let course = Course { pull: (to, 0.03), ..habit.course };
        tree(cell, root, to, wide, &Habit { course, ..habit });
    }
}

/// The apical trunk up to its main fork, with oblique dendrites on its lower part.
fn trunk_with_obliques(cell: &mut Cell) -> (usize, Vector) {
    let course = Course { step: 6.0, wind: 0.035, pull: (UP, 0.06) };
    let root = stem(cell, APICAL, UP, 6.5);
    let mut places: Vec<f64> = (0..11).map(|_| cell.range(30.0, 330.0)).collect();
    places.sort_by(f64::total_cmp);
    let (mut at, mut to, mut run) = (root, UP, 0.0);
    let full = 640.0;
    // Thins fast in the first 60 µm, slowly after.
    let wide = |y: f64| 3.0 + 1.6 * (1.0 - y / full) + 1.9 * libm::exp(-y / 40.0);
    let mut knots = Vec::new();
    for place in places.into_iter().chain([full]) {
        let extent = place - run;
        if extent < 6.0 {
            continue;
        }
        (at, to) = cell.branch(APICAL, at, to, (extent, wide(run), wide(place)), course);
        run = place;
        knots.push(at);
    }
    knots.pop();
    let habit = Habit {
        code: APICAL,
        forks: &[0.75, 0.35, 0.1],
        inner: &[35.0, 45.0],
        outer: 125.0,
        angle: 0.9,
        taper: 0.65,
        thinnest: 0.6,
        course: Course { step: 6.0, wind: 0.15, pull: (UP, 0.012) },
    };
    for (index, knot) in knots.into_iter().enumerate() {
        // Golden-angle turns keep neighbours apart.
        let angle = 2.4 * index as f64 + cell.range(-0.4, 0.4);
        let to = unit([libm::cos(angle), cell.range(0.0, 0.6), libm::sin(angle)]);
        let wide = cell.about(1.35, 0.15);
        tree(cell, knot, to, wide, &habit);
    }
    (at, to)
}

fn tuft(cell: &mut Cell, top: usize, to: Vector) {
    let habit = Habit {
        code: APICAL,
        forks: &[1.0, 0.95, 0.8, 0.5, 0.25],
        inner: &[55.0, 50.0, 55.0],
        outer: 150.0,
        angle: 1.2,
        taper: 0.75,
        thinnest: 0.6,
        course: Course { step: 6.0, wind: 0.13, pull: (UP, 0.02) },
    };
    let (a, b) = cell.fork(to, 1.0);
    let (one, two) = daughters(3.0, cell.range(0.42, 0.58), 1.5);
    tree(cell, top, a, one, &habit);
    tree(cell, top, b, two, &habit);
}

fn interneuron(seed: u64) -> String {
    let mut cell = Cell::with_soma(seed, 14.0);
    let habit = Habit {
        code: BASAL,
        forks: &[0.95, 0.7, 0.3],
        inner: &[28.0, 35.0, 45.0],
        outer: 105.0,
        angle: 0.9,
        taper: 0.6,
        thinnest: 0.5,
        course: Course { step: 5.0, wind: 0.2, pull: NOWHERE },
    };
    let stems = 6;
    for index in 0..stems {
        // Spread over the sphere, rather up and down than sideways.
        let y = 1.0 - 2.0 * (index as f64 + 0.5) / stems as f64;
        let angle = 2.4 * index as f64 + cell.range(-0.3, 0.3);
        let ring = libm::sqrt(1.0 - y * y);
        let to = unit([0.8 * ring * libm::cos(angle), 1.3 * y, ring * libm::sin(angle)]);
        let wide = cell.about(1.7, 0.15);
        let root = stem(&mut cell, BASAL, to, wide);
        let course = Course { pull: (to, 0.025), ..habit.course };
        tree(&mut cell, root, to, wide, &Habit { course, ..habit });
    }
    let (hub, _) = axon_start(&mut cell, [0.25, 1.0, -0.2], (1.8, 0.8), 20.0);
    let centre = cell.nodes[hub].at;
    // Boutons all around, denser near the cell.
    let mut targets = Vec::new();
    while targets.len() < 330 {
        let reach = 210.0 * cell.random.uniform();
        let at = add(centre, cell.direction(), reach);
        let at = [at[0] * 1.15, at[1] * 0.9, at[2] * 0.75];
        if length(at) > 25.0 && targets.iter().all(|other| between(*other, at) > 9.0) {
            targets.push(at);
        }
    }
    let nodes = span(&mut cell, hub, AXON, &targets, 0.25);
    smooth(&mut cell, &nodes, 2);
    widen(&mut cell, &nodes, 0.35, 3.0, 0.0, 0.8);
    subdivide(&mut cell, &nodes, 9.0, 0.16);
    cell.text(&header("Basket-like cortical interneuron with its local axon", seed))
}

fn purkinje(seed: u64) -> String {
    let mut cell = Cell::with_soma(seed, 23.0);
    axon_start(&mut cell, [0.05, -1.0, 0.0], (3.0, 1.0), 100.0);
    let root = stem(&mut cell, BASAL, UP, 7.0);
    let course = Course { step: 4.0, wind: 0.05, pull: (UP, 0.05) };
    let (top, _) = cell.branch(BASAL, root, UP, (16.0, 7.0, 6.6), course);
    // Spines' places: a flat fan above the trunk, evenly filled.
    let mut targets: Vec<Vector> = Vec::new();
    let mut misses = 0;
    while misses < 4000 {
        let x = cell.range(-135.0, 135.0);
        let y = cell.range(24.0, 235.0);
        let z = 3.5 * cell.random.normal().clamp(-2.0, 2.0);
        let (across, along) = (x / 135.0, (y - 24.0) / 211.0);
        let side = 0.16 + 0.84 * libm::sqrt(along.min(1.0));
        let roof = libm::sqrt((1.0 - across * across * 0.55).max(0.0));
        let inside = across.abs() < side && along < roof;
        let at = [x, y, z];
        if inside && targets.iter().all(|other| between(*other, at) > 6.6) {
            targets.push(at);
            misses = 0;
        } else {
            misses += 1;
        }
    }
    let nodes = span(&mut cell, top, BASAL, &targets, 0.18);
    smooth(&mut cell, &nodes, 3);
    widen(&mut cell, &nodes, 0.9, 2.9, 0.0, 6.6);
    subdivide(&mut cell, &nodes, 9.0, 0.08);
    cell.text(&header("Purkinje-like cell of the cerebellum", seed))
}
