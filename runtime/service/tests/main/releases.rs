//! Releases of aliases: begun, changed, read, and what that is refused for.

use std::time::Duration;

use lambent_types::{
    AliasName, AliasSettings, Error, ErrorCode, ReleasePlan, ReleaseState, VersionNumber,
};
use serde_json::json;

use crate::fixture::{ANY, Fixture, description};

fn live() -> AliasName {
    "live".parse().unwrap()
}

fn plan(version: u64, steps: &[f64]) -> ReleasePlan {
    let steps: Vec<_> =
        steps.iter().map(|weight| json!({ "weight": weight, "duration_ms": 3_600_000 })).collect();
    serde_json::from_value(json!({ "version": version, "steps": steps })).unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, code: ErrorCode, told: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.detail().contains(told), "{error}");
}

/// `f` with three versions, the first of which `live` leads to.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.deploy("one").await.unwrap();
    for number in 1..=3 {
        let handle = fixture.handle();
        handle.configure(description(&number.to_string()), &ANY).await.unwrap();
        handle.publish(&ANY).await.unwrap();
    }
    let first = AliasSettings::of(VersionNumber::Number(1));
    fixture.handle().put_alias(&live(), first, &ANY).await.unwrap();
    fixture
}

#[tokio::test]
async fn a_release_is_begun_paused_resumed_promoted_and_taken_back() {
    let fixture = fixture().await;
    let function = &fixture.handle();
    assert_eq!(function.releases().await.unwrap(), []);
    refused(function.release(&live()).await, ErrorCode::ReleaseNotFound, "it has no release");
    let begun = function.start_release(&"LIVE".parse().unwrap(), plan(2, &[0.1, 0.5])).await;
    let begun = begun.unwrap();
    assert_eq!((begun.alias.as_str(), begun.release.state), ("live", ReleaseState::Running));
    let settings = async || function.alias(&live()).await.unwrap().settings;
    assert_eq!(settings().await.split.unwrap().weight.get(), 100_000);
    let change = async |state| function.change_release(&live(), state, None).await;
    for state in [ReleaseState::Paused, ReleaseState::Running, ReleaseState::Promoted] {
        assert_eq!(change(state).await.unwrap().release.state, state);
    }
    assert_eq!(settings().await, AliasSettings::of(VersionNumber::Number(2)));
    refused(change(ReleaseState::Promoted).await, ErrorCode::Conflict, "version 2 is promoted");
    let why = Some("wrong totals".to_owned());
    let back = function.change_release(&live(), ReleaseState::RolledBack, why).await.unwrap();
    assert_eq!(back.release.reason.as_deref(), Some("wrong totals"));
    assert_eq!(settings().await, AliasSettings::of(VersionNumber::Number(1)));
    assert_eq!(function.releases().await.unwrap(), [function.release(&live()).await.unwrap()]);
    // It stays to be read when the alias is put, and goes with the alias.
    function.put_alias(&live(), settings().await, &ANY).await.unwrap();
    assert_eq!(function.release(&live()).await.unwrap().release, back.release);
    function.delete_alias(&live(), &ANY).await.unwrap();
    refused(function.release(&live()).await, ErrorCode::AliasNotFound, "no alias");
}

#[tokio::test]
async fn a_switch_is_one_change_and_can_be_taken_back() {
    let fixture = fixture().await;
    let function = &fixture.handle();
    let switched = function.start_release(&live(), plan(2, &[])).await.unwrap();
    assert_eq!(switched.release.state, ReleaseState::Promoted);
    function.start_release(&live(), plan(3, &[])).await.unwrap();
    let back = function.change_release(&live(), ReleaseState::RolledBack, None).await.unwrap();
    assert_eq!((back.release.to, back.release.reason.as_deref()), (3, Some("by hand")));
    let alias = function.alias(&live()).await.unwrap();
    assert_eq!(alias.settings.version, VersionNumber::Number(2));
    // To a version that is gone there is no way back.
    function.start_release(&live(), plan(3, &[])).await.unwrap();
    function.delete_version(2).await.unwrap();
    let gone = function.change_release(&live(), ReleaseState::RolledBack, None).await;
    refused(gone, ErrorCode::VersionNotFound, "no version 2");
}

#[tokio::test]
async fn an_alias_that_is_released_is_not_changed_in_another_way() {
    let fixture = fixture().await;
    let function = &fixture.handle();
    function.start_release(&live(), plan(2, &[0.1])).await.unwrap();
    let told =
        "released from version 1 to version 2; end that first: lambent release promote f:live";
    let other = AliasSettings::of(VersionNumber::Number(3));
    refused(function.put_alias(&live(), other, &ANY).await, ErrorCode::Conflict, told);
    refused(function.delete_alias(&live(), &ANY).await, ErrorCode::Conflict, told);
    refused(function.start_release(&live(), plan(3, &[0.1])).await, ErrorCode::Conflict, told);
    refused(function.start_release(&live(), plan(3, &[])).await, ErrorCode::Conflict, told);
    refused(function.delete_version(2).await, ErrorCode::Conflict, "leads to version 2");
}

#[tokio::test]
async fn what_cannot_be_released_is_said() {
    let fixture = fixture().await;
    let function = &fixture.handle();
    let start =
        async |alias: &str, plan| function.start_release(&alias.parse().unwrap(), plan).await;
    refused(start("none", plan(2, &[0.1])).await, ErrorCode::AliasNotFound, "no alias \"none\"");
    refused(start("live", plan(9, &[0.1])).await, ErrorCode::VersionNotFound, "no version 9");
    refused(
        start("live", plan(1, &[0.1])).await,
        ErrorCode::Conflict,
        "leads to version 1 already",
    );
    let falling = start("live", plan(2, &[0.5, 0.1])).await;
    refused(falling, ErrorCode::InvalidConfiguration, "10% follows one of 50%");
    let head = AliasSettings::of(VersionNumber::Latest);
    function.put_alias(&"head".parse().unwrap(), head, &ANY).await.unwrap();
    refused(start("head", plan(2, &[0.1])).await, ErrorCode::Conflict, "leads to $LATEST");
    let change = async |state, reason: Option<&str>| {
        function.change_release(&live(), state, reason.map(str::to_owned)).await
    };
    refused(change(ReleaseState::Paused, None).await, ErrorCode::ReleaseNotFound, "no release");
    let reason = change(ReleaseState::Promoted, Some("why")).await;
    refused(reason, ErrorCode::InvalidConfiguration, "only to roll a release back");
    let lines = change(ReleaseState::RolledBack, Some("a\nb")).await;
    refused(lines, ErrorCode::InvalidConfiguration, "control character");
}

#[tokio::test]
async fn what_is_left_when_a_release_is_paused_is_what_was_left_then() {
    let fixture = fixture().await;
    let service = fixture.service.clone();
    let driver = tokio::spawn(async move { service.drive_releases().await });
    let function = &fixture.handle();
    function.start_release(&live(), plan(2, &[0.1])).await.unwrap();
    while function.release(&live()).await.unwrap().statistics.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let paused = function.change_release(&live(), ReleaseState::Paused, None).await.unwrap();
    let left = paused.release.progress.left_ms;
    assert!((3_500_000..=3_599_800).contains(&left), "{left}");
    driver.abort();
}
