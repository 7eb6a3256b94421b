//! Pictures of morphologies: to scale, with regions, injection and recording sites.

use crate::error::{Error, ErrorKind, Result};
use crate::morph::{Morphology, SectionId, SectionKind};
use crate::select::{self, Location, Span};

use super::axis::Axis;
use super::cable;
use super::labels::{self, Cover, Rect, Wanted};
use super::palette::{self, FAINT, INK, SPINE};
use super::projection::{Dot, Plane, Projection, point_at, stretch};
use super::scene::{Anchor, Scene, TextStyle};
use super::text;
use super::traces::is_colour;

/// A region to be shown: its name and the cable that it covers.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionCover {
    /// What the legend calls it.
    pub label: String,
    /// The cable.
    pub cover: select::Cover,
}

/// What colours mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Colouring {
    /// The kind of section: soma, axon, basal, apical.
    #[default]
    Kind,
    /// Regions, later ones over earlier ones; the rest is grey.
    Regions(Vec<RegionCover>),
    /// A value on each stretch of cable, with a colour bar; cable without one is grey.
    Values {
        /// What it is: `gbar of na`.
        label: String,
        /// Its unit; empty for none.
        unit: String,
        /// Stretches and values.
        values: Vec<(Span, f64)>,
    },
}

/// What happens at a marked site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteKind {
    /// Current is injected: a triangle whose tip touches the cable.
    Injection,
    /// Something is recorded: a circle.
    Recording,
    /// A synapse: a dot; only the legend names it.
    Synapse,
}

/// A marked place.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// What happens there.
    pub kind: SiteKind,
    /// What it is called.
    pub label: String,
    /// Where it is.
    pub location: Location,
    /// Its colour as `#rrggbb`, such as that of its trace; `None` for the custom.
    pub colour: Option<String>,
}

/// How a morphology is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct MorphologyOptions {
    /// Greatest width of the picture, pixels; it is as wide as it needs to be.
    pub width: f64,
    /// Greatest height of the picture, pixels; it is as high as it needs to be.
    pub height: f64,
    /// Heading; empty for none.
    pub title: String,
    /// The plane of projection.
    pub plane: Plane,
    /// What colours mean.
    pub colouring: Colouring,
    /// Places to mark.
    pub sites: Vec<Site>,
    /// Whether to explain colours and marks.
    pub legend: bool,
}

impl Default for MorphologyOptions {
    fn default() -> MorphologyOptions {
        MorphologyOptions {
            width: 900.0,
            height: 600.0,
            title: String::new(),
            plane: Plane::Widest,
            colouring: Colouring::Kind,
            sites: Vec::new(),
            legend: true,
        }
    }
}

/// Cable without a region or value.
const PLAIN: &str = "#c4c4c4";
const LABEL: f64 = 11.0;
const LABEL_HEIGHT: f64 = 14.0;
const EDGE: f64 = 14.0;
const LEGEND_ROW: f64 = 17.0;

/// The custom colour of trace or recording `index`: the same in [`super::traces`].
pub fn colour(index: usize) -> &'static str {
    palette::LINES[index % palette::LINES.len()]
}

/// Draws a morphology, seen along one axis, with diameters to scale (but never thinner than 0.7
/// pixels).
///
/// # Errors
/// [`ErrorKind::Value`] when there is no cable, a coordinate is not a number, a site or a piece is on
/// no section, or the picture is too small.
pub fn morphology(morphology: &Morphology, options: &MorphologyOptions) -> Result<Scene> {
    check(morphology, options)?;
    let plane = options.plane.resolve(morphology);
    let unit = Projection { plane, scale: 1.0 };
    let extent = extent(morphology, &unit);
    let legend = Legend::new(morphology, options);
    let heading = if options.title.is_empty() { 0.0 } else { 30.0 };
    let room =
        (options.width - 2.0 * EDGE - legend.width(), options.height - 2.0 * EDGE - heading - SCALE_ROOM);
    if room.0 < 40.0 || room.1 < 40.0 {
        let message = format!("a picture of {} by {} pixels is too small", options.width, options.height);
        return Err(Error::new(ErrorKind::Value, message));
    }
    let size = (extent.width().max(1e-3), extent.height().max(1e-3));
    let mut scale = (room.0 / size.0).min(room.1 / size.1);
    // Labels stand out from the cable: make room for them, which may move them once more.
    let mut plan = Plan::new(morphology, options, Projection { plane, scale });
    for _ in 0..4 {
        let over = (plan.bounds.width() - room.0, plan.bounds.height() - room.1);
        let cable = (size.0 * scale, size.1 * scale);
        let shrink = ((cable.0 - over.0) / cable.0).min((cable.1 - over.1) / cable.1);
        if shrink >= 0.999 {
            break;
        }
        scale *= shrink.clamp(0.3, 1.0);
        plan = Plan::new(morphology, options, Projection { plane, scale });
    }
    let mut drawing = Scene::new(plan.bounds.width(), plan.bounds.height());
    draw_cable(&mut drawing, morphology, options, &plan.projection, legend.range);
    draw_sites(&mut drawing, &plan);

    let wide = plan.bounds.width().max(120.0);
    let high = (plan.bounds.height() + SCALE_ROOM).max(legend.height());
    let mut scene = Scene::new(wide + 2.0 * EDGE + legend.width(), high + 2.0 * EDGE + heading);
    let title = if options.title.is_empty() { &morphology.name } else { &options.title };
    scene.set_title(title);
    scene.heading(&options.title);
    let top = EDGE + heading + (high - SCALE_ROOM - plan.bounds.height()) / 2.0;
    let left = EDGE + (wide - plan.bounds.width()) / 2.0;
    scene.shifted(&drawing, left - plan.bounds.left, top - plan.bounds.top);
    let bar = (left - plan.bounds.left + plan.cable.left, EDGE + heading + high - 8.0);
    scale_bar(&mut scene, bar, plan.cable.width().max(80.0), scale, plane);
    legend.draw(&mut scene, (EDGE + wide + 18.0, EDGE + heading));
    Ok(scene)
}

/// Room below the cell for the scale bar.
const SCALE_ROOM: f64 = 34.0;

fn check(morphology: &Morphology, options: &MorphologyOptions) -> Result<()> {
    let wrong = |message: String| Err(Error::new(ErrorKind::Value, message).in_element(&morphology.name));
    if morphology.segments.is_empty() {
        return wrong("there is no cable to draw".into());
    }
    let finite = |p: crate::morph::Point| [p.x, p.y, p.z, p.diameter].iter().all(|v| v.is_finite());
    if let Some(segment) = morphology.segments.iter().find(|s| !finite(s.proximal) || !finite(s.distal)) {
        return wrong(format!("segment {} has a coordinate that is not a number", segment.file_id));
    }
    let spans: Vec<Span> = match &options.colouring {
        Colouring::Kind => Vec::new(),
        Colouring::Regions(regions) => regions.iter().flat_map(|r| r.cover.spans()).copied().collect(),
        Colouring::Values { values, .. } => values.iter().map(|(span, _)| *span).collect(),
    };
    let sites = options.sites.iter().map(|s| (s.location.section, s.location.fraction));
    let ends = spans.iter().flat_map(|s| [(s.section, s.from), (s.section, s.to)]);
    for (section, fraction) in sites.chain(ends) {
        if section.index() >= morphology.sections.len() || !fraction.is_finite() {
            return wrong(format!("no place {fraction} on section {} to mark", section.0));
        }
    }
    Ok(())
}

/// The rectangle that the cable covers.
fn extent(morphology: &Morphology, projection: &Projection) -> Rect {
    let dots =
        morphology.segments.iter().flat_map(|s| [projection.dot(s.proximal), projection.dot(s.distal)]);
    let around = |d: Dot| Rect::around(d.at(), (2.0 * d.radius, 2.0 * d.radius));
    dots.map(around).reduce(|a, b| a.with(&b)).unwrap_or(Rect::around((0.0, 0.0), (1.0, 1.0)))
}

/// A mark with its label, ready to be drawn.
struct Mark {
    kind: SiteKind,
    at: (f64, f64),
    colour: String,
    label: String,
}

/// Where everything comes to lie at one scale.
struct Plan {
    projection: Projection,
    marks: Vec<Mark>,
    /// For each mark with a label, in order, where it stands.
    labels: Vec<Rect>,
    /// The cable alone.
    cable: Rect,
    /// Cable, marks and labels.
    bounds: Rect,
}

impl Plan {
    fn new(morphology: &Morphology, options: &MorphologyOptions, projection: Projection) -> Plan {
        let cable = extent(morphology, &projection);
        let marks = marks(morphology, options, &projection);
        let room = Rect {
            left: cable.left - 200.0,
            top: cable.top - 60.0,
            right: cable.right + 200.0,
            bottom: cable.bottom + 60.0,
        };
        let mut cover = Cover::new(room);
        for segment in &morphology.segments {
            let (a, b) = (projection.dot(segment.proximal), projection.dot(segment.distal));
            cover.mark_thick(a.at(), b.at(), a.radius.max(b.radius));
        }
        let taken: Vec<Rect> =
            marks.iter().filter(|m| m.kind != SiteKind::Synapse).map(|m| m.room()).collect();
        let wanted: Vec<_> = marks
            .iter()
            .filter(|m| m.named())
            .map(|m| Wanted {
                mark: m.label_from(),
                size: (text::width(&m.label, LABEL) + 4.0, LABEL_HEIGHT),
            })
            .collect();
        let labels = labels::place(&wanted, &cover, &taken);
        let bounds = labels.iter().chain(&taken).fold(cable, |all, r| all.with(r));
        Plan { projection, marks, labels, cable, bounds }
    }
}

/// Colour of injection markers: the yellow of the palette, seen on white (by its rim) and on black.
const ELECTRODE: &str = "#f0e442";
/// Length of the injection marker.
const TRIANGLE: f64 = 15.0;

impl Mark {
    fn named(&self) -> bool {
        self.kind != SiteKind::Synapse && !self.label.is_empty()
    }

    fn room(&self) -> Rect {
        match self.kind {
            SiteKind::Injection => Rect {
                left: self.at.0 - 6.0,
                right: self.at.0 + 6.0,
                top: self.at.1 - TRIANGLE,
                bottom: self.at.1,
            },
            _ => Rect::around(self.at, (12.0, 12.0)),
        }
    }

    /// The point from which the distance of the label counts.
    fn label_from(&self) -> (f64, f64) {
        match self.kind {
            SiteKind::Injection => (self.at.0, self.at.1 - TRIANGLE * 0.7),
            _ => self.at,
        }
    }
}

/// The marks of a cell; sites of one kind in one place are one mark.
fn marks(morphology: &Morphology, options: &MorphologyOptions, projection: &Projection) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut recordings = 0;
    let synapses = synapse_labels(options);
    for site in &options.sites {
        let Some(point) = point_at(morphology, site.location.section, site.location.fraction) else {
            continue;
        };
        let at = projection.dot(point).at();
        let near = |m: &&mut Mark| m.kind == site.kind && (m.at.0 - at.0).hypot(m.at.1 - at.1) < 0.01;
        if site.kind != SiteKind::Synapse
            && let Some(same) = marks.iter_mut().find(near)
        {
            if !same.label.split(", ").any(|l| l == site.label) {
                same.label = format!("{}, {}", same.label, site.label);
            }
            continue;
        }
        let custom = match site.kind {
            SiteKind::Injection => ELECTRODE.to_string(),
            SiteKind::Recording => {
                recordings += 1;
                colour(recordings - 1).to_string()
            }
            SiteKind::Synapse => synapse_colour(&synapses, &site.label),
        };
        let colour = site.colour.clone().filter(|c| is_colour(c)).unwrap_or(custom);
        marks.push(Mark { kind: site.kind, at, colour, label: site.label.clone() });
    }
    for mark in &mut marks {
        mark.label = text::fit(&mark.label, LABEL, 220.0);
    }
    marks
}

/// The different labels of synapses, in order of appearance.
fn synapse_labels(options: &MorphologyOptions) -> Vec<&str> {
    let mut labels: Vec<&str> = Vec::new();
    for site in options.sites.iter().filter(|s| s.kind == SiteKind::Synapse) {
        if !labels.contains(&site.label.as_str()) {
            labels.push(&site.label);
        }
    }
    labels
}

fn synapse_colour(labels: &[&str], label: &str) -> String {
    // Away from the colours that recordings take first.
    const COLOURS: [&str; 4] = ["#e69f00", "#56b4e9", "#d55e00", "#000000"];
    let index = labels.iter().position(|l| *l == label).unwrap_or(0);
    COLOURS[index % COLOURS.len()].to_string()
}

/// Thin cable of the axon first, the soma on top.
fn layer(kind: SectionKind) -> u8 {
    match kind {
        SectionKind::Axon => 0,
        SectionKind::Undefined | SectionKind::Custom(_) => 1,
        SectionKind::BasalDendrite => 2,
        SectionKind::ApicalDendrite => 3,
        SectionKind::Soma => 4,
    }
}

fn draw_cable(
    scene: &mut Scene,
    morphology: &Morphology,
    options: &MorphologyOptions,
    projection: &Projection,
    range: (f64, f64),
) {
    let mut order: Vec<SectionId> = morphology.section_ids().collect();
    order.sort_by_key(|id| layer(morphology.section(*id).kind));
    for id in &order {
        link(scene, morphology, *id, projection);
    }
    let draw = |scene: &mut Scene, span: Span, colour: &str| {
        let points = stretch(morphology, span.section, span.from, span.to);
        let dots: Vec<Dot> = points.into_iter().map(|p| projection.dot(p)).collect();
        match morphology.section(span.section).kind {
            SectionKind::Soma => cable::soma(scene, &dots, colour),
            _ => cable::neurite(scene, &dots, colour),
        }
    };
    let kinds = options.colouring == Colouring::Kind;
    for id in order {
        let colour = if kinds { palette::kind(morphology.section(id).kind) } else { PLAIN };
        draw(scene, Span::whole(id), colour);
    }
    match &options.colouring {
        Colouring::Kind => {}
        Colouring::Regions(regions) => {
            for (i, region) in regions.iter().enumerate() {
                let colour = palette::line(i, regions.len()).0;
                region.cover.spans().iter().for_each(|span| draw(scene, *span, &colour));
            }
        }
        Colouring::Values { values, .. } => {
            for (span, value) in values.iter().filter(|(_, v)| v.is_finite()) {
                draw(scene, *span, &palette::viridis((value - range.0) / (range.1 - range.0)));
            }
        }
    }
}

/// Where a section starts away from the cable it hangs on, a thin line shows what it hangs on.
fn link(scene: &mut Scene, morphology: &Morphology, id: SectionId, projection: &Projection) {
    let section = morphology.section(id);
    let Some((parent, fraction)) = section.parent else { return };
    let ends = (point_at(morphology, parent, fraction), point_at(morphology, id, 0.0));
    if let (Some(from), Some(to)) = ends {
        let (from, to) = (projection.dot(from), projection.dot(to));
        if from.far_from(to) > from.radius + 1.0 {
            scene.polyline(&[from.at(), to.at()], "#999999", 0.7, "2 2");
        }
    }
}

fn draw_sites(scene: &mut Scene, plan: &Plan) {
    // Many synapses are drawn smaller, so that the cable is still seen between them.
    let synapses = plan.marks.iter().filter(|m| m.kind == SiteKind::Synapse);
    let radius = if synapses.clone().count() > 150 { 1.5 } else { 2.2 };
    for mark in synapses {
        scene.circle(mark.at, radius, &mark.colour, Some(("#ffffff", 0.4)));
    }
    for (mark, label) in plan.marks.iter().filter(|m| m.named()).zip(&plan.labels) {
        let from = mark.label_from();
        let to = label.nearest(from);
        if (to.0 - from.0).hypot(to.1 - from.1) > 17.0 {
            scene.line(from, to, FAINT, 0.8);
        }
    }
    for mark in &plan.marks {
        match mark.kind {
            SiteKind::Synapse => {}
            SiteKind::Injection => triangle(scene, mark.at, &mark.colour),
            SiteKind::Recording => scene.circle(mark.at, 4.6, &mark.colour, Some(("#ffffff", 1.4))),
        }
    }
    for (mark, label) in plan.marks.iter().filter(|m| m.named()).zip(&plan.labels) {
        let style = TextStyle { halo: true, ..TextStyle::new(Anchor::Start).size(LABEL) };
        scene.text((label.left + 2.0, label.bottom - 3.5), &mark.label, &style);
    }
}

/// An electrode: a slender triangle that stands on its tip.
fn triangle(scene: &mut Scene, tip: (f64, f64), colour: &str) {
    let top = tip.1 - TRIANGLE;
    scene.polygon(&[tip, (tip.0 - 5.5, top), (tip.0 + 5.5, top)], colour, Some((INK, 1.2)));
}

fn scale_bar(scene: &mut Scene, at: (f64, f64), room: f64, scale: f64, plane: Plane) {
    // The longest round length that takes up to a third of the cell's width.
    let most = room.min(420.0) / 3.0 / scale;
    let power = 10_f64.powi(most.log10().floor() as i32);
    let length = [5.0, 2.0, 1.0].into_iter().map(|f| f * power).find(|l| *l <= most).unwrap_or(most);
    let label =
        if length >= 1000.0 { format!("{} mm", length / 1000.0) } else { format!("{} µm", tidy(length)) };
    let end = at.0 + length * scale;
    scene.line(at, (end, at.1), INK, 2.0);
    scene.text((at.0, at.1 - 6.0), &label, &TextStyle::new(Anchor::Start).size(LABEL));
    if plane != Plane::Xy {
        let right = end.max(at.0 + text::width(&label, LABEL)) + 12.0;
        let style = TextStyle::new(Anchor::Start).size(LABEL).colour(FAINT);
        scene.text((right, at.1 + 2.0), &format!("{} plane", plane.name()), &style);
    }
}

/// A round length without the noise of its binary fraction.
fn tidy(length: f64) -> f64 {
    (length * 1e6).round() / 1e6
}

/// What stands to the right of a cell.
struct Legend {
    /// Name and colour.
    colours: Vec<(String, String)>,
    marks: Vec<(SiteKind, String, String)>,
    /// Label, unit and range of a colour bar.
    bar: Option<(String, Axis)>,
    /// The range of values, or 0 to 1.
    range: (f64, f64),
}

const BAR_HEIGHT: f64 = 150.0;

impl Legend {
    fn new(morphology: &Morphology, options: &MorphologyOptions) -> Legend {
        let mut legend = Legend { colours: Vec::new(), marks: Vec::new(), bar: None, range: (0.0, 1.0) };
        if let Colouring::Values { values, .. } = &options.colouring {
            let found = super::series::range(values.iter().map(|(_, v)| v)).unwrap_or((0.0, 1.0));
            legend.range = if found.0 < found.1 { found } else { (found.0 - 0.5, found.1 + 0.5) };
        }
        if !options.legend {
            return legend;
        }
        match &options.colouring {
            Colouring::Kind => {
                let mut kinds: Vec<SectionKind> = morphology.sections.iter().map(|s| s.kind).collect();
                kinds.sort();
                kinds.dedup();
                let name = |k: &SectionKind| (palette::kind_name(*k), palette::kind(*k).to_string());
                legend.colours = kinds.iter().map(name).collect();
            }
            Colouring::Regions(regions) => {
                let name =
                    |(i, r): (usize, &RegionCover)| (r.label.clone(), palette::line(i, regions.len()).0);
                legend.colours = regions.iter().enumerate().map(name).collect();
            }
            Colouring::Values { label, unit, .. } => {
                let axis = Axis::linear(legend.range, (BAR_HEIGHT, 0.0), 5);
                legend.bar = Some((axis.title(label, unit), axis));
            }
        }
        let has = |kind: SiteKind| options.sites.iter().any(|s| s.kind == kind);
        for label in synapse_labels(options) {
            let name = if label.is_empty() { "synapse" } else { label };
            let colour = synapse_colour(&synapse_labels(options), label);
            legend.marks.push((SiteKind::Synapse, name.to_string(), colour));
        }
        if has(SiteKind::Injection) {
            legend.marks.push((SiteKind::Injection, "injection".into(), ELECTRODE.into()));
        }
        if has(SiteKind::Recording) {
            legend.marks.push((SiteKind::Recording, "recording".into(), FAINT.into()));
        }
        legend
    }

    fn width(&self) -> f64 {
        let names = self.colours.iter().map(|(n, _)| n).chain(self.marks.iter().map(|(_, n, _)| n));
        let widest = names.map(|n| text::width(n, LABEL).min(160.0) + 26.0);
        let bar = self
            .bar
            .iter()
            .map(|(title, axis)| text::width(title, LABEL).max(axis.label_width(LABEL) + 26.0));
        let widest = widest.chain(bar).fold(0.0, f64::max);
        if widest > 0.0 { widest + 18.0 } else { 0.0 }
    }

    fn height(&self) -> f64 {
        let rows = (self.colours.len() + self.marks.len()) as f64 * LEGEND_ROW;
        rows + if self.bar.is_some() { BAR_HEIGHT + 40.0 } else { 0.0 }
    }

    fn draw(&self, scene: &mut Scene, at: (f64, f64)) {
        let style = TextStyle::new(Anchor::Start).size(LABEL);
        let mut y = at.1 + LEGEND_ROW / 2.0;
        let mut row = |scene: &mut Scene, name: &str| {
            scene.text((at.0 + 26.0, y + 4.0), &text::fit(name, LABEL, 160.0), &style);
            y += LEGEND_ROW;
            y - LEGEND_ROW
        };
        for (name, colour) in &self.colours {
            let y = row(scene, name);
            scene.polyline(&[(at.0 + 2.0, y), (at.0 + 18.0, y)], colour, 4.0, "");
        }
        for (kind, name, colour) in &self.marks {
            let y = row(scene, name);
            match kind {
                SiteKind::Injection => triangle(scene, (at.0 + 10.0, y + TRIANGLE / 2.0), colour),
                SiteKind::Recording => scene.circle((at.0 + 10.0, y), 4.6, colour, Some(("#ffffff", 1.4))),
                SiteKind::Synapse => scene.circle((at.0 + 10.0, y), 2.6, colour, None),
            }
        }
        let Some((title, axis)) = &self.bar else { return };
        let top = y + 18.0;
        scene.text((at.0, top - 8.0), title, &style);
        let slices = 60;
        for i in 0..slices {
            let share = f64::from(i) / f64::from(slices);
            let height = BAR_HEIGHT / f64::from(slices);
            // Each reaches under the next, so that no seam shows between two.
            let reach = (height + 1.0).min(BAR_HEIGHT * (1.0 - share));
            scene.rect((at.0, top + share * BAR_HEIGHT), (14.0, reach), &palette::viridis(1.0 - share));
        }
        for tick in &axis.ticks {
            let y = top + axis.at(tick.value);
            scene.line((at.0 + 14.0, y), (at.0 + 18.0, y), SPINE, 1.0);
            scene.text((at.0 + 22.0, y + 4.0), &tick.label, &style);
        }
    }
}
