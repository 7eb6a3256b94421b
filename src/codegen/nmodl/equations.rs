//! Equations as statements of NMODL: in its units, choices as `if`, in the order in which they are needed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::tidy::{constant_names, linoid, step_as_choice};
use super::super::units::in_units;
use super::dialect::{Dialect, UNITS};
use crate::dynamics::{Assignment, Dynamics};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Expr;
use crate::units::Dimension;

/// A dynamics on the way into NMODL.
#[derive(Clone)]
pub(super) struct Equations<'a> {
    /// The equations, tidied, in SI units and with flat names.
    pub(super) dynamics: &'a Dynamics,
    /// The language.
    pub(super) dialect: Dialect,
    /// What everything is called there.
    pub(super) names: BTreeMap<String, String>,
    /// Names beside those of the dynamics, with their dimensions.
    pub(super) others: Vec<(&'static str, Dimension)>,
    /// Derived variables that never change.
    pub(super) constant: BTreeSet<String>,
}

/// Statements, and what they need for themselves alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    /// Variables of the block.
    pub(super) locals: Vec<String>,
    /// Lines, indented as in the block.
    pub(super) lines: Vec<String>,
    /// Derived variables that have their value already.
    known: BTreeSet<String>,
}

impl Block {
    /// Says that no derived variable has its value any more.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// All lines with the declaration of the locals.
    pub(super) fn finish(mut self) -> Vec<String> {
        self.lines.splice(0..0, declared(&self.locals));
        self.lines
    }

    /// Adds a variable of the block, unless it is there.
    pub(super) fn declare(&mut self, name: &str) {
        if !self.locals.iter().any(|known| known == name) {
            self.locals.push(name.to_string());
        }
    }

    /// Adds what `inner` does, where `test` holds if there is one.
    pub(super) fn include(&mut self, inner: Block, test: Option<&str>) {
        match test {
            None => self.lines.extend(inner.lines),
            Some(test) => {
                self.lines.push(format!("if ({test}) {{"));
                self.lines.extend(inner.lines.iter().map(|line| format!("    {line}")));
                self.lines.push("}".to_string());
            }
        }
        inner.locals.iter().for_each(|local| self.declare(local));
    }

    /// Says that these have their values.
    pub(super) fn mark_known<'n>(&mut self, names: impl Iterator<Item = &'n String>) {
        self.known.extend(names.cloned());
    }
}

impl<'a> Equations<'a> {
    /// `dynamics` in `dialect`; names are given afterwards.
    pub(super) fn new(dynamics: &'a Dynamics, dialect: Dialect) -> Equations<'a> {
        let constant = constant_names(dynamics);
        Equations { dynamics, dialect, names: BTreeMap::new(), others: Vec::new(), constant }
    }

    /// Those variables of the mechanism that `asked` names and formulas give.
    pub(super) fn recorded(&self, asked: &[String]) -> BTreeSet<String> {
        let d = self.dynamics;
        let is_derived = |name: &&str| d.derived.iter().any(|v| v.name == *name);
        asked.iter().filter_map(|name| d.exposed(name)).filter(is_derived).map(str::to_string).collect()
    }

    /// Whether `linoid` is called.
    pub(super) fn calls_linoid(&self) -> bool {
        let mut found = false;
        let mut look = |expr: &Expr| expr.visit(&mut |e| found |= is_plain_linoid(e));
        self.dynamics.derived.iter().for_each(|v| look(&v.value));
        self.dynamics.derivatives.iter().for_each(|(_, value)| look(value));
        found
    }

    /// The dimension of a name.
    pub(super) fn dimension(&self, name: &str) -> Dimension {
        let d = self.dynamics;
        let variables = d.states.iter().chain(&d.inputs).map(|v| (v.name.as_str(), v.dimension));
        let derived = d.derived.iter().map(|v| (v.name.as_str(), v.dimension));
        let parameters = d.parameters.iter().map(|p| (p.name.as_str(), p.dimension));
        let mut all = variables.chain(derived).chain(parameters).chain(self.others.iter().copied());
        all.find(|(known, _)| *known == name).map_or(Dimension::NONE, |(_, dimension)| dimension)
    }

    /// What the name is called.
    pub(super) fn name(&self, name: &str) -> String {
        self.names.get(name).cloned().unwrap_or_else(|| name.to_string())
    }

    /// Derived variables that change and are needed for `names`, in order.
    pub(super) fn needed<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<&'a str> {
        self.needed_beside(&BTreeSet::new(), names)
    }

    /// The same, without those that are known and what only they need.
    fn needed_beside<'n>(
        &self,
        known: &BTreeSet<String>,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Vec<&'a str> {
        let mut needed: BTreeSet<String> = names.into_iter().map(str::to_string).collect();
        needed.retain(|name| !known.contains(name));
        for derived in self.dynamics.derived.iter().rev() {
            if needed.contains(&derived.name) && !known.contains(&derived.name) {
                derived.value.visit_names(&mut |name| {
                    needed.insert(name.to_string());
                });
            }
        }
        let changing =
            |name: &&str| needed.contains(*name) && !self.constant.contains(*name) && !known.contains(*name);
        self.dynamics.derived.iter().map(|d| d.name.as_str()).filter(changing).collect()
    }

    /// The names in `expr`.
    pub(super) fn names_in(expr: &Expr) -> Vec<String> {
        let mut names = Vec::new();
        expr.visit_names(&mut |name| names.push(name.to_string()));
        names
    }

    /// Puts the derived variables that `names` need in front, those that are not known yet; the ones in `shared` are
    /// variables of the mechanism, others of the block.
    pub(super) fn prepare(
        &self,
        block: &mut Block,
        names: &[String],
        shared: &BTreeSet<String>,
    ) -> Result<()> {
        for name in self.needed_beside(&block.known, names.iter().map(String::as_str)) {
            let Some(derived) = self.dynamics.derived.iter().find(|d| d.name == name) else { continue };
            let target = self.name(name);
            if !shared.contains(name) {
                block.declare(&target);
            }
            self.assign(block, &target, &derived.value, UNITS.power(derived.dimension))?;
            block.known.insert(name.to_string());
        }
        Ok(())
    }

    /// `target = value`, the value being in SI units and the target in units of ten to the `power`.
    pub(super) fn assign(&self, block: &mut Block, target: &str, value: &Expr, power: i32) -> Result<()> {
        let value = self.converted(value, power)?;
        self.statement(block, target, &value, 0)
    }

    /// `target = value`, the value being in the units of the target.
    pub(super) fn place(&self, block: &mut Block, target: &str, value: &Expr) -> Result<()> {
        self.statement(block, target, value, 0)
    }

    /// Assignments one after the other, each seeing those before it.
    pub(super) fn assignments(
        &self,
        block: &mut Block,
        assignments: &[Assignment],
        shared: &BTreeSet<String>,
    ) -> Result<()> {
        for assignment in assignments {
            let Some(state) = self.dynamics.states.get(assignment.state) else { continue };
            self.prepare(block, &Self::names_in(&assignment.value), shared)?;
            self.assign(block, &self.name(&state.name), &assignment.value, UNITS.power(state.dimension))?;
            // What was worked out from the old value is so no more.
            let stale: Vec<String> =
                block.known.iter().filter(|name| self.depends(name, &state.name)).cloned().collect();
            stale.iter().for_each(|name| {
                block.known.remove(name);
            });
        }
        Ok(())
    }

    /// `if (test) { ... }` with what `then` writes inside.
    pub(super) fn when(
        &self,
        block: &mut Block,
        test: &Expr,
        shared: &BTreeSet<String>,
        then: impl FnOnce(&mut Block) -> Result<()>,
    ) -> Result<()> {
        self.prepare(block, &Self::names_in(test), shared)?;
        let test = self.converted(test, 0)?;
        let test = self.without_choices(block, &test, "test", 0)?;
        let mut inner = Block { known: block.known.clone(), ..Block::default() };
        then(&mut inner)?;
        block.known = block.known.intersection(&inner.known).cloned().collect();
        block.include(inner, Some(&self.print(&test)?));
        Ok(())
    }

    /// Whether the derived variable `name` reads `of`, or what reads it.
    fn depends(&self, name: &str, of: &str) -> bool {
        let mut seen: BTreeSet<&str> = BTreeSet::from([name]);
        for derived in self.dynamics.derived.iter().rev() {
            if seen.contains(derived.name.as_str()) {
                derived.value.visit_names(&mut |inner| {
                    seen.insert(inner);
                });
            }
        }
        seen.contains(of)
    }

    /// `expr` in the units of the target.
    pub(super) fn converted(&self, expr: &Expr, power: i32) -> Result<Expr> {
        if expr.calls_random() {
            let message =
                format!("{} draws no random numbers inside equations", self.dialect.syntax().language);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let expr = expr.map(&step_as_choice);
        Ok(in_units(&expr, &|name| UNITS.power(self.dimension(name)), power))
    }

    /// `expr`, in the units of the target, as text.
    pub(super) fn print(&self, expr: &Expr) -> Result<String> {
        self.dialect.syntax().print(&expr.map_names(&|name| Expr::name(self.name(name))))
    }

    /// `target = value` as lines, choices as `if`.
    fn statement(&self, block: &mut Block, target: &str, value: &Expr, depth: usize) -> Result<()> {
        let indent = "    ".repeat(depth);
        if let Expr::Select(test, yes, no) = value
            && !is_plain_linoid(value)
        {
            let test = self.without_choices(block, test, target, depth)?;
            block.lines.push(format!("{indent}if ({}) {{", self.print(&test)?));
            self.statement(block, target, yes, depth + 1)?;
            block.lines.push(format!("{indent}}} else {{"));
            self.statement(block, target, no, depth + 1)?;
            block.lines.push(format!("{indent}}}"));
            return Ok(());
        }
        let value = self.without_choices(block, value, target, depth)?;
        block.lines.push(format!("{indent}{target} = {}", self.print(&value)?));
        Ok(())
    }

    /// `expr` with a variable of the block in place of each choice inside it, which gets its value before.
    pub(super) fn without_choices(
        &self,
        block: &mut Block,
        expr: &Expr,
        target: &str,
        depth: usize,
    ) -> Result<Expr> {
        if is_plain_linoid(expr) {
            return Ok(expr.clone());
        }
        let mut inner =
            |e: &Expr| -> Result<Box<Expr>> { Ok(Box::new(self.without_choices(block, e, target, depth)?)) };
        Ok(match expr {
            Expr::Number(_) | Expr::Name(_) => expr.clone(),
            Expr::Negate(a) => Expr::Negate(inner(a)?),
            Expr::Not(a) => Expr::Not(inner(a)?),
            Expr::Call(f, a) => Expr::Call(*f, inner(a)?),
            Expr::Binary(op, a, b) => Expr::Binary(*op, inner(a)?, inner(b)?),
            Expr::Compare(op, a, b) => Expr::Compare(*op, inner(a)?, inner(b)?),
            Expr::And(a, b) => Expr::And(inner(a)?, inner(b)?),
            Expr::Or(a, b) => Expr::Or(inner(a)?, inner(b)?),
            Expr::Select(..) => {
                let base = target.trim_end_matches('\'');
                let mut number = 1;
                while block.locals.contains(&format!("{base}_part{number}")) {
                    number += 1;
                }
                let local = format!("{base}_part{number}");
                block.locals.push(local.clone());
                self.statement(block, &local, expr, depth)?;
                Expr::Name(local)
            }
        })
    }
}

/// Names behind a word, in lines of some hundred characters: the compilers take no endless ones.
pub(super) fn lists(word: &str, names: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < 100 => {
                line.push_str(", ");
                line.push_str(name);
            }
            _ => lines.push(format!("{word} {name}")),
        }
    }
    lines
}

/// The declaration of variables of a block: one statement, over several lines.
pub(super) fn declared(locals: &[String]) -> Vec<String> {
    let mut lines = lists("LOCAL", locals);
    let last = lines.len().saturating_sub(1);
    for (number, line) in lines.iter_mut().enumerate() {
        if number > 0 {
            *line = line.replacen("LOCAL", "     ", 1);
        }
        if number < last {
            line.push(',');
        }
    }
    lines
}

/// Whether the language has a function for it.
fn is_plain_linoid(expr: &Expr) -> bool {
    let Some((_, x)) = linoid(expr) else { return false };
    let mut plain = true;
    x.visit(&mut |e| plain &= !matches!(e, Expr::Select(..)));
    plain
}

/// `−expr`, the sign going where it disappears: `g*(v - e)` for `g*(e - v)`.
pub(super) fn negated(expr: &Expr) -> Expr {
    use crate::expr::BinaryOp::{Div, Mul, Sub};
    if let Some(turned) = turned(expr) {
        return turned;
    }
    return Expr::Negate(Box::new(expr.clone()));

    fn turned(expr: &Expr) -> Option<Expr> {
        match expr {
            Expr::Number(x) if *x == 0.0 => Some(Expr::Number(0.0)),
            Expr::Negate(a) => Some((**a).clone()),
            Expr::Binary(Sub, a, b) => Some(Expr::Binary(Sub, b.clone(), a.clone())),
            Expr::Binary(Mul, a, b) => match turned(b) {
                Some(b) => Some(Expr::binary(Mul, (**a).clone(), b)),
                None => turned(a).map(|a| Expr::binary(Mul, a, (**b).clone())),
            },
            Expr::Binary(Div, a, b) => turned(a).map(|a| Expr::binary(Div, a, (**b).clone())),
            Expr::Select(c, a, b) if linoid(expr).is_none() => {
                Some(Expr::Select(c.clone(), Box::new(negated(a)), Box::new(negated(b))))
            }
            _ => None,
        }
    }
}
