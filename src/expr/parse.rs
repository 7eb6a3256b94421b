//! Reading expressions in the syntax of LEMS.
//!
//! Operators from loosest to tightest, as jLEMS (the reference implementation of LEMS; Cannon et
//! al. 2014, Front. Neuroinform. 8:79) binds them:
//!
//! | operators | grouping |
//! |---|---|
//! | `.and.` `.or.` (also `&&`, `\|\|`) | both alike, from the left |
//! | `.not.` (also `!`) | applies to a whole comparison |
//! | `.lt.` `.leq.` `.gt.` `.geq.` `.eq.` `.neq.` (also `<` `<=` `>` `>=` `==` `!=`) | do not chain |
//! | `+` `-`, and a minus at the start of an expression or parenthesis | from the left |
//! | `*` `/` | from the left |
//! | `^` | from the left: `a^b^c` is `(a^b)^c` |
//! | a minus behind another operator | `-a^2` is `-(a^2)`, but `x*-a^2` is `x*((-a)^2)` |
//!
//! `&&` and `||` side by side need parentheses, because LEMS and C disagree on their order.
//!
//! Beyond LEMS: `if(condition, a, b)`, and names in braces (`{m/q}`), which may be paths.
//!
//! With units, a literal may carry one: `0.12 S/cm2 * exp(-d / 200 um)`. The longest text behind the
//! number that is a unit counts as one. Within it `/` and `*` stand without spaces; with spaces they
//! are arithmetic. A bare name is a variable, never a unit: `d / um` divides by a variable `um`.

use super::lex::{Spanned, Token, error_at, tokens};
use super::{BinaryOp, Expr, Function};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::units::{Dimension, Unit};

/// Deepest nesting of parentheses and functions.
const MAX_NESTING: u32 = 200;
/// Greatest height of a syntax tree, so that walking it never exhausts the stack.
const MAX_HEIGHT: u32 = 1000;

/// Every function and its name; the first name of each is the one that is printed.
pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("exp", Function::Exp),
    ("ln", Function::Ln),
    ("log", Function::Ln),
    ("log10", Function::Log10),
    ("sqrt", Function::Sqrt),
    ("sin", Function::Sin),
    ("cos", Function::Cos),
    ("tan", Function::Tan),
    ("sinh", Function::Sinh),
    ("cosh", Function::Cosh),
    ("tanh", Function::Tanh),
    ("abs", Function::Abs),
    ("floor", Function::Floor),
    ("ceil", Function::Ceil),
    ("H", Function::Heaviside),
    ("random", Function::Random),
    ("factorial", Function::Factorial),
];

/// An expression together with the dimensions of its literals, in order of writing.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The expression; literals are in SI units.
    pub expr: Expr,
    /// One dimension for each [`Expr::Number`], from left to right.
    pub literals: Vec<Dimension>,
}

/// Reads an expression in LEMS's syntax.
///
/// # Errors
/// If the text does not follow the grammar, names an unknown function, adds conditions or compares
/// them, or is nested too deeply. The message holds the column and the text around it.
///
/// ```
/// let rate = neuropil::expr::parse("rate * exp((v - midpoint) / scale)").unwrap();
/// let mut names = Vec::new();
/// rate.visit_names(&mut |name| names.push(name.to_string()));
/// assert_eq!(names, ["rate", "v", "midpoint", "scale"]);
/// ```
pub fn parse(text: &str) -> Result<Expr> {
    parse_with_units(text, &|_| None)
}

/// Reads an expression in which a number may carry a unit (`0.12 S/cm2 * exp(-d / 200 um)`).
///
/// # Errors
/// As [`parse`].
///
/// ```
/// use neuropil::expr::{Expr, parse::parse_with_units};
/// let value = parse_with_units("200 um", &neuropil::units::unit).unwrap();
/// assert_eq!(value, Expr::Number(200.0 * 1e-6));
/// ```
pub fn parse_with_units(text: &str, units: &dyn Fn(&str) -> Option<Unit>) -> Result<Expr> {
    parse_with_dimensions(text, units).map(|parsed| parsed.expr)
}

/// Reads an expression with units and keeps the dimensions of its literals, for
/// [`dims::dimension_of`](super::dims::dimension_of).
///
/// # Errors
/// As [`parse`].
pub fn parse_with_dimensions(text: &str, units: &dyn Fn(&str) -> Option<Unit>) -> Result<Parsed> {
    let tokens = tokens(text, units)?;
    let mut parser = Parser { text, tokens, at: 0, nesting: 0, literals: Vec::new() };
    let node = parser.logic()?;
    match parser.peek() {
        Token::End => Ok(Parsed { expr: node.expr, literals: parser.literals }),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

/// Part of the tree under construction.
struct Node {
    expr: Expr,
    height: u32,
    condition: bool,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Spanned<'a>>,
    at: usize,
    nesting: u32,
    literals: Vec<Dimension>,
}

impl<'a> Parser<'a> {
    fn current(&self) -> Spanned<'a> {
        let end = self.text.len();
        self.tokens.get(self.at).copied().unwrap_or(Spanned { token: Token::End, start: end, end })
    }

    fn peek(&self) -> Token<'a> {
        self.current().token
    }

    fn error(&self, message: &str) -> Error {
        error_at(self.text, self.current().start, message)
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found = self.current();
        let shown = self.text.get(found.start..found.end).unwrap_or_default();
        self.error(&format!("expected {wanted}, found {}", found.token.describe(shown)))
    }

    /// Takes the current token if it is `token`.
    fn take(&mut self, token: Token<'_>) -> bool {
        let same = self.peek() == token;
        self.at += usize::from(same);
        same
    }

    fn node(&self, height: u32, expr: Expr, condition: bool) -> Result<Node> {
        if height > MAX_HEIGHT {
            let message = format!("an expression of more than {MAX_HEIGHT} operations in a row");
            return Err(Error::new(ErrorKind::Limit, message).help("split it into derived variables"));
        }
        Ok(Node { expr, height, condition })
    }

    fn binary(&self, op: BinaryOp, a: Node, b: Node) -> Result<Node> {
        self.want_number(&a)?;
        self.want_number(&b)?;
        self.node(a.height.max(b.height) + 1, Expr::binary(op, a.expr, b.expr), false)
    }

    fn want_number(&self, node: &Node) -> Result<()> {
        if node.condition {
            Err(self.error("expected a number, found a condition before this"))
        } else {
            Ok(())
        }
    }

    fn want_condition(&self, node: &Node) -> Result<()> {
        if node.condition {
            Ok(())
        } else {
            Err(self.error("expected a condition such as 'x .gt. 0' before this"))
        }
    }

    fn logic(&mut self) -> Result<Node> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            let message = format!("more than {MAX_NESTING} parentheses within each other");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let mut left = self.negation()?;
        let mut first: Option<Token<'_>> = None;
        loop {
            let operator = self.peek();
            let (Token::And(c_like) | Token::Or(c_like)) = operator else { break };
            let previous = *first.get_or_insert(operator);
            if c_like && previous != operator {
                return Err(self.error("'&&' and '||' side by side need parentheses"));
            }
            self.want_condition(&left)?;
            self.at += 1;
            let right = self.negation()?;
            self.want_condition(&right)?;
            let height = left.height.max(right.height) + 1;
            let (a, b) = (Box::new(left.expr), Box::new(right.expr));
            let expr = if matches!(operator, Token::And(_)) { Expr::And(a, b) } else { Expr::Or(a, b) };
            left = self.node(height, expr, true)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn negation(&mut self) -> Result<Node> {
        let mut count = 0;
        while self.take(Token::Not) {
            count += 1;
        }
        let mut inner = self.comparison()?;
        for _ in 0..count {
            self.want_condition(&inner)?;
            inner = self.node(inner.height + 1, Expr::Not(Box::new(inner.expr)), true)?;
        }
        Ok(inner)
    }

    fn comparison(&mut self) -> Result<Node> {
        let left = self.sum()?;
        let Token::Compare(op) = self.peek() else { return Ok(left) };
        self.want_number(&left)?;
        self.at += 1;
        let right = self.sum()?;
        self.want_number(&right)?;
        if let Token::Compare(_) = self.peek() {
            return Err(self.error("comparisons do not chain: join them with '.and.'"));
        }
        let height = left.height.max(right.height) + 1;
        self.node(height, Expr::Compare(op, Box::new(left.expr), Box::new(right.expr)), true)
    }

    fn sum(&mut self) -> Result<Node> {
        let mut left = match self.leading_sign() {
            None => self.product(None)?,
            Some(false) => {
                let node = self.product(None)?;
                self.want_number(&node)?;
                node
            }
            Some(true) => match self.negative_literal()? {
                Some(literal) => self.product(Some(literal))?,
                None => {
                    let node = self.product(None)?;
                    self.negate(node)?
                }
            },
        };
        loop {
            let op = match self.peek() {
                Token::Op(op @ (BinaryOp::Add | BinaryOp::Sub)) => op,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.product(None)?;
            left = self.binary(op, left, right)?;
        }
    }

    /// A sign before an expression: `Some(true)` for a minus.
    fn leading_sign(&mut self) -> Option<bool> {
        if self.take(Token::Op(BinaryOp::Sub)) {
            Some(true)
        } else {
            self.take(Token::Op(BinaryOp::Add)).then_some(false)
        }
    }

    fn negate(&self, node: Node) -> Result<Node> {
        self.want_number(&node)?;
        self.node(node.height + 1, Expr::Negate(Box::new(node.expr)), false)
    }

    /// The literal behind a minus sign just read, with the sign taken in, unless a power follows.
    fn negative_literal(&mut self) -> Result<Option<Node>> {
        let Token::Number(value, unit) = self.peek() else { return Ok(None) };
        let next = self.tokens.get(self.at + 1).map(|t| t.token);
        if next == Some(Token::Op(BinaryOp::Pow)) {
            return Ok(None);
        }
        self.at += 1;
        self.literal(-value, unit).map(Some)
    }

    fn literal(&mut self, value: f64, unit: Option<Unit>) -> Result<Node> {
        self.literals.push(unit.map_or(Dimension::NONE, |u| u.dimension));
        let si = unit.map_or(value, |u| value * u.scale + u.offset);
        if !si.is_finite() {
            return Err(self.error("a number beyond the range of numbers before this"));
        }
        self.node(1, Expr::Number(si), false)
    }

    fn product(&mut self, first: Option<Node>) -> Result<Node> {
        let mut left = match first {
            Some(node) => node,
            None => self.power()?,
        };
        loop {
            let op = match self.peek() {
                Token::Op(op @ (BinaryOp::Mul | BinaryOp::Div)) => op,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.power()?;
            left = self.binary(op, left, right)?;
        }
    }

    fn power(&mut self) -> Result<Node> {
        let mut left = self.signed()?;
        while self.take(Token::Op(BinaryOp::Pow)) {
            let right = self.signed()?;
            left = self.binary(BinaryOp::Pow, left, right)?;
        }
        Ok(left)
    }

    /// A minus behind an operator binds tightest.
    fn signed(&mut self) -> Result<Node> {
        let mut minus = 0;
        let mut signs = 0;
        while let Some(negative) = self.leading_sign() {
            signs += 1;
            minus += u32::from(negative);
        }
        let mut node = match self.peek() {
            Token::Number(value, unit) if minus > 0 => {
                self.at += 1;
                minus -= 1;
                self.literal(-value, unit)?
            }
            _ => self.atom()?,
        };
        if signs > 0 {
            self.want_number(&node)?;
        }
        for _ in 0..minus {
            node = self.negate(node)?;
        }
        Ok(node)
    }

    fn atom(&mut self) -> Result<Node> {
        let here = self.current();
        match here.token {
            Token::Number(value, unit) => {
                self.at += 1;
                self.literal(value, unit)
            }
            Token::Path(path) => {
                self.at += 1;
                self.node(1, Expr::name(path), false)
            }
            Token::Name(name) => {
                self.at += 1;
                if self.take(Token::Open) {
                    self.call(name, here.start)
                } else {
                    self.node(1, Expr::name(name), false)
                }
            }
            Token::Open => {
                self.at += 1;
                let inner = self.logic()?;
                self.close()?;
                Ok(inner)
            }
            _ => Err(self.unexpected("a number, a name or '('")),
        }
    }

    fn close(&mut self) -> Result<()> {
        if self.take(Token::Close) { Ok(()) } else { Err(self.unexpected("an operator or ')'")) }
    }

    /// What follows `name(`.
    fn call(&mut self, name: &str, start: usize) -> Result<Node> {
        if name == "if" {
            return self.choice();
        }
        let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let error = error_at(self.text, start, &format!("unknown function '{name}'"));
            return Err(match nearest(name, FUNCTIONS.iter().map(|(known, _)| *known)) {
                Some(known) => error.help(format!("did you mean '{known}'?")),
                None => error,
            });
        };
        let argument = self.logic()?;
        self.want_number(&argument)?;
        self.close()?;
        self.node(argument.height + 1, Expr::Call(*function, Box::new(argument.expr)), false)
    }

    /// The rest of `if(condition, a, b)`.
    fn choice(&mut self) -> Result<Node> {
        let condition = self.logic()?;
        self.want_condition(&condition)?;
        let mut sides = Vec::with_capacity(2);
        for _ in 0..2 {
            if !self.take(Token::Comma) {
                return Err(self.unexpected("','"));
            }
            let side = self.logic()?;
            self.want_number(&side)?;
            sides.push(side);
        }
        self.close()?;
        let (Some(b), Some(a)) = (sides.pop(), sides.pop()) else {
            return Err(self.unexpected("two values"));
        };
        let height = condition.height.max(a.height).max(b.height) + 1;
        let expr = Expr::Select(Box::new(condition.expr), Box::new(a.expr), Box::new(b.expr));
        self.node(height, expr, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::eval::evaluate;
    use crate::expr::print::print;
    use crate::units::unit;

    #[track_caller]
    fn value(text: &str) -> f64 {
        let names = |name: &str| match name {
            "a" => Some(2.0),
            "b" => Some(3.0),
            "c" => Some(5.0),
            "x_1" => Some(7.0),
            "m/q" => Some(11.0),
            _ => None,
        };
        let expr = parse_with_units(text, &unit).unwrap_or_else(|e| panic!("{text}: {e}"));
        evaluate(&expr, &names).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn precedence_and_grouping_of_jlems() {
        for (text, wanted) in [
            ("a + b * c", 17.0),
            ("(a + b) * c", 25.0),
            ("a - b - c", -6.0),
            ("c / a / b", 5.0 / 2.0 / 3.0),
            ("c / a * b", 7.5),
            ("a ^ b ^ a", 64.0),
            ("-a ^ 2", -4.0),
            ("(-a ^ 2)", -4.0),
            ("b * -a ^ 2", 12.0),
            ("-2^2", -4.0),
            ("2 * -2^2", 8.0),
            ("a ^ -1", 0.5),
            ("- a + b", 1.0),
            ("a - -b", 5.0),
            ("a * - - b", 6.0),
            ("+a", 2.0),
            ("1e-3*1E+3", 1.0),
            (".5 + 5.", 5.5),
            ("3-2", 1.0),
            ("2e0-1", 1.0),
            ("exp(0) + ln(1) + log(1) + log10(100) + sqrt(16)", 7.0),
            ("H(0) + H(-1e-9) + H(2)", 2.0),
            ("abs(-3) + floor(1.5) + ceil(1.5) + factorial(4)", 30.0),
            ("if(a .lt. b, c, 1/0)", 5.0),
            ("if(a<=b && !(a==b) , 1, 0)", 1.0),
            ("if(1 .eq. 1 .or. 1 .eq. 1 .and. 1 .eq. 2, 1, 0)", 0.0),
            ("if(1.lt.2, 1, 0)", 1.0),
            ("if(.not. a .gt. b, 1, 0)", 1.0),
            ("x_1 * {m/q}", 77.0),
            ("a\u{2212}b", -1.0),
        ] {
            assert_eq!(value(text), wanted, "{text}");
        }
    }

    #[test]
    fn literals_with_units() {
        assert_eq!(value("0.12 S/cm2 * 2"), 0.12 * 1e4 * 2.0);
        assert_eq!(value("6 um / 3 um"), 6.0 * 1e-6 / (3.0 * 1e-6));
        assert_eq!(value("10 mV/a"), 10.0 * 1e-3 / 2.0);
        assert_eq!(value("10 mV/ms"), 10.0 * (1e-3 / 1e-3));
        assert_eq!(value("6.3 degC"), 6.3 + 273.15);
        assert_eq!(value("-5 degC"), -5.0 + 273.15);
        assert_eq!(value("500 ohm cm"), 5.0);
        assert_eq!(value("5 um^2"), 5.0 * 1e-12);
        assert_eq!(value("2 mS_per_cm2"), 20.0);
        assert_eq!(value("a * 200um"), 2.0 * (200.0 * 1e-6));
        let parsed = parse_with_dimensions("3 mV + 2 * 4 nA * 5 Mohm", &unit).unwrap();
        let wanted = [Dimension::VOLTAGE, Dimension::NONE, Dimension::CURRENT, Dimension::RESISTANCE];
        assert_eq!(parsed.literals, wanted);
        // Without units the same text is an error, not a product.
        assert!(parse("3 mV").unwrap_err().to_string().contains("found 'mV'"));
    }

    #[test]
    fn errors_show_the_column() {
        let error = parse("a + ) b").unwrap_err().to_string();
        assert_eq!(error, "expected a number, a name or '(', found ')' at column 5\n    a + ) b\n        ^");
        for (text, part) in [
            ("", "found the end at column 1"),
            ("a b", "expected an operator or the end, found 'b' at column 3"),
            ("(a", "expected an operator or ')', found the end at column 3"),
            ("sinn(a)", "unknown function 'sinn' at column 1"),
            ("sinn(a)", "did you mean 'sin'?"),
            ("a # b", "unexpected character '#' at column 3"),
            ("µ # b", "unexpected character '#' at column 3"),
            ("a < b < c", "do not chain"),
            ("a + (b < c)", "found a condition"),
            ("a .and. b", "expected a condition"),
            ("a<b && b<c || c<a", "need parentheses"),
            ("if(a, b, c)", "expected a condition"),
            ("if(a<b, c)", "expected ','"),
            ("1e999", "beyond the range"),
            ("{m/q", "unexpected character '{'"),
            ("exp(a<b)", "found a condition"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(parse(&deep).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(parse(&"(".repeat(300_000)).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(parse(&"exp(".repeat(100_000)).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(parse(&vec!["a"; 100_000].join("+")).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(parse(&format!("{}a", "-".repeat(100_000))).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(parse(&format!("{}a<b", "!".repeat(100_000))).unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(parse(&"a".repeat(2 << 20)).unwrap_err().kind(), ErrorKind::Limit);
        let long = vec!["a"; 900].join("+");
        assert_eq!(value(&long), 1800.0);
        assert_eq!(parse(&print(&parse(&long).unwrap())).unwrap(), parse(&long).unwrap());
        let nested = format!("{}a{}", "(".repeat(150), ")".repeat(150));
        assert_eq!(value(&nested), 2.0);
    }
}
