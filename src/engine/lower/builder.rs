//! The symbols of a program in the making, and the arrays behind them.

use crate::dynamics::graph::{Graph, NodeId};
use crate::error::Result;
use crate::vm::{Leaf, Outputs, Program, lower};

/// Values that are the same for all lanes, by their number.
pub mod uniform {
    /// The time step, s. Fixed by the instruction set.
    pub const STEP: u16 = 0;
    /// Time, s.
    pub const TIME: u16 = 1;
    /// The weight of the connection that an event came by.
    pub const WEIGHT: u16 = 2;
    /// How many there are.
    pub const COUNT: usize = 3;
}

/// The array that a program array stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Array {
    /// One value for each node of the group.
    Node(NodeArray),
    /// Instance array of this number of the mechanism set.
    Instance(usize),
    /// One value for each point cell: sum of this number over what is attached to it.
    Received(u16),
    /// One value for each point cell: its exposure of this number, for what is attached to it.
    Shown(u16),
    /// Result array of this number of an observer.
    Result(usize),
}

impl Array {
    /// Whether it is a sum over what is at each node.
    pub fn is_sum(&self) -> bool {
        matches!(self, Array::Received(_) | Array::Node(NodeArray::Rhs | NodeArray::Diagonal))
    }
}

/// Arrays over the nodes of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeArray {
    /// Membrane potential, V.
    V,
    /// Capacitance over the solver's time step, S; 0 at forks.
    CapacitanceRate,
    /// The diagonal without membrane conductance, S.
    Diagonal0,
    /// Membrane area, m²; 0 at forks.
    Area,
    /// The diagonal of the step's matrix, S.
    Diagonal,
    /// The right-hand side of the step's system, A.
    Rhs,
    /// Axial conductance to the parent, S.
    Axial,
    /// The solver's factors.
    Factor,
    /// The solver's reciprocals of constant diagonals.
    Inverse,
}

/// How many node arrays there are.
pub const N_NODE_ARRAYS: usize = 9;

/// A program with what its arrays are.
#[derive(Debug, Clone)]
pub struct Template {
    /// The program.
    pub program: Program,
    /// What each of its arrays is.
    pub arrays: Vec<Array>,
}

/// Makes the graph and the symbols of one program.
#[derive(Debug, Default)]
pub struct Builder {
    /// The graph.
    pub graph: Graph,
    leaves: Vec<Leaf>,
    arrays: Vec<Array>,
    outputs: Outputs,
    observer: bool,
    /// Whether the program handles an event, which has a weight.
    pub on_event: bool,
}

/// Index lists by their number.
pub mod list {
    /// The lane's node.
    pub const NODE: u16 = 0;
    /// The lane's instance: observers only.
    pub const INSTANCE: u16 = 1;
    /// How many there are.
    pub const COUNT: usize = 2;
}

impl Builder {
    /// A builder whose lanes are observed places: every array is gathered.
    pub fn observer() -> Builder {
        Builder { observer: true, ..Builder::default() }
    }

    /// The number of the program array for `array`.
    fn array(&mut self, array: Array) -> u16 {
        let at = self.arrays.iter().position(|a| *a == array).unwrap_or_else(|| {
            self.arrays.push(array);
            self.arrays.len() - 1
        });
        at as u16
    }

    fn leaf(&mut self, leaf: Leaf) -> NodeId {
        let symbol = self.leaves.iter().position(|l| *l == leaf).unwrap_or_else(|| {
            self.leaves.push(leaf);
            self.leaves.len() - 1
        });
        self.graph.symbol(symbol as u32)
    }

    /// The value of `array` in the lane.
    pub fn read(&mut self, array: Array) -> NodeId {
        if self.observer {
            let list = if matches!(array, Array::Instance(_)) { list::INSTANCE } else { list::NODE };
            return self.gather(array, list);
        }
        let array = self.array(array);
        self.leaf(Leaf::Array(array))
    }

    /// The value of the node that index list `list` names for the lane.
    pub fn gather(&mut self, array: Array, list: u16) -> NodeId {
        let array = self.array(array);
        self.leaf(Leaf::Gather { array, list })
    }

    /// A value common to all lanes.
    pub fn uniform(&mut self, uniform: u16) -> NodeId {
        self.leaf(Leaf::Uniform(uniform))
    }

    /// Sets `array` in the lane.
    pub fn store(&mut self, node: NodeId, array: Array) {
        let array = self.array(array);
        self.outputs.stores.push((node, array));
    }

    /// Sets `array` at the node that index list `list` names for the lane.
    pub fn scatter(&mut self, node: NodeId, array: Array, list: u16) {
        let array = self.array(array);
        self.outputs.scatters.push((node, array, list));
    }

    /// Adds to the node that index list `list` names for the lane.
    pub fn scatter_add(&mut self, node: NodeId, array: Array, list: u16) {
        let array = self.array(array);
        self.outputs.adds.push((node, array, list));
    }

    /// A leaf that stands for nothing: for derivatives only, never part of an output.
    pub fn free_leaf(&mut self, number: usize) -> NodeId {
        self.graph.symbol(u32::MAX - number as u32)
    }

    /// Whether anything is to be computed.
    pub fn is_empty(&self) -> bool {
        self.outputs.stores.is_empty() && self.outputs.scatters.is_empty() && self.outputs.adds.is_empty()
    }

    /// The program.
    ///
    /// # Errors
    /// As [`lower`].
    pub fn finish(self) -> Result<Template> {
        let mut program = lower(&self.graph, &self.leaves, &self.outputs)?;
        program.n_arrays = self.arrays.len();
        program.n_uniforms = uniform::COUNT;
        Ok(Template { program, arrays: self.arrays })
    }
}
