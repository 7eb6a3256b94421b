//! The plain interpreter of [`Dynamics`](super::Dynamics): slow, obvious, and what everything faster
//! is checked against.
