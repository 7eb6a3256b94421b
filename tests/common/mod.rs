//! What several tests share.

pub mod cable;
pub mod plain;
pub mod sim;
pub mod table;
