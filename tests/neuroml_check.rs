//! `check` on NeuroML and LEMS: what is wrong is found, all of it, and what is right is not called wrong.

use std::fs;
use std::path::{Path, PathBuf};

use neuropil::neuroml::{self, Report};

/// The corpus of other people's models, if it is at hand.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("NEUROPIL_CORPUS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if folder.join("neuroml").is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no {}", folder.display());
    None
}

/// The report on a document of this text.
fn report(text: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.nml");
    fs::write(&file, text).unwrap();
    neuroml::check(&file).unwrap()
}

/// A cell of two segments with `more` groups and `membrane` content, and a network around it.
fn document(groups: &str, membrane: &str, network: &str) -> String {
    format!(
        r#"<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="doc">
<ionChannelHH id="leak" conductance="10pS"/>
<expOneSynapse id="syn" gbase="0.5nS" erev="0mV" tauDecay="3ms"/>
<cell id="c0">
<morphology id="m0">
<segment id="0"><proximal x="0" y="0" z="0" diameter="10"/><distal x="10" y="0" z="0" diameter="10"/></segment>
<segment id="1"><parent segment="0"/><distal x="60" y="0" z="0" diameter="2"/></segment>
<segmentGroup id="soma_group"><member segment="0"/></segmentGroup>
{groups}
</morphology>
<biophysicalProperties id="b0">
<membraneProperties>
<channelDensity id="leak_all" ionChannel="leak" condDensity="0.3mS_per_cm2" erev="-54.3mV" ion="non_specific"/>
{membrane}
<spikeThresh value="0mV"/><specificCapacitance value="1uF_per_cm2"/><initMembPotential value="-65mV"/>
</membraneProperties>
<intracellularProperties><resistivity value="0.1kohm_cm"/></intracellularProperties>
</biophysicalProperties>
</cell>
<pulseGenerator id="stim" delay="5ms" duration="20ms" amplitude="0.1nA"/>
<network id="net"><population id="pop" component="c0" size="2"/>
{network}
</network>
</neuroml>"#
    )
}

#[track_caller]
fn finds(text: &str, errors: &[&str], warnings: &[&str]) {
    let report = report(text);
    let found: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
    for wanted in errors {
        assert!(found.iter().any(|e| e.contains(wanted)), "no error '{wanted}' in {found:#?}");
    }
    assert_eq!(found.len(), errors.len(), "{found:#?}");
    for error in &report.errors {
        assert!(error.place().line > 0 && error.place().column > 0, "without a place: {error}");
    }
    let found: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    for wanted in warnings {
        assert!(found.iter().any(|w| w.contains(wanted)), "no warning '{wanted}' in {found:#?}");
    }
    assert_eq!(found.len(), warnings.len(), "{found:#?}");
}

#[test]
fn a_sound_document_is_called_sound() {
    let network = r#"<projection id="p" presynapticPopulation="pop" postsynapticPopulation="pop" synapse="syn">
        <connection id="0" preCellId="../pop[0]" postCellId="../pop[1]" postSegmentId="1" postFractionAlong="0.2"/>
        </projection><explicitInput target="pop[0]" input="stim"/>"#;
    finds(&document("", "", network), &[], &[]);
}

#[test]
fn every_mistake_is_told_at_once() {
    let groups = r#"<segmentGroup id="far"><member segment="7"/></segmentGroup>
        <segmentGroup id="soma_group"><member segment="0"/></segmentGroup>
        <segmentGroup id="x-y"><include segmentGroup="nowhere"/></segmentGroup>"#;
    let membrane = r#"<channelDensity id="a" ionChannel="kdr" condDensity="1mS" erev="-77mV" ion="k"/>
        <channelDensity id="b" ionChannel="leak" condDensity="1mS_per_cm2" erev="-77mV" segmentGroup="tuft"/>
        <channelDensity id="c" ionChannel="syn" condDensity="1mS_per_cm2" erev="-77mV" ion="k"/>"#;
    let network = r#"<projection id="p" presynapticPopulation="pop" postsynapticPopulation="pob" synapse="syn"/>
        <projection id="p" presynapticPopulation="pop" postsynapticPopulation="pop" synapse="stim">
        <connection id="0" preCellId="../pop[0]" postCellId="../pop[2]"/>
        <connection id="one" preCellId="../pop[0]" postCellId="../pop[1]" postSegmentId="5"/>
        <connection id="2" preCellId="pop" postCellId="../pop[1]" postFractionAlong="1.5"/>
        </projection>
        <inputList id="i" population="pop" component="syn2"><input id="0" target="../pop[9]" destination="synapses"/></inputList>"#;
    finds(
        &document(groups, membrane, network),
        &[
            "<member>: segment=\"7\": the morphology has no segment 7",
            "the id 'soma_group' is used before",
            "id=\"x-y\": expected a letter",
            "the morphology has no group 'nowhere'",
            "ionChannel=\"kdr\": there is no component 'kdr'",
            "condDensity=\"1mS\": expected a conductance density",
            "<channelDensity id=\"b\">: attribute 'ion' is missing",
            "the morphology has no group 'tuft'",
            "'syn' is a expOneSynapse, not a baseIonChannel",
            "the network has no population 'pob' (did you mean 'pop'?)",
            "the id 'p' is used before",
            "'stim' is a pulseGenerator, not a baseSynapse",
            "'pop' has 2 cells and no cell 2",
            "id=\"one\": expected a whole number",
            "the cell 'c0' has no segment 5",
            "preCellId=\"pop\": expected a cell",
            "postFractionAlong=\"1.5\": expected a number from 0 to 1",
            "there is no component 'syn2'",
            "'pop' has 2 cells and no cell 9",
        ],
        &["connects nothing", "2 segment groups that nothing uses"],
    );
}

/// As the schema has it: an input says where it goes, a type that is named exists; and an order that means nothing.
#[test]
fn what_the_schema_asks_for_besides() {
    let network = r#"<population id="more" component="c0" size="1" type="heap"/>
        <inputList id="i" population="pop" component="stim"><input id="0" target="../pop[1]"/></inputList>"#;
    let text = document("", "", network);
    let errors = [
        "<population id=\"more\">: unknown attribute 'type'",
        "<input id=\"0\">: attribute 'destination' is missing",
    ];
    finds(&text, &errors, &["the attribute 'type' means nothing"]);
    let stim = r#"<pulseGenerator id="first" delay="5ms" duration="20ms" amplitude="0.1nA"/>"#;
    let early = document("", "", "").replace("<ionChannelHH", &format!("{stim}<ionChannelHH"));
    finds(&early, &[], &["asks for <ionChannelHH> before <pulseGenerator>"]);
}

/// Types of one's own, which need not have what those have that they extend; and ids that nothing names.
#[test]
fn what_runs_is_no_error() {
    let own = r#"<ComponentType name="steadyGate" extends="gateHHtauInf"><Parameter name="level" dimension="none"/><Dynamics>
        <DerivedVariable name="q" dimension="none" exposure="q" value="level"/>
        <DerivedVariable name="fcond" dimension="none" exposure="fcond" value="q^instances"/></Dynamics></ComponentType>
        <ComponentType name="rateSynapse" extends="baseSynapseDL"><Dynamics>
        <DerivedVariable name="I" dimension="none" exposure="I" value="0 * V"/></Dynamics></ComponentType>
        <ionChannelHH id="held" conductance="10pS"><steadyGate id="h" instances="1" level="0.5"/></ionChannelHH>
        <rateSynapse id="rs"/>"#;
    let network = r#"<continuousProjection id="c" presynapticPopulation="pop" postsynapticPopulation="pop">
        <continuousConnection id="0" preCell="0" postCell="1" preComponent="rs" postComponent="rs"/></continuousProjection>
        <inputList id="i" population="pop" component="stim"><input id="0" target="../pop[1]" destination="synapses"/>
        <input id="0" target="../pop[0]" destination="synapses"/></inputList>"#;
    let text = document("", "", network).replace("<expOneSynapse", &format!("{own}<expOneSynapse"));
    finds(&text, &[], &["the id is used before"]);
    let wrong = document("", "", &network.replace("\"rs\"", "\"syn\""));
    finds(
        &wrong,
        &["'syn' is a expOneSynapse, not a baseGradedSynapse", "not a baseGradedSynapse"],
        &["used before"],
    );
}

#[test]
fn what_lands_nowhere_is_a_warning() {
    let groups = r#"<segmentGroup id="tuft"/><segmentGroup id="spare"><member segment="1"/></segmentGroup>"#;
    let membrane = r#"<channelDensity id="a" ionChannel="leak" condDensity="1mS_per_cm2" erev="-77mV" ion="k" segmentGroup="tuft"/>
        <channelDensity id="b" ionChannel="leak" condDensity="0 mS_per_cm2" erev="-77mV" ion="k"/>"#;
    finds(
        &document(groups, membrane, r#"<population id="none" component="c0" size="0"/>"#),
        &[],
        &["the group 'tuft' is empty", "'condDensity' is 0", "'none' has no cells", "nothing uses: spare"],
    );
}

#[test]
fn an_error_in_a_type_does_not_hide_others() {
    let text = r#"<Lems>
<ComponentType name="a"><Parameter name="tau" dimension="time"/>
<Dynamics><StateVariable name="x" dimension="none"/><TimeDerivative variable="x" value="-x * tau"/></Dynamics></ComponentType>
<ComponentType name="b"><Parameter name="tau" dimension="time"/><Dynamics/></ComponentType>
<a id="a1" tau="1 ms"/>
<b id="b1" tau="1 mV"/>
<b id="b2"/>
<Target component="nothing"/>
</Lems>"#;
    finds(
        text,
        &[
            "TimeDerivative of 'x'",
            "tau=\"1 mV\"",
            "<b id=\"b2\">: parameter 'tau'",
            "there is no component 'nothing'",
        ],
        &[],
    );
}

#[test]
fn files_that_give_nothing_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("used.nml", r#"<neuroml id="u"><ionChannelHH id="leak" conductance="10pS"/></neuroml>"#);
    write("idle.nml", r#"<neuroml id="i"><ionChannelHH id="other" conductance="10pS"/></neuroml>"#);
    write(
        "main.nml",
        r#"<neuroml id="m"><include href="used.nml"/><include href="idle.nml"/>
        <channelDensity id="d" ionChannel="leak" condDensity="1 S_per_m2" erev="-70 mV" ion="k"/></neuroml>"#,
    );
    let report = neuroml::check(folder.path().join("main.nml")).unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(report.files.len(), 3);
    let warnings: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.len() == 1 && warnings[0].contains("idle.nml is used"), "{warnings:?}");
}

#[test]
fn every_wrong_file_of_the_corpus_gets_its_error() {
    let Some(corpus) = corpus() else { return };
    let index = fs::read_to_string(corpus.join("bad/index.csv")).unwrap();
    for row in index.lines().skip(1) {
        let mut cells = row.split(',');
        let mut cell = || cells.next().unwrap_or_default();
        let (case, kind, verdict, main) = (cell(), cell(), cell(), cell());
        if kind == "swc" {
            continue;
        }
        let report = neuroml::check(corpus.join("bad").join(case).join(main)).unwrap();
        match verdict {
            "reject" => assert!(!report.errors.is_empty(), "{case} passes"),
            _ => assert!(report.errors.is_empty(), "{case}: {:?}", report.errors),
        }
    }
}

/// What is truly wrong in models of the corpus: case, part of the error, why.
const FAULTS: &[(&str, &str, &str)] = &[
    ("libneuroml-testcomplete", "FractionAlong'", "a pair without segments has no fraction along one"),
    ("pinskyrinzelmodel-", "ion=\"non-specific\"", "the standard's word has no hyphen"),
    ("pinskyrinzelmodel-", "<biophysicalProperties>: attribute 'id' is missing", "the schema asks for one"),
    ("pospischiletal2008-ca", "the network has no population 'CG_LTS_ModelDB'", "left over from a copy"),
];

#[test]
fn the_models_of_the_corpus_are_called_sound() {
    let Some(corpus) = corpus() else { return };
    let mut wrong = Vec::new();
    let mut cases: Vec<PathBuf> =
        fs::read_dir(corpus.join("neuroml")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    assert!(cases.len() > 50);
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let toml: toml::Table = fs::read_to_string(case.join("case.toml")).unwrap().parse().unwrap();
        let main = toml["model"]["main"].as_str().unwrap();
        let file = [case.join(main), case.join("model").join(main)].into_iter().find(|f| f.is_file());
        let report = neuroml::check(file.unwrap()).unwrap();
        let errors: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
        for error in errors {
            let known = FAULTS.iter().any(|(of, part, _)| name.starts_with(of) && error.contains(part));
            if !known {
                wrong.push(format!("{name}: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
