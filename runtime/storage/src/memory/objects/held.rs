use std::collections::BTreeMap;

use bytes::Bytes;
use lambent_types::{BucketName, Namespace};

use crate::objects::{Bucket, Condition, Object, ObjectError, Part, PutObject, Upload, rules};

#[derive(Debug)]
pub(super) struct Held {
    pub(super) bucket: Bucket,
    pub(super) sequence: u64,
    pub(super) objects: BTreeMap<String, (Object, Parts)>,
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
        objects += bucket.objects.len() as u64;
        bytes += bucket.objects.values().map(|(object, _)| object.size).sum::<u64>();
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
