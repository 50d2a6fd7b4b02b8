//! The server's own log, on standard error.

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::error::CliError;
use crate::output::colour;

/// How log lines are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Sends log events to standard error: those that `LAMBENT_LOG` lets through,
/// else those that `filter` does.
///
/// # Errors
/// Usage: `LAMBENT_LOG` is no filter.
pub(crate) fn start(format: LogFormat, filter: &str) -> Result<(), CliError> {
    const VARIABLE: &str = "LAMBENT_LOG";
    let given = std::env::var(VARIABLE).ok().filter(|given| !given.trim().is_empty());
    let filter = given.as_deref().unwrap_or(filter);
    // s3s calls every request that it refuses an error of the server's, and tells what was in it.
    let filter = EnvFilter::builder().parse(format!("s3s=off,{filter}")).map_err(|error| {
        CliError::usage(format!("{VARIABLE} is not a filter: {error}"))
            .hint("for instance: LAMBENT_LOG=info, LAMBENT_LOG=warn,lambent_server=debug")
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => {
            // A supervisor adds its own time to every line it collects.
            let timed = io::stderr().is_terminal();
            let builder = builder.with_ansi(colour(&io::stderr()));
            if timed { builder.try_init() } else { builder.without_time().try_init() }
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| CliError::failed(format!("cannot start the log: {error}")))
}
