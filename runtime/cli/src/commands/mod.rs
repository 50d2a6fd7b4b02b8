//! The commands: arguments and behaviour of each in one file.

pub(crate) mod access_key;
pub(crate) mod apply;
pub(crate) mod bucket;
pub(crate) mod completions;
pub(crate) mod configure;
pub(crate) mod delete;
pub(crate) mod deploy;
pub(crate) mod describe;
pub(crate) mod invoke;
pub(crate) mod keyspace;
pub(crate) mod kv;
pub(crate) mod list;
pub(crate) mod logs;
mod named;
pub(crate) mod namespace;
pub(crate) mod object;
pub(crate) mod publish;
pub(crate) mod queue;
pub(crate) mod quickstart;
pub(crate) mod rollback;
pub(crate) mod schedule;
pub(crate) mod serve;
pub(crate) mod trigger;
pub(crate) mod usage;
pub(crate) mod version;
pub(crate) mod versions;

use crate::args::{Cli, Command};
use crate::error::{CliError, Exit};

/// Runs the command.
///
/// # Errors
/// Returns the reason why it stopped, with the exit code.
pub(crate) fn run(cli: Cli) -> Result<Exit, CliError> {
    let global = &cli.global;
    let done = match cli.command {
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
        Command::Apply(args) => apply::run(&args, global),
        Command::Bucket(args) => bucket::run(&args, global),
        Command::Object(args) => object::run(&args, global),
        Command::Keyspace(args) => keyspace::run(&args, global),
        Command::Kv(args) => kv::run(&args, global),
        Command::Queue(args) => queue::run(&args, global),
        Command::Trigger(args) => trigger::run(&args, global),
        Command::Schedule(args) => schedule::run(&args, global),
        Command::Usage(args) => usage::run(&args, global),
        Command::Namespace(args) => namespace::run(&args, global),
        Command::AccessKey(args) => access_key::run(&args, global),
        Command::Quickstart(args) => quickstart::run(&args, global),
        Command::Completions(args) => completions::run(&args, global),
        Command::Version(_) => version::run(global),
        Command::CompileWorker { .. } => Ok(Exit::Ok),
    };
    done.map_err(|error| error.about_keys(global.key_notes()))
}
