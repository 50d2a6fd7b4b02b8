use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::annotations::Annotations;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::host_pattern::is_host_name;
use crate::http_delivery::HttpDelivery;
use crate::name::name;
use crate::qualifier::QualifiedFunction;
use crate::queue::QueueName;
use crate::quota::Quota;
use crate::specification::{ResourceKind, Specification};
use crate::subscription_filter::SubscriptionFilter;
use crate::topic::TopicName;

name!(
    /// A subscription's name: `[A-Za-z0-9_-]{1,64}`, unique in its namespace ignoring case.
    SubscriptionName,
    "subscription name"
);

/// Most bytes of the URL of a subscriber; SNS's.
const URL_BYTES_MAX: usize = 2048;

/// Where the messages of a subscription go: `function:NAME`, `function:NAME:QUALIFIER`,
/// `queue:NAME`, or a URL of `http` or `https`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subscriber {
    /// A function of the same namespace, invoked asynchronously.
    Function(QualifiedFunction),
    /// A queue of the same namespace.
    Queue(QueueName),
    /// A web server, to which each message is posted.
    Url(String),
}

impl Subscriber {
    /// Whether it is asked first whether it wants the messages.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        matches!(self, Self::Url(_))
    }

    /// What SNS calls its kind; a message may have a text of its own for each kind.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        match self {
            Self::Queue(_) => "sqs",
            Self::Function(_) => "lambda",
            Self::Url(url) if url.starts_with("https:") => "https",
            Self::Url(_) => "http",
        }
    }
}

impl FromStr for Subscriber {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |detail: String| Error::new(ErrorCode::InvalidConfiguration, detail);
        let shown = || text.chars().take(120).collect::<String>();
        let named =
            |error: &dyn fmt::Display| invalid(format!("subscriber {:?}: {error}", shown()));
        match text.split_once(':') {
            Some(("queue", name)) => name.parse().map(Self::Queue).map_err(|error| named(&error)),
            Some(("function", name)) => {
                name.parse().map(Self::Function).map_err(|error| named(&error))
            }
            Some(("http" | "https", _)) if is_url(text) => Ok(Self::Url(text.to_owned())),
            Some(("http" | "https", _)) => Err(named(&"it is no URL of a web server")),
            _ => Err(invalid(format!(
                "subscriber {:?} is none of queue:NAME, function:NAME and a URL of http or https",
                shown()
            ))),
        }
    }
}

/// Whether a text of one of HTTP's schemes names a host, and no user.
fn is_url(text: &str) -> bool {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let (host, port) = port.map_or((authority, None), |(host, port)| (host, Some(port)));
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = is_host_name(&name)
        || host.parse::<std::net::Ipv4Addr>().is_ok()
        || v6.is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    text.len() <= URL_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && is_host
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

impl TryFrom<String> for Subscriber {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl fmt::Display for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) => write!(f, "function:{name}"),
            Self::Queue(name) => write!(f, "queue:{name}"),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl From<Subscriber> for String {
    fn from(subscriber: Subscriber) -> String {
        subscriber.to_string()
    }
}

/// Whether a subscriber was asked if it wants the messages, and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmation {
    /// It gets them.
    #[default]
    Confirmed,
    /// It was sent a token, of which this is the SHA-256 in hexadecimal digits, and gets nothing
    /// before it has shown it.
    Pending(String),
}

/// What receives the messages of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The subscription's name.
    #[schema(value_type = String)]
    pub name: SubscriptionName,
    /// The topic. A subscription keeps its topic and its subscriber as long as there is it.
    #[schema(value_type = String)]
    pub topic: TopicName,
    /// Where the messages go: `function:NAME`, `queue:NAME`, or a URL of `http` or `https`.
    #[schema(value_type = String)]
    pub subscriber: Subscriber,
    /// Only messages that match it; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<SubscriptionFilter>,
    /// Whether a queue or a URL gets the message's text as it is, and not within a notification.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw: bool,
    /// The queue of the messages that could not be delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub dead_letter: Option<QueueName>,
    /// How often and when a URL is tried.
    #[serde(default, skip_serializing_if = "HttpDelivery::is_default")]
    pub delivery: HttpDelivery,
    /// Whether the subscriber wants the messages. What a client says of it is not taken.
    #[serde(default)]
    pub confirmation: Confirmation,
    /// What ends the subscription by the URL that messages name, for whoever knows it. What a client
    /// says of it is not taken.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub farewell: String,
    /// What tools note of it for themselves.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl Specification for Subscription {
    const KIND: ResourceKind = ResourceKind { noun: "subscription", quota: Quota::Subscriptions };
    type Name = SubscriptionName;

    fn name(&self) -> &SubscriptionName {
        &self.name
    }
}

impl Subscription {
    /// One of a topic that sends everything to this subscriber.
    #[must_use]
    pub fn new(name: SubscriptionName, topic: TopicName, subscriber: Subscriber) -> Self {
        Self {
            name,
            topic,
            subscriber,
            filter: None,
            raw: false,
            dead_letter: None,
            delivery: HttpDelivery::default(),
            confirmation: Confirmation::default(),
            farewell: String::new(),
            annotations: Annotations::default(),
        }
    }

    /// Whether its subscriber gets messages.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.confirmation == Confirmation::Confirmed
    }

    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the member and what is wrong with it.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |detail: &str| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        if self.topic.is_fifo() && !matches!(self.subscriber, Subscriber::Queue(_)) {
            return invalid("the messages of a FIFO topic go to queues alone");
        }
        if let (false, Subscriber::Queue(queue)) = (self.topic.is_fifo(), &self.subscriber)
            && queue.is_fifo()
        {
            return invalid("a FIFO queue gets the messages of FIFO topics alone");
        }
        if self.raw && matches!(self.subscriber, Subscriber::Function(_)) {
            return invalid("raw messages are for queues and URLs; a function gets an event");
        }
        if let Some(queue) = &self.dead_letter
            && queue.is_fifo() != self.topic.is_fifo()
        {
            return invalid("dead_letter is a FIFO queue if the topic is FIFO, and else none");
        }
        if let Some(filter) = &self.filter {
            filter.validate()?;
        }
        self.delivery.validate()?;
        self.annotations.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscribers_are_read_as_they_are_shown() {
        for text in [
            "queue:jobs",
            "queue:jobs.fifo",
            "function:resize",
            "function:resize:prod",
            "http://127.0.0.1:8080/x?y=z",
            "https://example.com",
            "https://[2001:db8::1]:8443/",
        ] {
            assert_eq!(text.parse::<Subscriber>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "jobs",
            "sms:+123",
            "queue:",
            "http://",
            "http:///x",
            "http://user@example.com/",
            "http://a b/",
            "http://example.com:0/",
            "http://2130706433/",
        ] {
            assert!(text.parse::<Subscriber>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let of = |topic: &str, subscriber: &str| {
            let (topic, subscriber) = (topic.parse().unwrap(), subscriber.parse().unwrap());
            Subscription::new("s".parse().unwrap(), topic, subscriber)
        };
        assert!(of("t", "queue:q").validate().is_ok());
        assert!(of("t.fifo", "queue:q").validate().is_ok());
        assert!(of("t.fifo", "queue:q.fifo").validate().is_ok());
        assert!(of("t.fifo", "function:f").validate().is_err());
        assert!(of("t", "queue:q.fifo").validate().is_err());
        assert!(Subscription { raw: true, ..of("t", "function:f") }.validate().is_err());
        let dead_letter = Some("d.fifo".parse().unwrap());
        assert!(Subscription { dead_letter, ..of("t", "queue:q") }.validate().is_err());
    }
}
