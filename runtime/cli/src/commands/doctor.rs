use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use lambent_server::Options;
use lambent_server::doctor::{self, Finding, Verdict};
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::key;
use crate::listen;
use crate::output::{Colour, colour, paint};
use crate::printable::printable;

const EXAMPLES: &str = "\
Exit code 1 if a node would not run here, or not safely; warnings are no failure.

Examples:
  lambent doctor
  lambent doctor --data /var/lib/lambent --listen 0.0.0.0:443";

/// Look whether this machine has what a node needs, and say what to mend
///
/// Limits of files and memory, the clock, the disk and the data directory, the port, swap,
/// and what the kernel offers. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// The data directory that the node is to have [default: see lambent --help]
    #[arg(long, value_name = "DIR", env = "LAMBENT_DATA")]
    data: Option<PathBuf>,

    /// The address that it is to listen on
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:4566",
        value_parser = listen::parse
    )]
    listen: SocketAddr,
}

pub(crate) fn run(args: &DoctorArgs, global: &Global) -> Result<Exit, CliError> {
    let data = args.data.clone().filter(|data| !data.as_os_str().is_empty());
    let data = data.unwrap_or_else(key::data_directory);
    let options = Options { listen: args.listen, ..Options::new(data) };
    let findings = doctor::examine(&options);
    let output = global.output();
    if output.json {
        output.json(&json!({ "findings": findings.iter().map(to_json).collect::<Vec<_>>() }))?;
    } else {
        let on = colour(&io::stdout());
        findings
            .iter()
            .flat_map(|finding| lines(finding, on))
            .try_for_each(|line| output.painted(&line))?;
    }
    let fails = findings.iter().any(|finding| finding.verdict == Verdict::Bad);
    Ok(if fails { Exit::Failed } else { Exit::Ok })
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "ok",
        Verdict::Warning => "warning",
        Verdict::Bad => "bad",
    }
}

fn to_json(Finding { what, verdict, found, fix }: &Finding) -> serde_json::Value {
    json!({ "what": what, "verdict": word(*verdict), "found": found, "fix": fix })
}

fn lines(Finding { what, verdict, found, fix }: &Finding, on: bool) -> Vec<String> {
    let shade = match verdict {
        Verdict::Good => Colour::Green,
        Verdict::Warning => Colour::Yellow,
        Verdict::Bad => Colour::Red,
    };
    let word = paint(on, shade, &format!("{:7}", word(*verdict)));
    let mut lines = vec![format!("{word}  {what:14}  {}", printable(found))];
    if !fix.is_empty() {
        lines.push(format!("{:7}  {:14}  -> {}", "", "", printable(fix)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_mended_stands_below_what_was_found() {
        let finding = Finding {
            what: "swap",
            verdict: Verdict::Warning,
            found: "on".into(),
            fix: "swapoff -a".into(),
        };
        let expected = ["warning  swap            on", "                         -> swapoff -a"];
        assert_eq!(lines(&finding, false), expected);
        assert_eq!(to_json(&finding)["verdict"], "warning");
    }
}
