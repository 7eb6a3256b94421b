//! Point neurons that stand for a cell: their parameters, and their cells.

use std::sync::Arc;

use crate::error::Result;
use crate::lems::Element;
use crate::library;
use crate::model::{PointCell, Source};

/// A kind of point neuron.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Leaky integrate and fire.
    Lif,
    /// Adaptive exponential integrate and fire (Brette & Gerstner 2005).
    AdEx,
    /// Izhikevich (2007).
    Izhikevich,
}

/// A point neuron with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PointNeuron {
    /// C dv/dt = g (E − v) + I; a spike where v passes the threshold.
    Lif(Lif),
    /// C dv/dt = g (E − v) + g Δ exp((v − V_T)/Δ) − w + I; τ_w dw/dt = a (v − E) − w; w rises by b with each spike.
    AdEx(AdEx),
    /// C dv/dt = k (v − v_r)(v − v_t) − u + I; du/dt = a (b (v − v_r) − u); u rises by d with each spike.
    Izhikevich(Izhikevich),
}

/// Leaky integrate and fire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lif {
    /// Capacitance, F.
    pub capacitance_f: f64,
    /// Leak conductance, S.
    pub leak_s: f64,
    /// Reversal potential of the leak, V.
    pub rest_v: f64,
    /// Threshold, V.
    pub threshold_v: f64,
    /// Potential after a spike, V.
    pub reset_v: f64,
    /// How long it stays there, s.
    pub refractory_s: f64,
}

/// Adaptive exponential integrate and fire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdEx {
    /// Leak, reset and refractory time; the threshold is V_T.
    pub lif: Lif,
    /// Slope factor Δ, V.
    pub slope_v: f64,
    /// Potential at which a spike is over, V.
    pub peak_v: f64,
    /// Adaptation by potential a, S.
    pub a_s: f64,
    /// Adaptation by spikes b, A.
    pub b_a: f64,
    /// Time constant of adaptation, s.
    pub tau_w_s: f64,
}

/// Izhikevich (2007), equations 8.5 and 8.6.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Izhikevich {
    /// Capacitance, F.
    pub capacitance_f: f64,
    /// k, S/V.
    pub k: f64,
    /// Potential at rest, V.
    pub rest_v: f64,
    /// Potential of instability, V.
    pub threshold_v: f64,
    /// Potential at which a spike is over, V.
    pub peak_v: f64,
    /// Rate of recovery, 1/s.
    pub a_hz: f64,
    /// Recovery by potential, S.
    pub b_s: f64,
    /// Potential after a spike, V.
    pub reset_v: f64,
    /// Recovery by spikes, A.
    pub d_a: f64,
}

impl PointNeuron {
    /// The component of NeuroML that it is.
    pub fn element(&self, id: &str) -> Element {
        let with = |element: Element, parameters: &[(&str, f64, &str)]| {
            parameters.iter().fold(element, |e, (name, value, unit)| e.with(*name, format!("{value} {unit}")))
        };
        match self {
            PointNeuron::Lif(p) => with(
                Element::new("iafRefCell").with("id", id),
                &[
                    ("C", p.capacitance_f, "F"),
                    ("leakConductance", p.leak_s, "S"),
                    ("leakReversal", p.rest_v, "V"),
                    ("thresh", p.threshold_v, "V"),
                    ("reset", p.reset_v, "V"),
                    ("refract", p.refractory_s, "s"),
                ],
            ),
            PointNeuron::AdEx(p) => with(
                Element::new("adExIaFCell").with("id", id),
                &[
                    ("C", p.lif.capacitance_f, "F"),
                    ("gL", p.lif.leak_s, "S"),
                    ("EL", p.lif.rest_v, "V"),
                    ("VT", p.lif.threshold_v, "V"),
                    ("delT", p.slope_v, "V"),
                    ("thresh", p.peak_v, "V"),
                    ("reset", p.lif.reset_v, "V"),
                    ("refract", p.lif.refractory_s, "s"),
                    ("tauw", p.tau_w_s, "s"),
                    ("a", p.a_s, "S"),
                    ("b", p.b_a, "A"),
                ],
            ),
            PointNeuron::Izhikevich(p) => with(
                Element::new("izhikevich2007Cell").with("id", id),
                &[
                    ("v0", p.rest_v, "V"),
                    ("C", p.capacitance_f, "F"),
                    ("k", p.k * 1e6, "nS_per_mV"),
                    ("vr", p.rest_v, "V"),
                    ("vt", p.threshold_v, "V"),
                    ("vpeak", p.peak_v, "V"),
                    ("a", p.a_hz * 1e-3, "per_ms"),
                    ("b", p.b_s, "S"),
                    ("c", p.reset_v, "V"),
                    ("d", p.d_a, "A"),
                ],
            ),
        }
    }

    /// The cell.
    ///
    /// # Errors
    /// If a parameter is no number.
    pub fn to_cell(&self, id: &str) -> Result<PointCell> {
        let set = library::set()?;
        let component = set.build(&self.element(id))?;
        let mut dynamics = set.flatten(&component)?;
        dynamics.name = id.to_string();
        Ok(PointCell {
            dynamics: Arc::new(dynamics),
            source: Some(Arc::new(Source::of(set, &component))),
            synapses: Vec::new(),
        })
    }

    /// The parameters as JSON, by NeuroML's names.
    pub fn to_json(&self, id: &str) -> String {
        let element = self.element(id);
        let parameters: serde_json::Map<String, serde_json::Value> = element
            .attributes
            .iter()
            .map(|a| (a.name.clone(), serde_json::Value::String(a.value.clone())))
            .collect();
        format!("{:#}\n", serde_json::json!({ "component": element.name, "parameters": parameters }))
    }

    /// What it does with the current `input` (A, one for each step of `dt_s`) from rest: the potential after each step, and
    /// the spikes, s. Each step is cut in `parts`.
    pub fn respond(&self, input: &[f64], dt_s: f64, parts: u32) -> (Vec<f64>, Vec<f64>) {
        let h = dt_s / f64::from(parts.max(1));
        let mut trace = Vec::with_capacity(input.len());
        let mut spikes = Vec::new();
        let (mut v, mut w, mut held) = (self.rest_v(), 0.0_f64, 0.0_f64);
        for (step, current) in input.iter().enumerate() {
            for part in 0..parts {
                let t = step as f64 * dt_s + f64::from(part + 1) * h;
                let fired = match self {
                    PointNeuron::Lif(p) => {
                        if held > 0.0 {
                            held -= h;
                            v = p.reset_v;
                        } else {
                            // Exactly, for a current that does not change within the step.
                            let target = p.rest_v + current / p.leak_s;
                            v = target + (v - target) * (-h * p.leak_s / p.capacitance_f).exp();
                        }
                        v >= p.threshold_v
                    }
                    PointNeuron::AdEx(p) => {
                        let l = &p.lif;
                        if held > 0.0 {
                            held -= h;
                        } else {
                            let steep = ((v - l.threshold_v) / p.slope_v).min(20.0).exp();
                            let flow = l.leak_s * (l.rest_v - v) + l.leak_s * p.slope_v * steep - w + current;
                            v += (h * flow / l.capacitance_f).min(0.05);
                        }
                        w += h * (p.a_s * (v - l.rest_v) - w) / p.tau_w_s;
                        v >= p.peak_v
                    }
                    PointNeuron::Izhikevich(p) => {
                        let flow = p.k * (v - p.rest_v) * (v - p.threshold_v) - w + current;
                        v += (h * flow / p.capacitance_f).clamp(-0.05, 0.05);
                        w += h * p.a_hz * (p.b_s * (v - p.rest_v) - w);
                        v >= p.peak_v
                    }
                };
                if fired {
                    spikes.push(t);
                    match self {
                        PointNeuron::Lif(p) => (v, held) = (p.reset_v, p.refractory_s),
                        PointNeuron::AdEx(p) => {
                            (v, held) = (p.lif.reset_v, p.lif.refractory_s);
                            w += p.b_a;
                        }
                        PointNeuron::Izhikevich(p) => {
                            v = p.reset_v;
                            w += p.d_a;
                        }
                    }
                }
            }
            trace.push(v);
        }
        (trace, spikes)
    }

    fn rest_v(&self) -> f64 {
        match self {
            PointNeuron::Lif(p) => p.rest_v,
            PointNeuron::AdEx(p) => p.lif.rest_v,
            PointNeuron::Izhikevich(p) => p.rest_v,
        }
    }
}
