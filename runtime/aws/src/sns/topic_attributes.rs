//! The attributes of a topic: those that the node acts by, and those that it keeps.

use std::collections::BTreeMap;

use lambent_types::{HttpDelivery, SubscriptionName, Topic};
use serde::Deserialize;
use serde_json::json;

use super::attribute_map::Attributes;
use super::error::{invalid, required, shown};
use super::{Nothing, arn, delivery_policy, kept, named_topic};
use crate::call::Call;
use crate::fault::Fault;

/// Whether a topic is FIFO, which is said when it is created.
pub(super) const FIFO: &str = "FifoTopic";
const BY_CONTENT: &str = "ContentBasedDeduplication";
const DISPLAY_NAME: &str = "DisplayName";
pub(super) const POLICY: &str = "Policy";
/// Attributes that are kept and given back.
const KEPT: [&str; 7] = [
    "ArchivePolicy",
    "DeliveryPolicy",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    POLICY,
    "SignatureVersion",
    "TracingConfig",
];
/// The ends of the names of those that say how deliveries are logged, which are kept too.
const FEEDBACK: [&str; 3] =
    ["SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn"];
/// Those of these that are JSON.
const JSON: [&str; 3] = ["ArchivePolicy", "DeliveryPolicy", POLICY];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Set {
    topic_arn: Option<String>,
    attribute_name: Option<String>,
    attribute_value: Option<String>,
}

fn is_kept(name: &str) -> bool {
    KEPT.contains(&name) || FEEDBACK.iter().any(|end| name.ends_with(end))
}

/// Sets an attribute.
pub(super) fn apply(topic: &mut Topic, name: &str, value: &str) -> Result<(), Fault> {
    match name {
        DISPLAY_NAME => value.clone_into(&mut topic.display_name),
        BY_CONTENT => {
            topic.content_deduplication = match value {
                "true" => true,
                "false" => false,
                _ => return Err(invalid(format!("Attributes Reason: {BY_CONTENT}"))),
            };
        }
        name if is_kept(name) => {
            let is_json = || serde_json::from_str::<serde_json::Value>(value).is_ok();
            if JSON.contains(&name) && !value.is_empty() && !is_json() {
                return Err(invalid(format!("{name}: failed to parse JSON.")));
            }
            if name == "SignatureVersion" && !["1", "2"].contains(&value) {
                return Err(invalid("Attributes Reason: SignatureVersion must be 1 or 2"));
            }
            kept::keep_one(&mut topic.annotations, name, value);
        }
        _ => return Err(invalid("AttributeName")),
    }
    topic.validate().map_err(|error| invalid(format!("Attributes Reason: {}", error.detail())))
}

/// What an attribute was set to.
pub(super) fn one(topic: &Topic, name: &str) -> Option<String> {
    match name {
        DISPLAY_NAME => Some(topic.display_name.clone()),
        BY_CONTENT => Some(topic.content_deduplication.to_string()),
        name => kept::of(&topic.annotations).remove(name),
    }
}

/// The policy of a topic that was given none: whoever is of its account may do everything.
pub(super) fn default_policy(call: &Call, topic: &Topic) -> String {
    let (account, arn) = (call.account(), arn::topic(call, &topic.name));
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": account } },
        }],
    })
    .to_string()
}

pub(super) async fn get(call: &Call, wanted: named_topic::Named) -> Result<Attributes, Fault> {
    let name = arn::read_topic(call, wanted.topic_arn(), "TopicArn")?;
    let topic = named_topic::found(call, &name).await?;
    // A function that may publish need not be one that may list.
    let subscriptions = call.scope.all::<SubscriptionName>().await.unwrap_or_default();
    let own = subscriptions.iter().map(|stored| &stored.specification);
    let own = own.filter(|one| one.topic.key() == name.key());
    let (confirmed, pending): (Vec<_>, Vec<_>) = own.partition(|one| one.is_confirmed());
    let effective = json!({
        "http": {
            "defaultHealthyRetryPolicy":
                delivery_policy::effective(&HttpDelivery::default())["healthyRetryPolicy"],
            "disableSubscriptionOverrides": false,
            "defaultRequestPolicy": { "headerContentType": "text/plain; charset=UTF-8" },
        },
    });
    let mut all = BTreeMap::from([
        ("TopicArn".to_owned(), arn::topic(call, &topic.name)),
        ("Owner".to_owned(), call.account()),
        (DISPLAY_NAME.to_owned(), topic.display_name.clone()),
        (POLICY.to_owned(), default_policy(call, &topic)),
        ("EffectiveDeliveryPolicy".to_owned(), effective.to_string()),
        ("SubscriptionsConfirmed".to_owned(), confirmed.len().to_string()),
        ("SubscriptionsPending".to_owned(), pending.len().to_string()),
        ("SubscriptionsDeleted".to_owned(), "0".to_owned()),
    ]);
    if topic.name.is_fifo() {
        all.insert(FIFO.into(), "true".into());
        all.insert(BY_CONTENT.into(), topic.content_deduplication.to_string());
    }
    all.extend(kept::of(&topic.annotations));
    Ok(all.into_iter().collect())
}

pub(super) async fn set(call: &Call, wanted: Set) -> Result<Nothing, Fault> {
    let name = arn::read_topic(call, wanted.topic_arn.as_deref(), "TopicArn")?;
    let attribute = required(wanted.attribute_name, "AttributeName")?;
    let value = wanted.attribute_value.unwrap_or_default();
    if attribute == FIFO {
        return Err(invalid("AttributeName Reason: FifoTopic is said when a topic is created"));
    }
    // Checked first, so that it is told in SNS's words.
    let mut topic = named_topic::found(call, &name).await?;
    apply(&mut topic, &attribute, &value)?;
    named_topic::change(call, &name, |topic| {
        apply(topic, &attribute, &value).map_err(|fault| {
            let told = shown(&fault.message);
            lambent_types::Error::new(lambent_types::ErrorCode::InvalidConfiguration, told)
        })
    })
    .await?;
    Ok(Nothing {})
}
