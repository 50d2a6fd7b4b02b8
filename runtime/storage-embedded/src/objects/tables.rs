//! The tables of buckets, objects and uploads.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambent_types::{VersionId, Versioning};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use crate::objects::bucket_rows::BucketRow;
use crate::objects::statements::{failed, json, parsed, run, select};
use crate::row::{Checksum, bytes, checksum, intact, integer};
use lambent_storage::{
    Checksum as ClientChecksum, Object, ObjectError, PutObject, StorageError, Upload,
};

/// `content` names the pieces of an object or an upload: a number of the
/// bucket's own, taken from `sequence`, that is never used again. Completing an
/// upload gives its content to the object. Keys are blobs: their bytes, and
/// the order of their bytes.
pub(crate) const SCHEMA: &str = "
CREATE TABLE bucket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    created TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    UNIQUE (namespace, name)
) STRICT;
CREATE TABLE object (
    bucket INTEGER NOT NULL REFERENCES bucket (id),
    key BLOB NOT NULL,
    content INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE upload (
    bucket INTEGER NOT NULL REFERENCES bucket (id),
    id TEXT NOT NULL,
    content INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (bucket, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE piece (
    bucket INTEGER NOT NULL,
    content INTEGER NOT NULL,
    number INTEGER NOT NULL,
    blob TEXT NOT NULL,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (bucket, content, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX piece_blob ON piece (blob);
";

/// Bodies of objects and uploads may have header fields, and those of uploads
/// conditions of header fields: what does not know them would lose them.
pub(crate) const SCHEMA_HEADERS: &str = "";

/// Pieces may have checksums of a client's, and bodies tags and checksums.
pub(crate) const SCHEMA_CHECKSUMS: &str = "
ALTER TABLE piece ADD COLUMN client_checksum TEXT NOT NULL DEFAULT '';
";

/// What a bucket keeps of its objects' versions, and all versions that are not the object itself: the
/// object is the newest of its key, and if that is a delete marker, there is none. Of delete markers
/// `content` is 0. `null_` is 1 for the one version of a key whose id is `null`. A bucket that keeps
/// no versions has no row here, and needs no look.
pub(crate) const SCHEMA_VERSIONS: &str = "
ALTER TABLE bucket ADD COLUMN versioning INTEGER NOT NULL DEFAULT 0;
CREATE TABLE version (
    bucket INTEGER NOT NULL REFERENCES bucket (id),
    key BLOB NOT NULL,
    number INTEGER NOT NULL,
    null_ INTEGER NOT NULL,
    content INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (bucket, key, number DESC)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX version_null ON version (bucket, key) WHERE null_ = 1;
";

/// An upload's row.
pub(crate) struct UploadRow {
    pub(crate) content: i64,
    pub(crate) upload: Upload,
    pub(crate) put: PutObject,
}

#[derive(Serialize, Deserialize)]
struct ObjectBody {
    size: u64,
    etag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// Absent in rows of version 8 of the schema and before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// Absent in rows of version 10 of the schema and before, as its checksum is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<ClientChecksum>,
    modified: Timestamp,
    sequence: u64,
    /// Absent in rows of version 12 of the schema and before, and where it is `null`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<VersionId>,
}

#[derive(Serialize, Deserialize)]
struct UploadBody {
    key: String,
    put: PutObject,
    started: Timestamp,
}

/// The checksum of an object or an upload.
fn content_checksum(table: &[u8], bucket: i64, key: &[u8], content: i64, body: &[u8]) -> Checksum {
    checksum([table, &bucket.to_le_bytes(), key, &content.to_le_bytes(), body])
}

/// Verifies a row of bucket, key, content, body and checksum.
fn verified<'a>(table: &str, row: &'a Row<'_>) -> Result<(&'a [u8], i64, &'a [u8]), StorageError> {
    let read = || Ok((row.get(0)?, bytes(row, 1)?, row.get(2)?, bytes(row, 3)?, bytes(row, 4)?));
    let (bucket, key, content, body, found) = read().map_err(failed)?;
    let same = content_checksum(table.as_bytes(), bucket, key, content, body) == found;
    intact(same, || format!("{table} {:?}", String::from_utf8_lossy(key)))?;
    Ok((key, content, body))
}

fn object_of(row: &Row<'_>, versioning: Versioning) -> Result<(Object, i64), StorageError> {
    let (key, content, body) = verified("object", row)?;
    Ok((read_object(key, body, versioning)?, content))
}

/// Reads the body of an object, as it is in a bucket with this versioning.
pub(crate) fn read_object(
    key: &[u8],
    body: &[u8],
    versioning: Versioning,
) -> Result<Object, StorageError> {
    let body: ObjectBody = parsed(body, "object")?;
    let null = || (!versioning.is_off()).then_some(VersionId::Null);
    Ok(Object {
        key: String::from_utf8_lossy(key).into_owned(),
        size: body.size,
        etag: body.etag,
        content_type: body.content_type,
        headers: body.headers,
        metadata: body.metadata,
        tags: body.tags,
        checksum: body.checksum,
        modified: body.modified,
        sequence: body.sequence,
        version: body.version.or_else(null),
    })
}

/// Writes the body of an object.
pub(crate) fn write_body(object: &Object) -> Result<String, StorageError> {
    json(&ObjectBody {
        size: object.size,
        etag: object.etag.clone(),
        content_type: object.content_type.clone(),
        headers: object.headers.clone(),
        metadata: object.metadata.clone(),
        tags: object.tags.clone(),
        checksum: object.checksum.clone(),
        modified: object.modified,
        sequence: object.sequence,
        version: object.version.filter(|_| !object.is_null()),
    })
}

const OBJECT: &str = "SELECT bucket, key, content, body, checksum FROM object";

/// Reads an object, and the number of its content.
pub(crate) fn object(
    connection: &Connection,
    bucket: &BucketRow,
    key: &str,
) -> Result<Option<(Object, i64)>, StorageError> {
    let sql = format!("{OBJECT} WHERE bucket = ?1 AND key = ?2");
    let read = |row: &Row<'_>| object_of(row, bucket.bucket.versioning);
    Ok(select(connection, &sql, params![bucket.id, key.as_bytes()], read)?.pop())
}

/// Reads at most `limit` objects whose keys are not below `from`.
pub(crate) fn objects(
    connection: &Connection,
    bucket: &BucketRow,
    from: &[u8],
    limit: usize,
) -> Result<Vec<Object>, StorageError> {
    let sql = format!("{OBJECT} WHERE bucket = ?1 AND key >= ?2 ORDER BY key LIMIT ?3");
    let parameters = params![bucket.id, from, integer(limit as u64)];
    select(connection, &sql, parameters, |row| Ok(object_of(row, bucket.bucket.versioning)?.0))
}

/// Writes an object, over one of that key.
pub(crate) fn write_object(
    connection: &Connection,
    bucket: i64,
    object: &Object,
    content: i64,
) -> Result<(), StorageError> {
    let body = write_body(object)?;
    let key = object.key.as_bytes();
    let checksum = content_checksum(b"object", bucket, key, content, body.as_bytes());
    let sql = "INSERT INTO object (bucket, key, content, body, checksum) \
               VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET \
               content = excluded.content, body = excluded.body, checksum = excluded.checksum";
    run(connection, sql, params![bucket, key, content, body, checksum]).map(drop)
}

/// Deletes an object's row.
pub(crate) fn delete_object(
    connection: &Connection,
    bucket: i64,
    key: &str,
) -> Result<(), StorageError> {
    let sql = "DELETE FROM object WHERE bucket = ?1 AND key = ?2";
    run(connection, sql, params![bucket, key.as_bytes()]).map(drop)
}

fn upload_of(row: &Row<'_>) -> Result<UploadRow, StorageError> {
    let (id, content, body) = verified("upload", row)?;
    let id = String::from_utf8_lossy(id).into_owned();
    let UploadBody { key, put, started } = parsed(body, "upload")?;
    let checksum = put.checksum_kind;
    Ok(UploadRow { content, upload: Upload { id, key, started, checksum }, put })
}

const UPLOAD: &str = "SELECT bucket, id, content, body, checksum FROM upload";

/// Reads an upload that must be there.
pub(crate) fn upload(
    connection: &Connection,
    bucket: i64,
    id: &str,
) -> Result<UploadRow, ObjectError> {
    let sql = format!("{UPLOAD} WHERE bucket = ?1 AND id = ?2");
    let found = select(connection, &sql, params![bucket, id], upload_of)?.pop();
    found.ok_or(ObjectError::NoUpload)
}

/// Reads all uploads of a bucket, oldest first.
pub(crate) fn uploads(connection: &Connection, bucket: i64) -> Result<Vec<Upload>, StorageError> {
    let sql = format!("{UPLOAD} WHERE bucket = ?1 ORDER BY content");
    select(connection, &sql, [bucket], |row| Ok(upload_of(row)?.upload))
}

/// Writes a new upload.
pub(crate) fn insert_upload(
    connection: &Connection,
    bucket: i64,
    row: &UploadRow,
) -> Result<(), StorageError> {
    let (id, content) = (row.upload.id.as_bytes(), row.content);
    let (key, started) = (row.upload.key.clone(), row.upload.started);
    let body = json(&UploadBody { key, put: row.put.clone(), started })?;
    let checksum = content_checksum(b"upload", bucket, id, content, body.as_bytes());
    let sql = "INSERT INTO upload (bucket, id, content, body, checksum) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    run(connection, sql, params![bucket, row.upload.id, content, body, checksum]).map(drop)
}
