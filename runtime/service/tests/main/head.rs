use lambent_types::{
    ConfigurationPatch, Digest, ErrorCode, Precondition, Qualifier, VersionNumber,
};

use crate::fixture::{ANY, Fixture, description, memory};

#[tokio::test]
async fn configure_changes_the_head_alone() {
    let fixture = Fixture::new().await;
    let function = &fixture.handle();
    let error = function.configure(description("x"), &ANY).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::FunctionNotFound);
    assert_eq!(error.detail(), "function \"f\" does not exist in namespace \"default\"");

    let deployed = fixture.deploy("one").await.unwrap();
    function.publish(&ANY).await.unwrap();
    let stale = Precondition::tag(deployed.function.revision.0.to_string());
    let error = function.configure(description("x"), &stale).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::PreconditionFailed);
    let current = Precondition::tag("2");
    let changed = function.configure(description("x"), &current).await.unwrap();
    assert_eq!(changed.latest.configuration.description, "x");
    assert_eq!(changed.latest.code.component, deployed.function.latest.code.component);
    assert_eq!(function.version(1).await.unwrap().configuration.description, "");

    let patch = ConfigurationPatch { fuel: Some(1), ..ConfigurationPatch::default() };
    let error = function.configure(patch, &ANY).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    assert_eq!(fixture.function().await, Some(changed));
}

#[tokio::test]
async fn memory_cannot_be_lowered_below_what_the_component_takes() {
    let fixture = Fixture::new().await;
    let function = &fixture.handle();
    fixture.deploy("big").await.unwrap();
    let error = function.configure(memory(32 << 20), &ANY).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    assert!(error.detail().contains("64.0 MiB"), "{error}");
    function.configure(memory(64 << 20), &ANY).await.unwrap();
}

#[tokio::test]
async fn memory_is_checked_against_the_code_it_will_run_with() {
    let fixture = Fixture::new().await;
    let Fixture { inspect, .. } = &fixture;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    fixture.close_gate();
    let configure = function.configure(memory(32 << 20), &ANY);
    let meanwhile = async {
        inspect.waiting.acquire().await.unwrap().forget();
        let task = fixture.begin_deploy("big").await;
        inspect.gate.add_permits(2);
        task.await.unwrap()
    };
    let (configured, deployed) = tokio::join!(configure, meanwhile);
    // Whichever was first, no head is left that cannot start.
    let refused = [configured.as_ref().err(), deployed.as_ref().err()];
    let refused: Vec<_> = refused.into_iter().flatten().collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].code(), ErrorCode::InvalidConfiguration);
}

#[tokio::test]
async fn rollback_brings_back_code_and_configuration() {
    let fixture = Fixture::new().await;
    let function = &fixture.handle();
    fixture.deploy_with("one", memory(32 << 20)).await.unwrap();
    function.publish(&ANY).await.unwrap();
    fixture.deploy_with("two", memory(64 << 20)).await.unwrap();
    assert_eq!(fixture.stored(&["one", "two"]).await, ["one", "two"]);

    let rolled = function.rollback(1, &ANY).await.unwrap();
    assert_eq!(rolled.latest.code.component, Digest::of(b"one"));
    assert_eq!(rolled.latest.version, VersionNumber::Latest);
    assert_eq!(rolled.latest.configuration.memory_bytes, 32 << 20);
    assert_eq!(function.code(&Qualifier::Latest).await.unwrap(), "one");
    assert_eq!(fixture.stored(&["one", "two"]).await, ["one"]);

    let error = function.rollback(2, &ANY).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::VersionNotFound);
    assert!(error.detail().contains("no version 2"), "{error}");
    let stale = Precondition::tag("1");
    let error = function.rollback(1, &stale).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::PreconditionFailed);
    assert_eq!(fixture.function().await, Some(rolled));
}

#[tokio::test]
async fn rollback_prepares_the_code_first() {
    let fixture = Fixture::new().await;
    let Fixture { inspect, .. } = &fixture;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    function.publish(&ANY).await.unwrap();
    fixture.deploy("two").await.unwrap();
    // As after an upgrade that invalidates what was compiled.
    inspect.prepared.lock().unwrap().clear();
    function.rollback(1, &ANY).await.unwrap();
    assert!(inspect.prepared.lock().unwrap().contains(&Digest::of(b"one")));
}
