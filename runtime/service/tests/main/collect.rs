use std::time::Duration;

use bytes::Bytes;
use lambent_storage::CodeStore as _;
use lambent_types::{Digest, ErrorCode, FunctionName};

use crate::fixture::{ANY, Fixture};

const ALL: [&str; 3] = ["one", "two", "three"];

#[tokio::test]
async fn code_goes_with_its_last_reference() {
    let fixture = Fixture::new().await;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    function.publish(&ANY).await.unwrap();
    fixture.deploy("two").await.unwrap();
    function.publish(&ANY).await.unwrap();
    fixture.deploy("three").await.unwrap();
    assert_eq!(fixture.stored(&ALL).await, ["one", "two", "three"]);
    function.delete_version(1).await.unwrap();
    assert_eq!(fixture.stored(&ALL).await, ["two", "three"]);
    function.delete(&ANY).await.unwrap();
    assert!(fixture.stored(&ALL).await.is_empty());
}

#[tokio::test]
async fn code_of_several_functions_stays_for_the_others() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    let other = scope.handle::<FunctionName>("other").unwrap();
    let code = Bytes::from_static(b"one");
    other.deploy(code, Default::default(), &ANY).await.unwrap();
    function.delete(&ANY).await.unwrap();
    assert_eq!(fixture.stored(&ALL).await, ["one"]);
}

#[tokio::test]
async fn the_start_collects_what_a_crash_left() {
    let fixture = Fixture::with_grace(Duration::from_secs(3600)).await;
    fixture.deploy("one").await.unwrap();
    let left = Digest::of(b"two");
    fixture.code.put(left, Bytes::from_static(b"two")).await.unwrap();
    fixture.inspect.prepared.lock().unwrap().insert(left);
    fixture.service.collect_garbage().await.unwrap();
    assert_eq!(fixture.stored(&ALL).await, ["one"]);
}

#[tokio::test]
async fn replaced_code_stays_for_those_who_are_about_to_load_it() {
    let fixture = Fixture::with_grace(Duration::from_millis(200)).await;
    fixture.deploy("one").await.unwrap();
    fixture.deploy("two").await.unwrap();
    fixture.service.collect_garbage().await.unwrap();
    assert_eq!(fixture.stored(&ALL).await, ["one", "two"]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    fixture.deploy("three").await.unwrap();
    assert_eq!(fixture.stored(&ALL).await, ["two", "three"]);
}

#[tokio::test]
async fn a_deploy_under_way_keeps_its_code() {
    let fixture = Fixture::new().await;
    fixture.deploy("one").await.unwrap();
    fixture.close_gate();
    let task = fixture.begin_deploy("two").await;
    // Stored already, as if a version that is gone had used it.
    fixture.code.put(Digest::of(b"two"), Bytes::from_static(b"two")).await.unwrap();
    fixture.service.collect_garbage().await.unwrap();
    assert!(fixture.code.contains(Digest::of(b"two")).await.unwrap());
    fixture.inspect.gate.add_permits(1);
    task.await.unwrap().unwrap();
    fixture.service.collect_garbage().await.unwrap();
    assert_eq!(fixture.stored(&ALL).await, ["two"]);
}

#[tokio::test]
async fn a_deploy_that_is_given_up_leaves_nothing() {
    let fixture = Fixture::new().await;
    fixture.deploy("one").await.unwrap();
    fixture.close_gate();
    let task = fixture.begin_deploy("two").await;
    fixture.code.put(Digest::of(b"two"), Bytes::from_static(b"two")).await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    fixture.inspect.gate.add_permits(1);
    fixture.deploy("one").await.unwrap();
    assert_eq!(fixture.stored(&ALL).await, ["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn collection_and_deploys_of_the_same_code_do_not_race() {
    let fixture = Fixture::new().await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..4 {
        let (service, scope) = (fixture.service.clone(), fixture.scope.clone());
        tasks.spawn(async move {
            let function = scope.handle::<FunctionName>(&format!("f{task}")).unwrap();
            for _ in 0..100 {
                let code = Bytes::from_static(b"shared");
                function.deploy(code, Default::default(), &ANY).await.unwrap();
                // While any function refers to it, the code is there.
                function.code(&Default::default()).await.unwrap();
                service.collect_garbage().await.unwrap();
                function.code(&Default::default()).await.unwrap();
                function.delete(&ANY).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    fixture.service.collect_garbage().await.unwrap();
    assert!(fixture.stored(&["shared"]).await.is_empty());
}

#[tokio::test]
async fn missing_code_is_an_internal_error() {
    let fixture = Fixture::new().await;
    let Fixture { code, .. } = &fixture;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    code.delete(Digest::of(b"one")).await.unwrap();
    let error = function.code(&Default::default()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Internal);
}
