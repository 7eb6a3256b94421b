//! How alike two cells are: spike times, traces, attenuation.

/// The coincidence factor Γ of two spike trains (Kistler et al. 1997, Neural Comput 9:1015; Jolivet et al. 2008, J Neurosci
/// Methods 169:417): 1 for trains that coincide within ±`window_s`, 0 for as many coincidences as a Poisson train of the
/// rate of `model` would have. `span_s` is how long both were observed. Two trains without spikes agree: 1.
pub fn coincidence(data: &[f64], model: &[f64], window_s: f64, span_s: f64) -> f64 {
    if data.is_empty() && model.is_empty() {
        return 1.0;
    }
    // Each spike may coincide with one of the other train; both ascend.
    let (mut i, mut j, mut coincident) = (0, 0, 0.0);
    while i < data.len() && j < model.len() {
        let apart = model[j] - data[i];
        if apart.abs() <= window_s {
            (i, j, coincident) = (i + 1, j + 1, coincident + 1.0);
        } else if apart < 0.0 {
            j += 1;
        } else {
            i += 1;
        }
    }
    let (n_data, n_model) = (data.len() as f64, model.len() as f64);
    let chance = 2.0 * window_s * n_model / span_s;
    let norm = 1.0 - chance;
    if norm <= 0.0 {
        return 0.0;
    }
    (coincident - chance * n_data) / (0.5 * (n_data + n_model)) / norm
}

/// The SPIKE distance of two spike trains (Kreuz et al. 2013, J Neurophysiol 109:1457) between `start` and `end`: 0 for equal
/// trains. Edges are treated as in the program PySpike: before its first and after its last spike a train is as far from
/// the other as that spike is.
pub fn spike_distance(one: &[f64], other: &[f64], start: f64, end: f64) -> f64 {
    if end <= start {
        return 0.0;
    }
    let one = Train::new(one, start, end);
    let other = Train::new(other, start, end);
    let inside = |t: &&f64| **t > start && **t < end;
    let mut events: Vec<f64> = one.spikes.iter().chain(&other.spikes).filter(inside).copied().collect();
    events.extend([start, end]);
    events.sort_by(f64::total_cmp);
    events.dedup();
    let apart = [one.distances(&other), other.distances(&one)];
    let mut sum = 0.0;
    for pair in events.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let middle = 0.5 * (from + to);
        let (a, isi_a) = one.at(middle, from, to, &apart[0]);
        let (b, isi_b) = other.at(middle, from, to, &apart[1]);
        let mean = 0.5 * (isi_a + isi_b);
        // Straight between events, so the mean of the two ends is exact.
        for k in 0..2 {
            let s = (a[k] * isi_b + b[k] * isi_a) / (2.0 * mean * mean);
            sum += 0.5 * s * (to - from);
        }
    }
    sum / (end - start)
}

/// A spike train with what is taken for granted beyond its ends.
struct Train {
    spikes: Vec<f64>,
    before: f64,
    after: f64,
}

impl Train {
    fn new(spikes: &[f64], start: f64, end: f64) -> Train {
        let mut spikes: Vec<f64> = spikes.iter().copied().filter(|t| (start..=end).contains(t)).collect();
        if spikes.is_empty() {
            spikes = vec![start, end];
        }
        let (first, last) = (spikes[0], spikes[spikes.len() - 1]);
        let n = spikes.len();
        let (before, after) = if n > 1 {
            (start.min(2.0 * first - spikes[1]), end.max(2.0 * last - spikes[n - 2]))
        } else {
            (start, end)
        };
        Train { spikes, before, after }
    }

    /// For each spike the time to the nearest one of `other`.
    fn distances(&self, other: &Train) -> Vec<f64> {
        let nearest = |t: &f64| {
            let all = other.spikes.iter().chain([&other.before, &other.after]);
            all.map(|o| (t - o).abs()).fold(f64::INFINITY, f64::min)
        };
        self.spikes.iter().map(nearest).collect()
    }

    /// The distances that hold at `from` and at `to`, between which nothing happens, and the interval between spikes
    /// around `middle`.
    fn at(&self, middle: f64, from: f64, to: f64, apart: &[f64]) -> ([f64; 2], f64) {
        let n = self.spikes.len();
        let after = self.spikes.partition_point(|t| *t <= middle);
        if after == 0 {
            return ([apart[0]; 2], self.spikes[0] - self.before);
        }
        if after == n {
            return ([apart[n - 1]; 2], self.after - self.spikes[n - 1]);
        }
        let (previous, next) = (self.spikes[after - 1], self.spikes[after]);
        let isi = next - previous;
        let at = |t: f64| (apart[after - 1] * (next - t) + apart[after] * (t - previous)) / isi;
        ([at(from), at(to)], isi)
    }
}

/// Root of the mean square of the differences of two traces.
pub fn rms(one: &[f64], other: &[f64]) -> f64 {
    let n = one.len().min(other.len());
    let sum: f64 = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
    if n == 0 { 0.0 } else { (sum / n as f64).sqrt() }
}

/// The part of the variance of `one` that `other` explains: 1 for equal traces.
pub fn variance_explained(one: &[f64], other: &[f64]) -> f64 {
    let n = one.len().min(other.len()) as f64;
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / n;
    let middle = mean(&mut one.iter().copied());
    let all = mean(&mut one.iter().map(|x| (x - middle).powi(2)));
    let away = mean(&mut one.iter().zip(other).map(|(a, b)| a - b));
    let left = mean(&mut one.iter().zip(other).map(|(a, b)| (a - b - away).powi(2)));
    if all > 0.0 { 1.0 - left / all } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coincidences_by_hand() {
        let data = [0.1, 0.2, 0.3, 0.4];
        assert!((coincidence(&data, &data, 0.004, 1.0) - 1.0).abs() < 1e-12);
        // Two of four coincide; 2 · 4 Hz · 4 ms = 0.032 by chance each: (2 − 0.128) / 4 / 0.968.
        let model = [0.103, 0.21, 0.299, 0.5];
        let expected = (2.0 - 0.128) / 4.0 / 0.968;
        assert!((coincidence(&data, &model, 0.004, 1.0) - expected).abs() < 1e-12);
        assert_eq!(coincidence(&[], &[], 0.004, 1.0), 1.0);
        assert_eq!(coincidence(&data, &[], 0.004, 1.0), 0.0);
        // A spike is not counted twice.
        assert!(coincidence(&[0.1], &[0.099, 0.101], 0.004, 1.0) < 0.7);
    }

    #[test]
    fn spike_distances_are_those_of_pyspike() {
        // Worked out with PySpike 0.9.0: spike_distance(SpikeTrain(a, [0, t]), SpikeTrain(b, [0, t])).
        let cases: [(&[f64], &[f64], f64, f64); 6] = [
            (&[1.0, 2.0, 3.0], &[1.1, 2.3, 2.9], 4.0, 0.14579737249583033),
            (&[1.0], &[2.0], 4.0, 0.4666666666666667),
            (&[1.0, 2.0], &[], 4.0, 0.4222222222222222),
            (&[], &[], 4.0, 0.0),
            (&[0.2, 0.4, 0.6, 0.7], &[0.3, 0.45, 0.8, 0.9, 0.95], 1.0, 0.397286355644331),
            (&[0.0, 0.5, 1.0], &[0.25, 0.5], 1.0, 0.16666666666666666),
        ];
        for (a, b, t, expected) in cases {
            let found = spike_distance(a, b, 0.0, t);
            assert!((found - expected).abs() < 1e-12, "{a:?} {b:?}: {found} {expected}");
            assert!((spike_distance(b, a, 0.0, t) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn traces_by_hand() {
        assert_eq!(rms(&[1.0, 2.0], &[1.0, 4.0]), 2f64.sqrt());
        assert!((variance_explained(&[0.0, 1.0, 2.0], &[1.0, 2.0, 3.0]) - 1.0).abs() < 1e-12);
        assert!(variance_explained(&[0.0, 1.0, 2.0], &[1.0, 1.0, 1.0]).abs() < 1e-12);
    }
}
