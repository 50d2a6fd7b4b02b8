use std::time::Duration;

use clap::Args;
use lambent_api::kinds::Queue;
use lambent_types::{QueueAttributes, QueueName, Redrive};

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

    /// FIFO: tell duplicates by their body
    #[arg(long)]
    content_deduplication: bool,

    /// Where messages go that nobody can handle
    #[arg(long, value_name = "QUEUE", requires = "receives")]
    dead_letter: Option<QueueName>,

    /// After how many receives they do
    #[arg(long, value_name = "N", requires = "dead_letter")]
    receives: Option<u32>,
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
            redrive: redrive.map(|(queue, receives_max)| Redrive { queue, receives_max }),
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
        let given = ["--visibility=1m", "--dead-letter=dead", "--receives=5"];
        let redrive = Redrive { queue: "dead".parse().unwrap(), receives_max: 5 };
        let expected = QueueAttributes {
            visibility_timeout_ms: 60000,
            redrive: Some(redrive),
            ..QueueAttributes::default()
        };
        assert_eq!(attributes(&given).unwrap(), expected);
        assert!(attributes(&["--receives=5"]).is_err());
    }
}
