//! The attributes of a subscription: those that the node acts by, and those that it keeps.

use std::collections::BTreeMap;

use lambent_types::{
    Error, ErrorCode, FilterScope, Pattern, QueueName, Subscription, SubscriptionFilter,
    SubscriptionName,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attribute_map::Attributes;
use super::error::{fault, invalid, required, shown};
use super::{Nothing, arn, delivery_policy, kept};
use crate::call::Call;
use crate::fault::Fault;

const FILTER: &str = "FilterPolicy";
const SCOPE: &str = "FilterPolicyScope";
const RAW: &str = "RawMessageDelivery";
const REDRIVE: &str = "RedrivePolicy";
const DELIVERY: &str = "DeliveryPolicy";
const ROLE: &str = "SubscriptionRoleArn";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    subscription_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Set {
    subscription_arn: Option<String>,
    attribute_name: Option<String>,
    attribute_value: Option<String>,
}

/// Sets attributes, the scope of a filter before the filter.
pub(super) fn apply_all(
    call: &Call,
    subscription: &mut Subscription,
    attributes: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    let (scope, others): (Vec<_>, Vec<_>) = attributes.iter().partition(|(name, _)| *name == SCOPE);
    for (name, value) in scope.into_iter().chain(others) {
        apply(call, subscription, name, value)?;
    }
    Ok(())
}

fn scope_of(subscription: &Subscription) -> FilterScope {
    match kept::of(&subscription.annotations).get(SCOPE).map(String::as_str) {
        Some("MessageBody") => FilterScope::Body,
        _ => FilterScope::Attributes,
    }
}

fn apply(
    call: &Call,
    subscription: &mut Subscription,
    name: &str,
    value: &str,
) -> Result<(), Fault> {
    match name {
        FILTER => subscription.filter = filter(value, scope_of(subscription))?,
        SCOPE => {
            let scope = match value {
                "MessageAttributes" => FilterScope::Attributes,
                "MessageBody" => FilterScope::Body,
                other => {
                    return Err(invalid(format!(
                        "FilterPolicyScope: Invalid value [{}]. Please use either MessageBody or \
                         MessageAttributes",
                        shown(other)
                    )));
                }
            };
            if let Some(filter) = &mut subscription.filter {
                filter.scope = scope;
                filter.validate().map_err(|error| invalid(error.detail()))?;
            }
        }
        RAW => {
            subscription.raw = match value {
                "true" => true,
                "false" => false,
                other => {
                    return Err(invalid(format!(
                        "Attributes Reason: RawMessageDelivery: Invalid value [{}]. Must be true or \
                         false.",
                        shown(other)
                    )));
                }
            };
        }
        REDRIVE => subscription.dead_letter = redrive(call, value)?,
        DELIVERY => subscription.delivery = delivery_policy::read(value)?,
        ROLE => {}
        _ => return Err(invalid("AttributeName")),
    }
    // As it was given, which may be more than the node acts by.
    if [FILTER, SCOPE, DELIVERY, ROLE].contains(&name) {
        kept::keep_one(&mut subscription.annotations, name, value);
    }
    Ok(())
}

/// Reads a filter; an empty one is none.
fn filter(text: &str, scope: FilterScope) -> Result<Option<SubscriptionFilter>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let policy: Value =
        serde_json::from_str(text).map_err(|_| invalid("FilterPolicy: failed to parse JSON."))?;
    if policy.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(None);
    }
    let pattern: Pattern =
        policy.try_into().map_err(|error| invalid(format!("FilterPolicy: {error}")))?;
    let filter = SubscriptionFilter { pattern, scope };
    filter.validate().map_err(|error| invalid(error.detail()))?;
    Ok(Some(filter))
}

/// The queue of a policy of dead letters; none of an empty one.
fn redrive(call: &Call, text: &str) -> Result<Option<QueueName>, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Policy {
        dead_letter_target_arn: Option<String>,
    }
    if text.is_empty() {
        return Ok(None);
    }
    let policy: Policy =
        serde_json::from_str(text).map_err(|_| invalid("RedrivePolicy: failed to parse JSON."))?;
    let Some(arn) = policy.dead_letter_target_arn else { return Ok(None) };
    match *arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "sqs", _, account, name] if account == call.account() => {
            name.parse().map(Some).map_err(|_| invalid("RedrivePolicy: deadLetterTargetArn"))
        }
        _ => Err(invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")),
    }
}

/// What an attribute was set to.
pub(super) fn one(subscription: &Subscription, name: &str) -> Option<String> {
    match name {
        RAW => Some(subscription.raw.to_string()),
        REDRIVE => subscription.dead_letter.as_ref().map(ToString::to_string),
        name => kept::of(&subscription.annotations).remove(name),
    }
}

/// The filter as it was given, or as it is if it came by another door.
fn filter_text(subscription: &Subscription) -> Option<(String, &'static str)> {
    let filter = subscription.filter.as_ref()?;
    let scope = match filter.scope {
        FilterScope::Attributes => "MessageAttributes",
        FilterScope::Body => "MessageBody",
    };
    let own = Value::from(filter.pattern.clone());
    let kept = kept::of(&subscription.annotations).remove(FILTER);
    let is_it = |text: &String| serde_json::from_str::<Value>(text).is_ok_and(|kept| kept == own);
    Some((kept.filter(is_it).unwrap_or_else(|| own.to_string()), scope))
}

pub(super) async fn get(call: &Call, wanted: Named) -> Result<Attributes, Fault> {
    let name = arn::read_subscription(call, wanted.subscription_arn.as_deref())?;
    let handle = call.scope.handle::<SubscriptionName>(name.as_str()).map_err(fault)?;
    let subscription = handle.describe().await.map_err(fault)?.specification;
    let endpoint = arn::endpoint(call, &subscription.subscriber);
    let principal = format!("arn:aws:iam::{}:root", call.account());
    let pending = !subscription.is_confirmed();
    let was_authenticated = !subscription.subscriber.is_asked() || subscription.farewell.is_empty();
    let mut all = kept::of(&subscription.annotations);
    all.retain(|name, _| [DELIVERY, ROLE].contains(&name.as_str()));
    all.extend([
        ("SubscriptionArn".to_owned(), arn::subscription(call, &subscription)),
        ("Endpoint".to_owned(), endpoint),
        ("Owner".to_owned(), call.account()),
        ("Protocol".to_owned(), subscription.subscriber.protocol().to_owned()),
        ("TopicArn".to_owned(), arn::topic(call, &subscription.topic)),
        (RAW.to_owned(), subscription.raw.to_string()),
        ("PendingConfirmation".to_owned(), pending.to_string()),
        ("ConfirmationWasAuthenticated".to_owned(), was_authenticated.to_string()),
        ("SubscriptionPrincipal".to_owned(), principal),
    ]);
    if let Some((text, scope)) = filter_text(&subscription) {
        all.insert(FILTER.into(), text);
        all.insert(SCOPE.into(), scope.into());
    }
    if let Some(queue) = &subscription.dead_letter {
        let arn = arn::queue(call, queue.as_str());
        all.insert(REDRIVE.into(), json!({ "deadLetterTargetArn": arn }).to_string());
    }
    if subscription.subscriber.is_asked() {
        let effective = delivery_policy::effective(&subscription.delivery);
        all.insert("EffectiveDeliveryPolicy".into(), effective.to_string());
    }
    Ok(all.into_iter().collect())
}

pub(super) async fn set(call: &Call, wanted: Set) -> Result<Nothing, Fault> {
    let name = arn::read_subscription(call, wanted.subscription_arn.as_deref())?;
    let attribute = required(wanted.attribute_name, "AttributeName")?;
    let value = wanted.attribute_value.unwrap_or_default();
    let handle = call.scope.handle::<SubscriptionName>(name.as_str()).map_err(fault)?;
    // Checked first, so that it is told in SNS's words.
    let mut found = handle.describe().await.map_err(fault)?.specification;
    apply(call, &mut found, &attribute, &value)?;
    found.validate().map_err(|error| invalid(error.detail()))?;
    let changed = call.scope.change_subscription(&name, |subscription| {
        apply(call, subscription, &attribute, &value)
            .map_err(|fault| Error::new(ErrorCode::InvalidConfiguration, shown(&fault.message)))
    });
    changed.await.map_err(fault)?;
    Ok(Nothing {})
}
