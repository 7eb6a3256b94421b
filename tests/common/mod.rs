//! What several tests share.

pub mod cable;
pub mod plain;
pub mod table;
