//! The tools that the cells are grown with: a tree of samples, winding branches, spanning trees.

use neuropil::rng::{Purpose, Stream};
use std::fmt::Write;

pub type Vector = [f64; 3];

pub fn add(a: Vector, b: Vector, scale: f64) -> Vector {
    [a[0] + b[0] * scale, a[1] + b[1] * scale, a[2] + b[2] * scale]
}

pub fn length(a: Vector) -> f64 {
    (a[0] * a[0] + a[1] * a[1] + a[2] * a[2]).sqrt()
}

pub fn unit(a: Vector) -> Vector {
    let size = length(a).max(1e-12);
    a.map(|part| part / size)
}

pub fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub fn between(a: Vector, b: Vector) -> f64 {
    length(add(a, b, -1.0))
}

/// One sample of the growing cell.
pub struct Node {
    pub code: u32,
    pub at: Vector,
    pub diameter: f64,
    pub parent: Option<usize>,
}

/// How a branch winds on its way.
#[derive(Clone, Copy)]
pub struct Course {
    /// Distance between samples, µm.
    pub step: f64,
    /// Random turn a step, as a part of the direction's length.
    pub wind: f64,
    /// Direction towards which it is drawn, with the strength of the pull a step.
    pub pull: (Vector, f64),
}

/// A cell that grows, and the random numbers it grows by.
pub struct Cell {
    pub nodes: Vec<Node>,
    pub random: Stream,
}

impl Cell {
    /// A cell with a one-sample soma at the origin.
    pub fn with_soma(seed: u64, diameter: f64) -> Cell {
        let soma = Node { code: 1, at: [0.0; 3], diameter, parent: None };
        Cell { nodes: vec![soma], random: Stream::new(seed, Purpose::Structure, [0, 0]) }
    }

    pub fn push(&mut self, code: u32, at: Vector, diameter: f64, parent: usize) -> usize {
        self.nodes.push(Node { code, at, diameter, parent: Some(parent) });
        self.nodes.len() - 1
    }

    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random.uniform()
    }

    /// A log-normal number with this median; `spread` is the standard deviation of its logarithm.
    pub fn about(&mut self, median: f64, spread: f64) -> f64 {
        median * libm::exp(spread * self.random.normal().clamp(-2.0, 2.0))
    }

    /// A direction, each equally likely.
    pub fn direction(&mut self) -> Vector {
        let normals = [self.random.normal(), self.random.normal(), self.random.normal()];
        unit(normals)
    }

    /// A branch of `extent` µm from node `from`, its diameter falling from `wide` to `narrow`. Returns
    /// its last node and its direction there.
    pub fn branch(
        &mut self,
        code: u32,
        from: usize,
        start: Vector,
        (extent, wide, narrow): (f64, f64, f64),
        course: Course,
    ) -> (usize, Vector) {
        let steps = (extent / course.step).round().max(2.0) as usize;
        let step = extent / steps as f64;
        let (mut last, mut to) = (from, unit(start));
        for index in 1..=steps {
            let turn = self.direction();
            to = unit(add(add(to, turn, course.wind), course.pull.0, course.pull.1));
            let diameter = wide + (narrow - wide) * index as f64 / steps as f64;
            let at = add(self.nodes[last].at, to, step);
            last = self.push(code, at, diameter, last);
        }
        (last, to)
    }

    /// Two directions that part from `axis` by about `angle` in all, in a random plane.
    pub fn fork(&mut self, axis: Vector, angle: f64) -> (Vector, Vector) {
        let share = self.range(0.3, 0.7);
        let side = unit(cross(axis, self.direction()));
        let at = |angle: f64| unit(add(axis.map(|part| part * libm::cos(angle)), side, libm::sin(angle)));
        (at(angle * share), at(-angle * (1.0 - share)))
    }

    /// The SWC text of the cell, numbered along branches, with `header` as comments.
    pub fn text(&self, header: &[String]) -> String {
        let mut children = vec![Vec::new(); self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            if let Some(parent) = node.parent {
                children[parent].push(index);
            }
        }
        let mut ids = vec![0usize; self.nodes.len()];
        let mut text = String::new();
        for line in header {
            let _ = writeln!(text, "# {line}");
        }
        text.push_str("# id type x y z radius parent (µm)\n");
        let mut stack = vec![0];
        let mut next = 0;
        while let Some(index) = stack.pop() {
            next += 1;
            ids[index] = next;
            let node = &self.nodes[index];
            let parent = node.parent.map_or_else(|| "-1".into(), |parent| ids[parent].to_string());
            // Adding 0 turns -0.000 into 0.000.
            let [x, y, z] = node.at.map(|part| (part * 1000.0).round() / 1000.0 + 0.0);
            let radius = node.diameter / 2.0;
            let _ = writeln!(text, "{next} {} {x:.3} {y:.3} {z:.3} {radius:.4} {parent}", node.code);
            stack.extend(children[index].iter().rev());
        }
        text
    }
}

/// The two daughters' diameters at a fork, by Rall's power law d^p = d₁^p + d₂^p; `share` is the first
/// one's part of the parent's d^p.
pub fn daughters(parent: f64, share: f64, power: f64) -> (f64, f64) {
    (parent * libm::pow(share, 1.0 / power), parent * libm::pow(1.0 - share, 1.0 / power))
}

/// Connects `targets` to node `root` of `cell` by a minimum spanning tree with at most two children a
/// node, after Cuntz et al. 2010: the next target is the one whose distance to the tree plus `balance`
/// times the path to the root is least. Returns the new nodes.
pub fn span(cell: &mut Cell, root: usize, code: u32, targets: &[Vector], balance: f64) -> Vec<usize> {
    let mut paths = vec![0.0];
    let mut nodes = vec![root];
    let mut open = vec![1usize];
    // Cheapest place on the tree for each target that is left.
    let cost = |paths: &[f64], from: Vector, place: usize, to: Vector| {
        let gap = between(from, to);
        gap + balance * (paths[place] + gap)
    };
    let start = cell.nodes[root].at;
    let mut best: Vec<Option<(f64, usize)>> =
        targets.iter().map(|target| Some((cost(&paths, start, 0, *target), 0))).collect();
    for _ in 0..targets.len() {
        let cheapest = (0..targets.len())
            .filter_map(|target| best[target].map(|(cost, place)| (cost, target, place)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, target, place)) = cheapest else { break };
        let at = cell.nodes[nodes[place]].at;
        let node = cell.push(code, targets[target], 0.0, nodes[place]);
        paths.push(paths[place] + between(at, targets[target]));
        nodes.push(node);
        open.push(2);
        open[place] -= 1;
        best[target] = None;
        let new = nodes.len() - 1;
        for index in 0..targets.len() {
            let Some((known, where_to)) = best[index] else { continue };
            if open[where_to] == 0 {
                best[index] = (0..nodes.len())
                    .filter(|place| open[*place] > 0)
                    .map(|place| (cost(&paths, cell.nodes[nodes[place]].at, place, targets[index]), place))
                    .min_by(|a, b| a.0.total_cmp(&b.0));
            } else {
                let by_new = cost(&paths, targets[target], new, targets[index]);
                if by_new < known {
                    best[index] = Some((by_new, new));
                }
            }
        }
    }
    nodes.split_off(1)
}

/// Draws the nodes of a spanning tree towards the middle of their neighbours, so that thick branches run
/// smoothly; tips stay.
pub fn smooth(cell: &mut Cell, nodes: &[usize], rounds: usize) {
    let first = nodes[0];
    for _ in 0..rounds {
        let mut sums = vec![([0.0; 3], 0usize); nodes.len()];
        for node in nodes {
            if let Some(parent) = cell.nodes[*node].parent.filter(|parent| *parent >= first) {
                let sum = &mut sums[parent - first];
                *sum = (add(sum.0, cell.nodes[*node].at, 1.0), sum.1 + 1);
            }
        }
        let old: Vec<Vector> = nodes.iter().map(|node| cell.nodes[*node].at).collect();
        for (index, node) in nodes.iter().enumerate() {
            let (sum, count) = sums[index];
            if count == 0 {
                continue;
            }
            let Some(parent) = cell.nodes[*node].parent else { continue };
            let above = if parent >= first { old[parent - first] } else { cell.nodes[parent].at };
            let below = sum.map(|part| part / count as f64);
            let middle = add(above, below, 1.0).map(|part| part / 2.0);
            cell.nodes[*node].at = add(old[index].map(|part| part / 2.0), middle, 0.5);
        }
    }
}

/// Gives the nodes of a spanning tree diameters from their tips: d^p of a node is the sum of its
/// children's, and grows by `taper` a µm towards the root; no wider than `widest`.
pub fn widen(cell: &mut Cell, nodes: &[usize], tip: f64, power: f64, taper: f64, widest: f64) {
    let first = nodes[0];
    let mut sums = vec![0.0; nodes.len()];
    for node in nodes.iter().rev() {
        let own = sums[node - first];
        let base = if own > 0.0 { libm::pow(own, 1.0 / power) } else { tip };
        cell.nodes[*node].diameter = base.min(widest);
        if let Some(parent) = cell.nodes[*node].parent.filter(|parent| *parent >= first) {
            let gap = between(cell.nodes[parent].at, cell.nodes[*node].at);
            sums[parent - first] += libm::pow(base + taper * gap, power);
        }
    }
}

/// Breaks long edges of a spanning tree into pieces of at most `step`, winding a little.
pub fn subdivide(cell: &mut Cell, nodes: &[usize], step: f64, wind: f64) {
    for node in nodes {
        let (to, narrow, code) = (cell.nodes[*node].at, cell.nodes[*node].diameter, cell.nodes[*node].code);
        let Some(mut parent) = cell.nodes[*node].parent else { continue };
        let (from, wide) = (cell.nodes[parent].at, cell.nodes[parent].diameter);
        let wide = if cell.nodes[parent].code == 1 { narrow } else { wide };
        let pieces = (between(from, to) / step).ceil() as usize;
        for piece in 1..pieces {
            let part = piece as f64 / pieces as f64;
            let away = cell.direction();
            let straight = add(from, add(to, from, -1.0), part);
            let at = add(straight, away, wind * step * libm::sqrt(part * (1.0 - part)));
            parent = cell.push(code, at, wide + (narrow - wide) * part, parent);
        }
        cell.nodes[*node].parent = Some(parent);
    }
}
