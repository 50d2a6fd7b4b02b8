use clap::Args;
use lambent_api::{PeekMessages, PeekedView};
use lambent_types::QueueName;
use lambent_types::bounds::BATCH_MAX;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::{Colour, Output, colour, paint};
use crate::printable::printable;

/// Look at messages without receiving them
///
/// Nothing is counted, and nobody's receiving is held up. Of dead letters it shows why they
/// are some (errortype, errormessage, cause), how often they were tried, and from where they
/// came.
#[derive(Debug, Args)]
pub(super) struct PeekArgs {
    /// The queue's name
    queue: QueueName,

    /// At most so many, 1 to 1000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=BATCH_MAX as i64)
    )]
    limit: u32,

    /// Go on after the message of this number
    #[arg(long, value_name = "N")]
    after: Option<u64>,
}

pub(super) fn run(args: &PeekArgs, global: &Global) -> Result<Exit, CliError> {
    let peek = PeekMessages { after: args.after, limit: usize::try_from(args.limit).ok() };
    let answer = global.client()?.peek_messages(&args.queue, &peek)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let page = answer.value()?;
    if page.messages.is_empty() {
        eprintln!("no messages");
    }
    page.messages.iter().try_for_each(|message| show(output, message))?;
    if let Some(next) = page.next {
        eprintln!("there may be more: --after {next}");
    }
    Ok(Exit::Ok)
}

/// What is said of a message before its body.
fn head(message: &PeekedView) -> String {
    let mut notes = vec![message.state.as_str().to_owned()];
    if message.receives > 0 {
        notes.push(format!("received {} times", message.receives));
    }
    notes.extend(message.group.as_ref().map(|group| format!("group {group}")));
    notes.extend(message.attributes.iter().map(|(name, value)| format!("{name}={value}")));
    format!("{} {} {}", message.sent, message.id, notes.join(", "))
}

fn show(output: Output, message: &PeekedView) -> Result<(), CliError> {
    let on = colour(&std::io::stdout());
    output.painted(&paint(on, Colour::Dim, &printable(&head(message))))?;
    let text = match &message.text {
        Some(text) => text.clone(),
        None => format!("base64:{}", message.base64.as_deref().unwrap_or_default()),
    };
    Ok(output.line(&format!("  {text}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_says_why_it_is_one() {
        let message = r#"{"id":"m","state":"ready","text":"{}","sequence":7,"receives":0,
            "attributes":{"cause":"Rejected","errortype":"InvalidInput","from":"queue:q"},
            "sent":"2026-07-01T12:00:00Z"}"#;
        let message: PeekedView = serde_json::from_str(message).unwrap();
        let told = "2026-07-01T12:00:00Z m ready, cause=Rejected, errortype=InvalidInput, \
                    from=queue:q";
        assert_eq!(head(&message), told);
    }
}
