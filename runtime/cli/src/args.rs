//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::client::Client;
use crate::commands;
use crate::endpoint::{self, Endpoint};
use crate::error::CliError;
use crate::key;
use crate::output::Output;

const AFTER_HELP: &str = "\
First steps:
  lambent serve --dev                          start a server that asks for no key
  lambent deploy hello hello.wasm --public     in another terminal
  curl http://hello.localhost:4566/

The key is the one given with --key or LAMBENT_KEY, else that in root-key.json in
the data directory, else AWS_SECRET_ACCESS_KEY. The data directory is LAMBENT_DATA,
else /var/lib/lambent for root and lambent in the XDG data home for others.

Exit codes:
  0  done
  1  the operation failed
  2  the command line is wrong; nothing was tried
  3  no answer from the server
  4  the invoked function failed (invoke only)";

/// Self-hosted AWS Lambda for WebAssembly: serve functions, deploy and call them.
#[derive(Debug, Parser)]
#[command(name = "lambent", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// Print JSON: results on standard output, errors on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Talk to the server at URL [default: the one whose data directory is
    /// LAMBENT_DATA, else http://127.0.0.1:4566]
    #[arg(long, global = true, value_name = "URL", env = "LAMBENT_ENDPOINT")]
    endpoint: Option<Endpoint>,

    /// Show the server this key [default: look for one, see lambent --help]
    #[arg(long, global = true, value_name = "KEY", env = "LAMBENT_KEY", hide_env_values = true)]
    key: Option<String>,

    /// Trust the certificate authorities in FILE (PEM) instead of the public ones
    #[arg(long, global = true, value_name = "FILE", env = "LAMBENT_CA")]
    ca: Option<PathBuf>,
}

impl Global {
    /// A client for the server that is meant.
    ///
    /// # Errors
    /// Usage: a file of certificates cannot be read.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let given = self.endpoint.clone().or_else(key::endpoint);
        let endpoint = match given {
            Some(endpoint) => endpoint,
            None => endpoint::DEFAULT.parse().map_err(|_| CliError::usage("no endpoint"))?,
        };
        Client::new(endpoint, self.key.as_deref(), self.ca.as_deref())
    }

    /// Where results go.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.json)
    }
}

/// The commands, each in its own file.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(commands::serve::ServeArgs),
    Deploy(commands::deploy::DeployArgs),
    Configure(commands::configure::ConfigureArgs),
    Invoke(commands::invoke::InvokeArgs),
    List(commands::list::ListArgs),
    Describe(commands::describe::DescribeArgs),
    Versions(commands::versions::VersionsArgs),
    Publish(commands::publish::PublishArgs),
    Rollback(commands::rollback::RollbackArgs),
    Logs(commands::logs::LogsArgs),
    Delete(commands::delete::DeleteArgs),
    Quickstart(commands::quickstart::QuickstartArgs),
    Completions(commands::completions::CompletionsArgs),
    /// Compile one component for the server that started this process
    #[command(hide = true)]
    CompileWorker {
        /// Die after so many seconds of CPU time
        #[arg(long)]
        cpu_seconds: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_takes_the_global_flags() {
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} has no help");
            let positional = command.get_positionals().filter(|arg| arg.is_required_set());
            let values = positional.map(|arg| match arg.get_id().as_str() {
                "version" => "1",
                "shell" => "bash",
                _ => "x",
            });
            let line: Vec<_> = ["lambent", name].into_iter().chain(values).collect();
            let line = line.into_iter().chain(["--json", "--endpoint", "localhost:1"]);
            let cli = Cli::try_parse_from(line).unwrap();
            assert!(cli.global.json);
            let client = cli.global.client().unwrap();
            assert_eq!(client.endpoint().to_string(), "http://localhost:1");
        }
    }

    #[test]
    fn examples_in_the_help_parse() {
        for mut command in Cli::command().get_subcommands().cloned() {
            let help = command.render_long_help().to_string();
            let examples = help.lines().map(str::trim).filter(|line| line.starts_with("lambent "));
            for example in examples {
                let example = example.split(" | ").next().unwrap_or_default();
                let example = example.split("  ").next().unwrap_or_default();
                let words = example.replace('\'', "");
                let words = words.split_whitespace().take_while(|word| *word != ">");
                if let Err(error) = Cli::try_parse_from(words) {
                    assert!(!error.use_stderr(), "{example}: {error}");
                }
            }
        }
    }
}
