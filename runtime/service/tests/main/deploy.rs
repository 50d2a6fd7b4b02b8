use std::sync::atomic::Ordering;

use bytes::Bytes;
use lambent_types::{ConfigurationPatch, Digest, ErrorCode, Precondition, Revision, bounds};

use crate::fixture::{ANY, Fixture, description, memory};

#[tokio::test]
async fn it_creates_and_updates() {
    let fixture = Fixture::new().await;
    let patch = ConfigurationPatch { timeout_ms: Some(50), ..memory(32 << 20) };
    let first = fixture.deploy_with("one", patch).await.unwrap();
    assert!(first.created);
    let latest = &first.function.latest;
    assert_eq!((latest.code.component, latest.code.bytes), (Digest::of(b"one"), 3));
    assert_eq!(latest.configuration.memory_bytes, 32 << 20);

    let second = fixture.deploy_with("two", description("new")).await.unwrap();
    assert!(!second.created);
    let latest = &second.function.latest;
    assert_eq!((latest.code.component, latest.code.bytes), (Digest::of(b"two"), 3));
    // What the patch does not name stays.
    assert_eq!(
        (latest.configuration.memory_bytes, latest.configuration.timeout_ms),
        (32 << 20, 50)
    );
    assert_eq!(latest.configuration.description, "new");
    assert_eq!(fixture.function().await, Some(second.function));
    assert_eq!(fixture.stored(&["one", "two"]).await, ["two"]);
}

#[tokio::test]
async fn a_failed_deploy_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.deploy("one").await.unwrap();
    let before = fixture.function().await;

    let code = async |code, patch| fixture.deploy_with(code, patch).await.unwrap_err().code();
    assert_eq!(code("bad", description("")).await, ErrorCode::InvalidComponent);
    assert_eq!(code("empty", description("")).await, ErrorCode::NotInvocable);
    assert_eq!(code("big", memory(8 << 20)).await, ErrorCode::InvalidConfiguration);
    assert_eq!(code("two", memory(1)).await, ErrorCode::InvalidConfiguration);
    fixture.code.broken.store(true, Ordering::Relaxed);
    assert_eq!(code("two", description("")).await, ErrorCode::StorageUnavailable);
    fixture.code.broken.store(false, Ordering::Relaxed);

    assert_eq!(fixture.function().await, before);
    // Nor does it leave anything behind.
    fixture.deploy("one").await.unwrap();
    assert_eq!(fixture.stored(&["one", "two", "big", "empty"]).await, ["one"]);
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_compiling() {
    let fixture = Fixture::new().await;
    fixture.deploy("one").await.unwrap();
    fixture.close_gate();
    let deploy = async |patch, expected| {
        let code = Bytes::from_static(b"two");
        fixture.handle().deploy(code, patch, &expected).await.unwrap_err()
    };
    let error = deploy(memory(1), Precondition::NONE).await;
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    let none = ConfigurationPatch::default;
    let error = deploy(none(), Precondition::absent()).await;
    assert_eq!(error.code(), ErrorCode::PreconditionFailed);
    assert_eq!(error.detail(), "function \"f\" exists already, at revision 1");
    let error = deploy(none(), Precondition::tag("7")).await;
    assert!(error.detail().contains("is at revision 1, not 7"), "{error}");

    let code = Bytes::from(vec![0; bounds::CODE_BYTES_MAX as usize + 1]);
    let result = fixture.handle().deploy(code, none(), &ANY).await;
    assert_eq!(result.unwrap_err().code(), ErrorCode::PayloadTooLarge);
}

#[tokio::test]
async fn a_component_that_does_not_fit_its_memory_is_told_both_figures() {
    let fixture = Fixture::new().await;
    let error = fixture.deploy_with("big", memory(8 << 20)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    assert!(error.detail().contains("8.0 MiB") && error.detail().contains("64.0 MiB"), "{error}");
    fixture.deploy_with("big", memory(64 << 20)).await.unwrap();
}

#[tokio::test]
async fn concurrent_deploys_of_one_name_all_succeed_and_one_is_left() {
    let fixture = Fixture::new().await;
    fixture.close_gate();
    let mut tasks = Vec::new();
    for code in ["a", "b", "c", "d"] {
        tasks.push(fixture.begin_deploy(code).await);
    }
    fixture.inspect.gate.add_permits(4);
    let mut created = 0;
    for task in tasks {
        created += u32::from(task.await.unwrap().unwrap().created);
    }
    assert_eq!(created, 1);
    let function = fixture.function().await.unwrap();
    assert_eq!(function.revision, Revision(4));
    fixture.service.collect_garbage().await.unwrap();
    let left = fixture.stored(&["a", "b", "c", "d"]).await;
    assert_eq!(left.len(), 1);
    assert_eq!(Digest::of(left[0].as_bytes()), function.latest.code.component);
}

#[tokio::test]
async fn of_concurrent_deploys_with_one_expectation_one_wins() {
    static ABSENT: Precondition = Precondition::absent();
    let fixture = Fixture::new().await;
    let deploy = async |code: &'static str| {
        let patch = ConfigurationPatch::default();
        fixture.handle().deploy(Bytes::from(code), patch, &ABSENT).await
    };
    fixture.close_gate();
    let both = async { tokio::join!(deploy("a"), deploy("b")) };
    let open = async {
        // Both have passed the first look.
        fixture.inspect.waiting.acquire_many(2).await.unwrap().forget();
        fixture.inspect.gate.add_permits(2);
    };
    let ((a, b), ()) = tokio::join!(both, open);
    assert!(a.is_ok() != b.is_ok());
    let lost = a.err().or(b.err()).unwrap();
    assert_eq!(lost.code(), ErrorCode::PreconditionFailed);
}

#[tokio::test]
async fn a_deploy_keeps_a_configuration_that_was_changed_meanwhile() {
    let fixture = Fixture::new().await;
    fixture.deploy("one").await.unwrap();
    fixture.close_gate();
    let task = fixture.begin_deploy("two").await;
    let patch = description("changed meanwhile");
    fixture.handle().configure(patch, &ANY).await.unwrap();
    fixture.inspect.gate.add_permits(1);
    let deployed = task.await.unwrap().unwrap();
    assert_eq!(deployed.function.latest.configuration.description, "changed meanwhile");
    assert_eq!(deployed.function.latest.code.component, Digest::of(b"two"));
}
