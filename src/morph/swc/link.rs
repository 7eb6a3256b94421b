//! From samples to one tree: parents found, roots joined, cycles refused.

use super::Sample;
use super::parse::{MOST_ERRORS, Raw};
use crate::error::{Error, ErrorKind, Place, Result, Warning};
use std::path::Path;

/// SWC's type code of the soma.
pub(super) const SOMA: u32 = 1;

/// Extent in µm beyond which a neuron is doubtful: most likely the unit is another.
const LARGE_EXTENT: f64 = 20_000.0;

/// The samples of a file as one tree.
#[derive(Debug)]
pub(super) struct Tree {
    /// In order of ids.
    pub samples: Vec<Sample>,
    /// Parents in the tree: the file's, but for a tree turned round and for loose neurites.
    pub parent: Vec<Option<u32>>,
    /// Types, with those that only mark forks and ends replaced by the parent's.
    codes: Vec<u32>,
    /// The one root.
    pub root: u32,
    /// Roots of loose neurites, hung on the middle of the soma (or the root's start) without cable.
    pub loose: Vec<bool>,
    /// Parents stand before children when samples are in order of ids.
    pub sorted: bool,
    /// All samples, each after its parent.
    pub order: Vec<u32>,
    /// Where each sample's children start in `kids`.
    starts: Vec<u32>,
    kids: Vec<u32>,
}

impl Tree {
    /// The children of `sample`, in order of ids.
    pub fn children(&self, sample: u32) -> &[u32] {
        let index = sample as usize;
        &self.kids[self.starts[index] as usize..self.starts[index + 1] as usize]
    }

    pub fn sample(&self, sample: u32) -> &Sample {
        &self.samples[sample as usize]
    }

    pub fn code(&self, sample: u32) -> u32 {
        self.codes[sample as usize]
    }

    pub fn is_soma(&self, sample: u32) -> bool {
        self.codes[sample as usize] == SOMA
    }
}

/// Children of each sample as one list with starts, in order of ids.
fn gather(parent: &[Option<u32>]) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; parent.len() + 2];
    for up in parent.iter().flatten() {
        starts[*up as usize + 2] += 1;
    }
    for index in 2..starts.len() {
        starts[index] += starts[index - 1];
    }
    let mut kids = vec![0u32; parent.iter().flatten().count()];
    for (index, up) in parent.iter().enumerate() {
        if let Some(up) = up {
            let place = &mut starts[*up as usize + 1];
            kids[*place as usize] = index as u32;
            *place += 1;
        }
    }
    starts.pop();
    (starts, kids)
}

/// Makes one tree of `raw`, or says why it is none.
pub(super) fn link(mut raw: Vec<Raw>, file: &Path, warnings: &mut Vec<Warning>) -> Result<Tree> {
    if raw.windows(2).any(|pair| pair[0].sample.id >= pair[1].sample.id) {
        raw.sort_by_key(|raw| raw.sample.id);
    }
    let mut errors = Vec::new();
    for pair in raw.windows(2) {
        let (first, second) = (&pair[0].sample, &pair[1].sample);
        if first.id == second.id {
            errors.push(
                wrong(second, file, format!("the id is already that of line {}", first.line))
                    .help("give each sample its own id"),
            );
        }
    }
    finish(errors)?;
    let samples = parents(&raw, file)?;
    drop(raw);
    let mut parent: Vec<Option<u32>> = samples.iter().map(|sample| sample.parent).collect();
    refuse_cycles(&samples, &parent, file)?;
    let root = choose_root(&samples, &mut parent, file, warnings)?;
    let loose = hang_loose(&samples, &mut parent, root, file, warnings)?;
    let (starts, kids) = gather(&parent);
    let sorted = parent.iter().enumerate().all(|(index, up)| up.is_none_or(|up| (up as usize) < index));
    let codes = samples.iter().map(|sample| sample.code).collect();
    let mut tree = Tree { samples, parent, codes, root, loose, sorted, order: Vec::new(), starts, kids };
    tree.order = preorder(&tree, root);
    one_soma(&tree, file)?;
    replace_labels(&mut tree, file, warnings);
    type_changes(&tree, file, warnings);
    doubtful_size(&tree, file, warnings);
    Ok(tree)
}

fn wrong(sample: &Sample, file: &Path, message: String) -> Error {
    Error::new(ErrorKind::Value, message).in_element(format!("sample {}", sample.id)).at(Place::new(
        file,
        sample.line,
        0,
    ))
}

/// All errors as one, in order of lines.
fn finish(mut errors: Vec<Error>) -> Result<()> {
    errors.sort_by_key(|error| error.place().line);
    errors.truncate(MOST_ERRORS);
    Error::join(errors).map_or(Ok(()), Err)
}

/// Looks up every parent's id.
fn parents(raw: &[Raw], file: &Path) -> Result<Vec<Sample>> {
    let first = raw.first().map_or(0, |raw| raw.sample.id);
    let dense = raw.last().is_some_and(|last| (last.sample.id - first) as usize == raw.len() - 1);
    let find = |id: u64| {
        if dense {
            id.checked_sub(first).filter(|index| *index < raw.len() as u64).map(|index| index as u32)
        } else {
            raw.binary_search_by_key(&id, |raw| raw.sample.id).ok().map(|index| index as u32)
        }
    };
    let mut errors = Vec::new();
    let mut samples = Vec::with_capacity(raw.len());
    for Raw { sample, parent_id } in raw {
        let parent = parent_id.and_then(find);
        if let Some(id) = parent_id.filter(|_| parent.is_none()) {
            errors.push(
                wrong(sample, file, format!("its parent {id} does not exist"))
                    .help("name an id of this file, or -1 for the root"),
            );
        } else if *parent_id == Some(sample.id) {
            errors.push(
                wrong(sample, file, "it is its own parent".into())
                    .help("name another sample as parent, or -1 for the root"),
            );
        }
        samples.push(Sample { parent, ..*sample });
    }
    finish(errors)?;
    Ok(samples)
}

/// Every sample must lead to a root.
fn refuse_cycles(samples: &[Sample], parent: &[Option<u32>], file: &Path) -> Result<()> {
    // 0: not seen, 1: on the way being walked, 2: leads to a root.
    let mut state = vec![0u8; samples.len()];
    let mut way = Vec::new();
    for start in 0..samples.len() {
        let mut at = Some(start as u32);
        while let Some(index) = at {
            match state[index as usize] {
                0 => {
                    state[index as usize] = 1;
                    way.push(index);
                    at = parent[index as usize];
                }
                1 => {
                    let length = way.iter().rev().take_while(|on| **on != index).count() + 1;
                    let sample = &samples[index as usize];
                    return Err(wrong(
                        sample,
                        file,
                        format!("its ancestors form a circle of {length} samples"),
                    )
                    .help("a neuron is a tree: mend the parents of these samples"));
                }
                _ => break,
            }
        }
        for index in way.drain(..) {
            state[index as usize] = 2;
        }
    }
    Ok(())
}

/// The root: that of the tree with the soma. A soma below neurites is turned up.
fn choose_root(
    samples: &[Sample],
    parent: &mut [Option<u32>],
    file: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<u32> {
    let roots: Vec<u32> = (0..samples.len() as u32).filter(|i| parent[*i as usize].is_none()).collect();
    let is_soma = |index: u32| samples[index as usize].code == SOMA;
    if let Some(root) = roots.iter().find(|root| is_soma(**root)) {
        return Ok(*root);
    }
    // The soma sample nearest to its root, in order of ids: one whose parent is not soma.
    let top = (0..samples.len() as u32)
        .find(|index| is_soma(*index) && parent[*index as usize].is_some_and(|up| !is_soma(up)));
    let Some(top) = top else {
        return roots.first().copied().ok_or_else(|| {
            Error::new(ErrorKind::Value, "no sample is a root").in_file(file).help("write -1 as its parent")
        });
    };
    let sample = &samples[top as usize];
    warnings.push(Warning::new(
        "soma-not-root",
        format!(
            "sample {} is soma and hangs on a neurite; the tree was turned round to start there",
            sample.id
        ),
        Place::new(file, sample.line, 0),
    ));
    let mut below = top;
    let mut at = parent[top as usize].take();
    while let Some(index) = at {
        at = parent[index as usize].replace(below);
        below = index;
    }
    Ok(top)
}

/// Further roots become loose neurites of the soma.
fn hang_loose(
    samples: &[Sample],
    parent: &mut [Option<u32>],
    root: u32,
    file: &Path,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<bool>> {
    let mut loose = vec![false; samples.len()];
    let others: Vec<u32> =
        (0..samples.len() as u32).filter(|i| *i != root && parent[*i as usize].is_none()).collect();
    let base = &samples[root as usize];
    let mut errors = Vec::new();
    for other in others {
        let sample = &samples[other as usize];
        let gap = distance(base, sample);
        if sample.code == SOMA {
            errors.push(
                wrong(sample, file, format!("a second soma: the first is sample {}", base.id))
                    .help("one file holds one neuron: split it, or join the somata"),
            );
        } else if base.code != SOMA && gap > base.radius + sample.radius {
            errors.push(
                wrong(
                    sample,
                    file,
                    format!("a second root, {gap:.1} µm from the first, in a file without soma"),
                )
                .help("join the trees, split the file, or add a soma sample"),
            );
        } else {
            let on = if base.code == SOMA { "soma's middle" } else { "root" };
            warnings.push(Warning::new(
                "disconnected-neurite",
                format!("sample {} is a further root, {gap:.1} µm away; hung on the {on}", sample.id),
                Place::new(file, sample.line, 0),
            ));
            loose[other as usize] = true;
            parent[other as usize] = Some(root);
        }
    }
    finish(errors)?;
    Ok(loose)
}

/// Soma samples must be one connected piece at the root.
fn one_soma(tree: &Tree, file: &Path) -> Result<()> {
    let apart = |index: &u32| {
        tree.is_soma(*index) && tree.parent[*index as usize].is_some_and(|up| !tree.is_soma(up))
    };
    let errors = (0..tree.samples.len() as u32).filter(apart).take(MOST_ERRORS).map(|index| {
        wrong(tree.sample(index), file, "a second soma: between it and the first lie neurite samples".into())
            .help("one file holds one neuron: mend the types")
    });
    finish(errors.collect())
}

/// Early SWC files mark forks by type 5 and ends by type 6. Where all samples of these types are such,
/// they take the type of their parent.
fn replace_labels(tree: &mut Tree, file: &Path, warnings: &mut Vec<Warning>) {
    const FORK: u32 = 5;
    const END: u32 = 6;
    let mut first = None;
    let (mut forks, mut ends) = (0, 0);
    for (index, sample) in tree.samples.iter().enumerate() {
        let children = tree.children(index as u32).len();
        match sample.code {
            FORK if children > 1 => forks += 1,
            END if children == 0 => ends += 1,
            FORK | END => return,
            _ => continue,
        }
        first.get_or_insert(sample.line);
    }
    if forks == 0 || ends == 0 {
        return;
    }
    let count = forks + ends;
    for place in 0..tree.order.len() {
        let index = tree.order[place] as usize;
        if matches!(tree.codes[index], FORK | END) {
            let up = tree.parent[index].map_or(0, |up| tree.codes[up as usize]);
            tree.codes[index] = if up == SOMA { 0 } else { up };
        }
    }
    warnings.push(Warning::new(
        "fork-and-end-types",
        format!("{count} samples have type 5 or 6, all at forks or ends; they take their parent's type"),
        Place::new(file, first.unwrap_or(0), 0),
    ));
}

/// A type that changes along an unbranched run is doubtful.
fn type_changes(tree: &Tree, file: &Path, warnings: &mut Vec<Warning>) {
    let changes = |index: &u32| {
        tree.parent[*index as usize].is_some_and(|up| {
            !tree.is_soma(up) && tree.code(up) != tree.code(*index) && tree.children(up).len() == 1
        })
    };
    let changed: Vec<u32> = (0..tree.samples.len() as u32).filter(changes).collect();
    if let Some(line) = changed.iter().map(|index| tree.sample(*index).line).min() {
        warnings.push(Warning::new(
            "type-change",
            format!(
                "{} samples change the type within an unbranched run; a new section starts there",
                changed.len()
            ),
            Place::new(file, line, 0),
        ));
    }
}

fn doubtful_size(tree: &Tree, file: &Path, warnings: &mut Vec<Warning>) {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for sample in &tree.samples {
        for (axis, value) in [sample.x, sample.y, sample.z].into_iter().enumerate() {
            low[axis] = low[axis].min(value);
            high[axis] = high[axis].max(value);
        }
    }
    let extent = (0..3).map(|axis| high[axis] - low[axis]).fold(0.0, f64::max);
    if extent > LARGE_EXTENT {
        let line = tree.sample(tree.root).line;
        warnings.push(Warning::new(
            "large-extent",
            format!("the cell extends over {:.1} mm; are the coordinates in µm?", extent / 1000.0),
            Place::new(file, line, 0),
        ));
    }
}

pub(super) fn distance(a: &Sample, b: &Sample) -> f64 {
    ((a.x - b.x).powi(2) + (a.y - b.y).powi(2) + (a.z - b.z).powi(2)).sqrt()
}

/// All samples from `root` on, each after its parent, the first child's subtree before the second's.
fn preorder(tree: &Tree, root: u32) -> Vec<u32> {
    let mut order = Vec::with_capacity(tree.samples.len());
    let mut stack = vec![root];
    while let Some(index) = stack.pop() {
        order.push(index);
        stack.extend(tree.children(index).iter().rev());
    }
    order
}
