use lambent_storage::contract::samples;
use lambent_types::{ErrorCode, Qualifier, VersionNumber};

use crate::fixture::{ANY, Fixture, description};

#[tokio::test]
async fn publishing_an_unchanged_head_returns_the_last_version() {
    let fixture = Fixture::new();
    let Fixture { control, ns, f, .. } = &fixture;
    fixture.deploy("one").await.unwrap();
    let first = control.publish(ns, f, &ANY).await.unwrap();
    assert!(first.created);
    assert_eq!(first.version.version, VersionNumber::Number(1));
    let again = control.publish(ns, f, &ANY).await.unwrap();
    assert!(!again.created);
    assert_eq!(again.version, first.version);

    control.configure(ns, f, description("x"), &ANY).await.unwrap();
    let second = control.publish(ns, f, &ANY).await.unwrap();
    assert_eq!((second.created, second.version.version), (true, VersionNumber::Number(2)));
    // A deleted version is not the last one, and its number is not used again.
    control.delete_version(ns, f, 2).await.unwrap();
    let third = control.publish(ns, f, &ANY).await.unwrap();
    assert_eq!((third.created, third.version.version), (true, VersionNumber::Number(3)));
    let versions = control.versions(ns, f, 0, 10).await.unwrap();
    assert_eq!(versions, [first.version, third.version]);
}

#[tokio::test]
async fn concurrent_publishes_of_one_head_make_one_version() {
    let fixture = Fixture::new();
    let Fixture { control, ns, f, .. } = &fixture;
    fixture.deploy("one").await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (control, ns, f) = (control.clone(), ns.clone(), f.clone());
        tasks.spawn(async move { control.publish(&ns, &f, &ANY).await.unwrap().created });
    }
    let created = tasks.join_all().await;
    assert_eq!(created.into_iter().filter(|created| *created).count(), 1);
    assert_eq!(control.versions(ns, f, 0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let fixture = Fixture::new();
    let Fixture { control, ns, f, .. } = &fixture;
    let missing = [
        control.describe(ns, f).await.map(drop),
        control.version(ns, f, 1).await.map(drop),
        control.versions(ns, f, 0, 10).await.map(drop),
        control.code(ns, f, Qualifier::Latest).await.map(drop),
        control.publish(ns, f, &ANY).await.map(drop),
        control.rollback(ns, f, 1, &ANY).await.map(drop),
        control.delete(ns, f, &ANY).await,
        control.delete_version(ns, f, 1).await,
    ];
    for result in missing {
        let error = result.unwrap_err();
        assert_eq!(error.code(), ErrorCode::FunctionNotFound);
        assert_eq!(error.detail(), "function \"f\" does not exist in namespace \"default\"");
    }
    fixture.deploy("one").await.unwrap();
    let missing = [
        control.version(ns, f, 9).await.map(drop),
        control.code(ns, f, Qualifier::Version(9)).await.map(drop),
        control.delete_version(ns, f, 9).await,
    ];
    for result in missing {
        assert_eq!(result.unwrap_err().code(), ErrorCode::VersionNotFound);
    }
    let all = control.list(ns, None, 10).await.unwrap();
    assert_eq!(all, [fixture.function().await.unwrap()]);
    assert!(control.list(&samples::namespace("other"), None, 10).await.unwrap().is_empty());
}
