//! Permissions of a queue: statements of its policy, which is kept. What a client may do is what its
//! key opens.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid_value, over_limit, required, shown};
use super::kept::{Kept, POLICY};
use super::queues::change;
use super::{Nothing, OPERATIONS, address, kept};
use crate::call::Call;
use crate::fault::Fault;

/// Most actions of a permission; SQS's.
const ACTIONS_MAX: usize = 7;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddPermission {
    queue_url: Option<String>,
    label: Option<String>,
    #[serde(rename = "AWSAccountIds", default)]
    accounts: Vec<String>,
    #[serde(default)]
    actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemovePermission {
    queue_url: Option<String>,
    label: Option<String>,
}

/// What only the owner of a queue does, whatever is permitted.
const OWNER_ONLY: [&str; 12] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// A list as policies have it: one item stands for itself.
fn one_or_more(mut items: Vec<Value>) -> Value {
    if items.len() == 1 { items.remove(0) } else { items.into() }
}

fn check(actions: &[String]) -> Result<(), Fault> {
    if actions.len() > ACTIONS_MAX {
        return Err(over_limit(format!(
            "{} Actions were found, maximum allowed is {ACTIONS_MAX}.",
            actions.len()
        )));
    }
    let is_known =
        |action: &str| action == "*" || OPERATIONS.iter().any(|known| known.name == action);
    for action in actions {
        let reason = if OWNER_ONLY.contains(&action.as_str()) {
            "Only the queue owner is allowed to invoke this action."
        } else if !is_known(action) {
            "Please refer to the appropriate WSDL for a list of valid actions. "
        } else {
            continue;
        };
        return Err(invalid_value(format!(
            "Value SQS:{} for parameter ActionName is invalid. Reason: {reason}",
            shown(action)
        )));
    }
    Ok(())
}

/// The statements of a policy, which has them in a list or alone.
fn statements(policy: &Value) -> Vec<Value> {
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    }
}

fn is_labelled(statement: &Value, label: &str) -> bool {
    statement.get("Sid").is_some_and(|sid| sid == label)
}

fn policy_of(kept: &Kept) -> Option<Value> {
    let policy = kept.get(POLICY).and_then(|text| serde_json::from_str(text).ok());
    // One that is no object was never a policy, and has no room for a statement.
    policy.filter(Value::is_object)
}

pub(super) async fn add(call: &Call, wanted: AddPermission) -> Result<Nothing, Fault> {
    let label = required(wanted.label, "Label")?;
    let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
    let actions = required(some(wanted.actions), "Actions")?;
    if wanted.accounts.is_empty() {
        return Err(invalid_value(
            "Value [] for parameter PrincipalId is invalid. Reason: Unable to verify.",
        ));
    }
    check(&actions)?;
    let accounts =
        wanted.accounts.iter().map(|id| format!("arn:aws:iam::{id}:root").into()).collect();
    let actions = actions.iter().map(|action| format!("SQS:{action}").into()).collect();
    change(call, wanted.queue_url, |queue| {
        let mut attributes = queue.attributes.clone();
        let mut kept = kept::of(&attributes);
        let arn = address::arn(call, &queue.name);
        let mut policy = policy_of(&kept).unwrap_or_else(
            || json!({ "Version": "2008-10-17", "Id": format!("{arn}/SQSDefaultPolicy") }),
        );
        let mut all = statements(&policy);
        if all.iter().any(|statement| is_labelled(statement, &label)) {
            let label = shown(&label);
            return Err(invalid_value(format!(
                "Value {label} for parameter Label is invalid. Reason: Already exists."
            )));
        }
        all.push(json!({
            "Sid": label,
            "Effect": "Allow",
            "Principal": { "AWS": one_or_more(accounts) },
            "Action": one_or_more(actions),
            "Resource": arn,
        }));
        policy["Statement"] = all.into();
        kept.insert(POLICY.into(), policy.to_string());
        kept::keep(&mut attributes, &kept);
        attributes.annotations.validate().map_err(fault)?;
        Ok(attributes)
    })
    .await
}

pub(super) async fn remove(call: &Call, wanted: RemovePermission) -> Result<Nothing, Fault> {
    let label = required(wanted.label, "Label")?;
    change(call, wanted.queue_url, |queue| {
        let mut attributes = queue.attributes.clone();
        let mut kept = kept::of(&attributes);
        let mut policy = policy_of(&kept).unwrap_or_else(|| json!({}));
        let mut all = statements(&policy);
        let before = all.len();
        all.retain(|statement| !is_labelled(statement, &label));
        if all.len() == before {
            let label = shown(&label);
            return Err(invalid_value(format!(
                "Value {label} for parameter Label is invalid. Reason: can't find label."
            )));
        }
        if all.is_empty() {
            kept.remove(POLICY);
        } else {
            policy["Statement"] = all.into();
            kept.insert(POLICY.into(), policy.to_string());
        }
        kept::keep(&mut attributes, &kept);
        Ok(attributes)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_an_object() {
        let of = |text: &str| policy_of(&Kept::from([(POLICY.to_owned(), text.to_owned())]));
        assert_eq!(of("{\"Id\":\"x\"}").unwrap()["Id"], "x");
        assert_eq!((of("[1]"), of("\"x\""), of("7"), of("{")), (None, None, None, None));
    }
}
