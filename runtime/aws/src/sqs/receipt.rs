//! Receipt handles: the receipt that a queue gave, and whose it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_service::{QueueHandle, Receipt};

use super::error::{receipt_handle, shown};
use crate::fault::Fault;

/// Between the name of the queue, which has none of it, and the receipt.
const SEPARATOR: char = '/';

/// The handle of a receipt.
pub(super) fn handle(queue: &QueueHandle<'_>, receipt: &Receipt) -> String {
    STANDARD.encode(format!("{}{SEPARATOR}{}", queue.name().key(), receipt.0))
}

/// The receipt of a handle that was given out by this queue.
pub(super) fn read(queue: &QueueHandle<'_>, handle: &str) -> Result<Receipt, Fault> {
    let text = STANDARD.decode(handle).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let found = text.as_deref().and_then(|text| text.split_once(SEPARATOR));
    match found {
        Some((name, receipt)) if name == queue.name().key() => Ok(Receipt(receipt.to_owned())),
        _ => {
            let handle = shown(handle);
            let message =
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
            Err(receipt_handle(message))
        }
    }
}
