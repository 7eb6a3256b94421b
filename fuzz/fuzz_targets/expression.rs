//! Whatever text stands where an expression is expected, reading it ends with an expression or an
//! error; what is read prints as text that reads back to the same, and can be evaluated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neuropil::expr::{self, Expr, dims, eval, parse};
use neuropil::units::{self, Dimension};

fuzz_target!(|text: &str| {
    if let Ok(expr) = expr::parse(text) {
        let printed = expr.to_string();
        let again = expr::parse(&printed).expect("what was printed can be read");
        assert_eq!(again, expr, "{printed}");
        let value = |expr: &Expr| eval::evaluate(expr, &|_| Some(0.5)).ok().map(f64::to_bits);
        assert_eq!(value(&again), value(&expr));
    }
    if let Ok(parsed) = parse::parse_with_dimensions(text, &units::unit) {
        let _ = dims::dimension_of(&parsed.expr, &|_| Some(Dimension::NONE), Some(&parsed.literals));
    }
});
