//! Symbolic derivatives.

use super::graph::{Graph, Kind, NodeId};
use super::hash::QuickMap;
use crate::expr::{CompareOp, Function};

impl Graph {
    /// `∂node/∂leaf`. Steps are leaves; whole-number functions (`floor`, `ceil`) count as constant.
    pub fn derivative(&mut self, node: NodeId, leaf: NodeId) -> NodeId {
        self.derive(node, leaf, &mut QuickMap::default())
    }

    fn derive(&mut self, node: NodeId, leaf: NodeId, done: &mut QuickMap<NodeId, NodeId>) -> NodeId {
        if node == leaf {
            return self.constant(1.0);
        }
        if let Some(&known) = done.get(&node) {
            return known;
        }
        let result = match self.kind(node).clone() {
            Kind::Const(_)
            | Kind::Symbol(_)
            | Kind::Step(..)
            | Kind::Opaque(_)
            | Kind::Compare(..)
            | Kind::And(..)
            | Kind::Or(..)
            | Kind::Not(_) => self.constant(0.0),
            Kind::Sum(_, terms) => {
                let parts: Vec<_> =
                    terms.iter().map(|(n, k)| (self.derive(*n, leaf, done), k.get())).collect();
                self.sum(0.0, &parts)
            }
            Kind::Product(factors) => {
                let mut parts = Vec::with_capacity(factors.len());
                for (i, &(n, e)) in factors.iter().enumerate() {
                    let inner = self.derive(n, leaf, done);
                    let mut product = vec![(inner, 1)];
                    for (j, &(m, e2)) in factors.iter().enumerate() {
                        product.push((m, if i == j { e - 1 } else { e2 }));
                    }
                    parts.push((self.product(f64::from(e), &product), 1.0));
                }
                self.sum(0.0, &parts)
            }
            Kind::Call(f, a) => {
                let inner = self.derive(a, leaf, done);
                let outer = self.outer_derivative(f, a, node);
                self.mul(outer, inner)
            }
            Kind::Sigmoid(z) => {
                // d/dz 1/(1+e^z) = s² − s.
                let inner = self.derive(z, leaf, done);
                let square = self.mul(node, node);
                let outer = self.sub(square, node);
                self.mul(outer, inner)
            }
            Kind::ExpRel(z) => {
                // r = z/(e^z−1): dr/dz = r (1 − r(−z))/z, and −1/2 + z/6 near 0.
                let inner = self.derive(z, leaf, done);
                let minus = self.scale(z, -1.0);
                let mirrored = self.exprel(minus);
                let bracket = self.sum(1.0, &[(mirrored, -1.0)]);
                let general = self.product(1.0, &[(node, 1), (bracket, 1), (z, -1)]);
                let near = self.sum(-0.5, &[(z, 1.0 / 6.0)]);
                let size = self.call(Function::Abs, z);
                let bound = self.constant(1e-4);
                let test = self.compare(CompareOp::Lt, size, bound);
                let outer = self.select(test, near, general);
                self.mul(outer, inner)
            }
            Kind::Power(a, b) => {
                // a^b (b' ln a + b a'/a)
                let (da, db) = (self.derive(a, leaf, done), self.derive(b, leaf, done));
                let ln = self.call(Function::Ln, a);
                let first = self.mul(db, ln);
                let second = self.product(1.0, &[(b, 1), (da, 1), (a, -1)]);
                let bracket = self.add(first, second);
                self.mul(node, bracket)
            }
            Kind::Select(c, a, b) => {
                let (a, b) = (self.derive(a, leaf, done), self.derive(b, leaf, done));
                self.select(c, a, b)
            }
        };
        done.insert(node, result);
        result
    }

    /// `f'(a)`, where `node` is `f(a)`.
    fn outer_derivative(&mut self, f: Function, a: NodeId, node: NodeId) -> NodeId {
        let one = self.constant(1.0);
        match f {
            Function::Exp => node,
            Function::Ln => self.div(one, a),
            Function::Log10 => self.product(std::f64::consts::LOG10_E, &[(a, -1)]),
            Function::Sqrt => self.product(0.5, &[(node, -1)]),
            Function::Sin => self.call(Function::Cos, a),
            Function::Cos => {
                let sin = self.call(Function::Sin, a);
                self.scale(sin, -1.0)
            }
            Function::Tan => {
                let square = self.mul(node, node);
                self.add(one, square)
            }
            Function::Sinh => self.call(Function::Cosh, a),
            Function::Cosh => self.call(Function::Sinh, a),
            Function::Tanh => {
                let square = self.mul(node, node);
                self.sub(one, square)
            }
            Function::Abs => self.div(node, a),
            Function::Floor
            | Function::Ceil
            | Function::Heaviside
            | Function::Random
            | Function::Factorial => self.constant(0.0),
        }
    }
}
