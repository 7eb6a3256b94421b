//! Integrals over stretches of a section, in one walk from its near end to its far end.

use crate::morph::{Segment, frustum_area_um2, frustum_axial_per_um, frustum_volume_um3};

/// The integrals over a stretch of cable.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Stretch {
    /// Length along the centre line, µm.
    pub length_um: f64,
    /// Lateral area of the frusta, µm².
    pub area_um2: f64,
    /// Volume, µm³.
    pub volume_um3: f64,
    /// Integral of ds / cross-section: axial resistance over resistivity, 1/µm.
    pub axial_per_um: f64,
    /// Integral of the diameter over the length, µm².
    pub diameter_um2: f64,
}

impl Stretch {
    fn add_frustum(&mut self, length: f64, d0: f64, d1: f64) {
        let (r0, r1) = (0.5 * d0, 0.5 * d1);
        self.length_um += length;
        self.area_um2 += frustum_area_um2(length, r0, r1);
        self.volume_um3 += frustum_volume_um3(length, r0, r1);
        self.axial_per_um += frustum_axial_per_um(length, r0, r1);
        self.diameter_um2 += (r0 + r1) * length;
    }
}

/// A place on the way along the segments of one section.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    segments: &'a [Segment],
    /// The length to the near end of the current segment, µm.
    start: f64,
    /// How far the walk has come, µm.
    here: f64,
    /// The diameter here, µm.
    diameter: f64,
}

impl<'a> Walk<'a> {
    /// Starts at the near end of the first segment.
    pub fn new(segments: &'a [Segment]) -> Walk<'a> {
        let diameter = segments.first().map_or(0.0, |s| s.proximal.diameter);
        Walk { segments, start: 0.0, here: 0.0, diameter }
    }

    /// Goes on to `target` µm from the near end of the section; `f64::INFINITY` goes to its far
    /// end. A segment of no length that lies at the target belongs to what is before the target:
    /// it adds the ring between its two diameters to the area, and no resistance.
    pub fn to(&mut self, target: f64) -> Stretch {
        let mut stretch = Stretch::default();
        while let Some((segment, rest)) = self.segments.split_first() {
            let length = segment.length();
            let end = self.start + length;
            let far = segment.distal.diameter;
            if end <= target {
                stretch.add_frustum(end - self.here, self.diameter, far);
                (self.segments, self.start, self.here) = (rest, end, end);
                self.diameter = rest.first().map_or(far, |s| s.proximal.diameter);
            } else {
                let near = segment.proximal.diameter;
                let diameter = near + (far - near) * ((target - self.start) / length);
                if target > self.here {
                    stretch.add_frustum(target - self.here, self.diameter, diameter);
                    (self.here, self.diameter) = (target, diameter);
                }
                break;
            }
        }
        stretch
    }
}
