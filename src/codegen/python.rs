//! Values as Python writes them.

use crate::units::shifted;

/// Words of the language, which nothing can be called.
pub(crate) const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Functions that are there from the start, which a script should not hide.
pub(crate) const BUILT_IN: &[&str] = &[
    "print", "len", "int", "float", "str", "list", "dict", "set", "range", "zip", "map", "open", "sum",
    "min", "max", "abs", "input", "type", "id",
];

/// Numbers of a list beyond which it goes into a file.
pub(crate) const SHORT: usize = 12;

/// A number.
pub(crate) fn number(x: f64) -> String {
    shifted(x, 0)
}

/// A number that Python takes for no whole one.
pub(crate) fn float(x: f64) -> String {
    let text = number(x);
    if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
}

/// A list of numbers.
pub(crate) fn list(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(|x| number(*x)).collect();
    format!("[{}]", texts.join(", "))
}

/// A list of indices.
pub(crate) fn indices(values: &[usize]) -> String {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    format!("[{}]", texts.join(", "))
}

/// Indices one after the other as `range(first, end)`, others as a list.
pub(crate) fn index_range(values: &[usize]) -> String {
    match (values.first(), values.last()) {
        (Some(first), Some(last)) if values.windows(2).all(|w| w[1] == w[0] + 1) && values.len() > 2 => {
            if *first == 0 {
                format!("range({})", last + 1)
            } else {
                format!("range({first}, {})", last + 1)
            }
        }
        _ => indices(values),
    }
}

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text as it can stand between quotes.
pub(crate) fn label(text: &str) -> String {
    text.replace(['"', '\\'], "_")
}

/// Rows of a CSV file below their header.
pub(crate) fn csv(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = header.join(",");
    out.push('\n');
    for row in rows {
        out.push_str(&row.join(","));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_python() {
        assert_eq!(list(&[1.0, -0.5, 1e-9]), "[1, -0.5, 1e-9]");
        assert_eq!([float(2.0), float(-0.5), float(1e-9)], ["2.0", "-0.5", "1e-9"]);
        assert_eq!(index_range(&[0, 1, 2]), "range(3)");
        assert_eq!(index_range(&[1, 3]), "[1, 3]");
        assert_eq!(quoted("a \"b\"\n"), "\"a \\\"b\\\"\\n\"");
    }
}
