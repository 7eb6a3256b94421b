//! Expressions as written in models: syntax trees, their text, their dimensions, their plain
//! evaluation. What a model *means* for the engine is worked out in [`crate::dynamics`].

mod ast;
pub mod dims;
pub mod eval;
mod lex;
pub mod parse;
pub mod print;

pub use ast::{BinaryOp, CompareOp, Expr, Function};
pub use parse::parse;
