//! Statements of PartiQL, as DynamoDB has them: what is read of a table or changed in it, as one text.
//!
//! What a statement says becomes the same conditions, updates, projections and key conditions as expressions do, so that
//! both mean the same. Reading one takes time in proportion to its text, which is bounded as are the comparisons, paths
//! and levels in it.

mod condition;
mod error;
mod keys;
mod parser;
mod select;
mod statement;
mod token;
mod update;

pub use keys::{Found, OneItem};
pub use select::Select;
pub use statement::{Delete, Insert, Returning, Statement, Update};
