use lambent_types::{VersionId, Versioning};
use rusqlite::Connection;

use crate::objects::bucket_rows::BucketRow;
use crate::objects::tables;
use crate::objects::versions::{self, Stored};
use lambent_storage::backend::objects as rules;
use lambent_storage::{Object, StorageError};

/// What is there of a key where a new version comes.
pub(crate) struct Former {
    /// The object, with its content.
    pub(super) current: Option<(Object, i64)>,
    /// Whether it stays as a former version.
    pub(super) is_kept: bool,
    /// The former version `null`, which does not.
    pub(super) null: Option<Stored>,
}

impl Former {
    pub(crate) fn of(
        connection: &Connection,
        row: &BucketRow,
        key: &str,
    ) -> Result<Self, StorageError> {
        let current = tables::object(connection, row, key)?;
        let versioning = row.bucket.versioning;
        let is_kept =
            current.as_ref().is_some_and(|(object, _)| rules::is_kept(versioning, object));
        let may_be_null = current.is_none() || is_kept;
        let null = match versioning {
            Versioning::Suspended if may_be_null => {
                versions::version(connection, row, key, VersionId::Null)?
            }
            _ => None,
        };
        Ok(Self { current, is_kept, null })
    }

    /// The object that is there, which conditions are about.
    pub(crate) fn current(&self) -> Option<&Object> {
        self.current.as_ref().map(|(object, _)| object)
    }

    /// The bytes of what the new version takes the place of, if there is any.
    pub(crate) fn freed(&self) -> Option<u64> {
        match (&self.current, &self.null) {
            (Some((object, _)), _) if !self.is_kept => Some(object.size),
            (_, null) => null.as_ref().map(|(version, _)| version.size()),
        }
    }
}
