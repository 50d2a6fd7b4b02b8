//! Labels of secrets and parameters, whose keys are told apart by case.

use std::collections::BTreeMap;

use lambent_types::{Error, ErrorCode, bounds};

/// What the keys of AWS's own labels begin with.
const RESERVED: &str = "aws:";

/// Sets labels beside others or in their place.
pub(crate) fn set_tags(
    tags: &mut BTreeMap<String, String>,
    set: &BTreeMap<String, String>,
) -> Result<(), Error> {
    for (key, value) in set {
        let fits = (1..=bounds::TAG_KEY_CHARS_MAX).contains(&key.chars().count())
            && value.chars().count() <= bounds::TAG_VALUE_CHARS_MAX;
        if !fits {
            let detail = format!(
                "A tag has a key of 1 to {} characters and a value of at most {}",
                bounds::TAG_KEY_CHARS_MAX,
                bounds::TAG_VALUE_CHARS_MAX
            );
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
        if key.get(..RESERVED.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(RESERVED)) {
            let detail = "A tag key can't begin with aws:, which is reserved for AWS use.";
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
        tags.insert(key.clone(), value.clone());
    }
    if tags.len() > bounds::TAGS_MAX {
        let detail = format!("There would be more than {} tags.", bounds::TAGS_MAX);
        return Err(Error::new(ErrorCode::QuotaExceeded, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Result<BTreeMap<String, String>, ErrorCode> {
        let mut tags = BTreeMap::from([("Team".to_owned(), "a".to_owned())]);
        let pairs = pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        set_tags(&mut tags, &pairs).map(|()| tags).map_err(|error| error.code())
    }

    #[test]
    fn labels_are_bounded_and_their_keys_told_apart_by_case() {
        assert_eq!(set(&[("team", "b")]).unwrap().len(), 2);
        assert_eq!(set(&[("Team", "b")]).unwrap()["Team"], "b");
        for (key, value) in [("", ""), ("aws:x", ""), ("AWS:x", ""), (&*"k".repeat(129), "")] {
            assert_eq!(set(&[(key, value)]), Err(ErrorCode::InvalidConfiguration), "{key}");
        }
        assert_eq!(set(&[("k", &"v".repeat(257))]), Err(ErrorCode::InvalidConfiguration));
        let many: Vec<String> = (0..bounds::TAGS_MAX).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(|key| (key.as_str(), "")).collect();
        assert_eq!(set(&many), Err(ErrorCode::QuotaExceeded));
    }
}
