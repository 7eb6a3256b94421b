//! Compartments against those that NEURON makes of the same cell by the same rule
//! (`tests/reference/discretisation.py`).

use std::collections::BTreeMap;
use std::path::Path;

use neuropil::cable::{Cv, Discretisation, Electrical};
use neuropil::model::Rule;
use neuropil::morph::{Morphology, Point, Section, SectionId, SectionKind, Segment, swc};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    cell: Vec<Shape>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Shape {
    name: String,
    parent: Option<String>,
    fraction: f64,
    points: Vec<[f64; 4]>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    policy: Policy,
    /// Ω cm, by section, and `default`.
    resistivity: BTreeMap<String, f64>,
    /// µF/cm².
    capacitance: f64,
    sections: Vec<Expected>,
}

/// How the reference data name rules.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Policy {
    PerSection {
        compartments: u32,
        #[serde(default)]
        sections: BTreeMap<String, u32>,
    },
    MaxLength {
        length_um: f64,
    },
    DLambda {
        fraction: f64,
        frequency_hz: f64,
    },
    PerSegment,
}

impl Policy {
    fn rules(&self, m: &Morphology) -> Vec<Rule> {
        let rule = |name: &String| match self {
            Policy::PerSection { compartments, sections } => {
                Rule::PerSection(*sections.get(name).unwrap_or(compartments))
            }
            Policy::MaxLength { length_um } => Rule::MaxLength(*length_um),
            Policy::DLambda { fraction, frequency_hz } => {
                Rule::DLambda { fraction: *fraction, frequency_hz: *frequency_hz }
            }
            Policy::PerSegment => Rule::PerSegment,
        };
        m.sections.iter().map(|s| rule(&s.name)).collect()
    }
}

/// The usual rule, for every section.
fn d_lambda(m: &Morphology) -> Vec<Rule> {
    vec![Rule::DLambda { fraction: 0.1, frequency_hz: 100.0 }; m.sections.len()]
}

#[derive(Deserialize)]
struct Expected {
    name: String,
    length: f64,
    end_ri: Option<f64>,
    area: Vec<f64>,
    ri: Vec<f64>,
    diameter: Vec<f64>,
    volume: Vec<f64>,
    transfer: Vec<f64>,
}

fn reference() -> Reference {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/discretisation.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn morphology(shapes: &[Shape]) -> Morphology {
    let mut m = Morphology { name: "reference".into(), ..Default::default() };
    for (index, shape) in shapes.iter().enumerate() {
        let first = m.segments.len() as u32;
        let point = |p: &[f64; 4]| Point::new(p[0], p[1], p[2], p[3]);
        m.segments.extend(shape.points.windows(2).map(|pair| Segment {
            file_id: 0,
            name: None,
            proximal: point(&pair[0]),
            distal: point(&pair[1]),
            section: SectionId(index as u32),
        }));
        let parent = shape.parent.as_ref().map(|parent| {
            let at = shapes.iter().position(|s| s.name == *parent).unwrap();
            (SectionId(at as u32), shape.fraction)
        });
        m.sections.push(Section {
            name: shape.name.clone(),
            kind: SectionKind::Undefined,
            segments: first..m.segments.len() as u32,
            parent,
        });
    }
    m
}

fn close(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs(), "{what}: {got}, NEURON has {want}");
}

impl Case {
    fn ohm_m(&self, section: &str) -> f64 {
        self.resistivity.get(section).unwrap_or(&self.resistivity["default"]) * 1e-2
    }

    fn cut(&self, m: &Morphology) -> Discretisation {
        Discretisation::new(m, &self.policy.rules(m), |id| Electrical {
            resistivity_ohm_m: self.ohm_m(&m.section(id).name),
            capacitance_f_per_m2: self.capacitance * 1e-2,
        })
        .unwrap()
    }
}

#[test]
fn numbers_areas_volumes_and_resistances_are_those_of_neuron() {
    let reference = reference();
    let m = morphology(&reference.cell);
    for case in &reference.cases {
        let d = case.cut(&m);
        for (id, want) in m.section_ids().zip(&case.sections) {
            let what = format!("{}, {}", case.name, want.name);
            let range = d.cvs_of(id);
            assert_eq!(m.section(id).name, want.name);
            assert_eq!(range.len(), want.area.len(), "{what}: number of compartments");
            let cvs = &d.cvs[range];
            close(&what, cvs.iter().map(|cv| cv.length_um).sum(), want.length, 1e-12);
            let mega_ohm = |per_m: f64| per_m * case.ohm_m(&want.name) * 1e-6;
            let mut before = 0.0;
            for (k, cv) in cvs.iter().enumerate() {
                let what = format!("{what}, compartment {k}");
                close(&what, cv.area_m2 * 1e12, want.area[k], 1e-9);
                close(&what, cv.volume_m3 * 1e18, want.volume[k], 1e-9);
                close(&what, cv.diameter_um, want.diameter[k], 1e-9);
                close(&what, mega_ohm(before + cv.near_per_m), want.ri[k], 1e-9);
                before = cv.far_per_m;
            }
            if let Some(end_ri) = want.end_ri {
                close(&what, mega_ohm(before), end_ri, 1e-9);
            }
        }
    }
}

/// The steady state under a current of 1 A into `node`, as V/A: two sweeps over the tree.
fn transfer_resistances(d: &Discretisation, axial: &[f64], leak_s_per_m2: f64, node: usize) -> Vec<f64> {
    let n = d.n_nodes();
    let mut diagonal: Vec<f64> = d
        .node_cv
        .iter()
        .map(|&cv| d.cvs.get(cv as usize).map_or(0.0, |cv| cv.area_m2 * leak_s_per_m2))
        .collect();
    let mut v = vec![0.0; n];
    v[node] = 1.0;
    for i in 1..n {
        diagonal[i] += axial[i];
        diagonal[d.node_parent[i] as usize] += axial[i];
    }
    for i in (1..n).rev() {
        let (parent, factor) = (d.node_parent[i] as usize, axial[i] / diagonal[i]);
        diagonal[parent] -= factor * axial[i];
        v[parent] += factor * v[i];
    }
    v[0] /= diagonal[0];
    for i in 1..n {
        v[i] = (v[i] + axial[i] * v[d.node_parent[i] as usize]) / diagonal[i];
    }
    v
}

#[test]
fn the_tree_carries_current_as_that_of_neuron() {
    let reference = reference();
    let m = morphology(&reference.cell);
    let tuft = m.sections.iter().position(|s| s.name == "tuft").unwrap();
    for case in &reference.cases {
        let d = case.cut(&m);
        assert!(d.node_parent.iter().enumerate().skip(1).all(|(i, &p)| (p as usize) < i));
        let axial = d.axial_conductances(|cv| case.ohm_m(&m.section(d.cvs[cv].section).name));
        let source = d.node_at(SectionId(tuft as u32), 0.999) as usize;
        let v = transfer_resistances(&d, &axial, 1.0, source);
        for (id, want) in m.section_ids().zip(&case.sections) {
            for (cv, &want) in d.cvs[d.cvs_of(id)].iter().zip(&want.transfer) {
                close(&case.name, v[cv.node as usize] * 1e-6, want, 1e-8);
            }
        }
    }
}

#[test]
fn a_hundred_thousand_segments_are_cut() {
    let long = |n: usize| Shape {
        name: "long".into(),
        parent: None,
        fraction: 0.0,
        points: (0..=n).map(|i| [i as f64, 0.0, 0.0, 1.0 + (i % 7) as f64 * 0.1]).collect(),
    };
    let m = morphology(&[long(100_000)]);
    let no = |_| Electrical { resistivity_ohm_m: 1.0, capacitance_f_per_m2: 0.01 };
    let d = Discretisation::new(&m, &[Rule::PerSection(30_000)], no).unwrap();
    assert_eq!(d.cvs.len(), 30_000);
    close("length", d.cvs.iter().map(|cv| cv.length_um).sum(), 1e5, 1e-12);
}

/// Sections of an SWC file and their compartments, against `tests/reference/data/NAME_sections.csv`.
/// NEURON keeps points, and takes their differences, in single precision: what is left after rounding
/// the points likewise is below 1e-7.
fn compare_swc(file: &Path, name: &str) {
    if !file.exists() {
        println!("skipped: {} is not here", file.display());
        return;
    }
    let mut m = swc::read(file).unwrap().morphology;
    for segment in &mut m.segments {
        for p in [&mut segment.proximal, &mut segment.distal] {
            let single = |x: f64| f64::from(x as f32);
            *p = Point::new(single(p.x), single(p.y), single(p.z), single(p.diameter));
        }
    }
    let electrical = Electrical { resistivity_ohm_m: 1.5, capacitance_f_per_m2: 0.01 };
    let d = Discretisation::new(&m, &d_lambda(&m), |_| electrical).unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data");
    let text = std::fs::read_to_string(data.join(format!("{name}_sections.csv"))).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
    assert_eq!(rows.len(), m.sections.len());
    for row in rows {
        let (section, numbers) = row.split_once(',').unwrap();
        let numbers: Vec<f64> = numbers.split(',').map(|x| x.parse().unwrap()).collect();
        let plain = section.strip_suffix("[0]").unwrap_or(section);
        let at = m.sections.iter().position(|s| s.name == section || s.name == plain);
        let id = SectionId(at.unwrap_or_else(|| panic!("{name} has no {section}")) as u32);
        let cvs = &d.cvs[d.cvs_of(id)];
        let what = format!("{name}, {section}");
        close(&what, cvs.iter().map(|cv| cv.length_um).sum(), numbers[0], 1e-7);
        assert_eq!(cvs.len() as f64, numbers[1], "{what}: number of compartments");
        close(&what, cvs.iter().map(|cv| cv.area_m2 * 1e12).sum(), numbers[2], 1e-7);
        let last = cvs.last().unwrap().far_per_m;
        let per_m = cvs.iter().map(|cv| cv.near_per_m + cv.far_per_m).sum::<f64>() - last;
        close(&what, per_m * 1.5e-6, numbers[3], 1e-7);
    }
}

#[test]
fn a_cell_of_the_corpus_is_cut_as_in_neuron() {
    let corpus = std::env::var("NEUROPIL_CORPUS").unwrap_or("../shared/corpus".into());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(corpus).join("swc/files/NEAT/L23PyrBranco.swc");
    compare_swc(&file, "corpus_l23");
}

#[test]
fn the_sample_cells_are_cut_as_in_neuron() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("morphologies");
    for name in ["pyramidal_l5", "interneuron", "purkinje"] {
        let file = folder.join(format!("{name}.swc"));
        assert!(file.exists());
        compare_swc(&file, name);
    }
}

/// Any tree of sections: diameters, lengths and places of attachment as they come.
fn any_tree() -> impl Strategy<Value = Vec<Shape>> {
    let points = prop::collection::vec((0.0..30.0f64, 0.1..9.0f64), 1..6);
    let place = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64];
    let section = (points, 0.1..9.0f64, any::<prop::sample::Index>(), place);
    prop::collection::vec(section, 1..12).prop_map(|sections| {
        let mut shapes: Vec<Shape> = Vec::new();
        for (k, (steps, first, parent, fraction)) in sections.into_iter().enumerate() {
            let mut points = vec![[0.0, 0.0, 0.0, first], [1.0, 0.0, 0.0, first]];
            for (length, diameter) in steps {
                points.push([points[points.len() - 1][0] + length, 0.0, 0.0, diameter]);
            }
            let parent = (k > 0).then(|| shapes[parent.index(k)].name.clone());
            shapes.push(Shape { name: format!("s{k}"), parent, fraction, points });
        }
        shapes
    })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        (1..9u32).prop_map(Rule::PerSection),
        (0.7..50.0f64).prop_map(Rule::MaxLength),
        (0.001..0.1f64).prop_map(|fraction| Rule::DLambda { fraction, frequency_hz: 100.0 }),
        Just(Rule::PerSegment),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cutting_loses_nothing_and_gives_a_tree(shapes in any_tree(), rule in any_rule()) {
        let m = morphology(&shapes);
        let electrical = Electrical { resistivity_ohm_m: 1.0, capacitance_f_per_m2: 0.01 };
        let d = Discretisation::new(&m, &vec![rule; m.sections.len()], |_| electrical).unwrap();
        let whole = vec![Rule::PerSection(1); m.sections.len()];
        let whole = Discretisation::new(&m, &whole, |_| electrical).unwrap();
        for id in m.section_ids() {
            let (cvs, one) = (&d.cvs[d.cvs_of(id)], &whole.cvs[id.index()]);
            prop_assert_eq!(cvs[0].from, 0.0);
            prop_assert_eq!(cvs[cvs.len() - 1].to, 1.0);
            prop_assert!(cvs.windows(2).all(|w| w[0].to == w[1].from && w[1].from < w[1].to));
            let sum = |f: fn(&Cv) -> f64| cvs.iter().map(f).sum::<f64>() / f(one) - 1.0;
            prop_assert!(sum(|cv| cv.area_m2).abs() < 1e-12);
            prop_assert!(sum(|cv| cv.volume_m3).abs() < 1e-12);
            prop_assert!(sum(|cv| cv.near_per_m + cv.far_per_m).abs() < 1e-12);
        }
        let axial = d.axial_conductances(|_| 1.0);
        let mut children = vec![0; d.n_nodes()];
        prop_assert_eq!(d.node_parent[0], u32::MAX);
        for node in 1..d.n_nodes() {
            prop_assert!((d.node_parent[node] as usize) < node);
            prop_assert!(axial[node] > 0.0 && axial[node].is_finite());
            children[d.node_parent[node] as usize] += 1;
        }
        for (node, &cv) in d.node_cv.iter().enumerate() {
            match d.cvs.get(cv as usize) {
                Some(cv) => prop_assert_eq!(cv.node as usize, node),
                None => prop_assert!(children[node] >= 2),
            }
        }
    }

    /// Current passes between two places as well one way as the other.
    #[test]
    fn transfer_is_mutual(shapes in any_tree(), rule in any_rule(), at in any::<[prop::sample::Index; 2]>()) {
        let m = morphology(&shapes);
        let electrical = Electrical { resistivity_ohm_m: 1.0, capacitance_f_per_m2: 0.01 };
        let d = Discretisation::new(&m, &vec![rule; m.sections.len()], |_| electrical).unwrap();
        let axial = d.axial_conductances(|_| 1.0);
        let [a, b] = at.map(|i| i.index(d.n_nodes()));
        let there = transfer_resistances(&d, &axial, 1.0, a)[b];
        let back = transfer_resistances(&d, &axial, 1.0, b)[a];
        prop_assert!((there / back - 1.0).abs() < 1e-9, "{} {}", there, back);
    }
}
