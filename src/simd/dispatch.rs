//! The choice of vector unit, made once at start.

use crate::error::{Error, ErrorKind, Result};

/// A vector unit. All give the same bits; they differ in speed only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Plain arrays: any machine (NEON on AArch64).
    Portable,
    /// Four lanes: x86-64 with AVX2 and FMA.
    Avx2,
    /// Eight lanes: x86-64 with AVX-512 F, DQ and VL.
    Avx512,
}

/// The environment variable that overrides detection: a name of [`Level::from_name`].
pub const VARIABLE: &str = "NEUROPIL_SIMD";

impl Level {
    /// All levels, slowest first.
    pub const ALL: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    /// The fastest level of this machine, or the one that `NEUROPIL_SIMD` names.
    ///
    /// # Errors
    ///
    /// The variable is set to an unknown name or to a level that this machine lacks.
    pub fn detect() -> Result<Level> {
        match std::env::var(VARIABLE) {
            Ok(name) => Level::from_name(&name).map_err(|e| e.in_element(VARIABLE)),
            Err(_) => Ok(Level::fastest()),
        }
    }

    /// The fastest level of this machine.
    pub fn fastest() -> Level {
        Level::ALL.into_iter().rev().find(|level| level.is_available()).unwrap_or(Level::Portable)
    }

    /// The levels that this machine has, slowest first.
    pub fn available() -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(|level| level.is_available())
    }

    /// The level called `name`: `auto`, `portable`, `avx2` or `avx512`.
    ///
    /// # Errors
    ///
    /// An unknown name, or a level that this machine lacks.
    pub fn from_name(name: &str) -> Result<Level> {
        if name == "auto" {
            return Ok(Level::fastest());
        }
        let Some(level) = Level::ALL.into_iter().find(|level| level.name() == name) else {
            return Err(Error::new(ErrorKind::Name, format!("unknown vector unit `{name}`"))
                .help("one of auto, portable, avx2, avx512"));
        };
        if !level.is_available() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("this machine has no {name}; its fastest is {}", Level::fastest().name()),
            ));
        }
        Ok(level)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && Level::Avx2.is_available()
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for level in Level::available() {
            assert_eq!(Level::from_name(level.name()).unwrap(), level);
        }
        assert_eq!(Level::from_name("auto").unwrap(), Level::fastest());
        let error = Level::from_name("mmx").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Name);
        assert!(error.to_string().contains("avx512"));
    }
}
