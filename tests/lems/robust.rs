//! Nothing a document says makes the reader panic, hang or run out of stack.

use crate::models::GATES;
use neuropil::ErrorKind;
use neuropil::lems::{NoIncludes, Set};
use proptest::prelude::*;

/// Reads a document and flattens all its components; what comes of it does not matter.
fn attempt(text: &str) -> Result<(), neuropil::Error> {
    let mut set = Set::new();
    set.read_str(text, "odd.xml", &NoIncludes)?;
    for component in set.components() {
        set.flatten(component)?;
    }
    Ok(())
}

#[test]
fn the_document_that_is_mutilated_is_sound() {
    attempt(&format!("<Lems>{GATES}</Lems>")).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mutilated_documents_are_read_or_refused(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, "[a-z<>/\"=*.()\\[\\]^0-9 ]{0,6}"), 1..4)
    ) {
        let mut text = format!("<Lems>{GATES}</Lems>");
        for (at, length, new) in cuts {
            let at = at.index(text.len());
            if let (true, true) = (text.is_char_boundary(at), text.is_char_boundary((at + length).min(text.len()))) {
                let end = (at + length).min(text.len());
                text.replace_range(at..end, &new);
            }
        }
        let _ = attempt(&text);
    }

    #[test]
    fn mutilated_attributes_are_read_or_refused(at in any::<prop::sample::Index>(), new in "\\PC{0,12}") {
        let text = format!("<Lems>{GATES}</Lems>");
        let quotes: Vec<usize> = text.match_indices('"').map(|(i, _)| i).collect();
        let pair = at.index(quotes.len() / 2) * 2;
        let new = new.replace(['<', '&', '"'], "'");
        let changed = format!("{}{new}{}", &text[..=quotes[pair]], &text[quotes[pair + 1]..]);
        let _ = attempt(&changed);
    }
}

fn limit(text: &str) {
    let error = attempt(text).expect_err("accepted");
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
}

#[test]
fn sizes_are_bounded() {
    let node = "<ComponentType name=\"n\"><Children name=\"ns\" type=\"n\"/></ComponentType>";
    let nested = |depth: usize| format!("<Lems>{node}{}{}</Lems>", "<n>".repeat(depth), "</n>".repeat(depth));
    attempt(&nested(40)).unwrap();
    limit(&nested(200));
    limit(&nested(60_000));

    let types: String =
        (0..500).map(|i| format!("<ComponentType name=\"t{}\" extends=\"t{i}\"/>", i + 1)).collect();
    limit(&format!("<Lems><ComponentType name=\"t0\"/>{types}</Lems>"));

    let case = "<Case condition=\"1 .gt. 2\" value=\"1\"/>".repeat(5000);
    limit(&format!(
        "<Lems><ComponentType name=\"a\"><Dynamics><ConditionalDerivedVariable name=\"d\">{case}\
         </ConditionalDerivedVariable></Dynamics></ComponentType></Lems>"
    ));

    let regimes: String = (0..5000).map(|i| format!("<Regime name=\"r{i}\"/>")).collect();
    limit(&format!("<Lems><ComponentType name=\"a\"><Dynamics>{regimes}</Dynamics></ComponentType></Lems>"));
}

#[test]
fn many_children_are_summed_without_depth() {
    let parts: String = (0..5000).map(|i| format!("<part id=\"p{i}\"/>")).collect();
    attempt(&format!(
        "<Lems><ComponentType name=\"part\"><Exposure name=\"i\" dimension=\"none\"/><Dynamics>\
         <StateVariable name=\"i\" exposure=\"i\" dimension=\"none\"/></Dynamics></ComponentType>\
         <ComponentType name=\"whole\"><Children name=\"parts\" type=\"part\"/><Dynamics>\
         <DerivedVariable name=\"sum\" select=\"parts[*]/i\" reduce=\"add\"/></Dynamics></ComponentType>\
         <whole id=\"w\">{parts}</whole></Lems>"
    ))
    .unwrap();
}
