//! Queries: known parameters only, each at most once.
//!
//! The names of a query's parameters are those of the members of its struct, for
//! whoever reads it, whoever writes it, and the OpenAPI document.

mod reader;
mod values;

pub use reader::{InvalidQuery, NoQuery, Parameters, read};
pub(crate) use values::{
    attribute, cursor, delay, limit, parsed, qualifier, request, switch, time, ttl, version,
    visibility, wait, whole_number, write_attribute, write_duration, write_text,
};

/// Writes a query, with `?` before it; nothing if no parameter is given.
///
/// # Errors
/// None for the queries of this crate, whose members are all text or numbers.
#[cfg(feature = "client")]
pub fn write(query: &impl serde::Serialize) -> Result<String, serde_urlencoded::ser::Error> {
    let text = serde_urlencoded::to_string(query)?;
    Ok(if text.is_empty() { text } else { format!("?{text}") })
}
