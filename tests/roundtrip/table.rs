//! The table of `codegen/README.md`: what became of every model in every tool. Each cell comes from a run.
//!
//! `cargo test --test roundtrip table -- --ignored --nocapture` runs all and writes it.

use std::fmt::Write;
use std::path::Path;

use super::models::{CASES, Case};
use super::same::Difference;
use super::{arbor, neuron};

/// A tool: how it is called, and how a case is run in it. `None` if the tool or the case is not there.
type Column = (&'static str, fn(Case) -> Option<Result<Difference, String>>);

const COLUMNS: [Column; 2] = [("neuron", neuron::run), ("arbor", arbor::run)];

const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->\n";

/// In a word or two. Exact: spikes as many and within a step, potentials within 0.01 mV.
fn verdict(result: Result<Difference, String>, dt_ms: f64, reasons: &mut Vec<String>) -> String {
    match result {
        Err(error) => {
            let first = error.lines().next().unwrap_or_default().to_string();
            let number = reasons.iter().position(|known| *known == first).unwrap_or_else(|| {
                reasons.push(first);
                reasons.len() - 1
            });
            format!("refused ({})", number + 1)
        }
        Ok(found) if !found.counts.is_empty() => {
            let (name, ours, theirs) = &found.counts[0];
            format!(
                "differs: {} cells, such as {name} with {theirs} spikes instead of {ours}",
                found.counts.len()
            )
        }
        Ok(found) => {
            let what = match (found.spike_ms <= dt_ms * (1.0 + 1e-6), found.v_mv <= 0.01) {
                (true, true) => "exact".to_string(),
                (true, false) => "within a step".to_string(),
                (false, _) => format!("within {:.1} steps", found.spike_ms / dt_ms),
            };
            format!("{what} ({} spikes; {:.1e} mV, rms {:.1e})", found.spikes, found.v_mv, found.v_rms_mv)
        }
    }
}

#[test]
#[ignore = "runs every model in every tool, which takes minutes"]
fn table() {
    let mut reasons = Vec::new();
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut text = format!("| model | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for case in CASES {
        let _ = write!(text, "| {} |", case.name);
        let dt_ms = case.model().map_or(0.0, |(model, _)| model.run.dt_s * 1e3);
        for (_, run) in COLUMNS {
            let cell = run(case).map_or("not run".to_string(), |result| verdict(result, dt_ms, &mut reasons));
            println!("{}: {cell}", case.name);
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text.push('\n');
    for (number, reason) in reasons.iter().enumerate() {
        let _ = writeln!(text, "{}. {reason}", number + 1);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("codegen/README.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("a table in codegen/README.md");
    let (_, after) = rest.split_once(END).expect("the end of the table");
    std::fs::write(&path, format!("{before}{BEGIN}{text}{END}{after}")).unwrap();
}
