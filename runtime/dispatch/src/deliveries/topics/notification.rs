//! What subscribers are sent, as SNS writes it:
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use lambent_types::{
    Namespace, Subscription, TopicAttribute, TopicMessage, TopicName, account_number,
};
use serde::{Deserialize, Serialize};

use super::outlet::{Signed, TopicOutlet};

/// The signatures are by SHA-256.
const SIGNATURE_VERSION: &str = "2";

/// That a subscriber is to be asked whether it wants messages.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) region: String,
    pub(super) token: String,
    pub(super) time_ms: i64,
}

/// An attribute as notifications have it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    r#type: &'a str,
    value: &'a str,
}

/// The notification that a queue or a URL gets.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    r#type: &'static str,
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    topic_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    message: &'a str,
    #[serde(rename = "SubscribeURL", skip_serializing_if = "Option::is_none")]
    subscribe_url: Option<&'a str>,
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
    #[serde(rename = "SigningCertURL", skip_serializing_if = "Option::is_none")]
    certificate_url: Option<&'a str>,
    #[serde(rename = "UnsubscribeURL", skip_serializing_if = "Option::is_none")]
    unsubscribe_url: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
}

/// What is the same in an event for a function, with the spelling that it has there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionEvent<'a> {
    records: [FunctionRecord<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionRecord<'a> {
    event_source: &'static str,
    event_version: &'static str,
    event_subscription_arn: &'a str,
    sns: FunctionNotification<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionNotification<'a> {
    signature_version: Option<&'static str>,
    timestamp: &'a str,
    signature: Option<&'a str>,
    signing_cert_url: Option<&'a str>,
    message_id: &'a str,
    message: &'a str,
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
    r#type: &'static str,
    unsubscribe_url: &'a str,
    topic_arn: &'a str,
    subject: Option<&'a str>,
}

/// Makes what is sent of one topic's messages.
pub(super) struct Writer<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) topic: &'a TopicName,
    pub(super) outlet: Option<Arc<dyn TopicOutlet>>,
}

fn time(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn attributes(all: &BTreeMap<String, TopicAttribute>) -> BTreeMap<&str, Attribute<'_>> {
    let mut shown = BTreeMap::new();
    for (name, one) in all {
        shown.insert(name.as_str(), Attribute { r#type: &one.data_type, value: &one.value });
    }
    shown
}

/// A text in a query.
fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The texts of a message that its signature is of, each line its name and then its value.
fn signed_text(parts: &[(&str, Option<&str>)]) -> String {
    let lines = parts.iter().filter_map(|(name, value)| Some(format!("{name}\n{}\n", (*value)?)));
    lines.collect()
}

impl Writer<'_> {
    /// The ARN of the topic.
    pub(super) fn topic_arn(&self, region: &str) -> String {
        format!("arn:aws:sns:{region}:{}:{}", account_number(self.namespace), self.topic)
    }

    /// The ARN of a subscription.
    pub(super) fn subscription_arn(&self, region: &str, subscription: &Subscription) -> String {
        format!("{}:{}", self.topic_arn(region), subscription.name)
    }

    fn base(&self) -> String {
        self.outlet.as_ref().map_or_else(String::new, |outlet| outlet.base_url())
    }

    async fn sign(&self, text: String) -> Option<Signed> {
        match &self.outlet {
            Some(outlet) => outlet.sign(text).await,
            None => None,
        }
    }

    fn unsubscribe_url(&self, region: &str, subscription: &Subscription) -> String {
        let arn = escaped(&self.subscription_arn(region, subscription));
        let farewell = &subscription.farewell;
        format!("{}/?Action=Unsubscribe&SubscriptionArn={arn}&Token={farewell}", self.base())
    }

    /// The signature of a message's text for some kind of subscribers.
    pub(super) async fn signature(&self, message: &TopicMessage, text: &str) -> Option<Signed> {
        let (arn, timestamp) = (self.topic_arn(&message.region), time(message.time_ms));
        self.sign(signed_text(&[
            ("Message", Some(text)),
            ("MessageId", Some(&message.id)),
            ("Subject", message.content.subject.as_deref()),
            ("Timestamp", Some(&timestamp)),
            ("TopicArn", Some(&arn)),
            ("Type", Some("Notification")),
        ]))
        .await
    }

    /// The notification of a message for a queue or a URL.
    pub(super) fn notification(
        &self,
        subscription: &Subscription,
        (message, text): (&TopicMessage, &str),
        signed: Option<&Signed>,
    ) -> String {
        let arn = self.topic_arn(&message.region);
        let (timestamp, content) = (time(message.time_ms), &message.content);
        let unsubscribe_url = self.unsubscribe_url(&message.region, subscription);
        let envelope = Envelope {
            r#type: "Notification",
            message_id: &message.id,
            sequence_number: message.sequence.as_deref(),
            token: None,
            topic_arn: &arn,
            subject: content.subject.as_deref(),
            message: text,
            subscribe_url: None,
            timestamp: &timestamp,
            signature_version: signed.map(|_| SIGNATURE_VERSION),
            signature: signed.map(|signed| signed.signature.as_str()),
            certificate_url: signed.map(|signed| signed.certificate_url.as_str()),
            unsubscribe_url: Some(&unsubscribe_url),
            message_attributes: attributes(&content.attributes),
        };
        serde_json::to_string(&envelope).unwrap_or_default()
    }

    /// The event of a message for a function.
    pub(super) fn function_event(
        &self,
        subscription: &Subscription,
        (message, text): (&TopicMessage, &str),
        signed: Option<&Signed>,
    ) -> String {
        let arn = self.topic_arn(&message.region);
        let event_subscription_arn = self.subscription_arn(&message.region, subscription);
        let unsubscribe_url = self.unsubscribe_url(&message.region, subscription);
        let (timestamp, content) = (time(message.time_ms), &message.content);
        let sns = FunctionNotification {
            signature_version: signed.map(|_| SIGNATURE_VERSION),
            timestamp: &timestamp,
            signature: signed.map(|signed| signed.signature.as_str()),
            signing_cert_url: signed.map(|signed| signed.certificate_url.as_str()),
            message_id: &message.id,
            message: text,
            message_attributes: attributes(&content.attributes),
            r#type: "Notification",
            unsubscribe_url: &unsubscribe_url,
            topic_arn: &arn,
            subject: content.subject.as_deref(),
        };
        let record = FunctionRecord {
            event_source: "aws:sns",
            event_version: "1.0",
            event_subscription_arn: &event_subscription_arn,
            sns,
        };
        serde_json::to_string(&FunctionEvent { records: [record] }).unwrap_or_default()
    }

    /// What a URL is asked with.
    pub(super) async fn question(&self, id: &str, asked: &Asked) -> String {
        let (arn, timestamp) = (self.topic_arn(&asked.region), time(asked.time_ms));
        let message = format!(
            "You have chosen to subscribe to the topic {arn}.\nTo confirm the subscription, visit the \
             SubscribeURL included in this message."
        );
        let token = &asked.token;
        let subscribe_url = format!(
            "{}/?Action=ConfirmSubscription&TopicArn={}&Token={token}",
            self.base(),
            escaped(&arn)
        );
        let signed = self.sign(signed_text(&[
            ("Message", Some(&message)),
            ("MessageId", Some(id)),
            ("SubscribeURL", Some(&subscribe_url)),
            ("Timestamp", Some(&timestamp)),
            ("Token", Some(token)),
            ("TopicArn", Some(&arn)),
            ("Type", Some("SubscriptionConfirmation")),
        ]));
        let signed = signed.await;
        let envelope = Envelope {
            r#type: "SubscriptionConfirmation",
            message_id: id,
            sequence_number: None,
            token: Some(token),
            topic_arn: &arn,
            subject: None,
            message: &message,
            subscribe_url: Some(&subscribe_url),
            timestamp: &timestamp,
            signature_version: signed.as_ref().map(|_| SIGNATURE_VERSION),
            signature: signed.as_ref().map(|signed| signed.signature.as_str()),
            certificate_url: signed.as_ref().map(|signed| signed.certificate_url.as_str()),
            unsubscribe_url: None,
            message_attributes: BTreeMap::new(),
        };
        serde_json::to_string(&envelope).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use lambent_types::NewTopicMessage;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn notifications_and_events_are_those_of_sns() {
        let (namespace, topic) = (Namespace::default(), "orders".parse().unwrap());
        let writer = Writer { namespace: &namespace, topic: &topic, outlet: None };
        let subscription =
            Subscription::new("s-1".parse().unwrap(), topic.clone(), "queue:q".parse().unwrap());
        let attribute = TopicAttribute { data_type: "Number".into(), value: "7".into() };
        let content = NewTopicMessage {
            message: "{}".into(),
            subject: Some("about".into()),
            attributes: [("size".to_owned(), attribute)].into(),
            ..NewTopicMessage::default()
        };
        let message = TopicMessage {
            id: "m".into(),
            time_ms: 1_335_390_565_719,
            region: "eu-west-1".into(),
            sequence: None,
            content,
        };
        let signed = Signed { signature: "S=".into(), certificate_url: "http://n/c.pem".into() };
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let arn = "arn:aws:sns:eu-west-1:000000000000:orders";
        let notification =
            read(writer.notification(&subscription, (&message, "text"), Some(&signed)));
        let unsubscribe = "/?Action=Unsubscribe&SubscriptionArn=\
                           arn%3Aaws%3Asns%3Aeu%2Dwest%2D1%3A000000000000%3Aorders%3As%2D1&Token=";
        assert_eq!(
            notification,
            json!({
                "Type": "Notification", "MessageId": "m", "TopicArn": arn, "Subject": "about",
                "Message": "text", "Timestamp": "2012-04-25T21:49:25.719Z",
                "SignatureVersion": "2", "Signature": "S=", "SigningCertURL": "http://n/c.pem",
                "UnsubscribeURL": unsubscribe,
                "MessageAttributes": { "size": { "Type": "Number", "Value": "7" } },
            })
        );
        let event = read(writer.function_event(&subscription, (&message, "text"), None));
        let record = &event["Records"][0];
        assert_eq!(record["EventSource"], "aws:sns");
        assert_eq!(record["EventSubscriptionArn"], format!("{arn}:s-1"));
        assert_eq!(record["Sns"]["Message"], "text");
        assert_eq!(record["Sns"]["UnsubscribeUrl"], unsubscribe);
        assert_eq!(record["Sns"]["MessageAttributes"]["size"]["Value"], "7");
    }
}
