//! How mechanisms name ions: `iCa`, `caConc`, `caConcExt`, and with a number for a further pool of the
//! same kind `iCa2`, `caConc2`, `caConcExt2` (the ion `ca2`), as the NeuroML core types have it.

/// The ion whose concentration an input of this name is, and whether it is the one outside.
///
/// ```
/// use neuropil::model::concentration_input;
/// assert_eq!(concentration_input("caConc"), Some(("ca".to_string(), false)));
/// assert_eq!(concentration_input("caConcExt2"), Some(("ca2".to_string(), true)));
/// assert_eq!(concentration_input("v"), None);
/// ```
pub fn concentration_input(name: &str) -> Option<(String, bool)> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &name[stem.len()..];
    let (ion, outside) = match stem.strip_suffix("ConcExt") {
        Some(ion) => (ion, true),
        None => (stem.strip_suffix("Conc")?, false),
    };
    (!ion.is_empty()).then(|| (format!("{ion}{number}"), outside))
}

/// Whether an input of this name is the current of `ion`: `iCa` of `ca`.
pub fn is_current_of(name: &str, ion: &str) -> bool {
    name.strip_prefix('i').is_some_and(|rest| rest.eq_ignore_ascii_case(ion))
}
