//! Asking before what cannot be undone.

use std::io::{self, IsTerminal, Write};

use crate::error::CliError;

/// Asks whether to do `what` ("delete x? This cannot be undone.").
///
/// # Errors
/// Usage: nobody can be asked; `needs` says what needed it. Failed: the answer was no.
pub(crate) fn ask(question: &str, needs: &str, refused: &str) -> Result<(), CliError> {
    let mut stderr = io::stderr();
    if !io::stdin().is_terminal() || !stderr.is_terminal() {
        return Err(CliError::usage(format!("{needs} needs a confirmation"))
            .hint("nobody can be asked here; pass --yes"));
    }
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(CliError::failed(refused))
}

/// Asks before deleting `what`.
///
/// # Errors
/// Fails as [`ask`] does.
pub(crate) fn deletion(what: &str) -> Result<(), CliError> {
    ask(
        &format!("delete {what}? This cannot be undone."),
        &format!("deleting {what}"),
        "nothing was deleted",
    )
}
