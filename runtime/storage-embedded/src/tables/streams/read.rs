//! Streams and their records, as they are asked for.

use lambent_tables::StreamSequence;
use lambent_types::{Namespace, TableName};
use rusqlite::{Connection, params};

use super::records::{change_of, number};
use super::tail::Tail;
use super::{COLUMNS, Stream, stream_of};
use crate::row::integer;
use crate::tables::schema::{Flow, each, one};
use lambent_storage::backend::tables as rules;
use lambent_storage::{StorageError, StreamPage, TableError, TableStream};

/// A page of a stream, and the stream's id.
pub(in crate::tables) struct Read {
    pub(in crate::tables) id: i64,
    pub(in crate::tables) page: StreamPage,
}

impl Stream {
    fn shown(self, connection: &Connection) -> Result<TableStream, StorageError> {
        let tail = Tail::of(connection, self.id)?;
        Ok(TableStream {
            table: self.table,
            label: self.label,
            view: self.kept.view,
            key: self.kept.key,
            enabled: self.enabled,
            created: self.kept.created,
            oldest: StreamSequence(tail.oldest.unsigned_abs()),
            next: StreamSequence(tail.next.unsigned_abs()),
        })
    }
}

fn labelled(
    connection: &Connection,
    namespace: &Namespace,
    (table, label): (&TableName, &str),
) -> Result<Option<Stream>, StorageError> {
    let sql = format!("{COLUMNS} WHERE namespace = ?1 AND name = ?2 AND label = ?3");
    one(connection, &sql, params![namespace.key(), table.as_str(), label], stream_of)
}

/// The stream with this label, or the last one of the table.
pub(in crate::tables) fn find(
    connection: &Connection,
    namespace: &Namespace,
    table: &TableName,
    label: Option<&str>,
) -> Result<Option<TableStream>, StorageError> {
    let found = match label {
        Some(label) => labelled(connection, namespace, (table, label))?,
        None => {
            let sql =
                format!("{COLUMNS} WHERE namespace = ?1 AND name = ?2 ORDER BY label DESC LIMIT 1");
            one(connection, &sql, params![namespace.key(), table.as_str()], stream_of)?
        }
    };
    found.map(|stream| stream.shown(connection)).transpose()
}

/// Streams by table and label.
pub(in crate::tables) fn list(
    connection: &Connection,
    namespace: &Namespace,
    table: Option<&TableName>,
    after: (&str, &str),
    limit: usize,
) -> Result<Vec<TableStream>, StorageError> {
    let mut found = Vec::new();
    let of_table = if table.is_some() { "AND name = ?5" } else { "AND ?5 IS NULL" };
    let sql = format!(
        "{COLUMNS} WHERE namespace = ?1 AND (name, label) > (?2, ?3) {of_table} \
         ORDER BY name, label LIMIT ?4"
    );
    let limit = integer(limit as u64);
    let table = table.map(TableName::as_str);
    let parameters = params![namespace.key(), after.0, after.1, limit, table];
    each(connection, &sql, parameters, |row| {
        found.push(stream_of(row)?.shown(connection)?);
        Ok(Flow::GoesOn)
    })?;
    Ok(found)
}

/// Reads records from `from` on.
pub(in crate::tables) fn page(
    connection: &Connection,
    namespace: &Namespace,
    (table, label): (&TableName, &str),
    from: StreamSequence,
    limit: usize,
) -> Result<Read, TableError> {
    let stream = labelled(connection, namespace, (table, label))?;
    let Some(stream) = stream else {
        return Err(TableError::NoStream(table.clone(), label.to_owned()));
    };
    let tail = Tail::of(connection, stream.id)?;
    let oldest = StreamSequence(tail.oldest.unsigned_abs());
    if from < oldest {
        return Err(TableError::Trimmed { oldest });
    }
    let (mut records, mut bytes, mut next) = (Vec::new(), 0, from);
    let sql = "SELECT sequence, at, change, keys, old, new, origin, checksum FROM stream_record \
               WHERE stream = ?1 AND sequence >= ?2 ORDER BY sequence LIMIT ?3";
    let parameters = params![stream.id, number(from), integer(limit as u64)];
    each(connection, sql, parameters, |row| {
        let change = change_of(row, stream.id)?;
        bytes += change.record.size;
        if bytes > rules::STREAM_PAGE_BYTES_MAX && !records.is_empty() {
            return Ok(Flow::Ends);
        }
        next = change.record.sequence.next();
        records.push(change);
        Ok(Flow::GoesOn)
    })?;
    let closed = !stream.enabled && number(next) >= tail.next;
    Ok(Read { id: stream.id, page: StreamPage { records, next, closed } })
}
