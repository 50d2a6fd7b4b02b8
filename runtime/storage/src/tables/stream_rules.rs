//! What holds of streams in every backend.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambent_types::Origin;

use super::StreamChange;
use super::rules::weight;
use crate::error::StorageError;

/// How long a record can be read at least, and how long a stream after its end.
pub const STREAM_TIME: Duration = Duration::from_hours(24);
/// A page of records has no more bytes, unless it is one record.
pub const STREAM_PAGE_BYTES_MAX: u64 = 1 << 20;
/// Most records of a page.
const STREAM_PAGE_MAX: usize = 1000;
/// Most bytes that a reader notes.
const CHECKPOINT_BYTES_MAX: usize = 64 << 10;

/// How many records are read at once if so many are asked for.
pub(crate) fn page_limit(limit: usize) -> usize {
    limit.clamp(1, STREAM_PAGE_MAX)
}

/// Checks what a reader notes.
pub(crate) fn check_checkpoint(checkpoint: Option<&[u8]>) -> Result<(), StorageError> {
    match checkpoint.map(<[u8]>::len) {
        Some(bytes) if bytes > CHECKPOINT_BYTES_MAX => Err(StorageError::unavailable(
            "note where a reader is in its streams",
            format!("it has {bytes} bytes; the most is {CHECKPOINT_BYTES_MAX}"),
        )),
        _ => Ok(()),
    }
}

/// The label of a stream that is turned on now, and its time: later than the last there was.
#[must_use]
pub fn stream_label(now: Timestamp, last: Option<&str>) -> (String, Timestamp) {
    let text = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    let label = text(now);
    let Some(last) = last.filter(|last| **last >= *label) else { return (label, now) };
    let later = format!("{last}Z").parse::<Timestamp>().ok();
    let later = later.and_then(|last| last.checked_add(SignedDuration::from_millis(1)).ok());
    later.map_or((label, now), |later| (text(later), later))
}

/// What led to a change, as it is kept with its record: nothing if it came from outside.
#[must_use]
pub fn origin_text(origin: &Origin) -> Option<String> {
    // Of serde_json's errors none can be: the keys of its maps are texts.
    (*origin != Origin::default()).then(|| serde_json::to_string(origin).unwrap_or_default())
}

/// What a record counts against the quota.
#[must_use]
pub fn stream_weight(change: &StreamChange) -> i64 {
    let origin = origin_text(&change.origin).map_or(0, |text| text.len());
    weight(change.record.size + origin as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_aws_and_never_repeat() {
        let now: Timestamp = "2015-05-11T21:21:33.291Z".parse().unwrap();
        let (label, created) = stream_label(now, None);
        assert_eq!((label.as_str(), created), ("2015-05-11T21:21:33.291", now));
        assert_eq!(stream_label(now, Some(&label)).0, "2015-05-11T21:21:33.292");
        // The clock was set back.
        let last = "2016-12-31T23:59:59.999";
        assert_eq!(stream_label(now, Some(last)).0, "2017-01-01T00:00:00.000");
        assert_eq!(stream_label(now, Some("2014-12-31T23:59:59.999")).0, label);
    }
}
