//! Expressions by meaning: a hash-consed graph in canonical form.
//!
//! Equal expressions are one node, so common subexpressions are shared without a pass of their own.
//! Sums are `c + Σ kᵢ nᵢ`, products are `Π nᵢ^eᵢ` with whole exponents; constants fold, equal factors
//! cancel, and the two removable patterns of rate equations become nodes of their own:
//! `1/(1 + exp z)` ([`Kind::Sigmoid`]) and `z/(exp z − 1)` ([`Kind::ExpRel`], finite at 0).
//! Rewriting follows the rules of real numbers; results differ from the text by rounding only.

use std::collections::BTreeMap;

use super::hash::QuickMap;
use crate::expr::{CompareOp, Function, eval};

/// A node of a [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// How a state is advanced by one time step `h` (graph-external, the step programs' uniform 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepRule {
    /// `x + h f φ(h k)`, `φ(z) = (exp z − 1)/z`; operands `x, f(x), k = ∂f/∂x`.
    Exponential,
    /// Towards `a/(a+b)` with rate `a+b`; operands `x, a, b`.
    Rates,
    /// Towards `inf` with time constant `tau`; operands `x, inf, tau`.
    Tau,
}

/// A constant that can be a key: the bits of an f64 (negative zero is zero).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bits(u64);

impl Bits {
    /// The bits of `x`.
    pub fn of(x: f64) -> Bits {
        Bits((x + 0.0).to_bits())
    }
    /// The number.
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A number.
    Const(Bits),
    /// A leaf: what it stands for is known to whoever made it.
    Symbol(u32),
    /// `c + Σ kᵢ nᵢ`, sorted by node.
    Sum(Bits, Box<[(NodeId, Bits)]>),
    /// `Π nᵢ^eᵢ`, sorted by node, exponents not 0.
    Product(Box<[(NodeId, i32)]>),
    /// A function of one argument.
    Call(Function, NodeId),
    /// `z/(exp z − 1)`.
    ExpRel(NodeId),
    /// `1/(1 + exp z)`.
    Sigmoid(NodeId),
    /// `a^b` where `b` is no whole constant.
    Power(NodeId, NodeId),
    /// `a op 0`.
    Compare(CompareOp, NodeId),
    /// Both.
    And(NodeId, NodeId),
    /// Either.
    Or(NodeId, NodeId),
    /// Not.
    Not(NodeId),
    /// `if c then a else b`.
    Select(NodeId, NodeId, NodeId),
    /// The operand as a value of its own: nothing is rewritten or fused across it. A leaf to
    /// derivatives and substitution.
    Opaque(NodeId),
    /// A state after one time step. A leaf to derivatives and substitution.
    Step(StepRule, NodeId, NodeId, NodeId),
}

/// The graph: nodes are made by its methods only, so each is canonical and comes after its operands.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Kind>,
    known: QuickMap<Kind, NodeId>,
}

/// `c + Σ k n` while it is being built.
type Terms = BTreeMap<NodeId, f64>;

impl Graph {
    /// An empty graph.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// What `node` is.
    pub fn kind(&self, node: NodeId) -> &Kind {
        &self.nodes[node.0 as usize]
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn intern(&mut self, kind: Kind) -> NodeId {
        if let Some(&node) = self.known.get(&kind) {
            return node;
        }
        let node = NodeId(self.nodes.len() as u32);
        self.nodes.push(kind.clone());
        self.known.insert(kind, node);
        node
    }

    /// The number `x`.
    pub fn constant(&mut self, x: f64) -> NodeId {
        self.intern(Kind::Const(Bits::of(x)))
    }

    /// The leaf `symbol`.
    pub fn symbol(&mut self, symbol: u32) -> NodeId {
        self.intern(Kind::Symbol(symbol))
    }

    /// The value of `node` if it is a number.
    pub fn value(&self, node: NodeId) -> Option<f64> {
        match self.kind(node) {
            Kind::Const(x) => Some(x.get()),
            _ => None,
        }
    }

    /// `node` as `c + Σ k n`.
    pub fn as_sum(&self, node: NodeId) -> (f64, Vec<(NodeId, f64)>) {
        match self.kind(node) {
            Kind::Const(x) => (x.get(), Vec::new()),
            Kind::Sum(c, terms) => (c.get(), terms.iter().map(|(n, k)| (*n, k.get())).collect()),
            _ => (0.0, vec![(node, 1.0)]),
        }
    }

    /// `c + Σ k n`.
    pub fn sum(&mut self, mut c: f64, parts: &[(NodeId, f64)]) -> NodeId {
        let mut terms = Terms::new();
        for &(node, k) in parts {
            let (c1, inner) = self.as_sum(node);
            c += k * c1;
            for (n, k1) in inner {
                let total = terms.entry(n).or_insert(0.0);
                let (before, add) = (*total, k * k1);
                *total += add;
                // What rounding leaves of terms that cancel is not a term.
                if total.abs() <= 4.0 * f64::EPSILON * before.abs().max(add.abs()) {
                    *total = 0.0;
                }
            }
        }
        terms.retain(|_, k| *k != 0.0);
        if terms.is_empty() {
            return self.constant(c);
        }
        if let (Some((&node, &k)), 1, true) = (terms.first_key_value(), terms.len(), c == 0.0)
            && k == 1.0
        {
            return node;
        }
        let terms = terms.into_iter().map(|(n, k)| (n, Bits::of(k))).collect();
        self.intern(Kind::Sum(Bits::of(c), terms))
    }

    /// `a + b`.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.sum(0.0, &[(a, 1.0), (b, 1.0)])
    }

    /// `a - b`.
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.sum(0.0, &[(a, 1.0), (b, -1.0)])
    }

    /// `k a`.
    pub fn scale(&mut self, a: NodeId, k: f64) -> NodeId {
        self.sum(0.0, &[(a, k)])
    }

    /// `a b`.
    pub fn mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.product(1.0, &[(a, 1), (b, 1)])
    }

    /// `a / b`.
    pub fn div(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.product(1.0, &[(a, 1), (b, -1)])
    }

    /// `k Π n^e`.
    pub fn product(&mut self, mut k: f64, parts: &[(NodeId, i32)]) -> NodeId {
        let mut factors: BTreeMap<NodeId, i32> = BTreeMap::new();
        for &(node, e) in parts {
            self.multiply_into(&mut k, &mut factors, node, e);
        }
        self.take_patterns(&mut k, &mut factors);
        factors.retain(|_, e| *e != 0);
        if k == 0.0 {
            return self.constant(0.0);
        }
        if factors.is_empty() {
            return self.constant(k);
        }
        let (&first, &e) = factors.first_key_value().unwrap_or((&NodeId(0), &0));
        let node = if factors.len() == 1 && e == 1 {
            first
        } else {
            self.intern(Kind::Product(factors.into_iter().collect()))
        };
        self.scale(node, k)
    }

    fn multiply_into(&self, k: &mut f64, factors: &mut BTreeMap<NodeId, i32>, node: NodeId, e: i32) {
        match self.kind(node) {
            Kind::Const(x) => *k *= libm::pow(x.get(), f64::from(e)),
            Kind::Sum(c, terms) if c.get() == 0.0 && terms.len() == 1 => {
                *k *= libm::pow(terms[0].1.get(), f64::from(e));
                self.multiply_into(k, factors, terms[0].0, e);
            }
            Kind::Product(inner) => {
                for &(n, e1) in inner.iter() {
                    *factors.entry(n).or_insert(0) += e1 * e;
                }
            }
            _ => *factors.entry(node).or_insert(0) += e,
        }
    }

    /// Finds `1/(c + c exp z)` and `z/(c exp z − c)` among the factors.
    fn take_patterns(&mut self, k: &mut f64, factors: &mut BTreeMap<NodeId, i32>) {
        let inverse: Vec<NodeId> = factors.iter().filter(|(_, e)| **e < 0).map(|(n, _)| *n).collect();
        for node in inverse {
            let Kind::Sum(c, terms) = self.kind(node).clone() else { continue };
            let &[(inner, factor)] = &terms[..] else { continue };
            let Kind::Call(Function::Exp, z) = *self.kind(inner) else { continue };
            let (c, factor) = (c.get(), factor.get());
            if c == factor {
                let e = factors.remove(&node).unwrap_or(0);
                *k *= libm::pow(c, f64::from(e));
                let sigmoid = self.intern(Kind::Sigmoid(z));
                *factors.entry(sigmoid).or_insert(0) -= e;
            } else if c == -factor {
                let above: Vec<NodeId> = factors.iter().filter(|(_, e)| **e > 0).map(|(n, _)| *n).collect();
                for top in above {
                    if let Some(ratio) = self.proportion(top, z) {
                        *k *= ratio / factor;
                        let relation = self.intern(Kind::ExpRel(z));
                        for (n, e) in [(top, -1), (node, 1), (relation, 1)] {
                            *factors.entry(n).or_insert(0) += e;
                        }
                        break;
                    }
                }
            }
        }
    }

    /// `m` if `a = m b` as sums, for `b` not constant.
    fn proportion(&self, a: NodeId, b: NodeId) -> Option<f64> {
        let ((ca, ta), (cb, tb)) = (self.as_sum(a), self.as_sum(b));
        if ta.len() != tb.len() || tb.is_empty() {
            return None;
        }
        let ratio = ta[0].1 / tb[0].1;
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-12 * x.abs().max(y.abs());
        let same = ta.iter().zip(&tb).all(|(x, y)| x.0 == y.0 && near(x.1, ratio * y.1));
        (same && near(ca, ratio * cb)).then_some(ratio)
    }

    /// `a ^ b`.
    pub fn pow(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => self.constant(libm::pow(x, y)),
            (_, Some(y)) if y == y.trunc() && y.abs() <= 64.0 => self.product(1.0, &[(a, y as i32)]),
            (_, Some(0.5)) => self.call(Function::Sqrt, a),
            _ => self.intern(Kind::Power(a, b)),
        }
    }

    /// A function of one argument.
    pub fn call(&mut self, function: Function, a: NodeId) -> NodeId {
        if let Some(x) = self.value(a)
            && let Some(y) = fold(function, x)
        {
            return self.constant(y);
        }
        match (function, self.kind(a)) {
            (Function::Heaviside, _) => {
                let (one, zero) = (self.constant(1.0), self.constant(0.0));
                let test = self.compare(CompareOp::Ge, a, zero);
                self.select(test, one, zero)
            }
            (Function::Log10, _) => {
                let ln = self.call(Function::Ln, a);
                self.scale(ln, std::f64::consts::LOG10_E)
            }
            (Function::Ln, &Kind::Call(Function::Exp, inner)) => inner,
            _ => self.intern(Kind::Call(function, a)),
        }
    }

    /// `a op b`.
    pub fn compare(&mut self, op: CompareOp, a: NodeId, b: NodeId) -> NodeId {
        let difference = self.sub(a, b);
        if let Some(x) = self.value(difference) {
            let holds = eval::compare(op, x, 0.0);
            return self.truth(holds);
        }
        self.intern(Kind::Compare(op, difference))
    }

    fn truth(&mut self, holds: bool) -> NodeId {
        self.constant(f64::from(u8::from(holds)))
    }

    /// `a and b`.
    pub fn and(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.value(a), self.value(b)) {
            (Some(0.0), _) | (_, Some(0.0)) => self.truth(false),
            (Some(_), _) => b,
            (_, Some(_)) => a,
            _ => self.intern(Kind::And(a, b)),
        }
    }

    /// `a or b`.
    pub fn or(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.value(a), self.value(b)) {
            (Some(0.0), _) => b,
            (_, Some(0.0)) => a,
            (Some(_), _) | (_, Some(_)) => self.truth(true),
            _ => self.intern(Kind::Or(a, b)),
        }
    }

    /// `not a`.
    pub fn not(&mut self, a: NodeId) -> NodeId {
        if let Some(x) = self.value(a) {
            return self.truth(x == 0.0);
        }
        match *self.kind(a) {
            Kind::Not(inner) => inner,
            Kind::Compare(op, difference) => {
                let opposite = match op {
                    CompareOp::Eq => CompareOp::Ne,
                    CompareOp::Ne => CompareOp::Eq,
                    // Comparisons of order are not negated: both are false for NaN.
                    _ => return self.intern(Kind::Not(a)),
                };
                self.intern(Kind::Compare(opposite, difference))
            }
            _ => self.intern(Kind::Not(a)),
        }
    }

    /// `if test then a else b`.
    pub fn select(&mut self, test: NodeId, a: NodeId, b: NodeId) -> NodeId {
        if let Some(x) = self.value(test) {
            return if x != 0.0 { a } else { b };
        }
        // An inner choice whose outcome the outer one implies.
        let opposite = self.not(test);
        let b = match *self.kind(b) {
            Kind::Select(inner, then, _) if inner == opposite => then,
            Kind::Select(inner, _, otherwise) if inner == test => otherwise,
            _ => b,
        };
        if a == b {
            return a;
        }
        // `x ≠ 0 ? f(x) : f(0)` is f where f is regular at 0, as after the patterns above.
        if let Kind::Compare(op @ (CompareOp::Eq | CompareOp::Ne), x) = *self.kind(test) {
            let (general, at_zero) = if op == CompareOp::Ne { (a, b) } else { (b, a) };
            if let (c, terms) = self.as_sum(x)
                && let &[(leaf, k)] = &terms[..]
            {
                let limit = self.substitute(general, &[(leaf, -c / k)]);
                if let (Some(x), Some(y)) = (self.value(limit), self.value(at_zero))
                    && (x - y).abs() <= 1e-12 * y.abs()
                {
                    return general;
                }
            }
        }
        self.intern(Kind::Select(test, a, b))
    }

    /// A state after one step.
    pub fn step(&mut self, rule: StepRule, x: NodeId, a: NodeId, b: NodeId) -> NodeId {
        self.intern(Kind::Step(rule, x, a, b))
    }

    /// `a` as a value of its own: what uses it neither looks into it nor fuses with it. For states
    /// after a step, which no longer depend on the potential.
    pub fn opaque(&mut self, a: NodeId) -> NodeId {
        if self.value(a).is_some() { a } else { self.intern(Kind::Opaque(a)) }
    }

    /// Calls `visit` with each operand of `node`.
    pub fn operands(&self, node: NodeId, visit: &mut dyn FnMut(NodeId)) {
        match self.kind(node) {
            Kind::Const(_) | Kind::Symbol(_) => {}
            Kind::Sum(_, terms) => terms.iter().for_each(|(n, _)| visit(*n)),
            Kind::Product(factors) => factors.iter().for_each(|(n, _)| visit(*n)),
            Kind::Call(_, a)
            | Kind::ExpRel(a)
            | Kind::Sigmoid(a)
            | Kind::Compare(_, a)
            | Kind::Not(a)
            | Kind::Opaque(a) => {
                visit(*a);
            }
            Kind::Power(a, b) | Kind::And(a, b) | Kind::Or(a, b) => {
                visit(*a);
                visit(*b);
            }
            Kind::Select(a, b, c) | Kind::Step(_, a, b, c) => {
                visit(*a);
                visit(*b);
                visit(*c);
            }
        }
    }

    /// Whether `node` depends on `leaf`, steps being leaves.
    pub fn depends(&self, node: NodeId, leaf: NodeId) -> bool {
        let mut seen = vec![false; self.len()];
        let mut stack = vec![node];
        while let Some(n) = stack.pop() {
            if n == leaf {
                return true;
            }
            if std::mem::replace(&mut seen[n.0 as usize], true)
                || matches!(self.kind(n), Kind::Step(..) | Kind::Opaque(_))
            {
                continue;
            }
            self.operands(n, &mut |o| stack.push(o));
        }
        false
    }

    /// Whether `node` is greater than 0 whatever its leaves are, as far as its form shows.
    pub fn is_positive(&self, node: NodeId) -> bool {
        match self.kind(node) {
            Kind::Const(x) => x.get() > 0.0,
            Kind::Call(Function::Exp, _) | Kind::ExpRel(_) | Kind::Sigmoid(_) => true,
            Kind::Sum(c, terms) => {
                c.get() >= 0.0 && terms.iter().all(|(n, k)| k.get() > 0.0 && self.is_positive(*n))
            }
            Kind::Product(factors) => factors.iter().all(|(n, _)| self.is_positive(*n)),
            _ => false,
        }
    }

    /// `node` with numbers put for leaves, steps being leaves.
    pub fn substitute(&mut self, node: NodeId, values: &[(NodeId, f64)]) -> NodeId {
        let mut done = QuickMap::default();
        for &(leaf, x) in values {
            let x = self.constant(x);
            done.insert(leaf, x);
        }
        self.rebuild(node, &mut done)
    }

    /// `node` rebuilt with the replacements in `done`, which it extends. Recursion is as deep as the
    /// expression as written, which the parser bounds.
    fn rebuild(&mut self, node: NodeId, done: &mut QuickMap<NodeId, NodeId>) -> NodeId {
        if let Some(&new) = done.get(&node) {
            return new;
        }
        let new = match self.kind(node).clone() {
            Kind::Const(_) | Kind::Symbol(_) | Kind::Step(..) | Kind::Opaque(_) => node,
            Kind::Sum(c, terms) => {
                let parts: Vec<_> = terms.iter().map(|(n, k)| (self.rebuild(*n, done), k.get())).collect();
                self.sum(c.get(), &parts)
            }
            Kind::Product(factors) => {
                let parts: Vec<_> = factors.iter().map(|(n, e)| (self.rebuild(*n, done), *e)).collect();
                self.product(1.0, &parts)
            }
            Kind::Call(f, a) => {
                let a = self.rebuild(a, done);
                self.call(f, a)
            }
            Kind::ExpRel(a) => {
                let a = self.rebuild(a, done);
                match self.value(a) {
                    Some(z) => self.constant(exprel(z)),
                    None => self.intern(Kind::ExpRel(a)),
                }
            }
            Kind::Sigmoid(a) => {
                let a = self.rebuild(a, done);
                match self.value(a) {
                    Some(z) => self.constant(1.0 / (1.0 + libm::exp(z))),
                    None => self.intern(Kind::Sigmoid(a)),
                }
            }
            Kind::Power(a, b) => {
                let (a, b) = (self.rebuild(a, done), self.rebuild(b, done));
                self.pow(a, b)
            }
            Kind::Compare(op, a) => {
                let (a, zero) = (self.rebuild(a, done), self.constant(0.0));
                self.compare(op, a, zero)
            }
            Kind::And(a, b) => {
                let (a, b) = (self.rebuild(a, done), self.rebuild(b, done));
                self.and(a, b)
            }
            Kind::Or(a, b) => {
                let (a, b) = (self.rebuild(a, done), self.rebuild(b, done));
                self.or(a, b)
            }
            Kind::Not(a) => {
                let a = self.rebuild(a, done);
                self.not(a)
            }
            Kind::Select(c, a, b) => {
                let (c, a, b) = (self.rebuild(c, done), self.rebuild(a, done), self.rebuild(b, done));
                self.select(c, a, b)
            }
        };
        done.insert(node, new);
        new
    }

    /// `z/(exp z − 1)`.
    pub fn exprel(&mut self, z: NodeId) -> NodeId {
        match self.value(z) {
            Some(x) => self.constant(exprel(x)),
            None => self.intern(Kind::ExpRel(z)),
        }
    }
}

/// `z/(exp z − 1)`, 1 at 0.
fn exprel(z: f64) -> f64 {
    if z == 0.0 { 1.0 } else { z / libm::expm1(z) }
}

fn fold(function: Function, x: f64) -> Option<f64> {
    // A random number is no constant.
    (function != Function::Random).then(|| eval::call(function, x))
}
