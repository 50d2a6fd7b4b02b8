//! The commands: arguments and behaviour of each in one file.

pub(crate) mod completions;
pub(crate) mod configure;
pub(crate) mod delete;
pub(crate) mod deploy;
pub(crate) mod describe;
pub(crate) mod invoke;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod publish;
pub(crate) mod quickstart;
pub(crate) mod rollback;
pub(crate) mod serve;
pub(crate) mod versions;

use crate::args::{Cli, Command};
use crate::error::{CliError, Exit};

/// Runs the command.
///
/// # Errors
/// What stopped it, with the exit code.
pub(crate) fn run(cli: Cli) -> Result<Exit, CliError> {
    let global = &cli.global;
    match cli.command {
        Command::Serve(args) => serve::run(args, global),
        Command::Deploy(args) => deploy::run(&args, global),
        Command::Configure(args) => configure::run(&args, global),
        Command::Invoke(args) => invoke::run(&args, global),
        Command::List(_) => list::run(global),
        Command::Describe(args) => describe::run(&args, global),
        Command::Versions(args) => versions::run(&args, global),
        Command::Publish(args) => publish::run(&args, global),
        Command::Rollback(args) => rollback::run(&args, global),
        Command::Logs(args) => logs::run(&args, global),
        Command::Delete(args) => delete::run(&args, global),
        Command::Quickstart(args) => quickstart::run(&args, global),
        Command::Completions(args) => completions::run(&args, global),
        Command::CompileWorker { .. } => Ok(Exit::Ok),
    }
}
