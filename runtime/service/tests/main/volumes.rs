//! Volumes for clients, and as functions have them.

use std::sync::Arc;

use lambent_files::{ErrorCode as E, Kind, VOLUME_ROOT};
use lambent_service::{DataPlane, DataScope};
use lambent_storage::contract::samples;
use lambent_types::{
    Access, ConfigurationPatch, ErrorCode, Mounts, Origin, Quota, VolumeName, VolumeSettings,
};
use tokio_util::sync::CancellationToken;

use crate::fixture::{ANY, Fixture};

fn name(text: &str) -> VolumeName {
    text.parse().unwrap()
}

/// What a function with these mounts may do.
fn guest(fixture: &Fixture, mounts: &str) -> DataScope {
    let mut function = samples::head(&samples::namespace("default"), &samples::name("f"), "code");
    function.configuration.mounts = mounts.parse::<Mounts>().unwrap();
    let data = DataPlane::new(fixture.stores.clone(), CancellationToken::new());
    Arc::new(data).function_scope(Arc::new(function), Origin::default())
}

#[tokio::test]
async fn a_volume_is_created_changed_and_deleted() {
    let fixture = Fixture::new().await;
    let volume = fixture.scope.handle::<VolumeName>("data").unwrap();
    assert_eq!(volume.describe().await.unwrap_err().code(), ErrorCode::VolumeNotFound);
    let put = volume.put(VolumeSettings::default()).await.unwrap();
    assert!(put.created && put.value.max_bytes == 1 << 30);
    let again = volume.put(VolumeSettings { max_bytes: 1 << 20 }).await.unwrap();
    assert!(!again.created && again.value.id == put.value.id);
    let small = volume.put(VolumeSettings { max_bytes: 1 }).await.unwrap_err();
    assert_eq!(small.code(), ErrorCode::InvalidConfiguration);
    let tebibyte = volume.put(VolumeSettings { max_bytes: 1 << 40 }).await.unwrap_err();
    assert_eq!(tebibyte.code(), ErrorCode::QuotaExceeded);
    assert!(tebibyte.detail().contains("--quota-volume-bytes"), "{tebibyte}");
    let held = fixture.stores.holdings(fixture.scope.namespace()).await.unwrap();
    let used = |quota| held.iter().find(|one| one.quota == quota).unwrap().used;
    assert_eq!((used(Quota::Volumes), used(Quota::VolumeBytes)), (1, 1 << 20));
    volume.delete().await.unwrap();
    assert_eq!(volume.delete().await.unwrap_err().code(), ErrorCode::VolumeNotFound);
    let renewed = volume.put(VolumeSettings::default()).await.unwrap();
    assert!(renewed.created && renewed.value.id != put.value.id);
}

#[tokio::test]
async fn a_function_has_of_a_volume_what_its_mounts_say() {
    let fixture = Fixture::new().await;
    for volume in ["data", "other"] {
        let volume = fixture.scope.handle::<VolumeName>(volume).unwrap();
        volume.put(VolumeSettings::default()).await.unwrap();
    }
    let (data, other) = (name("data"), name("Other"));
    let scope = guest(&fixture, "data:/mnt/data:read,other:/mnt/other");
    let opened = scope.resource(&data).open(Access::Read).await.unwrap();
    assert_eq!(opened.create(VOLUME_ROOT, "a", Kind::File), Err(E::ReadOnly));
    let refused = scope.resource(&data).open(Access::ReadWrite).await.err().unwrap();
    assert_eq!(refused.code(), ErrorCode::Forbidden);
    let wanted = "lambent grant add f volume:data:/mnt/data:read-write\nor in lambent.toml, in the \
                  list mounts of [functions.f]: { volume = \"data\", path = \"/mnt/data\", \
                  access = \"read-write\" }";
    assert!(refused.detail().ends_with(wanted), "{refused}");
    let opened = scope.resource(&other).open(Access::ReadWrite).await.unwrap();
    opened.create(VOLUME_ROOT, "a", Kind::File).unwrap();
    let none = guest(&fixture, "");
    for access in [Access::Read, Access::ReadWrite] {
        let refused = none.resource(&data).open(access).await.err().unwrap();
        assert_eq!(refused.code(), ErrorCode::Forbidden);
    }
    assert_eq!(none.resource(&data).delete().await.unwrap_err().code(), ErrorCode::Forbidden);
    // One that is deleted is not found, and is gone for who has it open.
    fixture.scope.handle::<VolumeName>("other").unwrap().delete().await.unwrap();
    assert!(opened.is_gone());
    let missing = scope.resource(&other).open(Access::Read).await.err().unwrap();
    assert_eq!(missing.code(), ErrorCode::VolumeNotFound);
}

#[tokio::test]
async fn a_function_is_configured_with_volumes_that_there_are() {
    let fixture = Fixture::new().await;
    let volume = fixture.scope.handle::<VolumeName>("data").unwrap();
    volume.put(VolumeSettings::default()).await.unwrap();
    let mounts = |text: &str| ConfigurationPatch {
        mounts: Some(text.parse().unwrap()),
        ..ConfigurationPatch::default()
    };
    let function = fixture.handle();
    let deploy = async |text| fixture.deploy_with("one", mounts(text)).await;
    let error = deploy("dta:/mnt/data").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::VolumeNotFound);
    assert!(error.detail().ends_with("or did you mean \"data\"?"), "{error}");
    deploy("data:/mnt/data").await.unwrap();
    // What it has may be gone: the rest of it can be changed.
    volume.delete().await.unwrap();
    let other = ConfigurationPatch { public: Some(true), ..ConfigurationPatch::default() };
    function.configure(other, &ANY).await.unwrap();
    let error = function.configure(mounts("data:/mnt/other"), &ANY).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::VolumeNotFound);
}
