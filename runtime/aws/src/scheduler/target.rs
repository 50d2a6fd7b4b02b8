//! What a schedule invokes, and how often that is tried.

use lambent_types::{DeliveryPolicy, Destination, QualifiedFunction, QueueName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::invalid;
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Target {
    arn: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    retry_policy: Option<RetryPolicy>,
    dead_letter_config: Option<DeadLetterConfig>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RetryPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_event_age_in_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_retry_attempts: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DeadLetterConfig {
    arn: Option<String>,
}

/// A target as the node has it.
pub(super) struct Read {
    pub(super) function: QualifiedFunction,
    pub(super) input: Option<Value>,
    pub(super) delivery: Option<DeliveryPolicy>,
    /// As it was given: the node's bounds are others.
    pub(super) retry: Option<RetryPolicy>,
    /// Whom it acts as on AWS, which is kept.
    pub(super) role: String,
}

impl Target {
    /// Reads a target: a function of this account.
    pub(super) fn read(self, call: &Call) -> Result<Read, Fault> {
        let arn = self.arn.ok_or_else(|| invalid("Target.Arn is missing"))?;
        let role = self.role_arn.ok_or_else(|| invalid("Target.RoleArn is missing"))?;
        if !arn.contains(":lambda:") {
            let arn: String = arn.chars().take(170).collect();
            return Err(invalid(format!(
                "Provided Arn is not in correct format or is of a target that this node does not \
                 invoke: {arn}; give the ARN of a function"
            )));
        }
        let named = NamedFunction::read(call, &arn)?;
        let qualifier = named.version()?;
        let function = QualifiedFunction { name: named.name, qualifier };
        let input = self.input.map(|text| {
            serde_json::from_str(&text)
                .map_err(|error| invalid(format!("Target.Input is no JSON: {error}")))
        });
        let delivery = delivery(call, self.retry_policy, self.dead_letter_config)?;
        let retry = self.retry_policy;
        Ok(Read { function, input: input.transpose()?, delivery, retry, role })
    }
}

/// How events are delivered, if that is said.
fn delivery(
    call: &Call,
    retry: Option<RetryPolicy>,
    dead: Option<DeadLetterConfig>,
) -> Result<Option<DeliveryPolicy>, Fault> {
    let arn = dead.and_then(|dead| dead.arn);
    if retry.is_none() && arn.is_none() {
        return Ok(None);
    }
    let retry = retry.unwrap_or_default();
    let age = retry.maximum_event_age_in_seconds;
    if age.is_some_and(|age| !(60..=86_400).contains(&age)) {
        return Err(invalid("RetryPolicy.MaximumEventAgeInSeconds must be 60 to 86400"));
    }
    let retries = retry.maximum_retry_attempts;
    if retries.is_some_and(|retries| retries > 185) {
        return Err(invalid("RetryPolicy.MaximumRetryAttempts must be 0 to 185"));
    }
    let dead_letter = arn.map(|arn| queue(call, &arn)).transpose()?.map(Destination::Queue);
    let (attempts_max, age_max_ms) = applied(retry);
    let policy =
        DeliveryPolicy { attempts_max, age_max_ms, dead_letter, ..DeliveryPolicy::default() };
    Ok(Some(policy))
}

/// How often events are tried and how old they become, in milliseconds, by what is given.
fn applied(retry: RetryPolicy) -> (u32, u64) {
    let default = DeliveryPolicy::default();
    // The node's bound is lower than Scheduler's, whose default is 185.
    let attempts = retry.maximum_retry_attempts.map(|retries| retries.saturating_add(1).min(100));
    let age = retry.maximum_event_age_in_seconds.map(|age| age.saturating_mul(1000));
    (attempts.unwrap_or(default.attempts_max), age.unwrap_or(default.age_max_ms))
}

/// The retry policy to show: the one that was given, unless another client changed it since; none where
/// none was set.
fn shown_retry(given: Option<RetryPolicy>, policy: &DeliveryPolicy) -> Option<RetryPolicy> {
    let own = (policy.attempts_max, policy.age_max_ms);
    match given {
        Some(given) if applied(given) == own => Some(given),
        _ if applied(RetryPolicy::default()) == own => None,
        _ => Some(RetryPolicy {
            maximum_event_age_in_seconds: Some(policy.age_max_ms / 1000),
            maximum_retry_attempts: Some(policy.attempts_max.saturating_sub(1)),
        }),
    }
}

fn queue(call: &Call, text: &str) -> Result<QueueName, Fault> {
    let read = match *text.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "sqs", _, account, name] if account == call.account() => name.parse().ok(),
        _ => None,
    };
    read.ok_or_else(|| invalid("DeadLetterConfig.Arn is no queue of this account"))
}

/// A target as Scheduler writes it, with the role and the retry policy that were given for it.
pub(super) fn view(
    call: &Call,
    function: &QualifiedFunction,
    input: Option<&Value>,
    delivery: Option<&DeliveryPolicy>,
    (role, retry): (&str, Option<RetryPolicy>),
) -> Value {
    let mut view = json!({ "Arn": arn::qualified(call, function), "RoleArn": role });
    if let Some(input) = input {
        view["Input"] = input.to_string().into();
    }
    let default = DeliveryPolicy::default();
    let policy = delivery.unwrap_or(&default);
    if let Some(retry) = shown_retry(retry, policy) {
        view["RetryPolicy"] = json!(retry);
    }
    if let Some(Destination::Queue(queue)) = &policy.dead_letter {
        let arn = format!("arn:aws:sqs:{}:{}:{queue}", call.region, call.account());
        view["DeadLetterConfig"] = json!({ "Arn": arn });
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_policy_reads_back_as_it_was_given() {
        let retry = |age, attempts| RetryPolicy {
            maximum_event_age_in_seconds: age,
            maximum_retry_attempts: attempts,
        };
        let policy = |given| {
            let (attempts_max, age_max_ms) = applied(given);
            DeliveryPolicy { attempts_max, age_max_ms, ..DeliveryPolicy::default() }
        };
        for given in [retry(None, Some(185)), retry(Some(60), None), retry(Some(86_400), Some(0))] {
            assert_eq!(shown_retry(Some(given), &policy(given)), Some(given));
        }
        assert_eq!(shown_retry(None, &DeliveryPolicy::default()), None);
        let changed = shown_retry(Some(retry(None, Some(185))), &policy(retry(Some(60), Some(2))));
        assert_eq!(changed, Some(retry(Some(60), Some(2))));
    }
}
