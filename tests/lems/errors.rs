//! Everything wrong is said with file, line, what was found and what to do.

use crate::fault;
use neuropil::lems::{NoIncludes, Set};

const TYPE: &str = r#"<ComponentType name="cell"><Parameter name="tau" dimension="time"/><Text name="note"/><Dynamics><StateVariable name="v" dimension="voltage"/><TimeDerivative variable="v" value="-v/tau"/></Dynamics></ComponentType>"#;

#[track_caller]
fn check(body: &str, wanted: &str) {
    let found = fault(body);
    assert_eq!(found, wanted);
}

#[test]
fn components() {
    let with = |component: &str| format!("{TYPE}\n{component}");
    for (component, wanted) in [
        (
            "<cell id=\"x\"/>",
            "test.xml:3:1: <cell id=\"x\">: parameter 'tau' is missing (it is a [time], written like 1 ms)",
        ),
        (
            "<cell id=\"x\" tau=\"5 mV\"/>",
            "test.xml:3:1: <cell id=\"x\">: tau=\"5 mV\": expected a time, found a voltage (a time is written like 1 ms)",
        ),
        (
            "<cell id=\"x\" tau=\"5\"/>",
            "test.xml:3:1: <cell id=\"x\">: tau=\"5\": expected a time, found a plain number (a time is written like 1 ms)",
        ),
        (
            "<cell id=\"x\" tau=\"5 msec2\"/>",
            "test.xml:3:1: <cell id=\"x\">: tau=\"5 msec2\": expected a time, found a s^2 (a time is written like 1 ms)",
        ),
        (
            "<cell id=\"x\" tau=\"5 mss\"/>",
            "test.xml:3:1: <cell id=\"x\">: tau=\"5 mss\": unknown unit 'mss' (did you mean 'ms'?)",
        ),
        (
            "<cell id=\"x\" tau=\"1/2 s\"/>",
            "test.xml:3:1: <cell id=\"x\">: tau=\"1/2 s\": unknown unit '/2 s' (units are written like mV, nA, S/cm2, uF/cm2, ohm cm, 1/ms, degC)",
        ),
        (
            "<cell id=\"x\" tua=\"5 ms\"/>",
            "test.xml:3:1: <cell id=\"x\">: unknown attribute 'tua' (did you mean 'tau'?)\n\
             test.xml:3:1: <cell id=\"x\">: parameter 'tau' is missing (it is a [time], written like 1 ms)",
        ),
        // A warning: what it resembles is there.
        ("<cell id=\"x\" tua=\"5 ms\" tau=\"5 ms\"/>", "nothing is wrong"),
        (
            "<cell id=\"x\" tau=\"5 ms\"><part/></cell>",
            "test.xml:3:25: <part> of <cell id=\"x\">: unknown element <part> in a cell",
        ),
        (
            "<cel id=\"x\"/>",
            "test.xml:3:1: <cel id=\"x\">: there is no component type 'cel' (did you mean <cell>?)",
        ),
        (
            "<cell id=\"x\" tau=\"5 ms\"/>\n<cell id=\"x\" tau=\"6 ms\"/>",
            "test.xml:4:1: <cell id=\"x\">: the id 'x' is used before, by <cell id=\"x\"> at test.xml:3:1",
        ),
        ("<cell id=\"x\" tau=\"5 ms\" note=\"n\"><notes>for people</notes></cell>", "nothing is wrong"),
    ] {
        check(&with(component), wanted);
    }
}

#[test]
fn types() {
    for (body, wanted) in [
        (
            "<ComponentType name=\"a\" extends=\"bse\"/>\n<ComponentType name=\"base\"/>",
            "test.xml:2:1: <ComponentType name=\"a\">: extends=\"bse\": there is no component type 'bse' (did you mean 'base'?)",
        ),
        (
            "<ComponentType name=\"a\" extends=\"b\"/>\n<ComponentType name=\"b\" extends=\"a\"/>",
            "test.xml:2:1: <ComponentType name=\"a\">: the component type extends itself, by way of 'b'\n\
             test.xml:3:1: <ComponentType name=\"b\">: the component type extends itself, by way of 'a'",
        ),
        (
            "<ComponentType name=\"a\"/>\n<ComponentType name=\"a\"/>",
            "test.xml:3:1: <ComponentType name=\"a\">: the component type 'a' is declared before, at test.xml:2:1",
        ),
        (
            "<ComponentType name=\"a\"><Parametre name=\"p\"/></ComponentType>",
            "test.xml:2:25: <Parametre name=\"p\"> of <ComponentType name=\"a\">: unknown element <Parametre> here (did you mean <Parameter>?)",
        ),
        (
            "<ComponentType name=\"a\"><Parameter name=\"p\" dimension=\"volage\"/></ComponentType>",
            "test.xml:2:25: <Parameter name=\"p\"> of <ComponentType name=\"a\">: unknown dimension 'volage' (did you mean 'voltage'?)",
        ),
        (
            "<ComponentType name=\"a\"><Parameter name=\"p\" dimesion=\"none\"/></ComponentType>",
            "test.xml:2:25: <Parameter name=\"p\"> of <ComponentType name=\"a\">: unknown attribute 'dimesion' (did you mean 'dimension'?)",
        ),
        (
            "<ComponentType name=\"a\"><Fixed parameter=\"p\" value=\"1\"/></ComponentType>",
            "test.xml:2:25: <Fixed> of <ComponentType name=\"a\">: there is no parameter 'p' to fix",
        ),
        (
            "<Dimension name=\"voltage\" m=\"1\"/>",
            "test.xml:2:1: <Dimension name=\"voltage\">: the dimension 'voltage' is declared before as voltage, here as kg",
        ),
        (
            "<Unit symbol=\"qV\" dimension=\"voltage\" power=\"-6\"/>\n<Unit symbol=\"qV\" dimension=\"voltage\" power=\"-3\"/>",
            "test.xml:3:1: <Unit>: the unit 'qV' is known with another scale: 0.000001",
        ),
    ] {
        check(body, wanted);
    }
}

fn dynamics(inner: &str) -> String {
    format!(
        "<ComponentType name=\"a\">\n<Parameter name=\"tau\" dimension=\"time\"/><Exposure name=\"e\" dimension=\"voltage\"/>\
         <EventPort name=\"spike\" direction=\"out\"/>\n<Dynamics>\n<StateVariable name=\"v\" dimension=\"voltage\"/>\n{inner}\n\
         </Dynamics></ComponentType>\n<a id=\"x\" tau=\"1 ms\"/>"
    )
}

#[test]
fn equations() {
    let at = "test.xml:6:1: <ComponentType name=\"a\">: ";
    for (inner, wanted) in [
        (
            "<TimeDerivative variable=\"v\" value=\"-v\"/>",
            "TimeDerivative of 'v': expected [kg m^2 s^-4 A^-1], but '-v' is [voltage]",
        ),
        (
            "<TimeDerivative variable=\"v\" value=\"-v/tua\"/>",
            "TimeDerivative of 'v': nothing is called 'tua' here (did you mean 'tau'?)",
        ),
        (
            "<DerivedVariable name=\"d\" dimension=\"voltage\" value=\"v + tau\"/>",
            "'d': the sides of '+' are [voltage] and [time] in 'v + tau'",
        ),
        (
            "<OnCondition test=\"v .gt. tau\"/>",
            "OnCondition: the sides of '.gt.' are [voltage] and [time] in 'v .gt. tau'",
        ),
        (
            "<OnStart><StateAssignment variable=\"w\" value=\"0\"/></OnStart>",
            "OnStart: 'w': there is no state variable 'w' (did you mean 'v'?)",
        ),
        (
            "<OnCondition test=\"v .gt. 0\"><EventOut port=\"spik\"/></OnCondition>",
            "OnCondition: there is no event port 'spik' with direction 'out' (did you mean 'spike'?)",
        ),
        (
            "<OnCondition test=\"v .gt. 0\"><Transition regime=\"r\"/></OnCondition>",
            "OnCondition: there is no regime 'r'",
        ),
        (
            "<DerivedVariable name=\"d\" exposure=\"ee\" dimension=\"voltage\" value=\"v\"/>",
            "'d': there is no exposure 'ee'",
        ),
    ] {
        let found = fault(&dynamics(inner));
        let found =
            found.strip_prefix("test.xml:6:").and_then(|rest| rest.split_once(": ")).map(|(_, rest)| rest);
        assert_eq!(found, Some(format!("{at}{wanted}").split_once(": ").unwrap().1), "{inner}");
    }
}

#[test]
fn syntax_and_circles() {
    check(
        &dynamics("<DerivedVariable name=\"d\" dimension=\"voltage\" value=\"(v\"/>"),
        "test.xml:6:1: <DerivedVariable name=\"d\"> of <ComponentType name=\"a\">: value: expected an operator or ')', found the end at column 3\n    (v\n      ^",
    );
    check(
        &dynamics(
            "<DerivedVariable name=\"p\" dimension=\"voltage\" value=\"q\"/>\n\
             <DerivedVariable name=\"q\" dimension=\"voltage\" value=\"p + v\"/>",
        ),
        "test.xml:6:1: <a id=\"x\">: derived variables depend on each other: p -> q -> p",
    );
    check(
        &dynamics("<StateVariable name=\"v\" dimension=\"voltage\"/>"),
        "test.xml:6:1: <StateVariable name=\"v\"> of <ComponentType name=\"a\">: 'v' is declared twice",
    );
    check(
        &dynamics("<OnCondition test=\"v\"/>"),
        "test.xml:6:1: <OnCondition> of <ComponentType name=\"a\">: 'test' is not a condition (a condition is written like 'v .gt. threshold')",
    );
    check(
        &dynamics("<DerivedVariable name=\"d\" dimension=\"voltage\"/>"),
        "test.xml:6:1: <DerivedVariable name=\"d\"> of <ComponentType name=\"a\">: expected either 'value' or 'select'",
    );
}

#[test]
fn paths_and_references() {
    let body = |select: &str| {
        format!(
            "<ComponentType name=\"part\"><Exposure name=\"i\" dimension=\"current\"/><Dynamics>\
             <DerivedVariable name=\"i\" exposure=\"i\" dimension=\"current\" value=\"0\"/></Dynamics></ComponentType>\n\
             <ComponentType name=\"whole\"><Children name=\"parts\" type=\"part\"/><Dynamics>\n\
             <DerivedVariable name=\"d\" dimension=\"current\" {select}/></Dynamics></ComponentType>\n\
             <whole id=\"x\"><part id=\"p\"/><part id=\"q\"/></whole>"
        )
    };
    for (select, wanted) in [
        (
            "select=\"parts[*]/i\"",
            "'d': 'parts[*]/i' selects 2 values (say reduce=\"add\" or reduce=\"multiply\")",
        ),
        (
            "select=\"pars[*]/i\" reduce=\"add\"",
            "'d': <whole id=\"x\"> has no 'pars' (did you mean 'parts'?)",
        ),
        ("select=\"parts[0]/j\"", "'d': 'parts[0]/j': <part id=\"p\"> has no 'j' (did you mean 'i'?)"),
        ("select=\"parts[7]/i\"", "'d': 'parts[7]/i' selects nothing"),
        ("select=\"../i\"", "'d': the path leaves the outermost component"),
        ("select=\"parts[a]/i\"", "'d': cannot read '[a]' in a path (written like [*], [0] or [ion='ca'])"),
    ] {
        check(&body(select), &format!("test.xml:4:1: <whole id=\"x\">: {wanted}"));
    }
    check(
        "<ComponentType name=\"a\"/><ComponentType name=\"r\"><ComponentReference name=\"to\" type=\"a\"/></ComponentType>\n\
         <a id=\"one\"/>\n<r id=\"x\" to=\"on\"/>",
        "test.xml:4:1: <r id=\"x\">: to=\"on\": there is no component 'on' (did you mean 'one'?)",
    );
    check(
        "<ComponentType name=\"r\"><ComponentReference name=\"to\" type=\"r\"/>\
         <Structure><ChildInstance component=\"to\"/></Structure></ComponentType>\n<r id=\"x\" to=\"x\"/>",
        "test.xml:3:1: <r id=\"x\">: components contain or refer to each other more than 64 deep",
    );
}

#[test]
fn all_errors_of_a_document_are_told_at_once() {
    let text = fault(
        "<ComponentType name=\"a\"><Parameter name=\"p\" dimension=\"volage\"/></ComponentType>\n\
         <ComponentType name=\"b\"><Dynamics><DerivedVariable name=\"d\" value=\"1 +\"/></Dynamics></ComponentType>\n\
         <ComponentType name=\"c\" extends=\"a\"/>",
    );
    assert!(text.contains("test.xml:2:25") && text.contains("test.xml:3:35"), "{text}");
    // The type that extends a wrong one is not blamed as well.
    assert!(!text.contains("test.xml:4"), "{text}");
}

#[test]
fn roots_and_odd_bytes() {
    let read = |text: &str| Set::new().read_str(text, "a.xml", &NoIncludes).map_err(|e| e.to_string());
    assert_eq!(
        read("<html/>").unwrap_err(),
        "a.xml:1:1: <html>: the root element is <html>, expected <Lems> or <neuroml>"
    );
    assert!(read("\u{feff}<Lems>\r\n</Lems>\r\n").is_ok());
    assert!(read("<Lems><Include file=\"b.xml\"/></Lems>").unwrap_err().contains("cannot include 'b.xml'"));
}

#[test]
fn doubts_are_warnings() {
    let mut set = Set::new();
    let text = "<Lems><ComponentType name=\"a\"><Exposure name=\"e\" dimension=\"time\"/><Dynamics>\n\
                <DerivedVariable name=\"d\" exposure=\"e\" dimension=\"none\" value=\"2\"/></Dynamics></ComponentType></Lems>";
    set.read_str(text, "a.xml", &NoIncludes).unwrap();
    let warning = set.warnings()[0].to_string();
    assert_eq!(
        warning,
        "a.xml:2:1: warning [exposure-dimension]: <ComponentType name=\"a\">: the exposure 'e' is [time], its variable 'd' is [dimensionless]; numbers are taken in SI units"
    );
}
