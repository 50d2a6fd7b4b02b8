//! Messages that were received: deleted, or kept invisible for longer.

use lambent_service::{QueueHandle, Receipt};
use lambent_types::ErrorCode;
use serde::Deserialize;

use super::batch::{self, Done, Outcome};
use super::error::{fault, invalid_value, required, shown};
use super::{Nothing, address, receipt, receive};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol::Number;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteEntry {
    id: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteBatch {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "batch::entries")]
    entries: Vec<DeleteEntry>,
}

/// Reads the handle of a receipt.
fn read(handle: &QueueHandle<'_>, text: Option<&String>) -> Result<Receipt, Fault> {
    receipt::read(handle, required(text, "ReceiptHandle")?)
}

/// Deletes messages. Of a receipt that is not the last of its message nothing is said: SQS says that
/// all is well, and the message comes again.
async fn delete_all(handle: &QueueHandle<'_>, receipts: &[Receipt]) -> Result<(), Fault> {
    handle.delete_messages(receipts).await.map(drop).map_err(fault)
}

pub(super) async fn delete(call: &Call, wanted: DeleteMessage) -> Result<Nothing, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    handle.describe().await.map_err(fault)?;
    let receipt = read(&handle, wanted.receipt_handle.as_ref())?;
    delete_all(&handle, &[receipt]).await?;
    Ok(Nothing {})
}

pub(super) async fn delete_batch(call: &Call, wanted: DeleteBatch) -> Result<Outcome<Done>, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    handle.describe().await.map_err(fault)?;
    let ids = wanted.entries.iter().map(|entry| entry.id.as_deref());
    let ids = batch::ids("DeleteMessageBatchRequestEntry", ids)?;
    let entries = wanted.entries.iter();
    let receipts: Vec<_> =
        entries.map(|entry| read(&handle, entry.receipt_handle.as_ref())).collect();
    let good: Vec<_> = receipts.iter().filter_map(|one| one.as_ref().ok()).cloned().collect();
    delete_all(&handle, &good).await?;
    let done = |(id, receipt): (String, Result<Receipt, Fault>)| {
        (id.clone(), receipt.map(|_| Done { id }))
    };
    Ok(Outcome::of(ids.into_iter().zip(receipts).map(done)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeEntry {
    id: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeBatch {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "batch::entries")]
    entries: Vec<ChangeEntry>,
}

async fn change(
    handle: &QueueHandle<'_>,
    text: Option<&String>,
    time: Option<Number>,
) -> Result<(), Fault> {
    let receipt = read(handle, text)?;
    let time = required(receive::visibility(time)?, "VisibilityTimeout")?;
    handle.change_visibility(&receipt, time).await.map_err(|error| match error.code() {
        ErrorCode::ReceiptExpired => invalid_value(format!(
            "Value {} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is \
             not available for visibility timeout change.",
            shown(text.map_or("", String::as_str))
        )),
        _ => fault(error),
    })
}

pub(super) async fn change_visibility(
    call: &Call,
    wanted: ChangeVisibility,
) -> Result<Nothing, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    handle.describe().await.map_err(fault)?;
    change(&handle, wanted.receipt_handle.as_ref(), wanted.visibility_timeout).await?;
    Ok(Nothing {})
}

pub(super) async fn change_visibility_batch(
    call: &Call,
    wanted: ChangeBatch,
) -> Result<Outcome<Done>, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    handle.describe().await.map_err(fault)?;
    let ids = wanted.entries.iter().map(|entry| entry.id.as_deref());
    let ids = batch::ids("ChangeMessageVisibilityBatchRequestEntry", ids)?;
    let mut outcomes = Vec::new();
    for (id, entry) in ids.into_iter().zip(&wanted.entries) {
        let changed =
            change(&handle, entry.receipt_handle.as_ref(), entry.visibility_timeout).await;
        outcomes.push((id.clone(), changed.map(|()| Done { id })));
    }
    Ok(Outcome::of(outcomes))
}
