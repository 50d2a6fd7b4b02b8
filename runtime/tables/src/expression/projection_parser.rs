//! Reads projections: paths, separated by commas.

use super::parser::{Grammar, Parser};
use super::syntax::PathSyntax;
use crate::error::Invalid;

/// Reads a projection.
pub(crate) fn parse(text: &str) -> Result<Vec<PathSyntax<'_>>, Invalid> {
    let grammar = Grammar { keywords: &[], strict_brackets: false };
    let mut parser = Parser::new(text, grammar)?;
    let paths = parser.list(Parser::path)?;
    parser.finish()?;
    Ok(paths)
}
