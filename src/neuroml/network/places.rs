//! Which cell a path means, and where on it.

use super::Reader;
use crate::error::{ErrorKind, Result, nearest};
use crate::lems::Component;
use crate::neuroml::site::{End, located, written};
use crate::select::Location;

/// A cell, and where on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct At {
    /// Index of the population.
    pub(super) population: usize,
    /// Index of the cell.
    pub(super) cell: usize,
    /// Where on it; `None` on point cells.
    pub(super) location: Option<Location>,
}

/// A path of a cell as written: `../pop/3/cell`, `../pop[3]`, `pop[3]`, `3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CellPath<'t> {
    population: Option<&'t str>,
    index: u64,
    /// The component that follows the index.
    component: Option<&'t str>,
}

fn cell_path(text: &str) -> Option<CellPath<'_>> {
    let mut rest = text.trim();
    while let Some(up) = rest.strip_prefix("../").or_else(|| rest.strip_prefix("./")) {
        rest = up;
    }
    if rest.bytes().all(|b| b.is_ascii_digit()) {
        return Some(CellPath { population: None, index: rest.parse().ok()?, component: None });
    }
    let (population, index, tail) = if let Some((population, tail)) = rest.split_once('[') {
        let (index, tail) = tail.split_once(']')?;
        (population, index, tail.strip_prefix('/').unwrap_or(tail))
    } else {
        let (population, tail) = rest.split_once('/')?;
        let (index, tail) = tail.split_once('/').unwrap_or((tail, ""));
        (population, index, tail)
    };
    let component = (!tail.is_empty()).then_some(tail);
    Some(CellPath { population: Some(population), index: index.trim().parse().ok()?, component })
}

impl Reader<'_, '_> {
    /// The index of the population `id`, which `user` names.
    pub(super) fn population_of(&self, id: &str, user: &Component) -> Result<usize> {
        if let Some(at) = self.by_id.get(id) {
            return Ok(*at);
        }
        // Some write a path.
        let bare = id.trim_start_matches("../").trim_start_matches("./");
        if let Some(at) = self.by_id.get(bare) {
            return Ok(*at);
        }
        let error = user.error(ErrorKind::Name, format!("there is no population '{id}'"));
        Err(match nearest(id, self.by_id.keys().copied()) {
            Some(near) => error.help(format!("did you mean '{near}'?")),
            None if self.by_id.is_empty() => error.help("the network has no populations"),
            None => {
                let known: Vec<&str> = self.by_id.keys().copied().take(10).collect();
                error.help(format!("there are {}", known.join(", ")))
            }
        })
    }

    /// The place that the attributes `end` of `of` name; `population` is the one that it is about,
    /// if something around it says so.
    pub(super) fn place(&mut self, of: &Component, end: End, population: Option<usize>) -> Result<At> {
        let (population, cell) = self.cell_of(of, end.cell, population)?;
        let location = self.location(of, end, population)?;
        Ok(At { population, cell, location })
    }

    fn cell_of(&mut self, of: &Component, key: &str, around: Option<usize>) -> Result<(usize, usize)> {
        let number = of.parameter(key).map(|index| index.to_string());
        let Some(text) = number.as_deref().or_else(|| of.text(key)) else {
            return Err(of.error(ErrorKind::Syntax, format!("attribute '{key}' is missing")));
        };
        let Some(path) = cell_path(text) else {
            let message = format!("{key}=\"{text}\" is not the path of a cell");
            return Err(of
                .error(ErrorKind::Syntax, message)
                .help("such as \"../pop/3/cell\" or \"../pop[3]\""));
        };
        let population = match (path.population, around) {
            (Some(id), Some(around)) if self.out.populations[around].path == id => around,
            (Some(id), around) => {
                let found =
                    self.population_of(id, of).map_err(|e| e.about(format_args!("{key}=\"{text}\"")))?;
                if let Some(around) = around {
                    let expected = &self.out.populations[around].path;
                    let message =
                        format!("{key}=\"{text}\" is not a cell of '{expected}', which is named around it");
                    self.warn("other-population", message, of);
                }
                found
            }
            (None, Some(around)) => around,
            (None, None) => {
                let message = format!("{key}=\"{text}\" does not say which population");
                return Err(of.error(ErrorKind::Name, message).help("such as \"../pop[3]\""));
            }
        };
        let named = &self.out.populations[population];
        if path.component.is_some_and(|component| component != named.component) {
            let message = format!(
                "{key}=\"{text}\": the cells of '{}' are of the component '{}'",
                named.path, named.component
            );
            self.warn("other-component", message, of);
        }
        let named = &self.out.populations[population];
        match named.cell(path.index, self.out.model.populations[population].size) {
            Some(cell) => Ok((population, cell)),
            None => {
                let size = self.out.model.populations[population].size;
                let message = format!(
                    "{key}=\"{text}\": there is no cell {} in '{}', which has {size}",
                    path.index, named.path
                );
                let error = of.error(ErrorKind::Value, message);
                Err(match (named.ids.is_empty(), size) {
                    (_, 0) => error,
                    (true, _) => error.help(format!("they are numbered 0 to {}", size - 1)),
                    (false, _) => error.help("they have the ids of its instances"),
                })
            }
        }
    }

    /// Where on a cell of `population` the attributes `end` of `of` are; `None` on point cells.
    fn location(&mut self, of: &Component, end: End, population: usize) -> Result<Option<Location>> {
        let (segment, fraction) = written(of, end)?;
        let Some(shaped) = self.out.populations[population].shaped.clone() else {
            if let Some(segment) = segment.filter(|segment| *segment != 0) {
                let name = &self.out.populations[population].path;
                let message = format!(
                    "{}=\"{segment}\" has no effect: the cells of '{name}' have no segments",
                    end.segment
                );
                self.warn("segment-of-point-cell", message, of);
            }
            return Ok(None);
        };
        located(&shaped, of, end, (segment, fraction)).map_err(|error| {
            let name = &self.out.populations[population].path;
            error.about(format_args!("in '{name}'"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_cells() {
        let path = |population, index, component| Some(CellPath { population, index, component });
        assert_eq!(cell_path("../pop/3/cell"), path(Some("pop"), 3, Some("cell")));
        assert_eq!(cell_path("../../pop/3"), path(Some("pop"), 3, None));
        assert_eq!(cell_path("../pop[3]"), path(Some("pop"), 3, None));
        assert_eq!(cell_path("pop[3]"), path(Some("pop"), 3, None));
        assert_eq!(cell_path("pop[3]/cell"), path(Some("pop"), 3, Some("cell")));
        assert_eq!(cell_path(" 3 "), path(None, 3, None));
        for wrong in
            ["", "pop", "pop[", "pop[x]", "pop/x/c", "pop[-1]", "../", "pop[1.5]", "99999999999999999999"]
        {
            assert_eq!(cell_path(wrong), None, "{wrong}");
        }
    }
}
