//! What differs between two versions, and what each imports.

use std::sync::Arc;

use lambent_types::{ConfigurationPatch, Environment, ErrorCode, NamesDiff, Qualifier};

use crate::fixture::{ANY, Fixture};

fn version(number: u64) -> Qualifier {
    Qualifier::Version(number)
}

#[tokio::test]
async fn versions_are_compared_in_all_that_they_are() {
    let fixture = Fixture::new().await;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    function.publish(&ANY).await.unwrap();
    let variables = [("TOKEN".to_owned(), "hunter2".to_owned())];
    let environment = Environment(Arc::new(variables.into()));
    let grants = serde_json::from_str(r#"{"queues":{"jobs":"write"}}"#).unwrap();
    let patch = ConfigurationPatch {
        environment: Some(environment),
        grants: Some(grants),
        timeout_ms: Some(1234),
        ..ConfigurationPatch::default()
    };
    function.configure(patch, &ANY).await.unwrap();
    function.publish(&ANY).await.unwrap();
    fixture.deploy("two").await.unwrap();

    let configured = function.diff(&version(1), &version(2)).await.unwrap();
    assert!(configured.code.is_none() && configured.imports.is_empty());
    assert_eq!(configured.grants.added, ["queue:jobs=write"]);
    assert_eq!(configured.environment[0].name, "TOKEN");
    let members: Vec<_> = configured.configuration.iter().map(|one| &*one.member).collect();
    assert_eq!(members, ["timeout_ms"]);
    let deployed = function.diff(&version(2), &Qualifier::Latest).await.unwrap();
    let own = |text: &str| vec![format!("its:own/{text}")];
    assert_eq!(deployed.imports, NamesDiff { added: own("two"), removed: own("one") });
    assert!(deployed.code.is_some() && deployed.configuration.is_empty());
    assert!(function.diff(&version(2), &version(2)).await.unwrap().is_empty());
    for (from, to) in [(version(1), version(9)), (version(9), version(1))] {
        let error = function.diff(&from, &to).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::VersionNotFound);
    }
}

#[tokio::test]
async fn imports_are_told_with_what_was_granted_of_what_opens_them() {
    let fixture = Fixture::new().await;
    let function = &fixture.handle();
    fixture.deploy("one").await.unwrap();
    function.publish(&ANY).await.unwrap();
    let grants = serde_json::from_str(r#"{"queues":{"jobs":"write"},"buckets":{"photos":"read"}}"#);
    let patch =
        ConfigurationPatch { grants: Some(grants.unwrap()), ..ConfigurationPatch::default() };
    function.configure(patch, &ANY).await.unwrap();
    for (qualifier, granted) in
        [(version(1), vec![]), (Qualifier::Latest, vec!["queue:jobs=write".to_owned()])]
    {
        let version = function.qualified(&qualifier).await.unwrap();
        let imports = function.imports(&version).await.unwrap();
        let told: Vec<_> =
            imports.iter().map(|import| (&*import.interface.0, import.served)).collect();
        let [own, stdout, producer] = &imports[..] else { panic!("{imports:?}") };
        assert_eq!(
            told,
            [
                ("its:own/one", false),
                ("wasi:cli/stdout", true),
                ("wasi:messaging/producer@0.2.0-draft", true)
            ]
        );
        assert!(own.opened_by.is_empty() && stdout.opened_by.is_empty());
        assert_eq!((producer.opened_by, &producer.granted), (&["queue"][..], &granted));
    }
}
