//! Versions of objects, and the rules by which they end.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lambent_service::{
    BucketHandle, Condition, Expiry, ExpiryRule, FormerExpiry, ListVersions, PutObject, Version,
};
use lambent_types::{BucketName, ErrorCode, Versioning};

use crate::fixture::Fixture;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn put(bucket: &BucketHandle<'_>, key: &str, bytes: &'static str) {
    let stream = futures::stream::once(async move { Ok(Bytes::from(bytes)) }).boxed();
    bucket.put(key, PutObject::default(), stream).await.unwrap();
}

/// The versions of a bucket: the key, and the size unless it is a delete marker.
async fn held(bucket: &BucketHandle<'_>) -> Vec<(String, Option<u64>)> {
    let list = ListVersions { limit: 100, ..ListVersions::default() };
    let page = bucket.list_versions(list).await.unwrap();
    let told = page.versions.into_iter().map(|listed| match listed.version {
        Version::Object(object) => (object.key, Some(object.size)),
        Version::Marker(marker) => (marker.key, None),
    });
    told.collect()
}

fn of(key: &str, sizes: &[Option<u64>]) -> Vec<(String, Option<u64>)> {
    sizes.iter().map(|size| (key.to_owned(), *size)).collect()
}

async fn versioned(fixture: &Fixture) -> BucketHandle<'_> {
    let bucket = fixture.scope.handle::<BucketName>("photos").unwrap();
    let put = bucket.put_bucket(Some(Versioning::Enabled)).await.unwrap();
    assert!(put.created && put.value.versioning == Versioning::Enabled);
    bucket
}

async fn rule(bucket: &BucketHandle<'_>, rule: ExpiryRule) {
    let rule = ExpiryRule { id: "r".into(), enabled: true, ..rule };
    bucket.change_settings(|settings| settings.expiry = vec![rule.clone()]).await.unwrap();
}

#[tokio::test]
async fn versioning_stays_unless_it_is_said() {
    let fixture = Fixture::new().await;
    let bucket = versioned(&fixture).await;
    let again = bucket.put_bucket(None).await.unwrap();
    assert!(!again.created && again.value.versioning == Versioning::Enabled);
    let off = bucket.put_bucket(Some(Versioning::Off)).await.unwrap_err();
    assert_eq!(off.code(), ErrorCode::InvalidRequest);
    let suspended = bucket.put_bucket(Some(Versioning::Suspended)).await.unwrap();
    assert_eq!(suspended.value.versioning, Versioning::Suspended);
}

#[tokio::test]
async fn former_versions_end_once_others_are_old_enough() {
    let fixture = Fixture::new().await;
    let bucket = versioned(&fixture).await;
    for bytes in ["1", "22", "333", "4444"] {
        put(&bucket, "k", bytes).await;
    }
    let former = Some(FormerExpiry { days: 3, kept: Some(1) });
    rule(&bucket, ExpiryRule { former, ..ExpiryRule::default() }).await;
    fixture.clock.advance(3 * DAY);
    fixture.service.expire_objects().await.unwrap();
    assert_eq!(held(&bucket).await.len(), 4, "days end at midnight");
    fixture.clock.advance(DAY);
    put(&bucket, "k", "55555").await;
    fixture.service.expire_objects().await.unwrap();
    // Of the former ones the newest stays, and those of which it is one day.
    assert_eq!(held(&bucket).await, of("k", &[Some(5), Some(4)]));
    fixture.clock.advance(30 * DAY);
    fixture.service.expire_objects().await.unwrap();
    assert_eq!(held(&bucket).await, of("k", &[Some(5), Some(4)]));
}

#[tokio::test]
async fn a_delete_marker_ends_when_it_is_all_that_is_left() {
    let fixture = Fixture::new().await;
    let bucket = versioned(&fixture).await;
    put(&bucket, "k", "1").await;
    bucket.delete_object("k", Condition::None).await.unwrap();
    bucket.delete_object("lone", Condition::None).await.unwrap();
    rule(&bucket, ExpiryRule { lone_markers: true, ..ExpiryRule::default() }).await;
    fixture.service.expire_objects().await.unwrap();
    assert_eq!(held(&bucket).await, of("k", &[None, Some(1)]));
    let former = Some(FormerExpiry { days: 1, kept: None });
    rule(&bucket, ExpiryRule { former, lone_markers: true, ..ExpiryRule::default() }).await;
    fixture.clock.advance(3 * DAY);
    fixture.service.expire_objects().await.unwrap();
    fixture.service.expire_objects().await.unwrap();
    assert_eq!(held(&bucket).await, of("k", &[]));
}

/// An object whose days are over gets a delete marker, and stays below it.
#[tokio::test]
async fn objects_that_end_stay_as_former_versions() {
    let fixture = Fixture::new().await;
    let bucket = versioned(&fixture).await;
    put(&bucket, "k", "1").await;
    rule(&bucket, ExpiryRule { objects: Some(Expiry::Days(1)), ..ExpiryRule::default() }).await;
    fixture.clock.advance(3 * DAY);
    fixture.service.expire_objects().await.unwrap();
    assert_eq!(held(&bucket).await, of("k", &[None, Some(1)]));
    assert_eq!(bucket.head("k").await.unwrap_err().code(), ErrorCode::ObjectNotFound);
    assert_eq!(bucket.delete().await.unwrap_err().code(), ErrorCode::Conflict);
}
