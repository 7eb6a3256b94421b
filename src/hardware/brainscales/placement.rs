//! Trees of compartments on the circuits of BrainScaleS-2 (Kaiser et al. 2022, Neuroscience 489:290).
//!
//! Circuits lie in two rows. A compartment is a group of circuits that touch each other and are shorted. Beside each row runs
//! a line that can be cut between any two columns; a circuit is on it directly, or through its conductance. So a piece of a
//! line couples one compartment, whose circuit is on it directly, to those that reach it through theirs. What a row can hold
//! from a column on is a chain with twigs of one compartment; the two rows to both sides of the root hold four such chains,
//! and where one ends, the other may fork again.

use super::bss2::{COLUMNS, MOST_COLUMNS};

/// How a circuit is on the line of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contact {
    /// Directly: the line is part of the compartment.
    Direct,
    /// Through its conductance.
    Conductance,
}

/// A circuit of a compartment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Circuit {
    /// Its row, 0 or 1.
    pub row: usize,
    /// Its column in the neuron.
    pub column: usize,
    /// How it is on the line; one that is alone is not.
    pub contact: Option<Contact>,
}

impl Circuit {
    /// Its number in the neuron: rows after each other.
    pub fn number(&self) -> usize {
        self.row * COLUMNS + self.column
    }
}

/// A piece of a line without a cut, from the circuits of one column to those of another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Its row.
    pub row: usize,
    /// The first column.
    pub start: usize,
    /// The last.
    pub stop: usize,
}

/// Where the compartments of a neuron are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// The circuits of each compartment; the first has its capacitance, its leak and its threshold.
    pub circuits: Vec<Vec<Circuit>>,
    /// The pieces of lines that are joined.
    pub lines: Vec<Line>,
    /// For each compartment the one to which its own conductance leads; none for the one in the middle.
    pub towards: Vec<Option<usize>>,
}

impl Placement {
    /// How many circuits it takes.
    pub fn n_circuits(&self) -> usize {
        self.circuits.iter().map(Vec::len).sum()
    }

    /// Pairs of compartments that the lines couple, each with the smaller first, in order; those that they short too.
    pub fn coupled(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for line in &self.lines {
            let on = |contact: Contact| {
                let all = self.circuits.iter().enumerate();
                let is_on = move |c: &&Circuit| {
                    c.contact == Some(contact)
                        && c.row == line.row
                        && (line.start..=line.stop).contains(&c.column)
                };
                all.flat_map(move |(at, circuits)| circuits.iter().filter(is_on).map(move |_| at))
                    .collect::<Vec<usize>>()
            };
            for one in on(Contact::Direct) {
                pairs.extend(
                    on(Contact::Conductance).into_iter().map(|other| (one.min(other), one.max(other))),
                );
            }
        }
        pairs.sort_unstable();
        pairs
    }
}

/// Places the tree in which `neighbours` of each compartment are given, with `centre` in the middle if that can be; none if no
/// place is found.
///
/// ```
/// use neuropil::hardware::brainscales::placement::place;
/// // A soma with two dendrites: one circuit each.
/// let placed = place(&[vec![1, 2], vec![0], vec![0]], 0).ok_or("no place")?;
/// assert_eq!((placed.n_circuits(), placed.coupled()), (3, vec![(0, 1), (0, 2)]));
/// # Ok::<(), &str>(())
/// ```
pub fn place(neighbours: &[Vec<usize>], centre: usize) -> Option<Placement> {
    let n = neighbours.len();
    if n == 0 || n > 2 * MOST_COLUMNS || centre >= n {
        return None;
    }
    // A tree: one edge less than compartments, all reached from the centre.
    let edges: usize = neighbours.iter().map(Vec::len).sum();
    let in_range = neighbours.iter().flatten().all(|other| *other < n);
    if edges != 2 * (n - 1) || !in_range || rooted(neighbours, centre)?.len() != n {
        return None;
    }
    std::iter::once(centre)
        .chain((0..n).filter(|at| *at != centre))
        .find_map(|root| Attempt::from_root(neighbours, root))
}

/// The compartments with the one towards the root, from the root on; none if one is met twice.
fn rooted(neighbours: &[Vec<usize>], root: usize) -> Option<Vec<(usize, Option<usize>)>> {
    let mut order = vec![(root, None)];
    let mut at = 0;
    while let Some((node, from)) = order.get(at).copied() {
        order.extend(
            neighbours[node].iter().filter(|next| Some(**next) != from).map(|next| (*next, Some(node))),
        );
        if order.len() > neighbours.len() {
            return None;
        }
        at += 1;
    }
    Some(order)
}

/// Which way from the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A circuit by its distance from the root's block.
type Spot = (Side, usize, usize);

struct Attempt<'a> {
    neighbours: &'a [Vec<usize>],
    towards: Vec<Option<usize>>,
    /// Whether a compartment and all beyond it are a chain with twigs.
    is_chain: Vec<bool>,
    /// How many compartments are beyond each, itself included.
    beyond: Vec<usize>,
    /// Side, row, distance from the root, contact.
    circuits: Vec<Vec<(Spot, Contact)>>,
    /// Side, row, first and last distance; without the first where the root's circuit is it.
    lines: Vec<(Side, usize, Option<usize>, usize)>,
    /// The next free distance by side and row.
    next: [[usize; 2]; 2],
}

impl Attempt<'_> {
    fn from_root(neighbours: &[Vec<usize>], root: usize) -> Option<Placement> {
        let n = neighbours.len();
        let order = rooted(neighbours, root)?;
        let mut this = Attempt {
            neighbours,
            towards: vec![None; n],
            is_chain: vec![true; n],
            beyond: vec![1; n],
            circuits: vec![Vec::new(); n],
            lines: Vec::new(),
            next: [[0; 2]; 2],
        };
        for (node, from) in &order {
            this.towards[*node] = *from;
        }
        for (node, from) in order.iter().rev() {
            let (_, inner) = this.children(*node);
            this.is_chain[*node] = inner.len() < 2 && inner.iter().all(|child| this.is_chain[*child]);
            if let Some(from) = from {
                this.beyond[*from] += this.beyond[*node];
            }
        }
        this.root(root)?;
        this.finished(root)
    }

    /// The compartments just beyond one: those at the ends, and the others.
    fn children(&self, node: usize) -> (Vec<usize>, Vec<usize>) {
        let children = self.neighbours[node].iter().filter(|other| Some(**other) != self.towards[node]);
        children.partition(|child| self.neighbours[**child].len() == 1)
    }

    /// The root with up to four chains: to the right and to the left in the first row, then in the second.
    fn root(&mut self, root: usize) -> Option<()> {
        let (leaves, mut inner) = self.children(root);
        // Forks can go on in the first row only, large ones first.
        inner.sort_by_key(|child| (self.is_chain[*child], std::cmp::Reverse(self.beyond[*child])));
        if inner.len() > 4 || inner.iter().skip(2).any(|child| !self.is_chain[*child]) {
            return None;
        }
        let slots = [(Side::Right, 0), (Side::Left, 0), (Side::Right, 1), (Side::Left, 1)];
        let used = inner.len().max(usize::from(!leaves.is_empty()));
        // Chains that are confined to the second row come first, so that forks of the first find out where they end.
        for at in (0..used).rev() {
            let (side, row) = slots[at];
            for leaf in leaves.iter().filter(|_| at == 0) {
                self.leaf(*leaf, side, row);
            }
            if let Some(child) = inner.get(at) {
                self.grow(*child, side, row, row == 1)?;
            }
            let last = self.next[side as usize][row].checked_sub(1)?;
            // The last contact of the root's own line is where its inner child begins.
            let last = inner.get(at).and_then(|child| self.first_of(*child)).unwrap_or(last);
            self.lines.push((side, row, None, last));
        }
        Some(())
    }

    /// The distance of the circuit by which a compartment hangs on the one before.
    fn first_of(&self, node: usize) -> Option<usize> {
        self.circuits[node]
            .iter()
            .find(|(_, contact)| *contact == Contact::Conductance)
            .map(|((.., at), _)| *at)
    }

    fn leaf(&mut self, node: usize, side: Side, row: usize) {
        let at = self.next[side as usize][row];
        self.circuits[node].push(((side, row, at), Contact::Conductance));
        self.next[side as usize][row] = at + 1;
    }

    /// Places `node` and all beyond it from the next free column of a row on; `alone` if the other row is taken.
    fn grow(&mut self, node: usize, side: Side, row: usize, alone: bool) -> Option<()> {
        // Without recursion: chains may be long. What is still to be done, last first.
        let mut waiting = vec![(node, row, alone)];
        while let Some((node, row, alone)) = waiting.pop() {
            let (leaves, mut inner) = self.children(node);
            let next = &mut self.next[side as usize];
            if inner.len() > 2 || (alone && inner.len() > 1) {
                return None;
            }
            let at = if inner.len() == 2 { next[0].max(next[1]) } else { next[row] };
            self.circuits[node].push(((side, row, at), Contact::Conductance));
            if leaves.is_empty() && inner.is_empty() {
                next[row] = at + 1;
                continue;
            }
            self.circuits[node].push(((side, row, at + 1), Contact::Direct));
            next[row] = at + 2;
            if inner.len() == 2 {
                self.circuits[node].push(((side, 1 - row, at), Contact::Direct));
                next[1 - row] = at + 1;
                inner.sort_by_key(|child| (!self.is_chain[*child], self.beyond[*child]));
                // The smaller one that is a chain goes on in the other row, at once: the larger one may fork where it has ended.
                let chain = inner.remove(0);
                if !self.is_chain[chain] {
                    return None;
                }
                self.grow_chain(chain, side, 1 - row)?;
                self.lines.push((side, 1 - row, Some(at), self.first_of(chain)?));
            }
            let mut last = at + 1;
            for leaf in leaves {
                last = self.next[side as usize][row];
                self.leaf(leaf, side, row);
            }
            if let Some(child) = inner.first() {
                // Where the child will hang: it may have to wait for the other row.
                let (_, further) = self.children(*child);
                let next = self.next[side as usize];
                last = if further.len() == 2 { next[0].max(next[1]) } else { next[row] };
                waiting.push((*child, row, alone));
            }
            self.lines.push((side, row, Some(at + 1), last));
        }
        Some(())
    }

    /// A chain with twigs in one row.
    fn grow_chain(&mut self, node: usize, side: Side, row: usize) -> Option<()> {
        let mut next = Some(node);
        while let Some(node) = next {
            let (leaves, inner) = self.children(node);
            let at = self.next[side as usize][row];
            self.circuits[node].push(((side, row, at), Contact::Conductance));
            self.next[side as usize][row] = at + 1;
            if leaves.is_empty() && inner.is_empty() {
                return Some(());
            }
            self.circuits[node].push(((side, row, at + 1), Contact::Direct));
            self.next[side as usize][row] = at + 2;
            for leaf in leaves {
                self.leaf(leaf, side, row);
            }
            let free = self.next[side as usize][row];
            let last = if inner.is_empty() { free - 1 } else { free };
            self.lines.push((side, row, Some(at + 1), last));
            if inner.len() > 1 {
                return None;
            }
            next = inner.first().copied();
        }
        Some(())
    }

    /// The circuits by their columns.
    fn finished(self, root: usize) -> Option<Placement> {
        let furthest = |side: Side| self.next[side as usize].into_iter().max().unwrap_or(0);
        let (left, right) = (furthest(Side::Left), furthest(Side::Right));
        // The root has a column for each side that it goes to.
        let width = if left > 0 { 2 } else { 1 };
        if left + width + right > MOST_COLUMNS {
            return None;
        }
        let column = |side: Side, at: usize| match side {
            Side::Left => left - 1 - at,
            Side::Right => left + width + at,
        };
        let own = |side: Side| if side == Side::Left { left } else { left + width - 1 };
        let mut placed = Placement { towards: self.towards, ..Placement::default() };
        for circuits in &self.circuits {
            let made = circuits.iter().map(|((side, row, at), contact)| Circuit {
                row: *row,
                column: column(*side, *at),
                contact: Some(*contact),
            });
            placed.circuits.push(made.collect());
        }
        for (side, row, from, to) in &self.lines {
            if from.is_none() {
                let contact = Some(Contact::Direct);
                placed.circuits[root].push(Circuit { row: *row, column: own(*side), contact });
            }
            let (from, to) = (from.map_or(own(*side), |from| column(*side, from)), column(*side, *to));
            placed.lines.push(Line { row: *row, start: from.min(to), stop: from.max(to) });
        }
        if placed.circuits[root].is_empty() {
            placed.circuits[root].push(Circuit { row: 0, column: left, contact: None });
        }
        placed.circuits[root].sort_unstable();
        placed.lines.sort_unstable();
        Some(placed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The neighbours in the tree with these parents.
    fn tree(parents: &[usize]) -> Vec<Vec<usize>> {
        let mut neighbours = vec![Vec::new(); parents.len() + 1];
        for (at, parent) in parents.iter().enumerate() {
            neighbours[at + 1].push(*parent);
            neighbours[*parent].push(at + 1);
        }
        neighbours
    }

    /// Checks all that the chip asks for.
    #[track_caller]
    fn check(parents: &[usize]) -> Placement {
        let neighbours = tree(parents);
        let placed = place(&neighbours, 0).expect("a place");
        let mut wanted: Vec<(usize, usize)> =
            parents.iter().enumerate().map(|(at, p)| (*p.min(&(at + 1)), *p.max(&(at + 1)))).collect();
        wanted.sort_unstable();
        assert_eq!(placed.coupled(), wanted, "{placed:?}");
        let all: Vec<&Circuit> = placed.circuits.iter().flatten().collect();
        let numbers: BTreeSet<usize> = all.iter().map(|c| c.number()).collect();
        assert_eq!(numbers.len(), all.len(), "a circuit is in two compartments: {placed:?}");
        assert!(all.iter().all(|c| c.column < MOST_COLUMNS && c.row < 2));
        for (at, line) in placed.lines.iter().enumerate() {
            assert!(line.start < line.stop);
            for other in &placed.lines[at + 1..] {
                assert!(
                    other.row != line.row || other.start > line.stop || other.stop < line.start,
                    "{placed:?}"
                );
            }
        }
        // No circuit of one compartment is on the line twice, and all of one touch.
        for circuits in &placed.circuits {
            let mut known = vec![circuits[0]];
            while known.len() < circuits.len() {
                let touches = |c: &&Circuit| {
                    !known.contains(c)
                        && known.iter().any(|k| {
                            (k.row == c.row && k.column.abs_diff(c.column) == 1)
                                || (k.row != c.row && k.column == c.column)
                        })
                };
                known.push(*circuits.iter().find(touches).expect("circuits that touch"));
            }
            assert!(circuits.iter().filter(|c| c.contact == Some(Contact::Conductance)).count() <= 1);
        }
        placed
    }

    #[test]
    fn chains_and_stars() {
        assert_eq!(check(&[]).n_circuits(), 1);
        assert_eq!(check(&[0, 1]).n_circuits(), 4);
        // Two circuits for each compartment but the ends.
        assert_eq!(check(&(0..40).collect::<Vec<_>>()).n_circuits(), 2 * 41 - 2);
        assert_eq!(check(&[0; 100]).n_circuits(), 101);
        // The longest chain of 65; from its end it takes a row.
        check(&(0..64).collect::<Vec<_>>());
    }

    #[test]
    fn trees_with_forks() {
        // Four dendrites that fork, as basal ones do.
        check(&[0, 1, 1, 0, 4, 4, 0, 7, 7, 0, 10, 10]);
        // An apical trunk with obliques and a tuft, two basal trees.
        check(&[0, 1, 1, 3, 3, 5, 5, 7, 7, 6, 6, 0, 12, 12, 0, 15, 15]);
        // A fork whose one side ends before the other forks again.
        check(&[0, 1, 1, 3, 2, 5, 5, 7, 6, 9, 9, 10]);
        // A binary tree of three levels.
        check(&[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
    }

    #[test]
    fn what_has_no_place() {
        // Five dendrites that fork, alike from wherever one looks.
        let parents: Vec<usize> = (0..5).flat_map(|d| [0, 3 * d + 1, 3 * d + 1]).collect();
        assert_eq!(place(&tree(&parents), 0), None);
        // More columns than there are.
        assert_eq!(place(&tree(&(0..65).collect::<Vec<_>>()), 0), None);
        assert_eq!(place(&tree(&[0; 200]), 0), None);
        // No tree.
        assert_eq!(place(&[vec![1], vec![0, 2], vec![1, 0]], 0), None);
        assert_eq!(place(&[vec![], vec![]], 0), None);
        assert_eq!(place(&[vec![7]], 0), None);
        assert_eq!(place(&[], 0), None);
    }

    #[test]
    fn random_trees_that_have_a_place_are_coupled_as_they_should() {
        let mut state = 1_u64;
        let mut draw = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        let mut placed = 0;
        for _ in 0..2000 {
            let n = 2 + draw(14);
            let parents: Vec<usize> = (1..n).map(&mut draw).collect();
            if place(&tree(&parents), 0).is_some() {
                check(&parents);
                placed += 1;
            }
        }
        assert!(placed > 1800, "{placed} of 2000");
    }
}
