//! By which convention a file draws its soma.

use super::SomaConvention;
use super::link::{SOMA, Tree, distance};
use crate::morph::Point;

/// Relative tolerance of the NeuroMorpho three-point form.
const THREE_POINT_TOLERANCE: f64 = 0.01;

/// Frusta that stand for an outline.
const OUTLINE_SLICES: usize = 20;

/// Most samples of one outline in a stack.
const MAX_RING: usize = 256;

/// The convention that the soma of `tree` follows.
pub(super) fn convention(tree: &Tree) -> SomaConvention {
    let soma: Vec<u32> = (0..tree.samples.len() as u32).filter(|i| tree.is_soma(*i)).collect();
    match soma.len() {
        0 => SomaConvention::None,
        1 => SomaConvention::Sphere,
        3 if is_three_point(tree, &soma) => SomaConvention::ThreePoint,
        _ if outline(tree, &soma).is_some() => SomaConvention::Outline,
        _ if outlines(tree, &soma).is_some() => SomaConvention::OutlineStack,
        _ => SomaConvention::Cylinders,
    }
}

/// One radius, two bare samples on the root, together one diameter away from it.
fn is_three_point(tree: &Tree, soma: &[u32]) -> bool {
    let root = tree.sample(tree.root);
    let arms = || soma.iter().copied().filter(|index| *index != tree.root);
    let bare = arms().all(|arm| {
        tree.parent[arm as usize] == Some(tree.root)
            && tree.children(arm).is_empty()
            && tree.sample(arm).radius == root.radius
    });
    let span: f64 = arms().map(|arm| distance(root, tree.sample(arm))).sum();
    bare && arms().count() == 2 && (span / (2.0 * root.radius) - 1.0).abs() < THREE_POINT_TOLERANCE
}

/// The frusta of a soma drawn as its outline; `None` when it is not drawn so: when its samples are no
/// single chain of five or more that closes, thin against what it encloses, in one plane.
///
/// The outline is cut across its long axis into slices of equal height; the widths of the cuts are the
/// diameters and their middles the centre line, as NEURON's Import3d treats a contour.
pub(super) fn outline(tree: &Tree, soma: &[u32]) -> Option<Vec<Point>> {
    let chain = chain(tree, soma.len())?;
    let ring = ring(tree, &chain)?;
    slices(&ring.from_centre, ring.centre, ring.normal)
}

/// The frusta of a soma drawn as a stack of outlines, one after the other in one chain; `None` when it is not drawn
/// so. They go through the centres of the outlines, and have the areas of these as their cross-sections.
pub(super) fn outlines(tree: &Tree, soma: &[u32]) -> Option<Vec<Point>> {
    let chain = chain(tree, soma.len())?;
    let mut rest = chain.as_slice();
    let mut line: Vec<Point> = Vec::new();
    while !rest.is_empty() {
        // The shortest beginning that closes: more of it would belong to the next.
        let count = (5..=rest.len().min(MAX_RING)).find(|count| {
            let next =
                rest.get(*count).map(|next| distance(tree.sample(rest[count - 1]), tree.sample(*next)));
            let steps = rest[..*count].windows(2).map(|p| distance(tree.sample(p[0]), tree.sample(p[1])));
            let longest = steps.fold(0.0, f64::max);
            next.is_none_or(|next| next > longest) && ring(tree, &rest[..*count]).is_some()
        })?;
        let found = ring(tree, &rest[..count])?;
        let [x, y, z] = found.centre;
        line.push(Point::new(x, y, z, 2.0 * (found.area / std::f64::consts::PI).sqrt()));
        rest = &rest[count..];
    }
    let apart = line.windows(2).all(|pair| pair[0].distance(pair[1]) > 0.0);
    (line.len() > 1 && apart).then_some(line)
}

/// A closed line in one plane.
struct Ring {
    centre: [f64; 3],
    from_centre: Vec<[f64; 3]>,
    normal: [f64; 3],
    /// What it encloses, µm².
    area: f64,
}

/// The ring that five or more samples draw; `None` if they do not close, are thick against what they enclose, or lie
/// in no plane.
fn ring(tree: &Tree, chain: &[u32]) -> Option<Ring> {
    if chain.len() < 5 {
        return None;
    }
    let points: Vec<[f64; 3]> = chain.iter().map(|i| tree.sample(*i)).map(|s| [s.x, s.y, s.z]).collect();
    let steps: Vec<f64> = points.windows(2).map(|pair| length(minus(pair[1], pair[0]))).collect();
    let longest = steps.iter().copied().fold(0.0, f64::max);
    let gap = length(minus(points[0], points[points.len() - 1]));
    if gap > 1.5 * longest {
        return None;
    }
    let count = points.len() as f64;
    let centre = [0, 1, 2].map(|axis| points.iter().map(|p| p[axis]).sum::<f64>() / count);
    let from_centre: Vec<[f64; 3]> = points.iter().map(|p| minus(*p, centre)).collect();
    // The plane's normal by Newell's sum; its length is twice the enclosed area.
    let mut normal = [0.0; 3];
    for (index, a) in from_centre.iter().enumerate() {
        let b = from_centre[(index + 1) % from_centre.len()];
        normal = [0, 1, 2].map(|axis| normal[axis] + cross(*a, b)[axis]);
    }
    let enclosed = length(normal) / 2.0;
    let equivalent_radius = (enclosed / std::f64::consts::PI).sqrt();
    let mean_radius = chain.iter().map(|i| tree.sample(*i).radius).sum::<f64>() / count;
    if !(equivalent_radius > 0.0 && mean_radius < 0.25 * equivalent_radius) {
        return None;
    }
    let normal = normal.map(|part| part / (2.0 * enclosed));
    if from_centre.iter().any(|p| dot(*p, normal).abs() > 0.5 * equivalent_radius) {
        return None;
    }
    Some(Ring { centre, from_centre, normal, area: enclosed })
}

/// The soma's samples from the root on, when each but the last has one soma child.
fn chain(tree: &Tree, count: usize) -> Option<Vec<u32>> {
    let mut chain = vec![tree.root];
    let mut at = tree.root;
    while chain.len() < count {
        let mut next = tree.children(at).iter().filter(|child| tree.sample(**child).code == SOMA);
        at = *next.next()?;
        if next.next().is_some() {
            return None;
        }
        chain.push(at);
    }
    Some(chain)
}

fn slices(points: &[[f64; 3]], centre: [f64; 3], normal: [f64; 3]) -> Option<Vec<Point>> {
    let along = long_axis(points, normal)?;
    let across = cross(normal, along);
    let flat: Vec<(f64, f64)> = points.iter().map(|p| (dot(*p, along), dot(*p, across))).collect();
    let low = flat.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
    let high = flat.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
    let height = (high - low) / OUTLINE_SLICES as f64;
    let cut = |u: f64| {
        let mut edges = (f64::INFINITY, f64::NEG_INFINITY);
        for (index, a) in flat.iter().enumerate() {
            let b = flat[(index + 1) % flat.len()];
            if (a.0 - u) * (b.0 - u) <= 0.0 && a.0 != b.0 {
                let v = a.1 + (b.1 - a.1) * (u - a.0) / (b.0 - a.0);
                edges = (edges.0.min(v), edges.1.max(v));
            }
        }
        edges
    };
    let mut line = Vec::with_capacity(OUTLINE_SLICES + 1);
    for slice in 0..=OUTLINE_SLICES {
        let u = low + height * slice as f64;
        // The ends of the outline are points: measure half a slice inside.
        let (left, right) = cut(u.clamp(low + height / 2.0, high - height / 2.0));
        if right <= left {
            return None;
        }
        let middle = (left + right) / 2.0;
        let at = [0, 1, 2].map(|axis| centre[axis] + along[axis] * u + across[axis] * middle);
        line.push(Point::new(at[0], at[1], at[2], right - left));
    }
    Some(line)
}

/// The direction in the plane in which the outline extends most: the larger axis of its second
/// moments.
fn long_axis(points: &[[f64; 3]], normal: [f64; 3]) -> Option<[f64; 3]> {
    let first = points.iter().copied().max_by(|a, b| length(*a).total_cmp(&length(*b)))?;
    let e1 = minus(first, normal.map(|part| part * dot(first, normal)));
    let size = length(e1);
    if size <= 0.0 {
        return None;
    }
    let e1 = e1.map(|part| part / size);
    let e2 = cross(normal, e1);
    let (mut uu, mut uv, mut vv) = (0.0, 0.0, 0.0);
    for p in points {
        let (u, v) = (dot(*p, e1), dot(*p, e2));
        uu += u * u;
        uv += u * v;
        vv += v * v;
    }
    // Eigenvector of [[uu, uv], [uv, vv]] of the larger eigenvalue.
    let larger = (uu + vv) / 2.0 + (((uu - vv) / 2.0).powi(2) + uv * uv).sqrt();
    let (a, b) = if uv.abs() > 1e-12 * (uu + vv) {
        (uv, larger - uu)
    } else if uu >= vv {
        (1.0, 0.0)
    } else {
        (0.0, 1.0)
    };
    let size = (a * a + b * b).sqrt();
    Some([0, 1, 2].map(|axis| (e1[axis] * a + e2[axis] * b) / size))
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}
