use lambent_types::{ErrorCode, FunctionName, Qualifier, VersionNumber};

use crate::fixture::{ANY, Fixture, description};

#[tokio::test]
async fn publishing_an_unchanged_head_returns_the_last_version() {
    let fixture = Fixture::new().await;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    let first = function.publish(&ANY).await.unwrap();
    assert!(first.created);
    assert_eq!(first.version.version, VersionNumber::Number(1));
    let again = function.publish(&ANY).await.unwrap();
    assert!(!again.created);
    assert_eq!(again.version, first.version);

    function.configure(description("x"), &ANY).await.unwrap();
    let second = function.publish(&ANY).await.unwrap();
    assert_eq!((second.created, second.version.version), (true, VersionNumber::Number(2)));
    // A deleted version is not the last one, and its number is not used again.
    function.delete_version(2).await.unwrap();
    let third = function.publish(&ANY).await.unwrap();
    assert_eq!((third.created, third.version.version), (true, VersionNumber::Number(3)));
    let versions = function.versions(0, 10).await.unwrap();
    assert_eq!(versions, [first.version, third.version]);
}

#[tokio::test]
async fn concurrent_publishes_of_one_head_make_one_version() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let scope = scope.clone();
        tasks.spawn(async move {
            scope.handle::<FunctionName>("f").unwrap().publish(&ANY).await.unwrap().created
        });
    }
    let created = tasks.join_all().await;
    assert_eq!(created.into_iter().filter(|created| *created).count(), 1);
    assert_eq!(function.versions(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let fixture = Fixture::new().await;
    let Fixture { scope, .. } = &fixture;
    let function = &fixture.handle();
    let missing = [
        function.describe().await.map(drop),
        function.version(1).await.map(drop),
        function.versions(0, 10).await.map(drop),
        function.code(&Qualifier::Latest).await.map(drop),
        function.publish(&ANY).await.map(drop),
        function.rollback(1, &ANY).await.map(drop),
        function.delete(&ANY).await,
        function.delete_version(1).await,
    ];
    for result in missing {
        let error = result.unwrap_err();
        assert_eq!(error.code(), ErrorCode::FunctionNotFound);
        assert_eq!(error.detail(), "function \"f\" does not exist in namespace \"default\"");
    }
    fixture.deploy("one").await.unwrap();
    let missing = [
        function.version(9).await.map(drop),
        function.code(&Qualifier::Version(9)).await.map(drop),
        function.delete_version(9).await,
    ];
    for result in missing {
        assert_eq!(result.unwrap_err().code(), ErrorCode::VersionNotFound);
    }
    let all = scope.functions(None, 10).await.unwrap();
    let other = fixture.scope_of("other").await;
    assert_eq!(all, [fixture.function().await.unwrap()]);
    assert!(other.functions(None, 10).await.unwrap().is_empty());
}
