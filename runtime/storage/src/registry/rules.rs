//! What every change to the registry means, apart from how it is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambent_types::{
    Alias, AliasName, Aliases, Code, Concurrency, ConcurrencyChange, Digest, Function,
    FunctionVersion, Progress, ProvisionedFor, Qualifier, Revision, VersionNumber, bounds,
};

use crate::error::{ConcurrencyRefused, StorageError, WriteError};
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

fn check(current: Option<Revision>, expected: Option<Expected>) -> Result<(), WriteError> {
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
    check(Some(function.revision), expected)?;
    Ok(function)
}

const fn next(revision: Revision) -> Revision {
    Revision(revision.0 + 1)
}

/// The function after its head was set to `head`. `retired` is the highest
/// revision that any deleted function had, or an alias of one.
pub fn put(
    current: Option<&Function>,
    mut head: FunctionVersion,
    expected: Option<Expected>,
    retired: Revision,
) -> Result<Function, WriteError> {
    check(current.map(|function| function.revision), expected)?;
    head.version = VersionNumber::Latest;
    let Some(current) = current else {
        let created = head.created;
        let latest = Arc::new(head);
        return Ok(Function {
            latest,
            revision: next(retired),
            last_version: 0,
            created,
            aliases: Aliases::default(),
            alias_revision: retired,
            concurrency: Concurrency::default(),
        });
    };
    head.namespace = current.latest.namespace.clone();
    head.name = current.latest.name.clone();
    let revision = next(current.revision);
    Ok(Function { latest: Arc::new(head), revision, ..current.clone() })
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

/// The last revision of a function that is to be deleted, and of its aliases.
pub fn delete(
    current: Option<&Function>,
    expected: Option<Expected>,
) -> Result<Revision, WriteError> {
    let current = existing(current, expected)?;
    Ok(next(current.revision).max(current.alias_revision))
}

/// The function after one of its versions, if it `exists`, was deleted.
pub fn delete_version(
    current: Option<&Function>,
    number: u64,
    exists: bool,
) -> Result<Function, WriteError> {
    let current = existing(current, None)?;
    if !exists {
        return Err(WriteError::VersionNotFound);
    }
    if let Some(alias) = current.aliases.leading_to(number) {
        return Err(WriteError::VersionInUse { alias: alias.name.clone() });
    }
    let mut function = Function { revision: next(current.revision), ..current.clone() };
    function.concurrency.provision(&Qualifier::Version(number), None);
    Ok(function)
}

/// The function after an alias was put. `exists` says whether it has a version of a number.
pub fn put_alias(
    current: Option<&Function>,
    mut alias: Alias,
    expected: Option<Expected>,
    exists: impl Fn(u64) -> Result<bool, StorageError>,
) -> Result<Function, WriteError> {
    let mut function = existing(current, None)?.clone();
    let former = function.aliases.get(&alias.name);
    check(former.map(|alias| alias.revision), expected)?;
    match former {
        Some(former) => {
            alias.name = former.name.clone();
            alias.created = former.created;
        }
        None if function.aliases.len() >= bounds::ALIASES_MAX => {
            return Err(WriteError::TooManyAliases);
        }
        None => alias.created = alias.changed,
    }
    for number in alias.settings.numbers() {
        if !exists(number)? {
            return Err(WriteError::VersionNotFound);
        }
    }
    let named = Qualifier::Alias(alias.name.clone());
    let to_head = alias.settings.version == VersionNumber::Latest;
    if to_head && function.concurrency.of(&named).is_some() {
        return Err(ConcurrencyRefused::Head.into());
    }
    alias.revision = next(function.alias_revision);
    function.alias_revision = alias.revision;
    function.aliases.put(alias);
    Ok(function)
}

/// The function after an alias was deleted.
pub fn delete_alias(
    current: Option<&Function>,
    name: &AliasName,
    expected: Option<Expected>,
) -> Result<Function, WriteError> {
    let mut function = existing(current, None)?.clone();
    let alias = function.aliases.get(name).ok_or(WriteError::AliasNotFound)?;
    check(Some(alias.revision), expected)?;
    function.aliases.remove(name);
    function.concurrency.provision(&Qualifier::Alias(name.clone()), None);
    Ok(function)
}

/// The function after it was noted how far the release of an alias at a revision has come.
pub fn note_progress(
    current: Option<&Function>,
    (name, revision): (&AliasName, Revision),
    progress: Progress,
) -> Result<Function, WriteError> {
    let mut function = existing(current, None)?.clone();
    let alias = function.aliases.get(name).ok_or(WriteError::AliasNotFound)?;
    check(Some(alias.revision), Some(Expected::Revision(revision)))?;
    function.aliases.note(name, progress);
    Ok(function)
}

/// Whether a release of an alias of a function is under way.
#[must_use]
pub fn is_releasing(function: &Function) -> bool {
    function.aliases.iter().any(|alias| alias.active_release().is_some())
}

/// What of a namespace's invocations at once is reserved.
#[derive(Debug, Clone, Copy)]
pub struct Reserved {
    /// How many it may run at once.
    pub limit: u64,
    /// How many are reserved for its functions in all.
    pub reserved: u64,
}

/// The most that has to stay unreserved: what Lambda keeps in an account.
const UNRESERVED_MAX: u64 = 100;

impl Reserved {
    /// Refuses to set aside so much for a function that has `own` reserved.
    fn check(self, asked: u64, own: u64) -> Result<(), ConcurrencyRefused> {
        let Self { limit, reserved } = self;
        let reserved = reserved.saturating_sub(own);
        let kept = limit.div_ceil(10).min(UNRESERVED_MAX);
        let left = limit.saturating_sub(kept).saturating_sub(reserved);
        // What takes away, or changes nothing, is never refused.
        if asked > left && asked > own {
            return Err(ConcurrencyRefused::Unreserved { asked, limit, reserved, kept, left });
        }
        Ok(())
    }
}

/// The function after what is set aside for it was changed. `exists` says whether it has a version
/// of a number.
pub fn set_concurrency(
    current: Option<&Function>,
    change: ConcurrencyChange,
    of_namespace: Reserved,
    exists: impl Fn(u64) -> Result<bool, StorageError>,
) -> Result<Function, WriteError> {
    let mut function = existing(current, None)?.clone();
    let own = function.concurrency.reserved.map_or(0, u64::from);
    match change {
        ConcurrencyChange::Reserve(None) => function.concurrency.reserved = None,
        ConcurrencyChange::Reserve(Some(reserved)) => {
            let (asked, provisioned) = (reserved.into(), function.concurrency.instances(None));
            if provisioned > asked {
                let refused = ConcurrencyRefused::Provisioned { provisioned, reserved: asked };
                return Err(refused.into());
            }
            of_namespace.check(asked, own)?;
            function.concurrency.reserved = Some(reserved);
        }
        ConcurrencyChange::Provision(wanted) => {
            provision(&mut function, wanted, of_namespace, exists)?
        }
        ConcurrencyChange::Unprovision(qualifier) => {
            if function.concurrency.of(&qualifier).is_none() {
                return Err(ConcurrencyRefused::NotProvisioned.into());
            }
            function.concurrency.provision(&qualifier, None);
        }
    }
    Ok(function)
}

fn provision(
    function: &mut Function,
    wanted: ProvisionedFor,
    of_namespace: Reserved,
    exists: impl Fn(u64) -> Result<bool, StorageError>,
) -> Result<(), WriteError> {
    match &wanted.qualifier {
        Qualifier::Latest => return Err(ConcurrencyRefused::Head.into()),
        Qualifier::Version(number) if !exists(*number)? => return Err(WriteError::VersionNotFound),
        Qualifier::Version(_) => {}
        Qualifier::Alias(alias) => {
            let alias = function.aliases.get(alias).ok_or(WriteError::AliasNotFound)?;
            if alias.settings.version == VersionNumber::Latest {
                return Err(ConcurrencyRefused::Head.into());
            }
        }
    }
    let others = function.concurrency.instances(Some(&wanted.qualifier));
    let provisioned = others + u64::from(wanted.instances);
    match function.concurrency.reserved.map(u64::from) {
        Some(reserved) if provisioned > reserved => {
            return Err(ConcurrencyRefused::Provisioned { provisioned, reserved }.into());
        }
        Some(_) => {}
        None => of_namespace.check(provisioned, 0)?,
    }
    let qualifier = wanted.qualifier.clone();
    function.concurrency.provision(&qualifier, Some(wanted));
    Ok(())
}
