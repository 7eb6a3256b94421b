//! Lines through points: anything against anything.

use crate::error::{Error, ErrorKind, Result};

use super::axis::{self, Axis, BELOW, Frame};
use super::legend;
use super::scene::Scene;
use super::series;

/// A line through points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct XyLine {
    /// What the legend calls it.
    pub name: String,
    /// The points, rising in x.
    pub points: Vec<(f64, f64)>,
    /// Whether the points are marked, and no line is drawn.
    pub marks_only: bool,
}

/// How lines are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct XyOptions {
    /// Width of the picture, pixels.
    pub width: f64,
    /// Height of the picture, pixels.
    pub height: f64,
    /// Heading; empty for none.
    pub title: String,
    /// Name and unit of the horizontal axis.
    pub x: (String, String),
    /// Name and unit of the vertical axis.
    pub y: (String, String),
}

/// Draws lines on one pair of axes.
///
/// # Errors
/// [`ErrorKind::Value`] without a point that is a number, or when the picture is too small.
pub fn xy(lines: &[XyLine], options: &XyOptions) -> Result<Scene> {
    let all = || lines.iter().flat_map(|line| &line.points);
    let xs: Vec<f64> = all().map(|p| p.0).collect();
    let ys: Vec<f64> = all().map(|p| p.1).collect();
    let (Some(x_range), Some(y_range)) = (series::range(&xs), series::range(&ys)) else {
        return Err(Error::new(ErrorKind::Value, "there are no points to draw"));
    };
    let entries = legend::entries(lines.iter().map(|line| &line.name));
    let mut scene = Scene::new(options.width, options.height);
    scene.set_title(&options.title);
    let top = 16.0 + scene.heading(&options.title);
    let bottom = options.height - BELOW;
    let y_range = axis::padded((y_range.0.min(0.0), y_range.1), 0.04);
    let y = Axis::linear(y_range, (bottom, top), 6);
    let room = axis::room_left(&y);
    let (left, right) = (room + 6.0, options.width - legend::room(&entries) - 24.0);
    if right - left < 60.0 || bottom - top < 40.0 {
        let message = format!("a picture of {} by {} pixels is too small", options.width, options.height);
        return Err(Error::new(ErrorKind::Value, message));
    }
    let x = Axis::linear(axis::padded((x_range.0.min(0.0), x_range.1), 0.02), (left, right), 7);
    let frame = Frame { left, top, right, bottom };
    let (x_title, y_title) = (x.title(&options.x.0, &options.x.1), y.title(&options.y.0, &options.y.1));
    axis::draw(&mut scene, &frame, &x, &y, Some(&x_title), &y_title, room);
    for (line, entry) in lines.iter().zip(&entries) {
        let at: Vec<(f64, f64)> = line.points.iter().map(|p| (x.at(p.0), y.at(p.1))).collect();
        if !line.marks_only {
            scene.polyline(&at, &entry.colour, 1.6, entry.dash);
        }
        for (px, py) in at {
            scene.line((px - 3.0, py - 3.0), (px + 3.0, py + 3.0), &entry.colour, 1.4);
            scene.line((px - 3.0, py + 3.0), (px + 3.0, py - 3.0), &entry.colour, 1.4);
        }
    }
    legend::draw(&mut scene, &frame, &entries);
    Ok(scene)
}
