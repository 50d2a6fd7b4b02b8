//! Asking for what was not given, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use super::template::Template;
use crate::error::CliError;

/// Whether somebody can be asked.
pub(super) fn can() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks which template, by its number or name.
///
/// # Errors
/// Usage: the answer is none. Failed: the terminal is gone.
pub(super) fn template(mut all: Vec<Template>) -> Result<Template, CliError> {
    let mut stderr = io::stderr();
    for (index, template) in all.iter().enumerate() {
        let summary = &template.about.summary;
        writeln!(stderr, "{:3}  {:16} {summary}", index + 1, template.name)?;
    }
    let answer = line("Which? ")?;
    let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let named = all.iter().position(|template| template.name == answer);
    match number.or(named).filter(|index| *index < all.len()) {
        Some(index) => Ok(all.swap_remove(index)),
        None => Err(CliError::usage(format!("{answer:?} is none of them"))),
    }
}

/// Asks for the name of the project.
///
/// # Errors
/// Failed: the terminal is gone.
pub(super) fn name(default: &str) -> Result<String, CliError> {
    let answer = line(&format!("Its name? [{default}] "))?;
    Ok(if answer.is_empty() { default.to_owned() } else { answer })
}

fn line(question: &str) -> Result<String, CliError> {
    let mut stderr = io::stderr();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
