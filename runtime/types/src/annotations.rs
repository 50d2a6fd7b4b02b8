use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::limits::bounds;

/// What tools note of a function, a queue or a schedule for themselves: a node keeps it with each version, gives
/// it back, and does nothing by it. Keys are `[a-z0-9.-]{1,64}`; a tool begins its own with its name and a dot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, String>)]
pub struct Annotations(pub BTreeMap<String, String>);

impl Annotations {
    /// What is noted under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether nothing is noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks keys and size.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming what is out of bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        let of_a_key =
            |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'-');
        let fits = |key: &str| (1..=64).contains(&key.len()) && key.bytes().all(of_a_key);
        if let Some(key) = self.0.keys().find(|key| !fits(key)) {
            let shown: String = key.chars().take(64).collect();
            return invalid(format!(
                "annotation {shown:?} has a key that is not 1 to 64 characters of a-z 0-9 . -"
            ));
        }
        let bytes: usize = self.0.iter().map(|(key, value)| key.len() + value.len()).sum();
        if bytes > bounds::ANNOTATIONS_BYTES_MAX {
            return invalid(format!(
                "the annotations are {bytes} bytes; the most is {}",
                bounds::ANNOTATIONS_BYTES_MAX
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_size_are_bounded() {
        let told = |key: &str, value: &str| {
            let annotations = Annotations(BTreeMap::from([(key.to_owned(), value.to_owned())]));
            annotations.validate().map_err(|error| error.detail().to_owned())
        };
        assert_eq!(told("aws.lambda", "{}"), Ok(()));
        assert!(
            told("", "x").is_err()
                && told("A", "x").is_err()
                && told(&"a".repeat(65), "x").is_err()
        );
        let large = "x".repeat(bounds::ANNOTATIONS_BYTES_MAX);
        assert_eq!(
            told("a", &large).unwrap_err(),
            "the annotations are 16385 bytes; the most is 16384"
        );
    }
}
