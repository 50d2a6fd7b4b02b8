//! What roles and policies have in common: one is changed at a time, and their labels.

use std::collections::BTreeMap;

use lambent_types::{Error, ErrorCode, bounds};

/// Labels with others set beside them or in their place: keys are told apart ignoring case.
pub(crate) fn tagged(
    tags: &BTreeMap<String, String>,
    set: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut all = without(tags, set.keys());
    all.extend(set);
    if all.len() > bounds::TAGS_MAX {
        return Err(full("tags", bounds::TAGS_MAX));
    }
    Ok(all)
}

/// Labels without those of some keys.
pub(crate) fn without<'k>(
    tags: &BTreeMap<String, String>,
    keys: impl Iterator<Item = &'k String>,
) -> BTreeMap<String, String> {
    let gone: Vec<String> = keys.map(|key| key.to_lowercase()).collect();
    let kept = tags.iter().filter(|(key, _)| !gone.contains(&key.to_lowercase()));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// There would be more of something than there may be.
pub(crate) fn full(what: &str, most: usize) -> Error {
    Error::new(ErrorCode::QuotaExceeded, format!("Cannot exceed quota for {what}: {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn a_label_takes_the_place_of_the_one_of_its_key() {
        let tags = of(&[("Team", "a"), ("stage", "dev")]);
        let set = tagged(&tags, of(&[("team", "b")])).unwrap();
        assert_eq!(set, of(&[("team", "b"), ("stage", "dev")]));
        assert_eq!(without(&tags, ["STAGE".to_owned()].iter()), of(&[("Team", "a")]));
        let many = (0..=bounds::TAGS_MAX).map(|n| (n.to_string(), String::new())).collect();
        assert_eq!(tagged(&tags, many).unwrap_err().code(), ErrorCode::QuotaExceeded);
    }
}
