//! Drawing pieces of cable to scale.

use super::projection::Dot;
use super::scene::Scene;

/// Thinnest line that is drawn: thinner cable is drawn this wide, pixels.
const THINNEST: f64 = 0.7;
/// Change of width along a line of one width that is not seen, pixels.
const STEP: f64 = 0.4;

/// Draws a stretch of neurite: lines of even width where the diameter hardly changes, frusta where
/// it does.
pub(super) fn neurite(scene: &mut Scene, dots: &[Dot], colour: &str) {
    if let [alone] = dots {
        scene.circle(alone.at(), alone.radius.max(THINNEST / 2.0), colour, None);
        return;
    }
    let mut run: Vec<Dot> = Vec::new();
    let mut frusta: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in dots.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let tapers = (shown(a) - shown(b)).abs() > STEP;
        if tapers || run.first().is_some_and(|first| (shown(*first) - shown(b)).abs() > STEP) {
            even(scene, &run, colour);
            run.clear();
        }
        if tapers {
            frusta.extend(frustum(a, b));
        } else {
            if run.is_empty() {
                run.push(a);
            }
            run.push(b);
        }
    }
    even(scene, &run, colour);
    let joints = if frusta.is_empty() { Vec::new() } else { joints(dots) };
    scene.union(&frusta, &joints, colour);
}

/// Discs that fill the wedges which bends between thick pieces leave open; also where the stretch
/// starts on another.
fn joints(dots: &[Dot]) -> Vec<((f64, f64), f64)> {
    let open = |w: &[Dot]| {
        let (u, v) = ((w[1].x - w[0].x, w[1].y - w[0].y), (w[2].x - w[1].x, w[2].y - w[1].y));
        let lengths = u.0.hypot(u.1) * v.0.hypot(v.1);
        let (sin, cos) = if lengths > 0.0 {
            ((u.0 * v.1 - u.1 * v.0).abs() / lengths, (u.0 * v.0 + u.1 * v.1) / lengths)
        } else {
            (0.0, -1.0)
        };
        // Width of the wedge at its rim.
        cos < 0.0 || w[1].radius * sin > 0.35
    };
    let first = dots.first().filter(|d| d.radius > 0.6);
    let bends = dots.windows(3).filter(|w| w[1].radius > 0.6 && open(w)).map(|w| &w[1]);
    first.into_iter().chain(bends).map(|d| (d.at(), d.radius)).collect()
}

/// Draws a stretch of soma as what it is: cylinders and cones, seen from the side or the end.
pub(super) fn soma(scene: &mut Scene, dots: &[Dot], colour: &str) {
    for pair in dots.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if let Some(side) = frustum(a, b) {
            scene.polygon(&side, colour, None);
        }
        // An end is a disc: on paper an ellipse, the flatter the less it faces the viewer.
        let flat = a.far_from(b);
        let length = flat.hypot(a.depth - b.depth);
        let facing = if length > 0.0 { (a.depth - b.depth).abs() / length } else { 1.0 };
        let degrees = (b.y - a.y).atan2(b.x - a.x).to_degrees();
        for end in [a, b] {
            if facing * end.radius > 0.3 {
                scene.ellipse(end.at(), (end.radius * facing, end.radius), degrees, colour);
            }
        }
    }
    if let [alone] = dots {
        scene.circle(alone.at(), alone.radius.max(1.0), colour, None);
    }
}

/// Width as drawn.
fn shown(dot: Dot) -> f64 {
    (2.0 * dot.radius).max(THINNEST)
}

fn even(scene: &mut Scene, run: &[Dot], colour: &str) {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
    let width = run.iter().map(|d| shown(*d)).sum::<f64>() / run.len() as f64;
    let mut points = vec![first.at()];
    let mut kept = *first;
    for dot in &run[1..run.len() - 1] {
        if dot.far_from(kept) > 0.5 {
            points.push(dot.at());
            kept = *dot;
        }
    }
    points.push(last.at());
    scene.polyline(&points, colour, width, "");
}

/// The outline of a frustum seen from the side; `None` when seen from its end.
fn frustum(a: Dot, b: Dot) -> Option<Vec<(f64, f64)>> {
    let length = a.far_from(b);
    if length < 1e-6 {
        return None;
    }
    let across = ((b.y - a.y) / length, -(b.x - a.x) / length);
    let half = |d: Dot| d.radius.max(THINNEST / 2.0);
    let corner = |d: Dot, side: f64| (d.x + side * across.0 * half(d), d.y + side * across.1 * half(d));
    Some(vec![corner(a, 1.0), corner(b, 1.0), corner(b, -1.0), corner(a, -1.0)])
}
