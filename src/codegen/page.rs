//! The page that says what became of a model for each target.

use std::fmt::Write;
use std::path::Path;

use super::{Generated, Target};
use crate::error::Result;

/// A page in Markdown: for each target what was made, how it is run, what differs, what is lost, or why there is none.
pub fn page(origin: &Path, made: &[(Target, Result<Generated>)]) -> String {
    let name = origin.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut out = format!("# {name} for other tools\n\nMade by neuropil {}.\n\n", env!("CARGO_PKG_VERSION"));
    out.push_str("| target | result | run with |\n|---|---|---|\n");
    for (target, result) in made {
        let (verdict, command) = match result {
            Ok(g) if !g.lost.is_empty() => ("lossy", format!("`{}`", g.command)),
            Ok(g) if !g.differences.is_empty() => ("made, with differences", format!("`{}`", g.command)),
            Ok(g) => ("exact", format!("`{}`", g.command)),
            Err(_) => ("refused", String::new()),
        };
        let _ = writeln!(out, "| {} | {verdict} | {command} |", target.name());
    }
    for (target, result) in made {
        let lines: Vec<String> = match result {
            Ok(g) => {
                let files = g.files.iter().map(|(path, _)| format!("- `{}`", path.display()));
                let differs = g.differences.iter().map(|line| format!("- differs: {line}"));
                files.chain(differs).chain(g.lost.iter().map(|line| format!("- lost: {line}"))).collect()
            }
            Err(error) => error.all().map(|e| format!("- refused: {e}")).collect(),
        };
        let _ = writeln!(out, "\n## {}\n\n{}", target.name(), lines.join("\n"));
    }
    out
}
