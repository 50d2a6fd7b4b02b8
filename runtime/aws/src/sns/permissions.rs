//! Permissions of a topic: statements of its policy, which is kept. What a client may do is what its key
//! opens.

use lambent_types::Topic;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{invalid, required};
use super::topic_attributes::{POLICY, default_policy};
use super::{Nothing, arn, kept, named_topic};
use crate::call::Call;
use crate::fault::Fault;
use crate::query::Members;

/// What may be permitted to others; SNS's.
const ACTIONS: [&str; 9] = [
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "Publish",
    "Receive",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Permission {
    topic_arn: Option<String>,
    label: Option<String>,
    #[serde(rename = "AWSAccountId", default)]
    accounts: Members<String>,
    #[serde(default)]
    action_name: Members<String>,
}

/// The policy of a topic.
fn policy(call: &Call, topic: &Topic) -> Value {
    let kept = kept::of(&topic.annotations).remove(POLICY);
    let kept = kept.and_then(|text| serde_json::from_str(&text).ok()).filter(Value::is_object);
    kept.or_else(|| serde_json::from_str(&default_policy(call, topic)).ok()).unwrap_or_default()
}

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

async fn put(
    call: &Call,
    topic: Topic,
    mut policy: Value,
    statements: Vec<Value>,
) -> Result<Nothing, Fault> {
    policy["Statement"] = statements.into();
    let text = policy.to_string();
    named_topic::change(call, &topic.name, |topic| {
        kept::keep_one(&mut topic.annotations, POLICY, &text);
        Ok(())
    })
    .await?;
    Ok(Nothing {})
}

pub(super) async fn add(call: &Call, wanted: Permission) -> Result<Nothing, Fault> {
    let name = arn::read_topic(call, wanted.topic_arn.as_deref(), "TopicArn")?;
    let label = required(wanted.label, "Label")?;
    let (accounts, actions) = (wanted.accounts.0, wanted.action_name.0);
    if actions.is_empty() || !actions.iter().all(|action| ACTIONS.contains(&action.as_str())) {
        return Err(invalid("Policy statement action out of service scope!"));
    }
    let topic = named_topic::found(call, &name).await?;
    let policy = policy(call, &topic);
    let mut statements = statements(&policy);
    if statements.iter().any(|statement| is_labelled(statement, &label)) {
        return Err(invalid("Statement already exists"));
    }
    let principals = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root"));
    let actions = actions.iter().map(|action| format!("SNS:{action}"));
    statements.push(json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": { "AWS": principals.collect::<Vec<_>>() },
        "Action": actions.collect::<Vec<_>>(),
        "Resource": arn::topic(call, &name),
    }));
    put(call, topic, policy, statements).await
}

pub(super) async fn remove(call: &Call, wanted: Permission) -> Result<Nothing, Fault> {
    let name = arn::read_topic(call, wanted.topic_arn.as_deref(), "TopicArn")?;
    let label = required(wanted.label, "Label")?;
    let topic = named_topic::found(call, &name).await?;
    let policy = policy(call, &topic);
    let mut statements = statements(&policy);
    statements.retain(|statement| !is_labelled(statement, &label));
    put(call, topic, policy, statements).await
}
