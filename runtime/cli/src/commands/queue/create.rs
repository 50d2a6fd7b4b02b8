use std::time::Duration;

use clap::Args;
use lambent_api::kinds::Queue;
use lambent_types::{QueueAttributes, QueueName, Redrive, parse_bytes};

use crate::commands::named;
use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;

/// Make a queue, or change how one behaves
///
/// What is not given is as it is by default. A name that ends in .fifo makes a
/// FIFO queue.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// The queue's name
    queue: QueueName,

    /// How long a received message stays invisible to others [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    visibility: Option<Duration>,

    /// How long before a sent message can be received [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    delay: Option<Duration>,

    /// How long a message is kept that nobody deletes [default: 4d]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    retention: Option<Duration>,

    /// How long a receiver waits for a message who does not say, at most 20s [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    wait: Option<Duration>,

    /// The largest message, its attributes included, at most 1MiB [default: 1MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    message_max: Option<u64>,

    /// FIFO: tell duplicates by their body
    #[arg(long)]
    content_deduplication: bool,

    /// FIFO: tell duplicates within their group alone
    #[arg(long)]
    deduplication_per_group: bool,

    /// Where messages go that nobody can handle
    #[arg(long, value_name = "QUEUE", requires = "receives")]
    dead_letter: Option<QueueName>,

    /// After how many receives they do
    #[arg(long, value_name = "N", requires = "dead_letter")]
    receives: Option<u32>,

    /// A queue that may send its dead letters here; may be repeated [default: every queue]
    #[arg(long, value_name = "QUEUE")]
    dead_letters_from: Vec<QueueName>,

    /// A label, for people and tools; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Vec<(String, String)>,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("not of the form KEY=VALUE, as in team=shop")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl CreateArgs {
    fn attributes(&self) -> QueueAttributes {
        let default = QueueAttributes::default();
        let or = |time: Option<Duration>, default| {
            time.map_or(default, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
        };
        let redrive = self.dead_letter.clone().zip(self.receives);
        QueueAttributes {
            visibility_timeout_ms: or(self.visibility, default.visibility_timeout_ms),
            delay_ms: or(self.delay, default.delay_ms),
            retention_ms: or(self.retention, default.retention_ms),
            content_deduplication: self.content_deduplication,
            deduplication_per_group: self.deduplication_per_group,
            wait_ms: or(self.wait, default.wait_ms),
            message_bytes_max: self.message_max.unwrap_or(default.message_bytes_max),
            redrive: redrive.map(|(queue, receives_max)| Redrive { queue, receives_max }),
            dead_letters_from: Some(self.dead_letters_from.clone())
                .filter(|queues| !queues.is_empty()),
            tags: self.tag.iter().cloned().collect(),
            annotations: default.annotations,
        }
    }
}

pub(super) fn run(args: &CreateArgs, global: &Global) -> Result<Exit, CliError> {
    named::put::<Queue>(&args.queue, &args.attributes(), global)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: CreateArgs,
    }

    #[test]
    fn what_is_not_given_is_as_by_default() {
        let attributes = |line: &[&str]| {
            let line = ["probe", "orders"].into_iter().chain(line.iter().copied());
            Probe::try_parse_from(line).map(|probe| probe.args.attributes())
        };
        assert_eq!(attributes(&[]).unwrap(), QueueAttributes::default());
        let given = [
            "--visibility=1m",
            "--wait=5s",
            "--message-max=1KiB",
            "--dead-letter=dead",
            "--receives=5",
            "--dead-letters-from=a",
            "--tag=team=shop",
        ];
        let redrive = Redrive { queue: "dead".parse().unwrap(), receives_max: 5 };
        let expected = QueueAttributes {
            visibility_timeout_ms: 60000,
            wait_ms: 5000,
            message_bytes_max: 1024,
            redrive: Some(redrive),
            dead_letters_from: Some(vec!["a".parse().unwrap()]),
            tags: [("team".to_owned(), "shop".to_owned())].into(),
            ..QueueAttributes::default()
        };
        assert_eq!(attributes(&given).unwrap(), expected);
        assert!(attributes(&["--receives=5"]).is_err());
    }
}
