use std::cmp::Reverse;
use std::collections::BTreeMap;

use bytes::Bytes;
use lambent_types::{BucketName, Namespace, VersionId};

use crate::objects::listing::Cursor;
use crate::objects::{
    Bucket, Condition, ListedVersion, Object, ObjectError, Part, PutObject, Upload, Version, rules,
};

#[derive(Debug)]
pub(super) struct Held {
    pub(super) bucket: Bucket,
    pub(super) sequence: u64,
    /// The newest version of each key, unless that is a delete marker.
    pub(super) objects: BTreeMap<String, (Object, Parts)>,
    /// All others, by key and number, the newest of a key first.
    pub(super) versions: BTreeMap<(String, Reverse<u64>), (Version, Parts)>,
    pub(super) uploads: BTreeMap<String, HeldUpload>,
}

#[derive(Debug)]
pub(super) struct HeldUpload {
    pub(super) upload: Upload,
    pub(super) sequence: u64,
    pub(super) put: PutObject,
    pub(super) parts: BTreeMap<u32, (Part, Bytes)>,
}

/// What an object was made of.
pub(super) type Parts = Vec<(Part, Bytes)>;

pub(super) type Buckets = BTreeMap<(String, BucketName), Held>;

/// How many objects, uploads and parts a namespace holds, and of how many bytes.
pub(super) fn holds(buckets: &Buckets, namespace: &str) -> (u64, u64) {
    let (mut objects, mut bytes) = (0, 0);
    for (_, bucket) in buckets.iter().filter(|((owner, _), _)| owner == namespace) {
        objects += (bucket.objects.len() + bucket.versions.len()) as u64;
        bytes += bucket.objects.values().map(|(object, _)| object.size).sum::<u64>();
        bytes += bucket.versions.values().map(|(version, _)| version.size()).sum::<u64>();
        for upload in bucket.uploads.values() {
            objects += 1 + upload.parts.len() as u64;
            bytes += upload.parts.values().map(|(part, _)| part.size).sum::<u64>();
        }
    }
    (objects, bytes)
}

pub(super) fn held<'a>(
    buckets: &'a mut Buckets,
    namespace: &Namespace,
    bucket: &BucketName,
) -> Result<&'a mut Held, ObjectError> {
    buckets.get_mut(&(namespace.key(), bucket.clone())).ok_or(ObjectError::NoBucket)
}

impl Held {
    pub(super) fn check(&self, key: &str, condition: &Condition) -> Result<(), ObjectError> {
        rules::check_condition(key, condition, self.objects.get(key).map(|(object, _)| object))
    }

    /// The newest version of a key.
    fn newest(&self, key: &str) -> Option<(Version, Parts)> {
        if let Some((object, parts)) = self.objects.get(key) {
            return Some((Version::Object(object.clone()), parts.clone()));
        }
        self.of(key).next().map(|(_, found)| found.clone())
    }

    /// The versions of a key that are not its object.
    fn of(&self, key: &str) -> impl Iterator<Item = (&(String, Reverse<u64>), &(Version, Parts))> {
        let from = (key.to_owned(), Reverse(u64::MAX));
        self.versions.range(from..).take_while(move |((of, _), _)| of == key)
    }

    /// Where the version `null` of a key is, if it is not its object.
    fn null(&self, key: &str) -> Option<(String, Reverse<u64>)> {
        let mut of = self.of(key).filter(|(_, (version, _))| match version {
            Version::Object(object) => object.is_null(),
            Version::Marker(marker) => marker.version == VersionId::Null,
        });
        of.next().map(|(place, _)| place.clone())
    }

    /// Shows a version as it is in this bucket now.
    fn shown(&self, mut version: Version) -> Version {
        if let Version::Object(object) = &mut version
            && object.is_null()
        {
            object.version = (!self.bucket.versioning.is_off()).then_some(VersionId::Null);
        }
        version
    }

    /// A version, or the newest.
    pub(super) fn find(
        &self,
        key: &str,
        version: Option<VersionId>,
    ) -> Result<(Version, Parts), ObjectError> {
        let found = match version {
            None => self.newest(key),
            Some(wanted) => {
                let object = self
                    .objects
                    .get(key)
                    .map(|(object, parts)| (Version::Object(object.clone()), parts.clone()));
                let others = self.of(key).map(|(_, found)| found.clone());
                let mut all = object.into_iter().chain(others);
                all.find(|(found, _)| found.id().unwrap_or(VersionId::Null) == wanted)
            }
        };
        let (version, parts) = found.ok_or_else(|| rules::missing(version))?;
        Ok((self.shown(version), parts))
    }

    /// An object and what it was made of, of the version that is named or of the newest.
    pub(super) fn object(
        &self,
        (key, version): (&str, Option<VersionId>),
    ) -> Result<(Object, Parts), ObjectError> {
        match self.find(key, version)? {
            (Version::Object(object), parts) => Ok((object, parts)),
            (Version::Marker(_), _) if version.is_some() => Err(ObjectError::Marker),
            (Version::Marker(_), _) => Err(ObjectError::NoObject),
        }
    }

    /// How many objects, and of how many bytes, a new version of a key takes the place of.
    pub(super) fn replaced(&self, key: &str) -> (u64, u64) {
        let versioning = self.bucket.versioning;
        let object = self.objects.get(key).map(|(object, _)| object);
        if let Some(object) = object.filter(|object| !rules::is_kept(versioning, object)) {
            return (1, object.size);
        }
        match self.null(key).filter(|_| versioning == lambent_types::Versioning::Suspended) {
            Some(place) => (1, self.versions.get(&place).map_or(0, |(found, _)| found.size())),
            None => (0, 0),
        }
    }

    /// Puts aside what stays of a key where a new version comes, and forgets what does not.
    pub(super) fn make_way(&mut self, key: &str) {
        let versioning = self.bucket.versioning;
        if versioning == lambent_types::Versioning::Suspended
            && let Some(place) = self.null(key)
        {
            self.versions.remove(&place);
        }
        if let Some((object, parts)) = self.objects.remove(key)
            && rules::is_kept(versioning, &object)
        {
            let place = (key.to_owned(), Reverse(object.sequence));
            self.versions.insert(place, (Version::Object(object), parts));
        }
    }

    /// Forgets one version; what is the newest then becomes the object.
    pub(super) fn forget(&mut self, version: &Version) {
        let key = version.key().to_owned();
        let is_object = |(object, _): &(Object, Parts)| object.sequence == version.sequence();
        if self.objects.get(&key).is_some_and(is_object) {
            self.objects.remove(&key);
        } else {
            self.versions.remove(&(key.clone(), Reverse(version.sequence())));
        }
        if !self.objects.contains_key(&key)
            && let Some((Version::Object(object), parts)) = self.newest(&key)
        {
            self.versions.remove(&(key.clone(), Reverse(object.sequence)));
            self.objects.insert(key, (object, parts));
        }
    }

    /// Gives a version that is there other tags.
    pub(super) fn tag(&mut self, object: &Object, tags: &BTreeMap<String, String>) {
        let place = (object.key.clone(), Reverse(object.sequence));
        let current = self.objects.get_mut(&object.key).map(|(current, _)| current);
        let is_it = |current: &&mut Object| current.sequence == object.sequence;
        if let Some(current) = current.filter(is_it) {
            current.tags.clone_from(tags);
        } else if let Some((Version::Object(former), _)) = self.versions.get_mut(&place) {
            former.tags.clone_from(tags);
        }
    }

    /// At most so many versions from the cursor on.
    pub(super) fn listed(&self, from: &Cursor, limit: usize) -> Vec<ListedVersion> {
        let objects = self.objects.values().map(|(object, _)| Version::Object(object.clone()));
        let others = self.versions.values().map(|(version, _)| version.clone());
        let mut all: Vec<Version> = objects
            .chain(others)
            .filter(|version| from.reaches(version.key(), version.sequence()))
            .collect();
        all.sort_by(|a, b| (a.key(), Reverse(a.sequence())).cmp(&(b.key(), Reverse(b.sequence()))));
        all.truncate(limit);
        let listed = all.into_iter().map(|version| {
            let newest = self.newest(version.key());
            let is_latest = newest.is_some_and(|(one, _)| one.sequence() == version.sequence());
            ListedVersion { version: self.shown(version), is_latest }
        });
        listed.collect()
    }

    pub(super) fn upload(&mut self, id: &str) -> Result<&mut HeldUpload, ObjectError> {
        self.uploads.get_mut(id).ok_or(ObjectError::NoUpload)
    }

    pub(super) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

pub(super) struct NewObject {
    pub(super) etag: String,
    pub(super) parts: Parts,
}
