//! From graph to program: scheduling, fused operations, registers.
//!
//! A node becomes one operation where the instruction set allows: scaled exponentials, sigmoids,
//! fused multiply-adds, affine functions. Results go straight to their arrays unless the old value
//! is still to be read.

use super::allocate::{Value, Virtual, allocate};
use super::ops::{Code, Program};
use crate::dynamics::graph::{Graph, Kind, NodeId, StepRule};
use crate::dynamics::hash::QuickMap;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{CompareOp, Function};

/// What a symbol of the graph stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    /// The array of this number, lane by lane.
    Array(u16),
    /// A value common to all lanes.
    Uniform(u16),
    /// The whole array `array` at the lane's entry in index list `list`.
    Gather {
        /// The array.
        array: u16,
        /// The index list.
        list: u16,
    },
}

/// What a program is to leave behind.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// Arrays to be set, lane by lane, to nodes.
    pub stores: Vec<(NodeId, u16)>,
    /// Whole arrays to be set, at the places of an index list, to nodes: node, array, list.
    pub scatters: Vec<(NodeId, u16, u16)>,
    /// Nodes to be added to whole arrays at the places of an index list: node, array, list.
    pub adds: Vec<(NodeId, u16, u16)>,
}

/// The program that computes `outputs`, with `leaves[symbol]` saying what each symbol is.
///
/// # Errors
/// If a function has no vector form (`random`, `factorial`), or the program needs more than 65,535
/// registers.
pub fn lower(graph: &Graph, leaves: &[Leaf], outputs: &Outputs) -> Result<Program> {
    let mut lowering = Lowering {
        graph,
        leaves,
        uses: count_uses(graph, outputs),
        ops: Vec::new(),
        done: QuickMap::default(),
        powers: QuickMap::default(),
        fills: QuickMap::default(),
    };
    let mut stores = Vec::with_capacity(outputs.stores.len());
    for &(node, array) in &outputs.stores {
        let value = match lowering.emit(node)? {
            Value::Array(source) if source != array => {
                lowering.push(Code::Copy, &[Value::Array(source)], [0.0; 3])
            }
            value => value,
        };
        stores.push((value, array));
    }
    for &(node, array, list) in &outputs.scatters {
        let value = lowering.emit(node)?;
        lowering.push(Code::Scatter, &[Value::Array(array), value], [f64::from(list), 0.0, 0.0]);
    }
    for &(node, array, list) in &outputs.adds {
        let value = lowering.emit(node)?;
        lowering.push(Code::ScatterAdd, &[Value::Array(array), value], [f64::from(list), 0.0, 0.0]);
    }
    allocate(lowering.ops, stores)
}

struct Lowering<'a> {
    graph: &'a Graph,
    leaves: &'a [Leaf],
    /// How often each node is an operand of a needed node or an output.
    uses: Vec<u32>,
    ops: Vec<Virtual>,
    done: QuickMap<NodeId, Value>,
    powers: QuickMap<(NodeId, i32), Value>,
    fills: QuickMap<u64, Value>,
}

fn count_uses(graph: &Graph, outputs: &Outputs) -> Vec<u32> {
    let mut uses = vec![0; graph.len()];
    let mut stack = Vec::new();
    let placed = outputs.scatters.iter().chain(&outputs.adds).map(|a| a.0);
    for node in outputs.stores.iter().map(|s| s.0).chain(placed) {
        // An output is never folded into its user.
        uses[node.0 as usize] += 2;
        stack.push(node);
    }
    let mut seen = vec![false; graph.len()];
    while let Some(node) = stack.pop() {
        if std::mem::replace(&mut seen[node.0 as usize], true) {
            continue;
        }
        graph.operands(node, &mut |operand| {
            uses[operand.0 as usize] += 1;
            stack.push(operand);
        });
    }
    uses
}

impl Lowering<'_> {
    fn push(&mut self, code: Code, args: &[Value], imm: [f64; 3]) -> Value {
        self.ops.push(Virtual { code, args: args.to_vec(), imm });
        Value::Result(self.ops.len() - 1)
    }

    fn fill(&mut self, x: f64) -> Value {
        if let Some(&value) = self.fills.get(&x.to_bits()) {
            return value;
        }
        let value = self.push(Code::Fill, &[], [x, 0.0, 0.0]);
        self.fills.insert(x.to_bits(), value);
        value
    }

    fn used_once(&self, node: NodeId) -> bool {
        self.uses[node.0 as usize] == 1
    }

    fn emit(&mut self, node: NodeId) -> Result<Value> {
        if let Some(&value) = self.done.get(&node) {
            return Ok(value);
        }
        let value = match self.graph.kind(node) {
            Kind::Const(x) => self.fill(x.get()),
            Kind::Symbol(symbol) => match self.leaves[*symbol as usize] {
                Leaf::Array(array) => Value::Array(array),
                Leaf::Uniform(uniform) => self.push(Code::Uniform, &[], [f64::from(uniform), 0.0, 0.0]),
                Leaf::Gather { array, list } => {
                    self.push(Code::Gather, &[Value::Array(array)], [f64::from(list), 0.0, 0.0])
                }
            },
            Kind::Opaque(a) => self.emit(*a)?,
            Kind::Sum(c, terms) => {
                let terms: Vec<_> = terms.iter().map(|(n, k)| (*n, k.get())).collect();
                self.emit_sum(c.get(), &terms)?
            }
            Kind::Product(factors) => {
                let factors = factors.to_vec();
                self.emit_product(1.0, &factors)?
            }
            Kind::Call(Function::Exp, _) | Kind::ExpRel(_) | Kind::Sigmoid(_) => {
                self.emit_scaled(node, 1.0)?
            }
            Kind::Call(f, a) => {
                let (f, a) = (*f, *a);
                let code = match f {
                    Function::Ln => Code::Ln,
                    Function::Sqrt => Code::Sqrt,
                    Function::Sin => Code::Sin,
                    Function::Cos => Code::Cos,
                    Function::Tan => Code::Tan,
                    Function::Sinh => Code::Sinh,
                    Function::Cosh => Code::Cosh,
                    Function::Tanh => Code::Tanh,
                    Function::Abs => Code::Abs,
                    Function::Floor => Code::Floor,
                    Function::Ceil => Code::Ceil,
                    Function::Exp
                    | Function::Log10
                    | Function::Heaviside
                    | Function::Random
                    | Function::Factorial => {
                        return Err(Error::new(
                            ErrorKind::Unsupported,
                            format!(
                                "the function {f:?} of a changing quantity is not supported in equations"
                            ),
                        ));
                    }
                };
                let a = self.emit(a)?;
                self.push(code, &[a], [0.0; 3])
            }
            Kind::Power(a, b) => {
                let (a, b) = (*a, *b);
                let (a, b) = (self.emit(a)?, self.emit(b)?);
                self.push(Code::Pow, &[a, b], [0.0; 3])
            }
            Kind::Compare(op, difference) => {
                let (op, difference) = (*op, *difference);
                self.emit_compare(op, difference)?
            }
            Kind::And(a, b) => self.emit_plain(Code::And, &[*a, *b])?,
            Kind::Or(a, b) => self.emit_plain(Code::Or, &[*a, *b])?,
            Kind::Not(a) => self.emit_plain(Code::Not, &[*a])?,
            Kind::Select(c, a, b) => self.emit_plain(Code::Select, &[*c, *a, *b])?,
            Kind::Step(rule, x, a, b) => {
                let code = match rule {
                    StepRule::Exponential => Code::ExpStep,
                    StepRule::Rates => Code::GateRates,
                    StepRule::Tau => Code::GateTau,
                };
                self.emit_plain(code, &[*x, *a, *b])?
            }
        };
        self.done.insert(node, value);
        Ok(value)
    }

    fn emit_plain(&mut self, code: Code, operands: &[NodeId]) -> Result<Value> {
        let mut args = Vec::with_capacity(operands.len());
        for &operand in operands {
            args.push(self.emit(operand)?);
        }
        Ok(self.push(code, &args, [0.0; 3]))
    }

    /// Whether `k node` is one operation because the node is used nowhere else.
    fn scales_free(&self, node: NodeId) -> bool {
        self.used_once(node)
            && match self.graph.kind(node) {
                Kind::Call(Function::Exp, _) | Kind::ExpRel(_) | Kind::Sigmoid(_) => true,
                Kind::Product(factors) => factors.iter().all(|(_, e)| *e < 0),
                _ => false,
            }
    }

    /// `k node`.
    fn emit_scaled(&mut self, node: NodeId, k: f64) -> Result<Value> {
        let (code, z) = match self.graph.kind(node) {
            Kind::Call(Function::Exp, z) => (Code::Exp, *z),
            Kind::ExpRel(z) => (Code::ExpRel, *z),
            Kind::Sigmoid(z) => (Code::Sigmoid, *z),
            Kind::Product(factors) if factors.iter().all(|(_, e)| *e < 0) => {
                let factors = factors.to_vec();
                return self.emit_product(k, &factors);
            }
            _ => {
                let value = self.emit(node)?;
                return Ok(match k {
                    1.0 => value,
                    -1.0 => self.push(Code::Neg, &[value], [0.0; 3]),
                    _ => self.push(Code::MulP, &[value], [k, 0.0, 0.0]),
                });
            }
        };
        let (c, terms) = self.graph.as_sum(z);
        let (inner, q, r) = match &terms[..] {
            &[(inner, q)] => (inner, q, c),
            _ => (z, 1.0, 0.0),
        };
        let a = self.emit(inner)?;
        Ok(self.push(code, &[a], [k, q, r]))
    }

    fn emit_sum(&mut self, c: f64, terms: &[(NodeId, f64)]) -> Result<Value> {
        let mut rest = terms.to_vec();
        let start = if c == 0.0 {
            // A product is left for a fused multiply-add onto what another term begins.
            let plain = rest.iter().position(|t| t.1 == 1.0 && !self.splits(t.0));
            plain.or_else(|| rest.iter().position(|t| t.1 == 1.0))
        } else {
            rest.iter().position(|t| t.1.abs() != 1.0)
        };
        let (node, k) = rest.remove(start.unwrap_or(0));
        let mut total = if c == 0.0 {
            self.emit_scaled_once(node, k)?
        } else if let (Some((a, b)), 1.0) = (self.split_product(node)?, k) {
            self.push(Code::FmaP, &[a, b], [c, 0.0, 0.0])
        } else if self.scales_free(node) || k == 1.0 {
            let value = self.emit_scaled_once(node, k)?;
            self.push(Code::AddP, &[value], [c, 0.0, 0.0])
        } else {
            let value = self.emit(node)?;
            match k {
                -1.0 => self.push(Code::PSub, &[value], [c, 0.0, 0.0]),
                _ => self.push(Code::Affine, &[value], [k, c, 0.0]),
            }
        };
        for (node, k) in rest {
            total = if k.abs() == 1.0
                && let Some((a, b)) = self.split_product(node)?
            {
                self.push(if k == 1.0 { Code::Fma } else { Code::Fnma }, &[a, b, total], [0.0; 3])
            } else if k != 1.0 && self.scales_free(node) {
                let value = self.emit_scaled(node, k)?;
                self.push(Code::Add, &[total, value], [0.0; 3])
            } else {
                let value = self.emit(node)?;
                match k {
                    1.0 => self.push(Code::Add, &[total, value], [0.0; 3]),
                    -1.0 => self.push(Code::Sub, &[total, value], [0.0; 3]),
                    _ => self.push(Code::FmaScale, &[value, total], [k, 0.0, 0.0]),
                }
            };
        }
        Ok(total)
    }

    fn emit_scaled_once(&mut self, node: NodeId, k: f64) -> Result<Value> {
        if k == 1.0 {
            return self.emit(node);
        }
        if self.scales_free(node) {
            return self.emit_scaled(node, k);
        }
        let value = self.emit(node)?;
        Ok(match k {
            -1.0 => self.push(Code::Neg, &[value], [0.0; 3]),
            _ => self.push(Code::MulP, &[value], [k, 0.0, 0.0]),
        })
    }

    /// Whether `node` is a product used once and without divisors.
    fn splits(&self, node: NodeId) -> bool {
        let Kind::Product(factors) = self.graph.kind(node) else { return false };
        self.used_once(node) && !self.done.contains_key(&node) && factors.iter().all(|(_, e)| *e > 0)
    }

    /// A product used once, without divisors, as two factors for a fused multiply-add.
    fn split_product(&mut self, node: NodeId) -> Result<Option<(Value, Value)>> {
        let Kind::Product(factors) = self.graph.kind(node) else { return Ok(None) };
        if !self.splits(node) {
            return Ok(None);
        }
        let factors = factors.to_vec();
        if let [(base, e)] = factors[..] {
            let (low, high) = (self.power(base, e / 2)?, self.power(base, e - e / 2)?);
            return Ok(Some((low, high)));
        }
        let Some((&(last, e), first)) = factors.split_last() else { return Ok(None) };
        let a = self.emit_product(1.0, first)?;
        let b = self.power(last, e)?;
        Ok(Some((a, b)))
    }

    /// `k Π n^e`; `k` is 1 unless all exponents are negative.
    fn emit_product(&mut self, k: f64, factors: &[(NodeId, i32)]) -> Result<Value> {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for &(node, e) in factors {
            let value = self.power(node, e.abs())?;
            if e > 0 { above.push(value) } else { below.push(value) }
        }
        let above = self.multiply(above);
        let below = self.multiply(below);
        Ok(match (above, below) {
            (Some(a), None) => a,
            (Some(a), Some(b)) => self.push(Code::Div, &[a, b], [0.0; 3]),
            (None, Some(b)) => self.push(Code::PDiv, &[b], [k, 0.0, 0.0]),
            (None, None) => self.fill(k),
        })
    }

    fn multiply(&mut self, values: Vec<Value>) -> Option<Value> {
        let mut values = values.into_iter();
        let mut total = values.next()?;
        while let Some(next) = values.next() {
            total = match values.next() {
                Some(third) => self.push(Code::Mul3, &[total, next, third], [0.0; 3]),
                None => self.push(Code::Mul, &[total, next], [0.0; 3]),
            };
        }
        Some(total)
    }

    fn power(&mut self, node: NodeId, e: i32) -> Result<Value> {
        let x = self.emit(node)?;
        if e <= 1 {
            return Ok(x);
        }
        if let Some(&value) = self.powers.get(&(node, e)) {
            return Ok(value);
        }
        let value = if e == 3 {
            self.push(Code::Mul3, &[x, x, x], [0.0; 3])
        } else if e % 2 == 0 {
            let half = self.power(node, e / 2)?;
            self.push(Code::Mul, &[half, half], [0.0; 3])
        } else {
            let less = self.power(node, e - 1)?;
            self.push(Code::Mul, &[less, x], [0.0; 3])
        };
        self.powers.insert((node, e), value);
        Ok(value)
    }

    /// `difference op 0`, with a constant or a sign in it moved to the other side.
    fn emit_compare(&mut self, op: CompareOp, difference: NodeId) -> Result<Value> {
        let (c, terms) = self.graph.as_sum(difference);
        // The difference of two numbers is below 0 just where the one is below the other.
        if let (CompareOp::Lt | CompareOp::Gt, 0.0, [(a, j), (b, k)]) = (op, c, &terms[..])
            && j * k == -1.0
            && j.abs() == 1.0
        {
            let is_below = (*j > 0.0) == (op == CompareOp::Lt);
            let (a, b) = (self.emit(*a)?, self.emit(*b)?);
            let (small, large) = if is_below { (a, b) } else { (b, a) };
            return Ok(self.push(Code::Lt, &[small, large], [0.0; 3]));
        }
        let (node, limit, flip) = match terms[..] {
            [(node, 1.0)] => (node, -c, false),
            [(node, -1.0)] => (node, c, true),
            _ => (difference, 0.0, false),
        };
        let x = self.emit(node)?;
        let limit = self.fill(limit);
        let (small, large) = if flip { (limit, x) } else { (x, limit) };
        Ok(match op {
            CompareOp::Lt => self.push(Code::Lt, &[small, large], [0.0; 3]),
            CompareOp::Le => self.push(Code::Le, &[small, large], [0.0; 3]),
            CompareOp::Gt => self.push(Code::Lt, &[large, small], [0.0; 3]),
            CompareOp::Ge => self.push(Code::Le, &[large, small], [0.0; 3]),
            CompareOp::Eq => self.push(Code::Eq, &[x, limit], [0.0; 3]),
            CompareOp::Ne => {
                let equal = self.push(Code::Eq, &[x, limit], [0.0; 3]);
                self.push(Code::Not, &[equal], [0.0; 3])
            }
        })
    }
}
