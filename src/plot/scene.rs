//! A picture under construction: a few kinds of marks, kept as SVG text.

use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

use super::palette::INK;
use super::{png, text};

/// Font of all text; the first of these that a viewer has.
const FONTS: &str = "Helvetica, Arial, 'Liberation Sans', sans-serif";

/// A finished picture. Make one with [`super::traces`], [`super::raster`], [`super::morphology`] or
/// [`super::curves`]; join several with [`Scene::beside`] and [`Scene::above`].
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    width: f64,
    height: f64,
    title: String,
    body: String,
}

/// Which point of a text its coordinates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Scene {
    pub(super) fn new(width: f64, height: f64) -> Scene {
        Scene { width, height, title: String::new(), body: String::new() }
    }

    /// Width in pixels (of 1/96 inch).
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Height in pixels (of 1/96 inch).
    pub fn height(&self) -> f64 {
        self.height
    }

    /// Writes `title` in the middle of the top, smaller where it is long. Gives the height that it takes.
    pub(super) fn heading(&mut self, title: &str) -> f64 {
        if title.is_empty() {
            return 0.0;
        }
        let room = self.width - 16.0;
        let size = (14.0 * room / text::width(title, 14.0)).clamp(10.0, 14.0);
        let style = TextStyle::new(Anchor::Middle).size(size);
        self.text((self.width / 2.0, 24.0), &text::fit(title, size, room), &style);
        22.0
    }

    /// What the picture is called, for readers who do not see it.
    pub(super) fn set_title(&mut self, title: &str) {
        self.title = title.to_string();
    }

    /// Joins pictures from left to right, centred vertically, `gap` pixels apart.
    pub fn beside(scenes: &[Scene], gap: f64) -> Scene {
        let height = scenes.iter().map(|s| s.height).fold(0.0, f64::max);
        let width = total(scenes.iter().map(|s| s.width), gap);
        let mut joined = Scene::new(width, height);
        let mut x = 0.0;
        for scene in scenes {
            joined.place(scene, x, (height - scene.height) / 2.0);
            x += scene.width + gap;
        }
        joined
    }

    /// Joins pictures from top to bottom, aligned at the left, `gap` pixels apart.
    pub fn above(scenes: &[Scene], gap: f64) -> Scene {
        let width = scenes.iter().map(|s| s.width).fold(0.0, f64::max);
        let height = total(scenes.iter().map(|s| s.height), gap);
        let mut joined = Scene::new(width, height);
        let mut y = 0.0;
        for scene in scenes {
            joined.place(scene, 0.0, y);
            y += scene.height + gap;
        }
        joined
    }

    fn place(&mut self, scene: &Scene, x: f64, y: f64) {
        if !scene.title.is_empty() {
            let and = if self.title.is_empty() { "" } else { "; " };
            let _ = write!(self.title, "{and}{}", scene.title);
        }
        self.shifted(scene, x, y);
    }

    /// The marks of another picture, moved by `x` and `y`.
    pub(super) fn shifted(&mut self, scene: &Scene, x: f64, y: f64) {
        self.body.push_str("<g transform=\"translate(");
        self.number(x);
        self.body.push(' ');
        self.number(y);
        self.body.push_str(")\">\n");
        self.body.push_str(&scene.body);
        self.body.push_str("</g>\n");
    }

    /// The picture as SVG.
    pub fn to_svg(&self) -> String {
        let (w, h) = (self.width.ceil(), self.height.ceil());
        let mut out = String::with_capacity(self.body.len() + 600);
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
             font-family=\"{FONTS}\" font-size=\"12\" fill=\"{INK}\">\n<title>"
        );
        escape(&mut out, &self.title);
        out.push_str("</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        out.push_str(&self.body);
        out.push_str("</svg>\n");
        out
    }

    /// The picture as PNG, `scale` image points to the pixel of the picture: 2 for slides and
    /// screens, 3 for print.
    ///
    /// # Errors
    /// [`ErrorKind::Limit`] for an image of more than 200 million points or without any.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>> {
        png::render(&self.to_svg(), self.width.ceil(), self.height.ceil(), scale)
    }

    // Marks. Colours and dashes come from this module's siblings, so they need no escaping.

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        self.body.push_str("<line x1=\"");
        self.number(from.0);
        self.body.push_str("\" y1=\"");
        self.number(from.1);
        self.body.push_str("\" x2=\"");
        self.number(to.0);
        self.body.push_str("\" y2=\"");
        self.number(to.1);
        let _ = writeln!(self.body, "\" stroke=\"{colour}\" stroke-width=\"{width}\"/>");
    }

    /// Many straight lines of an axis or grid, set on whole points so that they are crisp.
    pub(super) fn rules(&mut self, lines: &[[(f64, f64); 2]], colour: &str, width: f64) {
        if lines.is_empty() {
            return;
        }
        self.body.push_str("<path d=\"");
        for [from, to] in lines {
            self.body.push('M');
            self.number(from.0);
            self.body.push(' ');
            self.number(from.1);
            self.body.push('L');
            self.number(to.0);
            self.body.push(' ');
            self.number(to.1);
        }
        let style = "shape-rendering=\"crispEdges\" fill=\"none\"";
        let _ = writeln!(self.body, "\" {style} stroke=\"{colour}\" stroke-width=\"{width}\"/>");
    }

    /// A line through points; `dash` as in SVG, empty for none.
    pub(super) fn polyline(&mut self, points: &[(f64, f64)], colour: &str, width: f64, dash: &str) {
        if points.is_empty() {
            return;
        }
        self.body.push_str("<polyline points=\"");
        for (i, (x, y)) in points.iter().enumerate() {
            if i > 0 {
                self.body.push(' ');
            }
            self.number(*x);
            self.body.push(',');
            self.number(*y);
        }
        let _ = write!(self.body, "\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"");
        self.number(width);
        self.body.push_str("\" stroke-linejoin=\"round\"");
        // A round end would lengthen a thick line by half its width.
        if width <= 2.0 {
            self.body.push_str(" stroke-linecap=\"round\"");
        }
        if !dash.is_empty() {
            let _ = write!(self.body, " stroke-dasharray=\"{dash}\"");
        }
        self.body.push_str("/>\n");
    }

    /// Many vertical strokes of `height` from the given top points downwards.
    pub(super) fn strokes(&mut self, tops: &[(f64, f64)], height: f64, colour: &str, width: f64) {
        if tops.is_empty() {
            return;
        }
        self.body.push_str("<path d=\"");
        for (x, y) in tops {
            self.body.push('M');
            self.number(*x);
            self.body.push(' ');
            self.number(*y);
            self.body.push('v');
            self.number(height);
        }
        let _ = write!(self.body, "\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"");
        self.number(width);
        self.body.push_str("\"/>\n");
    }

    /// A filled polygon, with an outline where `outline` is a colour and a width.
    pub(super) fn polygon(&mut self, points: &[(f64, f64)], fill: &str, outline: Option<(&str, f64)>) {
        self.body.push_str("<path d=\"");
        for (i, (x, y)) in points.iter().enumerate() {
            self.body.push(if i == 0 { 'M' } else { 'L' });
            self.number(*x);
            self.body.push(' ');
            self.number(*y);
        }
        let _ = write!(self.body, "Z\" fill=\"{fill}\"");
        self.outline(outline);
    }

    pub(super) fn circle(
        &mut self,
        centre: (f64, f64),
        radius: f64,
        fill: &str,
        outline: Option<(&str, f64)>,
    ) {
        self.body.push_str("<circle cx=\"");
        self.number(centre.0);
        self.body.push_str("\" cy=\"");
        self.number(centre.1);
        self.body.push_str("\" r=\"");
        self.number(radius);
        let _ = write!(self.body, "\" fill=\"{fill}\"");
        self.outline(outline);
    }

    /// Filled polygons and discs as one shape: where they overlap, it is filled all the same.
    pub(super) fn union(&mut self, polygons: &[Vec<(f64, f64)>], discs: &[((f64, f64), f64)], fill: &str) {
        if polygons.is_empty() && discs.is_empty() {
            return;
        }
        self.body.push_str("<path d=\"");
        for polygon in polygons {
            // One sense of rotation for all, that of the discs: opposite ones would cancel.
            let next = polygon.iter().cycle().skip(1);
            let area: f64 = polygon.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
            let corners: Vec<_> =
                if area > 0.0 { polygon.clone() } else { polygon.iter().rev().copied().collect() };
            for (i, (x, y)) in corners.into_iter().enumerate() {
                self.body.push(if i == 0 { 'M' } else { 'L' });
                self.number(x);
                self.body.push(' ');
                self.number(y);
            }
            self.body.push('Z');
        }
        for ((x, y), radius) in discs {
            self.body.push('M');
            self.number(x - radius);
            self.body.push(' ');
            self.number(*y);
            for way in [2.0, -2.0] {
                self.body.push('a');
                self.number(*radius);
                self.body.push(' ');
                self.number(*radius);
                self.body.push_str(" 0 0 1 ");
                self.number(way * radius);
                self.body.push_str(" 0");
            }
            self.body.push('Z');
        }
        let _ = writeln!(self.body, "\" fill=\"{fill}\"/>");
    }

    /// An ellipse with semi-axes `radii`, turned by `degrees` clockwise.
    pub(super) fn ellipse(&mut self, centre: (f64, f64), radii: (f64, f64), degrees: f64, fill: &str) {
        self.body.push_str("<ellipse rx=\"");
        self.number(radii.0);
        self.body.push_str("\" ry=\"");
        self.number(radii.1);
        self.body.push_str("\" transform=\"translate(");
        self.number(centre.0);
        self.body.push(' ');
        self.number(centre.1);
        self.body.push_str(") rotate(");
        self.number(degrees);
        let _ = writeln!(self.body, ")\" fill=\"{fill}\"/>");
    }

    pub(super) fn rect(&mut self, at: (f64, f64), size: (f64, f64), fill: &str) {
        self.body.push_str("<rect x=\"");
        self.number(at.0);
        self.body.push_str("\" y=\"");
        self.number(at.1);
        self.body.push_str("\" width=\"");
        self.number(size.0.max(0.0));
        self.body.push_str("\" height=\"");
        self.number(size.1.max(0.0));
        let _ = writeln!(self.body, "\" fill=\"{fill}\"/>");
    }

    fn outline(&mut self, outline: Option<(&str, f64)>) {
        if let Some((colour, width)) = outline {
            let _ =
                write!(self.body, " stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"");
        }
        self.body.push_str("/>\n");
    }

    /// Text with its baseline at `at`. `^{…}` is set as a superscript.
    pub(super) fn text(&mut self, at: (f64, f64), text: &str, style: &TextStyle) {
        self.body.push_str("<text ");
        if style.upward {
            self.body.push_str("transform=\"translate(");
            self.number(at.0);
            self.body.push(' ');
            self.number(at.1);
            self.body.push_str(") rotate(-90)\"");
        } else {
            self.body.push_str("x=\"");
            self.number(at.0);
            self.body.push_str("\" y=\"");
            self.number(at.1);
            self.body.push('"');
        }
        match style.anchor {
            Anchor::Start => {}
            Anchor::Middle => self.body.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.body.push_str(" text-anchor=\"end\""),
        }
        if style.size != 12.0 {
            let _ = write!(self.body, " font-size=\"{}\"", style.size);
        }
        if style.colour != INK {
            let _ = write!(self.body, " fill=\"{}\"", style.colour);
        }
        if style.halo {
            // Drawn first and under the letters: the label stays legible on top of lines.
            self.body.push_str(
                " stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
            );
        }
        self.body.push('>');
        match text.split_once("^{").and_then(|(base, rest)| Some((base, rest.split_once('}')?))) {
            Some((base, (raised, rest))) => {
                escape(&mut self.body, base);
                let (up, small) = (style.size * 0.35, style.size * 0.75);
                let _ = write!(self.body, "<tspan dy=\"-{up:.1}\" font-size=\"{small:.1}\">");
                escape(&mut self.body, raised);
                let _ = write!(self.body, "</tspan><tspan dy=\"{up:.1}\">");
                escape(&mut self.body, rest);
                self.body.push_str("</tspan>");
            }
            None => escape(&mut self.body, text),
        }
        self.body.push_str("</text>\n");
    }

    /// Appends a coordinate, to a hundredth of a pixel.
    fn number(&mut self, value: f64) {
        let hundredths = (value * 100.0).round();
        // A cast takes what is not a number to 0; what lies far outside stays outside.
        push_hundredths(&mut self.body, hundredths.clamp(-1e9, 1e9) as i64);
    }
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextStyle {
    pub anchor: Anchor,
    pub size: f64,
    pub colour: &'static str,
    /// Reading from bottom to top.
    pub upward: bool,
    /// With a white rim.
    pub halo: bool,
}

impl TextStyle {
    pub fn new(anchor: Anchor) -> TextStyle {
        TextStyle { anchor, size: 12.0, colour: INK, upward: false, halo: false }
    }

    pub fn size(self, size: f64) -> TextStyle {
        TextStyle { size, ..self }
    }

    pub fn colour(self, colour: &'static str) -> TextStyle {
        TextStyle { colour, ..self }
    }
}

fn total(sizes: impl Iterator<Item = f64>, gap: f64) -> f64 {
    let (mut sum, mut space) = (0.0, 0.0);
    for size in sizes {
        sum += space + size;
        space = gap;
    }
    sum
}

fn push_hundredths(out: &mut String, hundredths: i64) {
    if hundredths < 0 {
        out.push('-');
    }
    let size = hundredths.unsigned_abs();
    let (whole, rest) = (size / 100, size % 100);
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut left = whole;
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|d| char::from(*d)));
    if rest > 0 {
        out.push('.');
        out.push(char::from(b'0' + (rest / 10) as u8));
        if !rest.is_multiple_of(10) {
            out.push(char::from(b'0' + (rest % 10) as u8));
        }
    }
}

/// Appends `text` as XML character data; characters that XML cannot hold become spaces.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
}

/// Writes `scene` to `path` as its extension says: `.svg`, or `.png` at two image points per pixel.
///
/// # Errors
/// [`ErrorKind::Name`] for another extension, [`ErrorKind::Io`] when the file cannot be written.
pub fn save(scene: &Scene, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let bytes = match extension.as_str() {
        "svg" => scene.to_svg().into_bytes(),
        "png" => scene.to_png(2.0).map_err(|e| e.in_file(path))?,
        _ => {
            let message = match extension.as_str() {
                "" => "a picture needs a file name ending in .svg or .png".to_string(),
                other => format!("cannot draw a picture as '.{other}'"),
            };
            let help = "name it .svg (sharp at any size) or .png";
            return Err(Error::new(ErrorKind::Name, message).in_file(path).help(help));
        }
    };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, "create the folder", &e))?;
    }
    std::fs::write(path, bytes).map_err(|e| Error::io(path, "write the picture", &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stay_within_the_picture() {
        let drawn = |title: &str| {
            let mut scene = Scene::new(200.0, 100.0);
            let height = scene.heading(title);
            (height, scene.body)
        };
        assert_eq!(drawn(""), (0.0, String::new()));
        assert!(drawn("Soma").1.contains("font-size=\"14\""));
        // A little long: smaller. Very long: its middle is left out.
        let (_, body) = drawn("Pyramidal cells in a network of");
        assert!(body.contains("a network of") && !body.contains("font-size=\"14\""), "{body}");
        let (height, body) = drawn(&"Pyramidal cells in a network of point neurons ".repeat(2));
        assert!(height == 22.0 && body.contains('…'), "{body}");
    }

    #[test]
    fn coordinates() {
        let text = |v| {
            let mut scene = Scene::new(1.0, 1.0);
            scene.number(v);
            scene.body
        };
        assert_eq!(text(1.0), "1");
        assert_eq!(text(-0.05), "-0.05");
        assert_eq!(text(12.345_678), "12.35");
        assert_eq!(text(100.1), "100.1");
        assert_eq!(text(-0.001), "0");
        assert_eq!(text(f64::NAN), "0");
        assert_eq!(text(f64::INFINITY), "10000000");
    }
}
