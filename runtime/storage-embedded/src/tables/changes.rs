//! What writes do to items, to the indexes that they are in, and to what is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lambent_tables::Item;
use lambent_types::{Namespace, Origin};
use rusqlite::params;

use super::definitions::{Defined, Definitions, ITEMS, Place, count};
use super::items::{self, Current};
use super::keep;
use super::schema::{execute, failed, one};
use super::streams::{self, Tail};
use crate::quota;
use crate::row::{bytes, integer};
use crate::shard::Tx;
use lambent_storage::backend::tables::{self as rules, Outcome};
use lambent_storage::{
    Quota, StorageError, StreamChange, TableAction, TableError, TableWrite, TransactionToken,
    Written,
};

/// A write that is decided.
struct Decided {
    table: Arc<Defined>,
    key: Vec<u8>,
    current: Option<Current>,
    outcome: Outcome,
    /// What it is in the stream of the table.
    change: Option<StreamChange>,
}

/// A transaction that is made.
pub(super) struct Made {
    /// What each write did.
    pub(super) written: Vec<Written>,
    /// What follows.
    pub(super) ended: Ended,
}

/// What follows changes.
pub(super) struct Ended {
    /// When the first of what was written is to be deleted, in seconds.
    pub(super) expires: Option<i64>,
    /// The streams that have more.
    pub(super) streams: Vec<i64>,
}

/// Makes all writes, or none. Nothing is written before all of them are decided and there is room.
pub(super) fn transact(
    tx: &mut Tx<'_>,
    (namespace, definitions): (&Namespace, &Definitions),
    writes: &[TableWrite],
    token: Option<&TransactionToken>,
    origin: &Origin,
) -> Result<Option<Made>, TableError> {
    if let Some(token) = token
        && was_used(tx, namespace, token)?
    {
        return Ok(None);
    }
    let decided = decide_all(tx, (namespace, definitions), writes, origin)?;
    let frees = rules::only_deletes(writes);
    let beside: i64 = decided.iter().map(|one| one.streamed() + one.kept()).sum();
    // What is deleted leaves room for its record.
    if beside > 0 && !frees {
        tx.take_room(usize::try_from(beside).unwrap_or_default())?;
    }
    let mut changes = Changes::new(tx, namespace);
    if !frees {
        changes.take_room(&decided)?;
    }
    let mut written = Vec::with_capacity(writes.len());
    for (write, Decided { table, key, current, outcome, change }) in writes.iter().zip(decided) {
        let new = match &outcome {
            Outcome::Becomes(item) => Some(item),
            Outcome::Stays | Outcome::Goes => None,
        };
        let before = current.as_ref().map_or(0, |current| current.size);
        let mut after = 0;
        if !matches!(outcome, Outcome::Stays) {
            after = changes.write((&table, &key), current.as_ref(), new)?;
        }
        if let Some(change) = change {
            changes.append(&table, &change)?;
        }
        let old = current.and_then(|current| current.item);
        let new = match outcome {
            Outcome::Becomes(item) => Some(item),
            Outcome::Stays => old.clone(),
            Outcome::Goes => None,
        };
        let asked = |item: Option<Item>| item.filter(|_| write.returns);
        written.push(Written { old: asked(old), new: asked(new), bytes: before.max(after) });
    }
    let ended = changes.end()?;
    if let Some(token) = token {
        note_used(tx, namespace, token)?;
    }
    Ok(Some(Made { written, ended }))
}

fn decide_all(
    tx: &Tx<'_>,
    (namespace, definitions): (&Namespace, &Definitions),
    writes: &[TableWrite],
    origin: &Origin,
) -> Result<Vec<Decided>, TableError> {
    let (mut seen, mut refusals) = (BTreeSet::new(), Vec::new());
    let mut all = Vec::with_capacity(writes.len());
    for write in writes {
        let table = definitions.ready(tx.connection, namespace, &write.table)?;
        let key = rules::key_of(table.definition(), &write.action)?;
        let bytes = rules::bytes(&key);
        if writes.len() > 1 && !seen.insert((table.id, bytes.clone())) {
            return Err(rules::twice());
        }
        let asked = write.returns
            || write.condition.is_some()
            || !table.body.indexes.is_empty()
            || table.stream().is_some()
            || table.body.backup.is_some()
            || matches!(write.action, TableAction::Update(..));
        let current = items::current(tx.connection, table.id, &bytes, asked)?;
        let there = Item::new();
        // Of what is not asked for, that it is there is all that counts.
        let item = current.as_ref().map(|current| current.item.as_ref().unwrap_or(&there));
        match rules::decide(write, (table.definition(), &key), item) {
            Ok(outcome) => {
                refusals.push(None);
                let new = match &outcome {
                    Outcome::Becomes(item) => Some(item),
                    Outcome::Stays => item,
                    Outcome::Goes => None,
                };
                let change = streams::change(&table, (item, new), (tx.now, false), origin);
                all.push(Decided { table, key: bytes, current, outcome, change });
            }
            Err(refusal) => refusals.push(Some(refusal)),
        }
    }
    if refusals.iter().any(Option::is_some) {
        return Err(TableError::Refused(refusals));
    }
    Ok(all)
}

/// Whether a token was used for these writes, in the time that it is known.
fn was_used(
    tx: &Tx<'_>,
    namespace: &Namespace,
    token: &TransactionToken,
) -> Result<bool, TableError> {
    let known = integer(rules::TOKEN_TIME.as_millis() as u64);
    let since = tx.now.as_millisecond().saturating_sub(known);
    let sql = "SELECT request FROM transaction_token \
               WHERE namespace = ?1 AND token = ?2 AND used > ?3";
    let parameters = params![namespace.key(), token.token, since];
    let same = one(tx.connection, sql, parameters, |row| {
        Ok(bytes(row, 0).map_err(failed)? == token.request.as_bytes())
    })?;
    match same {
        Some(false) => Err(TableError::TokenReused),
        found => Ok(found.is_some()),
    }
}

fn note_used(
    tx: &Tx<'_>,
    namespace: &Namespace,
    token: &TransactionToken,
) -> Result<(), StorageError> {
    let sql = "INSERT OR REPLACE INTO transaction_token VALUES (?1, ?2, ?3, ?4)";
    let request = token.request.as_bytes();
    let parameters = params![namespace.key(), token.token, request, tx.now.as_millisecond()];
    execute(tx.connection, sql, parameters).map(drop)
}

/// Changes of items of one namespace, and what they add to its counts.
pub(super) struct Changes<'a, 'tx> {
    tx: &'a Tx<'tx>,
    namespace: &'a Namespace,
    /// Items and bytes, by table and what they are counted under.
    counts: BTreeMap<(i64, i64), (i64, i64)>,
    /// What counts against the quota and was not charged for yet.
    grown: i64,
    /// When the first of what was written is to be deleted, in seconds.
    expires: Option<i64>,
    /// How far streams are, by their ids.
    tails: BTreeMap<i64, Tail>,
}

impl<'a, 'tx> Changes<'a, 'tx> {
    pub(super) fn new(tx: &'a Tx<'tx>, namespace: &'a Namespace) -> Self {
        let (counts, tails) = (BTreeMap::new(), BTreeMap::new());
        Self { tx, namespace, counts, grown: 0, expires: None, tails }
    }

    /// Charges the namespace for what writes add. What they turn out to add can be a little
    /// less where an index is not filled yet, and is counted in the end.
    fn take_room(&mut self, decided: &[Decided]) -> Result<(), TableError> {
        let grown = decided.iter().map(Decided::grown).sum();
        quota::charge::<TableError>(self.tx, self.namespace, Quota::TableBytes, grown)?;
        self.grown -= grown;
        Ok(())
    }

    /// Writes an item in the place of the one that is there, or deletes that. Returns the bytes
    /// of the new one. The one that is there is known if the table has indexes, or is backed up.
    pub(super) fn write(
        &mut self,
        (table, key): (&Defined, &[u8]),
        current: Option<&Current>,
        new: Option<&Item>,
    ) -> Result<u64, StorageError> {
        let connection = self.tx.connection;
        if let Some(backup) = table.body.backup {
            let old = current.and_then(|current| current.item.as_ref());
            keep::keep(connection, (backup, key), old)?;
        }
        let size = match (new, current) {
            (Some(item), _) => Some(items::write(connection, (table.id, key), current, item)?),
            (None, Some(current)) => {
                items::delete(connection, current)?;
                None
            }
            (None, None) => return Ok(0),
        };
        let before = current.map(|current| current.size);
        let items = i64::from(size.is_some()) - i64::from(before.is_some());
        let bytes =
            size.unwrap_or_default().cast_signed() - before.unwrap_or_default().cast_signed();
        self.count((table.id, ITEMS), (items, bytes));
        self.grown += size.map_or(0, rules::weight) - before.map_or(0, rules::weight);
        let old = current.and_then(|current| current.item.as_ref());
        for index in &table.body.indexes {
            let place = |item: Option<&Item>| item.and_then(|item| table.place(index, item));
            let (old, new) = (place(old), place(new));
            if old == new {
                continue;
            }
            if let Some(old) = old
                && items::leave(connection, (table.id, index.of), &old, key)?
            {
                self.note((table.id, index.of), &old, key, -1);
            }
            if let Some(new) = new {
                self.enter((table.id, index.of), &new, key)?;
            }
        }
        Ok(size.unwrap_or_default())
    }

    /// Puts an item into an index, if it is not in it.
    pub(super) fn enter(
        &mut self,
        of: (i64, i64),
        place: &Place,
        key: &[u8],
    ) -> Result<(), StorageError> {
        if items::enter(self.tx.connection, of, place, key)? {
            self.note(of, place, key, 1);
        }
        if let Place::Expiry(expires) = place {
            self.note_expiry(*expires);
        }
        Ok(())
    }

    fn note_expiry(&mut self, expires: i64) {
        self.expires = Some(self.expires.map_or(expires, |first| first.min(expires)));
    }

    /// Appends a change to the stream of its table.
    pub(super) fn append(
        &mut self,
        table: &Defined,
        change: &StreamChange,
    ) -> Result<(), StorageError> {
        let Some(id) = table.stream() else { return Ok(()) };
        let mut tail = match self.tails.get(&id) {
            Some(tail) => *tail,
            None => Tail::of(self.tx.connection, id)?,
        };
        let (weight, marked) = streams::append(self.tx, &mut tail, change)?;
        self.tails.insert(id, tail);
        self.grown += weight;
        if marked {
            self.note_expiry(streams::due_of_new(self.tx.now));
        }
        Ok(())
    }

    /// Notes that an index has gained or lost a row.
    fn note(&mut self, of: (i64, i64), place: &Place, key: &[u8], rows: i64) {
        let Place::Key(place) = place else { return };
        let bytes = rows * rules::index_weight(place, key);
        self.count(of, (rows, bytes));
        self.grown += bytes;
    }

    fn count(&mut self, of: (i64, i64), (items, bytes): (i64, i64)) {
        let count = self.counts.entry(of).or_default();
        count.0 += items;
        count.1 += bytes;
    }

    /// Writes the counts.
    pub(super) fn end(self) -> Result<Ended, StorageError> {
        for (of, delta) in self.counts.into_iter().filter(|(_, delta)| *delta != (0, 0)) {
            count(self.tx.connection, of, delta)?;
        }
        for tail in self.tails.values() {
            tail.write(self.tx.connection)?;
        }
        quota::count(self.tx, self.namespace, Quota::TableBytes, self.grown);
        Ok(Ended { expires: self.expires, streams: self.tails.into_keys().collect() })
    }
}

impl Decided {
    /// What the write adds to what the namespace holds.
    fn grown(&self) -> i64 {
        let (before, old) = match &self.current {
            Some(current) => (rules::weight(current.size), current.item.as_ref()),
            None => (0, None),
        };
        let grown = match &self.outcome {
            Outcome::Stays => 0,
            Outcome::Goes => -before - self.indexed(old),
            Outcome::Becomes(new) => {
                let added = rules::weight(new.size() as u64) + self.indexed(Some(new));
                added - before - self.indexed(old)
            }
        };
        grown + self.streamed()
    }

    /// What may have to be kept for a back-up, which the namespace was charged for.
    fn kept(&self) -> i64 {
        let backed_up = self.table.body.backup.and(self.current.as_ref());
        backed_up.map_or(0, |current| rules::weight(current.size))
    }

    /// What the record of the write adds.
    fn streamed(&self) -> i64 {
        self.change.as_ref().map_or(0, rules::stream_weight)
    }

    /// What an item takes in the indexes of its table.
    fn indexed(&self, item: Option<&Item>) -> i64 {
        let Some(item) = item else { return 0 };
        let places = self.table.body.indexes.iter();
        let weight = |place: Place| match place {
            Place::Key(place) => rules::index_weight(&place, &self.key),
            Place::Expiry(_) => 0,
        };
        places.filter_map(|index| self.table.place(index, item)).map(weight).sum()
    }
}
