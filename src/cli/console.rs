//! What goes to the terminal: errors, warnings, text for people; colour only where it is wanted.

use std::io::{ErrorKind as IoErrorKind, IsTerminal, Write};

use crate::error::{Error, Result, Warning};

/// How to write on standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    colour: bool,
}

impl Style {
    /// Colour if standard error is a terminal and nobody asked for none (`NO_COLOR`, `TERM=dumb`).
    pub(super) fn stderr() -> Style {
        Style { colour: wants_colour(std::io::stderr().is_terminal()) }
    }

    /// The same for standard output.
    pub(super) fn stdout() -> Style {
        Style { colour: wants_colour(std::io::stdout().is_terminal()) }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

fn wants_colour(terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes `text` to standard output. A closed pipe (`neuropil channels | head -1`) is no error.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != IoErrorKind::BrokenPipe => {
            Err(Error::new(crate::ErrorKind::Io, format!("cannot write to standard output: {e}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error; where that is closed there is nobody to tell.
pub(super) fn eprint(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints an error and all that are joined to it, one a line.
pub(super) fn report(error: &Error) {
    let style = Style::stderr();
    for line in error.to_string().lines() {
        // Lines that stand in are excerpts: they belong to the line before.
        let label = if line.starts_with(' ') { String::new() } else { format!("{} ", style.red("error:")) };
        eprint(&format!("{label}{line}"));
    }
}

/// Prints warnings, each once.
pub(super) fn warn(warnings: &[Warning]) {
    let style = Style::stderr();
    for (i, warning) in warnings.iter().enumerate() {
        if !warnings[..i].contains(warning) {
            let place = warning.place.to_string();
            let place = if place.is_empty() { place } else { format!("{place}: ") };
            let label = style.yellow("warning:");
            eprint(&format!("{label} {place}{} [{}]", warning.message, warning.name));
        }
    }
}

/// Rows of cells as aligned columns, two spaces apart; the last column is left as it is.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            line.push_str(cell);
            if i + 1 < row.len() {
                let fill = widths[i].saturating_sub(cell.chars().count()) + 2;
                line.extend(std::iter::repeat_n(' ', fill));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_end_without_spaces() {
        let rows = [vec!["a".into(), "long".into(), "x".into()], vec!["µµµ".into(), "b".into()]];
        assert_eq!(columns(&rows), "a    long  x\nµµµ  b\n");
    }
}
