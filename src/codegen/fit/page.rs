//! What came of a fit, in words and as JSON.

use std::fmt::Write;

use super::limit::short;
use super::{Fitted, Neuron};

/// The pairs that are compared.
const PAIRS: [(&str, usize, usize); 3] =
    [("reduced, beside detailed", 0, 1), ("chip, beside reduced", 1, 2), ("chip, beside detailed", 0, 2)];

impl Fitted {
    /// A page in Markdown that says what the chip does to the cell.
    pub fn page(&self) -> String {
        let mut out = format!("# The cell on {}\n\n", self.chip.name());
        let (before, after) = self.compartments();
        let _ = writeln!(out, "{before} compartments became {after}.\n");
        match &self.neuron {
            Neuron::Point(p) => {
                let _ = writeln!(
                    out,
                    "Leaky integrate and fire: C {} nF, τ {} ms, rest {} mV, threshold {} mV, reset {} mV, refractory {} ms.\n",
                    short(p.capacitance_f * 1e9),
                    short(p.capacitance_f / p.leak_s * 1e3),
                    short(p.rest_v * 1e3),
                    short(p.threshold_v * 1e3),
                    short(p.reset_v * 1e3),
                    short(p.refractory_s * 1e3)
                );
            }
            Neuron::Circuits(circuits) => {
                let _ = writeln!(
                    out,
                    "The soma fires at {} mV and is held at {} mV for {} ms.\n",
                    short(circuits.threshold_v * 1e3),
                    short(circuits.reset_v * 1e3),
                    short(circuits.refractory_s * 1e3)
                );
                out.push_str("| compartment | coupled to | C, pF | τ, ms | leak to, mV | coupling, nS |\n|---|---|---|---|---|---|\n");
                let all = &circuits.reduced.cell.compartments;
                for (at, c) in all.iter().enumerate() {
                    let parent = c.parent.and_then(|p| all.get(p)).map_or("–", |p| p.name.as_str());
                    let _ = writeln!(
                        out,
                        "| {}{} | {parent} | {} | {} | {} | {} |",
                        c.name,
                        if at == circuits.reduced.soma { " (fires)" } else { "" },
                        short(c.capacitance_f * 1e12),
                        short(c.capacitance_f / c.leak_s * 1e3),
                        short(c.leak_reversal_v * 1e3),
                        short(c.coupling_s * 1e9)
                    );
                }
                out.push('\n');
            }
        }
        self.spikes(&mut out);
        out.push_str("\nWhat the chip cannot hold, and what is taken:\n\n");
        for limit in &self.limits {
            let _ = writeln!(out, "- {limit}");
        }
        if self.limits.is_empty() {
            out.push_str("- nothing: all numbers are within its limits\n");
        }
        out.push_str("\nWhat else is lost:\n\n");
        for note in &self.notes {
            let _ = writeln!(out, "- {note}");
        }
        out
    }

    fn spikes(&self, out: &mut String) {
        let (inputs, span_s) = Fitted::inputs();
        let places = self.sites.len().max(1);
        let _ = writeln!(
            out,
            "{inputs} random inputs, 8 of them inhibitory, at {places} {} for {span_s} s, which the fit has not seen:\n",
            if places == 1 { "place" } else { "places" }
        );
        out.push_str("| rate of an input, Hz | detailed, spikes/s | reduced | chip |\n|---|---|---|---|\n");
        for (rate, [detailed, reduced, chip]) in &self.rates_hz {
            let _ = writeln!(out, "| {rate} | {detailed} | {reduced} | {chip} |");
        }
        out.push_str("\n| at 20 Hz | Γ (4 ms) | SPIKE distance | potentials between spikes apart, mV rms |\n|---|---|---|---|\n");
        for (what, one, other) in PAIRS {
            let (gamma, distance) = self.alike(one, other);
            let _ = writeln!(
                out,
                "| {what} | {gamma:.3} | {distance:.3} | {:.2} |",
                self.apart(one, other) * 1e3
            );
        }
    }

    /// The same numbers as JSON.
    pub fn to_json(&self) -> String {
        let pair = |(_, one, other): &(&str, usize, usize)| {
            let (gamma, distance) = self.alike(*one, *other);
            serde_json::json!({
                "gamma": gamma, "spike_distance": distance, "subthreshold_rms_mV": self.apart(*one, *other) * 1e3
            })
        };
        let rates = self.rates_hz.iter().map(|(rate, [detailed, reduced, chip])| {
            serde_json::json!({ "input_Hz": rate, "detailed_Hz": detailed, "reduced_Hz": reduced, "chip_Hz": chip })
        });
        let rates: Vec<_> = rates.collect();
        let [detailed, reduced, chip] = &self.ran;
        let made = serde_json::json!({
            "chip": self.chip.name(),
            "compartments": { "detailed": self.compartments().0, "chip": self.compartments().1 },
            "spikes": { "detailed": detailed.spikes, "reduced": reduced.spikes, "chip": chip.spikes },
            "rates": rates,
            "reduced_beside_detailed": pair(&PAIRS[0]),
            "chip_beside_reduced": pair(&PAIRS[1]),
            "chip_beside_detailed": pair(&PAIRS[2]),
            "limits": self.limits,
            "notes": self.notes,
        });
        format!("{made:#}\n")
    }
}
