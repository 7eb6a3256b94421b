//! Identifiers that a target accepts.

use std::collections::{BTreeMap, BTreeSet};

/// Words of C and C++.
pub(crate) const C_PLUS_PLUS: &[&str] = &[
    "alignas",
    "alignof",
    "and",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "concept",
    "const",
    "constexpr",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "nullptr",
    "operator",
    "or",
    "private",
    "protected",
    "public",
    "register",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "template",
    "this",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "while",
    "xor",
];

/// Names given out once, none of them a word of the target's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// A space of names in which `reserved` are taken.
    pub(crate) fn new(reserved: &[&str]) -> Names {
        Names { taken: reserved.iter().map(ToString::to_string).collect() }
    }

    /// `wanted` as an identifier: letters, digits and `_` of ASCII, no digit first, and none that is taken.
    pub(crate) fn claim(&mut self, wanted: &str) -> String {
        let base = identifier(wanted);
        let mut name = base.clone();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        name
    }

    /// The same, and none that is taken in `other`: it is taken in both then.
    pub(crate) fn claim_with(&mut self, other: &mut Names, wanted: &str) -> String {
        let base = identifier(wanted);
        let mut name = base.clone();
        let mut number = 2;
        while self.taken.contains(&name) || other.taken.contains(&name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        self.taken.insert(name.clone());
        other.taken.insert(name.clone());
        name
    }
}

/// `text` with everything replaced that is no ASCII letter, digit or `_`.
pub(crate) fn identifier(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => out.push(c),
            'µ' | 'μ' => out.push('u'),
            _ => out.push('_'),
        }
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, 'n');
    }
    out
}

/// A short name for each of `paths` (`m/forwardRate/midpoint`): the value of a gate by the gate's name alone, the path's own
/// words otherwise, without those in front that tell nothing apart.
pub(crate) fn short_names(paths: &[&str], names: &mut Names) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    // Names without a path come first: they keep what they are called.
    let mut order: Vec<&str> = paths.to_vec();
    order.sort_by_key(|path| path.matches('/').count());
    let shared = shared_front(paths);
    for path in order {
        let inner = path.strip_prefix(&shared).unwrap_or(path);
        let wanted = inner.strip_suffix("/q").unwrap_or(inner).replace('/', "_");
        out.insert(path.to_string(), names.claim(&wanted));
    }
    out
}

/// What all paths with a `/` begin with, up to a `/`.
fn shared_front(paths: &[&str]) -> String {
    let mut fronts = paths.iter().filter_map(|p| p.split_once('/')).map(|(front, _)| front);
    let Some(first) = fronts.next() else { return String::new() };
    let deep = paths.iter().filter(|p| p.contains('/')).all(|p| p.matches('/').count() >= 2);
    if deep && fronts.all(|front| front == first) { format!("{first}/") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_unique() {
        let mut names = Names::new(&["v", "exp"]);
        assert_eq!(names.claim("exp"), "exp_2");
        assert_eq!(names.claim("2nd µ-rate"), "n2nd_u_rate");
        assert_eq!(names.claim("naïve"), "na_ve");
        assert_eq!(names.claim("na ve"), "na_ve_2");
    }

    #[test]
    fn a_name_is_free_in_both() {
        let (mut one, mut other) = (Names::new(&["a"]), Names::new(&["a_2", "a_2_2"]));
        assert_eq!(one.claim_with(&mut other, "a"), "a_3");
        assert_eq!((one.claim("a_3"), other.claim("a_3")), ("a_3_2".to_string(), "a_3_2".to_string()));
    }

    #[test]
    fn gates_go_by_their_own_names() {
        let paths = ["channel/m/q", "channel/m/forwardRate/rate", "g"];
        let short = short_names(&paths, &mut Names::default());
        assert_eq!(short["channel/m/q"], "m");
        assert_eq!(short["channel/m/forwardRate/rate"], "m_forwardRate_rate");
        assert_eq!(short["g"], "g");
    }
}
