//! What several tests share.

pub mod cable;
pub mod lems;
pub mod plain;
pub mod sim;
pub mod table;
