//! What every change to the registry means, apart from how it is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambent_types::{Code, Digest, Function, FunctionVersion, Revision, VersionNumber};

use crate::error::{StorageError, WriteError};
use crate::registry::Expected;

/// By how many bytes a namespace holds more code when a head with `new` takes the place of one
/// with `old`. What several heads and versions have counts once: `uses` says how many have it now.
pub fn code_delta(
    new: &Code,
    old: Option<&Code>,
    uses: impl Fn(Digest) -> Result<u64, StorageError>,
) -> Result<i64, StorageError> {
    let mut parts: BTreeMap<Digest, (u64, i64)> = BTreeMap::new();
    let old = old.into_iter().flat_map(Code::parts).map(|part| (part, -1));
    for ((digest, bytes), change) in new.parts().map(|part| (part, 1)).chain(old) {
        let part = parts.entry(digest).or_insert((bytes, 0));
        part.1 += change;
    }
    let mut delta = 0;
    for (digest, (bytes, change)) in parts {
        let now = i64::try_from(uses(digest)?).unwrap_or(i64::MAX);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let held = |uses| if uses > 0 { bytes } else { 0 };
        delta += held(now.saturating_add(change)) - held(now);
    }
    Ok(delta)
}

fn check(current: Option<&Function>, expected: Option<Expected>) -> Result<(), WriteError> {
    let current = current.map(|function| function.revision);
    let met = match expected {
        None => true,
        Some(Expected::Absent) => current.is_none(),
        Some(Expected::Revision(revision)) => current == Some(revision),
    };
    if met { Ok(()) } else { Err(WriteError::Conflict { current }) }
}

fn existing(
    current: Option<&Function>,
    expected: Option<Expected>,
) -> Result<&Function, WriteError> {
    let function = current.ok_or(WriteError::NotFound)?;
    check(current, expected)?;
    Ok(function)
}

const fn next(revision: Revision) -> Revision {
    Revision(revision.0 + 1)
}

/// The function after its head was set to `head`. `retired` is the highest
/// revision that any deleted function had.
pub fn put(
    current: Option<&Function>,
    mut head: FunctionVersion,
    expected: Option<Expected>,
    retired: Revision,
) -> Result<Function, WriteError> {
    check(current, expected)?;
    head.version = VersionNumber::Latest;
    let Some(current) = current else {
        let created = head.created;
        let latest = Arc::new(head);
        return Ok(Function { latest, revision: next(retired), last_version: 0, created });
    };
    head.namespace = current.latest.namespace.clone();
    head.name = current.latest.name.clone();
    Ok(Function {
        latest: Arc::new(head),
        revision: next(current.revision),
        last_version: current.last_version,
        created: current.created,
    })
}

/// The function and its new version after its head was published.
pub fn publish(
    current: Option<&Function>,
    expected: Option<Expected>,
) -> Result<(Function, FunctionVersion), WriteError> {
    let current = existing(current, expected)?;
    let number = current.last_version + 1;
    let version =
        FunctionVersion { version: VersionNumber::Number(number), ..(*current.latest).clone() };
    let function =
        Function { revision: next(current.revision), last_version: number, ..current.clone() };
    Ok((function, version))
}

/// The last revision of a function that is to be deleted.
pub fn delete(
    current: Option<&Function>,
    expected: Option<Expected>,
) -> Result<Revision, WriteError> {
    Ok(next(existing(current, expected)?.revision))
}

/// The function after one of its versions, if it `exists`, was deleted.
pub fn delete_version(current: Option<&Function>, exists: bool) -> Result<Function, WriteError> {
    let current = existing(current, None)?;
    if !exists {
        return Err(WriteError::VersionNotFound);
    }
    Ok(Function { revision: next(current.revision), ..current.clone() })
}
