//! Receipt handles as clients give them.

use lambent_dispatch::receipt_of_handle;
use lambent_service::{QueueHandle, Receipt};

use super::error::{receipt_handle, shown};
use crate::fault::Fault;

/// The receipt of a handle that was given out by this queue.
pub(super) fn read(queue: &QueueHandle<'_>, handle: &str) -> Result<Receipt, Fault> {
    receipt_of_handle(queue.name(), handle).ok_or_else(|| {
        let handle = shown(handle);
        receipt_handle(format!(
            "The input receipt handle \"{handle}\" is not a valid receipt handle."
        ))
    })
}
