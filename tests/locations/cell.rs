//! The cell of `docs/locations.md`, read from that page.

use neuropil::morph::{Geometry, Morphology, Point, SectionKind, SectionPlan};
use neuropil::select::{Cable, Cover, Draw, Location, Points, Region};

/// A cell with its geometry.
pub struct Cell {
    pub morphology: Morphology,
    pub geometry: Geometry,
}

pub const DRAW: Draw = Draw { seed: 1, cell: 0, use_id: 0 };

impl Cell {
    pub fn new(morphology: Morphology) -> Cell {
        let geometry = Geometry::of(&morphology);
        Cell { morphology, geometry }
    }

    pub fn cable(&self) -> Cable<'_> {
        Cable::new(&self.morphology, &self.geometry)
    }

    #[track_caller]
    pub fn region(&self, text: &str) -> Cover {
        let region: Region = text.parse().unwrap_or_else(|error| panic!("{error}"));
        region.evaluate(&self.cable()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The region as `name from..to`, sorted by section.
    #[track_caller]
    pub fn shown(&self, text: &str) -> String {
        let cover = self.region(text);
        let span = |s: &neuropil::select::Span| {
            let name = &self.morphology.section(s.section).name;
            if (s.from, s.to) == (0.0, 1.0) {
                name.clone()
            } else {
                format!("{name} {:.4}..{:.4}", s.from, s.to)
            }
        };
        let mut parts: Vec<String> = cover.spans().iter().map(span).collect();
        parts.sort();
        parts.join(", ")
    }

    #[track_caller]
    pub fn points(&self, text: &str) -> Vec<Location> {
        let points: Points = text.parse().unwrap_or_else(|error| panic!("{error}"));
        points.evaluate(&self.cable(), &DRAW).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The points as `name(fraction)`, in order.
    #[track_caller]
    pub fn points_shown(&self, text: &str) -> String {
        let point = |p: &Location| {
            let fraction = (p.fraction * 1e9).round() / 1e9;
            format!("{}({fraction})", self.morphology.section(p.section).name)
        };
        self.points(text).iter().map(point).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn error(&self, text: &str) -> String {
        match text.parse::<Region>() {
            Err(_) => match text.parse::<Points>().and_then(|p| p.evaluate(&self.cable(), &DRAW)) {
                Err(error) => error.to_string(),
                Ok(points) => panic!("{text} gave {points:?}"),
            },
            Ok(region) => match region.evaluate(&self.cable()) {
                Err(error) => error.to_string(),
                Ok(cover) => panic!("{text} gave {cover:?}"),
            },
        }
    }
}

pub const PAGE: &str = include_str!("../../docs/locations.md");

/// The lines in the page's fences of that name.
pub fn fences(name: &str) -> Vec<&'static str> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in PAGE.lines() {
        if line.starts_with("```") {
            inside = line == format!("```{name}");
        } else if inside {
            lines.push(line);
        }
    }
    assert!(!lines.is_empty(), "the page has no {name}");
    lines
}

/// Reads the page's own notation: name, kind, parent, points.
pub fn page_cell() -> Cell {
    let plans: Vec<SectionPlan> = fences("cell")
        .into_iter()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let kind = match words[1] {
                "soma" => SectionKind::Soma,
                "axon" => SectionKind::Axon,
                "basal" => SectionKind::BasalDendrite,
                "apical" => SectionKind::ApicalDendrite,
                _ => SectionKind::Custom(5),
            };
            let points: Vec<Point> = words[3..]
                .iter()
                .map(|word| {
                    let x: Vec<f64> =
                        word.trim_matches(['(', ')']).split(',').map(|x| x.parse().unwrap()).collect();
                    Point::new(x[0], x[1], x[2], x[3])
                })
                .collect();
            let plan = SectionPlan::points(words[0], kind, points);
            match words[2].rsplit_once('(') {
                Some((parent, on)) => plan.on(parent, on.trim_end_matches(')').parse().unwrap()),
                None => plan,
            }
        })
        .collect();
    let mut morphology = Morphology::from_sections("page", &plans).unwrap();
    let tuft = morphology.section_ids().filter(|id| {
        let name = &morphology.section(*id).name;
        name == "apic[1]" || name == "apic[2]"
    });
    let tuft = morphology.segments_in(&tuft.collect::<Vec<_>>());
    morphology.groups.insert("tuft".to_string(), tuft);
    Cell::new(morphology)
}
