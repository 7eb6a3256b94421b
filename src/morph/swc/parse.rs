//! From the bytes of an SWC file to samples. No order or connection is assumed here.

use super::Sample;
use crate::error::{Error, ErrorKind, Place, Result, Warning};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::preceded;
use nom::{IResult, Parser};
use std::path::Path;

/// Errors collected before the reader gives up.
pub(super) const MOST_ERRORS: usize = 20;

/// Samples beyond this count cannot be indexed.
const MOST_SAMPLES: usize = u32::MAX as usize - 1;

/// A sample whose parent is still an id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    pub sample: Sample,
    pub parent_id: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Parsed {
    pub samples: Vec<Raw>,
    pub warnings: Vec<Warning>,
}

/// Coordinates and radii beyond this many µm (a kilometre) are no cell's, and their squares would leave the
/// range of numbers.
const FARTHEST: f64 = 1e9;

/// What is remembered while lines go by.
struct Reader<'a> {
    file: &'a Path,
    line: u32,
    samples: Vec<Raw>,
    errors: Vec<Error>,
    warnings: Vec<Warning>,
    extra: Tally,
    commas: Tally,
    other_roots: Tally,
}

/// How often something was seen, and where first.
#[derive(Default)]
struct Tally {
    count: usize,
    first: u32,
}

impl Tally {
    fn add(&mut self, line: u32) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }
}

/// Reads all samples of `text`.
pub(super) fn parse(text: &[u8], file: &Path) -> Result<Parsed> {
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return Err(Error::new(ErrorKind::Syntax, "the file is UTF-16 text, expected plain ASCII or UTF-8")
            .at(Place::new(file, 1, 0))
            .help("save it as UTF-8"));
    }
    if let Some(at) = text.iter().position(|byte| *byte == 0) {
        let line = 1 + text[..at].iter().filter(|byte| **byte == b'\n').count() as u32;
        return Err(Error::new(ErrorKind::Syntax, "the file is binary: it holds a zero byte")
            .at(Place::new(file, line, 0))
            .help("SWC is plain text; give the .swc file itself"));
    }
    let mut rest = text.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(text);
    let mut reader = Reader {
        file,
        line: 0,
        samples: Vec::with_capacity(text.len() / 32),
        errors: Vec::new(),
        warnings: Vec::new(),
        extra: Tally::default(),
        commas: Tally::default(),
        other_roots: Tally::default(),
    };
    while !rest.is_empty() && reader.errors.len() < MOST_ERRORS {
        let (after, line) = whole_line(rest).unwrap_or((&[], rest));
        rest = after;
        reader.line += 1;
        if let Err(error) = reader.line(line) {
            reader.errors.push(error.at(Place::new(file, reader.line, 0)));
        }
    }
    reader.finish()
}

type Bytes<'a> = IResult<&'a [u8], &'a [u8]>;

/// A line without its end; ends are LF, CR LF, or CR.
fn whole_line(input: &[u8]) -> Bytes<'_> {
    let (rest, line) = take_till(|c| c == b'\n' || c == b'\r').parse_complete(input)?;
    let (rest, _) = opt(alt((tag(&b"\r\n"[..]), tag(&b"\n"[..]), tag(&b"\r"[..])))).parse_complete(rest)?;
    Ok((rest, line))
}

fn is_blank(c: u8) -> bool {
    c == b' ' || c == b'\t' || c == 0x0c || c == 0x0b
}

/// A field: what stands between blanks.
fn field(input: &[u8]) -> Bytes<'_> {
    preceded(take_while(is_blank), take_while1(|c| !is_blank(c))).parse_complete(input)
}

/// A field that a comma or semicolon ends.
fn field_before_comma(input: &[u8]) -> Bytes<'_> {
    let (rest, _) = take_while(is_blank).parse_complete(input)?;
    let (rest, field) = take_while1(|c| !is_blank(c) && c != b',' && c != b';').parse_complete(rest)?;
    let (rest, _) = take_while(is_blank).parse_complete(rest)?;
    if rest.is_empty() {
        return Ok((rest, field));
    }
    let (rest, _) = alt((char(','), char(';'))).parse_complete(rest)?;
    Ok((rest, field))
}

fn syntax(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Syntax, message)
}

/// A field as text for a message: short, and with what cannot be printed escaped.
fn shown(field: &[u8]) -> String {
    let text: String =
        String::from_utf8_lossy(field).chars().take(30).flat_map(char::escape_default).collect();
    format!("`{text}`")
}

const COLUMNS: [&str; 7] = ["id", "type", "x", "y", "z", "radius", "parent"];

impl Reader<'_> {
    fn line(&mut self, line: &[u8]) -> Result<()> {
        let end = line.iter().position(|c| *c == b'#').unwrap_or(line.len());
        let (content, comment) = line.split_at(end);
        if !comment.is_empty() {
            self.comment(comment)?;
        }
        let commas = content.iter().any(|c| *c == b',' || *c == b';');
        let mut fields = [&b""[..]; 7];
        let mut count = 0;
        let mut rest = content;
        loop {
            let next = if commas { field_before_comma(rest) } else { field(rest) };
            let Ok((after, field)) = next else { break };
            if let Some(place) = fields.get_mut(count) {
                *place = field;
            }
            count += 1;
            rest = after;
        }
        let left = rest.iter().any(|c| !is_blank(*c));
        if commas && (left || count < 7) {
            return Err(syntax("commas in a sample that is not comma-separated")
                .help("write decimal points and separate columns by blanks"));
        }
        match count {
            0 => return Ok(()),
            1..7 => {
                return Err(syntax(format!("{count} columns, expected 7: {}", COLUMNS.join(", "))).help(
                    format!("add the missing column `{}` or make the line a comment", COLUMNS[count]),
                ));
            }
            7 => {}
            _ => self.extra.add(self.line),
        }
        if commas {
            self.commas.add(self.line);
        }
        if self.samples.len() >= MOST_SAMPLES {
            return Err(Error::new(ErrorKind::Limit, "more samples than can be indexed"));
        }
        let raw = self.sample(&fields)?;
        self.samples.push(raw);
        Ok(())
    }

    fn sample(&mut self, fields: &[&[u8]; 7]) -> Result<Raw> {
        let id = whole(fields[0], "id")?;
        let id = u64::try_from(id).map_err(|_| {
            Error::new(ErrorKind::Value, format!("the id {id} is negative"))
                .help("ids count from 0 or 1; only a root's parent is written -1")
        })?;
        let element = || format!("sample {id}");
        let code = whole(fields[1], "type").map_err(|error| error.in_element(element()))?;
        let code = u32::try_from(code).map_err(|_| {
            Error::new(ErrorKind::Value, format!("the type {code} is outside what SWC knows"))
                .in_element(element())
                .help(
                    "types: 0 undefined, 1 soma, 2 axon, 3 basal dendrite, 4 apical dendrite, 5 and up free",
                )
        })?;
        let mut numbers = [0.0; 4];
        for (number, (field, column)) in numbers.iter_mut().zip(fields[2..6].iter().zip(&COLUMNS[2..6])) {
            *number = real(field, column).map_err(|error| error.in_element(element()))?;
        }
        let [x, y, z, radius] = numbers;
        if radius < 0.0 {
            return Err(Error::new(ErrorKind::Value, format!("the radius {radius} is negative"))
                .in_element(element())
                .help("write the radius in µm, 0 if it is unknown"));
        }
        let parent = whole(fields[6], "parent").map_err(|error| error.in_element(element()))?;
        if parent < -1 {
            self.other_roots.add(self.line);
        }
        let parent_id = u64::try_from(parent).ok();
        let sample = Sample { id, code, x, y, z, radius, parent: None, line: self.line };
        Ok(Raw { sample, parent_id })
    }

    /// Comments are free text, but some say something that changes what the numbers mean.
    fn comment(&mut self, comment: &[u8]) -> Result<()> {
        let text = String::from_utf8_lossy(&comment[..comment.len().min(4096)]).to_lowercase();
        if text.contains("unit") {
            let nanometres = ["nanometer", "nanometre", "nanometers", "nanometres", "nm"];
            if text.split(|c: char| !c.is_alphanumeric()).any(|word| nanometres.contains(&word)) {
                return Err(Error::new(ErrorKind::Dimension, "the file says that its unit is the nanometre")
                    .help("SWC is in µm: divide coordinates and radii by 1000 and mend this comment"));
            }
        }
        let mut words = text.trim_start_matches('#').split_whitespace();
        if words.next() == Some("scale") {
            let factors: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
            if factors.iter().any(|factor| *factor != 1.0) {
                self.warnings.push(Warning::new(
                    "scale-not-applied",
                    format!("the header says SCALE {factors:?}; coordinates are taken as they stand, in µm"),
                    Place::new(self.file, self.line, 0),
                ));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Parsed> {
        if let Some(error) = Error::join(std::mem::take(&mut self.errors)) {
            return Err(error);
        }
        if self.samples.is_empty() {
            return Err(Error::new(ErrorKind::Value, "the file holds no samples")
                .in_file(self.file)
                .help("an SWC file has one sample a line: id type x y z radius parent"));
        }
        let tallies = [
            (&self.extra, "extra-columns", "lines have more than 7 columns; the further ones are ignored"),
            (&self.commas, "comma-separated", "lines separate their columns by commas"),
            (
                &self.other_roots,
                "negative-parent",
                "samples have a negative parent that is not -1; taken as roots",
            ),
        ];
        for (tally, name, what) in tallies {
            if tally.count > 0 {
                let place = Place::new(self.file, tally.first, 0);
                self.warnings.push(Warning::new(name, format!("{} {what}", tally.count), place));
            }
        }
        Ok(Parsed { samples: self.samples, warnings: self.warnings })
    }
}

/// A number of a column, finite.
fn real(field: &[u8], column: &str) -> Result<f64> {
    let number: Option<f64> = std::str::from_utf8(field).ok().and_then(|text| text.parse().ok());
    match number {
        Some(number) if number.abs() <= FARTHEST => Ok(number),
        Some(number) if number.is_finite() => {
            Err(Error::new(ErrorKind::Value, format!("{column} is {}, beyond {FARTHEST:e} µm", shown(field)))
                .help("mend the sample"))
        }
        Some(_) => {
            Err(Error::new(ErrorKind::Value, format!("{column} is {}, not a finite number", shown(field)))
                .help("remove or mend the sample"))
        }
        None => Err(syntax(format!("{column} is {}, expected a number", shown(field)))),
    }
}

/// A whole number; `3.0` is one too.
fn whole(field: &[u8], column: &str) -> Result<i64> {
    let text = std::str::from_utf8(field).unwrap_or("");
    if let Ok(number) = text.parse::<i64>() {
        return Ok(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(number as i64),
        Ok(number) if number.abs() >= 9e15 => {
            Err(Error::new(ErrorKind::Limit, format!("{column} {} is beyond 64 bits", shown(field)))
                .help("number the samples from 1"))
        }
        _ => Err(syntax(format!("{column} is {}, expected a whole number", shown(field)))),
    }
}
