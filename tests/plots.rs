//! Pictures: well-formed, with the right numbers on them, nothing overlapping, and honest about data
//! that cannot be drawn.

use std::sync::Arc;

use neuropil::ErrorKind;
use neuropil::morph::{Morphology, Point, SectionId, SectionKind, SectionPlan};
use neuropil::plot::{
    Colouring, CurveOptions, GateCurve, MorphologyOptions, Plane, RasterOptions, RegionCover, Scene, Site,
    SiteKind, SpikeTrain, Trace, TraceOptions, curves, morphology, raster, save, spike_trains, table_traces,
    traces,
};
use neuropil::select::{Cover, Location, Span};
use proptest::prelude::*;
use resvg::usvg;

/// All text of a picture, in order; fails if the picture is not well-formed XML.
fn words(scene: &Scene) -> Vec<String> {
    let svg = scene.to_svg();
    let mut reader = quick_xml::Reader::from_str(&svg);
    reader.config_mut().check_end_names = true;
    let mut depth = 0;
    loop {
        match reader.read_event().expect("well-formed XML") {
            quick_xml::events::Event::Start(_) => depth += 1,
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    let document = usvg::roxmltree::Document::parse(&svg).expect("well-formed XML with valid characters");
    let texts = document.descendants().filter(|n| n.has_tag_name("text"));
    texts.map(|n| n.descendants().filter_map(|d| d.is_text().then(|| d.text()).flatten()).collect()).collect()
}

fn has(scene: &Scene, wanted: &[&str]) {
    let words = words(scene);
    for word in wanted {
        assert!(words.iter().any(|w| w == word), "no '{word}' in {words:?}");
    }
}

/// Every text is inside the picture and on no other.
fn is_tidy(scene: &Scene) {
    let mut fonts = usvg::fontdb::Database::new();
    let font = usvg::fontdb::Source::Binary(Arc::new(epaint_default_fonts::UBUNTU_LIGHT));
    fonts.load_font_source(font);
    fonts.set_sans_serif_family("Ubuntu");
    let options = usvg::Options { fontdb: Arc::new(fonts), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(&scene.to_svg(), &options).expect("a picture");
    let mut boxes = Vec::new();
    collect(tree.root(), &mut boxes);
    assert!(!boxes.is_empty());
    let (width, height) = (scene.width() as f32 + 1.0, scene.height() as f32 + 1.0);
    for (i, (name, a)) in boxes.iter().enumerate() {
        let inside = a.left() >= 0.0 && a.top() >= 0.0 && a.right() <= width && a.bottom() <= height;
        assert!(inside, "'{name}' leaves the picture of {width} by {height}: {a:?}");
        for (other, b) in &boxes[..i] {
            let apart = a.right() <= b.left()
                || b.right() <= a.left()
                || a.bottom() <= b.top()
                || b.bottom() <= a.top();
            assert!(apart, "'{name}' {a:?} lies on '{other}' {b:?}");
        }
    }
}

fn collect(group: &usvg::Group, boxes: &mut Vec<(String, usvg::Rect)>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(inner) => collect(inner, boxes),
            usvg::Node::Text(text) => {
                let name = text.chunks().iter().map(usvg::TextChunk::text).collect();
                // The ink of the letters, not the height of the line.
                boxes.push((name, text.flattened().abs_bounding_box()));
            }
            _ => {}
        }
    }
}

/// Points of all polylines with many points: the traces.
fn drawn_points(scene: &Scene) -> Vec<Vec<(f64, f64)>> {
    let svg = scene.to_svg();
    let document = usvg::roxmltree::Document::parse(&svg).unwrap();
    let lines = document.descendants().filter_map(|n| n.attribute("points"));
    let point = |p: &str| p.split_once(',').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).unwrap();
    lines.map(|l| l.split(' ').map(point).collect::<Vec<_>>()).filter(|l| l.len() > 2).collect()
}

fn trace(name: &str, unit: &str, n: usize, value: impl Fn(f64) -> f64) -> Trace {
    let t_ms: Vec<f64> = (0..n).map(|i| i as f64 * 0.025).collect();
    let values = t_ms.iter().map(|t| value(*t)).collect();
    Trace { name: name.into(), unit: unit.into(), t_ms, values }
}

fn train(label: &str, group: &str, times_ms: &[f64]) -> SpikeTrain {
    SpikeTrain { label: label.into(), group: group.into(), times_ms: times_ms.to_vec() }
}

fn several() -> Vec<Trace> {
    vec![
        trace("soma.v", "mV", 8000, |t| -65.0 + 100.0 * (-(t - 52.0).powi(2)).exp()),
        trace("dend(0.5).v", "mV", 8000, |t| -65.0 + 60.0 * (-(t - 53.0).powi(2)).exp()),
        trace("soma.na.m", "", 8000, |t| 0.5 + 0.5 * (t / 20.0).sin()),
        trace("clamp.i", "nA", 8000, |t| if (50.0..150.0).contains(&t) { 0.1 } else { 0.0 }),
    ]
}

#[test]
fn traces_have_panels_units_and_ticks() {
    let options = TraceOptions { title: "Ball and stick".into(), ..TraceOptions::default() };
    let scene = traces(&several(), &options).unwrap();
    assert_eq!((scene.width(), scene.height()), (900.0, 600.0));
    let axes = ["Membrane potential (mV)", "m", "Current (nA)", "Time (ms)"];
    has(&scene, &axes);
    has(&scene, &["0", "20", "40", "100", "180", "200"]);
    has(&scene, &["−60", "−40", "−20", "0", "20"]);
    has(&scene, &["0.0", "0.2", "1.0", "0.10", "soma.v", "clamp.i", "Ball and stick"]);
    is_tidy(&scene);
}

#[test]
fn spikes_stand_above_the_panels() {
    let spikes = vec![train("soma", "", &[52.0, 150.0]), train("axon", "", &[52.5, f64::MAX])];
    let scene = traces(&several(), &TraceOptions { spikes, ..TraceOptions::default() }).unwrap();
    has(&scene, &["soma", "axon"]);
    is_tidy(&scene);
}

#[test]
fn long_runs_are_shown_in_seconds() {
    let slow = Trace {
        name: "v".into(),
        unit: "mV".into(),
        t_ms: (0..100).map(|i| f64::from(i) * 600.0).collect(),
        values: vec![-65.0; 100],
    };
    let scene = traces(&[slow], &TraceOptions::default()).unwrap();
    has(&scene, &["Time (s)", "60", "Potential (mV)"]);
}

/// One sample in a million must be seen, and the picture must stay small.
#[test]
fn a_single_sample_spike_is_drawn() {
    let mut noise = 1_u64;
    let mut random = || {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (noise >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let values: Vec<f64> = (0..1_000_000).map(|_| -65.0 + random()).collect();
    let mut one = trace("v", "mV", values.len(), |_| 0.0);
    one.values = values;
    let quiet = drawn_points(&traces(&[one.clone()], &TraceOptions::default()).unwrap());
    one.values[654_321] = 40.0;
    let scene = traces(&[one], &TraceOptions::default()).unwrap();
    let points = drawn_points(&scene);
    assert_eq!((quiet.len(), points.len()), (1, 1));
    assert!(points[0].len() < 8000, "{} points", points[0].len());
    let top = points[0].iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    let others = points[0].iter().filter(|p| (p.0 - top.0).abs() > 1.0).map(|p| p.1).fold(f64::MAX, f64::min);
    assert!(others - top.1 > 400.0, "the spike stands {} pixels out", others - top.1);
    let (left, right) = (points[0][0].0, points[0].last().unwrap().0);
    assert!(((top.0 - left) / (right - left) - 0.654_321).abs() < 0.001);
}

#[test]
fn windows_cut_exactly() {
    let ramp = trace("v", "mV", 1000, |t| t);
    let options = TraceOptions { window_ms: Some((5.01, 10.01)), ..TraceOptions::default() };
    let scene = traces(std::slice::from_ref(&ramp), &options).unwrap();
    has(&scene, &["6", "7", "8", "9", "10"]);
    for bad in [(10.0, 5.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        let options = TraceOptions { window_ms: Some(bad), ..TraceOptions::default() };
        assert_eq!(traces(std::slice::from_ref(&ramp), &options).unwrap_err().kind(), ErrorKind::Value);
    }
    let options = TraceOptions { window_ms: Some((500.0, 600.0)), ..TraceOptions::default() };
    has(&traces(&[ramp], &options).unwrap(), &["no samples"]);
}

#[test]
fn data_that_cannot_be_drawn_is_said() {
    let mut broken = trace("soma.v", "mV", 100, |t| t);
    broken.values[50] = f64::NAN;
    broken.values[60] = f64::INFINITY;
    let scene = traces(&[broken.clone()], &TraceOptions::default()).unwrap();
    has(&scene, &["2 values not finite"]);
    let lines = scene.to_svg().matches("<polyline").count();
    assert_eq!(lines, 3 + 1, "a line for each stretch, and one in the legend");
    is_tidy(&scene);
    broken.values = vec![f64::NAN; 100];
    has(&traces(&[broken.clone()], &TraceOptions::default()).unwrap(), &["100 values not finite"]);

    let error =
        |t: &Trace| traces(std::slice::from_ref(t), &TraceOptions::default()).unwrap_err().to_string();
    broken.values.pop();
    assert!(error(&broken).contains("soma.v: a trace of 99 values at 100 times"));
    broken.values.push(0.0);
    broken.t_ms[3] = 0.0;
    assert!(error(&broken).contains("times fall"), "{}", error(&broken));
    broken.t_ms[3] = f64::NAN;
    assert!(error(&broken).contains("time 4 of the trace is not a number"));
    assert!(traces(&[], &TraceOptions::default()).is_err());
    let many: Vec<_> = (0..60).map(|i| trace("x", &format!("u{i}"), 10, |t| t)).collect();
    let error = traces(&many, &TraceOptions::default()).unwrap_err().to_string();
    assert!(error.contains("60 panels do not fit"), "{error}");
    // One sample only is a dot.
    let dot = traces(&[trace("v", "mV", 1, |_| -65.0)], &TraceOptions::default()).unwrap();
    assert_eq!(dot.to_svg().matches("<circle").count(), 1);
}

#[test]
fn names_of_users_stay_text() {
    let evil = "</text><script>&\"'\u{0}\u{8}\u{ffff}]]> \u{202e}µ漢";
    let options = TraceOptions { title: evil.into(), ..TraceOptions::default() };
    let options = TraceOptions { colours: vec!["red\"/><a>".into()], ..options };
    let scene = traces(&[trace(evil, evil, 100, |t| t)], &options).unwrap();
    assert!(words(&scene).iter().any(|w| w.starts_with("</text><script>&\"'")));
    assert!(!scene.to_svg().contains("<a>"));
    let trains = [train(evil, evil, &[1.0]), train("b", "b", &[2.0])];
    words(&raster(&trains, &RasterOptions { title: evil.into(), ..RasterOptions::default() }).unwrap());
    assert!(scene.to_png(1.0).is_ok());
}

fn size_of_png(bytes: &[u8]) -> (u32, u32) {
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn png_has_the_size_asked_for() {
    let options = TraceOptions { width: 500.0, height: 300.0, ..TraceOptions::default() };
    let scene = traces(&several()[..1], &options).unwrap();
    for scale in [1.0, 2.0, 3.0] {
        let expected = ((500.0 * scale) as u32, (300.0 * scale) as u32);
        assert_eq!(size_of_png(&scene.to_png(scale).unwrap()), expected);
    }
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e6] {
        assert_eq!(scene.to_png(scale).unwrap_err().kind(), ErrorKind::Limit);
    }
    // The picture is not empty: the blue of the trace and the ink of the letters are in it.
    let decoder = png::Decoder::new(std::io::Cursor::new(scene.to_png(2.0).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let count = |near: [u8; 3]| {
        let close = |p: &&[u8]| p.iter().zip(near).all(|(a, b)| a.abs_diff(b) < 12);
        pixels.chunks_exact(3).filter(close).count()
    };
    assert!(count([0x00, 0x72, 0xb2]) > 500, "the trace");
    assert!(count([0x22, 0x22, 0x22]) > 200, "the letters");
    assert!(count([255, 255, 255]) > 300_000, "the ground");
}

#[test]
fn save_goes_by_extension() {
    let dir = tempfile::tempdir().unwrap();
    let scene = traces(&several()[..1], &TraceOptions::default()).unwrap();
    save(&scene, dir.path().join("a/b.svg")).unwrap();
    save(&scene, dir.path().join("b.PNG")).unwrap();
    assert!(std::fs::read_to_string(dir.path().join("a/b.svg")).unwrap().starts_with("<svg"));
    assert_eq!(size_of_png(&std::fs::read(dir.path().join("b.PNG")).unwrap()), (1800, 1200));
    for name in ["c.pdf", "c"] {
        let error = save(&scene, dir.path().join(name)).unwrap_err();
        assert!(error.to_string().contains(".svg"), "{error}");
    }
}

#[test]
fn rasters_name_rows_and_count_rates() {
    let trains: Vec<_> =
        (0..8).map(|i| train(&format!("pyr[{i}]"), "pyr", &[f64::from(i) * 10.0, 95.0])).collect();
    let scene = raster(&trains, &RasterOptions::default()).unwrap();
    has(&scene, &["pyr[0]", "pyr[7]", "Time (ms)", "0", "50", "90"]);
    is_tidy(&scene);
    assert!(!words(&scene).contains(&"Rate (1/s)".to_string()));

    // Regular firing at 50 per second: the rate says so, in every bin.
    let times: Vec<f64> = (0..50).map(|i| f64::from(i) * 20.0 + 5.0).collect();
    let regular: Vec<_> = (0..40).map(|i| train(&format!("n[{i}]"), "n", &times)).collect();
    let options = RasterOptions { window_ms: Some((0.0, 1000.0)), ..RasterOptions::default() };
    let scene = raster(&regular, &options).unwrap();
    has(&scene, &["Source", "Rate (1/s)", "0", "10", "20", "30"]);
    is_tidy(&scene);

    assert!(raster(&[], &RasterOptions::default()).is_err());
    assert!(raster(&[train("a", "", &[f64::NAN])], &RasterOptions::default()).is_err());
    let silent = raster(&[train("a", "", &[])], &RasterOptions::default()).unwrap();
    has(&silent, &["a"]);
}

#[test]
fn files_become_pictures() {
    use neuropil::output::{ReadColumn, SpikeTable, Table};
    let column = |name: &str, unit: &str, values: &[f64]| ReadColumn {
        name: name.into(),
        unit: unit.into(),
        values: values.to_vec(),
    };
    let lems = Table {
        columns: vec![column("column 1", "", &[0.0, 0.001]), column("column 2", "", &[-0.065, -0.06])],
        named: false,
    };
    let found = table_traces(lems).unwrap();
    assert_eq!((found[0].t_ms[1], found[0].unit.as_str(), found[0].values[1]), (1.0, "mV", -60.0));
    assert!(table_traces(Table::default()).is_err());
    let spikes = SpikeTable {
        times_ms: vec![1.0, 2.0, 3.0],
        sources: vec![7, 2, 7],
        labels: vec!["pyr[7]".into(), "basket[2]".into(), "pyr[7]".into()],
    };
    let trains = spike_trains(&spikes);
    assert_eq!(trains, [train("basket[2]", "basket", &[2.0]), train("pyr[7]", "pyr", &[1.0, 3.0])]);
}

#[test]
fn gates_have_two_panels() {
    let v_mv: Vec<f64> = (-100..=50).map(f64::from).collect();
    let gate = |name: &str, half: f64, slope: f64, tau: f64| GateCurve {
        name: name.into(),
        steady: v_mv.iter().map(|v| 1.0 / (1.0 + (-(v - half) / slope).exp())).collect(),
        tau_ms: v_mv.iter().map(|v| tau * (0.1 + (-((v - half) / 30.0).powi(2)).exp())).collect(),
        v_mv: v_mv.clone(),
    };
    let gates = [gate("m", -40.0, 9.0, 0.5), gate("h", -62.0, -7.0, 8.0)];
    let scene = curves(&gates, &CurveOptions { title: "Sodium".into(), ..CurveOptions::default() }).unwrap();
    has(&scene, &["Steady state", "Time constant (ms)", "Membrane potential (mV)", "−100", "0.5", "m", "h"]);
    assert_eq!(drawn_points(&scene).len(), 4);
    is_tidy(&scene);
    let fast = GateCurve { tau_ms: vec![], ..gates[0].clone() };
    let scene = curves(std::slice::from_ref(&fast), &CurveOptions::default()).unwrap();
    assert!(!words(&scene).iter().any(|w| w.contains("Time constant")));
    assert!(curves(&[], &CurveOptions::default()).is_err());
    let uneven = GateCurve { steady: vec![0.0], ..fast.clone() };
    assert!(curves(&[uneven], &CurveOptions::default()).unwrap_err().to_string().starts_with("m: "));
    let nothing = GateCurve { steady: vec![f64::NAN; v_mv.len()], tau_ms: vec![0.0; v_mv.len()], ..fast };
    curves(&[nothing], &CurveOptions::default()).unwrap();
    assert!(curves(&[GateCurve::default()], &CurveOptions::default()).is_err());
}

fn ball_and_stick() -> Morphology {
    let soma = [Point::new(0.0, 0.0, 0.0, 18.8), Point::new(18.8, 0.0, 0.0, 18.8)];
    let stick = [Point::new(0.0, 0.0, 0.0, 2.0), Point::new(-500.0, 0.0, 0.0, 2.0)];
    Morphology::from_sections(
        "ball and stick",
        &[
            SectionPlan::points("soma", SectionKind::Soma, soma),
            SectionPlan::points("dend", SectionKind::BasalDendrite, stick).on("soma", 0.0),
        ],
    )
    .unwrap()
}

fn site(kind: SiteKind, label: &str, section: u32, fraction: f64) -> Site {
    Site {
        kind,
        label: label.into(),
        location: Location { section: SectionId(section), fraction },
        colour: None,
    }
}

#[test]
fn morphologies_are_to_scale() {
    let cell = ball_and_stick();
    let sites = vec![
        site(SiteKind::Injection, "step", 0, 0.5),
        site(SiteKind::Recording, "soma.v", 0, 0.5),
        site(SiteKind::Recording, "soma.na.m", 0, 0.5),
        site(SiteKind::Recording, "dend(1).v", 1, 1.0),
        site(SiteKind::Synapse, "AMPA", 1, 0.25),
    ];
    let options = MorphologyOptions { title: "Cell".into(), sites, ..MorphologyOptions::default() };
    let scene = morphology(&cell, &options).unwrap();
    has(
        &scene,
        &["soma", "basal dendrite", "100 µm", "step", "soma.v, soma.na.m", "dend(1).v", "AMPA", "Cell"],
    );
    is_tidy(&scene);
    assert!(scene.width() <= 902.0 && scene.height() < 200.0, "{} {}", scene.width(), scene.height());
    // The dendrite is 500 µm long and 2 µm thick, the bar 100 µm: lengths on paper are in proportion.
    let svg = scene.to_svg();
    let document = usvg::roxmltree::Document::parse(&svg).unwrap();
    let bar =
        document.descendants().find(|n| n.has_tag_name("line") && n.attribute("stroke-width") == Some("2"));
    let number = |name: &str| bar.unwrap().attribute(name).unwrap().parse::<f64>().unwrap();
    let per_um = (number("x2") - number("x1")) / 100.0;
    let dend = document.descendants().find(|n| n.attribute("stroke") == Some("#009e73")).unwrap();
    let ends: Vec<f64> = dend
        .attribute("points")
        .unwrap()
        .split(' ')
        .map(|p| p.split_once(',').unwrap().0.parse().unwrap())
        .collect();
    assert!(((ends[0] - ends[1]) / per_um - 500.0).abs() < 0.1);
    let width: f64 = dend.attribute("stroke-width").unwrap().parse().unwrap();
    assert!((width / per_um - 2.0).abs() < 0.02);
}

#[test]
fn planes_are_chosen_by_extent() {
    let flat = |points: [Point; 3]| {
        let plan = SectionPlan::points("dend", SectionKind::BasalDendrite, points);
        Morphology::from_sections("flat", &[plan]).unwrap()
    };
    let o = Point::new(0.0, 0.0, 0.0, 1.0);
    let of = |cell: &Morphology, plane| {
        words(&morphology(cell, &MorphologyOptions { plane, ..MorphologyOptions::default() }).unwrap())
    };
    let xz = flat([o, Point::new(50.0, 1.0, 0.0, 1.0), Point::new(50.0, 1.0, 80.0, 1.0)]);
    assert!(of(&xz, Plane::Widest).contains(&"xz plane".into()));
    assert!(!of(&xz, Plane::Xy).iter().any(|w| w.ends_with("plane")));
    let zy = flat([o, Point::new(1.0, 90.0, 0.0, 1.0), Point::new(1.0, 50.0, 80.0, 1.0)]);
    assert!(of(&zy, Plane::Widest).contains(&"zy plane".into()));
}

/// A cell with many branches and sites close together: labels still do not touch.
#[test]
fn crowded_labels_do_not_overlap() {
    let mut plans = vec![SectionPlan::points(
        "soma",
        SectionKind::Soma,
        [Point::new(-10.0, 0.0, 0.0, 20.0), Point::new(10.0, 0.0, 0.0, 20.0)],
    )];
    for i in 0..24_u32 {
        let angle = f64::from(i) * 0.26;
        let tip = Point::new(150.0 * angle.cos(), 150.0 * angle.sin(), 20.0, 0.5);
        let points = [Point::new(0.0, 0.0, 0.0, 3.0), tip];
        plans.push(
            SectionPlan::points(format!("dend[{i}]"), SectionKind::ApicalDendrite, points).on("soma", 0.5),
        );
    }
    let cell = Morphology::from_sections("star", &plans).unwrap();
    let mut sites = vec![site(SiteKind::Injection, "a noisy current of 0.2 nA", 0, 0.5)];
    for i in 1..=24 {
        sites.push(site(SiteKind::Recording, &format!("dend[{}](0.1).v", i - 1), i, 0.1));
    }
    for size in [900.0, 500.0] {
        let options = MorphologyOptions { sites: sites.clone(), ..MorphologyOptions::default() };
        let options = MorphologyOptions { width: size, height: size * 0.7, ..options };
        let scene = morphology(&cell, &options).unwrap();
        is_tidy(&scene);
        assert_eq!(words(&scene).iter().filter(|w| w.ends_with("(0.1).v")).count(), 24);
    }
    let tall = Scene::beside(
        &[
            morphology(&cell, &MorphologyOptions { width: 400.0, ..MorphologyOptions::default() }).unwrap(),
            Scene::above(&[traces(&several(), &TraceOptions::default()).unwrap()], 4.0),
        ],
        10.0,
    );
    is_tidy(&tall);
}

#[test]
fn regions_and_values_have_their_legend() {
    let cell = ball_and_stick();
    let half = Cover::new(vec![Span { section: SectionId(1), from: 0.5, to: 1.0 }]);
    let regions = vec![RegionCover { label: "distal".into(), cover: half }];
    let options =
        MorphologyOptions { colouring: Colouring::Regions(regions), ..MorphologyOptions::default() };
    let scene = morphology(&cell, &options).unwrap();
    has(&scene, &["distal"]);
    is_tidy(&scene);
    let values = vec![(Span::whole(SectionId(0)), 0.12), (Span::whole(SectionId(1)), f64::NAN)];
    let values = Colouring::Values { label: "g of na".into(), unit: "S/cm²".into(), values };
    let scene =
        morphology(&cell, &MorphologyOptions { colouring: values, ..MorphologyOptions::default() }).unwrap();
    has(&scene, &["g of na (S/cm²)"]);
    is_tidy(&scene);
}

#[test]
fn impossible_morphologies_are_errors() {
    let options = MorphologyOptions::default;
    assert!(morphology(&Morphology::default(), &options()).is_err());
    let cell = ball_and_stick();
    let away = MorphologyOptions { sites: vec![site(SiteKind::Recording, "x", 9, 0.5)], ..options() };
    assert_eq!(morphology(&cell, &away).unwrap_err().kind(), ErrorKind::Value);
    let nowhere = MorphologyOptions { sites: vec![site(SiteKind::Recording, "x", 0, f64::NAN)], ..options() };
    assert!(morphology(&cell, &nowhere).is_err());
    let small = MorphologyOptions { width: 50.0, ..options() };
    assert!(morphology(&cell, &small).unwrap_err().to_string().contains("too small"));
    let mut broken = ball_and_stick();
    broken.segments[0].distal.x = f64::NAN;
    assert!(morphology(&broken, &options()).unwrap_err().to_string().contains("not a number"));
    // A cell of one point is a dot, seen from every side.
    let mut point = ball_and_stick();
    for segment in &mut point.segments {
        segment.distal = segment.proximal;
    }
    words(&morphology(&point, &options()).unwrap());
}

/// Every cell of the corpus that can be read can be drawn.
#[test]
fn corpus_cells_can_be_drawn() {
    let root = std::env::var_os("NEUROPIL_CORPUS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"),
        std::path::PathBuf::from,
    );
    let Ok(folders) = std::fs::read_dir(root.join("swc/files")) else {
        println!("skipped: no corpus at {}", root.display());
        return;
    };
    let mut drawn = 0;
    for folder in folders.flatten() {
        for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            let path = file.path();
            let small = file.metadata().is_ok_and(|m| m.len() < 1_000_000);
            if !small || path.extension().is_none_or(|e| e != "swc") {
                continue;
            }
            let Ok(reading) = neuropil::morph::swc::read(&path) else { continue };
            let scene = morphology(&reading.morphology, &MorphologyOptions::default()).unwrap();
            assert!(scene.width() <= 910.0 && scene.height() <= 610.0, "{}", path.display());
            words(&scene);
            drawn += 1;
        }
    }
    assert!(drawn > 20, "{drawn} cells");
}

/// Values at both ends of what a number can be are drawn without a panic.
#[test]
fn extreme_values_are_drawn() {
    for values in [[0.0, 1.5e-307], [5e-324, 1e-300], [-1.7e308, 1.7e308], [1e300, f64::MAX], [-1e-320, 0.0]]
    {
        let one =
            Trace { name: "x".into(), unit: "mV".into(), t_ms: vec![0.0, 1.0], values: values.to_vec() };
        words(&traces(&[one], &TraceOptions::default()).unwrap());
        let gate = GateCurve {
            name: "m".into(),
            v_mv: vec![0.0, 1.0],
            steady: values.to_vec(),
            tau_ms: values.to_vec(),
        };
        words(&curves(&[gate], &CurveOptions::default()).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the values, down to the smallest numbers there are, there is a picture or an error, never a panic.
    #[test]
    fn any_values(values in proptest::collection::vec(any::<f64>(), 0..50), log in -300..300_i32) {
        let scale = 10_f64.powi(log);
        let scaled: Vec<f64> = values.iter().map(|v| (v % 10.0) * scale).collect();
        for values in [values, scaled] {
            let t_ms: Vec<f64> = (0..values.len()).map(|i| i as f64).collect();
            let one = Trace { name: "x".into(), unit: "mV".into(), t_ms: t_ms.clone(), values: values.clone() };
            if let Ok(scene) = traces(&[one], &TraceOptions::default()) {
                words(&scene);
            }
            let gate = GateCurve { name: "m".into(), v_mv: t_ms, steady: values.clone(), tau_ms: values.clone() };
            if let Ok(scene) = curves(&[gate], &CurveOptions::default()) {
                words(&scene);
            }
            if let Ok(scene) = raster(&[train("a", "", &values)], &RasterOptions::default()) {
                words(&scene);
            }
        }
    }
}
