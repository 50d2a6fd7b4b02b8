use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use async_trait::async_trait;
use futures::StreamExt as _;
use lambent_types::{BucketName, Namespace, Origin, VersionId, Versioning, bounds};

use super::{Checked, checked};
use crate::error::StorageError;
use crate::objects::{
    Bucket, ByteStream, CompleteUpload, Condition, CopyObject, Deleted, ListObjects, ListVersions,
    Object, ObjectError, ObjectPage, ObjectPlace, Objects, Part, PutObject, PutPart, Upload,
    Version, VersionPage, rules,
};

/// The bytes of one write, which end in an error where there are too many.
fn limited(bytes: ByteStream) -> ByteStream {
    let mut size = 0_u64;
    bytes
        .map(move |piece| {
            let piece = piece?;
            size = size.saturating_add(piece.len() as u64);
            rules::check_size(size).map_err(io::Error::other)?;
            Ok(piece)
        })
        .boxed()
}

/// Takes the refusal of [`limited`] out of the failure that the store made of it.
fn refusal(error: ObjectError) -> ObjectError {
    match error {
        ObjectError::Input(source) => match source.downcast::<ObjectError>() {
            Ok(refusal) => refusal,
            Err(source) => ObjectError::Input(source),
        },
        other => other,
    }
}

checked! { Objects {
    async fn put(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        put: PutObject,
        bytes: ByteStream,
        origin: &Origin,
    ) -> Result<Object, ObjectError> {
        rules::check_key(key)?;
        rules::check_put(&put)?;
        let done = self.0.put(namespace, bucket, key, put, limited(bytes), origin);
        done.await.map_err(refusal)
    }

    async fn put_part(
        &self,
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
        part: PutPart,
        bytes: ByteStream,
    ) -> Result<Part, ObjectError> {
        rules::check_part_number(part.number)?;
        let done = self.0.put_part(namespace, bucket, upload, part, limited(bytes));
        done.await.map_err(refusal)
    }
    }
    create_bucket(namespace: &Namespace, bucket: &BucketName) -> Result<Bucket, ObjectError> {}
    delete_bucket(namespace: &Namespace, bucket: &BucketName) -> Result<(), ObjectError> {}
    bucket(
        namespace: &Namespace,
        bucket: &BucketName
    ) -> Result<Option<Bucket>, StorageError> {}
    buckets(namespace: &Namespace) -> Result<Vec<Bucket>, StorageError> {}
    set_versioning(
        namespace: &Namespace,
        bucket: &BucketName,
        versioning: Versioning
    ) -> Result<Bucket, ObjectError> {}
    find(
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        version: Option<VersionId>
    ) -> Result<Version, ObjectError> {}
    get_version(
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
        range: Option<Range<u64>>
    ) -> Result<(Object, ByteStream), ObjectError> {}
    delete_version(
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
        condition: Condition,
        origin: &Origin
    ) -> Result<Deleted, ObjectError> {}
    copy(
        namespace: &Namespace,
        from: ObjectPlace<'_>,
        to: ObjectPlace<'_>,
        copy: CopyObject,
        origin: &Origin
    ) -> Result<Object, ObjectError> {
        rules::check_key(to.key)?;
        rules::check_put(&copy.put)?;
    }
    set_tags(
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>),
        tags: BTreeMap<String, String>
    ) -> Result<Object, ObjectError> {
        rules::check_tags(&tags)?;
    }
    object_parts(
        namespace: &Namespace,
        bucket: &BucketName,
        version: (&str, Option<VersionId>)
    ) -> Result<(Object, Vec<Part>), ObjectError> {}
    list_versions(
        namespace: &Namespace,
        bucket: &BucketName,
        list: ListVersions
    ) -> Result<VersionPage, ObjectError> {
        let list = ListVersions { limit: list.limit.min(bounds::PAGE_MAX), ..list };
    }
    list(
        namespace: &Namespace,
        bucket: &BucketName,
        list: ListObjects
    ) -> Result<ObjectPage, ObjectError> {
        let list = ListObjects { limit: list.limit.min(bounds::PAGE_MAX), ..list };
    }
    begin_upload(
        namespace: &Namespace,
        bucket: &BucketName,
        key: &str,
        put: PutObject
    ) -> Result<Upload, ObjectError> {
        rules::check_key(key)?;
        rules::check_put(&put)?;
    }
    parts(
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str
    ) -> Result<Vec<Part>, ObjectError> {}
    complete_upload(
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str,
        complete: CompleteUpload,
        origin: &Origin
    ) -> Result<Object, ObjectError> {}
    abort_upload(
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str
    ) -> Result<(), ObjectError> {}
    upload(
        namespace: &Namespace,
        bucket: &BucketName,
        upload: &str
    ) -> Result<Upload, ObjectError> {}
    uploads(namespace: &Namespace, bucket: &BucketName) -> Result<Vec<Upload>, ObjectError> {}
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::stream;

    use super::*;

    /// The bytes are the same ones again and again, and never in memory together.
    #[tokio::test]
    async fn more_bytes_than_one_write_may_bring_are_refused_as_such() {
        const PIECE: usize = 64 << 20;
        let piece = Bytes::from(vec![0; PIECE]);
        let allowed = bounds::PART_BYTES_MAX / PIECE as u64;
        for (pieces, refused) in [(allowed, false), (allowed + 1, true)] {
            let pieces = (0..pieces).map(|_| Ok(piece.clone())).collect::<Vec<_>>();
            let read: Vec<_> = limited(stream::iter(pieces).boxed()).collect().await;
            let failure = read.into_iter().find_map(Result::err);
            assert_eq!(failure.is_some(), refused);
            let told = failure.map(|failure| refusal(ObjectError::Input(failure)));
            assert!(told.is_none_or(|told| matches!(told, ObjectError::Invalid(_))));
        }
        let cut = refusal(ObjectError::Input(io::ErrorKind::ConnectionReset.into()));
        assert!(matches!(cut, ObjectError::Input(_)), "{cut:?}");
    }
}
