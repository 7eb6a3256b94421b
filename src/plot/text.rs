//! How wide text is, so that labels can be laid out without overlap.

/// Advance widths of Helvetica for the printable ASCII characters from space to `~`, in thousandths
/// of the font size (Adobe font metrics). Fonts that stand in for it are as wide or narrower.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Width of `text` at `size`, in the units of `size`. Superscript marks (`^{…}`) count as text.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let thousandths: u32 = text
        .chars()
        .map(|c| match c {
            ' '..='~' => u32::from(ASCII[c as usize - ' ' as usize]),
            // Wide scripts take a full em.
            '\u{1100}'.. => 1000,
            _ => 600,
        })
        .sum();
    f64::from(thousandths) * size / 1000.0
}

/// `text`, with its middle left out where it is wider than `limit`.
pub(super) fn fit(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_string();
    }
    let chars: Vec<char> = text.chars().collect();
    for kept in (2..chars.len()).rev() {
        let head = kept.div_ceil(2);
        let tail = chars.len() - (kept - head);
        let short: String = chars[..head].iter().chain(&['…']).chain(&chars[tail..]).collect();
        if width(&short, size) <= limit {
            return short;
        }
    }
    "…".to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(fit("soma.v", 12.0, 100.0), "soma.v");
        let short = fit("a_very_long_population[1234].dend[56](0.5).nap.m", 12.0, 120.0);
        assert!(short.starts_with("a_very") && short.ends_with("nap.m") && short.contains('…'), "{short}");
        assert!(width(&short, 12.0) <= 120.0);
        assert_eq!(fit("soma", 12.0, 1.0), "…");
    }
}
