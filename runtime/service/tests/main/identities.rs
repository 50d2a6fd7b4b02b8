//! Roles, policies and temporary keys.

use std::collections::BTreeMap;
use std::time::Duration;

use lambent_service::{
    BegunSession, NewPolicy, NewRole, Operation, Principal, Scope, Session, ShownSession,
};
use lambent_types::{
    Clock as _, Error, ErrorCode, IdentityPath, Origin, OwnQuotas, PolicyDocument, PolicyName,
    PolicyReference, Quota, Role, RoleName,
};

use crate::fixture::Fixture;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

fn role(name: &str) -> NewRole {
    NewRole {
        name: name.parse().unwrap(),
        path: IdentityPath::default(),
        trust: PolicyDocument::trust(TRUST).unwrap(),
        description: None,
        session_seconds_max: 3_600,
        boundary: None,
        tags: BTreeMap::new(),
    }
}

fn policy(name: &str) -> NewPolicy {
    NewPolicy {
        name: name.parse().unwrap(),
        path: "/team/".parse().unwrap(),
        document: PolicyDocument::managed(ALLOW).unwrap(),
        description: None,
        tags: BTreeMap::new(),
    }
}

fn reference(text: &str) -> PolicyReference {
    text.parse().unwrap()
}

fn code<T>(done: Result<T, Error>) -> ErrorCode {
    done.map(|_| ()).unwrap_err().code()
}

async fn stored(scope: &Scope, name: &str) -> Role {
    scope.handle::<RoleName>(name).unwrap().describe().await.unwrap().specification
}

#[tokio::test]
async fn a_role_is_kept_as_it_was_told() {
    let fixture = Fixture::new().await;
    let made = fixture.scope.create_role(role("Worker")).await.unwrap();
    assert!(made.id.starts_with("AROA"), "{}", made.id);
    assert_eq!(code(fixture.scope.create_role(role("worker")).await), ErrorCode::Conflict);
    let handle = fixture.scope.handle::<RoleName>("worker").unwrap();
    handle.update(Some("works".into()), None).await.unwrap();
    handle.update(None, Some(7_200)).await.unwrap();
    let inline = PolicyDocument::inline(ALLOW).unwrap();
    handle.put_policy("own".parse().unwrap(), inline.clone()).await.unwrap();
    handle.attach(reference("aws:/service-role/AWSLambdaBasicExecutionRole")).await.unwrap();
    let fixture = fixture.restart().await;
    let kept = stored(&fixture.scope, "WORKER").await;
    let description = Some("works".to_owned());
    let inline = [("own".parse().unwrap(), inline)].into();
    let attached = [reference("aws:/service-role/AWSLambdaBasicExecutionRole")].into();
    assert_eq!(kept, Role { description, session_seconds_max: 7_200, inline, attached, ..made });
    // In another namespace there is none of it.
    let other = fixture.scope_of("other").await;
    let missing = other.handle::<RoleName>("worker").unwrap().describe().await;
    assert_eq!(code(missing), ErrorCode::RoleNotFound);
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let fixture = Fixture::new().await;
    let scope = &fixture.scope;
    scope.create_role(role("r")).await.unwrap();
    let handle = scope.handle::<RoleName>("r").unwrap();
    let deploy = reference("/team/deploy");
    assert_eq!(code(handle.attach(deploy.clone()).await), ErrorCode::PolicyNotFound);
    scope.create_policy(policy("deploy")).await.unwrap();
    // A path is part of what names it.
    assert_eq!(code(handle.attach(reference("/deploy")).await), ErrorCode::PolicyNotFound);
    handle.attach(deploy.clone()).await.unwrap();
    handle.set_boundary(Some(deploy.clone())).await.unwrap();
    let uses = scope.policy_uses().await.unwrap();
    assert_eq!((uses[&deploy].attached, uses[&deploy].boundary), (1, 1));
    let shared = scope.handle::<PolicyName>("deploy").unwrap();
    assert_eq!(code(shared.delete_unused().await), ErrorCode::Conflict);
    assert_eq!(code(handle.delete_bare().await), ErrorCode::Conflict);
    handle.detach(&deploy).await.unwrap();
    assert_eq!(code(handle.detach(&deploy).await), ErrorCode::PolicyNotFound);
    assert_eq!(code(shared.delete_unused().await), ErrorCode::Conflict, "it bounds a role");
    handle.set_boundary(None).await.unwrap();
    handle
        .put_policy("own".parse().unwrap(), PolicyDocument::inline(ALLOW).unwrap())
        .await
        .unwrap();
    assert_eq!(code(handle.delete_bare().await), ErrorCode::Conflict);
    handle.delete_policy(&"own".parse().unwrap()).await.unwrap();
    handle.delete_bare().await.unwrap();
    shared.delete_unused().await.unwrap();
    assert_eq!(code(handle.delete_bare().await), ErrorCode::RoleNotFound);
}

#[tokio::test]
async fn a_policy_has_five_versions_at_most_and_one_in_force() {
    let fixture = Fixture::new().await;
    fixture.scope.create_policy(policy("p")).await.unwrap();
    let handle = fixture.scope.handle::<PolicyName>("p").unwrap();
    let document = || PolicyDocument::managed(ALLOW).unwrap();
    for number in 2..=5 {
        let made = handle.create_version(document(), number == 3).await.unwrap();
        assert_eq!(made.last_version, number);
    }
    assert_eq!(code(handle.create_version(document(), true).await), ErrorCode::QuotaExceeded);
    assert_eq!(code(handle.delete_version(3).await), ErrorCode::Conflict);
    assert_eq!(code(handle.delete_version(9).await), ErrorCode::PolicyNotFound);
    assert_eq!(code(handle.delete_unused().await), ErrorCode::Conflict);
    let left = handle.delete_version(5).await.unwrap();
    assert_eq!((left.default_version, left.versions.len()), (3, 4));
    assert_eq!(handle.create_version(document(), false).await.unwrap().last_version, 6);
    assert_eq!(handle.set_default_version(6).await.unwrap().default_version, 6);
}

#[tokio::test]
async fn there_are_no_more_than_there_may_be() {
    let fixture = Fixture::new().await;
    let scope = fixture.scope_of("shop").await;
    let quotas = OwnQuotas([(Quota::Roles, Some(1)), (Quota::Policies, Some(0))].into());
    fixture.scope.put_namespace("shop", Some(quotas)).await.unwrap();
    scope.create_role(role("one")).await.unwrap();
    assert_eq!(code(scope.create_role(role("two")).await), ErrorCode::QuotaExceeded);
    assert_eq!(code(scope.create_policy(policy("one")).await), ErrorCode::QuotaExceeded);
    let handle = scope.handle::<RoleName>("one").unwrap();
    for at in 0..25 {
        handle.attach(reference(&format!("aws:/P{at}"))).await.unwrap();
    }
    assert_eq!(code(handle.attach(reference("aws:/P25")).await), ErrorCode::QuotaExceeded);
    let long = ALLOW.replace("s3:*", &format!("s3:{}", "a".repeat(10_300)));
    let long = PolicyDocument::inline(&long).unwrap();
    let put = handle.put_policy("long".parse().unwrap(), long).await;
    assert_eq!(code(put), ErrorCode::QuotaExceeded);
    // With its namespace they are gone.
    fixture.scope.delete_namespace("shop", true).await.unwrap();
    let again = fixture.scope_of("shop").await;
    assert_eq!(again.all::<RoleName>().await.unwrap(), []);
}

async fn begun(scope: &Scope, seconds: u32) -> Result<BegunSession, Error> {
    let role = "r".parse().unwrap();
    scope.assume_role(&role, "me".into(), seconds, "LKIAISSUER").await
}

async fn scope_of(fixture: &Fixture, session: Session) -> Scope {
    fixture.service.scope(session.into(), None, Origin::default()).await.unwrap()
}

#[tokio::test]
async fn temporary_keys_are_what_their_token_says() {
    let fixture = Fixture::new().await;
    fixture.clock.advance(Duration::from_secs(1_000_000));
    let shown = async |key: &str, token: &str| fixture.service.session(key, token).await.unwrap();
    assert_eq!(code(begun(&fixture.scope, 900).await), ErrorCode::RoleNotFound);
    fixture.scope.create_role(role("r")).await.unwrap();
    assert_eq!(code(begun(&fixture.scope, 3_601).await), ErrorCode::InvalidRequest);
    let BegunSession { session, secret, token } = begun(&fixture.scope, 900).await.unwrap();
    let key = session.access_key.as_str();
    assert!(key.starts_with("ASIA") && key.len() == 20, "{key}");
    assert_eq!(session.expires, fixture.clock.now() + Duration::from_secs(900));
    let lasting = ShownSession::Lasting(session.clone(), secret.clone());
    assert_eq!(shown(key, &token).await, lasting);
    // Of other keys it is none, and nobody else can make one.
    assert_eq!(shown("ASIAOTHER", &token).await, ShownSession::Unknown);
    let (said, sealed) = token.split_once('.').unwrap();
    let other = begun(&fixture.scope, 900).await.unwrap();
    let (others, _) = other.token.split_once('.').unwrap();
    assert_ne!(other.secret, secret);
    let mixed = format!("{others}.{sealed}");
    for odd in ["", ".", said, &format!("{said}."), &format!("{said}.AAAA"), &mixed, "é.é"] {
        assert_eq!(shown(key, odd).await, ShownSession::Unknown, "{odd}");
        assert_eq!(shown(&other.session.access_key, odd).await, ShownSession::Unknown, "{odd}");
    }
    // No secret of theirs opens the native API.
    assert_eq!(fixture.service.authenticate(secret.as_bytes()).await.unwrap(), None);
    assert_eq!(fixture.service.signing_secret(key).await.unwrap(), None);
    fixture.clock.advance(Duration::from_secs(899));
    assert_eq!(shown(key, &token).await, lasting);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(shown(key, &token).await, ShownSession::Over);
}

#[tokio::test]
async fn temporary_keys_do_no_more_than_those_that_they_were_taken_with() {
    let fixture = Fixture::new().await;
    let shop = fixture.scope_of("shop").await;
    let new = NewRole { session_seconds_max: 43_200, ..role("r") };
    shop.create_role(new).await.unwrap();
    let session = begun(&shop, 1_800).await.unwrap().session;
    let principal = Principal::from(session.clone());
    assert_eq!(principal.to_string(), "LKIAISSUER/assumed-role/r/me");
    // The root key opens every namespace, and keys that were taken with it in one open that one.
    assert!(principal.may_enter(&"shop".parse().unwrap()));
    assert!(!principal.may_enter(&"default".parse().unwrap()) && !principal.may_administer());
    let scope = scope_of(&fixture, session.clone()).await;
    assert_eq!(scope.namespace().as_str(), "shop");
    assert_eq!(code(scope.create_access_key("x".into(), None).await), ErrorCode::Forbidden);
    assert_eq!(code(scope.put_namespace("mine", None).await), ErrorCode::Forbidden);
    // Keys that are taken with them end when they do, and have the same issuer.
    fixture.clock.advance(Duration::from_secs(600));
    let next = begun(&scope, 3_600).await.unwrap().session;
    assert_eq!((next.expires, next.issuer), (session.expires, session.issuer));
    assert!(Operation::AssumeRole.access().is_some(), "it is recorded");
}

#[tokio::test]
async fn temporary_keys_end_with_their_role() {
    let fixture = Fixture::new().await;
    fixture.scope.create_role(role("r")).await.unwrap();
    let BegunSession { session, token, .. } = begun(&fixture.scope, 900).await.unwrap();
    let handle = fixture.scope.handle::<RoleName>("r").unwrap();
    handle.delete_bare().await.unwrap();
    let shown = async || fixture.service.session(&session.access_key, &token).await.unwrap();
    assert_eq!(shown().await, ShownSession::Unknown);
    // Another of its name is another role.
    fixture.scope.create_role(role("r")).await.unwrap();
    assert_eq!(shown().await, ShownSession::Unknown);
}
