use jiff::Timestamp;
use lambent_types::Namespace;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::messages::row::{failed, time};
use crate::row::{Checksum, checksum};
use lambent_storage::{Channel, StorageError};

/// What a partition belongs to. The numbers are in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A queue.
    Queue = 1,
    /// The asynchronous invocations of a function.
    Function = 2,
    /// The changes a trigger is for.
    Trigger = 3,
    /// The times of a schedule.
    Schedule = 4,
    /// The messages of a topic.
    Topic = 7,
    /// What is posted to the URL of a subscription.
    Subscription = 8,
}

/// A partition as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    pub(crate) id: i64,
    pub(crate) namespace: String,
    pub(crate) kind: i64,
    /// The name as it was given.
    pub(crate) name: String,
    /// JSON; empty for all but queues.
    pub(crate) attributes: String,
    pub(crate) created: Timestamp,
}

fn sum(namespace: &str, kind: i64, name: &str, attributes: &str) -> Checksum {
    let kind = kind.to_le_bytes();
    checksum([b"line", namespace.as_bytes(), &kind, name.as_bytes(), attributes.as_bytes()])
}

/// The channel of a partition; none for a queue's.
pub(crate) fn channel(partition: &Partition) -> Option<Channel> {
    let name = partition.name.as_str();
    match partition.kind {
        kind if kind == Kind::Function as i64 => name.parse().ok().map(Channel::Function),
        kind if kind == Kind::Trigger as i64 => name.parse().ok().map(Channel::Trigger),
        kind if kind == Kind::Schedule as i64 => name.parse().ok().map(Channel::Schedule),
        kind if kind == Kind::Topic as i64 => name.parse().ok().map(Channel::Topic),
        kind if kind == Kind::Subscription as i64 => name.parse().ok().map(Channel::Subscription),
        _ => None,
    }
}

const COLUMNS: &str = "id, namespace, kind, name, attributes, created, checksum";

fn read(row: &Row<'_>) -> rusqlite::Result<(Partition, Checksum)> {
    let partition = Partition {
        id: row.get(0)?,
        namespace: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        attributes: row.get(4)?,
        created: time(row.get(5)?),
    };
    Ok((partition, row.get(6)?))
}

fn intact((partition, found): (Partition, Checksum)) -> Result<Partition, StorageError> {
    if sum(&partition.namespace, partition.kind, &partition.name, &partition.attributes) == found {
        return Ok(partition);
    }
    let what =
        format!("queue or channel {:?} of namespace {:?}", partition.name, partition.namespace);
    Err(StorageError::corrupt(what, "its checksum differs"))
}

/// Finds a partition; `key` is its name in lower case.
pub(crate) fn find(
    connection: &Connection,
    namespace: &Namespace,
    kind: Kind,
    key: &str,
) -> Result<Option<Partition>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM line WHERE namespace = ?1 AND kind = ?2 AND key = ?3");
    let found = connection.prepare_cached(&sql).and_then(|mut select| {
        select.query_row(params![namespace.key(), kind as i64, key], read).optional()
    });
    found.map_err(failed)?.map(intact).transpose()
}

/// Reads a partition by its id.
pub(crate) fn get(connection: &Connection, id: i64) -> Result<Option<Partition>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM line WHERE id = ?1");
    let found = connection
        .prepare_cached(&sql)
        .and_then(|mut select| select.query_row([id], read).optional());
    found.map_err(failed)?.map(intact).transpose()
}

/// All partitions of a kind in a namespace, by name.
pub(crate) fn list(
    connection: &Connection,
    namespace: &Namespace,
    kind: Kind,
) -> Result<Vec<Partition>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM line WHERE namespace = ?1 AND kind = ?2 ORDER BY key");
    let found = connection.prepare_cached(&sql).and_then(|mut select| {
        let rows = select.query_map(params![namespace.key(), kind as i64], read)?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    });
    found.map_err(failed)?.into_iter().map(intact).collect()
}

/// All channels that hold anything.
pub(crate) fn backlog(connection: &Connection) -> Result<Vec<Partition>, StorageError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM line WHERE kind <> {} AND \
         EXISTS (SELECT 1 FROM message WHERE line = line.id AND due IS NOT NULL)",
        Kind::Queue as i64
    );
    let found = connection.prepare(&sql).and_then(|mut select| {
        let rows = select.query_map([], read)?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    });
    found.map_err(failed)?.into_iter().map(intact).collect()
}

/// Writes a partition that is new, or the attributes of one that is there. Its id.
pub(crate) fn put(
    connection: &Connection,
    namespace: &Namespace,
    kind: Kind,
    name: &str,
    attributes: &str,
    now: Timestamp,
) -> Result<i64, StorageError> {
    let sql = "INSERT INTO line (namespace, kind, key, name, attributes, created, checksum) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE \
               SET name = ?4, attributes = ?5, checksum = ?7 RETURNING id";
    let owner = namespace.key();
    let check = sum(&owner, kind as i64, name, attributes);
    let created = now.as_millisecond();
    let key = name.to_ascii_lowercase();
    connection
        .prepare_cached(sql)
        .and_then(|mut insert| {
            insert.query_row(
                params![owner, kind as i64, key, name, attributes, created, check],
                |row| row.get(0),
            )
        })
        .map_err(failed)
}

/// Deletes a partition; its messages must be gone already.
pub(crate) fn delete(connection: &Connection, id: i64) -> Result<(), StorageError> {
    let delete = |sql| connection.prepare_cached(sql)?.execute([id]);
    delete("DELETE FROM duplicate WHERE line = ?1").map_err(failed)?;
    delete("DELETE FROM line WHERE id = ?1").map_err(failed)?;
    Ok(())
}
