//! The report of a reduction: numbers, pictures, words.

use std::fmt::Write as _;

use serde::Serialize;

use super::compare::{self, Comparison, Measured, Pair, Protocol};
use super::detailed::Detailed;
use super::measure::{NOISE_S, SAMPLE_S, STEP_LENGTH_S, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::plot::{Scene, SpikeTrain, Trace, TraceOptions, XyLine, XyOptions, traces, xy};

/// How many places a report compares when nobody says which.
const SITES: usize = 10;

/// Coincidence from which spike times are well kept, and below which badly.
const GOOD: f64 = 0.8;
const FAIR: f64 = 0.5;

/// What was reduced, and how.
#[derive(Debug, Clone, Serialize)]
pub struct Header {
    /// The file of the model.
    pub model: String,
    /// The cell.
    pub cell: String,
    /// The method.
    pub method: String,
    /// Compartments of the detailed and of the reduced cell.
    pub compartments: (usize, usize),
    /// How long the reduction took, s.
    pub seconds: f64,
    /// Whether the detailed cell rests without input.
    pub rests: bool,
}

/// A report.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was reduced.
    pub header: Header,
    /// How good it is.
    pub comparison: Comparison,
    protocol: Protocol,
    detailed: Measured,
    reduced: Measured,
}

/// Places for the synapses of a report: those that matter most, without the soma; ten, or `most`.
///
/// # Errors
/// If the cell has no impedances.
pub fn sites(full: &Detailed, most: usize) -> Result<Vec<usize>> {
    let soma = full.soma();
    let mut nodes = super::best_nodes(full, &[], most.clamp(1, SITES + 1))?;
    // A synapse needs a membrane: at a branch point it is put before it.
    nodes.iter_mut().for_each(|node| *node = full.with_membrane(*node));
    nodes.sort_unstable();
    nodes.dedup();
    nodes.retain(|node| *node != soma);
    Ok(nodes)
}

/// Measures both cells and compares them. `sites` are the nodes of the synapses, `trials` noisy currents are drawn.
///
/// # Errors
/// If a cell cannot be run.
pub fn make(
    full: &Detailed,
    sites: &[usize],
    header: Header,
    (detailed, reduced): (&Subject, &Subject),
    trials: usize,
) -> Result<Report> {
    let (protocol, a) = compare::protocol(full, detailed, sites, trials)?;
    let b = compare::measure(reduced, &protocol)?;
    let comparison = compare::compare(full, sites, &protocol, &a, &b);
    Ok(Report { header, comparison, protocol, detailed: a, reduced: b })
}

impl Report {
    /// The main numbers, a line each.
    pub fn summary(&self) -> String {
        let c = &self.comparison;
        let mut out = String::new();
        let mut row = |name: &str, pair: Pair, unit: &str| {
            let (a, b) = (number(pair.detailed), number(pair.reduced));
            let _ = writeln!(out, "  {name:28} {a:>9} -> {b:>9} {unit}");
        };
        row("rest", c.rest_mv, "mV");
        row("input resistance, steady", c.steady_resistance_mohm, "MOhm");
        row("time constant", c.tau_ms, "ms");
        row("spikes under noise", c.spikes, "");
        if let Some(error) = c.attenuation_error {
            let _ = writeln!(out, "  attenuation of EPSPs         within {:.2} %", error * 100.0);
        }
        if let Some(error) = c.potential_error {
            let _ = writeln!(out, "  EPSPs at the soma            within {:.2} %", error * 100.0);
        }
        let _ = writeln!(out, "  rates, rms error             {} /s", number(c.rate_error_hz));
        let _ = writeln!(
            out,
            "  coincidence, SPIKE distance  {}, {}",
            number(mean(&c.coincidence)),
            number(mean(&c.spike_distance))
        );
        let _ = writeln!(
            out,
            "  potential under noise        rms {} mV, {} mV away from spikes",
            number(c.rms_mv),
            number(c.subthreshold_rms_mv)
        );
        let _ = writeln!(out, "  speed-up                     {}", number(c.speed_up));
        let _ = writeln!(out, "  {}", self.verdict());
        out
    }

    /// How well spike times are kept, in a word and the numbers that it comes from.
    pub fn verdict(&self) -> String {
        let c = &self.comparison;
        let gamma = mean(&c.coincidence);
        if c.spikes.detailed + c.spikes.reduced == 0.0 {
            return "spike times: the noise made no spikes, so nothing is known of them".into();
        }
        let word = match gamma {
            g if g >= GOOD => "good",
            g if g >= FAIR => "fair",
            _ => "poor",
        };
        let mut out = format!(
            "spike times: {word} (coincidence {}; good from {GOOD}, poor below {FAIR}; {} spikes became {})",
            number(gamma),
            number(c.spikes.detailed),
            number(c.spikes.reduced)
        );
        if word == "poor" {
            out.push_str(": do not use this cell where the times of spikes matter");
        }
        out
    }

    /// Its pictures, by name.
    ///
    /// # Errors
    /// If one cannot be drawn.
    pub fn pictures(&self) -> Result<Vec<(&'static str, Scene)>> {
        let mut pictures = vec![("noise", self.noise()?), ("rates", self.rates()?), ("step", self.step()?)];
        if !self.comparison.potentials.is_empty() {
            pictures.push(("epsp", self.epsp()?));
        }
        Ok(pictures)
    }

    /// Names and texts of its other files.
    ///
    /// # Errors
    /// If a number cannot be written down.
    pub fn files(&self) -> Result<Vec<(String, String)>> {
        let mut files = Vec::new();
        let json = serde_json::to_string_pretty(&serde_json::json!({
            "reduction": self.header,
            "comparison": self.comparison,
            "stimuli": {
                "small_step_nA": self.protocol.small_a * 1e9,
                "noise_mean_nA": self.protocol.noise_a.0 * 1e9,
                "noise_standard_deviation_nA": self.protocol.noise_a.1 * 1e9,
                "seed": compare::REPORT_SEED,
            },
        }));
        let json = json.map_err(|e| Error::new(ErrorKind::Value, format!("the report is no JSON: {e}")))?;
        files.push(("report.json".into(), json + "\n"));
        files.push(("report.md".into(), self.markdown()));
        Ok(files)
    }

    /// The potentials under noise, with the spikes above.
    fn noise(&self) -> Result<Scene> {
        let both = [("detailed", &self.detailed), ("reduced", &self.reduced)];
        let trace = |(name, measured): (&str, &Measured)| {
            let v = measured.noisy.v.first().cloned().unwrap_or_default();
            Trace {
                name: name.into(),
                unit: "mV".into(),
                t_ms: (0..v.len()).map(|i| i as f64 * SAMPLE_S * 1e3).collect(),
                values: v.iter().map(|v| v * 1e3).collect(),
            }
        };
        let train = |(name, measured): (&str, &Measured)| SpikeTrain {
            label: name.into(),
            group: String::new(),
            times_ms: measured.noisy.spikes.first().into_iter().flatten().map(|t| t * 1e3).collect(),
        };
        let options = TraceOptions {
            height: 380.0,
            title: "Potential at the soma under a noisy current".into(),
            spikes: both.map(train).into_iter().collect(),
            ..TraceOptions::default()
        };
        traces(&both.map(trace), &options)
    }

    fn rates(&self) -> Result<Scene> {
        let line = |name: &str, value: &dyn Fn(&Pair) -> f64| XyLine {
            name: name.into(),
            points: self.comparison.rates.iter().map(|(current, pair)| (*current, value(pair))).collect(),
            marks_only: false,
        };
        xy(
            &[line("detailed", &|p| p.detailed), line("reduced", &|p| p.reduced)],
            &options("Rates of spikes for steps into the soma", ("Current", "nA"), ("Rate", "1/s")),
        )
    }

    fn step(&self) -> Result<Scene> {
        let trace = |name: &str, measured: &Measured| Trace {
            name: name.into(),
            unit: "MΩ".into(),
            t_ms: (0..measured.small.response_ohm.len()).map(|i| i as f64 * SAMPLE_S * 1e3).collect(),
            values: measured.small.response_ohm.iter().map(|r| r * 1e-6).collect(),
        };
        let options = TraceOptions {
            height: 300.0,
            title: "Response of the soma to a small step".into(),
            ..TraceOptions::default()
        };
        traces(&[trace("detailed", &self.detailed), trace("reduced", &self.reduced)], &options)
    }

    fn epsp(&self) -> Result<Scene> {
        let line = |name: &str, value: &dyn Fn(&Pair) -> f64| {
            let mut points: Vec<(f64, f64)> =
                self.comparison.potentials.iter().map(|p| (p.distance_um, value(&p.soma_mv) * 1e3)).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            XyLine { name: name.into(), points, marks_only: true }
        };
        xy(
            &[line("detailed", &|p| p.detailed), line("reduced", &|p| p.reduced)],
            &options("EPSPs at the soma", ("Distance of the synapse", "µm"), ("Largest potential", "µV")),
        )
    }

    fn markdown(&self) -> String {
        let (h, c) = (&self.header, &self.comparison);
        let mut out = String::new();
        let _ = writeln!(out, "# {} reduced\n", h.cell);
        let _ = writeln!(
            out,
            "Method `{}`: {} compartments became {}, in {:.2} s. Model: `{}`.\n",
            h.method, h.compartments.0, h.compartments.1, h.seconds, h.model
        );
        if !h.rests || c.spikes_by_itself {
            out.push_str(
                "The detailed cell does not rest without input: resistances, time constants and EPSPs below are those of \
                 a cell that is active.\n\n",
            );
        }
        let _ = writeln!(
            out,
            "Both cells were run with neuropil (steps of 0.025 ms) on the same stimuli, which no fit has seen: a small \
             step, a synapse at each of {} places, {} steps of {:.0} ms, and {} noisy currents of {:.1} s into the soma \
             (mean {} nA, standard deviation {} nA, seed {}).\n",
            c.potentials.len(),
            c.rates.len(),
            STEP_LENGTH_S * 1e3,
            c.coincidence.len(),
            NOISE_S,
            number(self.protocol.noise_a.0 * 1e9),
            number(self.protocol.noise_a.1 * 1e9),
            compare::REPORT_SEED
        );
        let _ = writeln!(out, "**{}.**\n", self.verdict());
        out.push_str("| | detailed | reduced | error |\n|---|---|---|---|\n");
        let mut row = |name: &str, pair: &Pair, relative: bool| {
            let error = if relative {
                format!("{:.2} %", (pair.reduced / pair.detailed - 1.0) * 100.0)
            } else {
                number(pair.reduced - pair.detailed)
            };
            let _ =
                writeln!(out, "| {name} | {} | {} | {error} |", number(pair.detailed), number(pair.reduced));
        };
        row("rest, mV", &c.rest_mv, false);
        row("input resistance at the largest deflection, MΩ", &c.peak_resistance_mohm, true);
        row("input resistance at the end, MΩ", &c.steady_resistance_mohm, true);
        row("time constant, ms", &c.tau_ms, true);
        row("spikes under noise", &c.spikes, false);
        out.push_str("\n| | |\n|---|---|\n");
        let mut fact = |name: &str, value: String| {
            let _ = writeln!(out, "| {name} | {value} |");
        };
        let list = |values: &[f64]| values.iter().map(|v| number(*v)).collect::<Vec<_>>().join(", ");
        fact("coincidence factor Γ (±4 ms) of each noisy current", list(&c.coincidence));
        fact("SPIKE distance of each noisy current", list(&c.spike_distance));
        fact("potential at the soma under noise, rms difference", format!("{} mV", number(c.rms_mv)));
        fact("the same away from spikes", format!("{} mV", number(c.subthreshold_rms_mv)));
        fact("variance explained away from spikes", number(c.variance_explained));
        fact("rates of spikes, rms difference", format!("{} per second", number(c.rate_error_hz)));
        if let Some(error) = c.attenuation_error {
            fact("attenuation of EPSPs, largest error", format!("{:.2} %", error * 100.0));
        }
        if let Some(error) = c.potential_error {
            fact("EPSPs at the soma, largest error", format!("{:.2} %", error * 100.0));
        }
        fact("speed-up", number(c.speed_up));
        out.push_str("\n![noise](noise.svg)\n\n![rates](rates.svg)\n\n![step](step.svg)\n");
        if !c.potentials.is_empty() {
            out.push_str("\n![EPSPs](epsp.svg)\n\n");
            out.push_str("| synapse at | distance, µm | at the soma, µV | reduced | attenuation | reduced |\n|---|---|---|---|---|---|\n");
            for p in &c.potentials {
                let attenuation = p
                    .attenuation
                    .map_or(("–".into(), "–".into()), |a| (number(a.detailed), number(a.reduced)));
                let _ = writeln!(
                    out,
                    "| {} | {:.0} | {} | {} | {} | {} |",
                    p.site,
                    p.distance_um,
                    number(p.soma_mv.detailed * 1e3),
                    number(p.soma_mv.reduced * 1e3),
                    attenuation.0,
                    attenuation.1
                );
            }
        }
        out
    }
}

fn options(title: &str, x: (&str, &str), y: (&str, &str)) -> XyOptions {
    XyOptions {
        width: 640.0,
        height: 340.0,
        title: title.into(),
        x: (x.0.into(), x.1.into()),
        y: (y.0.into(), y.1.into()),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Four digits.
fn number(x: f64) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    let digits = if x == 0.0 { 0.0 } else { x.abs().log10().floor() };
    let places = (3.0 - digits).clamp(0.0, 6.0) as usize;
    let text = format!("{x:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}
