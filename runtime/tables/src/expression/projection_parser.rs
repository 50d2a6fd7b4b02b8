//! Reads projections: paths, separated by commas.

use super::parser::Parser;
use super::syntax::PathSyntax;
use crate::error::Invalid;

/// Reads a projection.
pub(crate) fn parse(text: &str) -> Result<Vec<PathSyntax<'_>>, Invalid> {
    let mut parser = Parser::new(text, &[])?;
    let paths = parser.list(Parser::path)?;
    parser.finish()?;
    Ok(paths)
}
