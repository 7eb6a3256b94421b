use super::*;
use crate::lems::NoIncludes;
use crate::library;
use crate::morph::{SectionId, SectionKind};
use crate::select::Cable;
use std::f64::consts::PI;

/// The cell with this morphology and these membrane and intracellular properties.
fn read(morphology: &str, membrane: &str, inside: &str) -> Result<Shaped> {
    let text = format!(
        r#"<neuroml id="doc">
  <ionChannelHH id="pas" conductance="10 pS"/>
  <ionChannelHH id="na" conductance="10 pS"><gateHHtauInf id="m" instances="1">
    <timeCourse type="fixedTimeCourse" tau="1 ms"/>
    <steadyState type="HHSigmoidVariable" rate="1" scale="5 mV" midpoint="-40 mV"/></gateHHtauInf></ionChannelHH>
  <fixedFactorConcentrationModel id="shell" ion="ca" restingConc="5e-5 mM" decayConstant="10 ms" rho="1e-6 mol_per_m_per_A_per_s"/>
  <cell id="c"><morphology id="m">{morphology}</morphology>
    <biophysicalProperties id="bio">
      <membraneProperties>{membrane}
      </membraneProperties>
      <intracellularProperties>{inside}</intracellularProperties>
    </biophysicalProperties></cell></neuroml>"#
    );
    let mut set = library::core()?.clone();
    set.read_str(&text, "cell.nml", &NoIncludes)?;
    let cell = set.component("c").cloned().unwrap_or_default();
    shaped(&set, &cell)
}

const MEMBRANE: &str = r#"<spikeThresh value="-20 mV"/><specificCapacitance value="1 uF_per_cm2"/>
  <initMembPotential value="-65 mV"/>"#;
const INSIDE: &str = r#"<resistivity value="0.1 kohm_cm"/>"#;

/// A soma of 10 × 10 µm, a dendrite of two segments of 100 and 50 µm, a twig at its middle.
const TREE: &str = r#"
  <segment id="7" name="b"><parent segment="3"/><distal x="160" y="0" z="0" diameter="1"/></segment>
  <segment id="0" name="soma"><proximal x="0" y="0" z="0" diameter="10"/><distal x="10" y="0" z="0" diameter="10"/></segment>
  <segment id="3" name="a"><parent segment="0"/><proximal x="10" y="0" z="0" diameter="2"/><distal x="110" y="0" z="0" diameter="2"/></segment>
  <segment id="9" name="twig"><parent segment="3" fractionAlong="0.5"/><distal x="60" y="40" z="0" diameter="1"/></segment>"#;

const GROUPS: &str = r#"
  <segmentGroup id="soma_0" neuroLexId="sao864921383"><member segment="0"/></segmentGroup>
  <segmentGroup id="dend_0" neuroLexId="sao864921383"><property tag="numberInternalDivisions" value="3"/>
    <member segment="7"/><member segment="3"/></segmentGroup>
  <segmentGroup id="both"><include segmentGroup="soma_0"/><include segmentGroup="dend_0"/></segmentGroup>
  <segmentGroup id="tree"><subTree><from segment="3"/></subTree>
    <inhomogeneousParameter id="far" variable="p" metric="Path Length from root"/>
    <inhomogeneousParameter id="moved" variable="p" metric="Path Length from root"><proximal translationStart="0"/></inhomogeneousParameter>
    <inhomogeneousParameter id="part" variable="p" metric="Path Length from root"><proximal translationStart="0"/><distal normalizationEnd="1"/></inhomogeneousParameter>
  </segmentGroup>
  <segmentGroup id="way"><path><from segment="0"/><to segment="7"/></path></segmentGroup>"#;

fn tree(membrane: &str) -> Shaped {
    read(&format!("{TREE}{GROUPS}"), &format!("{MEMBRANE}{membrane}"), INSIDE).unwrap()
}

fn section<'a>(cell: &'a Shaped, name: &str) -> (SectionId, &'a crate::morph::Section) {
    let morphology = &cell.cell.morphology;
    let id = morphology.section_ids().find(|id| morphology.section(*id).name == name).unwrap();
    (id, morphology.section(id))
}

/// The value of the first parameter of the density `name`, at `fraction` of segment `id`.
fn value(cell: &Shaped, name: &str, id: u64, fraction: f64) -> f64 {
    let morphology = &cell.cell.morphology;
    let geometry = Geometry::of(morphology);
    let cable = Cable::new(morphology, &geometry);
    let density = cell.cell.densities.iter().find(|d| d.name == name).unwrap();
    let field = density.parameters[0].1.on(&cable).unwrap();
    field.at(cell.location(id, fraction).unwrap()).unwrap().unwrap()
}

#[test]
fn segments_become_sections() {
    let cell = tree("");
    let morphology = &cell.cell.morphology;
    let names: Vec<&str> = morphology.sections.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["soma_0", "dend_0", "twig"]);
    let (dend, section_a) = section(&cell, "dend_0");
    assert_eq!(section_a.parent, Some((SectionId(0), 1.0)));
    let ids: Vec<u64> = morphology.segments_of(dend).iter().map(|s| s.file_id).collect();
    assert_eq!(ids, [3, 7], "near to far, in whatever order they are written");
    // The twig hangs at half of segment 3: a third of the section.
    let (_, twig) = section(&cell, "twig");
    assert_eq!(twig.parent, Some((dend, 1.0 / 3.0)));
    assert_eq!(morphology.segments[3].proximal.x, 60.0, "where it hangs on its parent");
    assert_eq!(morphology.segments[3].proximal.diameter, 2.0);
    assert_eq!(section(&cell, "soma_0").1.kind, SectionKind::Soma);
    let geometry = Geometry::of(morphology);
    let area =
        PI * 10.0 * 10.0 + PI * 2.0 * 100.0 + PI * 1.5 * 50f64.hypot(0.5) + PI * 1.5 * 40f64.hypot(0.5);
    assert!((geometry.total_area_um2() / area - 1.0).abs() < 1e-12);
    assert_eq!(cell.location(7, 0.0).unwrap().fraction, 100.0 / 150.0);
    assert_eq!(cell.location(7, 1.0).unwrap().fraction, 1.0);
    assert_eq!(cell.location(8, 0.5), None);
    assert_eq!(cell.spike_threshold_v, Some(-0.02));
}

#[test]
fn groups_are_sets_of_segments() {
    let cell = tree("");
    let morphology = &cell.cell.morphology;
    let members = |name: &str| -> Vec<u64> {
        let mut ids: Vec<u64> =
            morphology.groups[name].iter().map(|id| morphology.segments[id.index()].file_id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(members("both"), [0, 3, 7]);
    assert_eq!(members("tree"), [3, 7, 9]);
    assert_eq!(members("way"), [0, 3, 7]);
}

#[test]
fn divisions_are_those_of_the_sections() {
    use crate::model::Rule;
    use crate::select::Region;
    let rules = tree("").cell.discretisation.rules.clone();
    let section = Region::Union(vec![Region::Section("dend_0".into())]);
    assert_eq!(rules, [(Region::All, Rule::PerSection(1)), (section, Rule::PerSection(3))]);
}

#[test]
fn a_sphere_is_the_cylinder_of_its_area() {
    let sphere = r#"<segment id="0"><proximal x="1" y="2" z="3" diameter="20"/><distal x="1" y="2" z="3" diameter="20"/></segment>
      <segment id="1"><parent segment="0"/><distal x="101" y="2" z="3" diameter="2"/></segment>"#;
    let cell = read(sphere, MEMBRANE, INSIDE).unwrap();
    let geometry = Geometry::of(&cell.cell.morphology);
    assert!((geometry.area_um2(SectionId(0), 0.0, 1.0) - PI * 400.0).abs() < 1e-9);
    // What hangs on it begins at its centre, as it is written.
    assert_eq!(geometry.section_length_um(SectionId(1)), 100.0);
}

#[test]
fn densities_lie_where_they_are_said_to() {
    let cell = tree(
        r#"<channelDensity id="leak" ionChannel="pas" condDensity="0.1 mS_per_cm2" erev="-65 mV" ion="non_specific"/>
        <channelDensity id="na_a" ionChannel="na" segment="3" condDensity="10 mS_per_cm2" erev="50 mV" ion="na"/>
        <channelPopulation id="few" ionChannel="na" segment="0" number="1000" erev="50 mV" ion="na"/>"#,
    );
    let regions: Vec<String> = cell.cell.densities.iter().map(|d| d.region.to_string()).collect();
    assert_eq!(regions, ["all", "segment(3)", "segment(0)"]);
    assert_eq!(cell.cell.densities[1].ion.as_deref(), Some("na"));
    assert_eq!(cell.cell.densities[0].ion, None);
    assert!(cell.cell.densities[2].dynamics.exposed("iDensity").is_some());
    assert!(cell.warnings.is_empty(), "{:?}", cell.warnings);
}

#[test]
fn densities_follow_the_path_length() {
    let density = |id: &str, parameter: &str, value: &str| {
        format!(
            r#"<channelDensityNonUniform id="{id}" ionChannel="na" erev="50 mV" ion="na">
            <variableParameter parameter="condDensity" segmentGroup="tree">
            <inhomogeneousValue inhomogeneousParameter="{parameter}" value="{value}"/></variableParameter></channelDensityNonUniform>"#
        )
    };
    let cell = tree(
        &[
            density("far", "far", "2 * p"),
            density("moved", "moved", "1e3 * exp(-p / 50) + H(p - 120)"),
            density("part", "part", "p^2"),
        ]
        .concat(),
    );
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
    // In SI units, of the length in µm from the start of the root: 10 of soma, half of segment 7.
    near(value(&cell, "far", 7, 0.5), 2.0 * 135.0);
    // Moved to begin at 0 on the group, by the 10 µm of the soma.
    near(value(&cell, "moved", 7, 0.5), 1e3 * (-125.0f64 / 50.0).exp() + 1.0);
    near(value(&cell, "moved", 3, 0.5), 1e3 * (-1.0f64).exp());
    // The twig: 50 along segment 3, 20 along itself, of 150 to the farthest end.
    near(value(&cell, "part", 9, 0.5), (70.0f64 / 150.0).powi(2));
    assert!(
        cell.cell.densities.iter().all(|d| d.region.to_string() == "group(\"tree\")"),
        "{:?}",
        cell.cell.densities[0].region
    );
}

#[test]
fn species_become_pools() {
    let inside = r#"<resistivity value="0.1 kohm_cm"/><species id="ca" ion="ca" concentrationModel="shell" segmentGroup="both"
      initialConcentration="1e-4 mM" initialExtConcentration="2 mM"/>"#;
    let membrane = format!(
        r#"{MEMBRANE}<channelDensityNernst id="ca_n" ionChannel="na" condDensity="1 mS_per_cm2" ion="ca"/>"#
    );
    let cell = read(&format!("{TREE}{GROUPS}"), &membrane, inside).unwrap();
    let pools: Vec<(String, String)> =
        cell.cell.pools.iter().map(|p| (p.ion.clone(), p.region.to_string())).collect();
    // The twig has none: there it is 0.
    assert_eq!(pools[0], ("ca".to_string(), "group(\"both\")".to_string()));
    assert_eq!(pools[1].0, "ca");
    assert!(pools[1].1.contains("segment(9)"), "{}", pools[1].1);
    assert_eq!(cell.warnings[0].name, "no-species");
    assert_eq!(cell.variable(&["3", "caConc"]).unwrap().variable, "ca.concentration");
}

#[test]
fn paths_lead_to_variables() {
    let cell = tree(
        r#"<channelDensity id="naChans" ionChannel="na" condDensity="10 mS_per_cm2" erev="50 mV" ion="na"/>"#,
    );
    let at = |path: &str| cell.variable(&path.split('/').collect::<Vec<_>>());
    assert_eq!(
        at("v").unwrap(),
        CellVariable { location: cell.location(0, 0.5).unwrap(), variable: "v".into() }
    );
    assert_eq!(at("7/spiking").unwrap().variable, "v > -0.02");
    assert_eq!(at("7/v").unwrap().location, cell.location(7, 0.5).unwrap());
    assert_eq!(at("bio/membraneProperties/naChans/na/m/q").unwrap().variable, "naChans.ionChannel/m/q");
    assert_eq!(at("3/bio/membraneProperties/naChans/iDensity").unwrap().variable, "naChans.iDensity");
    for (path, wanted) in [
        ("8/v", "no segment 8"),
        ("caConc", "and what lies under bio"),
        ("bio/membraneProperties/naChan/na/m/q", "did you mean 'naChans'"),
        ("bio/membraneProperties/naChans/na/n/q", "ionChannel/m/q"),
        ("bo/membraneProperties/naChans/na/n/q", "'bo' leads nowhere"),
    ] {
        let error = at(path).unwrap_err().to_string();
        assert!(error.contains(wanted), "{path}: {error}");
    }
}

#[test]
fn what_is_wrong_has_its_line() {
    let point = r#"<distal x="1" y="0" z="0" diameter="1"/>"#;
    let root = r#"<segment id="0"><proximal x="0" y="0" z="0" diameter="1"/><distal x="1" y="0" z="0" diameter="1"/></segment>"#;
    let refused = |morphology: &str, membrane: &str, wanted: &str| {
        let error = read(morphology, &format!("{MEMBRANE}{membrane}"), INSIDE).expect_err(wanted).to_string();
        assert!(error.contains(wanted) && error.starts_with("cell.nml:"), "{error}");
    };
    let segment = |id: &str, inner: &str| format!(r#"<segment id="{id}">{inner}{point}</segment>"#);
    refused("", "", "without segments");
    refused(&format!("{root}{}", segment("1", "")), "", "a second root: segments 0, 1");
    refused(
        &format!("{root}{}", segment("1", r#"<parent segment="5"/>"#)),
        "",
        "is '5', which is no segment",
    );
    refused(&format!("{root}{}", segment("1", r#"<parent segment="1"/>"#)), "", "its own parent");
    refused(&format!("{root}{root}"), "", "used before, at cell.nml:");
    refused(&segment("0", ""), "", "no <proximal>");
    refused(&segment("x", ""), "", "whole number, found 'x'");
    let circle = segment("1", r#"<parent segment="2"/>"#) + &segment("2", r#"<parent segment="1"/>"#);
    refused(&format!("{root}{circle}"), "", "segments 1, 2 lead in a circle");
    refused(
        &format!("{root}{}", segment("1", r#"<parent segment="0" fractionAlong="1.5"/>"#)),
        "",
        "from 0 to 1",
    );
    let flat = r#"<segment id="1"><parent segment="0"/><distal x="1" y="0" z="0" diameter="2"/></segment>"#;
    refused(&format!("{root}{flat}"), "", "no length");
    let group = |inner: &str| format!(r#"{root}<segmentGroup id="g">{inner}</segmentGroup>"#);
    refused(&group(r#"<member segment="4"/>"#), "", "no such segment");
    refused(&group(r#"<include segmentGroup="h"/>"#), "", "no segment group 'h'");
    refused(&group(r#"<include segmentGroup="g"/>"#), "", "includes itself");
    refused(
        root,
        r#"<specificCapacitance segmentGroup="nowhere" value="1 uF_per_cm2"/>"#,
        "no segment group 'nowhere'",
    );
}

#[test]
fn what_is_doubtful_is_said() {
    let root = r#"<segment id="0"><proximal x="0" y="0" z="0" diameter="1"/><distal x="1" y="0" z="0" diameter="1"/></segment>"#;
    let groups = r#"<segmentGroup id="none"/>"#;
    let membrane = r#"<channelDensity id="x" ionChannel="pas" segmentGroup="none" condDensity="1 S_per_m2" erev="0 mV" ion="na"/>"#;
    let cell = read(&format!("{root}{groups}"), &format!("{MEMBRANE}{membrane}"), INSIDE).unwrap();
    let names: Vec<&str> = cell.warnings.iter().map(|w| w.name).collect();
    assert_eq!(names, ["empty-group", "no-place"]);
    let cell = read(root, "", "").unwrap();
    assert_eq!(cell.assumptions.len(), 2, "{:?}", cell.assumptions);
    assert_eq!(cell.spike_threshold_v, None);
}

#[test]
fn values_that_no_membrane_has_are_refused_where_they_are_written() {
    let faults = |morphology: &str, membrane: &str, inside: &str| {
        read(morphology, membrane, inside).map(|_| ()).unwrap_err().to_string()
    };
    let negative = MEMBRANE.replace("\"1 uF_per_cm2", "\"-1 uF_per_cm2");
    let message = faults(TREE, &negative, INSIDE);
    assert!(
        message.contains("<specificCapacitance>") && message.contains("must be above 0, found -0.01"),
        "{message}"
    );
    let message = faults(TREE, MEMBRANE, "<resistivity value=\"0 ohm_cm\"/>");
    assert!(message.contains("<resistivity>") && message.contains("must be above 0, found 0"), "{message}");
    // A segment that cannot be read makes one error, and none about its children.
    let flat =
        TREE.replace("x=\"110\" y=\"0\" z=\"0\" diameter=\"2\"", "x=\"110\" y=\"0\" z=\"0\" diameter=\"0\"");
    let message = faults(&flat, MEMBRANE, INSIDE);
    assert!(message.contains("<distal> of <segment id=\"3\">: the diameter is 0"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}
