use std::time::Duration;

use clap::Args;
use lambent_api::{MessageView, ReceiveMessages};
use lambent_types::QueueName;
use lambent_types::bounds::{BATCH_MAX, VISIBILITY_MAX, WAIT_MAX};

use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::{Colour, Output, colour, paint};
use crate::printable::printable;

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

    /// If there are none, wait so long for one, at most 20s [default: as the queue says]
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    wait: Option<Duration>,

    /// How long they stay invisible, at most 12h [default: as the queue says]
    #[arg(long, value_name = "DURATION", value_parser = visibility)]
    visibility: Option<Duration>,

    /// Delete them once they are printed
    #[arg(long)]
    delete: bool,
}

fn wait(text: &str) -> Result<Duration, String> {
    duration::at_most(text, WAIT_MAX)
}

fn visibility(text: &str) -> Result<Duration, String> {
    duration::at_most(text, VISIBILITY_MAX)
}

pub(super) fn run(args: &ReceiveArgs, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    let receive = ReceiveMessages {
        limit: usize::try_from(args.limit).ok(),
        visibility: args.visibility,
        wait: args.wait,
    };
    let answer = client.receive_messages(&args.queue, &receive)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
    }
    let messages = answer.value()?.messages;
    if !output.json {
        if messages.is_empty() {
            eprintln!("no messages");
        }
        messages.iter().try_for_each(|message| show(output, message))?;
    }
    if args.delete && !messages.is_empty() {
        let receipts: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
        let all = receipts.len();
        let deleted = client.delete_messages(&args.queue, receipts)?.value()?.deleted;
        let kept = deleted.into_iter().filter(|deleted| !deleted).count();
        if kept > 0 {
            return Err(CliError::failed(format!(
                "{kept} of {all} messages were received by others before they were deleted"
            ))
            .hint("give more time: --visibility 1m"));
        }
    }
    Ok(Exit::Ok)
}

fn show(output: Output, message: &MessageView) -> Result<(), CliError> {
    let mut notes = Vec::new();
    if message.receives != 1 {
        notes.push(format!("received {} times", message.receives));
    }
    notes.extend(message.group.as_ref().map(|group| format!("group {group}")));
    notes.extend(message.attributes.iter().map(|(name, value)| format!("{name}={value}")));
    let head = format!("{} {}", message.id, notes.join(", "));
    let on = colour(&std::io::stderr());
    eprintln!("{}", paint(on, Colour::Dim, printable(&head).trim_end()));
    let text = match &message.text {
        Some(text) => text.clone(),
        None => format!("base64:{}", message.base64.as_deref().unwrap_or_default()),
    };
    Ok(output.line(&text)?)
}
