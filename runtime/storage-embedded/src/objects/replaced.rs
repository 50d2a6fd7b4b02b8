//! What becomes of the versions of a key where one comes or goes, each in its transaction.

use lambent_types::occurrence::ObjectCause;
use lambent_types::{Origin, VersionId};

use crate::objects::bucket_rows::BucketRow;
use crate::objects::changes::Place;
use crate::objects::former::Former;
use crate::objects::pieces;
use crate::objects::tables;
use crate::objects::versions::{self, Stored};
use crate::quota::{charge, count};
use crate::row::integer;
use crate::shard::Tx;
use lambent_storage::backend::objects as rules;
use lambent_storage::{Condition, DeleteMarker, Deleted, ObjectError, Quota, Version};

impl Place {
    /// Puts aside what stays of a key, and deletes what does not. The row of the object is left to
    /// what comes.
    pub(super) fn make_way(
        &self,
        tx: &mut Tx<'_>,
        row: &BucketRow,
        former: Former,
    ) -> Result<(), ObjectError> {
        if let Some(null) = former.null {
            self.drop_version(tx, row, &null)?;
        }
        match former.current {
            None => Ok(()),
            Some((object, content)) if former.is_kept => {
                let stored = (Version::Object(object), content);
                Ok(versions::write(tx.connection, row.id, &stored)?)
            }
            Some((_, content)) => self.drop_pieces(tx, row, content),
        }
    }

    fn drop_pieces(
        &self,
        tx: &mut Tx<'_>,
        row: &BucketRow,
        content: i64,
    ) -> Result<(), ObjectError> {
        let pieces = pieces::delete_pieces(tx.connection, row.id, content)?;
        self.discard_unless_copied(tx, pieces)
    }

    /// Deletes a version that is not the object.
    fn drop_version(
        &self,
        tx: &mut Tx<'_>,
        row: &BucketRow,
        (version, content): &Stored,
    ) -> Result<(), ObjectError> {
        versions::delete(tx.connection, row.id, version)?;
        match version {
            Version::Object(_) => self.drop_pieces(tx, row, *content),
            Version::Marker(_) => Ok(()),
        }
    }

    /// Puts a delete marker in the place of what is there.
    pub(super) fn mark(
        &self,
        tx: &mut Tx<'_>,
        row: &mut BucketRow,
        (key, former): (&str, Former),
        origin: &Origin,
    ) -> Result<Deleted, ObjectError> {
        // A marker has the key, also where there was no object.
        rules::check_key(key)?;
        match former.freed() {
            None => charge::<ObjectError>(tx, &self.namespace, Quota::Objects, 1)?,
            Some(bytes) => count(tx, &self.namespace, Quota::ObjectBytes, -integer(bytes)),
        }
        let sequence = self.next(tx, row)?;
        let number = sequence.unsigned_abs();
        let made = rules::new_version(row.bucket.versioning, number)?;
        let version = made.unwrap_or(VersionId::Null);
        let existed = former.current.is_some();
        self.make_way(tx, row, former)?;
        if existed {
            tables::delete_object(tx.connection, row.id, key)?;
        }
        let (key, modified) = (key.to_owned(), tx.now);
        let marker = DeleteMarker { key, version, modified, sequence: number };
        let marker = versions::write_marker(tx.connection, row.id, marker)?;
        self.emit(tx, ObjectCause::DeleteMarkerCreated, &marker, (sequence, origin))?;
        Ok(Deleted { existed, version: Some(version), marker: true })
    }

    /// Deletes one version for good. What is the newest then becomes the object.
    pub(crate) fn remove_version(
        &self,
        tx: &mut Tx<'_>,
        (key, wanted): (&str, VersionId),
        condition: &Condition,
        origin: &Origin,
    ) -> Result<Deleted, ObjectError> {
        let mut row = self.row(tx)?;
        let found = match versions::find(tx.connection, &row, key, Some(wanted)) {
            Err(ObjectError::NoVersion) => None,
            found => Some(found?),
        };
        let Some((version, content)) = found else { return Ok(Deleted::default()) };
        rules::check_condition(key, condition, version.object())?;
        self.release(tx, 1, version.size());
        let sequence = self.next(tx, &mut row)?;
        let current = tables::object(tx.connection, &row, key)?;
        let is_current =
            current.as_ref().is_some_and(|(object, _)| object.sequence == version.sequence());
        if is_current {
            tables::delete_object(tx.connection, row.id, key)?;
            self.drop_pieces(tx, &row, content)?;
        } else {
            self.drop_version(tx, &row, &(version.clone(), content))?;
        }
        if is_current || current.is_none() {
            bring_back(tx, &row, key)?;
        }
        self.emit(tx, ObjectCause::Delete, &version, (sequence, origin))?;
        let marker = matches!(version, Version::Marker(_));
        Ok(Deleted { existed: true, version: version.id(), marker })
    }
}

/// Makes the newest version the object again, unless it is a delete marker.
fn bring_back(tx: &Tx<'_>, row: &BucketRow, key: &str) -> Result<(), ObjectError> {
    if row.bucket.versioning.is_off() {
        return Ok(());
    }
    let newest = versions::newest(tx.connection, row, key)?;
    let Some((version, content)) = newest else { return Ok(()) };
    let Version::Object(object) = &version else { return Ok(()) };
    versions::delete(tx.connection, row.id, &version)?;
    Ok(tables::write_object(tx.connection, row.id, object, content)?)
}
