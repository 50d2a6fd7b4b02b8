//! What is set aside for functions.

use lambent_service::ProvisionedState;
use lambent_types::{AliasSettings, Error, ErrorCode, Split, VersionNumber, Weight};

use crate::fixture::{ANY, Fixture, description};

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, code: ErrorCode, told: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.detail().contains(told), "{error}");
}

const WRONG: ErrorCode = ErrorCode::InvalidConfiguration;

#[tokio::test]
async fn what_is_reserved_is_read_and_given_back() {
    let fixture = Fixture::new().await;
    let function = &fixture.handle();
    refused(function.concurrency().await, ErrorCode::FunctionNotFound, "does not exist");
    refused(function.reserve(Some(1)).await, ErrorCode::FunctionNotFound, "does not exist");
    fixture.deploy("one").await.unwrap();
    let before = function.concurrency().await.unwrap();
    assert_eq!((before.reserved, before.limit, before.unreserved), (None, 1000, 1000));
    let after = function.reserve(Some(300)).await.unwrap();
    assert_eq!((after.reserved, after.running, after.unreserved), (Some(300), 0, 700));
    let told = "1000 invocations at once of the namespace 0 are reserved for other functions, and \
                100 stay unreserved; at most 900 are left";
    refused(function.reserve(Some(901)).await, WRONG, told);
    assert_eq!(function.reserve(None).await.unwrap(), before);
}

#[tokio::test]
async fn instances_are_kept_ready_of_versions_and_aliases_and_nothing_else() {
    let fixture = Fixture::new().await;
    fixture.deploy("one").await.unwrap();
    let function = &fixture.handle();
    let one = "1".parse().unwrap();
    refused(function.provision(&one, 1).await, ErrorCode::VersionNotFound, "no version 1");
    for text in ["a", "b"] {
        function.configure(description(text), &ANY).await.unwrap();
        function.publish(&ANY).await.unwrap();
    }
    let live = "live".parse().unwrap();
    refused(function.provision(&live, 1).await, ErrorCode::AliasNotFound, "no alias");
    refused(function.provision(&one, 0).await, WRONG, "give 1 to 1000");
    let latest = "$LATEST".parse().unwrap();
    refused(function.provision(&latest, 1).await, WRONG, "which changes");
    let none = ErrorCode::ProvisionedNotFound;
    refused(function.provisioned(&one).await, none, "of f:1");
    refused(function.unprovision(&one).await, none, "of f:1");
    let status = function.provision(&one, 4).await.unwrap();
    assert_eq!(status.state, ProvisionedState::Ready);
    assert_eq!((status.requested, status.allocated, status.available), (4, 4, 1));
    // Of an alias with two versions both have their part, and one that fails is told.
    let split = Some(Split { version: 2, weight: Weight::new(0.1).unwrap() });
    let settings = AliasSettings { split, ..AliasSettings::of(VersionNumber::Number(1)) };
    function.put_alias(&"live".parse().unwrap(), settings, &ANY).await.unwrap();
    let status = function.provision(&live, 5).await.unwrap();
    assert_eq!(status.state, ProvisionedState::Failed("no memory".into()));
    let stored = fixture.function().await.unwrap();
    assert_eq!(stored.provisioned_versions(), [(1, 9), (2, 1)].into());
    assert_eq!(function.all_provisioned().await.unwrap().len(), 2);
    let told = "9 instances of the function are kept ready, which are more than 8";
    refused(function.reserve(Some(8)).await, WRONG, told);
    function.reserve(Some(9)).await.unwrap();
    refused(function.provision(&live, 6).await, WRONG, "more than 9");
    function.unprovision(&live).await.unwrap();
    function.provision(&one, 9).await.unwrap();
}
