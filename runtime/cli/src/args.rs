//! The command line.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use lambent_api::client::{Client, Endpoint};
use lambent_types::Namespace;

use crate::commands;
use crate::error::CliError;
use crate::key;
use crate::output::{self, Output};

const AFTER_HELP: &str = "\
First steps:
  lambent serve --dev                          start a server that asks for no key
  lambent deploy hello hello.wasm --public     in another terminal
  curl http://hello.localhost:4566/

The key is the one given with --key or LAMBENT_KEY, else that in root-key.json in
the data directory, which is sent to the endpoint that stands beside it and to no
other. The data directory is LAMBENT_DATA, else /var/lib/lambent for root and
lambent in the XDG data home for others. AWS credentials are never sent.

Exit codes:
  0  done
  1  the operation failed
  2  the command line is wrong; nothing was tried
  3  no answer from the server
  4  the invoked function failed (invoke only)

With --json an error is one JSON object on standard error: code (the server's, or
failed, usage, unreachable), detail, exit_code and mostly hint.";

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
    // The commands' own arguments are apart from these by their ids: objects have keys, too.
    #[arg(
        id = "global-key",
        long = "key",
        global = true,
        value_name = "KEY",
        env = "LAMBENT_KEY",
        hide_env_values = true
    )]
    key: Option<String>,

    /// Work in this namespace [default: that of the key; `default` with the root key]
    #[arg(long, global = true, value_name = "NAME", env = "LAMBENT_NAMESPACE")]
    namespace: Option<Namespace>,

    /// Trust the certificate authorities in FILE (PEM) instead of the public ones
    #[arg(long, global = true, value_name = "FILE", env = "LAMBENT_CA")]
    ca: Option<PathBuf>,

    /// Where a key was looked for, once it was.
    #[arg(skip)]
    key_notes: OnceCell<Vec<String>>,
}

impl Global {
    /// A client for the server that is meant.
    ///
    /// # Errors
    /// Usage: a file of certificates or of a key cannot be read.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let found = key::find(self.key.as_deref(), self.endpoint.clone())?;
        let endpoint = &found.endpoint;
        if found.key.is_some() && !endpoint.is_secure() && !endpoint.is_loopback() {
            let text = format!("the key goes unencrypted to {endpoint}; use https");
            output::warn(self.json, &text);
        }
        let client = Client::new(found.endpoint).in_namespace(self.namespace.clone());
        let client = match &self.ca {
            Some(ca) => trusting(client, ca)?,
            None => client,
        };
        let _ = self.key_notes.set(found.notes);
        Ok(match found.key {
            Some(key) => client.with_key(key),
            None => client,
        })
    }

    /// Where a key was looked for; nothing if none was.
    pub(crate) fn key_notes(&self) -> &[String] {
        self.key_notes.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Where results go.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.json)
    }
}

/// A client that trusts the certificates in a file.
fn trusting(client: Client, ca: &Path) -> Result<Client, CliError> {
    let shown = ca.display();
    let pem = fs::read(ca)
        .map_err(|error| CliError::usage(format!("cannot read --ca {shown}: {error}")))?;
    let trusting = client.with_authorities(&pem);
    trusting.map_err(|error| CliError::usage(format!("--ca {shown} {error}")))
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
    Apply(commands::apply::ApplyArgs),
    Bucket(commands::bucket::BucketArgs),
    Object(commands::object::ObjectArgs),
    Keyspace(commands::keyspace::KeyspaceArgs),
    Kv(commands::kv::KvArgs),
    Queue(commands::queue::QueueArgs),
    Trigger(commands::trigger::TriggerArgs),
    Schedule(commands::schedule::ScheduleArgs),
    Usage(commands::usage::UsageArgs),
    Namespace(commands::namespace::NamespaceArgs),
    AccessKey(commands::access_key::AccessKeyArgs),
    Quickstart(commands::quickstart::QuickstartArgs),
    Completions(commands::completions::CompletionsArgs),
    Version(commands::version::VersionArgs),
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
    use clap::{Command, CommandFactory, Parser};

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// The words that lead to each command, with the command.
    fn commands(command: &Command, words: &[String]) -> Vec<(Vec<String>, Command)> {
        let below = command.get_subcommands().filter(|command| !command.is_hide_set());
        let below = below.flat_map(|command| {
            let words = [words, &[command.get_name().to_owned()]].concat();
            commands(command, &words)
        });
        let below: Vec<_> = below.collect();
        if below.is_empty() { vec![(words.to_vec(), command.clone())] } else { below }
    }

    /// Values for everything that a command requires.
    fn required(command: &Command) -> Vec<String> {
        let value = |id: &str| match id {
            "version" => "1",
            "shell" => "bash",
            "rate" => "5m",
            _ => "xyz",
        };
        let arguments = command.get_arguments().filter(|argument| argument.is_required_set());
        let mut line: Vec<String> = arguments
            .map(|argument| match argument.get_long() {
                Some(long) => format!("--{long}={}", value(argument.get_id().as_str())),
                None => value(argument.get_id().as_str()).to_owned(),
            })
            .collect();
        for group in command.get_groups().filter(|group| group.is_required_set()) {
            let last = group.get_args().last().unwrap();
            line.push(format!("--{last}={}", value(last.as_str())));
        }
        line
    }

    #[test]
    fn every_command_takes_the_global_flags() {
        for (words, command) in commands(&Cli::command(), &["lambent".to_owned()]) {
            let name = words.join(" ");
            assert!(command.get_about().is_some(), "{name} has no help");
            let line = words.into_iter().chain(required(&command));
            let flags = ["--json", "--endpoint", "localhost:1"].map(str::to_owned);
            let cli = Cli::try_parse_from(line.chain(flags))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(cli.global.json);
            assert_eq!(cli.global.key, None, "{name} takes another argument for the key");
            let client = cli.global.client().unwrap();
            assert_eq!(client.endpoint().to_string(), "http://localhost:1");
        }
    }

    /// Splits a line as a shell does, as far as the examples need it.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
        for c in line.chars() {
            match c {
                '\'' => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                c if c.is_whitespace() && !quoted => words.extend(word.take()),
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    #[test]
    fn examples_in_the_help_parse() {
        for mut command in Cli::command().get_subcommands().cloned() {
            let help = command.render_long_help().to_string();
            let examples = help.lines().map(str::trim).filter(|line| line.starts_with("lambent "));
            for example in examples {
                let example = example.split(" | ").next().unwrap_or_default();
                let example = example.split("  ").next().unwrap_or_default();
                let words = words(example);
                let words = words.into_iter().take_while(|word| word != ">" && word != "<");
                if let Err(error) = Cli::try_parse_from(words) {
                    assert!(!error.use_stderr(), "{example}: {error}");
                }
            }
        }
    }
}
