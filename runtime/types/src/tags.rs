//! Labels of functions and queues, for people and tools.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::limits::bounds;

/// Checks tags.
///
/// # Errors
/// `InvalidConfiguration`, naming the tag that is wrong.
pub fn validate(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
    if tags.len() > bounds::TAGS_MAX {
        return invalid(format!("there are {} tags; the most is {}", tags.len(), bounds::TAGS_MAX));
    }
    for (key, value) in tags {
        let fits = !key.is_empty()
            && key.chars().count() <= bounds::TAG_KEY_CHARS_MAX
            && value.chars().count() <= bounds::TAG_VALUE_CHARS_MAX;
        if !fits {
            return invalid(format!(
                "tag {:?} must have a key of 1 to {} characters and a value of at most {}",
                key.chars().take(40).collect::<String>(),
                bounds::TAG_KEY_CHARS_MAX,
                bounds::TAG_VALUE_CHARS_MAX
            ));
        }
    }
    Ok(())
}
