//! Queues: made, found, changed and deleted.

use std::collections::BTreeMap;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_service::{Queue, QueueAttributes};
use lambent_types::{Error, ErrorCode, QueueName};
use serde::{Deserialize, Serialize};

use super::attributes::{self, Given};
use super::error::{fault, invalid_value, purge_in_progress, queue_exists, required, shown};
use super::{Nothing, address, place};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol::Number;

/// Most queues of a page; SQS's.
const PAGE_MAX: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    queue_name: Option<String>,
    #[serde(default)]
    attributes: Given,
    #[serde(default, alias = "tags")]
    tags: BTreeMap<String, String>,
}

/// Where a queue is.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Located {
    queue_url: String,
}

/// A request that names a queue and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    pub(super) queue_url: Option<String>,
}

/// The name of a queue that is made.
fn name(text: &str, attributes: &Given) -> Result<QueueName, Fault> {
    let is_fifo =
        attributes.get("FifoQueue").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let name: Option<QueueName> = text.parse().ok();
    match name {
        Some(name) if name.is_fifo() == is_fifo => Ok(name),
        _ if is_fifo => Err(invalid_value(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or \
             underscores, must end with .fifo suffix and be 1 to 80 in length",
        )),
        _ => Err(invalid_value(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )),
    }
}

pub(super) async fn create(call: &Call, wanted: CreateQueue) -> Result<Located, Fault> {
    let text = required(wanted.queue_name, "QueueName")?;
    let queue = name(&text, &wanted.attributes)?;
    let handle = address::named(call, queue.as_str())?;
    let _change = call.memory.change.lock().await;
    match handle.describe().await {
        Ok(found) => {
            let base = found.attributes.clone();
            let changed = attributes::apply(call, &queue, base, &wanted.attributes)?;
            match attributes::difference(call, &found, &changed, &wanted.attributes) {
                None => Ok(Located { queue_url: address::url(call, &found.name) }),
                Some(name) => Err(queue_exists(format!(
                    "A queue already exists with the same name and a different value for attribute {name}"
                ))),
            }
        }
        Err(error) if error.code() == ErrorCode::QueueNotFound => {
            let base = QueueAttributes { tags: wanted.tags, ..QueueAttributes::default() };
            let attributes = attributes::apply(call, &queue, base, &wanted.attributes)?;
            put(call, &queue, attributes).await
        }
        Err(error) => Err(fault(error)),
    }
}

/// Gives a queue attributes, and says where it is.
pub(super) async fn put(
    call: &Call,
    queue: &QueueName,
    attributes: QueueAttributes,
) -> Result<Located, Fault> {
    let redrive = attributes.redrive.clone();
    let put = address::named(call, queue.as_str())?.put(attributes).await;
    let queue_url = address::url(call, queue);
    match put {
        Ok(_) => Ok(Located { queue_url }),
        Err(error) => Err(match (error.code(), redrive) {
            (ErrorCode::QueueNotFound, Some(redrive)) => invalid_value(format!(
                "Value {} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
                super::redrive::policy(call, &redrive)
            )),
            (ErrorCode::InvalidConfiguration, Some(_)) => invalid_value(error.detail().to_owned()),
            _ => fault(error),
        }),
    }
}

/// Changes the attributes of a queue by what they are.
pub(super) async fn change(
    call: &Call,
    url: Option<String>,
    change: impl FnOnce(&Queue) -> Result<QueueAttributes, Fault>,
) -> Result<Nothing, Fault> {
    let handle = address::queue(call, url)?;
    let _change = call.memory.change.lock().await;
    let found = handle.describe().await.map_err(fault)?;
    let attributes = change(&found)?;
    put(call, &found.name, attributes).await.map(|_| Nothing {})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAttributes {
    queue_url: Option<String>,
    #[serde(default)]
    attributes: Given,
}

pub(super) async fn set_attributes(call: &Call, wanted: SetAttributes) -> Result<Nothing, Fault> {
    change(call, wanted.queue_url, |queue| {
        attributes::apply(call, &queue.name, queue.attributes.clone(), &wanted.attributes)
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetAttributes {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
}

pub(super) async fn get_attributes(
    call: &Call,
    wanted: GetAttributes,
) -> Result<Attributes, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    let found = handle.describe().await.map_err(fault)?;
    let depth = handle.depth().await.map_err(fault)?;
    let all = attributes::of(call, &found, depth);
    Ok(Attributes { attributes: attributes::chosen(all, &wanted.attribute_names)? })
}

pub(super) async fn delete(call: &Call, wanted: OfQueue) -> Result<Nothing, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    // Who changes attributes at the same time would make it anew.
    let _change = call.memory.change.lock().await;
    handle.delete().await.map_err(fault)?;
    call.memory.tasks.forget(&place(&handle));
    Ok(Nothing {})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetUrl {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

pub(super) async fn url(call: &Call, wanted: GetUrl) -> Result<Located, Fault> {
    let name = required(wanted.queue_name, "QueueName")?;
    if wanted.owner.is_some_and(|owner| owner != call.account()) {
        return Err(address::missing());
    }
    let found = address::named(call, &name)?.describe().await.map_err(fault)?;
    Ok(Located { queue_url: address::url(call, &found.name) })
}

pub(super) async fn purge(call: &Call, wanted: OfQueue) -> Result<Nothing, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    let created = handle.describe().await.map_err(fault)?.created;
    if !call.memory.purge(place(&handle), created, Instant::now()) {
        return Err(purge_in_progress(format!(
            "Only one PurgeQueue operation on {} is allowed every 60 seconds.",
            handle.name()
        )));
    }
    // A large queue takes many steps: they go on if the client leaves, as a second request is refused.
    let (scope, queue) = (call.scope.clone(), handle.name().clone());
    let (memory, place) = (call.memory.clone(), place(&handle));
    let purging = tokio::spawn(async move {
        let purged = async { scope.handle::<QueueName>(queue.as_str())?.purge().await }.await;
        if purged.is_err() {
            memory.not_purged(&place);
        }
        purged
    });
    let ended = |error| fault(Error::new(ErrorCode::Internal, format!("the purge ended: {error}")));
    purging.await.map_err(ended)?.map_err(fault)?;
    Ok(Nothing {})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    queue_name_prefix: Option<String>,
    next_token: Option<String>,
    max_results: Option<Number>,
}

/// A page of queues.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) async fn list(call: &Call, wanted: ListQueues) -> Result<Page, Fault> {
    let all = call.scope.queues().await.map_err(fault)?;
    let prefix = wanted.queue_name_prefix.unwrap_or_default();
    let names = all.into_iter().map(|queue| queue.name);
    let names = names.filter(|name| name.as_str().starts_with(&prefix)).collect();
    let (queue_urls, next_token) = page(call, names, wanted.next_token, wanted.max_results)?;
    Ok(Page { queue_urls, next_token })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSources {
    queue_url: Option<String>,
    next_token: Option<String>,
    max_results: Option<Number>,
}

/// A page of queues that send their dead letters to one.
#[derive(Serialize)]
pub(super) struct Sources {
    #[serde(rename = "queueUrls")]
    queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) async fn list_sources(call: &Call, wanted: ListSources) -> Result<Sources, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    handle.describe().await.map_err(fault)?;
    let names = sources(call, handle.name()).await?;
    let (queue_urls, next_token) = page(call, names, wanted.next_token, wanted.max_results)?;
    Ok(Sources { queue_urls, next_token })
}

/// The queues that send their dead letters to `dead`.
pub(super) async fn sources(call: &Call, dead: &QueueName) -> Result<Vec<QueueName>, Fault> {
    let all = call.scope.queues().await.map_err(fault)?;
    let sends = |queue: &Queue| {
        queue.attributes.redrive.as_ref().is_some_and(|one| one.queue.key() == dead.key())
    };
    Ok(all.into_iter().filter(sends).map(|queue| queue.name).collect())
}

/// The URLs of a page of queues, by their names, and where the next begins.
fn page(
    call: &Call,
    mut names: Vec<QueueName>,
    token: Option<String>,
    most: Option<Number>,
) -> Result<(Vec<String>, Option<String>), Fault> {
    let limit = match most {
        None => PAGE_MAX,
        Some(Number(given)) => usize::try_from(given)
            .ok()
            .filter(|limit| (1..=PAGE_MAX).contains(limit))
            .ok_or_else(|| {
                invalid_value(format!(
                    "Value {given} for parameter MaxResults is invalid. Reason: MaxResults must be \
                     an integer between 1 and {PAGE_MAX}."
                ))
            })?,
    };
    names.sort_by_key(QueueName::key);
    if let Some(token) = token {
        let after = STANDARD.decode(&token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let after = after.ok_or_else(|| {
            invalid_value(format!("Invalid or expired next token {}", shown(&token)))
        })?;
        names.retain(|name| name.key() > after);
    }
    let more = names.len() > limit;
    names.truncate(limit);
    let last = names.last().filter(|_| more && most.is_some());
    let next = last.map(|name| STANDARD.encode(name.key()));
    Ok((names.iter().map(|name| address::url(call, name)).collect(), next))
}
