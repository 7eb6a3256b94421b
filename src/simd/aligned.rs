//! A growable-at-set-up vector of f64 on a cache-line boundary.

use std::ops::{Deref, DerefMut};

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f64; 8]);

/// A vector of f64 whose first element lies on a 64-byte boundary.
#[derive(Debug, Clone, Default)]
pub struct AlignedVec {
    lines: Vec<Line>,
    len: usize,
}

impl AlignedVec {
    /// A vector of `len` zeros.
    pub fn zeros(len: usize) -> AlignedVec {
        AlignedVec { lines: vec![Line([0.0; 8]); len.div_ceil(8)], len }
    }

    /// Lengthens to at least `len`, with zeros; never shortens.
    pub fn grow(&mut self, len: usize) {
        if len > self.len {
            self.lines.resize(len.div_ceil(8), Line([0.0; 8]));
            self.len = len;
        }
    }
}

impl From<&[f64]> for AlignedVec {
    fn from(values: &[f64]) -> AlignedVec {
        let mut vec = AlignedVec::zeros(values.len());
        vec.copy_from_slice(values);
        vec
    }
}

impl Deref for AlignedVec {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        // SAFETY: a `Line` is eight f64 without padding, and `len <= 8 * lines.len()` always.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for AlignedVec {
    fn deref_mut(&mut self) -> &mut [f64] {
        // SAFETY: as in `deref`; the borrow of `self` is unique.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::AlignedVec;

    #[test]
    fn first_element_is_aligned_and_growth_keeps_values() {
        for len in [0, 1, 7, 8, 9, 1000] {
            let mut vec = AlignedVec::zeros(len);
            assert_eq!(vec.len(), len);
            assert_eq!(vec.as_ptr() as usize % 64, 0);
            vec.iter_mut().enumerate().for_each(|(i, x)| *x = i as f64);
            vec.grow(len + 13);
            assert_eq!(vec.len(), len + 13);
            assert!(vec[..len].iter().enumerate().all(|(i, x)| *x == i as f64));
            assert!(vec[len..].iter().all(|x| *x == 0.0));
            vec.grow(3);
            assert_eq!(vec.len(), len + 13);
        }
    }
}
