//! What of a request is out of bounds, whatever object it is about.

use lambent_types::{VersionId, bounds};
use s3s::{S3Result, s3_error};

/// The version that a request names.
pub(super) fn version(named: Option<&str>) -> S3Result<Option<VersionId>> {
    match named {
        None => Ok(None),
        Some("") => Err(s3_error!(InvalidArgument, "Version id cannot be the empty string")),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| s3_error!(InvalidArgument, "Invalid version id specified")),
    }
}

/// Refuses what no request may bring at once.
pub(super) fn check_length(length: Option<i64>) -> S3Result<()> {
    if length.is_some_and(|length| {
        u64::try_from(length).is_ok_and(|bytes| bytes > bounds::PART_BYTES_MAX)
    }) {
        return Err(s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed size"
        ));
    }
    Ok(())
}

pub(super) fn check_key(key: &str) -> S3Result<()> {
    match key.len() > bounds::OBJECT_KEY_BYTES_MAX {
        true => Err(s3_error!(KeyTooLongError, "Your key is too long")),
        false => Ok(()),
    }
}
