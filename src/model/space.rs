//! Where cells are in space, and how far apart.
//!
//! Positions are in µm, as morphologies are.

use crate::error::{Error, ErrorKind, Result};
use crate::rng::{Purpose, Stream};

/// A place, µm: x, y, z.
pub type Position = [f64; 3];

/// How the cells of a population are laid out.
#[derive(Debug, Clone, PartialEq)]
pub enum Structure {
    /// One after the other along x.
    Line {
        /// Spacing, µm.
        dx: f64,
        /// Place of the first, µm.
        origin: Position,
    },
    /// A rectangle of columns along x and rows along y; cells are counted along y first.
    Grid2D {
        /// Cells along x over cells along y.
        aspect_ratio: f64,
        /// Spacing along x and y, µm.
        spacing: [f64; 2],
        /// Place of the first, µm.
        origin: Position,
        /// Whether cells take the places of the grid in random order.
        is_shuffled: bool,
    },
    /// A box; cells are counted along z first, then y.
    Grid3D {
        /// Cells along x over cells along y.
        aspect_ratio_xy: f64,
        /// Cells along x over cells along z.
        aspect_ratio_xz: f64,
        /// Spacing along x, y and z, µm.
        spacing: [f64; 3],
        /// Place of the first, µm.
        origin: Position,
        /// Whether cells take the places of the grid in random order.
        is_shuffled: bool,
    },
    /// Anywhere in a box, evenly.
    Box {
        /// Lengths along x, y and z, µm.
        size: [f64; 3],
        /// Its centre, µm.
        centre: Position,
    },
    /// Anywhere in a ball, evenly.
    Sphere {
        /// Radius, µm.
        radius: f64,
        /// Its centre, µm.
        centre: Position,
    },
    /// Given one by one.
    Listed(Vec<Position>),
}

impl Structure {
    /// The places of `n` cells, µm. Random ones depend on `seed` and `key`, which names the population.
    ///
    /// # Errors
    /// If `n` cells do not fill the grid, or are not as many as the places listed.
    pub fn positions(&self, n: usize, seed: u64, key: u64) -> Result<Vec<Position>> {
        let stream = |cell: usize| Stream::new(seed, Purpose::Structure, [key, cell as u64]);
        Ok(match self {
            Structure::Line { dx, origin } => {
                (0..n).map(|i| [dx.mul_add(i as f64, origin[0]), origin[1], origin[2]]).collect()
            }
            Structure::Grid2D { aspect_ratio, spacing: [dx, dy], origin, is_shuffled } => {
                let nx = ((n as f64 * aspect_ratio).sqrt().round() as usize).max(1);
                let ny = n / nx;
                filled(n, &[nx, ny])?;
                let place = |i: usize| {
                    let (x, y) = ((i / ny) as f64, (i % ny) as f64);
                    [dx.mul_add(x, origin[0]), dy.mul_add(y, origin[1]), origin[2]]
                };
                ordered(n, *is_shuffled, seed, key).into_iter().map(place).collect()
            }
            Structure::Grid3D { aspect_ratio_xy, aspect_ratio_xz, spacing, origin, is_shuffled } => {
                let nx = ((n as f64 * aspect_ratio_xy * aspect_ratio_xz).cbrt().round() as usize).max(1);
                let ny = ((nx as f64 / aspect_ratio_xy).round() as usize).max(1);
                let nz = n / (nx * ny);
                filled(n, &[nx, ny, nz])?;
                let place = |i: usize| {
                    let steps = [i / (ny * nz), i / nz % ny, i % nz];
                    std::array::from_fn(|axis| spacing[axis].mul_add(steps[axis] as f64, origin[axis]))
                };
                ordered(n, *is_shuffled, seed, key).into_iter().map(place).collect()
            }
            Structure::Box { size, centre } => (0..n)
                .map(|cell| {
                    let mut stream = stream(cell);
                    std::array::from_fn(|axis| size[axis].mul_add(stream.uniform() - 0.5, centre[axis]))
                })
                .collect(),
            Structure::Sphere { radius, centre } => (0..n)
                .map(|cell| {
                    let mut stream = stream(cell);
                    let r = radius * libm::cbrt(stream.uniform());
                    let cos = 2.0f64.mul_add(stream.uniform(), -1.0);
                    let sin = (1.0 - cos * cos).max(0.0).sqrt();
                    let angle = std::f64::consts::TAU * stream.uniform();
                    let direction = [sin * libm::cos(angle), sin * libm::sin(angle), cos];
                    std::array::from_fn(|axis| r.mul_add(direction[axis], centre[axis]))
                })
                .collect(),
            Structure::Listed(places) if places.len() == n => places.clone(),
            Structure::Listed(places) => {
                let message = format!("{} positions for {n} cells", places.len());
                return Err(Error::new(ErrorKind::Value, message).help("give one for each cell"));
            }
        })
    }
}

fn filled(n: usize, sides: &[usize]) -> Result<()> {
    if sides.iter().product::<usize>() == n {
        return Ok(());
    }
    let sides: Vec<String> = sides.iter().map(ToString::to_string).collect();
    let message = format!("{n} cells do not fill a grid of {} of that aspect ratio", sides.join(" × "));
    Err(Error::new(ErrorKind::Value, message).help("change the size of the population or the aspect ratio"))
}

fn ordered(n: usize, is_shuffled: bool, seed: u64, key: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    if is_shuffled {
        Stream::new(seed, Purpose::Structure, [key, u64::MAX]).shuffle(&mut order);
    }
    order
}

/// How distances between cells are measured, as PyNN's `Space`: the Euclidean distance over some axes
/// between the place of the source and `scale (place of the target + offset)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Space {
    /// The axes that count: x, y, z.
    pub axes: [bool; 3],
    /// Factor on the places of targets.
    pub scale: f64,
    /// Added to the places of targets, µm.
    pub offset: Position,
    /// Where the axis is closed to a ring: least and greatest coordinate, µm.
    pub periodic: [Option<(f64, f64)>; 3],
}

impl Default for Space {
    fn default() -> Space {
        Space { axes: [true; 3], scale: 1.0, offset: [0.0; 3], periodic: [None; 3] }
    }
}

impl Space {
    /// From source to target along each axis, µm; the shorter way round where the axis is a ring.
    pub fn displacement(&self, source: Position, target: Position) -> Position {
        std::array::from_fn(|axis| {
            if !self.axes[axis] {
                return 0.0;
            }
            let away = self.scale * (target[axis] + self.offset[axis]) - source[axis];
            match self.periodic[axis] {
                Some((low, high)) if high > low => {
                    let round = high - low;
                    away - round * (away / round).round()
                }
                _ => away,
            }
        })
    }

    /// The distance, µm.
    pub fn distance(&self, source: Position, target: Position) -> f64 {
        let [x, y, z] = self.displacement(source, target);
        (x * x + y * y + z * z).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_counted_as_in_pynn() {
        let grid = Structure::Grid2D {
            aspect_ratio: 1.5,
            spacing: [10.0, 20.0],
            origin: [1.0, 2.0, 3.0],
            is_shuffled: false,
        };
        let places = grid.positions(6, 0, 0).unwrap();
        // Three columns, two rows: y runs first.
        assert_eq!(places[1], [1.0, 22.0, 3.0]);
        assert_eq!(places[2], [11.0, 2.0, 3.0]);
        assert!(grid.positions(7, 0, 0).unwrap_err().to_string().contains("7 cells do not fill"));
        let cube = Structure::Grid3D {
            aspect_ratio_xy: 1.0,
            aspect_ratio_xz: 1.0,
            spacing: [1.0; 3],
            origin: [0.0; 3],
            is_shuffled: true,
        };
        let mut places = cube.positions(27, 5, 1).unwrap();
        assert_ne!(places[0], [0.0; 3]);
        places.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!((places[1], places[26]), ([0.0, 0.0, 1.0], [2.0; 3]));
    }

    #[test]
    fn random_places_fill_their_shape_evenly() {
        let n = 20_000;
        let ball = Structure::Sphere { radius: 10.0, centre: [5.0, 0.0, 0.0] };
        let places = ball.positions(n, 1, 1).unwrap();
        let r = |p: &Position| ((p[0] - 5.0).powi(2) + p[1].powi(2) + p[2].powi(2)).sqrt();
        assert!(places.iter().all(|p| r(p) <= 10.0));
        // An eighth of the volume lies within half the radius.
        let inner = places.iter().filter(|p| r(p) < 5.0).count() as f64 / n as f64;
        assert!((inner - 0.125).abs() < 0.01, "{inner}");
        let a_box = Structure::Box { size: [2.0, 4.0, 0.0], centre: [0.0; 3] };
        let places = a_box.positions(n, 1, 1).unwrap();
        let mean_y2 = places.iter().map(|p| p[1] * p[1]).sum::<f64>() / n as f64;
        assert!((mean_y2 - 16.0 / 12.0).abs() < 0.05, "{mean_y2}");
        assert!(places.iter().all(|p| p[2] == 0.0 && p[0].abs() <= 1.0));
    }

    #[test]
    fn distance_takes_the_short_way_round_a_ring() {
        let ring = Space { periodic: [Some((0.0, 100.0)), None, None], ..Space::default() };
        assert_eq!(ring.distance([5.0, 0.0, 0.0], [95.0, 0.0, 0.0]), 10.0);
        assert_eq!(ring.displacement([95.0, 0.0, 0.0], [5.0, 3.0, 0.0]), [10.0, 3.0, 0.0]);
        let flat =
            Space { axes: [true, true, false], scale: 2.0, offset: [1.0, 0.0, 0.0], ..Space::default() };
        assert_eq!(flat.distance([0.0; 3], [1.0, 1.5, 9.0]), 5.0);
    }
}
