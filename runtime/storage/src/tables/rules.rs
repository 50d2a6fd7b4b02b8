//! What holds of tables and items in every backend, apart from how they are stored.

use std::time::Duration;

use jiff::Timestamp;
use lambent_tables::{Index, IndexName, Invalid, Item, Key, KeySchema, TableDefinition, Value};

use super::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, PAGE_BYTES_MAX, Refusal, TableAction, TableError,
    TableWrite, TransactionToken, keys,
};

/// Most writes of a transaction, and most items that are read at once.
const AT_ONCE_MAX: usize = 100;
/// Most bytes of what a transaction writes.
const TRANSACTION_BYTES_MAX: usize = 4 << 20;
/// Most bytes of a token.
const TOKEN_BYTES_MAX: usize = 36;
/// Most segments of a scan.
const SEGMENTS_MAX: u32 = 1_000_000;
/// What an item counts against the quota beside its bytes: its row, its checksum and its place in
/// the database, about. It is what DynamoDB adds to an item when it counts storage.
const ITEM_OVERHEAD: i64 = 100;
/// Items that are read at once end with the one by which they have so many bytes.
pub const GET_BYTES_MAX: usize = 16 << 20;
/// How long a token is known.
pub const TOKEN_TIME: Duration = Duration::from_mins(10);
/// Items whose time was over longer ago stay: whoever writes such a time means something else.
const EXPIRED_MAX_SECONDS: i64 = 5 * 365 * 24 * 60 * 60;

fn invalid<T>(text: impl Into<String>) -> Result<T, TableError> {
    Err(TableError::Invalid(Invalid::new(text)))
}

/// Checks what a table is to be.
pub(crate) fn check_definition(definition: &TableDefinition) -> Result<(), TableError> {
    Ok(definition.check()?)
}

/// Checks how many items are asked for.
pub(crate) fn check_places(places: &[ItemPlace]) -> Result<(), TableError> {
    if places.len() > AT_ONCE_MAX {
        let count = places.len();
        return invalid(format!("{count} items are asked for; the most is {AT_ONCE_MAX}"));
    }
    Ok(())
}

/// Checks how much a transaction is.
pub(crate) fn check_writes(
    writes: &[TableWrite],
    token: Option<&TransactionToken>,
) -> Result<(), TableError> {
    if writes.len() > AT_ONCE_MAX {
        let count = writes.len();
        return invalid(format!("a transaction has {count} writes; the most is {AT_ONCE_MAX}"));
    }
    let bytes: usize = writes.iter().map(size).sum();
    if bytes > TRANSACTION_BYTES_MAX {
        return invalid(format!(
            "a transaction has {bytes} bytes of items; the most is {TRANSACTION_BYTES_MAX}"
        ));
    }
    match token.map(|token| token.token.len()) {
        Some(bytes) if !(1..=TOKEN_BYTES_MAX).contains(&bytes) => invalid(format!(
            "the token of a transaction has {bytes} bytes; give 1 to {TOKEN_BYTES_MAX}"
        )),
        _ => Ok(()),
    }
}

/// Checks a query apart from what depends on the table.
pub(crate) fn check_query(query: &ItemQuery) -> Result<(), TableError> {
    check_limit(query.limit)
}

/// Checks a scan apart from what depends on the table.
pub(crate) fn check_scan(scan: &ItemScan) -> Result<(), TableError> {
    if let Some((which, of)) = scan.segment
        && (of > SEGMENTS_MAX || which >= of)
    {
        return invalid(format!(
            "there is no segment {which} of {of}; give one below the number of segments, of which \
             there are 1 to {SEGMENTS_MAX}"
        ));
    }
    check_limit(scan.limit)
}

fn check_limit(limit: Option<usize>) -> Result<(), TableError> {
    if limit == Some(0) { invalid("the limit is 0; give more, or none") } else { Ok(()) }
}

/// How many bytes a write is known to have before it is made.
#[must_use]
pub fn size(write: &TableWrite) -> usize {
    match &write.action {
        TableAction::Put(item) => item.size(),
        TableAction::Update(key, _) | TableAction::Delete(key) | TableAction::Check(key) => {
            key.size()
        }
    }
}

/// Whether writes only take away.
#[must_use]
pub fn only_deletes(writes: &[TableWrite]) -> bool {
    let takes =
        |action: &TableAction| matches!(action, TableAction::Delete(_) | TableAction::Check(_));
    writes.iter().all(|write| takes(&write.action))
}

/// The key of the item that a write is of.
///
/// # Errors
/// It is none of the table, or the update would change it.
pub fn key_of(definition: &TableDefinition, action: &TableAction) -> Result<Key, Invalid> {
    match action {
        TableAction::Put(item) => definition.key_of(item),
        TableAction::Update(key, update) => {
            update.check(definition)?;
            definition.key.key_from(key)
        }
        TableAction::Delete(key) | TableAction::Check(key) => definition.key.key_from(key),
    }
}

/// What a write makes of an item.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing.
    Stays,
    /// This.
    Becomes(Item),
    /// Its deletion.
    Goes,
}

/// Decides what a write makes of the item that is there.
///
/// # Errors
/// The condition does not hold, or the new item is none that the table takes.
pub fn decide(
    write: &TableWrite,
    (definition, key): (&TableDefinition, &Key),
    current: Option<&Item>,
) -> Result<Outcome, Refusal> {
    if write.condition.as_ref().is_some_and(|condition| !condition.holds(current)) {
        return Err(Refusal::Condition(current.filter(|_| write.returns).cloned()));
    }
    match &write.action {
        TableAction::Put(item) => Ok(Outcome::Becomes(item.clone())),
        TableAction::Delete(_) => Ok(current.map_or(Outcome::Stays, |_| Outcome::Goes)),
        TableAction::Check(_) => Ok(Outcome::Stays),
        TableAction::Update(_, update) => {
            let absent = || definition.key.attributes_of(key);
            let new = match current {
                Some(item) => update.apply(item),
                None => update.apply(&absent()),
            };
            // The key stays, as the update was checked for.
            let new = new.and_then(|new| definition.key_of(&new).map(|_| new));
            new.map(Outcome::Becomes).map_err(Refusal::Invalid)
        }
    }
}

/// The error of a transaction that has one item twice.
#[must_use]
pub fn twice() -> TableError {
    let text = "Transaction request cannot include multiple operations on one item";
    TableError::Invalid(Invalid::new(text))
}

/// Checks that a table may become what `new` says.
///
/// # Errors
/// Something changes that never does.
pub fn check_update(old: &TableDefinition, new: &TableDefinition) -> Result<(), Invalid> {
    if old.key != new.key {
        return Err(Invalid::parameter("the key of a table never changes"));
    }
    if old.local_indexes != new.local_indexes {
        return Err(Invalid::parameter("the local indexes of a table never change"));
    }
    if let (Some(there), Some(wanted)) = (old.stream, new.stream)
        && there != wanted
    {
        return Err(Invalid::new(format!(
            "Table already has an enabled stream, of {}: turn it off first, and on again as another",
            there.aws_name()
        )));
    }
    let other = new
        .global_indexes
        .iter()
        .find(|(name, index)| old.global_indexes.get(*name).is_some_and(|there| there != *index));
    match other {
        Some((name, _)) => Err(Invalid::parameter(format!(
            "index {name} is there with another key or projection; delete it first"
        ))),
        None => Ok(()),
    }
}

/// Whether a page ends with the items that it has.
#[must_use]
pub fn is_full(page: &ItemPage, limit: Option<usize>) -> bool {
    page.bytes >= PAGE_BYTES_MAX || limit == Some(page.items.len())
}

/// What an item of so many bytes counts against the quota, but for its places in indexes.
#[must_use]
pub fn weight(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX).saturating_add(ITEM_OVERHEAD)
}

/// The place of an item in an index, if it is in it.
#[must_use]
pub fn place(index: &Index, item: &Item) -> Option<Vec<u8>> {
    index.key.place_of(item).filter(keys::is_usable).map(|place| keys::bytes(&place))
}

/// What an index keeps of an item, in bytes: its place there, and its key in the table.
#[must_use]
pub fn index_weight(place: &[u8], key: &[u8]) -> i64 {
    (place.len() + key.len()) as i64
}

/// When an item is to be deleted, in seconds, if its attribute says so.
#[must_use]
pub fn expires(definition: &TableDefinition, item: &Item) -> Option<i64> {
    let Value::N(number) = item.get(definition.time_to_live.as_ref()?)? else { return None };
    // Parts of a second do not matter, and what has an exponent is no time.
    let text = number.to_string();
    text.split('.').next().and_then(|seconds| seconds.parse().ok())
}

/// The times of items that are to be deleted, in seconds: after the first, up to the second.
#[must_use]
pub fn expired(now: Timestamp) -> (i64, i64) {
    (now.as_second().saturating_sub(EXPIRED_MAX_SECONDS), now.as_second())
}

/// Where a page of items is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The definition of the table.
    pub definition: &'a TableDefinition,
    /// The index, if one is looked into.
    pub index: Option<(&'a IndexName, &'a Index)>,
}

impl<'a> Reading<'a> {
    /// Finds it.
    ///
    /// # Errors
    /// The table has no such index.
    pub fn of(
        definition: &'a TableDefinition,
        index: Option<&IndexName>,
    ) -> Result<Self, TableError> {
        let Some(name) = index else { return Ok(Self { definition, index: None }) };
        let found = definition.indexes().find(|(one, _)| *one == name);
        let found = found.ok_or_else(|| TableError::NoIndex(name.clone()))?;
        Ok(Self { definition, index: Some(found) })
    }

    /// The key by which items are found and ordered here.
    #[must_use]
    pub fn schema(&self) -> &'a KeySchema {
        self.index.map_or(&self.definition.key, |(_, index)| &index.key)
    }

    /// The bytes of the partition that a query is of.
    ///
    /// # Errors
    /// The value is of another type.
    pub fn partition(&self, query: &ItemQuery) -> Result<Vec<u8>, TableError> {
        let value = Value::from(query.key.hash.clone());
        if value.type_name() != self.schema().hash.kind.name() {
            return Err(TableError::Invalid(Invalid::parameter(
                "Condition parameter type does not match schema type",
            )));
        }
        Ok(keys::partition(&query.key.hash))
    }

    /// The place of the item after which to go on: in the index, or in the table, and its key in
    /// the table.
    ///
    /// # Errors
    /// They are no keys of the table.
    pub fn start(&self, after: &Item) -> Result<(Vec<u8>, Vec<u8>), TableError> {
        let wrong = || TableError::Invalid(Invalid::new("The provided starting key is invalid"));
        let known = |name: &str| self.definition.key.has(name) || self.schema().has(name);
        if !after.keys().all(|name| known(name)) {
            return Err(wrong());
        }
        let key = self.definition.key.place_of(after).filter(keys::is_usable).ok_or_else(wrong)?;
        let place = self.schema().place_of(after).filter(keys::is_usable).ok_or_else(wrong)?;
        Ok((keys::bytes(&place), keys::bytes(&key)))
    }

    /// Checks that a query goes on in its own partition.
    ///
    /// # Errors
    /// It does not.
    pub fn check_start(partition: &[u8], place: &[u8]) -> Result<(), TableError> {
        if place.starts_with(partition) {
            return Ok(());
        }
        let text = "The provided starting key is outside query boundaries based on provided \
                    conditions";
        Err(TableError::Invalid(Invalid::new(text)))
    }

    /// What is answered of an item.
    #[must_use]
    pub fn answer(&self, item: Item, whole: bool) -> Item {
        match self.index {
            Some((_, index)) if !whole => index.project(&self.definition.key, &item),
            _ => item,
        }
    }

    /// The attributes that say where an item is.
    #[must_use]
    pub fn place_of(&self, item: &Item) -> Item {
        let known = |name: &str| self.definition.key.has(name) || self.schema().has(name);
        let attributes = item.iter().filter(|(name, _)| known(name));
        attributes.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
