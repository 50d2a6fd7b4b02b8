//! The end of an invocation's log, as Lambda gives it.

use lambent_types::{Configuration, InvocationRecord};

use crate::report;

/// Most bytes of it; Lambda's.
const BYTES_MAX: usize = 4096;

/// What an invocation wrote, between Lambda's own lines, or the end of it.
pub(super) fn tail(record: &InvocationRecord, configuration: &Configuration) -> String {
    let mut text = report::lines(record, configuration.memory_bytes).concat();
    let from = text.len().saturating_sub(BYTES_MAX);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.split_off(from)
}
