//! The tables of `codegen/README.md`: what became of every model in every tool. Each cell comes from a run.
//!
//! `cargo run --release --example codegen_table` makes all anew, which takes long. `-- brian2 STDP` makes the cells of some targets or of
//! some models, named by any part of their names, and keeps the others.

mod columns;
mod models;
mod same;
mod tools;

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use columns::{COMPUTING, Column, DESCRIBING, Outcome, Proof};
use models::{CASES, Case};
use same::Difference;

const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->\n";

/// A cell of a table: a few words, and what is told below it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Cell {
    text: String,
    note: String,
}

/// Cells by the names of model and target.
struct Cells(Vec<(String, String, Cell)>);

impl Cells {
    fn get(&self, model: &str, target: &str) -> Cell {
        let found = self.0.iter().find(|(m, t, _)| m == model && t == target);
        found
            .map(|(.., cell)| cell.clone())
            .unwrap_or(Cell { text: "not run".to_string(), note: String::new() })
    }

    fn set(&mut self, model: &str, target: &str, cell: Cell) {
        self.0.retain(|(m, t, _)| m != model || t != target);
        self.0.push((model.to_string(), target.to_string(), cell));
    }

    /// Those of the tables in `text`.
    fn read(text: &str) -> Cells {
        let notes: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(". ")).collect();
        let mut cells = Cells(Vec::new());
        let mut targets: Vec<&str> = Vec::new();
        for line in text.lines().filter(|line| line.starts_with("| ")) {
            let parts: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let Some((model, parts)) = parts.split_first() else { continue };
            if *model == "model" {
                targets = parts.to_vec();
                continue;
            }
            for (target, part) in targets.iter().zip(parts) {
                let (text, number) = part.rsplit_once(" [").unwrap_or((part, ""));
                let number = number.trim_end_matches(']');
                let note = notes.iter().find(|(known, _)| *known == number).map_or("", |(_, note)| *note);
                cells.set(model, target, Cell { text: text.to_string(), note: note.to_string() });
            }
        }
        cells
    }

    /// The tables, with notes below them.
    fn print(&self) -> String {
        let mut notes: Vec<String> = Vec::new();
        let mut out = String::new();
        for columns in [&COMPUTING[..], &DESCRIBING[..]] {
            let names: Vec<&str> = columns.iter().map(|column| column.target.name()).collect();
            let _ = writeln!(out, "| model | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
            for case in CASES {
                let _ = write!(out, "| {} |", case.name);
                for name in &names {
                    let cell = self.get(case.name, name);
                    let _ = write!(out, " {}", cell.text);
                    if !cell.note.is_empty() {
                        let known = notes.iter().position(|note| *note == cell.note);
                        let number = known.unwrap_or_else(|| {
                            notes.push(cell.note);
                            notes.len() - 1
                        });
                        let _ = write!(out, " [{}]", number + 1);
                    }
                    out.push_str(" |");
                }
                out.push('\n');
            }
            out.push('\n');
        }
        for (number, note) in notes.iter().enumerate() {
            let _ = writeln!(out, "{}. {note}", number + 1);
        }
        out
    }
}

/// In a word or two. Exact: spikes as many and within a step, potentials within 0.01 mV.
fn verdict(found: &Difference, dt_ms: f64) -> String {
    if let Some((name, ours, theirs)) = found.counts.first() {
        return format!(
            "differs: {} cells, such as {name} with {theirs} spikes instead of {ours}",
            found.counts.len()
        );
    }
    let what = match (found.spike_ms <= dt_ms * (1.0 + 1e-6), found.v_mv <= 0.01) {
        (true, true) => "exact".to_string(),
        (true, false) => "within a step".to_string(),
        (false, _) => format!("within {:.1} steps", found.spike_ms / dt_ms),
    };
    let values = format!("{:.1e} mV, rms {:.1e}", found.v_mv, found.v_rms_mv);
    let finer = found.finer_ms.map_or_else(String::new, |(ours, theirs)| {
        format!("; from a tenth of the step: neuropil {:.1}, this {:.1} steps", ours / dt_ms, theirs / dt_ms)
    });
    format!("{what} ({} spikes; {values}{finer})", found.spikes)
}

/// The first of several lines, and how many more there are.
fn first(lines: &str) -> String {
    let mut each = lines.lines().filter(|line| !line.starts_with(' ') && !line.is_empty());
    let line = each.next().unwrap_or_default().replace('|', "/");
    match each.count() {
        0 => line,
        more => format!("{line} (and {more} more)"),
    }
}

/// What is told of an outcome; nothing if the tool is not there.
fn cell(outcome: Outcome, dt_ms: f64) -> Option<Cell> {
    let said = |proof: Proof| match proof {
        Proof::Computed(found) => verdict(&found, dt_ms),
        Proof::Checked(what) => what,
    };
    let (text, note) = match outcome {
        Outcome::Shown(proof) => (said(proof), String::new()),
        Outcome::Lossy(lost, proof) => {
            (format!("lossy ({})", said(proof)), format!("lost: {}", first(&lost)))
        }
        Outcome::Refused(why) => ("refused".to_string(), first(&why)),
        Outcome::Failed(why) => {
            ("fails".to_string(), why.lines().last().unwrap_or_default().replace('|', "/"))
        }
        Outcome::Absent => return None,
    };
    Some(Cell { text, note })
}

/// What is asked for: targets and models; all, if none is named.
fn wanted(arguments: &[String]) -> Result<(Vec<Column>, Vec<Case>), String> {
    let (mut columns, mut cases) = (Vec::new(), Vec::new());
    for argument in arguments {
        if let Some(column) = Column::named(argument) {
            columns.push(column);
            continue;
        }
        let named = |case: &&Case| case.name.to_lowercase().contains(&argument.to_lowercase());
        let found: Vec<Case> = CASES.iter().filter(named).copied().collect();
        if found.is_empty() {
            let known: Vec<&str> = CASES.iter().map(|case| case.name).collect();
            return Err(format!("'{argument}' is no target, and in no model's name: {}", known.join("; ")));
        }
        cases.extend(found);
    }
    if columns.is_empty() {
        columns = COMPUTING.into_iter().chain(DESCRIBING).collect();
    }
    if cases.is_empty() {
        cases = CASES.to_vec();
    }
    Ok((columns, cases))
}

fn make(arguments: &[String]) -> Result<(), String> {
    let (columns, cases) = wanted(arguments)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("codegen/README.md");
    let page = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let (before, rest) = page.split_once(BEGIN).ok_or("there is no table in codegen/README.md")?;
    let (text, after) = rest.split_once(END).ok_or("the table in codegen/README.md has no end")?;
    let mut cells = Cells::read(text);
    for case in cases {
        let dt_ms = case.model().map_or(0.0, |(model, _)| model.run.dt_s * 1e3);
        for column in &columns {
            let name = column.target.name();
            let outcome = column.run(case);
            if let Outcome::Failed(why) = &outcome {
                eprintln!("{}, {name}:\n{why}", case.name);
            }
            let Some(made) = cell(outcome, dt_ms) else { continue };
            println!("{}, {name}: {} {}", case.name, made.text, made.note);
            cells.set(case.name, name, made);
            // At once: the next may take long.
            let page = format!("{before}{BEGIN}{}{END}{after}", cells.print());
            std::fs::write(&path, page).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match make(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
