//! Steady states and time constants of gates against the membrane potential.

use crate::error::{Error, ErrorKind, Result};

use super::axis::{self, Axis, BELOW, Frame};
use super::legend;
use super::scene::Scene;
use super::series;

/// What one gate does at each potential.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GateCurve {
    /// The gate: `m`.
    pub name: String,
    /// Potentials, mV, rising.
    pub v_mv: Vec<f64>,
    /// Steady state at each potential.
    pub steady: Vec<f64>,
    /// Time constant at each potential, ms; empty for a gate that follows at once.
    pub tau_ms: Vec<f64>,
}

/// How gate curves are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveOptions {
    /// Width of the picture, pixels.
    pub width: f64,
    /// Height of the picture, pixels.
    pub height: f64,
    /// Heading; empty for none.
    pub title: String,
}

impl Default for CurveOptions {
    fn default() -> CurveOptions {
        CurveOptions { width: 900.0, height: 360.0, title: String::new() }
    }
}

/// Time constants are drawn on a logarithmic axis when their range is larger than this.
const LOG_FROM: f64 = 30.0;

/// Draws steady states on the left and time constants on the right; the latter only if any gate has
/// one.
///
/// # Errors
/// [`ErrorKind::Value`] without gates, or when a gate's lists differ in length or hold no numbers.
pub fn curves(gates: &[GateCurve], options: &CurveOptions) -> Result<Scene> {
    if gates.is_empty() {
        return Err(Error::new(ErrorKind::Value, "there are no gates to draw"));
    }
    for gate in gates {
        let n = gate.v_mv.len();
        if gate.steady.len() != n || !(gate.tau_ms.is_empty() || gate.tau_ms.len() == n) {
            let message = "a gate needs one steady state and one time constant for each potential";
            return Err(Error::new(ErrorKind::Value, message).in_element(&gate.name));
        }
        if gate.v_mv.iter().any(|v| !v.is_finite()) {
            let message = "a potential is not a number";
            return Err(Error::new(ErrorKind::Value, message).in_element(&gate.name));
        }
    }
    let potentials = series::range(gates.iter().flat_map(|g| &g.v_mv))
        .ok_or_else(|| Error::new(ErrorKind::Value, "there are no potentials to draw gates at"))?;
    let entries = legend::entries(gates.iter().map(|gate| &gate.name));
    let mut scene = Scene::new(options.width, options.height);
    scene.set_title(if options.title.is_empty() { "Gates" } else { &options.title });
    let top = 16.0 + scene.heading(&options.title);
    let bottom = options.height - BELOW;
    let steady = series::range(gates.iter().flat_map(|g| &g.steady)).unwrap_or((0.0, 1.0));
    let steady = (steady.0.min(0.0), steady.1.max(1.0));
    let steady = Axis::linear(axis::padded(steady, 0.03), (bottom, top), 6);
    let tau = tau_axis(gates, bottom, top);

    let rooms = (axis::room_left(&steady), tau.as_ref().map_or(0.0, axis::room_left));
    let between = if tau.is_some() { 24.0 } else { 0.0 };
    let free = options.width - rooms.0 - rooms.1 - legend::room(&entries) - between - 24.0;
    let width = if tau.is_some() { free / 2.0 } else { free };
    if width < 60.0 || bottom - top < 40.0 {
        let message = format!("a picture of {} by {} pixels is too small", options.width, options.height);
        return Err(Error::new(ErrorKind::Value, message));
    }
    let ticks = ((width / 60.0) as usize).clamp(2, 8);
    let left = rooms.0 + 6.0;
    let mut frame = Frame { left, top, right: left + width, bottom };
    let mut panel = |frame: &Frame, y: &Axis, title: &str, room: f64, values: fn(&GateCurve) -> &[f64]| {
        let x = Axis::linear(potentials, (frame.left, frame.right), ticks);
        let x_title = x.title("Membrane potential", "mV");
        axis::draw(&mut scene, frame, &x, y, Some(&x_title), title, room);
        for (gate, entry) in gates.iter().zip(&entries) {
            for line in series::lines(&gate.v_mv, values(gate), &x, y) {
                scene.polyline(&line, &entry.colour, 1.6, entry.dash);
            }
        }
    };
    panel(&frame, &steady, &steady.title("Steady state", ""), rooms.0, |g| &g.steady);
    if let Some(tau) = tau {
        let left = frame.right + between + rooms.1;
        frame = Frame { left, right: left + width, ..frame };
        panel(&frame, &tau, &tau.title("Time constant", "ms"), rooms.1, |g| &g.tau_ms);
    }
    legend::draw(&mut scene, &frame, &entries);
    Ok(scene)
}

fn tau_axis(gates: &[GateCurve], bottom: f64, top: f64) -> Option<Axis> {
    let range = series::range(gates.iter().flat_map(|g| &g.tau_ms))?;
    let positive = range.0 > 0.0;
    if positive && range.1 / range.0 > LOG_FROM {
        return Some(Axis::log((range.0 / 1.15, range.1 * 1.15), (bottom, top)));
    }
    let range = if range.0 < 0.0 { axis::padded(range, 0.03) } else { (0.0, range.1 * 1.05) };
    Some(Axis::linear(range, (bottom, top), 6))
}
