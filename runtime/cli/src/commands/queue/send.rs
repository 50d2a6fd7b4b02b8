use std::time::Duration;

use clap::Args;
use lambent_api::client::Message;
use lambent_types::QueueName;
use lambent_types::bounds::{DELAY_MAX, VALUE_BYTES_MAX};

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::{duration, input};

/// Send a message
#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// The queue's name
    queue: QueueName,

    /// The message, at most 1 MiB: text, @FILE, or - for standard input
    message: String,

    /// Its media type [default: JSON or text if it is, else binary]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// Attach an attribute. May be repeated
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = input::pair)]
    attributes: Vec<(String, String)>,

    /// Let nobody receive it before this time has passed, at most 15m
    #[arg(long, value_name = "DURATION", value_parser = delay)]
    delay: Option<Duration>,

    /// FIFO: messages of one group are received in their order
    #[arg(long, value_name = "TEXT")]
    group: Option<String>,

    /// FIFO: what tells it as a duplicate of one sent in the last five minutes
    #[arg(long, value_name = "ID")]
    deduplication: Option<String>,
}

fn delay(text: &str) -> Result<Duration, String> {
    duration::at_most(text, DELAY_MAX)
}

pub(super) fn run(args: &SendArgs, global: &Global) -> Result<Exit, CliError> {
    if args.queue.is_fifo() && args.group.is_none() {
        return Err(CliError::usage(format!("{} is a FIFO queue: name a group", args.queue))
            .hint("messages of one group are received in their order: --group NAME"));
    }
    let body = input::read("a message", &args.message, VALUE_BYTES_MAX as u64)?;
    let body = input::json_without_mark(body);
    let message = Message {
        body: &body,
        content_type: Some(args.content_type.as_deref().unwrap_or_else(|| media_type(&body))),
        attributes: &args.attributes,
        group: args.group.as_deref(),
        deduplication: args.deduplication.as_deref(),
        delay: args.delay,
    };
    let sent = global.client()?.send_message(&args.queue, &message)?;
    let output = global.output();
    if output.json {
        output.answer(&sent)?;
        return Ok(Exit::Ok);
    }
    let sent = sent.value()?;
    if sent.duplicate {
        output.line(&format!("a duplicate of {}, which was sent before", sent.id))?;
    } else {
        output.line(&format!("sent {} to {}", sent.id, args.queue))?;
    }
    Ok(Exit::Ok)
}

fn media_type(body: &[u8]) -> &'static str {
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
        "application/json"
    } else if std::str::from_utf8(body).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}
