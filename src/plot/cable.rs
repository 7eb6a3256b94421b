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
    let mut run: Vec<Dot> = Vec::new();
    for pair in dots.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if (shown(a) - shown(b)).abs() > STEP {
            even(scene, &run, colour);
            run.clear();
            frustum(scene, a, b, colour);
            joint(scene, a, colour);
            joint(scene, b, colour);
            continue;
        }
        match run.first() {
            Some(first) if (shown(*first) - shown(b)).abs() > STEP => {
                even(scene, &run, colour);
                run.clear();
                run.extend([a, b]);
            }
            Some(_) => run.push(b),
            None => run.extend([a, b]),
        }
    }
    even(scene, &run, colour);
    if let [alone] = dots {
        scene.circle(alone.at(), alone.radius.max(THINNEST / 2.0), colour, None);
    }
}

/// Draws a stretch of soma as what it is: cylinders and cones, seen from the side or the end.
pub(super) fn soma(scene: &mut Scene, dots: &[Dot], colour: &str) {
    for pair in dots.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        frustum(scene, a, b, colour);
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

/// Fills the wedge that a bend leaves open between thick pieces.
fn joint(scene: &mut Scene, dot: Dot, colour: &str) {
    if dot.radius > 0.6 {
        scene.circle(dot.at(), dot.radius, colour, None);
    }
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

fn frustum(scene: &mut Scene, a: Dot, b: Dot, colour: &str) {
    let length = a.far_from(b);
    if length < 1e-6 {
        return;
    }
    let across = ((b.y - a.y) / length, -(b.x - a.x) / length);
    let half = |d: Dot| d.radius.max(THINNEST / 2.0);
    let corner = |d: Dot, side: f64| (d.x + side * across.0 * half(d), d.y + side * across.1 * half(d));
    scene.polygon(&[corner(a, 1.0), corner(b, 1.0), corner(b, -1.0), corner(a, -1.0)], colour, None);
}
