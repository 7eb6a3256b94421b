//! The NumPy file format, versions 1.0 to 3.0, as specified in `numpy.lib.format`: a magic string,
//! a version, a header that is a Python dictionary, and the data.

use crate::error::{Error, ErrorKind, Result};

use super::sink::Patch;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Digits kept for the number of rows: enough for any `u64`.
const DIGITS: usize = 20;

/// The header of a one-dimensional array of records with `f64` fields called `names`, for no rows
/// yet, and where the number of rows stands in it.
pub(super) fn header(names: &[String]) -> (Vec<u8>, Patch) {
    let mut text = String::from("{'descr': [");
    for name in names {
        text.push('(');
        quote(&mut text, name);
        text.push_str(", '<f8'), ");
    }
    text.push_str("], 'fortran_order': False, 'shape': (");
    let count_at = text.len();
    text.push_str(&String::from_utf8_lossy(&count(0)));
    text.push_str("), }");
    // Version 1.0 has a 16-bit length and Latin-1 text, 3.0 a 32-bit length and UTF-8.
    let plain = text.is_ascii() && text.len() < 60_000;
    let prefix = MAGIC.len() + 2 + if plain { 2 } else { 4 };
    // The data is to start at a multiple of 64, and the header ends with a newline.
    let total = (prefix + text.len() + 1).next_multiple_of(64);
    let length = total - prefix;
    let mut out = MAGIC.to_vec();
    if plain {
        out.extend([1, 0]);
        out.extend((length as u16).to_le_bytes());
    } else {
        out.extend([3, 0]);
        out.extend((length as u32).to_le_bytes());
    }
    out.extend(text.as_bytes());
    out.resize(total - 1, b' ');
    out.push(b'\n');
    (out, Patch { offset: (prefix + count_at) as u64, format: count })
}

/// `rows` as the inside of a Python one-tuple, of constant length.
fn count(rows: u64) -> Vec<u8> {
    format!("{:<width$}", format!("{rows},"), width = DIGITS + 1).into_bytes()
}

fn quote(out: &mut String, name: &str) {
    out.push('\'');
    for c in name.chars() {
        match c {
            '\\' | '\'' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('\'');
}

/// Reads a file of `f64` or `f32` values: records with named fields, one- or two-dimensional
/// arrays. Returns names (empty for plain arrays) and columns.
///
/// # Errors
/// [`ErrorKind::Syntax`] where the bytes are no such file, [`ErrorKind::Unsupported`] for other
/// types of data.
pub(super) fn parse(bytes: &[u8]) -> Result<(Vec<String>, Vec<Vec<f64>>)> {
    let broken = |what: &str| Error::new(ErrorKind::Syntax, format!("not a whole NumPy file: {what}"));
    let version = *bytes.get(6).ok_or_else(|| broken("it ends within the header"))?;
    if !bytes.starts_with(MAGIC) {
        return Err(broken("it does not start with the magic string"));
    }
    let wide = version >= 2;
    let length = if wide {
        bytes.get(8..12).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
    } else {
        bytes.get(8..10).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])))
    };
    let length = length.ok_or_else(|| broken("it ends within the header"))?;
    let start = if wide { 12 } else { 10 };
    let header = bytes.get(start..start + length).ok_or_else(|| broken("it ends within the header"))?;
    let header = std::str::from_utf8(header).map_err(|_| broken("the header is not text"))?;
    let data = bytes.get(start + length..).unwrap_or_default();

    let after = |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start_matches([':', ' ']));
    let descr = after("'descr'").ok_or_else(|| broken("no 'descr' in the header"))?;
    let fortran = after("'fortran_order'").is_some_and(|rest| rest.starts_with("True"));
    // The shape is the last thing that a field's name could imitate, so look from the end.
    let shape = header.rsplit_once("'shape'").ok_or_else(|| broken("no 'shape' in the header"))?.1;
    let inside = shape.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside);
    let shape: Vec<usize> = inside
        .ok_or_else(|| broken("'shape' is not a tuple"))?
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| broken("'shape' is not a tuple of whole numbers"))?;

    let (names, kinds) = if descr.starts_with('[') { fields(descr)? } else { (vec![], vec![scalar(descr)?]) };
    let (rows, columns) = match (names.is_empty(), shape.as_slice()) {
        (false, [rows]) => (*rows, names.len()),
        (true, [rows]) => (*rows, 1),
        (true, [rows, columns]) => (*rows, *columns),
        _ => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("a NumPy array of shape {shape:?} is not a table"),
            ));
        }
    };
    let kind_of = |column: usize| *kinds.get(column).or(kinds.first()).unwrap_or(&Kind::F64);
    let row_bytes: usize = (0..columns.min(1 << 20)).map(|c| kind_of(c).size()).sum();
    if columns == 0
        || columns > 1 << 20
        || rows.checked_mul(row_bytes).is_none_or(|needed| needed > data.len())
    {
        return Err(broken(&format!(
            "the header promises {rows} rows, the file holds {} bytes of data",
            data.len()
        )));
    }
    let mut out = vec![Vec::with_capacity(rows); columns];
    let mut at = 0;
    if fortran && names.is_empty() {
        for column in &mut out {
            column.extend((0..rows).map(|_| kind_of(0).take(data, &mut at)));
        }
    } else {
        for _ in 0..rows {
            for (c, column) in out.iter_mut().enumerate() {
                column.push(kind_of(c).take(data, &mut at));
            }
        }
    }
    Ok((names, out))
}

#[derive(Clone, Copy)]
enum Kind {
    F64,
    F32,
    I64,
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Kind::F64 | Kind::I64 => 8,
            Kind::F32 => 4,
        }
    }

    /// The value at `at`, which moves on; NaN past the end (sizes were checked before).
    fn take(self, data: &[u8], at: &mut usize) -> f64 {
        let bytes = data.get(*at..*at + self.size()).unwrap_or_default();
        *at += self.size();
        match self {
            Kind::F64 => bytes.try_into().map_or(f64::NAN, f64::from_le_bytes),
            Kind::F32 => bytes.try_into().map_or(f64::NAN, |b| f64::from(f32::from_le_bytes(b))),
            Kind::I64 => bytes.try_into().map_or(f64::NAN, |b| i64::from_le_bytes(b) as f64),
        }
    }
}

/// The type in a description such as `'<f8', …`.
fn scalar(descr: &str) -> Result<Kind> {
    let text = descr.trim_start_matches(['\'', '"']);
    match text.get(..3) {
        Some("<f8" | "=f8") => Ok(Kind::F64),
        Some("<f4" | "=f4") => Ok(Kind::F32),
        Some("<i8" | "=i8") => Ok(Kind::I64),
        other => Err(Error::new(
            ErrorKind::Unsupported,
            format!("a NumPy array of type '{}'", other.unwrap_or(text)),
        )
        .help("save it as float64, little-endian: array.astype('<f8')")),
    }
}

/// Names and types from `[('name', '<f8'), …]`.
fn fields(descr: &str) -> Result<(Vec<String>, Vec<Kind>)> {
    let broken = || Error::new(ErrorKind::Syntax, "not a NumPy file: the list of fields cannot be read");
    let (mut names, mut kinds) = (Vec::new(), Vec::new());
    let mut rest = descr.strip_prefix('[').ok_or_else(broken)?;
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if rest.starts_with(']') {
            return Ok((names, kinds));
        }
        rest = rest.strip_prefix('(').ok_or_else(broken)?;
        let (name, after) = string(rest).ok_or_else(broken)?;
        let after = after.trim_start_matches([',', ' ']);
        let (kind, after) = string(after).ok_or_else(broken)?;
        names.push(name);
        kinds.push(scalar(&kind)?);
        rest = after.strip_prefix(')').ok_or_else(broken)?;
    }
}

/// A quoted Python string at the start of `text`, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| ['\'', '"'].contains(c))?;
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => out.push(chars.next()?.1),
            c if c == quote => return Some((out, text.get(at + 1..)?)),
            c => out.push(c),
        }
    }
    None
}
