//! Words, names, numbers and lengths of the selection grammar, and its errors.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{anychar, char, digit1, multispace0, satisfy};
use nom::combinator::{opt, recognize};
use nom::error::ParseError;
use nom::multi::{fold_many0, many0_count};
use nom::sequence::{delimited, pair, preceded};
use nom::{IResult, Parser};

use crate::error::{Error, ErrorKind, Place};
use crate::units::{Dimension, unit};

/// Where reading stopped and why.
#[derive(Debug, Clone)]
pub(super) struct Fault<'a> {
    at: &'a str,
    kind: ErrorKind,
    message: String,
    help: Option<String>,
}

impl<'a> Fault<'a> {
    /// A syntax error at the start of `at`.
    pub(super) fn new(at: &'a str, message: impl Into<String>) -> Fault<'a> {
        Fault { at: at.trim_start(), kind: ErrorKind::Syntax, message: message.into(), help: None }
    }

    /// What was wanted, with what is there.
    pub(super) fn expected(at: &'a str, wanted: &str) -> Fault<'a> {
        let at = at.trim_start();
        let found: String = match at.chars().next() {
            None => "the end".to_string(),
            Some(c) if c.is_alphanumeric() => {
                let word: String =
                    at.chars().take_while(|c| c.is_alphanumeric() || *c == '_').take(30).collect();
                format!("`{word}`")
            }
            Some(c) => format!("`{c}`"),
        };
        Fault::new(at, format!("expected {wanted}, found {found}"))
    }

    pub(super) fn kind(mut self, kind: ErrorKind) -> Fault<'a> {
        self.kind = kind;
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Fault<'a> {
        self.help = Some(help.into());
        self
    }

    /// Stops all reading: no alternative is tried.
    pub(super) fn stop<T>(self) -> Read<'a, T> {
        Err(nom::Err::Failure(self))
    }

    /// An error for people: the message, the line of `text` it is about, a caret under the column.
    pub(super) fn into_error(self, text: &str) -> Error {
        let offset = text.len().saturating_sub(self.at.len());
        let line_start = text[..offset].rfind('\n').map_or(0, |i| i + 1);
        let line = text[line_start..].lines().next().unwrap_or_default();
        let column = text[line_start..offset].chars().count();
        let message =
            format!("{} at column {}\n    {}\n    {}^", self.message, column + 1, line, " ".repeat(column));
        let place = Place { file: None, line: 0, column: column as u32 + 1 };
        let error = Error::new(self.kind, message).at(place);
        match self.help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}

impl<'a> ParseError<&'a str> for Fault<'a> {
    fn from_error_kind(at: &'a str, _: nom::error::ErrorKind) -> Fault<'a> {
        Fault::expected(at, "something else")
    }

    fn append(_: &'a str, _: nom::error::ErrorKind, other: Fault<'a>) -> Fault<'a> {
        other
    }
}

/// What a reader gives: the rest of the text and a value.
pub(super) type Read<'a, T> = IResult<&'a str, T, Fault<'a>>;

/// `symbol` after any white space.
pub(super) fn symbol<'a>(symbol: &'static str) -> impl Parser<&'a str, Output = &'a str, Error = Fault<'a>> {
    preceded(multispace0, tag(symbol))
}

/// `symbol`, without which the text is wrong.
pub(super) fn must<'a>(text: &'a str, wanted: &'static str) -> Read<'a, ()> {
    match symbol(wanted).parse(text) {
        Ok((rest, _)) => Ok((rest, ())),
        Err(_) => Fault::expected(text, &format!("`{wanted}`")).stop(),
    }
}

fn letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// A bare name: letters, digits, `_`, with `[3]` and `.` inside, as sections are called.
fn bare_name(text: &str) -> Read<'_, &str> {
    let start = |text| take_while1(letter).parse(text);
    let index = || recognize(delimited(char('['), digit1, char(']')));
    recognize((
        start,
        take_while(|c: char| c.is_alphanumeric() || c == '_'),
        many0_count(alt((
            index(),
            recognize(pair(char('.'), take_while1(|c: char| c.is_alphanumeric() || c == '_'))),
        ))),
    ))
    .parse(text)
}

/// Whether `name` can be written without quotes.
pub(super) fn is_bare_name(name: &str) -> bool {
    matches!(bare_name(name), Ok(("", _)))
}

/// A bare name after any white space.
pub(super) fn word(text: &str) -> Read<'_, &str> {
    preceded(multispace0, bare_name).parse(text)
}

/// A name in single or double quotes; `\` takes the next character as it is.
pub(super) fn quoted(text: &str) -> Read<'_, String> {
    let (rest, quote) = preceded(multispace0, alt((char('"'), char('\'')))).parse(text)?;
    let inside = alt((preceded(char('\\'), anychar), satisfy(move |c| c != '\\' && c != quote)));
    let (rest, name) = fold_many0(inside, String::new, |mut name, c| {
        name.push(c);
        name
    })
    .parse(rest)?;
    match char::<_, Fault<'_>>(quote).parse(rest) {
        Ok((rest, _)) => Ok((rest, name)),
        Err(_) => Fault::new(text, "this quote is not closed").stop(),
    }
}

/// A name, quoted or bare.
pub(super) fn name<'a>(text: &'a str, wanted: &str) -> Read<'a, String> {
    if let Ok((rest, name)) = word(text) {
        return Ok((rest, name.to_string()));
    }
    match quoted(text) {
        Err(nom::Err::Error(_)) => Fault::expected(text, wanted).stop(),
        read => read,
    }
}

/// A decimal number, finite.
pub(super) fn number(text: &str) -> Read<'_, f64> {
    let start = text.trim_start();
    let (rest, digits) = recognize((
        opt(alt((char('-'), char('+')))),
        alt((recognize((digit1, opt(pair(char('.'), opt(digit1))))), recognize((char('.'), digit1)))),
        opt((alt((char('e'), char('E'))), opt(alt((char('-'), char('+')))), digit1)),
    ))
    .parse(start)?;
    match digits.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok((rest, x)),
        _ => Fault::new(start, "this number is too large").kind(ErrorKind::Value).stop(),
    }
}

/// A number that must be there.
pub(super) fn must_number<'a>(text: &'a str, wanted: &str) -> Read<'a, f64> {
    match number(text) {
        Err(nom::Err::Error(_)) => Fault::expected(text, wanted).stop(),
        read => read,
    }
}

/// A whole number from `least` to 2³² - 1.
pub(super) fn must_whole<'a>(text: &'a str, wanted: &str, least: u32) -> Read<'a, u32> {
    let (rest, x) = must_number(text, wanted)?;
    if x.fract() != 0.0 || x < f64::from(least) || x > f64::from(u32::MAX) {
        return Fault::new(text, format!("expected {wanted}, found {x}")).kind(ErrorKind::Value).stop();
    }
    Ok((rest, x as u32))
}

/// A length with its unit, in µm. `50 um` is 50 exactly.
pub(super) fn must_length<'a>(text: &'a str, wanted: &str) -> Read<'a, f64> {
    let (rest, x) = must_number(text, wanted)?;
    let (after, symbol) = unit_symbol(rest)?;
    if symbol.is_empty() {
        return Fault::new(text, format!("the length {x} has no unit"))
            .kind(ErrorKind::Dimension)
            .help(format!("write `{x} um`"))
            .stop();
    }
    match unit(symbol) {
        Some(unit) if unit.dimension == Dimension::LENGTH => {
            // Every unit of length is a power of ten: kept whole, `0.1 mm` is 100 um exactly.
            let power = (unit.scale / 1e-6).log10().round() as i32;
            let factor = 10f64.powi(power.abs());
            let um = if power < 0 { x / factor } else { x * factor };
            if um.is_finite() {
                Ok((after, um))
            } else {
                Fault::new(text, "this number is too large").kind(ErrorKind::Value).stop()
            }
        }
        Some(unit) => Fault::new(rest, format!("expected a length, found a {}", unit.dimension))
            .kind(ErrorKind::Dimension)
            .stop(),
        None => Fault::new(rest, format!("unknown unit `{symbol}`"))
            .kind(ErrorKind::Dimension)
            .help("lengths are in `um`, `mm`, `nm`")
            .stop(),
    }
}

/// The unit behind a number: letters and what stands between them without a space. Empty if none.
fn unit_symbol(text: &str) -> Read<'_, &str> {
    let text = text.trim_start();
    let head = |c: char| c.is_alphabetic() || matches!(c, 'µ' | '°');
    if !text.starts_with(head) {
        return Ok((text, ""));
    }
    take_while1(|c: char| c.is_alphanumeric() || matches!(c, '_' | '^' | '/' | '*' | '°')).parse(text)
}

/// The text of one argument: up to a `,` or `;` or the `)` that ends it, parentheses counted.
pub(super) fn argument_text(text: &str) -> Read<'_, &str> {
    let mut depth = 0u32;
    let mut end = text.len();
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' | ',' | ';' if depth == 0 => {
                end = i;
                break;
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    let (argument, rest) = text.split_at(end);
    if argument.trim().is_empty() {
        return Fault::expected(text, "a value").stop();
    }
    Ok((rest, argument))
}
