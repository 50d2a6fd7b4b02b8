//! What the HTTP test guests share: where a request goes, and how a response is
//! written piece by piece.

mod response;
mod target;

pub use response::{Response, respond};
pub use target::Target;
