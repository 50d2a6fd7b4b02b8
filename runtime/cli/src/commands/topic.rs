//! Topics: making them, subscribing to them, and publishing to them.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use lambent_api::kinds::{Kind as _, Subscription as SubscriptionKind, Topic as TopicKind};
use lambent_types::{
    FilterScope, NewTopicMessage, Pattern, QueueName, Subscriber, Subscription, SubscriptionFilter,
    SubscriptionName, Topic, TopicAttribute, TopicName,
};
use serde_json::json;

use super::named::{self, or_dash, yes};
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::input;

const EXAMPLES: &str = "\
Examples:
  lambent topic put orders
  lambent topic subscribe to-billing orders queue:billing
  lambent topic subscribe to-mailer orders function:mailer --filter '{\"kind\":[\"paid\"]}'
  lambent topic subscribe to-shop orders https://shop.example.com/orders --dead-letter failed
  lambent topic publish orders '{\"item\":7}' --subject new --attribute kind=paid
  lambent topic subscriptions orders
  lambent topic unsubscribe to-billing
  lambent topic delete orders";

/// Most bytes of a message.
const MESSAGE_BYTES_MAX: u64 = 256 << 10;

/// Make topics, subscribe to them and publish to them
///
/// A message that is published goes to every subscription: to a queue, a function or a URL.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TopicArgs {
    #[command(subcommand)]
    command: TopicCommand,
}

#[derive(Debug, Subcommand)]
enum TopicCommand {
    #[command(visible_alias = "create")]
    Put(PutArgs),
    /// List the topics
    List,
    /// Show a topic
    Describe {
        /// The topic's name
        topic: TopicName,
    },
    /// Delete a topic with its subscriptions
    Delete {
        /// The topic's name
        topic: TopicName,
    },
    Publish(PublishArgs),
    Subscribe(Box<SubscribeArgs>),
    /// Delete a subscription
    Unsubscribe {
        /// The subscription's name
        subscription: SubscriptionName,
    },
    /// List the subscriptions, of all topics or of one
    Subscriptions {
        /// The topic's name
        topic: Option<TopicName>,
    },
}

/// Make a topic, or replace the one of that name
///
/// A topic whose name ends in .fifo keeps the messages of a group in their order.
#[derive(Debug, Args)]
struct PutArgs {
    /// The topic's name
    topic: TopicName,

    /// What people are shown in place of the name
    #[arg(long, value_name = "TEXT", default_value = "")]
    display_name: String,

    /// FIFO: tell a message as a duplicate by its text
    #[arg(long)]
    content_deduplication: bool,
}

/// Publish a message
#[derive(Debug, Args)]
struct PublishArgs {
    /// The topic's name
    topic: TopicName,

    /// The message, at most 256 KiB: text, @FILE, or - for standard input
    message: String,

    /// What it is about
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,

    /// Attach an attribute. May be repeated
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = input::pair)]
    attributes: Vec<(String, String)>,

    /// FIFO: messages of one group come in their order
    #[arg(long, value_name = "TEXT")]
    group: Option<String>,

    /// FIFO: what tells it as a duplicate of one published in the last five minutes
    #[arg(long, value_name = "ID")]
    deduplication: Option<String>,
}

/// Make a subscription, or replace the one of that name
///
/// A URL is asked first whether it wants the messages: it gets a request with a URL that it is to visit.
#[derive(Debug, Args)]
struct SubscribeArgs {
    /// The subscription's name
    subscription: SubscriptionName,

    /// The topic's name
    topic: TopicName,

    /// Where messages go: queue:NAME, function:NAME, or a URL
    subscriber: Subscriber,

    /// Only messages whose attributes match, as in {"kind":["paid"]}
    #[arg(long, value_name = "JSON", value_parser = pattern)]
    filter: Option<Pattern>,

    /// Compare the filter with the text, which is JSON, in place of the attributes
    #[arg(long, requires = "filter")]
    filter_body: bool,

    /// Send the text as it is, and not within a notification
    #[arg(long)]
    raw: bool,

    /// The queue of messages that could not be delivered
    #[arg(long, value_name = "QUEUE")]
    dead_letter: Option<QueueName>,
}

fn pattern(text: &str) -> Result<Pattern, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

pub(crate) fn run(args: &TopicArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        TopicCommand::Put(args) => {
            let topic = Topic {
                display_name: args.display_name.clone(),
                content_deduplication: args.content_deduplication,
                ..Topic::new(args.topic.clone())
            };
            named::put::<TopicKind>(&args.topic, &topic, global)
        }
        TopicCommand::List => named::list::<TopicKind>(
            &["name", "display name"],
            |view| {
                let shown = Some(view.topic.display_name.clone()).filter(|name| !name.is_empty());
                vec![view.topic.name.to_string(), or_dash(shown)]
            },
            "lambent topic put orders",
            global,
        ),
        TopicCommand::Describe { topic } => named::describe::<TopicKind>(
            topic,
            |view| {
                let by_content = yes(view.topic.content_deduplication);
                vec![
                    ("name", view.topic.name.to_string()),
                    ("display name", view.topic.display_name.clone()),
                    ("content deduplication", by_content),
                ]
            },
            global,
        ),
        TopicCommand::Delete { topic } => named::delete::<TopicKind>(topic, global),
        TopicCommand::Publish(args) => publish(args, global),
        TopicCommand::Subscribe(args) => {
            let scope = if args.filter_body { FilterScope::Body } else { FilterScope::Attributes };
            let filter = args.filter.clone().map(|pattern| SubscriptionFilter { pattern, scope });
            let (name, topic) = (args.subscription.clone(), args.topic.clone());
            let subscription = Subscription {
                filter,
                raw: args.raw,
                dead_letter: args.dead_letter.clone(),
                ..Subscription::new(name, topic, args.subscriber.clone())
            };
            named::put::<SubscriptionKind>(&args.subscription, &subscription, global)
        }
        TopicCommand::Unsubscribe { subscription } => {
            named::delete::<SubscriptionKind>(subscription, global)
        }
        TopicCommand::Subscriptions { topic } => subscriptions(topic.as_ref(), global),
    }
}

fn publish(args: &PublishArgs, global: &Global) -> Result<Exit, CliError> {
    let message = input::read("a message", &args.message, MESSAGE_BYTES_MAX)?;
    let message = String::from_utf8(message)
        .map_err(|_| CliError::usage("a message of a topic is text, and this is none"))?;
    let attribute = |(name, value): &(String, String)| {
        let attribute = TopicAttribute { data_type: "String".into(), value: value.clone() };
        (name.clone(), attribute)
    };
    let message = NewTopicMessage {
        message,
        message_for: BTreeMap::new(),
        subject: args.subject.clone(),
        attributes: args.attributes.iter().map(attribute).collect(),
        group: args.group.clone(),
        deduplication: args.deduplication.clone(),
    };
    let published = global.client()?.publish_message(&args.topic, &message)?;
    let output = global.output();
    if output.json {
        output.answer(&published)?;
        return Ok(Exit::Ok);
    }
    let published = published.value()?;
    output.line(&format!("published {} to {}", published.id, args.topic))?;
    Ok(Exit::Ok)
}

fn subscriptions(topic: Option<&TopicName>, global: &Global) -> Result<Exit, CliError> {
    let all = global.client()?.all::<SubscriptionKind>()?;
    let output = global.output();
    if output.json && topic.is_none() {
        output.answer(&all)?;
        return Ok(Exit::Ok);
    }
    let mut all = SubscriptionKind::items(all.value()?);
    all.retain(|view| topic.is_none_or(|topic| topic.key() == view.subscription.topic.key()));
    if output.json {
        output.json(&json!({ "subscriptions": all }))?;
        return Ok(Exit::Ok);
    }
    let row = |view: &lambent_api::SubscriptionView| {
        let one = &view.subscription;
        vec![
            one.name.to_string(),
            one.topic.to_string(),
            one.subscriber.to_string(),
            yes(one.is_confirmed()),
            yes(one.filter.is_some()),
            or_dash(one.dead_letter.as_ref()),
        ]
    };
    let header = ["name", "topic", "subscriber", "confirmed", "filter", "dead letters to"];
    output.table(&header, all.iter().map(row).collect())?;
    Ok(Exit::Ok)
}
