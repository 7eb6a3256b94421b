//! A dynamics in NineML's words.

use std::collections::BTreeMap;

use super::class::Role;
use super::dimension;
use crate::codegen::names::{Names, short_names};
use crate::codegen::regimes::{given, whole_numbered, within};
use crate::codegen::syntax::{Power, Select, Syntax};
use crate::codegen::tidy::{linoid, tidy};
use crate::dynamics::Dynamics;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{BinaryOp, CompareOp, Expr, Function};
use crate::units::Dimension;

const MATHS: Syntax = Syntax {
    language: "NineML",
    power: Power::Call("pow"),
    renamed: &[],
    missing: &[Function::Abs, Function::Floor, Function::Ceil],
    linoid: None,
    select: Select::Statement,
    logic: ["&", "|", "!"],
};

/// Words that NineML's mathematics has for itself.
const TAKEN: &[&str] = &[
    "t",
    "e",
    "pi",
    "pow",
    "exp",
    "log",
    "log10",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "random",
    "I",
    "E",
    "S",
    "N",
    "Q",
    "O",
    "gamma",
    "beta",
    "zeta",
    "lambda",
    "in",
    "and",
    "or",
    "not",
    "is",
    "if",
    "else",
    "for",
    "while",
    "def",
    "class",
    "return",
    "import",
    "from",
    "as",
    "with",
    "pass",
    "fixed_weight",
    "H",
];

/// A dynamics, tidied, and what everything in it is called.
pub(super) struct Words {
    pub(super) flat: Dynamics,
    /// Path to name and dimension.
    pub(super) words: BTreeMap<String, (String, Dimension)>,
    /// The state that says in which regime the system is, if it has regimes.
    pub(super) regime: Option<usize>,
}

impl Words {
    /// Those of `dynamics` in a role.
    ///
    /// # Errors
    /// If it has kinetic schemes.
    pub(super) fn of(dynamics: &Dynamics, role: Role) -> Result<Words> {
        let roots: &[&str] = match role {
            Role::Cell => &["v"],
            Role::Synapse => &["i"],
            Role::Plasticity => &["effective", "w"],
        };
        let flat = tidy(dynamics, roots, &[], &[]);
        let mut paths: Vec<&str> = flat.states.iter().map(|s| s.name.as_str()).collect();
        paths.extend(flat.parameters.iter().map(|p| p.name.as_str()));
        paths.extend(flat.derived.iter().map(|d| d.name.as_str()));
        let plain = |name: &&str| *name != "t" && !name.starts_with(SYNAPSES);
        paths.extend(flat.inputs.iter().map(|i| i.name.as_str()).filter(plain));
        let mut names = Names::new(TAKEN);
        for port in flat.out_ports.iter().map(String::as_str).chain(flat.in_ports()) {
            names.claim(port);
        }
        let mut short = short_names(&paths, &mut names);
        short.insert("t".to_string(), "t".to_string());
        if let Some(input) = flat.inputs.iter().find(|i| i.name.starts_with(SYNAPSES)) {
            short.insert(input.name.clone(), names.claim("i_syn"));
        }
        let all = flat.states.iter().chain(&flat.inputs).map(|x| (&x.name, x.dimension));
        let all = all.chain(flat.parameters.iter().map(|p| (&p.name, p.dimension)));
        let all = all.chain(flat.derived.iter().map(|d| (&d.name, d.dimension)));
        let word = |(path, of): (&String, Dimension)| Some((path.clone(), (short.get(path)?.clone(), of)));
        let words = all.filter_map(word).collect();
        let regime = regime_state(&flat);
        let words = Words { flat, words, regime };
        if !words.flat.kinetic_schemes.is_empty() {
            let message = "kinetic schemes, which start at their steady state, are not written as NineML";
            return Err(words.unsupported(message));
        }
        Ok(words)
    }

    /// What cannot be said of it.
    pub(super) fn unsupported(&self, what: &str) -> Error {
        Error::new(ErrorKind::Unsupported, format!("{}: {what}", self.flat.component_type))
    }

    /// What `path` is called.
    pub(super) fn name(&self, path: &str) -> String {
        self.words.get(path).map_or_else(String::new, |(name, _)| name.clone())
    }

    /// The same of a state.
    pub(super) fn state(&self, state: usize) -> String {
        self.name(&self.flat.states[state].name)
    }

    /// What `path` is called, and the name of its dimension.
    pub(super) fn named(&self, path: &str) -> (String, String) {
        self.words.get(path).map_or_else(Default::default, |(name, of)| (name.clone(), dimension(*of)))
    }

    /// The input that sums up the currents of synapses.
    pub(super) fn synapses(&self) -> Option<&str> {
        self.flat.inputs.iter().map(|i| i.name.as_str()).find(|name| name.starts_with(SYNAPSES))
    }

    /// The text of `expr`.
    ///
    /// # Errors
    /// If NineML has no word for something in it.
    pub(super) fn text(&self, expr: &Expr) -> Result<String> {
        let word = |name: &str| Expr::name(self.words.get(name).map_or(name, |(word, _)| word));
        let plain = expr.map_names(&word).map(&|e| match linoid(&e) {
            // Singular at exactly 0 only.
            Some((rate, x)) => {
                let power = Expr::Call(Function::Exp, Box::new(Expr::Negate(Box::new(x.clone()))));
                let below = Expr::binary(BinaryOp::Sub, Expr::Number(1.0), power);
                Expr::binary(BinaryOp::Div, Expr::binary(BinaryOp::Mul, rate.clone(), x.clone()), below)
            }
            None => drawn(strict(e)),
        });
        MATHS.print(&plain).map_err(|e| e.in_element(self.flat.component_type.clone()))
    }

    /// The regimes, beginning with the one at the start; 0 alone without any.
    pub(super) fn regimes(&self) -> Vec<i64> {
        let Some(state) = self.regime else { return vec![0] };
        let mut values: Vec<i64> = given(&self.flat, state).into_iter().collect();
        let start = self.flat.on_start.iter().find(|a| a.state == state).map(|a| &a.value);
        let begin = if let Some(Expr::Number(x)) = start { *x as i64 } else { 0 };
        values.sort_by_key(|x| *x != begin);
        values
    }

    /// What a regime is called.
    pub(super) fn regime_name(&self, value: i64) -> String {
        if self.regime.is_none() { "always".to_string() } else { format!("regime_{value}") }
    }

    /// `expr` in a regime.
    pub(super) fn in_regime(&self, expr: &Expr, value: i64) -> Expr {
        match self.regime {
            None => expr.clone(),
            Some(state) => within(expr, &self.flat.states[state].name, value),
        }
    }
}

/// What the input that sums up the currents of synapses begins with.
pub(super) const SYNAPSES: &str = "synapses";

/// `>=` and `<=` as `>` and `<`, which are all that triggers have; the choice of an absolute value as a square root.
fn strict(expr: Expr) -> Expr {
    match expr {
        Expr::Compare(CompareOp::Ge, a, b) => Expr::Compare(CompareOp::Gt, a, b),
        Expr::Compare(CompareOp::Le, a, b) => Expr::Compare(CompareOp::Lt, a, b),
        Expr::Call(Function::Abs, a) => {
            Expr::Call(Function::Sqrt, Box::new(Expr::Binary(BinaryOp::Mul, a.clone(), a)))
        }
        e => e,
    }
}

/// `random(x)` as NineML draws it.
fn drawn(expr: Expr) -> Expr {
    match expr {
        Expr::Call(Function::Random, a) if *a == Expr::Number(1.0) => Expr::name("random.uniform(0, 1)"),
        Expr::Call(Function::Random, a) => {
            Expr::binary(BinaryOp::Mul, *a, Expr::name("random.uniform(0, 1)"))
        }
        e => e,
    }
}

/// The state that says in which regime the system is, if it has regimes.
fn regime_state(flat: &Dynamics) -> Option<usize> {
    let is_regime = |state: &usize| flat.states[*state].name.rsplit('/').next() == Some("regime");
    whole_numbered(flat).into_iter().find(is_regime)
}
