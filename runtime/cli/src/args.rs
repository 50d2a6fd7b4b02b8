//! The command line.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser};

use crate::commands::Command;
use crate::global::Global;

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

impl Cli {
    /// Reads a line.
    ///
    /// # Errors
    /// It is wrong, or asks for help.
    pub(crate) fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut matches = Self::command().try_get_matches_from(line)?;
        let flags = flags(&matches);
        let cli = Self::from_arg_matches_mut(&mut matches);
        let mut cli = cli.map_err(|error| error.format(&mut Self::command()))?;
        cli.global.flags = flags;
        Ok(cli)
    }
}

/// The arguments, by id, that stand on the line itself.
fn flags(matches: &ArgMatches) -> BTreeSet<String> {
    let stands = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut flags: BTreeSet<_> =
        matches.ids().map(clap::Id::as_str).filter(stands).map(str::to_owned).collect();
    if let Some((_, below)) = matches.subcommand() {
        flags.extend(self::flags(below));
    }
    flags
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory, Parser};

    use super::Cli;

    #[test]
    fn what_stands_on_the_line_is_known() {
        let read = |line: &str| Cli::read(line.split(' ').map(Into::into)).unwrap().global;
        for line in ["lambent dev --endpoint localhost:1", "lambent --endpoint localhost:1 dev"] {
            let global = read(line);
            assert!(global.is_flag("endpoint") && !global.is_flag("json"), "{line}");
        }
        assert!(!read("lambent dev --listen 1").is_flag("endpoint"));
    }

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
            "version" | "count" | "instances" => "1",
            "shell" => "bash",
            "rate" => "5m",
            "grants" => "keyspace:xyz=read",
            "granted" => "keyspace:xyz",
            "subscriber" => "queue:xyz",
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
