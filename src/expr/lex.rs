//! Splitting an expression's text into tokens.

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_till1, take_while};
use nom::character::complete::{char, satisfy};
use nom::combinator::{map, recognize, value, verify};
use nom::sequence::{delimited, pair};
use nom::{IResult, Parser};

use super::{BinaryOp, CompareOp};
use crate::error::{Error, ErrorKind, Result};
use crate::units::{Unit, parse::split_number};

/// Longest text that is read as an expression, in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// A piece of an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    /// A literal as written and the unit behind it.
    Number(f64, Option<Unit>),
    Name(&'a str),
    /// A name in braces, which may be a path and is never a function.
    Path(&'a str),
    Op(BinaryOp),
    Compare(CompareOp),
    /// `.and.` (`true` if written `&&`)
    And(bool),
    /// `.or.` (`true` if written `||`)
    Or(bool),
    Not,
    Open,
    Close,
    Comma,
    End,
}

impl Token<'_> {
    /// What a person would call it.
    pub(super) fn describe(&self, text: &str) -> String {
        match self {
            Token::End => "the end".to_string(),
            _ => format!("'{text}'"),
        }
    }
}

/// A token and the bytes `start..end` of the text that it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spanned<'a> {
    pub(super) token: Token<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
}

fn operator(input: &str) -> IResult<&str, Token<'_>> {
    let dotted = alt((
        value(Token::Compare(CompareOp::Lt), tag_no_case(".lt.")),
        value(Token::Compare(CompareOp::Le), tag_no_case(".leq.")),
        value(Token::Compare(CompareOp::Le), tag_no_case(".le.")),
        value(Token::Compare(CompareOp::Gt), tag_no_case(".gt.")),
        value(Token::Compare(CompareOp::Ge), tag_no_case(".geq.")),
        value(Token::Compare(CompareOp::Ge), tag_no_case(".ge.")),
        value(Token::Compare(CompareOp::Eq), tag_no_case(".eq.")),
        value(Token::Compare(CompareOp::Ne), tag_no_case(".neq.")),
        value(Token::Compare(CompareOp::Ne), tag_no_case(".ne.")),
        value(Token::And(false), tag_no_case(".and.")),
        value(Token::Or(false), tag_no_case(".or.")),
        value(Token::Not, tag_no_case(".not.")),
    ));
    let signs = alt((
        value(Token::Compare(CompareOp::Le), tag("<=")),
        value(Token::Compare(CompareOp::Ge), tag(">=")),
        value(Token::Compare(CompareOp::Eq), tag("==")),
        value(Token::Compare(CompareOp::Ne), tag("!=")),
        value(Token::Compare(CompareOp::Lt), char('<')),
        value(Token::Compare(CompareOp::Gt), char('>')),
        value(Token::And(true), tag("&&")),
        value(Token::Or(true), tag("||")),
        value(Token::Not, char('!')),
    ));
    let arithmetic = alt((
        value(Token::Op(BinaryOp::Add), char('+')),
        value(Token::Op(BinaryOp::Sub), alt((char('-'), char('\u{2212}')))),
        value(Token::Op(BinaryOp::Mul), char('*')),
        value(Token::Op(BinaryOp::Div), char('/')),
        value(Token::Op(BinaryOp::Pow), char('^')),
        value(Token::Open, char('(')),
        value(Token::Close, char(')')),
        value(Token::Comma, char(',')),
    ));
    alt((dotted, signs, arithmetic)).parse(input)
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn name(input: &str) -> IResult<&str, Token<'_>> {
    let plain = recognize(pair(satisfy(|c| c.is_alphabetic() || c == '_'), take_while(is_name_part)));
    let inside = verify(take_till1(|c| matches!(c, '{' | '}')), |path: &str| !path.trim().is_empty());
    let path = delimited(char('{'), inside, char('}'));
    alt((map(plain, Token::Name), map(path, |path: &str| Token::Path(path.trim())))).parse(input)
}

/// A literal without sign. A point that begins an operator (`3.lt.x`) is not part of it.
fn number(input: &str) -> Option<(f64, usize)> {
    let mut bytes = input.bytes();
    let begins = match bytes.next()? {
        b'.' => bytes.next()?.is_ascii_digit(),
        first => first.is_ascii_digit(),
    };
    if !begins {
        return None;
    }
    let (digits, rest) = split_number(input)?;
    let digits = match digits.strip_suffix('.') {
        Some(short) if rest.starts_with(char::is_alphabetic) => short,
        _ => digits,
    };
    Some((digits.parse().ok()?, digits.len()))
}

/// The longest unit that `text` begins with: its length and what it is.
///
/// A unit may hold `/`, `*`, `·`, `^`, a sign of an exponent and single spaces between symbols, but no
/// spaces around a `/` or `*`: `0.12 S/cm2 * g` ends its unit before the space.
fn longest_unit(text: &str, units: &dyn Fn(&str) -> Option<Unit>) -> Option<(usize, Unit)> {
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '_' | '°' | 'µ' | 'Ω' | '²' | '³');
    let mut found = None;
    let mut at = 0;
    let mut pieces = 0;
    loop {
        let run = text[at..].find(|c| !letter(c)).unwrap_or(text.len() - at);
        if run == 0 || pieces == 8 {
            return found;
        }
        at += run;
        pieces += 1;
        let mut try_end = |end: usize| {
            let boundary = !text[end..].starts_with(is_name_part);
            if let (true, Some(unit)) = (boundary, units(&text[..end])) {
                found = Some((end, unit));
            }
        };
        try_end(at);
        // An exponent written with `^`.
        if let Some(power) = text[at..].strip_prefix('^') {
            let sign = usize::from(power.starts_with('-'));
            let digits = power[sign..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && pieces > 0 {
                at += 1 + sign + digits;
                try_end(at);
            }
        }
        match text[at..].chars().next() {
            Some(joint @ ('/' | '*' | '·' | ' ')) => at += joint.len_utf8(),
            _ => return found,
        }
    }
}

/// An error at byte `at` of `text`, with the column and the text around it.
pub(super) fn error_at(text: &str, at: usize, message: &str) -> Error {
    let at = at.min(text.len());
    let column = text[..at].chars().count();
    let begin = column.saturating_sub(40);
    let shown: String =
        text.chars().skip(begin).take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let caret = " ".repeat(column - begin);
    Error::new(ErrorKind::Syntax, format!("{message} at column {}\n    {shown}\n    {caret}^", column + 1))
}

/// The tokens of `text`, ended by [`Token::End`].
pub(super) fn tokens<'a>(text: &'a str, units: &dyn Fn(&str) -> Option<Unit>) -> Result<Vec<Spanned<'a>>> {
    if text.len() > MAX_LENGTH {
        return Err(Error::new(ErrorKind::Limit, "an expression is longer than 1 MiB"));
    }
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        if rest.is_empty() {
            out.push(Spanned { token: Token::End, start: at, end: at });
            return Ok(out);
        }
        let (token, length) = if let Some((value, length)) = number(rest) {
            if !value.is_finite() {
                return Err(error_at(text, at, "a number beyond the range of numbers"));
            }
            let spaces = rest[length..].len() - rest[length..].trim_start_matches(' ').len();
            match longest_unit(&rest[length + spaces..], units) {
                Some((unit_length, unit)) => {
                    (Token::Number(value, Some(unit)), length + spaces + unit_length)
                }
                None => (Token::Number(value, None), length),
            }
        } else {
            match alt((operator, name)).parse(rest) {
                Ok((after, token)) => (token, rest.len() - after.len()),
                Err(_) => {
                    let found = rest.chars().next().map_or(String::new(), |c| c.escape_debug().to_string());
                    return Err(error_at(text, at, &format!("unexpected character '{found}'")));
                }
            }
        };
        out.push(Spanned { token, start: at, end: at + length });
        at += length;
    }
}
