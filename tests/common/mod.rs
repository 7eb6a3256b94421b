//! What several tests share.

pub mod cable;
