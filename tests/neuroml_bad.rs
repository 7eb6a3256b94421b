//! Documents with faults: each is refused with its place, in bounded time and memory, and nothing is
//! ever read from where it should not be.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use neuropil::lems::{Files, NoIncludes, Set, raw};
use neuropil::{Error, ErrorKind, library, neuroml as read_neuroml};

/// More than anything here takes in a test build on a busy machine; what grows without bound takes minutes.
const SOON: Duration = Duration::from_secs(20);

/// Reads `text` on top of the core types.
fn read(text: &str) -> Result<Set, Error> {
    let began = Instant::now();
    let mut set = library::core().unwrap().clone();
    let result = set.read_str(text, "model.nml", &NoIncludes);
    assert!(began.elapsed() < SOON, "{:?} for {:.80}", began.elapsed(), text);
    result.map(|()| set)
}

/// The error of reading `text`, or of flattening a component of it.
#[track_caller]
fn refused(text: &str) -> String {
    let error = match read(text) {
        Err(error) => error,
        Ok(set) => {
            let known = library::core().unwrap().components().count();
            let began = Instant::now();
            let error = set.components().skip(known).find_map(|component| set.flatten(component).err());
            assert!(began.elapsed() < SOON, "{:?} for {:.80}", began.elapsed(), text);
            error.unwrap_or_else(|| panic!("accepted: {text:.300}"))
        }
    };
    let message = error.to_string();
    assert!(message.len() < 200_000, "a message of {} bytes", message.len());
    message
}

fn lems(body: &str) -> String {
    format!("<Lems>\n{body}\n</Lems>")
}

fn neuroml(body: &str) -> String {
    format!("<neuroml id=\"n\">\n{body}\n</neuroml>")
}

/// A type with the one derived variable `x` = `value`.
fn with_value(value: &str) -> String {
    lems(&format!(
        "<ComponentType name=\"thing\"><Exposure name=\"x\" dimension=\"none\"/>\n\
         <Dynamics><DerivedVariable name=\"x\" exposure=\"x\" dimension=\"none\" value=\"{value}\"/></Dynamics>\n\
         </ComponentType><thing id=\"a\"/>"
    ))
}

#[test]
fn entities_are_refused_however_they_are_declared() {
    let laughs = "<!ENTITY a \"ha\">".to_string()
        + &(1..30).fold(String::new(), |mut all, i| {
            let _ = write!(all, "<!ENTITY a{i} \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">");
            all
        });
    for (declaration, wanted) in [
        (format!("<!DOCTYPE n [{laughs}]>"), "entity declarations are not allowed"),
        (
            "<!DOCTYPE n [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>".into(),
            "entity declarations are not allowed",
        ),
        (
            "<!DOCTYPE n [<!ENTITY % p SYSTEM \"http://example.org/x.dtd\"> %p;]>".into(),
            "entity declarations",
        ),
        // An outer DTD is not read, so what it would declare is unknown.
        ("<!DOCTYPE n SYSTEM \"/etc/passwd\">".into(), "unknown entity '&e;'"),
        ("<!DOCTYPE n PUBLIC \"-//X//Y\" \"http://example.org/x.dtd\">".into(), "unknown entity '&e;'"),
    ] {
        let text =
            format!("<?xml version=\"1.0\"?>\n{declaration}\n<neuroml id=\"n\"><notes>&e;</notes></neuroml>");
        let message = refused(&text);
        assert!(message.contains(wanted) && message.starts_with("model.nml:"), "{message}");
    }
}

#[test]
fn utf_16_and_latin_1_are_read() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><neuroml id=\"ä\"><notes>µ𝄞</notes></neuroml>";
    let file = Path::new("a.nml");
    let units: Vec<u16> = text.encode_utf16().collect();
    for (mark, bytes) in [
        ([0xff, 0xfe], units.iter().flat_map(|u| u.to_le_bytes()).collect::<Vec<u8>>()),
        ([0xfe, 0xff], units.iter().flat_map(|u| u.to_be_bytes()).collect()),
    ] {
        let whole = [&mark[..], &bytes].concat();
        assert_eq!(raw::decode(whole.clone(), file).unwrap(), text);
        let error = raw::decode(whole[..whole.len() - 1].to_vec(), file).unwrap_err().to_string();
        assert!(error.starts_with("a.nml:1:1: the file begins as UTF-16"), "{error}");
    }
    let bytes = b"<?xml version='1.0' encoding='ISO-8859-1'?><neuroml id='\xe4'/>".to_vec();
    assert!(raw::decode(bytes, file).unwrap().ends_with("id='ä'/>"));
    let error = raw::decode(b"<neuroml id='\xe4'/>".to_vec(), file).unwrap_err().to_string();
    assert!(error.starts_with("a.nml:1:14: the bytes from offset 13 on are not UTF-8"), "{error}");
}

#[test]
fn control_characters_are_refused_and_never_printed() {
    for text in [
        "<a>\n \u{1}</a>",
        "<a>\n<b\u{1b}[31m/></a>",
        "<a>\n&#1;</a>",
        "<a>\n<b x='&#27;[31m'/></a>",
        "<a>\n<b x='\0'/></a>",
    ] {
        let error = raw::parse(text, Path::new("a.xml")).unwrap_err().to_string();
        assert!(error.starts_with("a.xml:2:"), "{error:?}");
        assert!(!error.contains(|c: char| c.is_control()), "{error:?}");
    }
    assert!(raw::parse("<a>\t\r\n&#9;&#10;&#xD;</a>", Path::new("a.xml")).is_ok());
}

#[test]
fn depth_and_width_without_end() {
    let deep = "<a>".repeat(1_000_000);
    assert!(refused(&neuroml(&deep)).contains("nested more than 256 deep"));
    let wide = neuroml(
        &"<izhikevichCell id=\"same\" v0=\"-70mV\" thresh=\"30mV\" a=\"0.02\" b=\"0.2\" c=\"-65\" d=\"6\"/>"
            .repeat(20_000),
    );
    let message = refused(&wide);
    assert!(message.contains("the id 'same' is used before"), "{message:.300}");
    assert!(message.lines().count() <= 101, "{}", message.lines().count());
    let unknown = neuroml(&"<nothing/>\n".repeat(200_000));
    assert!(refused(&unknown).contains("there is no component type 'nothing'"));
    // All in one line: a place is found without counting the line anew for each element.
    let line = format!("<neuroml id=\"n\"><annotation>{}</annotation></neuroml>", "<p/>".repeat(500_000));
    assert!(read(&line).is_ok());
    let mut attributes = String::from("<neuroml id=\"n\"><notes");
    for i in 0..100_000 {
        let _ = write!(attributes, " a{i}=\"\"");
    }
    assert!(refused(&(attributes + "/></neuroml>")).contains("more than 256 attributes"));
}

#[test]
fn huge_values_and_names_are_cut_in_messages() {
    let huge = "x".repeat(3_000_000);
    for text in [
        neuroml(&format!(
            "<izhikevichCell id=\"a\" v0=\"{huge}\" thresh=\"30mV\" a=\"1\" b=\"1\" c=\"1\" d=\"1\"/>"
        )),
        neuroml(&format!(
            "<izhikevichCell id=\"a\" v0=\"1 {huge}\" thresh=\"30mV\" a=\"1\" b=\"1\" c=\"1\" d=\"1\"/>"
        )),
        neuroml(&format!("<izhikevichCell id=\"a\" {huge}=\"1\"/>")),
        neuroml(&format!("<{huge} id=\"a\"/>")),
        neuroml(&format!("<izhikevichCell id=\"{huge}\"/>")),
        lems(&format!("<Unit symbol=\"{huge}\" dimension=\"{huge}\"/>")),
        lems(&format!("<ComponentType name=\"{huge}\" extends=\"{huge}{huge}\"/>")),
        with_value(&huge),
    ] {
        let message = refused(&text);
        assert!(message.starts_with("model.nml:2:") || message.starts_with("model.nml:3:"), "{message:.200}");
        assert!(message.len() < 8_000, "{}", message.len());
    }
}

#[test]
fn numbers_beyond_all_bounds() {
    let cell = |v0: &str| {
        neuroml(&format!(
            "<izhikevichCell id=\"a\" v0=\"{v0}\" thresh=\"30mV\" a=\"1\" b=\"1\" c=\"1\" d=\"1\"/>"
        ))
    };
    for v0 in [
        "1e999 mV",
        "-1e999 mV",
        "nan mV",
        "NaNmV",
        "inf mV",
        "1e308 GV",
        "--1 mV",
        "0x10 mV",
        "1e mV",
        "1e99999999999 mV",
    ] {
        assert!(refused(&cell(v0)).starts_with("model.nml:2:1: <izhikevichCell id=\"a\">: v0="), "{v0}");
    }
    for unit in [
        "mV^99999999999",
        "mV^127",
        "mV^-200",
        "m^2147483648",
        "m^-2147483648",
        "(((((((((((m)))))))))))",
        "m/m/m/",
    ] {
        assert!(refused(&cell(&format!("1 {unit}"))).starts_with("model.nml:2:1: "), "{unit}");
    }
    let factors = "s ".repeat(500_000);
    assert!(refused(&cell(&format!("1 {factors}"))).starts_with("model.nml:2:1: "));
    for (body, wanted) in [
        ("<Dimension name=\"d\" m=\"200\"/>", "'m' is a small whole number, found '200'"),
        ("<Dimension name=\"d\" m=\"1e3\"/>", "'m' is a small whole number"),
        ("<Unit symbol=\"u\" dimension=\"time\" power=\"99999\"/>", "'power' is a whole number"),
        ("<Unit symbol=\"u\" dimension=\"time\" power=\"1.5\"/>", "'power' is a whole number"),
        ("<Unit symbol=\"u\" dimension=\"time\" scale=\"0\"/>", "a unit's scale is above zero"),
        ("<Unit symbol=\"u\" dimension=\"time\" scale=\"1e308\" power=\"300\"/>", "scale"),
    ] {
        let message = refused(&lems(body));
        assert!(message.starts_with("model.nml:2:1: <") && message.contains(wanted), "{message}");
    }
}

#[test]
fn expressions_without_end() {
    let sum = vec!["1"; 500_000].join("+");
    let nested = "(".repeat(400_000) + "1" + &")".repeat(400_000);
    let calls = "exp(".repeat(200_000) + "1" + &")".repeat(200_000);
    let minus = "-".repeat(500_000) + "1";
    let not = ".not. ".repeat(100_000) + "1 .gt. 0";
    let power = vec!["2"; 400_000].join("^");
    let long = "1".repeat(2_000_000);
    for value in [&sum, &nested, &calls, &minus, &not, &power, &long] {
        let message = refused(&with_value(value));
        let start = "model.nml:3:11: <DerivedVariable name=\"x\"> of <ComponentType name=\"thing\">: ";
        assert!(message.starts_with(start), "{message:.200}");
    }
    // Balanced, so that it is wide and not deep; every name is unknown.
    let mut wide: Vec<String> = (0..65_536).map(|i| format!("n{i:x}")).collect();
    while wide.len() > 1 {
        wide = wide.chunks(2).map(|pair| format!("({})", pair.join("+"))).collect();
    }
    let message = refused(&with_value(&wide[0]));
    assert!(message.contains("nothing is called 'n0' here"), "{message:.300}");
    // Dimensions beyond their range.
    for value in ["t^100*t^100", "t^200", "t*t^127", "1/t^127/t^127", "sqrt(t)", "t^t", "t^1e300"] {
        let message = refused(&with_value(value));
        assert!(message.starts_with("model.nml:3:"), "{value}: {message}");
    }
}

#[test]
fn components_that_multiply() {
    // Each holds the one before twice.
    let mut text = String::from(
        "<ComponentType name=\"box\"><Children name=\"boxes\" type=\"box\"/></ComponentType><box id=\"b0\"/>\n",
    );
    for i in 1..60 {
        let _ = writeln!(
            text,
            "<box id=\"b{i}\"><box id=\"l\" extends=\"b{0}\"/><box id=\"r\" extends=\"b{0}\"/></box>",
            i - 1
        );
    }
    assert!(refused(&lems(&text)).contains("too many components come into being by 'extends'"));
    let chain = (1..2000).fold(String::new(), |mut all, i| {
        let _ = writeln!(all, "<box id=\"b{i}\"><box id=\"l\" extends=\"b{}\"/></box>", i - 1);
        all
    });
    let declared = text.lines().next().unwrap();
    assert!(refused(&lems(&format!("{declared}\n{chain}"))).contains("is nested more than 64 deep"));
    // By reference instead.
    let mut text = String::from(
        "<ComponentType name=\"pair\"><ComponentReference name=\"l\" type=\"pair\"/><ComponentReference name=\"r\" type=\"pair\"/>\
         <Structure><ChildInstance component=\"l\"/><ChildInstance component=\"r\"/></Structure></ComponentType>\n\
         <pair id=\"p0\" l=\"p0\" r=\"p0\"/>\n",
    );
    assert!(refused(&lems(&text)).contains("contain or refer to each other"), "itself");
    text = text.replace("l=\"p0\" r=\"p0\"", "l=\"p1\" r=\"p1\"");
    for i in 1..40 {
        let _ = writeln!(text, "<pair id=\"p{i}\" l=\"p{0}\" r=\"p{0}\"/>", i + 1);
    }
    text.push_str("<pair id=\"p40\" l=\"p40\" r=\"p40\"/>");
    let message = refused(&lems(&text));
    assert!(message.contains("more than") && message.contains("components"), "{message}");
}

#[test]
fn component_types_that_extend_without_end() {
    let chain = |count: usize| {
        (0..count).fold(String::new(), |mut all, i| {
            let _ = writeln!(all, "<ComponentType name=\"t{i}\" extends=\"t{}\"/>", i + 1);
            all
        })
    };
    assert!(
        refused(&lems(&(chain(50_000) + "<ComponentType name=\"t50000\"/>"))).contains("more than 128 deep")
    );
    let message = refused(&lems(&(chain(3) + "<ComponentType name=\"t3\" extends=\"t0\"/>")));
    assert!(message.contains("the component type extends itself"), "{message}");
    let many = "<Parameter name=\"p\" dimension=\"none\"/>".repeat(20_000);
    let message = refused(&lems(&format!("<ComponentType name=\"t\">{many}</ComponentType>")));
    assert!(message.contains("more than 10000 elements"), "{message}");
}

#[test]
fn includes_go_in_circles_and_through_links() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("sub")).unwrap();
    let document = |include: &str, id: &str| {
        format!(
            "<neuroml id=\"{id}\"><include href=\"{include}\"/><izhikevichCell id=\"c_{id}\" v0=\"-70mV\" thresh=\"30mV\" a=\"1\" b=\"1\" c=\"1\" d=\"1\"/></neuroml>"
        )
    };
    std::fs::write(at("a.nml"), document("sub/../sub/b.nml", "a")).unwrap();
    std::fs::write(at("sub/b.nml"), document("./c.nml", "b")).unwrap();
    std::fs::write(at("sub/c.nml"), document("../a.nml", "c")).unwrap();
    let read = |name: &str| {
        let mut set = library::core().unwrap().clone();
        set.read_file(at(name), &library::resolver()).map(|()| set)
    };
    let set = read("a.nml").unwrap();
    assert!(["c_a", "c_b", "c_c"].iter().all(|id| set.component(id).is_some()));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("sub"), at("sub/loop")).unwrap();
        std::fs::write(at("d.nml"), document("sub/loop/loop/loop/b.nml", "d")).unwrap();
        std::fs::write(at("sub/c.nml"), document("loop/loop/b.nml", "c")).unwrap();
        assert!(read("d.nml").unwrap().component("c_c").is_some());
        // What never ends is not read.
        std::fs::write(at("e.nml"), document("/dev/zero", "e")).unwrap();
        let message = read("e.nml").unwrap_err().to_string();
        assert!(
            message.contains("e.nml:1:17: <include>: cannot read the included file '/dev/zero'"),
            "{message}"
        );
    }
    // A chain of documents without end.
    for i in 0..100 {
        std::fs::write(
            at(&format!("chain{i}.nml")),
            document(&format!("chain{}.nml", i + 1), &format!("n{i}")),
        )
        .unwrap();
    }
    let message = read("chain0.nml").unwrap_err().to_string();
    assert!(message.contains("include each other more than 64 deep"), "{message}");
    for (href, wanted) in [
        ("sub", "it is a folder"),
        ("no.nml", "no.nml"),
        ("http://example.org/x.nml", "from the network"),
        ("", ""),
    ] {
        std::fs::write(at("f.nml"), document(href, "f")).unwrap();
        let message = read("f.nml").unwrap_err().to_string();
        assert!(message.contains("f.nml:1:17: <include>: ") && message.contains(wanted), "{message}");
    }
    assert_eq!(Files::default().built_in.len(), 0);
}

#[test]
fn what_is_no_document() {
    for (text, wanted) in [
        ("", "model.nml:1:1: no XML element in it"),
        ("<html/>", "model.nml:1:1: <html>: the root element is <html>, expected <Lems> or <neuroml>"),
        ("<neuroml id=\"n\">\n<cell", "model.nml:2:"),
        ("{\"a\": 1}", "model.nml:1:1: text outside the root element"),
        ("<neuroml id=\"n\">\n<![CDATA[", "model.nml:2:"),
        ("<neuroml id=\"n\">\n<!-- ", "model.nml:2:"),
        ("<neuroml id=\"n\">\n</cell>", "model.nml:2:1: "),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.to_string().starts_with(wanted), "{text}: {error}");
        assert_eq!(error.kind(), ErrorKind::Syntax);
    }
}

/// A simulation of `network`, which may use the cell `z` and the synapse `syn`.
fn simulated(network: &str, length: &str, step: &str) -> Result<read_neuroml::Simulation, Error> {
    let text = format!(
        "<Lems><Target component=\"sim\"/>\n\
         <izhikevich2007Cell id=\"z\" v0=\"-60mV\" C=\"100pF\" k=\"0.7nS_per_mV\" vr=\"-60mV\" vt=\"-40mV\" vpeak=\"35mV\" a=\"0.03per_ms\" b=\"-2nS\" c=\"-50mV\" d=\"100pA\"/>\n\
         <expOneSynapse id=\"syn\" gbase=\"1nS\" erev=\"0mV\" tauDecay=\"3ms\"/>\n\
         <Simulation id=\"sim\" length=\"{length}\" step=\"{step}\" target=\"net\"/>\n{network}</Lems>"
    );
    let began = Instant::now();
    let result = read_neuroml::read_str(&text, "model.xml", &NoIncludes);
    assert!(began.elapsed() < SOON, "{:?} for {network:.300}", began.elapsed());
    result
}

#[track_caller]
fn too_large(network: &str, length: &str, step: &str, wanted: &str) {
    let error = simulated(network, length, step).map(|s| s.notes).unwrap_err();
    assert!(error.all().any(|e| e.kind() == ErrorKind::Limit), "{error}");
    let message = error.to_string();
    assert!(message.starts_with("model.xml:") && message.contains(wanted), "{message}");
}

#[test]
fn models_too_large_to_run_are_refused_before_they_fill_the_memory() {
    let population = |size: &str| {
        format!("<network id=\"net\"><population id=\"p\" component=\"z\" size=\"{size}\"/></network>")
    };
    for (size, wanted) in
        [("1000000000000", "1000000000000 cells"), ("1e12", "1000000000000 cells"), ("4000000000", "GiB")]
    {
        too_large(&population(size), "1 ms", "0.1 ms", wanted);
    }
    let grid = "<network id=\"net\"><population id=\"p\" component=\"z\" type=\"populationList\"><layout>\
                <grid xSize=\"100000\" ySize=\"100000\" zSize=\"100\"/></layout></population></network>";
    too_large(grid, "1 ms", "0.1 ms", "1000000000000 cells");
    for (length, step) in [("1e24 s", "1 s"), ("1e9 s", "1e-15 s")] {
        too_large(&population("1"), length, step, "1e24 times 'step'");
    }
    assert!(simulated(&population("3"), "1 ms", "0.1 ms").is_ok());
}

#[test]
fn instances_and_connections_too_many_are_refused() {
    let types = "<ComponentType name=\"group\" extends=\"baseStandalone\"><ComponentReference name=\"of\" type=\"baseCell\"/>\
                 <IndexParameter name=\"n\"/><Structure><MultiInstantiate number=\"n\" component=\"of\"/></Structure></ComponentType>\
                 <ComponentType name=\"all_to_all\"><Path name=\"from\"/><ComponentReference name=\"by\" type=\"basePointCurrent\"/>\
                 <Structure><ForEach instances=\"from\" as=\"a\"><ForEach instances=\"from\" as=\"b\">\
                 <EventConnection from=\"a\" to=\"b\" receiver=\"by\"/></ForEach></ForEach></Structure></ComponentType>\
                 <ComponentType name=\"wired\" extends=\"baseStandalone\"><Children name=\"groups\" type=\"group\"/>\
                 <Children name=\"wires\" type=\"all_to_all\"/></ComponentType>";
    for n in ["1e9", "1000000000", "1e18"] {
        too_large(
            &format!("{types}<group id=\"net\" of=\"z\" n=\"{n}\"/>"),
            "1 ms",
            "0.1 ms",
            "number of instances",
        );
    }
    let wired = |n: u32| {
        format!(
            "{types}<wired id=\"net\"><group id=\"g\" of=\"z\" n=\"{n}\"/><all_to_all from=\"g[*]\" by=\"syn\"/></wired>"
        )
    };
    too_large(&wired(40_000), "1 ms", "0.1 ms", "more than");
    let small = simulated(&wired(10), "1 ms", "0.1 ms").unwrap();
    assert_eq!(small.model.connections.len(), 100);
}

#[test]
fn documents_too_large_to_hold_a_list_are_refused_unread() {
    // A list of 10^9 connections takes tens of gigabytes; this file has the length and no contents.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connections.nml");
    std::fs::File::create(&path).unwrap().set_len(50 << 30).unwrap();
    let began = Instant::now();
    let message = read_neuroml::read(&path).map(|s| s.notes).unwrap_err().to_string();
    assert!(began.elapsed() < SOON && message.contains("larger than 1 GiB"), "{message}");
}

#[test]
fn faults_of_a_part_without_a_name_name_the_whole() {
    let segment = |distal: &str| {
        neuroml(&format!(
            "<cell id=\"c\"><morphology id=\"m\"><segment id=\"0\"><proximal x=\"0\" y=\"0\" z=\"0\" diameter=\"1\"/>\n\
             <distal {distal}/></segment></morphology></cell>"
        ))
    };
    let message = refused(&segment("x=\"NaN\" y=\"0\" z=\"0\" diameter=\"1\""));
    assert!(
        message.starts_with("model.nml:3:1: <distal> of <segment id=\"0\">: x=\"NaN\": expected a number"),
        "{message}"
    );
    let message = refused(&lems(
        "<ComponentType name=\"decay\"><Parameter name=\"tau\" dimension=\"time\"/><Dynamics><StateVariable name=\"x\" dimension=\"none\"/>\n\
         <TimeDerivative variable=\"x\" value=\"-x/(tau\"/></Dynamics></ComponentType>",
    ));
    assert!(
        message.starts_with(
            "model.nml:3:1: <TimeDerivative variable=\"x\"> of <ComponentType name=\"decay\">: "
        ),
        "{message}"
    );
}
