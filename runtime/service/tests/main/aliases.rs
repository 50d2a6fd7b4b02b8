//! Aliases: put, changed, deleted, and what that is refused for.

use lambent_types::{
    AliasName, AliasSettings, Error, ErrorCode, Precondition, Qualifier, Split, VersionNumber,
    Weight,
};

use crate::fixture::{ANY, Fixture, description};

fn live() -> AliasName {
    "live".parse().unwrap()
}

fn to(number: u64) -> AliasSettings {
    AliasSettings::of(VersionNumber::Number(number))
}

impl Fixture {
    async fn with_versions(count: usize) -> Self {
        let fixture = Self::new().await;
        fixture.deploy("one").await.unwrap();
        for number in 0..count {
            let handle = fixture.handle();
            handle.configure(description(&number.to_string()), &ANY).await.unwrap();
            handle.publish(&ANY).await.unwrap();
        }
        fixture
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, code: ErrorCode, told: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.detail().contains(told), "{error}");
}

#[tokio::test]
async fn an_alias_is_put_read_listed_and_deleted() {
    let fixture = Fixture::with_versions(2).await;
    let function = &fixture.handle();
    let revision = fixture.function().await.unwrap().revision;
    refused(function.alias(&live()).await, ErrorCode::AliasNotFound, "no alias \"live\"");
    let put = function.put_alias(&live(), to(1), &Precondition::absent()).await.unwrap();
    assert!(put.created);
    let again = function.put_alias(&"LIVE".parse().unwrap(), to(2), &ANY).await.unwrap();
    assert!(!again.created && again.value.revision > put.value.revision);
    assert_eq!(function.alias(&live()).await.unwrap(), again.value);
    function.put_alias(&"beta".parse().unwrap(), to(1), &ANY).await.unwrap();
    let names = async |after: Option<&AliasName>, limit| {
        let found = function.aliases(after, limit).await.unwrap();
        found.into_iter().map(|alias| alias.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(None, 9).await, ["beta", "live"]);
    assert_eq!(names(Some(&"beta".parse().unwrap()), 9).await, ["live"]);
    assert_eq!(names(None, 1).await, ["beta"]);
    let qualifier = Qualifier::Alias(live());
    let version = function.qualified(&qualifier).await.unwrap();
    assert_eq!(version.version, VersionNumber::Number(2));
    assert_eq!(function.code(&qualifier).await.unwrap(), "one");
    function.delete_alias(&live(), &ANY).await.unwrap();
    refused(function.delete_alias(&live(), &ANY).await, ErrorCode::AliasNotFound, "live");
    assert_eq!(fixture.function().await.unwrap().revision, revision);
}

#[tokio::test]
async fn what_an_alias_cannot_lead_to_is_said() {
    let fixture = Fixture::with_versions(2).await;
    let function = &fixture.handle();
    let split = |version, second| AliasSettings {
        split: Some(Split { version: second, weight: Weight::new(0.5).unwrap() }),
        ..AliasSettings::of(version)
    };
    let put = async |settings| function.put_alias(&live(), settings, &ANY).await;
    refused(put(to(3)).await, ErrorCode::VersionNotFound, "no version 3");
    let second = put(split(VersionNumber::Number(1), 7)).await;
    refused(second, ErrorCode::VersionNotFound, "no version 7");
    let latest = put(split(VersionNumber::Latest, 1)).await;
    refused(latest, ErrorCode::InvalidConfiguration, "publish $LATEST first");
    let twice = put(split(VersionNumber::Number(1), 1)).await;
    refused(twice, ErrorCode::InvalidConfiguration, "both versions");
    put(split(VersionNumber::Number(1), 2)).await.unwrap();
    for number in [1, 2] {
        let told = format!("alias \"live\" leads to version {number}");
        refused(function.delete_version(number).await, ErrorCode::Conflict, &told);
    }
    put(to(2)).await.unwrap();
    function.delete_version(1).await.unwrap();
    fixture.handle().delete(&ANY).await.unwrap();
    let gone = function.put_alias(&live(), to(2), &ANY).await;
    refused(gone, ErrorCode::FunctionNotFound, "does not exist");
}

#[tokio::test]
async fn conditions_are_for_the_alias_and_not_for_its_function() {
    let fixture = Fixture::with_versions(2).await;
    let function = &fixture.handle();
    let unmet = ErrorCode::PreconditionFailed;
    let tagged = |tag: u64| Precondition::tag(tag.to_string());
    let none = function.put_alias(&live(), to(1), &tagged(1)).await;
    refused(none, unmet, "no alias \"live\", so it has no such revision");
    let first = function.put_alias(&live(), to(1), &ANY).await.unwrap().value.revision.0;
    let absent = function.put_alias(&live(), to(2), &Precondition::absent()).await;
    refused(absent, unmet, "exists already");
    fixture.deploy("two").await.unwrap();
    let second = function.put_alias(&live(), to(2), &tagged(first)).await.unwrap();
    let stale = function.put_alias(&live(), to(1), &tagged(first)).await;
    refused(stale, unmet, "read it and apply the change");
    refused(function.delete_alias(&live(), &tagged(first)).await, unmet, "is at revision");
    function.delete_alias(&live(), &tagged(second.value.revision.0)).await.unwrap();
}

#[tokio::test]
async fn what_a_trigger_or_a_schedule_names_stays() {
    let fixture = Fixture::new().await;
    fixture.deploy("event command").await.unwrap();
    let function = &fixture.handle();
    function.publish(&ANY).await.unwrap();
    let schedule = |function: &str| {
        let mut schedule = lambent_storage::contract::samples::schedule("hourly");
        schedule.function = function.parse().unwrap();
        schedule
    };
    let put = async |function: &str| fixture.scope.put_schedule(schedule(function)).await;
    refused(put("f:live").await, ErrorCode::AliasNotFound, "live");
    refused(put("f:2").await, ErrorCode::VersionNotFound, "no version 2");
    function.put_alias(&live(), to(1), &ANY).await.unwrap();
    put("f:Live").await.unwrap();
    let deleted = function.delete_alias(&live(), &ANY).await;
    refused(deleted, ErrorCode::Conflict, "alias \"live\" of function \"f\" is named by schedule");
    refused(function.delete(&ANY).await, ErrorCode::Conflict, "is named by schedule \"hourly\"");
    put("f:1").await.unwrap();
    function.delete_alias(&live(), &ANY).await.unwrap();
    refused(function.delete_version(1).await, ErrorCode::Conflict, "is named by schedule");
    put("f").await.unwrap();
    function.delete_version(1).await.unwrap();
}
