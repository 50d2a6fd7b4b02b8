//! What holds of buckets and objects in every backend, apart from how they are stored.

use std::collections::BTreeMap;
use std::ops::Range;

use lambent_types::{VersionId, Versioning, bounds};
use md5::{Digest as _, Md5};

use super::{Condition, CopyObject, Object, ObjectError, Part, PutObject};
use crate::error::StorageError;

/// Most bytes of a media type.
const CONTENT_TYPE_BYTES_MAX: usize = 256;

/// Checks an object's key.
///
/// # Errors
/// It is empty or too long.
pub fn check_key(key: &str) -> Result<(), ObjectError> {
    let most = bounds::OBJECT_KEY_BYTES_MAX;
    match key.len() {
        0 => invalid(format!("an object's key is empty; give 1 to {most} bytes of UTF-8")),
        bytes if bytes > most => {
            invalid(format!("an object's key has {bytes} bytes; the most is {most}"))
        }
        _ => Ok(()),
    }
}

/// Checks what is to be written beside the bytes.
pub(crate) fn check_put(put: &PutObject) -> Result<(), ObjectError> {
    if let Some(content_type) = &put.content_type {
        let bytes = content_type.len();
        if !(1..=CONTENT_TYPE_BYTES_MAX).contains(&bytes) {
            return invalid(format!(
                "the content type has {bytes} bytes; give 1 to {CONTENT_TYPE_BYTES_MAX}"
            ));
        }
        if content_type.chars().any(char::is_control) {
            return invalid("the content type has a control character".into());
        }
    }
    for (name, value) in &put.metadata {
        check_metadata(name, value)?;
    }
    check_length("metadata", &put.metadata, bounds::OBJECT_METADATA_BYTES_MAX)?;
    for (name, value) in &put.headers {
        if !bounds::OBJECT_HEADERS.contains(&name.as_str()) {
            let kept = bounds::OBJECT_HEADERS.join(", ");
            return invalid(format!("header {name:?} is not kept with objects; there are: {kept}"));
        }
        if value.chars().any(char::is_control) {
            return invalid(format!("the value of header {name:?} has a control character"));
        }
    }
    check_length("headers", &put.headers, bounds::OBJECT_HEADERS_BYTES_MAX)?;
    check_tags(&put.tags)
}

/// Checks the tags of an object.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ObjectError> {
    let most = bounds::OBJECT_TAGS_MAX;
    if tags.len() > most {
        return invalid(format!("there are {} tags; an object has at most {most}", tags.len()));
    }
    for (key, value) in tags {
        let (key, value) = (key.chars().count(), value.chars().count());
        if !(1..=bounds::TAG_KEY_CHARS_MAX).contains(&key) {
            return invalid(format!(
                "a tag's key has {key} characters; give 1 to {}",
                bounds::TAG_KEY_CHARS_MAX
            ));
        }
        if value > bounds::TAG_VALUE_CHARS_MAX {
            return invalid(format!(
                "a tag's value has {value} characters; the most is {}",
                bounds::TAG_VALUE_CHARS_MAX
            ));
        }
    }
    Ok(())
}

/// What a copy of an object is written with.
pub fn copied(source: &Object, copy: CopyObject) -> PutObject {
    let CopyObject { put, keeps_metadata, keeps_tags, .. } = copy;
    let tags = if keeps_tags { source.tags.clone() } else { put.tags };
    let put = PutObject { tags, checksum: source.checksum.clone().into(), ..put };
    if !keeps_metadata {
        return put;
    }
    let Object { content_type, headers, metadata, .. } = source.clone();
    PutObject { content_type, headers, metadata, ..put }
}

fn check_length(
    what: &str,
    fields: &BTreeMap<String, String>,
    most: usize,
) -> Result<(), ObjectError> {
    let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes <= most {
        return Ok(());
    }
    invalid(format!("the object's {what} has {bytes} bytes; the most is {most}"))
}

/// Metadata travels in headers, so its names are those of headers.
fn check_metadata(name: &str, value: &str) -> Result<(), ObjectError> {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_.".contains(&c);
    if name.is_empty() || !name.bytes().all(allowed) {
        return invalid(format!("metadata name {name:?} is not one of a-z 0-9 - _ ."));
    }
    if value.chars().any(char::is_control) {
        return invalid(format!("the value of metadata {name:?} has a control character"));
    }
    Ok(())
}

/// Checks the number of a part.
pub(crate) fn check_part_number(number: u32) -> Result<(), ObjectError> {
    let most = bounds::PART_NUMBER_MAX;
    if (1..=most).contains(&number) {
        return Ok(());
    }
    invalid(format!("the part's number is {number}; it must be 1 to {most}"))
}

/// Refuses the byte beyond what one write may bring.
pub(crate) fn check_size(size: u64) -> Result<(), ObjectError> {
    let most = bounds::PART_BYTES_MAX;
    if size <= most {
        return Ok(());
    }
    invalid(format!("there are more than {most} bytes; write them in parts, as a multipart upload"))
}

/// Whether a change may be made of `key`, where this object is now, if any.
pub fn check_condition(
    key: &str,
    condition: &Condition,
    current: Option<&Object>,
) -> Result<(), ObjectError> {
    let etag = current.map(|object| object.etag.as_str());
    let met = match condition {
        Condition::None => true,
        Condition::Absent => etag.is_none(),
        Condition::Etag(wanted) => etag == Some(wanted),
        Condition::When(precondition) => {
            precondition.check(current.map(Object::validators)).is_ok()
        }
    };
    if met {
        return Ok(());
    }
    Err(ObjectError::Condition { key: key.to_owned(), current: etag.map(str::to_owned) })
}

/// Whether a bucket's versioning may become another.
pub fn check_versioning(now: Versioning, wanted: Versioning) -> Result<(), ObjectError> {
    if wanted.is_off() && !now.is_off() {
        return invalid(
            "a bucket that ever kept versions cannot forget that; suspend its versioning".into(),
        );
    }
    Ok(())
}

/// Whether an object stays as a former version where another takes its place.
pub const fn is_kept(versioning: Versioning, current: &Object) -> bool {
    match versioning {
        Versioning::Off => false,
        Versioning::Enabled => true,
        Versioning::Suspended => !current.is_null(),
    }
}

/// Which version a write is that has this number in its bucket.
pub fn new_version(
    versioning: Versioning,
    sequence: u64,
) -> Result<Option<VersionId>, StorageError> {
    Ok(match versioning {
        Versioning::Off => None,
        Versioning::Suspended => Some(VersionId::Null),
        Versioning::Enabled => {
            let chance = getrandom::u64().map_err(|error| {
                StorageError::unavailable("get random bytes for a version", error)
            })?;
            Some(VersionId::Made { sequence, chance })
        }
    })
}

/// The error if there is no such version or, if none was named, no object.
pub const fn missing(version: Option<VersionId>) -> ObjectError {
    match version {
        Some(_) => ObjectError::NoVersion,
        None => ObjectError::NoObject,
    }
}

/// The part of an object that a read is for.
pub fn clip(range: Option<Range<u64>>, size: u64) -> Result<Range<u64>, ObjectError> {
    match range {
        None => Ok(0..size),
        Some(range) if range.start >= size => Err(ObjectError::Range { size }),
        Some(range) => Ok(range.start..range.end.min(size).max(range.start)),
    }
}

/// Selects the parts of an upload that an object is to be made of, in their order.
pub fn select<P>(
    wanted: &[(u32, String)],
    mut have: impl FnMut(u32) -> Option<P>,
    part: impl Fn(&P) -> &Part,
) -> Result<Vec<P>, ObjectError> {
    if wanted.is_empty() {
        return invalid("no part is named; an object is made of at least one".into());
    }
    let mut selected: Vec<P> = Vec::with_capacity(wanted.len());
    let mut size = 0_u64;
    for (number, etag) in wanted {
        if let Some(before) = selected.last().map(&part) {
            if before.number >= *number {
                return invalid(format!(
                    "part {number} comes after part {}; name them in ascending order",
                    before.number
                ));
            }
            if before.size < bounds::PART_BYTES_MIN {
                return invalid(format!(
                    "part {} has {} bytes; every part but the last has at least {}",
                    before.number,
                    before.size,
                    bounds::PART_BYTES_MIN
                ));
            }
        }
        let found = have(*number);
        let Some(found) = found.filter(|found| part(found).etag == *etag) else {
            return invalid(format!("there is no part {number} with the etag {etag:?}"));
        };
        size = size.saturating_add(part(&found).size);
        selected.push(found);
    }
    if size > bounds::OBJECT_BYTES_MAX {
        return invalid(format!(
            "the parts have {size} bytes; an object has at most {}",
            bounds::OBJECT_BYTES_MAX
        ));
    }
    Ok(selected)
}

/// The etag of an object made of parts with these etags, by S3's rule.
pub fn multipart_etag<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Md5::new();
    let mut count = 0;
    for etag in parts {
        hash.update(bytes_of_hex(etag));
        count += 1;
    }
    format!("{}-{count}", hex(&hash.finalize()))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes_of_hex(text: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).unwrap_or_default() as u8;
    text.as_bytes()
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, c| byte << 4 | digit(*c)))
        .collect()
}

/// An id that cannot be guessed, of 32 lower-case hexadecimal digits.
pub fn random_id() -> Result<String, StorageError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| StorageError::unavailable("get random bytes for an id", error))?;
    Ok(hex(&bytes))
}

fn invalid<T>(what: String) -> Result<T, ObjectError> {
    Err(ObjectError::Invalid(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are what S3 answered for the same bytes.
    #[test]
    fn multipart_etags_are_those_of_s3() {
        let parts = ["d41d8cd98f00b204e9800998ecf8427e"];
        assert_eq!(multipart_etag(parts), "59adb24ef3cdbe0297f05b395827453f-1");
    }

    #[test]
    fn ranges_are_cut_to_the_object() {
        assert_eq!(clip(None, 0).unwrap(), 0..0);
        assert_eq!(clip(Some(2..u64::MAX), 5).unwrap(), 2..5);
        assert!(matches!(clip(Some(5..6), 5), Err(ObjectError::Range { size: 5 })));
        assert!(matches!(clip(Some(0..1), 0), Err(ObjectError::Range { size: 0 })));
    }
}
