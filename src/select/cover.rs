//! Sets of stretches of cable and their algebra. Ends are compared exactly, never within a
//! tolerance, so the laws of sets hold to the last bit.

use crate::morph::{Geometry, SectionId};

use super::Location;

/// A stretch of one section.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Span {
    /// The section.
    pub section: SectionId,
    /// Where it begins, as a fraction (0 to 1) of the section's length.
    pub from: f64,
    /// Where it ends, beyond `from`.
    pub to: f64,
}

impl Span {
    /// A whole section.
    pub fn whole(section: SectionId) -> Span {
        Span { section, from: 0.0, to: 1.0 }
    }

    /// Its length on a cell of `geometry`, µm.
    pub fn length_um(&self, geometry: &Geometry) -> f64 {
        (self.to - self.from) * geometry.section_length_um(self.section)
    }

    /// The point half-way.
    pub fn middle(&self) -> Location {
        Location { section: self.section, fraction: 0.5 * (self.from + self.to) }
    }
}

/// The stretches that a region is made of on one cell: sorted by section and place, disjoint, none
/// of them empty, neighbours joined.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cover {
    spans: Vec<Span>,
}

impl Cover {
    /// The cover of `spans` in any order, which may overlap.
    pub fn new(mut spans: Vec<Span>) -> Cover {
        spans.retain(|span| span.from < span.to);
        spans.sort_by(|a, b| {
            (a.section, a.from).partial_cmp(&(b.section, b.from)).unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match joined.last_mut() {
                Some(last) if last.section == span.section && span.from <= last.to => {
                    last.to = last.to.max(span.to);
                }
                _ => joined.push(span),
            }
        }
        Cover { spans: joined }
    }

    /// All of each of `sections`.
    pub fn of_sections(sections: impl IntoIterator<Item = SectionId>) -> Cover {
        Cover::new(sections.into_iter().map(Span::whole).collect())
    }

    /// The stretches, sorted.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The stretches on `section`.
    pub fn on(&self, section: SectionId) -> &[Span] {
        let from = self.spans.partition_point(|span| span.section < section);
        let to = self.spans.partition_point(|span| span.section <= section);
        &self.spans[from..to]
    }

    /// The sections that have a part in it, each once, in order.
    pub fn sections(&self) -> Vec<SectionId> {
        let mut sections: Vec<SectionId> = self.spans.iter().map(|span| span.section).collect();
        sections.dedup();
        sections
    }

    /// Whether `location` lies in it; the ends of stretches do.
    pub fn contains(&self, location: Location) -> bool {
        self.on(location.section)
            .iter()
            .any(|span| span.from <= location.fraction && location.fraction <= span.to)
    }

    /// Total length on a cell of `geometry`, µm.
    pub fn length_um(&self, geometry: &Geometry) -> f64 {
        self.spans.iter().map(|span| span.length_um(geometry)).sum()
    }

    /// What is in either.
    pub fn union(&self, other: &Cover) -> Cover {
        Cover::new(self.spans.iter().chain(&other.spans).copied().collect())
    }

    /// What is in both.
    pub fn intersection(&self, other: &Cover) -> Cover {
        let mut spans = Vec::new();
        for a in &self.spans {
            for b in other.on(a.section) {
                spans.push(Span { section: a.section, from: a.from.max(b.from), to: a.to.min(b.to) });
            }
        }
        Cover::new(spans)
    }

    /// What is in this one and not in `other`.
    pub fn difference(&self, other: &Cover) -> Cover {
        let mut spans = Vec::new();
        for a in &self.spans {
            let mut from = a.from;
            for b in other.on(a.section).iter().filter(|b| b.to > a.from && b.from < a.to) {
                spans.push(Span { from, to: b.from, ..*a });
                from = b.to;
            }
            spans.push(Span { from, to: a.to, ..*a });
        }
        Cover::new(spans)
    }

    /// The place that `um` µm of its length lie before, counted through the stretches in order;
    /// the end if that is beyond. `None` if it is empty.
    pub(super) fn at_length(&self, geometry: &Geometry, mut um: f64) -> Option<Location> {
        for span in &self.spans {
            let length = span.length_um(geometry);
            if um < length {
                let fraction = span.from + (span.to - span.from) * (um / length);
                return Some(Location {
                    section: span.section,
                    fraction: fraction.clamp(span.from, span.to),
                });
            }
            um -= length;
        }
        self.spans.last().map(|span| Location { section: span.section, fraction: span.to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cover() -> impl Strategy<Value = Cover> {
        // Few distinct ends, so that they often meet.
        let span = (0u32..3, 0u32..=8, 0u32..=8).prop_map(|(section, a, b)| Span {
            section: SectionId(section),
            from: f64::from(a.min(b)) / 8.0,
            to: f64::from(a.max(b)) / 8.0,
        });
        proptest::collection::vec(span, 0..8).prop_map(Cover::new)
    }

    fn all() -> Cover {
        Cover::of_sections((0..3).map(SectionId))
    }

    fn size(cover: &Cover) -> f64 {
        cover.spans().iter().map(|span| span.to - span.from).sum()
    }

    proptest! {
        #[test]
        fn the_laws_of_sets_hold(a in cover(), b in cover(), c in cover()) {
            let not = |x: &Cover| all().difference(x);
            prop_assert_eq!(not(&a.union(&b)), not(&a).intersection(&not(&b)));
            prop_assert_eq!(not(&a.intersection(&b)), not(&a).union(&not(&b)));
            prop_assert_eq!(not(&not(&a)), a.clone());
            prop_assert_eq!(a.union(&a), a.clone());
            prop_assert_eq!(a.intersection(&a), a.clone());
            prop_assert!(a.difference(&a).is_empty());
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.intersection(&b), b.intersection(&a));
            prop_assert_eq!(a.difference(&b), a.intersection(&not(&b)));
            prop_assert_eq!(
                a.intersection(&b.union(&c)),
                a.intersection(&b).union(&a.intersection(&c))
            );
            // Lengths add.
            prop_assert_eq!(size(&a.union(&b)) + size(&a.intersection(&b)), size(&a) + size(&b));
            prop_assert_eq!(size(&a.difference(&b)) + size(&a.intersection(&b)), size(&a));
        }

        #[test]
        fn covers_are_sorted_disjoint_and_joined(a in cover(), b in cover()) {
            for c in [a.union(&b), a.intersection(&b), a.difference(&b)] {
                prop_assert!(c.spans().iter().all(|s| s.from < s.to));
                prop_assert!(c.spans().windows(2).all(|w| w[0].section < w[1].section || w[0].to < w[1].from));
                prop_assert!(c.spans().iter().all(|s| c.contains(s.middle())));
            }
        }
    }
}
