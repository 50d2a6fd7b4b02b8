//! Queues: making them, and sending and receiving messages.

mod create;
mod peek;
mod receive;
mod redrive;
mod send;

use std::time::Duration;

use clap::{Args, Subcommand};
use lambent_api::QueueView;
use lambent_api::kinds::Queue;
use lambent_types::{QueueName, format_bytes};
use serde_json::json;

use super::named::{self, or_dash};
use crate::confirm;
use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent queue create orders-dead
  lambent queue create orders --visibility 1m --dead-letter orders-dead --receives 5
  lambent queue create jobs.fifo --content-deduplication
  lambent queue send orders '{\"item\":7}' --attribute kind=book
  lambent queue send jobs.fifo @job.json --group customer-7
  lambent queue receive orders --limit 10 --wait 20s --delete
  lambent queue describe orders
  lambent queue peek orders-dead --limit 20
  lambent queue redrive orders-dead --dry-run
  lambent queue redrive orders-dead --to orders-again
  lambent queue redrive orders-dead --filter errortype=InvalidInput --rate 10
  lambent queue purge orders --yes
  lambent queue delete orders --yes";

/// Make queues, send messages to them and receive them
///
/// A queue whose name ends in .fifo keeps the messages of a group in their order.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct QueueArgs {
    #[command(subcommand)]
    command: QueueCommand,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    Create(create::CreateArgs),
    /// List the queues
    List,
    /// Show how a queue behaves and how much it holds
    Describe {
        /// The queue's name
        queue: QueueName,
    },
    /// Delete a queue with all its messages
    Delete {
        /// The queue's name
        queue: QueueName,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    Send(send::SendArgs),
    Receive(receive::ReceiveArgs),
    /// Delete all messages of a queue
    Purge {
        /// The queue's name
        queue: QueueName,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    Peek(peek::PeekArgs),
    Redrive(redrive::RedriveArgs),
}

pub(crate) fn run(args: &QueueArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        QueueCommand::Create(args) => create::run(args, global),
        QueueCommand::List => {
            let header = ["name", "visibility", "delay", "retention", "dead letters to", "created"];
            named::list::<Queue>(&header, row, "lambent queue create orders", global)
        }
        QueueCommand::Describe { queue } => named::describe::<Queue>(queue, fields, global),
        QueueCommand::Delete { queue, yes } => {
            if !yes {
                confirm::deletion(&format!("queue {queue} with all its messages"))?;
            }
            named::delete::<Queue>(queue, global)
        }
        QueueCommand::Send(args) => send::run(args, global),
        QueueCommand::Receive(args) => receive::run(args, global),
        QueueCommand::Purge { queue, yes } => {
            if !yes {
                confirm::deletion(&format!("all messages of queue {queue}"))?;
            }
            count(global.client()?.purge(queue)?.value()?.deleted, "deleted", global)
        }
        QueueCommand::Peek(args) => peek::run(args, global),
        QueueCommand::Redrive(args) => redrive::run(args, global),
    }
}

fn count(count: u64, done: &str, global: &Global) -> Result<Exit, CliError> {
    let output = global.output();
    if output.json {
        output.json(&json!({ done: count }))?;
    } else {
        let messages = if count == 1 { "message" } else { "messages" };
        output.line(&format!("{done} {count} {messages}"))?;
    }
    Ok(Exit::Ok)
}

fn span(milliseconds: u64) -> String {
    duration::format(Duration::from_millis(milliseconds))
}

fn row(queue: &QueueView) -> Vec<String> {
    let attributes = &queue.attributes;
    vec![
        queue.name.to_string(),
        span(attributes.visibility_timeout_ms),
        span(attributes.delay_ms),
        span(attributes.retention_ms),
        or_dash(attributes.redrive.as_ref().map(|redrive| &redrive.queue)),
        named::minute(queue.created),
    ]
}

fn fields(queue: &QueueView) -> Vec<(&'static str, String)> {
    let QueueView { attributes, depth, .. } = queue;
    let dead = match &attributes.redrive {
        Some(redrive) => format!("{} after {} receives", redrive.queue, redrive.receives_max),
        None => "none".into(),
    };
    vec![
        ("name", queue.name.to_string()),
        ("ready", or_dash(depth.map(|depth| depth.ready))),
        ("in flight", or_dash(depth.map(|depth| depth.in_flight))),
        ("delayed", or_dash(depth.map(|depth| depth.delayed))),
        ("oldest", or_dash(depth.and_then(|depth| depth.oldest))),
        ("visibility", span(attributes.visibility_timeout_ms)),
        ("delay", span(attributes.delay_ms)),
        ("retention", span(attributes.retention_ms)),
        ("dead letters", dead),
        ("wait", span(attributes.wait_ms)),
        ("largest message", format_bytes(attributes.message_bytes_max)),
        ("created", queue.created.to_string()),
        ("modified", or_dash(queue.modified)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_people_look_for() {
        let queue: QueueView = serde_json::from_value(json!({
            "name": "orders", "created": "2026-07-01T12:00:00Z",
            "attributes": {
                "visibility_timeout_ms": 30000, "delay_ms": 0, "retention_ms": 345600000,
                "redrive": { "queue": "dead", "receives_max": 3 },
            },
        }))
        .unwrap();
        assert_eq!(row(&queue), ["orders", "30s", "0s", "4d", "dead", "2026-07-01 12:00"]);
    }
}
