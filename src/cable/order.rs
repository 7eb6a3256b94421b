//! Joint level order: the nodes of all cells of a group sorted by tree depth.
//!
//! The tree solver (Hines, Int J Bio-Med Comput 15:69, 1984) eliminates children before parents.
//! Depth-first order leaves a chain of dependent operations; sorted by depth over all cells of a group
//! neighbours are independent and fill vectors. What is decided here for a cell (its root, the order of
//! siblings) depends on that cell alone, so its result does not depend on the group it is in.

use crate::error::{Error, ErrorKind, Result};

/// The parent of a root.
pub const NO_PARENT: u32 = u32::MAX;

/// Phase of a node that is in no chain.
pub(super) const NO_PHASE: u8 = u8::MAX;

/// A chain is cut into pieces of this many nodes.
pub(super) const PIECE: u8 = 8;

/// Shortest unbranched run that is a chain.
const SHORTEST_CHAIN: u32 = 32;

/// A cell with at least this many nodes per depth has no chains.
const NARROW: usize = 4;

/// The tree of one cell, re-rooted at its centre.
///
/// The centre is the node with the smallest distance, in edges, to its farthest node; of several the
/// one with the smallest number. It halves the depth of a long cable: elimination then runs from
/// both ends to the middle (the twisted factorisation of tridiagonal systems: Meurant, SIAM J Matrix
/// Anal Appl 13:707, 1992).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellTree {
    /// Parent of each node after re-rooting.
    parent: Vec<u32>,
    /// The node to whose given parent the edge to `parent` led.
    edge: Vec<u32>,
    /// Children of all nodes; of one node by falling height, then number.
    children: Vec<u32>,
    /// Children of node `i`: `children[first_child[i]..first_child[i + 1]]`.
    first_child: Vec<u32>,
    /// Place of each node in its chain, from the top, modulo [`PIECE`]; or [`NO_PHASE`].
    phase: Vec<u8>,
    root: u32,
    /// Edges from the root to the farthest node.
    height: u32,
}

impl CellTree {
    /// The tree in which node `i` has the parent `parent[i] < i`; node 0 is the root and has
    /// [`NO_PARENT`].
    ///
    /// # Errors
    ///
    /// No node, more than 2^31, or a parent that does not come before its child.
    pub fn new(parent: &[u32]) -> Result<CellTree> {
        if parent.first() != Some(&NO_PARENT) {
            return Err(Error::new(ErrorKind::Value, "node 0 of a cell must be its root"));
        }
        if parent.len() >= 1 << 31 {
            return Err(Error::new(ErrorKind::Limit, "a cell of more than 2^31 nodes"));
        }
        if let Some(i) = (1..parent.len()).find(|&i| parent[i] as usize >= i) {
            return Err(Error::new(
                ErrorKind::Value,
                format!("node {i} has parent {}; parents must come before their children", parent[i]),
            ));
        }
        Ok(CellTree::rooted_at(parent, centre(parent)))
    }

    /// Number of nodes.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.parent.len()
    }

    /// The node chosen as root.
    pub fn root(&self) -> u32 {
        self.root
    }

    fn rooted_at(given: &[u32], root: u32) -> CellTree {
        let n = given.len();
        let mut parent = given.to_vec();
        let mut edge: Vec<u32> = (0..n as u32).collect();
        // Turn round the edges on the way from the new root to the old one.
        let (mut child, mut above) = (NO_PARENT, root);
        while above != NO_PARENT {
            parent[above as usize] = child;
            edge[above as usize] = child;
            (child, above) = (above, given[above as usize]);
        }
        // Parents first; children counted and their heights taken on the way back.
        let mut first_child = vec![0_u32; n + 1];
        for &p in parent.iter().filter(|&&p| p != NO_PARENT) {
            first_child[p as usize + 1] += 1;
        }
        for i in 0..n {
            first_child[i + 1] += first_child[i];
        }
        let mut next = first_child.clone();
        let mut children = vec![0_u32; n - 1];
        for (i, &p) in parent.iter().enumerate().filter(|&(_, &p)| p != NO_PARENT) {
            children[next[p as usize] as usize] = i as u32;
            next[p as usize] += 1;
        }
        let of = |first_child: &[u32], i: u32| {
            first_child[i as usize] as usize..first_child[i as usize + 1] as usize
        };
        let mut order = vec![root];
        let mut at = 0;
        while at < order.len() {
            order.extend_from_slice(&children[of(&first_child, order[at])]);
            at += 1;
        }
        let mut height = vec![0_u32; n];
        for &i in order.iter().rev().filter(|&&i| i != root) {
            let p = parent[i as usize] as usize;
            height[p] = height[p].max(height[i as usize] + 1);
        }
        for i in 0..n as u32 {
            children[of(&first_child, i)].sort_by_key(|&c| (std::cmp::Reverse(height[c as usize]), c));
        }
        let height = height[root as usize];
        let mut tree = CellTree { parent, edge, children, first_child, phase: vec![], root, height };
        tree.phase = tree.chains(&order);
        tree
    }

    /// Phases of the nodes; `order` has parents first.
    ///
    /// A chain is a long unbranched run in a cell so narrow that it is the latency of one division after
    /// the other that takes the time: see [`hines`](super::hines).
    fn chains(&self, order: &[u32]) -> Vec<u8> {
        let n = self.len();
        let mut phase = vec![NO_PHASE; n];
        if n >= NARROW * (self.height as usize + 1) {
            return phase;
        }
        // Nodes from each to the end of its run.
        let mut below = vec![1_u32; n];
        let single = |i: u32| self.child(i, 0).filter(|_| self.child(i, 1).is_none());
        for &i in order.iter().rev() {
            if let Some(child) = single(i) {
                below[i as usize] += below[child as usize];
            }
        }
        for &i in order.iter().filter(|&&i| i != self.root) {
            let p = self.parent[i as usize];
            if p == self.root || single(p).is_none() {
                if below[i as usize] >= SHORTEST_CHAIN {
                    phase[i as usize] = 0;
                }
            } else if phase[p as usize] != NO_PHASE {
                phase[i as usize] = (phase[p as usize] + 1) % PIECE;
            }
        }
        phase
    }

    /// Child of `node` with the given rank.
    fn child(&self, node: u32, rank: usize) -> Option<u32> {
        let (from, to) = (self.first_child[node as usize], self.first_child[node as usize + 1]);
        self.children[from as usize..to as usize].get(rank).copied()
    }
}

/// The node with the smallest distance to its farthest node.
fn centre(parent: &[u32]) -> u32 {
    let n = parent.len();
    // Longest and second longest way down, and the child that the longest takes.
    let mut down = vec![(0_u32, 0_u32, NO_PARENT); n];
    for i in (1..n).rev() {
        let length = down[i].0 + 1;
        let best = &mut down[parent[i] as usize];
        // Equal lengths: the second is the first, so which child is named does not matter.
        if length > best.0 {
            *best = (length, best.0, i as u32);
        } else {
            best.1 = best.1.max(length);
        }
    }
    let mut up = vec![0_u32; n];
    let mut best = (down[0].0, 0_u32);
    for i in 1..n {
        let p = parent[i] as usize;
        let aside = if down[p].2 == i as u32 { down[p].1 } else { down[p].0 };
        up[i] = 1 + up[p].max(aside);
        best = best.min((down[i].0.max(up[i]), i as u32));
    }
    best.1
}

/// The nodes of a group of cells in joint level order: a node's place in it is its *position*.
///
/// Positions grow with depth. Within a depth first come the first children of the nodes above, in the
/// order of these, then the second children, and so on. So along unbranched runs the distance from a
/// position to its parent's stays the same, and vectors of neighbours have different parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forest {
    parent: Vec<u32>,
    node: Vec<(u32, u32)>,
    edge: Vec<u32>,
    phase: Vec<u8>,
    levels: Vec<u32>,
    /// Position of each node, cell after cell.
    position: Vec<u32>,
    /// Where the nodes of a cell start in `position`.
    first_node: Vec<usize>,
}

impl Forest {
    /// The joint order of `cells`; the same tree may occur many times.
    ///
    /// # Errors
    ///
    /// More than 2^31 nodes.
    pub fn new<'a>(cells: impl IntoIterator<Item = &'a CellTree>) -> Result<Forest> {
        let cells: Vec<&CellTree> = cells.into_iter().collect();
        let mut first_node = vec![0];
        for cell in &cells {
            first_node.push(first_node[first_node.len() - 1] + cell.len());
        }
        let n = first_node[cells.len()];
        if n >= 1 << 31 {
            return Err(Error::new(ErrorKind::Limit, "a group of more than 2^31 nodes"));
        }
        let mut forest = Forest {
            parent: Vec::with_capacity(n),
            node: Vec::with_capacity(n),
            edge: Vec::with_capacity(n),
            phase: Vec::with_capacity(n),
            levels: vec![0],
            position: vec![0; n],
            first_node,
        };
        // Tall cells first, cells of one size together: fewer gaps in the levels below.
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse((cells[i].height, cells[i].len())));
        for i in order {
            forest.push(i as u32, cells[i].root, NO_PARENT, cells[i]);
        }
        let mut above = 0;
        while above < forest.parent.len() {
            let level = above..forest.parent.len();
            forest.levels.push(level.end as u32);
            for rank in 0.. {
                let before = forest.parent.len();
                for at in level.clone() {
                    let (i, node) = forest.node[at];
                    let cell = cells[i as usize];
                    if let Some(child) = cell.child(node, rank) {
                        forest.push(i, child, at as u32, cell);
                    }
                }
                if forest.parent.len() == before {
                    break;
                }
            }
            above = level.end;
        }
        Ok(forest)
    }

    fn push(&mut self, cell: u32, node: u32, parent: u32, tree: &CellTree) {
        let at = self.first_node[cell as usize] + node as usize;
        self.position[at] = self.parent.len() as u32;
        self.parent.push(parent);
        self.node.push((cell, node));
        self.edge.push(tree.edge[node as usize]);
        self.phase.push(tree.phase[node as usize]);
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.parent.len()
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.parent.is_empty()
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.first_node.len() - 1
    }

    /// Position of node `node` (as numbered in the list given to [`CellTree::new`]) of cell `cell`.
    ///
    /// # Panics
    ///
    /// If there is no such cell or node.
    pub fn position(&self, cell: usize, node: usize) -> usize {
        self.positions(cell)[node] as usize
    }

    /// Positions of the nodes of cell `cell`, in their own order.
    ///
    /// # Panics
    ///
    /// If there is no such cell.
    pub fn positions(&self, cell: usize) -> &[u32] {
        &self.position[self.first_node[cell]..self.first_node[cell + 1]]
    }

    /// Cell and node at each position.
    pub fn nodes(&self) -> &[(u32, u32)] {
        &self.node
    }

    /// Position of the parent of each position; [`NO_PARENT`] for roots, which come first.
    pub fn parents(&self) -> &[u32] {
        &self.parent
    }

    /// The edge from each position to its parent, named by the node at its lower end in the tree as
    /// given: the conductance from position `i` to `parents()[i]` is that from node `edges()[i]` of the
    /// same cell to the parent it was given with. [`NO_PARENT`] for roots.
    pub fn edges(&self) -> &[u32] {
        &self.edge
    }

    /// Place of each position in its chain, from the top, modulo [`PIECE`]; or [`NO_PHASE`].
    pub(super) fn phases(&self) -> &[u8] {
        &self.phase
    }

    /// The positions of each depth, roots first.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = std::ops::Range<usize>> {
        self.levels.windows(2).map(|pair| pair[0] as usize..pair[1] as usize)
    }

    /// The conductance to the parent at each position, from those of each cell to the parents as given
    /// (`axial(cell)[node]`, S; that of node 0 is not read); 0 at roots.
    pub fn axial<'a>(&self, axial: impl Fn(usize) -> &'a [f64]) -> Vec<f64> {
        let value = |(&(cell, _), &edge): (&(u32, u32), &u32)| match edge {
            NO_PARENT => 0.0,
            edge => axial(cell as usize)[edge as usize],
        };
        self.node.iter().zip(&self.edge).map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cable_is_rooted_in_its_middle() {
        let parent: Vec<u32> = (0..7_u32).map(|i| i.wrapping_sub(1)).collect();
        let tree = CellTree::new(&parent).unwrap();
        assert_eq!((tree.root(), tree.height), (3, 3));
        assert_eq!(tree.parent, [1, 2, 3, NO_PARENT, 3, 4, 5]);
        // The edge 2-3 was that of node 3, and so on.
        assert_eq!(tree.edge, [1, 2, 3, NO_PARENT, 4, 5, 6]);
        let forest = Forest::new([&tree]).unwrap();
        let levels: Vec<_> = forest.levels().collect();
        assert_eq!(levels, [0..1, 1..3, 3..5, 5..7]);
        assert_eq!(forest.parents(), [NO_PARENT, 0, 0, 1, 2, 3, 4]);
        assert_eq!(forest.position(0, 3), 0);
    }

    #[test]
    fn the_centre_is_where_the_eccentricity_is_least() {
        // 0 - 1 - 2 - 3 and 1 - 4 - 5 - 6: longest way 3..6 has 5 edges, centres 1 and 4.
        let tree = CellTree::new(&[NO_PARENT, 0, 1, 2, 1, 4, 5]).unwrap();
        assert_eq!((tree.root(), tree.height), (1, 3));
        assert_eq!(CellTree::new(&[NO_PARENT]).unwrap().root(), 0);
        // A star with one long arm.
        assert_eq!(CellTree::new(&[NO_PARENT, 0, 0, 0, 3, 4]).unwrap().root(), 3);
    }

    #[test]
    fn only_long_runs_of_narrow_cells_are_chains() {
        let cable: Vec<u32> = (0..71_u32).map(|i| i.wrapping_sub(1)).collect();
        let tree = CellTree::new(&cable).unwrap();
        // Rooted at 35; both arms count from there.
        assert_eq!(tree.phase[35], NO_PHASE);
        assert_eq!((tree.phase[34], tree.phase[36]), (0, 0));
        assert_eq!((tree.phase[33], tree.phase[0], tree.phase[70]), (1, 2, 2));
        let short: Vec<u32> = (0..63_u32).map(|i| i.wrapping_sub(1)).collect();
        assert!(CellTree::new(&short).unwrap().phase.iter().all(|&phase| phase == NO_PHASE));
        // The same cable with a bush at its root is wide.
        let mut bush = cable.clone();
        bush.extend([35; 200]);
        assert!(CellTree::new(&bush).unwrap().phase.iter().all(|&phase| phase == NO_PHASE));
    }

    #[test]
    fn groups_interleave_cells_of_one_shape() {
        let tree = CellTree::new(&[NO_PARENT, 0, 0]).unwrap();
        let forest = Forest::new([&tree, &tree]).unwrap();
        assert_eq!(forest.nodes(), [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]);
        assert_eq!(forest.parents(), [NO_PARENT, NO_PARENT, 0, 1, 0, 1]);
        let g = [[0.0, 1.0, 2.0], [0.0, 3.0, 4.0]];
        assert_eq!(forest.axial(|cell| &g[cell]), [0.0, 0.0, 1.0, 3.0, 2.0, 4.0]);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        for parent in [&[][..], &[0], &[NO_PARENT, 1], &[NO_PARENT, 0, NO_PARENT], &[NO_PARENT, 2, 0]] {
            assert!(CellTree::new(parent).is_err(), "{parent:?}");
        }
        assert!(Forest::new([]).unwrap().is_empty());
    }
}
