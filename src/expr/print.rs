//! The text of an expression, which [`parse`](super::parse()) reads back to the same tree.

use std::fmt;

use super::parse::FUNCTIONS;
use super::{BinaryOp, CompareOp, Expr, Function};

/// How tightly a node binds, as the parser has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Logic,
    Negation,
    Comparison,
    Sum,
    Product,
    Power,
    Atom,
}

/// The name that a function is written by.
pub fn function_name(function: Function) -> &'static str {
    FUNCTIONS.iter().find(|(_, known)| *known == function).map_or("exp", |(name, _)| name)
}

/// The sign of an arithmetic operator.
pub fn operator_sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Pow => "^",
    }
}

/// The LEMS sign of a comparison.
pub fn comparison_sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Lt => ".lt.",
        CompareOp::Le => ".leq.",
        CompareOp::Gt => ".gt.",
        CompareOp::Ge => ".geq.",
        CompareOp::Eq => ".eq.",
        CompareOp::Ne => ".neq.",
    }
}

/// The canonical text of `expr`: no more parentheses than needed, names that are paths in braces,
/// numbers with as many digits as bring them back exactly.
///
/// Numbers that are not finite print as `inf`, `NaN`, which does not read back as a number.
pub fn print(expr: &Expr) -> String {
    expr.to_string()
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_expr(self, f)
    }
}

fn level(expr: &Expr) -> Level {
    match expr {
        Expr::Number(x) if x.is_sign_negative() => Level::Sum,
        Expr::Number(_) | Expr::Name(_) | Expr::Call(..) | Expr::Select(..) => Level::Atom,
        Expr::Negate(_) | Expr::Binary(BinaryOp::Add | BinaryOp::Sub, ..) => Level::Sum,
        Expr::Binary(BinaryOp::Mul | BinaryOp::Div, ..) => Level::Product,
        Expr::Binary(BinaryOp::Pow, ..) => Level::Power,
        Expr::Compare(..) => Level::Comparison,
        Expr::Not(_) => Level::Negation,
        Expr::And(..) | Expr::Or(..) => Level::Logic,
    }
}

/// Writes `expr`, in parentheses if it binds more loosely than `least`.
fn write_at(expr: &Expr, least: Level, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if level(expr) < least {
        f.write_str("(")?;
        write_expr(expr, f)?;
        f.write_str(")")
    } else {
        write_expr(expr, f)
    }
}

fn begins_with_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) => true,
        Expr::Binary(_, a, _) => begins_with_literal(a),
        _ => false,
    }
}

fn plain_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && letters.all(|c| c.is_alphanumeric() || c == '_')
}

fn write_number(x: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text = format!("{x:?}");
    f.write_str(text.strip_suffix(".0").unwrap_or(&text))
}

fn write_expr(expr: &Expr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match expr {
        Expr::Number(x) => write_number(*x, f),
        Expr::Name(name) if plain_name(name) => f.write_str(name),
        Expr::Name(name) => write!(f, "{{{name}}}"),
        Expr::Negate(a) => {
            f.write_str("-")?;
            // A minus before a literal would be taken into it.
            if begins_with_literal(a) {
                f.write_str("(")?;
                write_expr(a, f)?;
                return f.write_str(")");
            }
            // Signs in a row need no parentheses, of which a text may nest but few: behind the first, each binds
            // tightest, so what they stand before does.
            let mut operand = &**a;
            if !matches!(operand, Expr::Negate(_)) {
                return write_at(operand, Level::Product, f);
            }
            while let Expr::Negate(inner) = operand {
                f.write_str("-")?;
                operand = inner;
            }
            if matches!(operand, Expr::Number(_)) {
                f.write_str("(")?;
                write_expr(operand, f)?;
                return f.write_str(")");
            }
            write_at(operand, Level::Atom, f)
        }
        Expr::Binary(op, a, b) => {
            let (left, right) = match op {
                BinaryOp::Add | BinaryOp::Sub => (Level::Sum, Level::Product),
                BinaryOp::Mul | BinaryOp::Div => (Level::Product, Level::Power),
                BinaryOp::Pow => (Level::Power, Level::Atom),
            };
            write_at(a, left, f)?;
            write!(f, " {} ", operator_sign(*op))?;
            write_at(b, right, f)
        }
        Expr::Call(function, a) => {
            write!(f, "{}(", function_name(*function))?;
            write_expr(a, f)?;
            f.write_str(")")
        }
        Expr::Compare(op, a, b) => {
            write_at(a, Level::Sum, f)?;
            write!(f, " {} ", comparison_sign(*op))?;
            write_at(b, Level::Sum, f)
        }
        Expr::And(a, b) | Expr::Or(a, b) => {
            write_at(a, Level::Logic, f)?;
            f.write_str(if matches!(expr, Expr::And(..)) { " .and. " } else { " .or. " })?;
            write_at(b, Level::Negation, f)
        }
        Expr::Not(a) => {
            f.write_str(".not. ")?;
            write_at(a, Level::Negation, f)
        }
        Expr::Select(c, a, b) => {
            f.write_str("if(")?;
            write_expr(c, f)?;
            f.write_str(", ")?;
            write_expr(a, f)?;
            f.write_str(", ")?;
            write_expr(b, f)?;
            f.write_str(")")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;
    use proptest::prelude::*;

    fn name() -> impl Strategy<Value = Expr> {
        prop_oneof!["[a-z_][a-z0-9_]{0,5}", "[a-z]{1,3}/[a-z]{1,3}", Just("synapses[*]/i".to_string())]
            .prop_map(Expr::Name)
    }

    fn number() -> impl Strategy<Value = Expr> {
        let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
        prop_oneof![finite, (-9i32..10).prop_map(f64::from)].prop_map(Expr::Number)
    }

    fn condition(value: impl Strategy<Value = Expr> + Clone + 'static) -> BoxedStrategy<Expr> {
        use CompareOp::*;
        let op = prop::sample::select(vec![Lt, Le, Gt, Ge, Eq, Ne]);
        let compare =
            (op, value.clone(), value).prop_map(|(op, a, b)| Expr::Compare(op, Box::new(a), Box::new(b)));
        compare
            .prop_recursive(3, 8, 2, |inner| {
                prop_oneof![
                    (inner.clone(), inner.clone()).prop_map(|(a, b)| Expr::And(Box::new(a), Box::new(b))),
                    (inner.clone(), inner.clone()).prop_map(|(a, b)| Expr::Or(Box::new(a), Box::new(b))),
                    inner.prop_map(|a| Expr::Not(Box::new(a))),
                ]
            })
            .boxed()
    }

    fn value() -> impl Strategy<Value = Expr> {
        use BinaryOp::*;
        prop_oneof![name(), number()].prop_recursive(5, 40, 3, |inner| {
            let op = prop::sample::select(vec![Add, Sub, Mul, Div, Pow]);
            let functions: Vec<Function> = FUNCTIONS.iter().map(|(_, f)| *f).collect();
            prop_oneof![
                (op, inner.clone(), inner.clone()).prop_map(|(op, a, b)| Expr::binary(op, a, b)),
                inner.clone().prop_map(|a| Expr::Negate(Box::new(a))),
                (prop::sample::select(functions), inner.clone())
                    .prop_map(|(f, a)| Expr::Call(f, Box::new(a))),
                (condition(inner.clone().boxed()), inner.clone(), inner).prop_map(|(c, a, b)| Expr::Select(
                    Box::new(c),
                    Box::new(a),
                    Box::new(b)
                )),
            ]
        })
    }

    #[test]
    fn many_signs_in_a_row_read_back() {
        let text = format!("{}x", "-".repeat(220));
        let read = crate::expr::parse(&text).unwrap();
        assert_eq!(crate::expr::parse(&read.to_string()).unwrap(), read);
        // Found by fuzzing: what a second sign stands before is one factor, not the whole product.
        for text in ["-a * (-(-b * c))", "-(-(a * b))", "-(-(-(2 * b)))", "-(-(-2))", "-(-(a ^ 2))"] {
            let read = crate::expr::parse(text).unwrap();
            assert_eq!(crate::expr::parse(&read.to_string()).unwrap(), read, "{text}: {read}");
        }
        assert_eq!(
            crate::expr::parse("--5").unwrap(),
            crate::expr::parse(&crate::expr::parse("--5").unwrap().to_string()).unwrap()
        );
    }

    #[test]
    fn canonical_text() {
        for (text, canonical) in [
            ("((a)+(b*c))", "a + b * c"),
            ("(a+b)*c", "(a + b) * c"),
            ("a-(b-c)", "a - (b - c)"),
            ("-a^2", "-a ^ 2"),
            ("x*-a^2", "x * (-a) ^ 2"),
            ("log(x)+log10(x)", "ln(x) + log10(x)"),
            ("1e-9*{m/q}", "1e-9 * {m/q}"),
            ("if(a<b&&b<c,-1,2.50)", "if(a .lt. b .and. b .lt. c, -1, 2.5)"),
        ] {
            assert_eq!(print(&parse(text).unwrap()), canonical);
        }
    }

    #[test]
    fn braces_hold_a_name() {
        // Found by fuzzing: the name between these braces was empty, and `{}` does not read back.
        for text in ["{ }", "{\r} + v", "{}"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!(print(&parse("{ m }").unwrap()), "m");
    }

    proptest! {
        #[test]
        fn text_reads_back_to_the_same_tree(expr in value()) {
            let text = print(&expr);
            let back = parse(&text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
            prop_assert_eq!(back, expr, "{}", text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+*/^()<>=!&|.,{}a-e0-9 _]{0,40}") {
            if let Ok(expr) = parse(&text) {
                prop_assert_eq!(parse(&print(&expr)).unwrap(), expr);
            }
        }
    }
}
