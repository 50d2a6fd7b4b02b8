//! Subscriptions.

use std::collections::BTreeMap;

use lambent_types::{
    ErrorCode, QualifiedFunction, Subscriber, Subscription, SubscriptionName, TopicName,
};
use serde::{Deserialize, Serialize};

use super::error::{fault, invalid, no_topic, on_quota, required, shown};
use super::topics::page;
use super::{Nothing, arn, subscription_attributes};
use crate::arn::NamedFunction;
use crate::call::Call;
use crate::fault::Fault;
use crate::query::List;

/// What stands for the ARN of a subscription that was not confirmed.
const PENDING: &str = "PendingConfirmation";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscribe {
    topic_arn: Option<String>,
    protocol: Option<String>,
    endpoint: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    return_subscription_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Told {
    subscription_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Confirm {
    topic_arn: Option<String>,
    token: Option<String>,
    authenticate_on_unsubscribe: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unsubscribe {
    subscription_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListWanted {
    topic_arn: Option<String>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    subscription_arn: String,
    owner: String,
    protocol: &'static str,
    endpoint: String,
    topic_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscriptions {
    subscriptions: List<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// The subscriber that a request names.
fn subscriber(call: &Call, protocol: &str, endpoint: &str) -> Result<Subscriber, Fault> {
    match protocol {
        "sqs" => match *endpoint.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "sqs", _, account, name] if account == call.account() => {
                name.parse().map(Subscriber::Queue).map_err(|_| invalid("SQS endpoint ARN"))
            }
            _ => Err(invalid("SQS endpoint ARN")),
        },
        "lambda" => {
            let wrong = || invalid("Lambda endpoint ARN");
            let named = NamedFunction::read(call, endpoint).map_err(|_| wrong())?;
            let qualifier = named.version().map_err(|_| wrong())?;
            Ok(Subscriber::Function(QualifiedFunction { name: named.name, qualifier }))
        }
        "http" | "https" => {
            if endpoint.split_once("://").is_none_or(|(scheme, _)| scheme != protocol) {
                return Err(invalid("Endpoint must match the specified protocol"));
            }
            endpoint.parse().map_err(|_| invalid("Endpoint"))
        }
        "email" | "email-json" | "sms" | "application" | "firehose" => Err(invalid(format!(
            "Protocol Reason: this node has no subscriptions by {protocol}; it has http, https, \
             lambda and sqs"
        ))),
        other => Err(invalid(format!(
            "Amazon SNS does not support this protocol string: {}",
            shown(other)
        ))),
    }
}

pub(super) async fn subscribe(call: &Call, wanted: Subscribe) -> Result<Told, Fault> {
    let topic = arn::read_topic(call, wanted.topic_arn.as_deref(), "TopicArn")?;
    let protocol = required(wanted.protocol, "Protocol")?;
    let subscriber = subscriber(call, &protocol, &required(wanted.endpoint, "Endpoint")?)?;
    // In the form of SNS's, who has it of hexadecimal digits.
    let name: SubscriptionName = uuid::Uuid::now_v7()
        .to_string()
        .parse()
        .map_err(|_| invalid("Endpoint Reason: no name for it"))?;
    let mut new = Subscription::new(name, topic, subscriber);
    subscription_attributes::apply_all(call, &mut new, &wanted.attributes)?;
    new.validate().map_err(|error| invalid(error.detail()))?;
    let _changing = call.memory.change.lock().await;
    let all = call.scope.all::<SubscriptionName>().await.map_err(fault)?;
    let mut all = all.into_iter().map(|stored| stored.specification);
    let known =
        all.find(|one| one.topic.key() == new.topic.key() && one.subscriber == new.subscriber);
    let subscription = match known {
        Some(known) if !wanted.attributes.is_empty() && !same(&known, &new, &wanted.attributes) => {
            return Err(invalid(
                "Attributes Reason: Subscription already exists with different attributes",
            ));
        }
        Some(known) if known.is_confirmed() => known,
        // One that was asked is asked again.
        Some(known) => put(call, known).await?,
        None => put(call, new).await?,
    };
    let is_told =
        subscription.is_confirmed() || wanted.return_subscription_arn.as_deref() == Some("true");
    let subscription_arn = match is_told {
        true => arn::subscription(call, &subscription),
        false => "pending confirmation".to_owned(),
    };
    Ok(Told { subscription_arn })
}

/// Whether what these attributes say of two subscriptions is the same.
fn same(one: &Subscription, other: &Subscription, attributes: &BTreeMap<String, String>) -> bool {
    attributes.keys().all(|name| {
        let is = |of: &Subscription| subscription_attributes::one(of, name);
        is(one) == is(other)
    })
}

async fn put(call: &Call, subscription: Subscription) -> Result<Subscription, Fault> {
    let put = call.scope.put_subscription(subscription, &call.region).await;
    let put = put.map_err(|error| match error.code() {
        ErrorCode::TopicNotFound => no_topic(),
        ErrorCode::FunctionNotFound | ErrorCode::NotInvocable => {
            invalid(format!("Endpoint Reason: {}", error.detail()))
        }
        ErrorCode::QueueNotFound => invalid(format!("Endpoint Reason: {}", error.detail())),
        _ => on_quota(error, "SubscriptionLimitExceeded"),
    })?;
    Ok(put.value)
}

pub(super) async fn confirm(call: &Call, wanted: Confirm) -> Result<Told, Fault> {
    let topic = arn::read_topic(call, wanted.topic_arn.as_deref(), "TopicArn")?;
    let token = required(wanted.token, "Token")?;
    let kept = wanted.authenticate_on_unsubscribe.as_deref() == Some("true");
    let handle = call.scope.handle::<TopicName>(topic.as_str()).map_err(fault)?;
    handle.describe().await.map_err(fault)?;
    let confirmed = call.keys.node.confirm_subscription(&token, kept).await;
    let (namespace, subscription) = confirmed.map_err(fault)?;
    if namespace.key() != call.scope.namespace().key() || subscription.topic.key() != topic.key() {
        return Err(invalid("Token"));
    }
    Ok(Told { subscription_arn: arn::subscription(call, &subscription) })
}

pub(super) async fn unsubscribe(call: &Call, wanted: Unsubscribe) -> Result<Nothing, Fault> {
    if wanted.subscription_arn.as_deref().is_some_and(|arn| arn.eq_ignore_ascii_case(PENDING)) {
        return Err(invalid("SubscriptionArn Reason: it is not confirmed"));
    }
    let name = arn::read_subscription(call, wanted.subscription_arn.as_deref())?;
    let handle = call.scope.handle::<SubscriptionName>(name.as_str()).map_err(fault)?;
    match handle.delete().await {
        Ok(()) => Ok(Nothing {}),
        // Of one that is gone too, as SNS has it.
        Err(error) if error.code() == ErrorCode::SubscriptionNotFound => Ok(Nothing {}),
        Err(error) => Err(fault(error)),
    }
}

pub(super) async fn list(call: &Call, wanted: ListWanted) -> Result<Subscriptions, Fault> {
    listed(call, None, wanted.next_token.as_deref()).await
}

pub(super) async fn list_by_topic(call: &Call, wanted: ListWanted) -> Result<Subscriptions, Fault> {
    let topic = arn::read_topic(call, wanted.topic_arn.as_deref(), "TopicArn")?;
    let handle = call.scope.handle::<TopicName>(topic.as_str()).map_err(fault)?;
    handle.describe().await.map_err(fault)?;
    listed(call, Some(&topic), wanted.next_token.as_deref()).await
}

async fn listed(
    call: &Call,
    topic: Option<&TopicName>,
    after: Option<&str>,
) -> Result<Subscriptions, Fault> {
    let all = call.scope.all::<SubscriptionName>().await.map_err(fault)?;
    let all = all.into_iter().map(|stored| stored.specification);
    let own = all.filter(|one| topic.is_none_or(|topic| topic.key() == one.topic.key()));
    let shown = own.map(|one| {
        let protocol = one.subscriber.protocol();
        let endpoint = arn::endpoint(call, &one.subscriber);
        let subscription_arn = match one.is_confirmed() {
            true => arn::subscription(call, &one),
            false => PENDING.to_owned(),
        };
        let topic_arn = arn::topic(call, &one.topic);
        let owner = call.account();
        (one.name.key(), Shown { subscription_arn, owner, protocol, endpoint, topic_arn })
    });
    let (page, next_token) = page(shown.collect(), after);
    Ok(Subscriptions { subscriptions: page.into_iter().collect(), next_token })
}
