use bytes::Bytes;
use lambent_package::{Builder, Limits};
use lambent_storage::CodeStore as _;
use lambent_types::{Code, ConfigurationPatch, Digest, ErrorCode};

use crate::fixture::{ANY, Fixture, description};

/// A function that runs on a runtime and wants snapshots.
async fn with_snapshots() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.scope.install_runtime("one", Bytes::from("runtime"), None).await.unwrap();
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_bytes("app.txt", &b"sources"[..]).unwrap();
    let mut zip = Vec::new();
    builder.write(&mut zip).unwrap();
    let patch = ConfigurationPatch {
        runtime: Some(Some("one".parse().unwrap())),
        handler: Some("app.handler".into()),
        snapshot: Some(true),
        ..Default::default()
    };
    fixture.handle().deploy(zip.into(), patch, &ANY).await.unwrap();
    fixture
}

/// What the fixture takes of an instance of that component.
fn memory_of(component: &str) -> Digest {
    Digest::of(format!("the memory of {}", Digest::of(component.as_bytes())).as_bytes())
}

fn frozen(code: &Code) -> Option<Digest> {
    code.snapshot.map(|snapshot| snapshot.digest)
}

#[tokio::test]
async fn a_snapshot_is_taken_once_and_goes_with_its_last_version() {
    let fixture = with_snapshots().await;
    let function = fixture.handle();
    let digest = memory_of("runtime");
    assert!(!fixture.code.contains(digest).await.unwrap(), "it is taken when it is published");
    let first = function.publish(&ANY).await.unwrap();
    assert_eq!((first.created, frozen(&first.version.code)), (true, Some(digest)));
    assert!(!function.publish(&ANY).await.unwrap().created);
    assert!(fixture.code.contains(digest).await.unwrap());

    // Of another configuration there is another, which may be the same bytes.
    let head = function.configure(description("x"), &ANY).await.unwrap();
    assert_eq!(frozen(&head.latest.code), None);
    let second = function.publish(&ANY).await.unwrap();
    assert_eq!((second.created, frozen(&second.version.code)), (true, Some(digest)));
    function.delete_version(1).await.unwrap();
    assert!(fixture.code.contains(digest).await.unwrap());
    function.delete(&ANY).await.unwrap();
    assert!(!fixture.code.contains(digest).await.unwrap());
}

#[tokio::test]
async fn after_an_update_of_the_runtime_a_new_version_has_a_new_snapshot() {
    let fixture = with_snapshots().await;
    let function = fixture.handle();
    function.publish(&ANY).await.unwrap();
    fixture.scope.install_runtime("one", Bytes::from("runtime 2"), None).await.unwrap();
    let second = function.publish(&ANY).await.unwrap();
    assert_eq!(
        (second.created, frozen(&second.version.code)),
        (true, Some(memory_of("runtime 2")))
    );
}

#[tokio::test]
async fn a_component_that_is_configured_anew_has_not_the_snapshot_of_before() {
    let fixture = Fixture::new().await;
    let patch = ConfigurationPatch { snapshot: Some(true), ..Default::default() };
    fixture.handle().deploy(Bytes::from("runtime"), patch, &ANY).await.unwrap();
    let first = fixture.handle().publish(&ANY).await.unwrap();
    assert!(frozen(&first.version.code).is_some());
    let head = fixture.handle().configure(description("x"), &ANY).await.unwrap();
    assert_eq!(frozen(&head.latest.code), None);
}

#[tokio::test]
async fn only_what_can_be_frozen_may_want_snapshots() {
    let fixture = Fixture::new().await;
    fixture.deploy("component").await.unwrap();
    let patch = ConfigurationPatch { snapshot: Some(true), ..Default::default() };
    let refused = fixture.handle().configure(patch.clone(), &ANY).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidConfiguration);
    assert!(refused.to_string().contains("lambent:runtime/snapshot"), "{refused:?}");
    let deployed = fixture.handle().deploy(Bytes::from("other"), patch, &ANY).await;
    assert_eq!(deployed.unwrap_err().code(), ErrorCode::InvalidConfiguration);
}
