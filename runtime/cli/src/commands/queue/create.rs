use std::time::Duration;

use clap::Args;
use lambent_types::QueueName;
use serde_json::{Map, Value, json};

use crate::api::resources::Kind;
use crate::args::Global;
use crate::commands::named;
use crate::error::{CliError, Exit};
use crate::span;

/// Make a queue, or change how one behaves
///
/// What is not given is as it is by default. A name that ends in .fifo makes a
/// FIFO queue.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// The queue's name
    queue: QueueName,

    /// How long a received message stays invisible to others [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = span::parse)]
    visibility: Option<Duration>,

    /// How long before a sent message can be received [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = span::parse)]
    delay: Option<Duration>,

    /// How long a message is kept that nobody deletes [default: 4d]
    #[arg(long, value_name = "DURATION", value_parser = span::parse)]
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
    fn attributes(&self) -> Value {
        let times = [
            ("visibility_timeout_ms", self.visibility),
            ("delay_ms", self.delay),
            ("retention_ms", self.retention),
        ];
        let mut attributes = Map::new();
        for (name, time) in times {
            let ms = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
            attributes.extend(ms.map(|ms| (name.to_owned(), ms.into())));
        }
        if self.content_deduplication {
            attributes.insert("content_deduplication".into(), true.into());
        }
        if let (Some(queue), Some(receives)) = (&self.dead_letter, self.receives) {
            let redrive = json!({ "queue": queue, "receives_max": receives });
            attributes.insert("redrive".into(), redrive);
        }
        Value::Object(attributes)
    }
}

pub(super) fn run(args: &CreateArgs, global: &Global) -> Result<Exit, CliError> {
    named::put(Kind::Queue, args.queue.as_str(), Some(&args.attributes()), global)
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
    fn only_what_is_given_is_sent() {
        let attributes = |line: &[&str]| {
            let line = ["probe", "orders"].into_iter().chain(line.iter().copied());
            Probe::try_parse_from(line).map(|probe| probe.args.attributes())
        };
        assert_eq!(attributes(&[]).unwrap(), json!({}));
        let given = ["--visibility=1m", "--dead-letter=dead", "--receives=5"];
        let expected = json!({
            "visibility_timeout_ms": 60000, "redrive": { "queue": "dead", "receives_max": 5 },
        });
        assert_eq!(attributes(&given).unwrap(), expected);
        assert!(attributes(&["--receives=5"]).is_err());
    }
}
