//! Parameters: versions, labels, patterns and tiers, and that nobody finds their values at rest.

use std::collections::BTreeMap;

use lambent_service::{
    NewParameter, ParameterTier, ParameterType, ParameterValue, Scope, Selector,
};
use lambent_types::{Error, ErrorCode};

use crate::fixture::Fixture;

fn new(name: &str, value: &str) -> NewParameter {
    NewParameter {
        kind_of_new: None,
        name: name.parse().unwrap(),
        value: ParameterValue(value.into()),
        kind: Some(ParameterType::SecureString),
        description: None,
        key_id: None,
        allowed_pattern: None,
        data_type: None,
        tier: None,
        policies: None,
        overwrite: false,
        tags: BTreeMap::new(),
        user: "me".into(),
    }
}

fn over(name: &str, value: &str) -> NewParameter {
    NewParameter { overwrite: true, kind: None, ..new(name, value) }
}

async fn value(scope: &Scope, selector: Selector) -> Result<String, ErrorCode> {
    let found = scope.parameter_value("/p", &selector).await;
    found.map(|found| found.value.0).map_err(|error| error.code())
}

fn code<T>(done: Result<T, Error>) -> ErrorCode {
    done.map(|_| ()).unwrap_err().code()
}

#[tokio::test]
async fn versions_are_numbered_and_the_last_hundred_are_kept() {
    let fixture = Fixture::new().await;
    let scope = &fixture.scope;
    scope.put_parameter(new("/p", "open sesame 1")).await.unwrap();
    assert_eq!(code(scope.put_parameter(new("/p", "x")).await), ErrorCode::Conflict);
    for number in 2..=100 {
        let put = scope.put_parameter(over("/p", &format!("open sesame {number}"))).await.unwrap();
        assert_eq!((put.number, put.kind), (number, ParameterType::SecureString));
    }
    scope.label_parameter("/p", Some(1), &["old".into()]).await.unwrap();
    assert_eq!(code(scope.put_parameter(over("/p", "x")).await), ErrorCode::HistoryFull);
    scope.label_parameter("/p", None, &["old".into()]).await.unwrap();
    scope.put_parameter(over("/p", "open sesame 101")).await.unwrap();
    let fixture = fixture.restart().await;
    let scope = &fixture.scope;
    assert_eq!(value(scope, Selector::Latest).await.unwrap(), "open sesame 101");
    assert_eq!(value(scope, Selector::Label("old".into())).await.unwrap(), "open sesame 100");
    assert_eq!(value(scope, Selector::Number(2)).await.unwrap(), "open sesame 2");
    for number in [0, 1, 102] {
        let found = value(scope, Selector::Number(number)).await;
        assert_eq!(found, Err(ErrorCode::VersionNotFound), "{number}");
    }
    let found = scope.parameter_value("/p", &Selector::Latest).await.unwrap();
    assert!(!format!("{found:?}").contains("sesame") && !found.sealed.contains("sesame"));
    scope.delete_parameter("/p").await.unwrap();
    assert_eq!(code(scope.delete_parameter("/p").await), ErrorCode::ParameterNotFound);
    let again = scope.put_parameter(new("/p", "new")).await.unwrap();
    assert_eq!(again.number, 1);
    assert_eq!(value(scope, Selector::Number(2)).await, Err(ErrorCode::VersionNotFound));
}

#[tokio::test]
async fn a_value_fits_its_pattern_and_its_tier() {
    let fixture = Fixture::new().await;
    let scope = &fixture.scope;
    let of_digits = |value: &str| NewParameter {
        allowed_pattern: Some("[0-9]+".into()),
        ..new("/digits", value)
    };
    for value in ["x", "12x", "x12", "12\n"] {
        let refused = scope.put_parameter(of_digits(value)).await;
        assert_eq!(code(refused), ErrorCode::PatternMismatch, "{value:?}");
    }
    scope.put_parameter(of_digits("12")).await.unwrap();
    assert_eq!(code(scope.put_parameter(over("/digits", "x")).await), ErrorCode::PatternMismatch);
    for pattern in ["(", "(?=x)x", "((a{1000}){1000}){1000}"] {
        let bad = NewParameter { allowed_pattern: Some(pattern.into()), ..new("/bad", "x") };
        assert_eq!(code(scope.put_parameter(bad).await), ErrorCode::InvalidConfiguration);
    }
    // Patterns that take others for ever take no time here.
    let slow = NewParameter { allowed_pattern: Some("(a*)*b".into()), ..new("/slow", "") };
    let slow = NewParameter { value: ParameterValue("a".repeat(4_000)), ..slow };
    assert_eq!(code(scope.put_parameter(slow).await), ErrorCode::PatternMismatch);

    let of_bytes = |bytes: usize, tier| NewParameter { tier, ..new("/sized", &"x".repeat(bytes)) };
    let standard = Some(ParameterTier::Standard);
    for (bytes, tier) in [(0, None), (4_097, standard), (8_193, None)] {
        let refused = scope.put_parameter(of_bytes(bytes, tier)).await;
        assert_eq!(code(refused), ErrorCode::InvalidRequest, "{bytes}");
    }
    let put = scope.put_parameter(of_bytes(8_192, None)).await.unwrap();
    assert_eq!(put.tier, ParameterTier::Advanced);
    let back = NewParameter { tier: standard, ..over("/sized", "x") };
    assert_eq!(code(scope.put_parameter(back).await), ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn names_that_are_reserved_and_other_namespaces() {
    let fixture = Fixture::new().await;
    let scope = &fixture.scope;
    let untyped = NewParameter { kind: None, ..new("/p", "x") };
    assert_eq!(code(scope.put_parameter(untyped).await), ErrorCode::InvalidRequest);
    assert_eq!(code(scope.put_parameter(new("awsome", "x")).await), ErrorCode::InvalidName);
    assert_eq!(code(scope.put_parameter(new("/aws/x", "x")).await), ErrorCode::Forbidden);
    scope.put_parameter(new("/p", "mine")).await.unwrap();
    let other = fixture.scope_of("other").await;
    assert_eq!(value(&other, Selector::Latest).await, Err(ErrorCode::ParameterNotFound));
    other.put_parameter(new("/p", "other")).await.unwrap();
    assert_eq!(value(scope, Selector::Latest).await.unwrap(), "mine");
    scope.delete_namespace("other", true).await.unwrap();
    let other = fixture.scope_of("other").await;
    assert!(other.parameters("").await.unwrap().is_empty());
    let begin = scope.parameters("/p").await.unwrap();
    assert_eq!(begin.len(), 1);
}
