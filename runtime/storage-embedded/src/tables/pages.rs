//! Pages of items, of a table or of an index.

use std::ops::Bound;

use lambent_tables::Item;
use rusqlite::{Connection, Row, params};

use super::definitions::Defined;
use super::items::item_of;
use super::schema::{Flow, each, failed};
use crate::row::bytes;
use lambent_storage::backend::tables::{self as rules, Reading};
use lambent_storage::{ItemPage, ItemQuery, ItemScan, StorageError, TableError};

/// A page ends when so many bytes were read for it, even if an index has less of them: so that no
/// page takes long.
const READ_BYTES_MAX: u64 = 16 << 20;
/// Above every key: its slot is followed by a length, which does not begin so.
const BEYOND_ALL: [u8; 5] = [u8::MAX; 5];

/// What a page is read from, and how far.
struct Span<'a> {
    table: &'a Defined,
    reading: Reading<'a>,
    /// The number of the index.
    of: Option<i64>,
    /// Places from this up to, and without, that.
    from: Vec<u8>,
    to: Vec<u8>,
    /// The place and the key of the item before the first.
    after: Option<(Vec<u8>, Vec<u8>)>,
    backward: bool,
    limit: Option<usize>,
    whole: bool,
}

fn reading<'a>(
    table: &'a Defined,
    index: Option<&lambent_tables::IndexName>,
) -> Result<(Reading<'a>, Option<i64>), TableError> {
    let reading = Reading::of(table.definition(), index)?;
    let Some(name) = index else { return Ok((reading, None)) };
    let (body, _) = table.index(name).ok_or_else(|| TableError::NoIndex(name.clone()))?;
    if body.filled_to.is_some() {
        return Err(TableError::Filling(name.clone()));
    }
    Ok((reading, Some(body.of)))
}

/// Reads a page of a partition.
pub(super) fn query(
    connection: &Connection,
    table: &Defined,
    query: &ItemQuery,
) -> Result<ItemPage, TableError> {
    let (reading, of) = reading(table, query.index.as_ref())?;
    let partition = reading.partition(query)?;
    let after = query.after.as_ref().map(|after| reading.start(after)).transpose()?;
    if let Some((place, _)) = &after {
        Reading::check_start(&partition, place)?;
    }
    let at = |range: &[u8]| [&partition, range].concat();
    let from = match &query.key.from {
        Bound::Included(range) => at(range),
        Bound::Excluded(range) => above(at(range)),
        Bound::Unbounded => partition.clone(),
    };
    let to = match &query.key.to {
        Bound::Included(range) => above(at(range)),
        Bound::Excluded(range) => at(range),
        Bound::Unbounded => rules::beyond(&partition).unwrap_or_else(|| BEYOND_ALL.to_vec()),
    };
    let (backward, limit, whole) = (query.backward, query.limit, query.whole);
    let span = Span { table, reading, of, from, to, after, backward, limit, whole };
    Ok(span.read(connection)?)
}

/// Reads a page of everything, or of a segment.
pub(super) fn scan(
    connection: &Connection,
    table: &Defined,
    scan: &ItemScan,
) -> Result<ItemPage, TableError> {
    let (reading, of) = reading(table, scan.index.as_ref())?;
    let after = scan.after.as_ref().map(|after| reading.start(after)).transpose()?;
    let slots = rules::segment(scan.segment.unwrap_or((0, 1)));
    let edge = |slot| rules::from_slot(slot).unwrap_or_else(|| BEYOND_ALL.to_vec());
    let (from, to) = (edge(slots.start), edge(slots.end));
    let (limit, backward, whole) = (scan.limit, false, false);
    let span = Span { table, reading, of, from, to, after, backward, limit, whole };
    Ok(span.read(connection)?)
}

/// The least bytes above these.
fn above(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(0);
    bytes
}

impl Span<'_> {
    fn read(&self, connection: &Connection) -> Result<ItemPage, StorageError> {
        let (mut page, mut read) = (ItemPage::default(), 0);
        let row = |row: &Row<'_>| {
            let (item, size) = self.item(row)?;
            read += size;
            let place = self.reading.place_of(&item);
            let answer = self.reading.answer(item, self.whole);
            page.bytes += match self.of {
                Some(_) => answer.size() as u64,
                None => size,
            };
            page.items.push(answer);
            let is_last = read >= READ_BYTES_MAX || rules::is_full(&page, self.limit);
            if is_last {
                page.next = Some(place);
            }
            Ok(if is_last { Flow::Ends } else { Flow::GoesOn })
        };
        match self.of {
            None => self.each_of_table(connection, row),
            Some(of) => self.each_of_index(connection, of, row),
        }?;
        Ok(page)
    }

    /// The item of a row of its key, its size, checksum and body and, of an index, its place.
    fn item(&self, row: &Row<'_>) -> Result<(Item, u64), StorageError> {
        let key = bytes(row, 0).map_err(failed)?;
        let (item, size) = item_of(row, (self.table.id, key), [1, 2, 3])?;
        if let Some((name, index)) = self.reading.index {
            let place = bytes(row, 4).map_err(failed)?;
            if rules::place(index, &item).as_deref() != Some(place) {
                let what = format!("index {name} of table {:?}", self.table.name.as_str());
                let text = format!("item {} is in another place", key.escape_ascii());
                return Err(StorageError::corrupt(what, text));
            }
        }
        Ok((item, size))
    }

    fn each_of_table(
        &self,
        connection: &Connection,
        row: impl FnMut(&Row<'_>) -> Result<Flow, StorageError>,
    ) -> Result<(), StorageError> {
        let (mut from, mut to) = (self.from.clone(), self.to.clone());
        if let Some((_, key)) = &self.after {
            match self.backward {
                false => from = from.max(above(key.clone())),
                true => to = to.min(key.clone()),
            }
        }
        let sql = match self.backward {
            false => {
                "SELECT key, size, checksum, body FROM item \
                 WHERE table_id = ?1 AND key >= ?2 AND key < ?3 ORDER BY key"
            }
            true => {
                "SELECT key, size, checksum, body FROM item \
                 WHERE table_id = ?1 AND key >= ?2 AND key < ?3 ORDER BY key DESC"
            }
        };
        each(connection, sql, params![self.table.id, from, to], row)
    }

    fn each_of_index(
        &self,
        connection: &Connection,
        of: i64,
        row: impl FnMut(&Row<'_>) -> Result<Flow, StorageError>,
    ) -> Result<(), StorageError> {
        // No key is empty, so that an empty one is before all of a place.
        let edge = if self.backward { &self.to } else { &self.from };
        let start = (edge.clone(), Vec::new());
        let (place, key) = match self.after.clone() {
            Some(after) if self.backward => start.min(after),
            Some(after) => start.max(after),
            None => start,
        };
        let (sql, end) = match self.backward {
            false => (
                "SELECT row.item, item.size, item.checksum, item.body, row.place \
                 FROM item_index AS row LEFT JOIN item \
                 ON item.table_id = row.table_id AND item.key = row.item \
                 WHERE row.table_id = ?1 AND row.of = ?2 AND (row.place, row.item) > (?3, ?4) \
                 AND row.place < ?5 ORDER BY row.place, row.item",
                &self.to,
            ),
            true => (
                "SELECT row.item, item.size, item.checksum, item.body, row.place \
                 FROM item_index AS row LEFT JOIN item \
                 ON item.table_id = row.table_id AND item.key = row.item \
                 WHERE row.table_id = ?1 AND row.of = ?2 AND (row.place, row.item) < (?3, ?4) \
                 AND row.place >= ?5 ORDER BY row.place DESC, row.item DESC",
                &self.from,
            ),
        };
        each(connection, sql, params![self.table.id, of, place, key, end], row)
    }
}
