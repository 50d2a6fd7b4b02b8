//! The versions of objects that are not the object itself: former ones, and delete markers.

use std::cmp::Reverse;

use jiff::Timestamp;
use lambent_types::{VersionId, Versioning};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use crate::objects::bucket_rows::BucketRow;
use crate::objects::statements::{failed, json, parsed, run, select};
use crate::objects::tables;
use crate::row::{Checksum, bytes, checksum, intact, integer};
use lambent_storage::backend::objects::{self as rules, Cursor};
use lambent_storage::{DeleteMarker, ListedVersion, Object, ObjectError, StorageError, Version};

/// A version, with the number of its content, which is 0 of a delete marker.
pub(crate) type Stored = (Version, i64);

/// `content` of a delete marker, which no object ever has.
const NO_CONTENT: i64 = 0;

#[derive(Serialize, Deserialize)]
struct MarkerBody {
    version: VersionId,
    modified: Timestamp,
}

const VERSION: &str = "SELECT bucket, key, number, null_, content, body, checksum FROM version";

fn checksum_of(numbers: [i64; 4], key: &[u8], body: &[u8]) -> Checksum {
    checksum([b"version", &numbers.map(i64::to_le_bytes).concat(), key, body])
}

fn version_of(row: &Row<'_>, versioning: Versioning) -> Result<Stored, StorageError> {
    let read = || {
        let numbers: [i64; 4] = [row.get(0)?, row.get(2)?, row.get(3)?, row.get(4)?];
        Ok((numbers, bytes(row, 1)?, bytes(row, 5)?, bytes(row, 6)?))
    };
    let (numbers, key, body, found) = read().map_err(failed)?;
    let what = || format!("version {} of object {:?}", numbers[1], String::from_utf8_lossy(key));
    intact(checksum_of(numbers, key, body) == found, what)?;
    let [_, number, _, content] = numbers;
    if content != NO_CONTENT {
        return Ok((Version::Object(tables::read_object(key, body, versioning)?), content));
    }
    let MarkerBody { version, modified } = parsed(body, "delete marker")?;
    let key = String::from_utf8_lossy(key).into_owned();
    let marker = DeleteMarker { key, version, modified, sequence: number.unsigned_abs() };
    Ok((Version::Marker(marker), content))
}

fn read(
    connection: &Connection,
    bucket: &BucketRow,
    condition: &str,
    parameters: impl rusqlite::Params,
) -> Result<Option<Stored>, StorageError> {
    let sql = format!("{VERSION} WHERE bucket = ?1 AND key = ?2 {condition}");
    let versioning = bucket.bucket.versioning;
    Ok(select(connection, &sql, parameters, |row| version_of(row, versioning))?.pop())
}

/// The newest version of a key that is not its object.
pub(crate) fn newest(
    connection: &Connection,
    bucket: &BucketRow,
    key: &str,
) -> Result<Option<Stored>, StorageError> {
    let newest = "ORDER BY number DESC LIMIT 1";
    read(connection, bucket, newest, params![bucket.id, key.as_bytes()])
}

/// One version of a key, if it is not its object.
pub(crate) fn version(
    connection: &Connection,
    bucket: &BucketRow,
    key: &str,
    version: VersionId,
) -> Result<Option<Stored>, StorageError> {
    let key = key.as_bytes();
    let found = match version {
        VersionId::Null => read(connection, bucket, "AND null_ = 1", params![bucket.id, key])?,
        VersionId::Made { sequence, .. } => {
            let number = i64::try_from(sequence).unwrap_or(i64::MAX);
            read(connection, bucket, "AND number = ?3", params![bucket.id, key, number])?
        }
    };
    Ok(found.filter(|(found, _)| found.id().unwrap_or(VersionId::Null) == version))
}

/// A version that is there or, if none is named, the newest.
pub(crate) fn find(
    connection: &Connection,
    bucket: &BucketRow,
    key: &str,
    wanted: Option<VersionId>,
) -> Result<Stored, ObjectError> {
    let object = tables::object(connection, bucket, key)?;
    let object = object.map(|(object, content)| (Version::Object(object), content));
    let is_it = |(object, _): &Stored| {
        wanted.is_none_or(|wanted| object.id().unwrap_or(VersionId::Null) == wanted)
    };
    let found = match (object.filter(is_it), wanted) {
        (Some(object), _) => Some(object),
        // There is nothing but objects.
        (None, _) if bucket.bucket.versioning.is_off() => None,
        (None, None) => newest(connection, bucket, key)?,
        (None, Some(wanted)) => version(connection, bucket, key, wanted)?,
    };
    found.ok_or_else(|| rules::missing(wanted))
}

/// An object, of the version that is named or the newest.
pub(crate) fn object(
    connection: &Connection,
    bucket: &BucketRow,
    (key, wanted): (&str, Option<VersionId>),
) -> Result<(Object, i64), ObjectError> {
    match find(connection, bucket, key, wanted)? {
        (Version::Object(object), content) => Ok((object, content)),
        (Version::Marker(_), _) if wanted.is_some() => Err(ObjectError::Marker),
        (Version::Marker(_), _) => Err(ObjectError::NoObject),
    }
}

/// Writes a version, over the same one.
pub(crate) fn write(
    connection: &Connection,
    bucket: i64,
    (version, content): &Stored,
) -> Result<(), StorageError> {
    let (body, null) = match version {
        Version::Object(object) => (tables::write_body(object)?, object.is_null()),
        Version::Marker(DeleteMarker { version, modified, .. }) => (
            json(&MarkerBody { version: *version, modified: *modified })?,
            *version == VersionId::Null,
        ),
    };
    let key = version.key().as_bytes();
    let numbers = [bucket, integer(version.sequence()), i64::from(null), *content];
    let checksum = checksum_of(numbers, key, body.as_bytes());
    let [bucket, number, null, content] = numbers;
    let sql = "INSERT INTO version (bucket, key, number, null_, content, body, checksum) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (bucket, key, number) DO UPDATE \
               SET body = excluded.body, checksum = excluded.checksum";
    run(connection, sql, params![bucket, key, number, null, content, body, checksum]).map(drop)
}

/// Writes a delete marker.
pub(crate) fn write_marker(
    connection: &Connection,
    bucket: i64,
    marker: DeleteMarker,
) -> Result<Version, StorageError> {
    let stored = (Version::Marker(marker), NO_CONTENT);
    write(connection, bucket, &stored)?;
    Ok(stored.0)
}

/// Deletes a version's row.
pub(crate) fn delete(
    connection: &Connection,
    bucket: i64,
    version: &Version,
) -> Result<(), StorageError> {
    let sql = "DELETE FROM version WHERE bucket = ?1 AND key = ?2 AND number = ?3";
    let (key, number) = (version.key().as_bytes(), integer(version.sequence()));
    run(connection, sql, params![bucket, key, number]).map(drop)
}

/// Reads at most `limit` versions from the cursor on, by key and the newest of each first.
pub(crate) fn listed(
    connection: &Connection,
    bucket: &BucketRow,
    from: &Cursor,
    limit: usize,
) -> Result<Vec<ListedVersion>, StorageError> {
    // One more where the object of the first key may be newer than the cursor.
    let objects = limit + usize::from(from.below.is_some());
    let objects = tables::objects(connection, bucket, &from.key, objects)?;
    let object = |object: Object| (Version::Object(object), true);
    let mut all: Vec<(Version, bool)> = objects.into_iter().map(object).collect();
    all.extend(former(connection, bucket, from, limit)?);
    all.retain(|(version, _)| from.reaches(version.key(), version.sequence()));
    all.sort_by(|(a, _), (b, _)| {
        (a.key(), Reverse(a.sequence())).cmp(&(b.key(), Reverse(b.sequence())))
    });
    all.truncate(limit);
    let listed = all.into_iter().map(|(version, is_latest)| ListedVersion { version, is_latest });
    Ok(listed.collect())
}

/// A delete marker is the newest of its key where there is no object and no newer one.
const FORMER: &str = "SELECT bucket, key, number, null_, content, body, checksum, content = 0 AND \
     NOT EXISTS (SELECT 1 FROM object WHERE object.bucket = version.bucket AND object.key = \
     version.key) AND NOT EXISTS (SELECT 1 FROM version AS newer WHERE newer.bucket = \
     version.bucket AND newer.key = version.key AND newer.number > version.number) FROM version";

/// Versions that are not objects themselves, each with whether it is the newest of its key.
fn former(
    connection: &Connection,
    bucket: &BucketRow,
    from: &Cursor,
    limit: usize,
) -> Result<Vec<(Version, bool)>, StorageError> {
    let read = |row: &Row<'_>| {
        let (version, _) = version_of(row, bucket.bucket.versioning)?;
        Ok((version, row.get(7).map_err(failed)?))
    };
    let most = |found: &Vec<_>| integer(limit.saturating_sub(found.len()) as u64);
    let mut found = Vec::new();
    // What is left of one key, so that what came before of it is not read.
    if let Some(below) = from.below {
        let sql = format!(
            "{FORMER} WHERE bucket = ?1 AND key = ?2 AND number < ?3 ORDER BY number DESC LIMIT ?4"
        );
        let parameters = params![bucket.id, from.key, integer(below), most(&found)];
        found = select(connection, &sql, parameters, read)?;
    }
    let after = if from.below.is_some() { ">" } else { ">=" };
    let sql =
        format!("{FORMER} WHERE bucket = ?1 AND key {after} ?2 ORDER BY key, number DESC LIMIT ?3");
    found.extend(select(connection, &sql, params![bucket.id, from.key, most(&found)], read)?);
    Ok(found)
}
