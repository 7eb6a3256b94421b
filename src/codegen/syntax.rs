//! Expressions in the language of a target.

use std::fmt::Write;

use super::tidy::linoid;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, CompareOp, Expr, Function};

/// How a language writes what an expression has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Syntax {
    /// The language, for messages.
    pub(crate) language: &'static str,
    /// Powers.
    pub(crate) power: Power,
    /// Functions that it has, but not by the names of C.
    pub(crate) renamed: &'static [(Function, &'static str)],
    /// Functions of C that it has not.
    pub(crate) missing: &'static [Function],
    /// `x / (1 - exp(-x))` with its value 1 at 0, as a call of `x`: text before and after.
    pub(crate) linoid: Option<(&'static str, &'static str)>,
    /// `if c then a else b`.
    pub(crate) select: Select,
    /// The words for and, or, not.
    pub(crate) logic: [&'static str; 3],
}

/// How powers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    /// `a^b`
    Caret,
    /// `a**b`
    Stars,
    /// `pow(a, b)`
    Call(&'static str),
}

/// How a choice is written inside an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Select {
    /// Not at all: it must be a statement of its own.
    Statement,
    /// `c ? a : b`
    Question,
    /// `int(c)*a + int(not c)*b`
    Sum,
}

/// Functions by the names of C.
const FUNCTIONS: &[(Function, &str)] = &[
    (Function::Exp, "exp"),
    (Function::Ln, "log"),
    (Function::Log10, "log10"),
    (Function::Sqrt, "sqrt"),
    (Function::Sin, "sin"),
    (Function::Cos, "cos"),
    (Function::Tan, "tan"),
    (Function::Sinh, "sinh"),
    (Function::Cosh, "cosh"),
    (Function::Tanh, "tanh"),
    (Function::Abs, "fabs"),
    (Function::Floor, "floor"),
    (Function::Ceil, "ceil"),
];

/// A comparison as C and most others write it.
pub(crate) fn comparison(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
        CompareOp::Eq => "==",
        CompareOp::Ne => "!=",
    }
}

/// How tightly a node binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Choice,
    Or,
    And,
    Comparison,
    Sum,
    Sign,
    Product,
    Power,
    Atom,
}

impl Syntax {
    /// The text of `expr`, its names as they are.
    ///
    /// # Errors
    /// If the language has no word for a function in it.
    pub(crate) fn print(&self, expr: &Expr) -> Result<String> {
        let mut out = String::new();
        self.write(expr, Level::Choice, &mut out)?;
        Ok(out)
    }

    fn lacks(&self, what: &str) -> Error {
        Error::new(ErrorKind::Unsupported, format!("{} has no {what}", self.language))
    }

    fn function(&self, function: Function) -> Result<&'static str> {
        let known = self.renamed.iter().chain(FUNCTIONS).find(|(known, _)| *known == function);
        match known.filter(|_| !self.missing.contains(&function)) {
            Some((_, name)) => Ok(name),
            None => Err(self.lacks(&format!("function {}()", crate::expr::print::function_name(function)))),
        }
    }

    fn number(&self, x: f64, out: &mut String) -> Result<()> {
        if !x.is_finite() {
            return Err(self.lacks(&format!("number {x}")));
        }
        out.push_str(&crate::units::shifted(x, 0));
        Ok(())
    }

    fn level(&self, expr: &Expr) -> Level {
        match expr {
            Expr::Number(x) if x.is_sign_negative() => Level::Sign,
            Expr::Number(_) | Expr::Name(_) | Expr::Call(..) => Level::Atom,
            Expr::Negate(_) => Level::Sign,
            Expr::Not(_) => Level::Comparison,
            Expr::Binary(BinaryOp::Add | BinaryOp::Sub, ..) => Level::Sum,
            Expr::Binary(BinaryOp::Mul | BinaryOp::Div, ..) => Level::Product,
            Expr::Binary(BinaryOp::Pow, ..) if matches!(self.power, Power::Call(_)) => Level::Atom,
            Expr::Binary(BinaryOp::Pow, ..) => Level::Power,
            Expr::Compare(..) => Level::Comparison,
            Expr::And(..) => Level::And,
            Expr::Or(..) => Level::Or,
            Expr::Select(..) if linoid(expr).is_some() && self.linoid.is_some() => Level::Product,
            Expr::Select(..) if self.select == Select::Sum => Level::Sum,
            Expr::Select(..) => Level::Choice,
        }
    }

    /// Writes `expr`, in parentheses if it binds more loosely than `least`.
    fn write(&self, expr: &Expr, least: Level, out: &mut String) -> Result<()> {
        if self.level(expr) < least {
            out.push('(');
            self.write_bare(expr, out)?;
            out.push(')');
            Ok(())
        } else {
            self.write_bare(expr, out)
        }
    }

    fn write_bare(&self, expr: &Expr, out: &mut String) -> Result<()> {
        let [and, or, not] = self.logic;
        match expr {
            Expr::Number(x) => self.number(*x, out),
            Expr::Name(name) => {
                out.push_str(name);
                Ok(())
            }
            Expr::Negate(a) => {
                out.push('-');
                self.write(a, Level::Power, out)
            }
            Expr::Binary(BinaryOp::Pow, a, b) => match self.power {
                Power::Call(name) => {
                    let _ = write!(out, "{name}(");
                    self.write(a, Level::Choice, out)?;
                    out.push_str(", ");
                    self.write(b, Level::Choice, out)?;
                    out.push(')');
                    Ok(())
                }
                Power::Caret | Power::Stars => {
                    self.write(a, Level::Atom, out)?;
                    out.push_str(if self.power == Power::Caret { "^" } else { "**" });
                    self.write(b, Level::Atom, out)
                }
            },
            Expr::Binary(op, a, b) => {
                let (sign, level, right) = match op {
                    BinaryOp::Add => (" + ", Level::Sum, Level::Product),
                    BinaryOp::Sub => (" - ", Level::Sum, Level::Product),
                    BinaryOp::Mul => ("*", Level::Product, Level::Power),
                    _ => ("/", Level::Product, Level::Power),
                };
                self.write(a, level, out)?;
                out.push_str(sign);
                self.write(b, right, out)
            }
            Expr::Call(function, a) => {
                let name = self.function(*function)?;
                let _ = write!(out, "{name}(");
                self.write(a, Level::Choice, out)?;
                out.push(')');
                Ok(())
            }
            Expr::Compare(op, a, b) => {
                self.write(a, Level::Sum, out)?;
                let _ = write!(out, " {} ", comparison(*op));
                self.write(b, Level::Sum, out)
            }
            // Comparisons in parentheses: languages differ in what binds tighter.
            Expr::And(a, b) | Expr::Or(a, b) => {
                let word = if matches!(expr, Expr::And(..)) { and } else { or };
                self.write(a, Level::Atom, out)?;
                let _ = write!(out, " {word} ");
                self.write(b, Level::Atom, out)
            }
            Expr::Not(a) => {
                out.push_str(not);
                if not.ends_with(char::is_alphabetic) {
                    out.push(' ');
                }
                self.write(a, Level::Atom, out)
            }
            Expr::Select(c, a, b) => self.write_select(expr, [c, a, b], out),
        }
    }

    fn write_select(&self, expr: &Expr, [c, a, b]: [&Expr; 3], out: &mut String) -> Result<()> {
        if let (Some((rate, x)), Some((before, after))) = (linoid(expr), self.linoid) {
            if *rate != Expr::Number(1.0) {
                self.write(rate, Level::Product, out)?;
                out.push('*');
            }
            out.push_str(before);
            self.write(x, Level::Choice, out)?;
            out.push_str(after);
            return Ok(());
        }
        match self.select {
            Select::Statement => Err(self.lacks("choice inside an expression")),
            Select::Question => {
                self.write(c, Level::Atom, out)?;
                out.push_str(" ? ");
                self.write(a, Level::Or, out)?;
                out.push_str(" : ");
                self.write(b, Level::Or, out)
            }
            Select::Sum => {
                out.push_str("int(");
                self.write(c, Level::Choice, out)?;
                out.push_str(")*");
                self.write(a, Level::Power, out)?;
                let _ = write!(out, " + int({} ", self.logic[2]);
                self.write(c, Level::Atom, out)?;
                out.push_str(")*");
                self.write(b, Level::Power, out)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;

    const C: Syntax = Syntax {
        language: "C",
        power: Power::Call("pow"),
        renamed: &[],
        missing: &[],
        linoid: Some(("linoid(", ")")),
        select: Select::Question,
        logic: ["&&", "||", "!"],
    };
    const NMODL: Syntax =
        Syntax { language: "NMODL", power: Power::Caret, select: Select::Statement, linoid: None, ..C };

    fn shown(syntax: &Syntax, text: &str) -> String {
        syntax.print(&parse(text).unwrap()).unwrap()
    }

    #[test]
    fn expressions_in_two_languages() {
        assert_eq!(shown(&C, "g*(e - v)*m^3"), "g*(e - v)*pow(m, 3)");
        assert_eq!(shown(&NMODL, "g*(e - v)*m^3/(a*b)"), "g*(e - v)*m^3/(a*b)");
        assert_eq!(shown(&NMODL, "a - (b - c) - -d"), "a - (b - c) - (-d)");
        assert_eq!(shown(&C, "if(v > 0 .and. u < 1, a, b + 1)"), "((v > 0) && (u < 1)) ? a : b + 1");
        assert_eq!(shown(&C, "if(x == 0, r, r*x/(1 - exp(-x)))"), "r*linoid(x)");
        assert_eq!(shown(&NMODL, "(-x)^2 + 2^(-1)"), "(-x)^2 + 2^(-1)");
    }

    #[test]
    fn what_a_language_lacks_is_named() {
        let error = NMODL.print(&parse("if(x > 0, 1, 2)").unwrap()).unwrap_err();
        assert!(error.to_string().contains("NMODL has no choice"), "{error}");
        let error = C.print(&parse("random(3)").unwrap()).unwrap_err();
        assert!(error.to_string().contains("C has no function random()"), "{error}");
    }
}
