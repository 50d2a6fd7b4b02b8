//! Messages that are published.

use std::collections::BTreeMap;

use lambent_service::PublishedMessage;
use lambent_types::{NewTopicMessage, TopicAttribute, TopicName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arn;
use super::error::{fault, invalid, required, shown};
use crate::call::Call;
use crate::fault::Fault;

/// The kinds of subscribers that a message of JSON may have a text of its own for; of the others it is
/// not looked at.
const PROTOCOLS: [&str; 4] = ["http", "https", "lambda", "sqs"];

/// An attribute as a request has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Attribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

/// A message as a request has it, alone or among several.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Message {
    pub(super) id: Option<String>,
    message: Option<String>,
    subject: Option<String>,
    message_structure: Option<String>,
    message_attributes: BTreeMap<String, Attribute>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Publish {
    topic_arn: Option<String>,
    target_arn: Option<String>,
    phone_number: Option<String>,
    #[serde(flatten)]
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Told {
    message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

impl From<PublishedMessage> for Told {
    fn from(published: PublishedMessage) -> Self {
        Self { message_id: published.id, sequence_number: published.sequence }
    }
}

impl Message {
    /// The message as the node has it.
    pub(super) fn read(self) -> Result<NewTopicMessage, Fault> {
        let text = required(self.message, "Message")?;
        let (message, message_for) = match self.message_structure.as_deref() {
            None | Some("") => (text, BTreeMap::new()),
            Some("json") => by_protocol(&text)?,
            Some(_) => return Err(invalid("MessageStructure")),
        };
        let attributes = self.message_attributes.into_iter().map(|(name, one)| {
            let value = match one.data_type.split('.').next() {
                Some("Binary") => one.binary_value,
                _ => one.string_value,
            };
            let value = value.unwrap_or_default();
            (name, TopicAttribute { data_type: one.data_type, value })
        });
        Ok(NewTopicMessage {
            message,
            message_for,
            subject: self.subject,
            attributes: attributes.collect(),
            group: self.message_group_id,
            deduplication: self.message_deduplication_id,
        })
    }
}

/// The texts of a message of JSON: that for all, and those for some.
fn by_protocol(text: &str) -> Result<(String, BTreeMap<String, String>), Fault> {
    let Ok(Value::Object(texts)) = serde_json::from_str(text) else {
        return Err(invalid("Message Structure - JSON message body failed to parse"));
    };
    let mut own = BTreeMap::new();
    let mut default = None;
    for (name, value) in texts {
        match value {
            Value::String(text) if name == "default" => default = Some(text),
            Value::String(text) if PROTOCOLS.contains(&name.as_str()) => {
                own.insert(name, text);
            }
            _ => {}
        }
    }
    let none = || invalid("Message Structure - No default entry in JSON message body");
    Ok((default.ok_or_else(none)?, own))
}

/// The topic that a message is for.
fn topic(call: &Call, wanted: &Publish) -> Result<TopicName, Fault> {
    if wanted.phone_number.is_some() {
        return Err(invalid("PhoneNumber Reason: this node sends no messages to phones"));
    }
    let arn = wanted.topic_arn.as_deref().or(wanted.target_arn.as_deref());
    if let Some(arn) = arn.filter(|arn| arn.contains(":endpoint/") || arn.contains(":app/")) {
        return Err(invalid(format!(
            "TargetArn Reason: this node has no platform applications: {}",
            shown(arn)
        )));
    }
    let member = if wanted.topic_arn.is_some() { "TopicArn" } else { "TopicArn or TargetArn" };
    arn::read_topic(call, arn, member)
}

pub(super) async fn one(call: &Call, wanted: Publish) -> Result<Told, Fault> {
    let topic = topic(call, &wanted)?;
    let handle = call.scope.handle::<TopicName>(topic.as_str()).map_err(fault)?;
    let message = wanted.message.read()?;
    let published = handle.publish(vec![message], &call.region).await.map_err(fault)?.pop();
    match published {
        Some(published) => published.map(Told::from).map_err(fault),
        None => Err(invalid("Message")),
    }
}
