use std::cmp::Reverse;

use lambent_types::occurrence::ObjectCause;
use lambent_types::{Namespace, Origin, VersionId};

use super::MemoryObjects;
use super::held::{Held, NewObject};
use crate::change_event::ChangeEvent;
use crate::objects::{DeleteMarker, Deleted, Object, ObjectError, PutObject, Version, rules};

impl MemoryObjects {
    /// Puts an object in its place once its event is appended.
    pub(super) fn write(
        &self,
        (namespace, held): (&Namespace, &mut Held),
        (key, put): (&str, PutObject),
        (new, cause): (NewObject, ObjectCause),
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        let sequence = held.sequence + 1;
        let object = Object {
            key: key.to_owned(),
            size: new.parts.iter().map(|(part, _)| part.size).sum(),
            etag: new.etag,
            content_type: put.content_type,
            headers: put.headers,
            metadata: put.metadata,
            tags: put.tags,
            checksum: put.checksum.get(),
            modified: self.clock.now(),
            sequence,
            version: rules::new_version(held.bucket.versioning, sequence)?,
        };
        let version = Version::Object(object.clone());
        self.emit(namespace, held, (cause, &version), origin)?;
        held.make_way(key);
        held.objects.insert(key.to_owned(), (object.clone(), new.parts));
        Ok(object)
    }

    /// Puts a delete marker in an object's place.
    pub(super) fn mark(
        &self,
        namespace: &Namespace,
        held: &mut Held,
        key: &str,
        origin: &Origin,
    ) -> Result<Deleted, ObjectError> {
        // A marker has the key, also where there was no object.
        rules::check_key(key)?;
        let sequence = held.sequence + 1;
        let made = rules::new_version(held.bucket.versioning, sequence)?;
        let version = made.unwrap_or(VersionId::Null);
        let modified = self.clock.now();
        let marker = DeleteMarker { key: key.to_owned(), version, modified, sequence };
        let marker = Version::Marker(marker);
        self.emit(namespace, held, (ObjectCause::DeleteMarkerCreated, &marker), origin)?;
        let existed = held.objects.contains_key(key);
        held.make_way(key);
        held.versions.insert((key.to_owned(), Reverse(sequence)), (marker, Vec::new()));
        Ok(Deleted { existed, version: Some(version), marker: true })
    }

    /// Tells of the next change of a bucket.
    pub(super) fn emit(
        &self,
        namespace: &Namespace,
        held: &mut Held,
        (cause, version): (ObjectCause, &Version),
        origin: &Origin,
    ) -> Result<(), ObjectError> {
        let (bucket, sequence) = (&held.bucket.name, held.sequence + 1);
        let (key, object, id) = (version.key(), version.object(), version.id());
        let event = ChangeEvent::Object { bucket, cause, key, object, version: id, sequence };
        self.events.emit(namespace, &[(event, origin)])?;
        held.sequence = sequence;
        Ok(())
    }
}
