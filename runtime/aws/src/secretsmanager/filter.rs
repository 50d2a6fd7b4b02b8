//! Which secrets of a list are meant, and which of these are on a page.

use lambent_service::Secret;
use serde::Deserialize;

use super::error::{invalid, next_token};
use crate::fault::Fault;
use crate::page_request::PageRequest;
use crate::validation::Violations;

/// Most filters of a request, and most values of one; Secrets Manager's.
const FILTERS_MAX: usize = 10;
const KEYS: [&str; 7] =
    ["description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all"];

/// A filter as a request gives it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    key: Option<String>,
    values: Option<Vec<String>>,
}

/// The secrets that every filter lets through.
pub(super) fn matching(all: Vec<Secret>, filters: &[Filter]) -> Result<Vec<Secret>, Fault> {
    let mut violations = Violations::default();
    violations.count("filters", filters.len(), FILTERS_MAX);
    for (at, filter) in filters.iter().enumerate() {
        let key = filter.key.as_deref().unwrap_or_default();
        let member = format!("filters.{}.member.key", at + 1);
        let set = format!("satisfy enum value set: [{}]", KEYS.join(", "));
        violations.check(KEYS.contains(&key), &member, key, &set);
        let values = filter.values.as_ref().map_or(0, Vec::len);
        violations.count(&format!("filters.{}.member.values", at + 1), values, FILTERS_MAX);
    }
    violations.finish()?;
    if let Some(empty) =
        filters.iter().find(|filter| filter.values.as_ref().is_none_or(Vec::is_empty))
    {
        let key = empty.key.as_deref().unwrap_or_default();
        return Err(invalid(format!("Invalid filter values for key: {key}")));
    }
    Ok(all.into_iter().filter(|secret| filters.iter().all(|it| it.lets_through(secret))).collect())
}

/// The page of secrets that are in the order of their names, and after which name the next begins.
pub(super) fn page(
    mut all: Vec<Secret>,
    wanted: &PageRequest,
    most: usize,
) -> Result<(Vec<Secret>, Option<String>), Fault> {
    let (limit, after) = wanted.read(most, next_token)?;
    if let Some(after) = after {
        all.retain(|secret| secret.name.as_str() > after.as_str());
    }
    let more = all.len() > limit;
    all.truncate(limit);
    let last = all.last().filter(|_| more).map(|secret| secret.name.to_string());
    Ok((all, last))
}

impl Filter {
    /// Whether a value fits and none that is negated does.
    fn lets_through(&self, secret: &Secret) -> bool {
        let values = self.values.as_deref().unwrap_or_default();
        let (negated, plain): (Vec<&String>, Vec<&String>) =
            values.iter().partition(|value| value.starts_with('!'));
        let fits = |value: &str| self.fits(secret, value);
        (plain.is_empty() || plain.into_iter().any(|value| fits(value)))
            && !negated.into_iter().any(|value| fits(&value[1..]))
    }

    fn fits(&self, secret: &Secret, value: &str) -> bool {
        let name = secret.name.as_str();
        let description = secret.description.as_deref().unwrap_or_default();
        let mut tags = secret.tags.iter();
        match self.key.as_deref() {
            Some("name") => name.starts_with(value),
            Some("tag-key") => tags.any(|(key, _)| key.starts_with(value)),
            Some("tag-value") => tags.any(|(_, of)| of.starts_with(value)),
            Some("description") => has_words([description].into_iter(), value),
            Some("all") => {
                let texts = tags.flat_map(|(key, of)| [key.as_str(), of.as_str()]);
                has_words([name, description].into_iter().chain(texts), value)
            }
            // No secret is of another region or of a service of AWS's.
            _ => false,
        }
    }
}

/// Whether every word begins one of the texts' words, whatever its case.
fn has_words<'t>(texts: impl Iterator<Item = &'t str>, value: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let of_texts: Vec<String> = texts.flat_map(words).collect();
    let wanted = words(value);
    !wanted.is_empty()
        && wanted.iter().all(|wanted| of_texts.iter().any(|word| word.starts_with(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_beginnings() {
        let texts = || ["prod/db-password", "The Main database"].into_iter();
        for value in ["prod", "DB", "main data", "pass/prod"] {
            assert!(has_words(texts(), value), "{value}");
        }
        for value in ["", "/", "word", "main other"] {
            assert!(!has_words(texts(), value), "{value}");
        }
    }
}
