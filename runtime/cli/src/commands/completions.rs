use clap::{Args, Command};
use clap_complete::Shell;
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent completions bash > ~/.local/share/bash-completion/completions/lambent
  lambent completions zsh > ~/.zfunc/_lambent
  lambent completions fish > ~/.config/fish/completions/lambent.fish";

/// Print a script that lets a shell complete lambent's commands
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// The command line without what is not for people.
fn visible(all: &Command) -> Command {
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    Command::new("lambent").args(all.get_arguments().cloned()).subcommands(shown)
}

pub(crate) fn run(
    args: &CompletionsArgs,
    global: &Global,
    line: &Command,
) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut visible(line), "lambent", &mut script);
    let script = String::from_utf8_lossy(&script);
    let output = global.output();
    if output.json {
        output.json(&json!({ "shell": args.shell.to_string(), "script": script }))?;
    } else {
        output.line(script.trim_end())?;
    }
    Ok(Exit::Ok)
}
