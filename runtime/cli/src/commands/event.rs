use clap::{Args, Subcommand};
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::samples::{self, Assignment, Sample};

const EXAMPLES: &str = "\
Examples:
  lambent event list
  lambent event show aws:s3 --set bucket=photos --set key=cat.jpg
  lambent event show object:photos/cat.jpg > event.json
  lambent event show aws:sqs --set Records.0.messageId=m1
  lambent invoke thumbnail --event @event.json";

/// Print samples of events, of the node's own resources and of AWS's services
///
/// No server is asked. lambent invoke --event takes the same names, and what is printed here.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EventArgs {
    #[command(subcommand)]
    command: EventCommand,
}

#[derive(Debug, Subcommand)]
enum EventCommand {
    /// List the samples and what can be set of each
    List,
    /// Print a sample: a CloudEvent, or what AWS's service sends to a function
    Show {
        /// The sample, as object:photos/cat.jpg, queue:TEXT or aws:s3
        #[arg(value_name = "EVENT")]
        event: String,
        /// Set something of it, or, of AWS's, what is at a place such as
        /// Records.0.eventName. May be repeated
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<Assignment>,
    },
}

pub(crate) fn run(args: &EventArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        EventCommand::List => list(global),
        EventCommand::Show { event, set } => {
            let made = make(event, set).map_err(CliError::usage)?;
            // Pretty wherever it goes: it is to be edited.
            global.output().painted(&crate::printable::json(&format!("{:#}", made.to_json())))?;
            Ok(Exit::Ok)
        }
    }
}

/// The sample that a text names, with what is set.
pub(super) fn make(text: &str, set: &[Assignment]) -> Result<samples::Made, String> {
    let (sample, mut all) = samples::find(text)?;
    all.extend(set.iter().cloned());
    sample.make(&all)
}

fn list(global: &Global) -> Result<Exit, CliError> {
    let (output, all) = (global.output(), samples::all());
    if output.json {
        let parameters = |sample: &Sample| -> Vec<_> {
            let parameters = sample.parameters.iter();
            let shown = parameters.map(
                |one| json!({ "name": one.name, "default": one.default, "summary": one.summary }),
            );
            shown.collect()
        };
        let events: Vec<_> = all
            .iter()
            .map(|sample| {
                let (name, summary) = (&sample.name, sample.summary);
                json!({ "name": name, "summary": summary, "parameters": parameters(sample) })
            })
            .collect();
        output.json(&json!({ "events": events }))?;
        return Ok(Exit::Ok);
    }
    let row = |sample: &Sample| {
        let names: Vec<_> = sample.parameters.iter().map(|one| one.name).collect();
        vec![sample.name.clone(), sample.summary.to_owned(), names.join(", ")]
    };
    output.table(&["event", "what happened", "--set"], all.iter().map(row).collect())?;
    Ok(Exit::Ok)
}
