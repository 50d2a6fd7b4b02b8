//! Batches: up to ten entries of one request, each of which succeeds or fails for itself.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::{empty_batch, entry_id, ids_not_distinct, required, shown, too_many_entries};
use crate::fault::Fault;

/// Most entries of a batch; SQS's.
const ENTRIES_MAX: usize = 10;
/// Most characters of the id of an entry; SQS's.
const ID_CHARS_MAX: usize = 80;

/// What became of the entries.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outcome<T> {
    successful: Vec<T>,
    failed: Vec<Failed>,
}

/// An entry that failed.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    sender_fault: bool,
    code: String,
    message: String,
}

/// An entry that succeeded, of which nothing else is told.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done {
    pub(super) id: String,
}

impl<T> Outcome<T> {
    /// Of each entry what became of it, with its id.
    pub(super) fn of(entries: impl IntoIterator<Item = (String, Result<T, Fault>)>) -> Self {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (id, result) in entries {
            match result {
                Ok(done) => successful.push(done),
                Err(fault) => failed.push(Failed {
                    id,
                    sender_fault: fault.is_of_client(),
                    code: fault.query_code.unwrap_or(&fault.code).to_owned(),
                    message: fault.message.into_owned(),
                }),
            }
        }
        Self { successful, failed }
    }
}

/// Reads the entries of a batch, and one more than there may be: of the others, each takes much more
/// memory than it is long.
pub(super) fn entries<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Few<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut entries = Vec::new();
            while entries.len() <= ENTRIES_MAX {
                match items.next_element()? {
                    Some(entry) => entries.push(entry),
                    None => return Ok(entries),
                }
            }
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(entries)
        }
    }
    deserializer.deserialize_seq(Few(PhantomData))
}

/// The ids of the entries of a batch, which are as they have to be. `kind` is what SQS calls an entry.
pub(super) fn ids<'e>(
    kind: &str,
    ids: impl IntoIterator<Item = Option<&'e str>>,
) -> Result<Vec<String>, Fault> {
    let ids: Vec<_> = ids.into_iter().collect();
    if ids.is_empty() {
        return Err(empty_batch(format!("There should be at least one {kind} in the request.")));
    }
    if ids.len() > ENTRIES_MAX {
        return Err(too_many_entries(format!(
            "Maximum number of entries per request are {ENTRIES_MAX}. You have sent more."
        )));
    }
    let mut known = BTreeSet::new();
    let check = |id: Option<&str>| {
        let id = required(id, "Id")?;
        let of_an_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if id.is_empty() || id.len() > ID_CHARS_MAX || !id.chars().all(of_an_id) {
            return Err(entry_id(
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
                 It can be at most 80 letters long.",
            ));
        }
        if !known.insert(id.to_owned()) {
            return Err(ids_not_distinct(format!("Id {} repeated.", shown(id))));
        }
        Ok(id.to_owned())
    };
    ids.into_iter().map(check).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_more_entries_are_read_than_are_refused() {
        let read = |count: usize| {
            let text = format!("[{}]", vec!["{}"; count].join(","));
            entries::<BTreeMap<String, String>, _>(&mut serde_json::Deserializer::from_str(&text))
        };
        assert_eq!([read(0), read(10), read(5000)].map(|read| read.unwrap().len()), [0, 10, 11]);
        assert!(entries::<u8, _>(&mut serde_json::Deserializer::from_str("{}")).is_err());
    }

    #[test]
    fn entries_are_few_and_have_ids_of_their_own() {
        let code = |given: &[&str]| {
            ids("Entry", given.iter().map(|id| Some(*id))).unwrap_err().code.into_owned()
        };
        assert_eq!(code(&[]), "EmptyBatchRequest");
        assert_eq!(code(&["a"; 11]), "TooManyEntriesInBatchRequest");
        assert_eq!(code(&["a", "a"]), "BatchEntryIdsNotDistinct");
        for wrong in ["", "a:b", "a b", "ä", &"a".repeat(81)] {
            assert_eq!(code(&[wrong]), "InvalidBatchEntryId", "{wrong}");
        }
        assert_eq!(ids("Entry", [Some("a_-1"), Some("b")]).unwrap(), ["a_-1", "b"]);
        assert!(ids("Entry", [None]).is_err());
    }
}
