//! Pictures: traces, spike rasters, morphologies and channel curves, as SVG and PNG.
//!
//! Nothing outside the program is needed. Letters in PNG files are Ubuntu Light (Ubuntu Font
//! Licence 1.0); SVG files name common sans-serif fonts and keep text as text.
//!
//! ```
//! use neuropil::plot::{Trace, TraceOptions, traces};
//!
//! let t_ms: Vec<f64> = (0..400).map(|i| f64::from(i) * 0.1).collect();
//! let v_mv = t_ms.iter().map(|t| -65.0 + 10.0 * (1.0 - (-t / 12.0).exp())).collect();
//! let trace = Trace { name: "soma.v".into(), unit: "mV".into(), t_ms, values: v_mv };
//! let scene = traces(&[trace], &TraceOptions::default())?;
//! assert!(scene.to_svg().contains("Membrane potential (mV)"));
//! # Ok::<(), neuropil::Error>(())
//! ```

mod axis;
mod cable;
mod curves;
mod labels;
mod legend;
mod morphology;
mod palette;
mod png;
mod projection;
mod raster;
mod scene;
mod series;
mod text;
mod traces;
mod xy;

pub use curves::{CurveOptions, GateCurve, curves};
pub use morphology::{Colouring, MorphologyOptions, RegionCover, Site, SiteKind, colour, morphology};
pub use projection::Plane;
pub use raster::{RasterOptions, SpikeTrain, raster, spike_trains};
pub use scene::{Scene, save};
pub use traces::{Trace, TraceOptions, table_traces, traces};
pub use xy::{XyLine, XyOptions, xy};
