//! A dynamics as a person would have written it: no more quantities than are needed, none that only renames another.
//!
//! What is left means the same; `codegen::tests` runs both through the interpreter.

use std::collections::{BTreeMap, BTreeSet};

use crate::dynamics::{Dynamics, Parameter};
use crate::expr::{BinaryOp, CompareOp, Expr, Function};

/// What is needed of `dynamics` to know the exposures `roots`, its events and its conditions.
///
/// Inputs that `constants` names become parameters of that value (SI). Parameters in `kept` stay parameters whatever they
/// are used for. The exposures of the result are those of `roots` that `dynamics` has.
pub(crate) fn tidy(
    dynamics: &Dynamics,
    roots: &[&str],
    constants: &[(&str, f64)],
    kept: &[String],
) -> Dynamics {
    let mut out = dynamics.clone();
    // Of two parameters of one name the first counts.
    let mut known = BTreeSet::new();
    out.parameters.retain(|p| known.insert(p.name.clone()));
    out.exposures.retain(|(exposed, _)| roots.contains(&exposed.as_str()));
    for (name, value) in constants {
        if let Some(at) = out.inputs.iter().position(|i| i.name == *name) {
            let input = out.inputs.remove(at);
            out.parameters.push(Parameter { name: input.name, dimension: input.dimension, value: *value });
        }
    }
    for expr in expressions(&mut out) {
        *expr = simplified(expr);
    }
    exponents_as_numbers(&mut out, kept);
    loop {
        let before = out.derived.len();
        prune(&mut out);
        replace_aliases(&mut out, kept);
        merge_products(&mut out);
        for expr in expressions(&mut out) {
            *expr = simplified(expr);
        }
        if out.derived.len() == before {
            break;
        }
    }
    prune_parameters(&mut out, kept);
    out
}

/// Which names of `dynamics` never change during a run: parameters, and derived variables of nothing else.
pub(crate) fn constant_names(dynamics: &Dynamics) -> BTreeSet<String> {
    let mut constant: BTreeSet<String> = dynamics.parameters.iter().map(|p| p.name.clone()).collect();
    for derived in &dynamics.derived {
        let mut depends = false;
        derived.value.visit_names(&mut |name| depends |= !constant.contains(name));
        if !depends && !derived.value.calls_random() {
            constant.insert(derived.name.clone());
        }
    }
    constant
}

/// Every expression.
fn expressions(dynamics: &mut Dynamics) -> Vec<&mut Expr> {
    let mut all: Vec<&mut Expr> = Vec::new();
    all.extend(dynamics.derived.iter_mut().map(|d| &mut d.value));
    all.extend(dynamics.derivatives.iter_mut().map(|(_, value)| value));
    all.extend(dynamics.on_start.iter_mut().map(|a| &mut a.value));
    for condition in &mut dynamics.conditions {
        all.push(&mut condition.test);
        all.extend(condition.assignments.iter_mut().map(|a| &mut a.value));
    }
    for event in &mut dynamics.events {
        all.extend(event.test.as_mut());
        all.extend(event.assignments.iter_mut().map(|a| &mut a.value));
    }
    all
}

fn names_of(expr: &Expr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    expr.visit_names(&mut |name| {
        names.insert(name.to_string());
    });
    names
}

/// Leaves out derived variables and states that nothing asks for.
fn prune(dynamics: &mut Dynamics) {
    let mut needed: BTreeSet<String> = dynamics.exposures.iter().map(|(_, v)| v.clone()).collect();
    let sends = dynamics.conditions.iter().any(|c| !c.sends.is_empty())
        || dynamics.events.iter().any(|e| !e.sends.is_empty());
    if sends {
        for condition in &dynamics.conditions {
            needed.extend(names_of(&condition.test));
        }
        for test in dynamics.events.iter().filter_map(|e| e.test.as_ref()) {
            needed.extend(names_of(test));
        }
    }
    loop {
        let before = needed.len();
        for derived in dynamics.derived.iter().rev() {
            if needed.contains(&derived.name) {
                needed.extend(names_of(&derived.value));
            }
        }
        let is_needed = |needed: &BTreeSet<String>, state: usize| {
            dynamics.states.get(state).is_some_and(|s| needed.contains(&s.name))
        };
        for (state, value) in &dynamics.derivatives {
            if is_needed(&needed, *state) {
                needed.extend(names_of(value));
            }
        }
        for scheme in &dynamics.kinetic_schemes {
            if scheme.iter().any(|state| is_needed(&needed, *state)) {
                needed.extend(scheme.iter().filter_map(|s| dynamics.states.get(*s)).map(|s| s.name.clone()));
            }
        }
        for assignment in &dynamics.on_start {
            if is_needed(&needed, assignment.state) {
                needed.extend(names_of(&assignment.value));
            }
        }
        let blocks = dynamics.conditions.iter().map(|c| (Some(&c.test), &c.assignments));
        for (test, assignments) in
            blocks.chain(dynamics.events.iter().map(|e| (e.test.as_ref(), &e.assignments)))
        {
            for assignment in assignments.iter().filter(|a| is_needed(&needed, a.state)).collect::<Vec<_>>() {
                needed.extend(names_of(&assignment.value));
                needed.extend(test.map(names_of).unwrap_or_default());
            }
        }
        if needed.len() == before {
            break;
        }
    }
    dynamics.derived.retain(|d| needed.contains(&d.name));
    dynamics.inputs.retain(|i| needed.contains(&i.name));
    let kept: Vec<usize> =
        (0..dynamics.states.len()).filter(|s| needed.contains(&dynamics.states[*s].name)).collect();
    let new_index: BTreeMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    dynamics.states = kept.iter().map(|s| dynamics.states[*s].clone()).collect();
    let renumber = |assignments: &mut Vec<crate::dynamics::Assignment>| {
        assignments.retain_mut(|a| match new_index.get(&a.state) {
            Some(new) => {
                a.state = *new;
                true
            }
            None => false,
        });
    };
    dynamics.derivatives.retain_mut(|(state, _)| match new_index.get(state) {
        Some(new) => {
            *state = *new;
            true
        }
        None => false,
    });
    renumber(&mut dynamics.on_start);
    dynamics.conditions.iter_mut().for_each(|c| renumber(&mut c.assignments));
    dynamics.events.iter_mut().for_each(|e| renumber(&mut e.assignments));
    dynamics.conditions.retain(|c| !c.assignments.is_empty() || !c.sends.is_empty());
    dynamics.events.retain(|e| !e.assignments.is_empty() || !e.sends.is_empty());
    dynamics.kinetic_schemes.retain_mut(|scheme| {
        let all: Option<Vec<usize>> = scheme.iter().map(|s| new_index.get(s).copied()).collect();
        all.map(|all| *scheme = all).is_some()
    });
}

fn prune_parameters(dynamics: &mut Dynamics, kept: &[String]) {
    let mut used = BTreeSet::new();
    for expr in expressions(dynamics) {
        used.extend(names_of(expr));
    }
    used.extend(dynamics.exposures.iter().map(|(_, v)| v.clone()));
    dynamics.parameters.retain(|p| used.contains(&p.name) || kept.contains(&p.name));
}

/// A parameter that is an exponent is a number: m^3, not m^instances.
fn exponents_as_numbers(dynamics: &mut Dynamics, kept: &[String]) {
    let values: BTreeMap<String, f64> = dynamics
        .parameters
        .iter()
        .filter(|p| !kept.contains(&p.name) && p.value.fract() == 0.0)
        .map(|p| (p.name.clone(), p.value))
        .collect();
    for expr in expressions(dynamics) {
        *expr = expr.map(&|e| match e {
            Expr::Binary(BinaryOp::Pow, a, b) => match &*b {
                Expr::Name(name) if values.contains_key(name) => {
                    Expr::Binary(BinaryOp::Pow, a, Box::new(Expr::Number(values[name])))
                }
                _ => Expr::Binary(BinaryOp::Pow, a, b),
            },
            e => e,
        });
    }
}

/// Derived variables that are but another name, or a number, are gone, and what read them reads that. Of two names the
/// shorter path stays: `m/alpha`, not `m/forwardRate/r`.
fn replace_aliases(dynamics: &mut Dynamics, kept: &[String]) {
    while prefer_shorter(dynamics) {}
    let mut alias: BTreeMap<String, Expr> = BTreeMap::new();
    for derived in &dynamics.derived {
        let value = substituted(&derived.value, &alias);
        match value {
            Expr::Name(_) | Expr::Number(_) if !kept.contains(&derived.name) => {
                alias.insert(derived.name.clone(), value);
            }
            _ => {}
        }
    }
    // An exposure needs a name.
    alias.retain(|name, value| {
        matches!(value, Expr::Name(_)) || !dynamics.exposures.iter().any(|(_, v)| v == name)
    });
    substitute_everywhere(dynamics, &alias);
}

/// Gives a derived variable the shorter one of two names that it has, if there is such a one.
fn prefer_shorter(dynamics: &mut Dynamics) -> bool {
    let depth = |name: &str| name.matches('/').count();
    let shorter = dynamics.derived.iter().find_map(|d| match &d.value {
        Expr::Name(of) if depth(&d.name) < depth(of) && dynamics.derived.iter().any(|o| o.name == *of) => {
            Some((of.clone(), d.name.clone()))
        }
        _ => None,
    });
    let Some((long, short)) = shorter else { return false };
    dynamics.derived.retain(|d| d.name != short);
    for expr in expressions(dynamics) {
        *expr = expr.map_names(&|name| Expr::name(if name == long { &short } else { name }));
    }
    for derived in dynamics.derived.iter_mut().filter(|d| d.name == long) {
        derived.name.clone_from(&short);
    }
    for (_, variable) in dynamics.exposures.iter_mut().filter(|(_, v)| *v == long) {
        variable.clone_from(&short);
    }
    true
}

/// Products that only one other formula reads become part of it.
fn merge_products(dynamics: &mut Dynamics) {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for expr in expressions(dynamics) {
        expr.visit_names(&mut |name| *uses.entry(name.to_string()).or_default() += 1);
    }
    for (_, variable) in &dynamics.exposures {
        *uses.entry(variable.clone()).or_default() += 2;
    }
    let mut merged: BTreeMap<String, Expr> = BTreeMap::new();
    for derived in &dynamics.derived {
        let value = substituted(&derived.value, &merged);
        if uses.get(&derived.name) == Some(&1) && is_product(&value) {
            merged.insert(derived.name.clone(), value);
        }
    }
    substitute_everywhere(dynamics, &merged);
}

fn is_product(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) | Expr::Name(_) => true,
        Expr::Binary(BinaryOp::Mul, a, b) => is_product(a) && is_product(b),
        Expr::Binary(BinaryOp::Pow, a, b) => matches!(**a, Expr::Name(_)) && matches!(**b, Expr::Number(_)),
        _ => false,
    }
}

fn substituted(expr: &Expr, by: &BTreeMap<String, Expr>) -> Expr {
    expr.map_names(&|name| by.get(name).cloned().unwrap_or_else(|| Expr::name(name)))
}

fn substitute_everywhere(dynamics: &mut Dynamics, by: &BTreeMap<String, Expr>) {
    if by.is_empty() {
        return;
    }
    dynamics.derived.retain(|d| !by.contains_key(&d.name));
    for expr in expressions(dynamics) {
        *expr = substituted(expr, by);
    }
    for (_, variable) in &mut dynamics.exposures {
        if let Some(Expr::Name(name)) = by.get(variable) {
            variable.clone_from(name);
        }
    }
}

/// Without factors and terms that change nothing.
fn simplified(expr: &Expr) -> Expr {
    let is = |e: &Expr, x: f64| matches!(e, Expr::Number(n) if *n == x);
    expr.map(&|e| match e {
        Expr::Binary(BinaryOp::Mul, a, b) if is(&a, 1.0) => *b,
        Expr::Binary(BinaryOp::Mul | BinaryOp::Div | BinaryOp::Pow, a, b) if is(&b, 1.0) => *a,
        Expr::Binary(BinaryOp::Add, a, b) if is(&a, 0.0) => *b,
        Expr::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) if is(&b, 0.0) => *a,
        Expr::Negate(a) => match *a {
            Expr::Negate(inner) => *inner,
            Expr::Number(x) => Expr::Number(-x),
            a => Expr::Negate(Box::new(a)),
        },
        Expr::Binary(op, a, b) => match (&*a, &*b) {
            (Expr::Number(x), Expr::Number(y)) if whole(*x) && whole(*y) && op != BinaryOp::Div => {
                Expr::Number(crate::expr::eval::binary(op, *x, *y))
            }
            _ => Expr::Binary(op, a, b),
        },
        Expr::Select(_, a, b) if a == b => *a,
        e => e,
    })
}

/// `H(x)` as a choice, for languages that have no such step: 1 from 0 on, 0 below.
pub(crate) fn step_as_choice(expr: Expr) -> Expr {
    match expr {
        Expr::Call(Function::Heaviside, x) => {
            let from_0 = Expr::Compare(CompareOp::Ge, x, Box::new(Expr::Number(0.0)));
            Expr::Select(Box::new(from_0), Box::new(Expr::Number(1.0)), Box::new(Expr::Number(0.0)))
        }
        e => e,
    }
}

fn whole(x: f64) -> bool {
    x.fract() == 0.0 && x.abs() < 1e6
}

/// `rate · x / (1 − e^−x)` with its value at 0, which models write with a case of their own: `Some((rate, x))`.
pub(crate) fn linoid(expr: &Expr) -> Option<(&Expr, &Expr)> {
    let Expr::Select(test, at_zero, elsewhere) = expr else { return None };
    let (x, rate, formula) = match &**test {
        Expr::Compare(CompareOp::Eq, x, zero) if **zero == Expr::Number(0.0) => {
            (&**x, &**at_zero, &**elsewhere)
        }
        Expr::Compare(CompareOp::Ne, x, zero) if **zero == Expr::Number(0.0) => {
            (&**x, &**elsewhere, &**at_zero)
        }
        _ => return None,
    };
    let Expr::Binary(BinaryOp::Div, above, below) = formula else { return None };
    let rises = match &**below {
        Expr::Binary(BinaryOp::Sub, one, power) if **one == Expr::Number(1.0) => {
            matches!(&**power, Expr::Call(Function::Exp, a) if is_negative_of(a, x))
        }
        _ => false,
    };
    let is_above = match &**above {
        Expr::Binary(BinaryOp::Mul, a, b) => (**a == *rate && **b == *x) || (**b == *rate && **a == *x),
        other => *rate == Expr::Number(1.0) && other == x,
    };
    (rises && is_above).then_some((rate, x))
}

fn is_negative_of(expr: &Expr, x: &Expr) -> bool {
    match expr {
        Expr::Negate(a) => **a == *x,
        Expr::Binary(BinaryOp::Sub, a, b) => **a == Expr::Number(0.0) && **b == *x,
        Expr::Binary(BinaryOp::Mul, a, b) => **a == Expr::Number(-1.0) && **b == *x,
        _ => false,
    }
}
