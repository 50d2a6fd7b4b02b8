//! The rows of buckets.

use lambent_types::{BucketName, Namespace, Versioning};
use rusqlite::{Connection, Row, params};

use crate::objects::statements::{failed, run, select};
use crate::row::{Checksum, bytes, checksum, intact};
use lambent_storage::{Bucket, ObjectError, StorageError};

/// A bucket's row.
pub(crate) struct BucketRow {
    pub(crate) id: i64,
    pub(crate) bucket: Bucket,
    pub(crate) sequence: i64,
}

/// What a bucket's row is verified by.
struct BucketParts<'a> {
    namespace: &'a [u8],
    name: &'a [u8],
    created: &'a [u8],
    sequence: i64,
    versioning: i64,
}

impl BucketParts<'_> {
    /// Rows of buckets that keep no versions have the checksum that they always had.
    fn checksum(&self) -> Checksum {
        let sequence = self.sequence.to_le_bytes();
        let parts = [b"bucket", self.namespace, self.name, self.created, &sequence];
        match self.versioning {
            0 => checksum(parts),
            versioning => {
                let [kind, namespace, name, created, sequence] = parts;
                let versioning = versioning.to_le_bytes();
                checksum([kind, namespace, name, created, sequence, &versioning])
            }
        }
    }
}

const fn versioning_number(versioning: Versioning) -> i64 {
    match versioning {
        Versioning::Off => 0,
        Versioning::Enabled => 1,
        Versioning::Suspended => 2,
    }
}

const fn versioning_of(number: i64) -> Option<Versioning> {
    Some(match number {
        0 => Versioning::Off,
        1 => Versioning::Enabled,
        2 => Versioning::Suspended,
        _ => return None,
    })
}

const BUCKET: &str =
    "SELECT id, namespace, name, created, sequence, versioning, checksum FROM bucket";

fn bucket_of(row: &Row<'_>) -> Result<BucketRow, StorageError> {
    let read = || {
        let (sequence, versioning) = (row.get(4)?, row.get(5)?);
        let (namespace, name, created) = (bytes(row, 1)?, bytes(row, 2)?, bytes(row, 3)?);
        let parts = BucketParts { namespace, name, created, sequence, versioning };
        let same = parts.checksum() == bytes(row, 6)?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok((row.get(0)?, text(name), text(created), sequence, versioning, same))
    };
    let (id, name, created, sequence, versioning, same) = read().map_err(failed)?;
    let what = || format!("bucket {name:?}");
    intact(same, what)?;
    let created = created.parse().map_err(|_| StorageError::corrupt(what(), "its time is none"))?;
    let parsed = name.parse().map_err(|_| StorageError::corrupt(what(), "its name is none"))?;
    let versioning = versioning_of(versioning)
        .ok_or_else(|| StorageError::corrupt(what(), "its versioning is none"))?;
    Ok(BucketRow { id, bucket: Bucket { name: parsed, created, versioning }, sequence })
}

/// Reads a bucket.
pub(crate) fn bucket(
    connection: &Connection,
    namespace: &Namespace,
    name: &BucketName,
) -> Result<Option<BucketRow>, StorageError> {
    let sql = format!("{BUCKET} WHERE namespace = ?1 AND name = ?2");
    Ok(select(connection, &sql, params![namespace.key(), name.as_str()], bucket_of)?.pop())
}

/// Reads a bucket that must be there.
pub(crate) fn existing(
    connection: &Connection,
    namespace: &Namespace,
    name: &BucketName,
) -> Result<BucketRow, ObjectError> {
    bucket(connection, namespace, name)?.ok_or(ObjectError::NoBucket)
}

/// Reads all buckets of a namespace by name.
pub(crate) fn buckets(
    connection: &Connection,
    namespace: &Namespace,
) -> Result<Vec<Bucket>, StorageError> {
    let sql = format!("{BUCKET} WHERE namespace = ?1 ORDER BY name");
    select(connection, &sql, [namespace.key()], |row| Ok(bucket_of(row)?.bucket))
}

/// Writes a new bucket.
pub(crate) fn insert_bucket(
    connection: &Connection,
    namespace: &Namespace,
    bucket: &Bucket,
) -> Result<(), StorageError> {
    let (namespace, created) = (namespace.key(), bucket.created.to_string());
    let name = bucket.name.as_str();
    let (namespace_, name_, created_) = (namespace.as_bytes(), name.as_bytes(), created.as_bytes());
    let parts = BucketParts {
        namespace: namespace_,
        name: name_,
        created: created_,
        sequence: 0,
        versioning: 0,
    };
    let checksum = parts.checksum();
    let sql = "INSERT INTO bucket (namespace, name, created, sequence, checksum) \
               VALUES (?1, ?2, ?3, 0, ?4)";
    run(connection, sql, params![namespace, name, created, checksum]).map(drop)
}

/// Writes what changes of a bucket.
pub(crate) fn update_bucket(
    connection: &Connection,
    namespace: &Namespace,
    row: &BucketRow,
) -> Result<(), StorageError> {
    let (namespace, created) = (namespace.key(), row.bucket.created.to_string());
    let versioning = versioning_number(row.bucket.versioning);
    let parts = BucketParts {
        namespace: namespace.as_bytes(),
        name: row.bucket.name.as_str().as_bytes(),
        created: created.as_bytes(),
        sequence: row.sequence,
        versioning,
    };
    let sql = "UPDATE bucket SET sequence = ?2, versioning = ?3, checksum = ?4 WHERE id = ?1";
    run(connection, sql, params![row.id, row.sequence, versioning, parts.checksum()]).map(drop)
}

/// Takes the next number of a bucket.
pub(crate) fn next_sequence(
    connection: &Connection,
    namespace: &Namespace,
    row: &mut BucketRow,
) -> Result<i64, StorageError> {
    row.sequence += 1;
    update_bucket(connection, namespace, row)?;
    Ok(row.sequence)
}

/// Whether a bucket holds neither objects nor versions nor uploads.
pub(crate) fn is_empty(connection: &Connection, bucket: i64) -> Result<bool, StorageError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM object WHERE bucket = ?1) \
               OR EXISTS (SELECT 1 FROM version WHERE bucket = ?1) \
               OR EXISTS (SELECT 1 FROM upload WHERE bucket = ?1)";
    let found: Vec<bool> = select(connection, sql, [bucket], |row| row.get(0).map_err(failed))?;
    Ok(found == [false])
}
