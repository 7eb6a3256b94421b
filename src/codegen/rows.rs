//! Long tables of numbers as text, without a string for each number.

use crate::units::push_shifted;

/// About how many characters a number takes.
const WIDTH: usize = 10;

/// A number of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell {
    /// An index or a count.
    Index(usize),
    /// A number, with the fewest digits that give it back.
    Number(f64),
}

/// Rows with commas between their numbers, below `header` if it is not empty.
pub(crate) fn table<const N: usize>(
    header: &str,
    rows: impl IntoIterator<Item = [Cell; N], IntoIter: Clone>,
) -> String {
    let rows = rows.into_iter();
    let mut out = String::with_capacity(header.len() + 1 + rows.clone().count() * N * WIDTH);
    if !header.is_empty() {
        out.push_str(header);
        out.push('\n');
    }
    for row in rows {
        for (at, cell) in row.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            push(&mut out, cell);
        }
        out.push('\n');
    }
    out
}

/// The spikes of cells, a row each: cell, time as it is.
pub(crate) fn spikes(header: &str, times: &[Vec<f64>]) -> String {
    let n = times.iter().map(Vec::len).sum::<usize>();
    let mut out = String::with_capacity(header.len() + 1 + n * 2 * WIDTH);
    if !header.is_empty() {
        out.push_str(header);
        out.push('\n');
    }
    for (cell, times) in times.iter().enumerate() {
        for time in times {
            push(&mut out, Cell::Index(cell));
            out.push(',');
            push(&mut out, Cell::Number(*time));
            out.push('\n');
        }
    }
    out
}

/// Appends a number.
pub(crate) fn push(out: &mut String, cell: Cell) {
    match cell {
        Cell::Number(x) => push_shifted(out, x, 0),
        Cell::Index(mut n) => {
            let mut digits = [0_u8; 20];
            let mut from = digits.len();
            loop {
                from -= 1;
                digits[from] = b'0' + (n % 10) as u8;
                n /= 10;
                if n == 0 {
                    break;
                }
            }
            out.push_str(std::str::from_utf8(&digits[from..]).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_as_they_were_written_one_by_one() {
        let rows = [[Cell::Index(0), Cell::Number(0.1)], [Cell::Index(usize::MAX), Cell::Number(-1e-9)]];
        assert_eq!(table("i,x", rows), format!("i,x\n0,0.1\n{},-1e-9\n", usize::MAX));
        assert_eq!(spikes("", &[vec![], vec![1.5, 20.0]]), "1,1.5\n1,20\n");
    }
}
