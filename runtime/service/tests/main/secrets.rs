//! Secrets: their versions against a model, their deletion, and that nobody finds their values at rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;

use lambent_service::{NewSecret, NewVersion, Principal, Rotate, Scope, SecretId, SecretValue};
use lambent_types::{Error, ErrorCode, Failure, FunctionName, Origin, Outcome, Retry};
use serde_json::Value;

use crate::fixture::Fixture;

fn text(value: &str) -> SecretValue {
    SecretValue::Text(value.into())
}

fn token(number: u32) -> String {
    format!("{number:032}")
}

fn named(name: &str) -> SecretId {
    SecretId::Name(name.into())
}

fn new(name: &str, value: &str, number: u32) -> NewSecret {
    NewSecret {
        name: name.parse().unwrap(),
        description: String::new(),
        kms_key: None,
        tags: BTreeMap::new(),
        value: Some(text(value)),
        version: Some(token(number)),
    }
}

async fn put(scope: &Scope, value: &str, number: u32, stages: &[&str]) -> Result<(), Error> {
    let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
    let version = NewVersion { value: text(value), id: Some(token(number)), stages };
    scope.update_secret(&named("s"), (None, None), Some(version)).await.map(|_| ())
}

async fn value(scope: &Scope, stage: Option<&str>) -> Result<SecretValue, ErrorCode> {
    let found = scope.secret_value(&named("s"), None, stage).await;
    found.map(|found| found.value).map_err(|error| error.code())
}

fn code<T>(done: Result<T, Error>) -> ErrorCode {
    done.map(|_| ()).unwrap_err().code()
}

/// Every file below a directory.
fn files(directory: &std::path::Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(std::fs::read(path).unwrap()),
        }
    }
    found
}

#[tokio::test]
async fn a_secret_is_read_as_it_was_put_and_never_found_at_rest() {
    let fixture = Fixture::new().await;
    let plain = "correct horse battery staple";
    fixture.scope.create_secret(new("s", plain, 1)).await.unwrap();
    put(&fixture.scope, "tr0ub4dor and three", 2, &[]).await.unwrap();
    let fixture = fixture.restart().await;
    assert_eq!(value(&fixture.scope, None).await, Ok(text("tr0ub4dor and three")));
    assert_eq!(value(&fixture.scope, Some("AWSPREVIOUS")).await, Ok(text(plain)));
    let found = fixture.scope.secret_value(&named("s"), None, None).await.unwrap();
    assert!(!format!("{found:?}").contains("tr0ub4dor"));
    let stored = files(fixture.path());
    assert!(!stored.is_empty());
    for word in ["correct horse", "tr0ub4dor"] {
        let holds = |bytes: &Vec<u8>| bytes.windows(word.len()).any(|part| part == word.as_bytes());
        assert!(!stored.iter().any(holds), "{word}");
    }
    // What is not secret is found, so the search is one.
    let holds = |bytes: &Vec<u8>| bytes.windows(9).any(|part| part == b"AWSPREVIO");
    assert!(stored.iter().any(holds));
}

#[tokio::test]
async fn a_request_that_is_sent_again_does_nothing_more() {
    let fixture = Fixture::new().await;
    let scope = &fixture.scope;
    let (made, version) = scope.create_secret(new("s", "one", 1)).await.unwrap();
    let (again, same) = scope.create_secret(new("s", "one", 1)).await.unwrap();
    assert_eq!((made, version), (again, same));
    assert_eq!(code(scope.create_secret(new("s", "two", 1)).await), ErrorCode::Conflict);
    assert_eq!(code(scope.create_secret(new("s", "one", 2)).await), ErrorCode::Conflict);
    put(scope, "two", 2, &[]).await.unwrap();
    put(scope, "two", 2, &[]).await.unwrap();
    assert_eq!(code(put(scope, "three", 2, &[]).await), ErrorCode::Conflict);
    let secret = scope.describe_secret(&named("s")).await.unwrap();
    assert_eq!(secret.versions.iter().count(), 2);
    let short = NewVersion { value: text("x"), id: Some("short".into()), stages: BTreeSet::new() };
    let refused = scope.update_secret(&named("s"), (None, None), Some(short)).await;
    assert_eq!(code(refused), ErrorCode::InvalidConfiguration);
}

/// What the labels of versions are by Secrets Manager's documentation, written the simplest way.
#[derive(Default)]
struct Model(BTreeMap<String, u32>);

impl Model {
    fn attach(&mut self, stage: &str, number: u32) {
        let before = self.0.insert(stage.to_owned(), number);
        if stage == "AWSCURRENT" && before.is_some_and(|before| before != number) {
            self.0.insert("AWSPREVIOUS".into(), before.unwrap());
        }
    }
}

#[tokio::test]
async fn versions_are_those_of_a_model() {
    let fixture = Fixture::new().await;
    let scope = &fixture.scope;
    scope.create_secret(new("s", "v0", 0)).await.unwrap();
    let mut model = Model::default();
    model.attach("AWSCURRENT", 0);
    let stages = ["AWSCURRENT", "AWSPENDING", "mine", "AWSPREVIOUS"];
    // A sequence without chance in which every operation meets every state.
    let mut state: u32 = 12_345;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        (state >> 16) % below
    };
    let mut newest = 0;
    for _ in 0..300 {
        let stage = stages[next(4) as usize];
        if next(2) == 0 {
            newest += 1;
            put(scope, &format!("v{newest}"), newest, &[stage]).await.unwrap();
            model.attach(stage, newest);
        } else {
            let (from, to) = (model.0.get(stage).copied(), next(newest + 1));
            let (from, to) = (from.map(token), token(to));
            let moved =
                scope.move_secret_stage(&named("s"), stage, from.as_deref(), Some(&to)).await;
            match moved {
                Ok(_) => model.attach(stage, to.parse().unwrap()),
                // It was taken away since, having no label.
                Err(error) => assert!(error.detail().starts_with("Not a valid version"), "{error}"),
            }
        }
        for stage in stages {
            let expected = model.0.get(stage).map(|number| text(&format!("v{number}")));
            assert_eq!(value(scope, Some(stage)).await.ok(), expected, "{stage}");
        }
    }
    let kept = scope.describe_secret(&named("s")).await.unwrap();
    assert!(newest > 100 && kept.versions.iter().count() == 100, "{newest}");
}

#[tokio::test]
async fn what_was_deleted_can_be_restored_until_it_is_gone() {
    let fixture = Fixture::new().await;
    let (scope, day) = (&fixture.scope, Duration::from_secs(86_400));
    scope.create_secret(new("s", "one", 1)).await.unwrap();
    let (_, gone) = scope.delete_secret(&named("s"), Some(7)).await.unwrap();
    assert_eq!(gone.as_second(), 7 * 86_400);
    assert_eq!(value(scope, None).await, Err(ErrorCode::InvalidRequest));
    assert_eq!(code(put(scope, "two", 2, &[]).await), ErrorCode::InvalidRequest);
    assert_eq!(code(scope.create_secret(new("s", "two", 2)).await), ErrorCode::InvalidRequest);
    assert_eq!(code(scope.delete_secret(&named("s"), Some(7)).await), ErrorCode::InvalidRequest);
    assert!(scope.secrets(false).await.unwrap().is_empty());
    assert_eq!(scope.secrets(true).await.unwrap().len(), 1);
    fixture.clock.advance(day * 6);
    scope.restore_secret(&named("s")).await.unwrap();
    fixture.clock.advance(day * 100);
    assert_eq!(value(scope, None).await, Ok(text("one")), "restored for good");
    scope.delete_secret(&named("s"), Some(7)).await.unwrap();
    fixture.clock.advance(day * 7);
    assert_eq!(code(scope.restore_secret(&named("s")).await), ErrorCode::SecretNotFound);
    assert!(scope.secrets(true).await.unwrap().is_empty());
    // Its name is free, and the new one is another.
    let (new, _) = scope.create_secret(new("s", "three", 3)).await.unwrap();
    assert_eq!(value(scope, None).await, Ok(text("three")));
    let by_arn = SecretId::Arn(format!("s-{}", new.id));
    scope.describe_secret(&by_arn).await.unwrap();
    scope.delete_secret(&by_arn, None).await.unwrap();
    assert_eq!(value(scope, None).await, Err(ErrorCode::SecretNotFound));
}

#[tokio::test]
async fn a_namespace_sees_its_own_and_takes_it_with_it() {
    let fixture = Fixture::new().await;
    let other = fixture.scope_of("other").await;
    let (made, _) = fixture.scope.create_secret(new("s", "one", 1)).await.unwrap();
    for id in [named("s"), SecretId::Arn("s".into()), SecretId::Arn(format!("s-{}", made.id))] {
        assert_eq!(code(other.secret_value(&id, None, None).await), ErrorCode::SecretNotFound);
    }
    let wrong = SecretId::Arn("s-AAAAAA".into());
    assert_eq!(code(fixture.scope.describe_secret(&wrong).await), ErrorCode::SecretNotFound);
    other.create_secret(new("s", "two", 1)).await.unwrap();
    assert_eq!(value(&fixture.scope, None).await, Ok(text("one")));
    let refused = fixture.scope.delete_namespace("other", false).await.unwrap_err();
    assert!(refused.detail().contains("secret \"s\""), "{refused}");
    fixture.scope.delete_namespace("other", true).await.unwrap();
    let other = fixture.scope_of("other").await;
    assert!(other.secrets(true).await.unwrap().is_empty());
    // Where they are kept nobody enters.
    let kept = "_sealed-00000000000000000000000000000000".parse().unwrap();
    let entered = fixture.service.scope(Principal::Root, Some(kept), Origin::default()).await;
    assert!(entered.is_err());
}

#[tokio::test]
async fn of_many_who_put_at_once_each_makes_a_version() {
    let fixture = Fixture::new().await;
    fixture.scope.create_secret(new("s", "v0", 0)).await.unwrap();
    // Two services over the same stores are as two nodes.
    let other = fixture.over(fixture.stores.clone());
    let other = other.scope(Principal::Root, None, Origin::default()).await.unwrap();
    let scopes = [fixture.scope.clone(), other];
    let mut tasks = Vec::new();
    for number in 1..=40 {
        let scope = scopes[number as usize % 2].clone();
        tasks.push(tokio::spawn(async move {
            put(&scope, &format!("v{number}"), number, &[&format!("stage-{number}")]).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    for number in 1..=40 {
        let found = value(&fixture.scope, Some(&format!("stage-{number}"))).await;
        assert_eq!(found, Ok(text(&format!("v{number}"))));
    }
}

/// A function as Secrets Manager's template for them has it, over the same scope. It notes its steps, and
/// fails in the one that it is told to.
async fn rotating(
    scope: Scope,
    steps: Arc<Mutex<Vec<String>>>,
    fails: Option<&'static str>,
    event: Value,
) -> Result<(), Error> {
    let said = |name: &str| event[name].as_str().unwrap().to_owned();
    let (step, token) = (said("Step"), said("ClientRequestToken"));
    assert_eq!(said("SecretId"), "the ARN");
    steps.lock().unwrap().push(step.clone());
    if fails == Some(step.as_str()) {
        return Err(Error::new(ErrorCode::Internal, "as it was told"));
    }
    let id = named("s");
    match step.as_str() {
        "createSecret" => {
            let pending = scope.secret_value(&id, Some(&token), Some("AWSPENDING")).await;
            match pending {
                // By the same rotation, before it was broken off.
                Ok(_) => return Ok(()),
                Err(error) => assert_eq!(error.code(), ErrorCode::SecretNotFound),
            }
            let stages = ["AWSPENDING".to_owned()].into();
            let version = NewVersion { value: text("rotated"), id: Some(token), stages };
            scope.update_secret(&id, (None, None), Some(version)).await.map(|_| ())
        }
        "finishSecret" => {
            let current = scope.secret_value(&id, None, None).await?.id;
            let moved = scope.move_secret_stage(&id, "AWSCURRENT", Some(&current), Some(&token));
            moved.await.map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Has the function do that, and returns the steps that it will have done.
fn rotate_by(fixture: &Fixture, fails: Option<&'static str>) -> Arc<Mutex<Vec<String>>> {
    let (scope, steps) = (fixture.scope.clone(), Arc::new(Mutex::new(Vec::new())));
    let done = steps.clone();
    *fixture.runner.on_event.lock().unwrap() = Some(Arc::new(move |_, event| {
        let event = serde_json::from_slice(&event.data).unwrap();
        let rotated = rotating(scope.clone(), steps.clone(), fails, event);
        async move {
            match rotated.await {
                Ok(()) => Outcome::Ok,
                Err(error) => Outcome::FunctionError(Failure {
                    kind: "Error".into(),
                    message: error.to_string(),
                    trace: Vec::new(),
                    retry: Retry::default(),
                }),
            }
        }
        .boxed()
    }));
    done
}

fn rotate(immediately: bool) -> Rotate {
    Rotate {
        function: Some("f".parse::<FunctionName>().unwrap().into()),
        rules: None,
        immediately,
        version: Some(token(9)),
        told: "the ARN".into(),
    }
}

#[tokio::test]
async fn a_function_rotates_a_secret_in_four_steps() {
    const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];
    let fixture = Fixture::new().await;
    let (scope, id) = (&fixture.scope, named("s"));
    scope.create_secret(new("s", "first", 1)).await.unwrap();
    assert_eq!(code(scope.rotate_secret(&id, rotate(true)).await), ErrorCode::FunctionNotFound);
    fixture.deploy("runtime").await.unwrap();
    // Until it is rotated the function is asked for its test alone.
    let steps = rotate_by(&fixture, None);
    scope.rotate_secret(&id, rotate(false)).await.unwrap();
    assert_eq!(*steps.lock().unwrap(), ["testSecret"]);
    // One that fails leaves what is current, and its version to the next.
    let steps = rotate_by(&fixture, Some("testSecret"));
    let failed = scope.rotate_secret(&id, rotate(true)).await.unwrap_err();
    assert_eq!(failed.code(), ErrorCode::InvalidRequest);
    assert!(failed.detail().contains("step testSecret of function f"), "{failed}");
    assert_eq!(*steps.lock().unwrap(), STEPS[..3]);
    assert_eq!(value(scope, None).await, Ok(text("first")));
    assert_eq!(value(scope, Some("AWSPENDING")).await, Ok(text("rotated")));
    let before = scope.describe_secret(&id).await.unwrap().rotation.unwrap();
    assert!(before.enabled && before.rotated.is_none());
    // The function of the template does not make a value again.
    scope.move_secret_stage(&id, "AWSPENDING", Some(&token(9)), None).await.unwrap();
    let steps = rotate_by(&fixture, None);
    let again = Rotate { version: Some(token(10)), function: None, ..rotate(true) };
    let (secret, version) = scope.rotate_secret(&id, again).await.unwrap();
    assert_eq!(*steps.lock().unwrap(), STEPS);
    assert_eq!((version.as_str(), secret.rotation.unwrap().rotated.is_some()), (&*token(10), true));
    assert_eq!(value(scope, None).await, Ok(text("rotated")));
    assert_eq!(value(scope, Some("AWSPREVIOUS")).await, Ok(text("first")));
    let cancelled = scope.cancel_secret_rotation(&id).await.unwrap();
    assert!(!cancelled.rotation.unwrap().enabled);
}

/// Has a rotation stop for ever after a step.
fn stop_after(fixture: &Fixture, last: &'static str) {
    let scope = fixture.scope.clone();
    *fixture.runner.on_event.lock().unwrap() = Some(Arc::new(move |_, event| {
        let event: Value = serde_json::from_slice(&event.data).unwrap();
        let (stops, scope) = (event["Step"] == last, scope.clone());
        async move {
            rotating(scope, Arc::default(), None, event).await.unwrap();
            if stops {
                futures::future::pending::<()>().await;
            }
            Outcome::Ok
        }
        .boxed()
    }));
}

/// A secret that the function rotates every day, and did not yet.
async fn rotated_daily() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.deploy("runtime").await.unwrap();
    fixture.scope.create_secret(new("s", "first", 1)).await.unwrap();
    rotate_by(&fixture, None);
    let rules = Some(serde_json::json!({ "AutomaticallyAfterDays": 1, "Duration": "2h" }));
    let daily = Rotate { rules, version: None, ..rotate(false) };
    fixture.scope.rotate_secret(&named("s"), daily).await.unwrap();
    fixture
}

const DAY: Duration = Duration::from_secs(86_400);

/// Rotates what is due, and returns how long after the begin of 1970 something is due next.
async fn look(fixture: &Fixture) -> Option<u64> {
    let next = fixture.service.rotate_due_secrets().await.unwrap();
    next.map(|next| u64::try_from(next.as_second()).unwrap())
}

#[tokio::test]
async fn a_secret_is_rotated_once_for_every_date_by_itself() {
    let fixture = rotated_daily().await;
    let (scope, id, day) = (&fixture.scope, named("s"), DAY.as_secs());
    let steps = rotate_by(&fixture, None);
    assert_eq!(look(&fixture).await, Some(day));
    assert!(steps.lock().unwrap().is_empty());
    // Dates that nobody was there for are rotated for once.
    fixture.clock.advance(3 * DAY);
    for _ in 0..2 {
        assert_eq!(look(&fixture).await, Some(4 * day));
        assert_eq!(steps.lock().unwrap().len(), 4);
    }
    assert_eq!(value(scope, None).await, Ok(text("rotated")));
    // What fails is tried again with the version that it made, and what is current stays.
    rotate_by(&fixture, Some("testSecret"));
    fixture.clock.advance(DAY);
    assert_eq!(look(&fixture).await, Some(4 * day + 60));
    let pending = scope.secret_value(&id, None, Some("AWSPENDING")).await.unwrap().id;
    let steps = rotate_by(&fixture, None);
    assert_eq!(look(&fixture).await, Some(4 * day + 60));
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(look(&fixture).await, Some(5 * day));
    assert_eq!(steps.lock().unwrap().len(), 4);
    assert_eq!(scope.secret_value(&id, None, None).await.unwrap().id, pending);
    // One that is to be rotated no more, or is deleted, is left alone.
    fixture.clock.advance(DAY);
    scope.delete_secret(&id, Some(7)).await.unwrap();
    assert_eq!(look(&fixture).await, None);
    scope.restore_secret(&id).await.unwrap();
    scope.cancel_secret_rotation(&id).await.unwrap();
    assert_eq!(look(&fixture).await, None);
    assert_eq!(steps.lock().unwrap().len(), 4);
    // By a clock that was set back, dates come again; that of the last rotation does not.
    scope.rotate_secret(&id, Rotate { version: None, ..rotate(false) }).await.unwrap();
    // It holds the stores.
    *fixture.runner.on_event.lock().unwrap() = None;
    let fixture = fixture.restart().await;
    assert_eq!(look(&fixture).await, Some(day));
    fixture.scope.delete_secret(&id, None).await.unwrap();
    assert_eq!(look(&fixture).await, None);
}

#[tokio::test]
async fn a_rotation_that_was_broken_off_goes_on_with_its_version() {
    for (last, more) in [("createSecret", 4), ("finishSecret", 0)] {
        let fixture = rotated_daily().await;
        stop_after(&fixture, last);
        fixture.clock.advance(DAY);
        let broken = tokio::time::timeout(Duration::from_millis(300), look(&fixture)).await;
        assert!(broken.is_err(), "it waits for the function");
        let id = named("s");
        let made = fixture.scope.secret_value(&id, None, Some("AWSPENDING")).await.unwrap().id;
        let steps = rotate_by(&fixture, None);
        let again = look(&fixture).await.unwrap();
        assert!(again > DAY.as_secs() && steps.lock().unwrap().is_empty(), "it may be under way");
        fixture.clock.advance(Duration::from_secs(again - DAY.as_secs()));
        assert_eq!(look(&fixture).await, Some(2 * DAY.as_secs()));
        assert_eq!(steps.lock().unwrap().len(), more, "{last}");
        assert_eq!(fixture.scope.secret_value(&id, None, None).await.unwrap().id, made);
        let secret = fixture.scope.describe_secret(&id).await.unwrap();
        assert_eq!(secret.versions.iter().count(), 2);
        assert!(secret.rotation.unwrap().rotated.is_some());
    }
}
