use std::time::Duration;

use clap::Args;
use lambent_types::QueueName;
use lambent_types::bounds::{BATCH_MAX, VISIBILITY_MAX};
use serde_json::Value;

use crate::args::Global;
use crate::commands::named::cell;
use crate::error::{CliError, Exit};
use crate::output::{Colour, Output, colour, paint};
use crate::printable::printable;
use crate::span;

/// Receive messages
///
/// They stay in the queue, invisible to others for a while, and can be received
/// again if nobody deletes them until then.
#[derive(Debug, Args)]
pub(super) struct ReceiveArgs {
    /// The queue's name
    queue: QueueName,

    /// At most so many, 1 to 1000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=BATCH_MAX as i64)
    )]
    limit: u32,

    /// If there are none, wait so long for one, at most 20s
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = wait)]
    wait: Duration,

    /// How long they stay invisible, at most 12h [default: as the queue says]
    #[arg(long, value_name = "DURATION", value_parser = visibility)]
    visibility: Option<Duration>,

    /// Delete them once they are printed
    #[arg(long)]
    delete: bool,
}

/// The longest that the server lets a receive wait.
const WAIT_MAX: Duration = Duration::from_secs(20);

fn wait(text: &str) -> Result<Duration, String> {
    span::at_most(text, WAIT_MAX)
}

fn visibility(text: &str) -> Result<Duration, String> {
    span::at_most(text, VISIBILITY_MAX)
}

pub(super) fn run(args: &ReceiveArgs, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    let answer = client.receive_messages(&args.queue, args.limit, args.visibility, args.wait)?;
    let messages = answer["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let output = global.output();
    if output.json {
        output.json(&answer)?;
    } else if messages.is_empty() {
        eprintln!("no messages");
    } else {
        messages.iter().try_for_each(|message| show(output, message))?;
    }
    if args.delete && !messages.is_empty() {
        let receipts = messages.iter().filter_map(|message| message["receipt"].as_str());
        let receipts: Vec<_> = receipts.map(str::to_owned).collect();
        let answer = client.delete_messages(&args.queue, &receipts)?;
        let kept = answer["deleted"].as_array().into_iter().flatten();
        let kept = kept.filter(|deleted| **deleted == false).count();
        if kept > 0 {
            return Err(CliError::failed(format!(
                "{kept} of {} messages were received by others before they were deleted",
                messages.len()
            ))
            .hint("give more time: --visibility 1m"));
        }
    }
    Ok(Exit::Ok)
}

fn show(output: Output, message: &Value) -> Result<(), CliError> {
    let mut notes = vec![format!("received {} times", cell(&message["receives"]))];
    if message["receives"] == 1 {
        notes = Vec::new();
    }
    if let Some(group) = message["group"].as_str() {
        notes.push(format!("group {group}"));
    }
    for (name, value) in message["attributes"].as_object().into_iter().flatten() {
        notes.push(format!("{name}={}", cell(value)));
    }
    let head = format!("{} {}", cell(&message["id"]), notes.join(", "));
    let on = colour(&std::io::stderr());
    eprintln!("{}", paint(on, Colour::Dim, printable(&head).trim_end()));
    let text = match message["text"].as_str() {
        Some(text) => text.to_owned(),
        None => format!("base64:{}", cell(&message["base64"])),
    };
    Ok(output.line(&text)?)
}
