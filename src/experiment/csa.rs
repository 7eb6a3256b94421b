//! `connector = { csa = "…" }`: connection sets in the words of the Connection-Set Algebra (Djurfeldt, Neuroinformatics 10:287,
//! 2012), as PyNN's `CSAConnector` has them from the Python package `csa`.
//!
//! ```text
//! set     = product { "-" product }                 difference
//! product = factor { "*" factor }                   intersection, or an operator on what follows
//! factor  = "~" factor | "(" set ")" | name [ "(" arguments ")" ]
//! ```

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, multispace0};
use nom::combinator::{map, opt, recognize};
use nom::multi::{many0, separated_list0};
use nom::number::complete::double;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use crate::error::Result;
use crate::model::{Connector, Formula, Value};

/// Deepest nesting of parentheses and complements.
const MAX_DEPTH: usize = 32;

/// Longest text, bytes.
const MAX_LENGTH: usize = 2000;

/// What can be said instead of what is not read.
const HELP: &str = "known are empty, full, oneToOne, random(p), random(N=n), random(fanIn=n), random(fanOut=n), cross(ival(a, b), ival(c, d)), \
                    block(m, n), shift(m, n), transpose, and ~, *, -; any other set can be written to a text file: { file = \"pairs.txt\" }";

/// Which pairs are connected.
#[derive(Debug, Clone, PartialEq)]
enum Mask {
    Empty,
    Full,
    OneToOne,
    /// Each pair with this probability.
    Random(f64),
    /// Sources and targets from the first to the last.
    Cross([[f64; 2]; 2]),
    /// What the second lacks of the first.
    Difference(Box<Mask>, Box<Mask>),
    Both(Box<Mask>, Box<Mask>),
    Complement(Box<Mask>),
    Of(Operator, Box<Mask>),
}

/// What makes another set of a set.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    /// Each pair of a set becomes a block of so many sources and targets.
    Block(f64, f64),
    /// Sources and targets are so much further on.
    Shift(f64, f64),
    Transpose,
    /// So many drawn in all, with replacement.
    Total(u64),
    /// So many drawn for each target.
    FanIn(u64),
    /// So many drawn for each source.
    FanOut(u64),
}

/// A factor of a product.
#[derive(Debug, Clone)]
enum Factor {
    Mask(Mask),
    Operator(Operator),
}

/// An argument of a call.
#[derive(Debug, Clone)]
enum Argument<'a> {
    Number(f64),
    Named(&'a str, f64),
    Interval([f64; 2]),
}

/// The connector that `text` stands for; else what is wrong with it, and what to do.
pub(super) fn connector(text: &str) -> Result<Connector, (String, &'static str)> {
    let wrong = |message: String| (message, HELP);
    if text.len() > MAX_LENGTH {
        return Err(wrong(format!("a connection set of more than {MAX_LENGTH} letters")));
    }
    let depth = text.chars().scan(0_usize, |depth, c| {
        *depth = (*depth + usize::from(c == '(' || c == '~')).saturating_sub(usize::from(c == ')'));
        Some(*depth)
    });
    if depth.max() > Some(MAX_DEPTH) {
        return Err(wrong(format!("more than {MAX_DEPTH} parentheses or complements within each other")));
    }
    let mask = match set(text) {
        Ok(("", mask)) => mask,
        Ok((rest, _)) if rest.starts_with('+') => {
            let help = "a pair may be in both sets and is then connected twice: write two projections";
            return Err(("sums of connection sets are not read".into(), help));
        }
        Ok((rest, _)) => return Err(wrong(format!("`{rest}` is no part of a connection set that is read"))),
        Err(nom::Err::Error(at) | nom::Err::Failure(at)) if !at.input.is_empty() => {
            return Err(wrong(format!("`{}` is no connection set that is read", at.input)));
        }
        Err(_) => return Err(wrong("the connection set breaks off".into())),
    };
    let count = |n: u64| Value::Constant(n as f64);
    Ok(match mask {
        Mask::Full => Connector::AllToAll,
        Mask::Random(p) => Connector::FixedProbability(p),
        Mask::Of(operator, of) if *of == Mask::Full && operator.draws() => match operator {
            Operator::FanIn(n) => Connector::FixedNumberPre { n: count(n), with_replacement: true },
            Operator::FanOut(n) => Connector::FixedNumberPost { n: count(n), with_replacement: true },
            Operator::Total(n) => Connector::FixedTotalNumber { n, with_replacement: true },
            Operator::Block(..) | Operator::Shift(..) | Operator::Transpose => Connector::AllToAll,
        },
        mask => {
            let probability = mask.probability("i", "j", true).map_err(|message| wrong(message.into()))?;
            Connector::Probability(Formula::parse(&probability).map_err(|e| wrong(e.to_string()))?)
        }
    })
}

impl Operator {
    /// Whether it draws a number of pairs from a set.
    fn draws(self) -> bool {
        matches!(self, Operator::Total(_) | Operator::FanIn(_) | Operator::FanOut(_))
    }
}

impl Mask {
    /// The formula for the probability of the pair of `i` and `j`, which are formulas too. Where pairs share their indices they would
    /// have to share what is drawn: then nothing `may_draw`.
    fn probability(&self, i: &str, j: &str, may_draw: bool) -> Result<String, &'static str> {
        let of = |mask: &Mask| mask.probability(i, j, may_draw);
        Ok(match self {
            Mask::Empty => "0".into(),
            Mask::Full => "1".into(),
            Mask::OneToOne => format!("H(0.5 - abs({i} - {j}))"),
            Mask::Random(_) if !may_draw => {
                return Err("blocks of pairs that are drawn together are not read");
            }
            Mask::Random(p) => format!("{p}"),
            Mask::Cross([[a, b], [c, d]]) => {
                let within = |x: &str, [first, last]: [f64; 2]| match last.is_finite() {
                    true => format!("H({x} - {first}) * H({last} - {x})"),
                    false => format!("H({x} - {first})"),
                };
                format!("{} * {}", within(i, [*a, *b]), within(j, [*c, *d]))
            }
            Mask::Difference(one, other) => format!("({}) * (1 - ({}))", of(one)?, of(other)?),
            Mask::Both(one, other) => format!("({}) * ({})", of(one)?, of(other)?),
            Mask::Complement(of_this) => format!("(1 - ({}))", of(of_this)?),
            Mask::Of(operator, mask) => match operator {
                Operator::Block(m, n) => {
                    mask.probability(&format!("floor({i} / {m})"), &format!("floor({j} / {n})"), false)?
                }
                Operator::Shift(m, n) => {
                    let (i, j) = (format!("({i} - {m})"), format!("({j} - {n})"));
                    // A shifted set has none before where it begins.
                    let begins = format!("H({i}) * H({j})");
                    format!("{begins} * ({})", mask.probability(&i, &j, may_draw)?)
                }
                Operator::Transpose => mask.probability(j, i, may_draw)?,
                _ => {
                    return Err(
                        "random(N=…), random(fanIn=…) and random(fanOut=…) are read alone or of `full`",
                    );
                }
            },
        })
    }
}

/// `parser` and the blanks after it.
fn token<'a, O>(
    parser: impl Parser<&'a str, Output = O, Error = nom::error::Error<&'a str>>,
) -> impl Parser<&'a str, Output = O, Error = nom::error::Error<&'a str>> {
    terminated(parser, multispace0)
}

fn set(text: &str) -> IResult<&str, Mask> {
    let (text, _) = multispace0(text)?;
    let (text, first) = product(text)?;
    let (text, others) = many0(preceded(token(char('-')), product)).parse(text)?;
    Ok((text, others.into_iter().fold(first, |a, b| Mask::Difference(Box::new(a), Box::new(b)))))
}

fn product(text: &str) -> IResult<&str, Mask> {
    let (text, first) = factor(text)?;
    let (text, others) = many0(preceded(token(char('*')), factor)).parse(text)?;
    // Operators act on what is behind them; behind the last one is everything.
    let mut behind = None;
    for factor in std::iter::once(first).chain(others).rev() {
        let boxed = behind.map(Box::new);
        behind = Some(match (factor, boxed) {
            (Factor::Mask(mask), None) => mask,
            (Factor::Mask(mask), Some(behind)) => Mask::Both(Box::new(mask), behind),
            (Factor::Operator(operator), behind) => {
                Mask::Of(operator, behind.unwrap_or_else(|| Box::new(Mask::Full)))
            }
        });
    }
    Ok((text, behind.unwrap_or(Mask::Full)))
}

fn factor(text: &str) -> IResult<&str, Factor> {
    let complement = map(preceded(token(char('~')), factor), |factor| match factor {
        Factor::Mask(mask) => Factor::Mask(Mask::Complement(Box::new(mask))),
        operator @ Factor::Operator(_) => operator,
    });
    let within = map(delimited(token(char('(')), set, token(char(')'))), Factor::Mask);
    alt((complement, within, named)).parse(text)
}

fn word(text: &str) -> IResult<&str, &str> {
    recognize(take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_')).parse(text)
}

/// A name, with the name of the package before it or not, and its arguments.
fn named(text: &str) -> IResult<&str, Factor> {
    let unknown = || nom::Err::Failure(nom::error::Error::new(text, nom::error::ErrorKind::Verify));
    let (rest, _) = opt(alt((tag("cset."), tag("csa.")))).parse(text)?;
    let (rest, name) = token(word).parse(rest)?;
    let arguments =
        delimited(token(char('(')), separated_list0(token(char(',')), argument), token(char(')')));
    let (rest, given) = opt(arguments).parse(rest)?;
    let whole = |x: f64| x >= 0.0 && x.fract() == 0.0 && x < 9e15;
    let mask = |mask| Factor::Mask(mask);
    let factor = match (name, given.as_deref()) {
        ("empty", None) => mask(Mask::Empty),
        ("full", None) => mask(Mask::Full),
        ("oneToOne", None) => mask(Mask::OneToOne),
        ("transpose", None) => Factor::Operator(Operator::Transpose),
        ("random", Some([Argument::Number(p) | Argument::Named("p", p)])) if (0.0..=1.0).contains(p) => {
            mask(Mask::Random(*p))
        }
        ("random", Some([Argument::Named(of, n)])) if whole(*n) => Factor::Operator(match *of {
            "N" => Operator::Total(*n as u64),
            "fanIn" => Operator::FanIn(*n as u64),
            "fanOut" => Operator::FanOut(*n as u64),
            _ => return Err(unknown()),
        }),
        ("block", Some([Argument::Number(m)])) if whole(*m) && *m > 0.0 => {
            Factor::Operator(Operator::Block(*m, *m))
        }
        ("block", Some([Argument::Number(m), Argument::Number(n)]))
            if whole(*m) && whole(*n) && *m > 0.0 && *n > 0.0 =>
        {
            Factor::Operator(Operator::Block(*m, *n))
        }
        ("shift", Some([Argument::Number(m), Argument::Number(n)])) if whole(m.abs()) && whole(n.abs()) => {
            Factor::Operator(Operator::Shift(*m, *n))
        }
        ("cross", Some([Argument::Interval(sources), Argument::Interval(targets)])) => {
            mask(Mask::Cross([*sources, *targets]))
        }
        _ => return Err(unknown()),
    };
    Ok((rest, factor))
}

fn argument(text: &str) -> IResult<&str, Argument<'_>> {
    let bounds = (token(double), preceded(token(char(',')), token(double)));
    let interval = map(
        preceded((tag("ival"), multispace0), delimited(token(char('(')), bounds, token(char(')')))),
        |(first, last)| Argument::Interval([first, last]),
    );
    let naturals = map(tag("N"), |_| Argument::Interval([0.0, f64::INFINITY]));
    let named = map((token(word), preceded(token(char('=')), double)), |(name, x)| Argument::Named(name, x));
    let (text, _) = opt(alt((tag("cset."), tag("csa.")))).parse(text)?;
    token(alt((interval, map(double, Argument::Number), named, naturals))).parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs of 6 sources and 5 targets whose probability is 1; all others must have 0.
    fn pairs(text: &str) -> Vec<(usize, usize)> {
        let mask = match set(text) {
            Ok(("", mask)) => mask,
            other => panic!("{text}: {other:?}"),
        };
        let formula = mask.probability("i", "j", true).unwrap();
        let parsed = crate::expr::parse(&formula).unwrap();
        let mut found = Vec::new();
        for i in 0..6 {
            for j in 0..5 {
                let value = |name: &str| match name {
                    "i" => Some(i as f64),
                    "j" => Some(j as f64),
                    _ => None,
                };
                match crate::expr::eval::evaluate(&parsed, &value).unwrap() {
                    1.0 => found.push((i, j)),
                    0.0 => {}
                    other => panic!("{text}: {other} at {i}, {j}"),
                }
            }
        }
        found
    }

    #[test]
    fn sets_have_the_pairs_of_the_algebra() {
        let all: Vec<(usize, usize)> = (0..6).flat_map(|i| (0..5).map(move |j| (i, j))).collect();
        let those = |is_in: &dyn Fn(usize, usize) -> bool| -> Vec<(usize, usize)> {
            all.iter().copied().filter(|&(i, j)| is_in(i, j)).collect()
        };
        assert_eq!(pairs("csa.full"), all);
        assert_eq!(pairs("cset.empty"), []);
        assert_eq!(pairs("oneToOne"), those(&|i, j| i == j));
        assert_eq!(pairs("~oneToOne"), those(&|i, j| i != j));
        assert_eq!(pairs(" cset.full - cset.oneToOne "), those(&|i, j| i != j));
        assert_eq!(pairs("block(2) * oneToOne"), those(&|i, j| i / 2 == j / 2));
        assert_eq!(pairs("block(3, 2) * oneToOne"), those(&|i, j| i / 3 == j / 2));
        assert_eq!(pairs("shift(1, 0) * oneToOne"), those(&|i, j| i == j + 1));
        assert_eq!(pairs("shift(0, 2) * full"), those(&|_, j| j >= 2));
        assert_eq!(pairs("cross(ival(1, 3), csa.ival(0,1))"), those(&|i, j| (1..=3).contains(&i) && j <= 1));
        assert_eq!(pairs("cross(N, ival(4, 4)) - oneToOne"), those(&|i, j| j == 4 && i != 4));
        assert_eq!(pairs("transpose * cross(ival(1, 3), N)"), those(&|_, j| (1..=3).contains(&j)));
        assert_eq!(pairs("(full - oneToOne) * block(2) * oneToOne"), those(&|i, j| i != j && i / 2 == j / 2));
    }

    #[test]
    fn what_is_drawn_is_a_connector_of_its_own() {
        let read = |text: &str| connector(text).unwrap();
        let n = || Value::Constant(7.0);
        assert_eq!(read("cset.full"), Connector::AllToAll);
        assert_eq!(read("cset.random(0.1)"), Connector::FixedProbability(0.1));
        assert_eq!(read("random(p = 0.1)"), Connector::FixedProbability(0.1));
        assert_eq!(read("random(fanIn=7)"), Connector::FixedNumberPre { n: n(), with_replacement: true });
        assert_eq!(
            read("random(fanOut = 7) * full"),
            Connector::FixedNumberPost { n: n(), with_replacement: true }
        );
        assert_eq!(read("random(N=7)"), Connector::FixedTotalNumber { n: 7, with_replacement: true });
        let Connector::Probability(formula) = read("random(0.25) - oneToOne") else { panic!() };
        assert_eq!(formula, Formula::parse("(0.25) * (1 - (H(0.5 - abs(i - j))))").unwrap());
    }

    #[test]
    fn what_is_not_read_is_said() {
        for (text, wanted) in [
            ("random(2)", "`random(2)` is no connection set"),
            ("full + oneToOne", "sums of connection sets"),
            ("block(5) * random(0.1)", "drawn together"),
            ("random(fanIn=3) * oneToOne", "alone or of `full`"),
            ("disc(0.1) * d", "`disc(0.1) * d` is no connection set"),
            ("block(0) * oneToOne", "no connection set"),
            ("full -", "`-` is no part"),
            ("full)", "`)` is no part"),
            ("", "breaks off"),
            (&"(".repeat(1000), "within each other"),
            (&"~".repeat(1000), "within each other"),
            (&"full*".repeat(1000), "more than 2000 letters"),
        ] {
            let (message, help) = connector(text).unwrap_err();
            assert!(message.contains(wanted) && !help.is_empty(), "{message}");
        }
    }
}
