//! Reading intervals of measures.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::opt;

use super::lex::{Fault, Read, must, must_length, must_whole, symbol};
use super::{Bound, Interval, Measure};
use crate::error::ErrorKind;

/// What follows a measure's word: `(50 um, 100 um)`, `(> 100 um)`, `> 100 um`.
pub(super) fn measured(text: &str, measure: Measure) -> Read<'_, Interval> {
    if let Ok((inner, _)) = symbol("(").parse(text) {
        let (rest, interval) = bounds(inner, measure)?;
        let (rest, ()) = must(rest, ")")?;
        return Ok((rest, interval));
    }
    match comparison(text, measure)? {
        (rest, Some(interval)) => Ok((rest, interval)),
        (_, None) => {
            let (from, to) = if measure.is_length() { ("50 um", "100 um") } else { ("1", "3") };
            let word = measure.word();
            Fault::expected(text, "`(`, `<`, `<=`, `>` or `>=`")
                .help(format!("write `{word} < {to}` or `{word}({from}, {to})`"))
                .stop()
        }
    }
}

/// `50 um, 100 um`, `50 um to 100 um`, `> 50 um, <= 100 um`, `< 50 um`, with or without a `d` in
/// front of the comparison.
pub(super) fn bounds(text: &str, measure: Measure) -> Read<'_, Interval> {
    let after_d = symbol("d").parse(text).map_or(text, |(rest, _)| rest);
    if let (rest, Some(first)) = comparison(after_d, measure)? {
        let Ok((after, _)) = symbol(",").parse(rest) else { return Ok((rest, first)) };
        let after = symbol("d").parse(after).map_or(after, |(rest, _)| rest);
        let (end, second) = comparison(after, measure)?;
        let both = second.and_then(|second| {
            Some((first.from().or(second.from())?, first.to().or(second.to())?))
                .filter(|_| first.from().is_none() != second.from().is_none())
        });
        return match both {
            Some((from, to)) => ordered(text, end, Interval::within(from, to)),
            None => Fault::expected(after, "the other end of the interval").stop(),
        };
    }
    let (rest, from) = measure_value(text, measure)?;
    let (rest, separator) = opt(alt((symbol(","), symbol("to")))).parse(rest)?;
    if separator.is_none() {
        if measure == Measure::BranchOrder {
            return Ok((rest, Interval::between(from, from)));
        }
        return Fault::expected(rest, "`,` and the upper end, or `<`, `<=`, `>` or `>=` before the number")
            .stop();
    }
    let (rest, to) = measure_value(rest, measure)?;
    ordered(text, rest, Interval::between(from, to))
}

fn ordered<'a>(at: &'a str, rest: &'a str, interval: Interval) -> Read<'a, Interval> {
    let (from, to) = interval.ends().into_inner();
    if from > to {
        return Fault::new(at, format!("the interval ends ({to}) before it begins ({from})"))
            .kind(ErrorKind::Value)
            .stop();
    }
    Ok((rest, interval))
}

/// `< 50 um` and the like, if that is next.
fn comparison(text: &str, measure: Measure) -> Read<'_, Option<Interval>> {
    // The longer operators first.
    for operator in ["<=", ">=", "==", "<", ">", "="] {
        if let Ok((rest, _)) = symbol(operator).parse(text) {
            let (rest, value) = measure_value(rest, measure)?;
            let bound = Bound { value, inclusive: operator.ends_with('=') };
            let interval = match operator {
                "<" | "<=" => Interval::below(bound),
                ">" | ">=" => Interval::above(bound),
                _ => Interval::within(bound, bound),
            };
            return Ok((rest, Some(interval)));
        }
    }
    Ok((text, None))
}

fn measure_value(text: &str, measure: Measure) -> Read<'_, f64> {
    if measure.is_length() {
        must_length(text, "a length such as `50 um`")
    } else {
        let (rest, order) = must_whole(text, "a branch order, a whole number from 0", 0)?;
        Ok((rest, f64::from(order)))
    }
}
