//! Layers, and the functions that have them.

use bytes::Bytes;
use lambent_package::{Builder, Limits};
use lambent_service::LayerHandle;
use lambent_storage::CodeStore as _;
use lambent_types::{
    Annotations, ConfigurationPatch, Digest, Error, ErrorCode, Layers, OwnQuotas, Quota, bounds,
};

use crate::fixture::{ANY, Fixture};

fn package(path: &str, text: &str) -> Bytes {
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_bytes(path, text.as_bytes()).unwrap();
    let mut zip = Vec::new();
    builder.write(&mut zip).unwrap();
    zip.into()
}

fn layer<'f>(fixture: &'f Fixture, name: &str) -> LayerHandle<'f> {
    fixture.scope.handle(name).unwrap()
}

async fn publish(fixture: &Fixture, name: &str, text: &str) -> Result<u64, Error> {
    let put =
        layer(fixture, name).publish(package("python/x.py", text), Annotations::default()).await?;
    Ok(put.value.last_version)
}

async fn deploy(fixture: &Fixture, layers: Option<&str>) -> Result<Vec<Digest>, Error> {
    let patch = ConfigurationPatch {
        runtime: Some(Some("one".parse().unwrap())),
        handler: Some("app.handler".into()),
        layers: layers.map(|layers| layers.parse().unwrap()),
        ..Default::default()
    };
    let deployed = fixture.handle().deploy(package("app.txt", "sources"), patch, &ANY).await?;
    let code = &deployed.function.latest.code;
    Ok(code.layers.iter().map(|layer| layer.digest).collect())
}

async fn configure(fixture: &Fixture, layers: &str) -> Result<Layers, Error> {
    let layers = Some(layers.parse().unwrap());
    let patch = ConfigurationPatch { layers, ..Default::default() };
    let function = fixture.handle().configure(patch, &ANY).await?;
    Ok(function.latest.configuration.layers.clone())
}

async fn with_runtime() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.scope.install_runtime("one", Bytes::from("runtime"), None).await.unwrap();
    fixture
}

#[tokio::test]
async fn a_function_keeps_the_version_of_a_layer_that_it_was_given() {
    let fixture = with_runtime().await;
    let digest = |text| Digest::of(&package("python/x.py", text));
    assert_eq!(publish(&fixture, "a", "one").await.unwrap(), 1);
    assert_eq!(publish(&fixture, "A", "one").await.unwrap(), 1, "the same again is no version");
    assert_eq!(publish(&fixture, "b", "two").await.unwrap(), 1);
    let given = deploy(&fixture, Some("b,a")).await.unwrap();
    assert_eq!(given, [digest("two"), digest("one")]);
    let head = fixture.function().await.unwrap();
    assert_eq!(head.latest.configuration.layers.to_string(), "b:1,a:1");
    // Neither a new version nor a deploy that says nothing of layers changes them.
    assert_eq!(publish(&fixture, "a", "three").await.unwrap(), 2);
    assert_eq!(deploy(&fixture, None).await.unwrap(), given);
    // Deleted, it is there for those who have it, and for nobody else.
    let a = layer(&fixture, "a");
    a.delete_version(1).await.unwrap();
    fixture.service.collect_garbage().await.unwrap();
    assert!(fixture.code.contains(digest("one")).await.unwrap());
    assert_eq!(deploy(&fixture, None).await.unwrap(), given);
    assert_eq!(configure(&fixture, "a:1").await.unwrap().to_string(), "a:1");
    assert_eq!(configure(&fixture, "a").await.unwrap().to_string(), "a:2");
    let error = configure(&fixture, "a:1").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::LayerNotFound);
    assert!(error.detail().contains("has no version 1; there are: 2"), "{error}");
    fixture.service.collect_garbage().await.unwrap();
    assert!(!fixture.code.contains(digest("one")).await.unwrap());
    // A number does not come again.
    a.delete_version(2).await.unwrap();
    assert_eq!(publish(&fixture, "a", "one").await.unwrap(), 3);
    a.delete().await.unwrap();
    let error = deploy(&fixture, Some("a")).await.unwrap_err();
    assert!(error.detail().contains("layer \"a\" does not exist"), "{error}");
    // A component has none.
    fixture.handle().deploy(Bytes::from_static(b"\0asm"), Default::default(), &ANY).await.unwrap();
    let head = fixture.function().await.unwrap();
    assert_eq!(
        (&*head.latest.configuration.layers.0, &*head.latest.code.layers),
        (&[][..], &[][..])
    );
    let error = configure(&fixture, "b").await.unwrap_err();
    assert!(error.detail().contains("no runtime that would use them"), "{error}");
}

#[tokio::test]
async fn a_layer_has_its_limits() {
    let fixture = with_runtime().await;
    let error = layer(&fixture, "a")
        .publish(Bytes::from("no zip"), Annotations::default())
        .await
        .unwrap_err();
    assert!(error.detail().contains("a zip or a tar"), "{error}");
    let size = package("python/x.py", &"1".repeat(1000)).len() as u64;
    let limit = Some(2 * size + 200);
    let quotas = OwnQuotas([(Quota::CodeBytes, limit)].into());
    fixture.stores.quotas.set(fixture.scope.namespace(), quotas);
    let text = |n: usize| n.to_string().repeat(1000);
    publish(&fixture, "a", &text(1)).await.unwrap();
    publish(&fixture, "b", &text(1)).await.unwrap();
    publish(&fixture, "b", &text(2)).await.unwrap();
    let error = publish(&fixture, "a", &text(3)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::QuotaExceeded);
    fixture.stores.quotas.set(fixture.scope.namespace(), OwnQuotas::default());
    for n in 1..bounds::LAYER_VERSIONS_MAX {
        publish(&fixture, "a", &format!("{n}")).await.unwrap();
    }
    let error = publish(&fixture, "a", "one too many").await.unwrap_err();
    assert!(error.detail().contains("--version 1"), "{error}");
}

#[tokio::test]
async fn a_package_and_its_layers_are_not_too_much_together() {
    let fixture = with_runtime().await;
    let half = Limits::LAMBDA.entries / 2;
    for name in ["a", "b"] {
        let mut builder = Builder::new(Limits::LAMBDA);
        for n in 0..half {
            builder.add_bytes(&format!("{name}{n}"), &b""[..]).unwrap();
        }
        let mut zip = Vec::new();
        builder.write(&mut zip).unwrap();
        layer(&fixture, name).publish(zip.into(), Annotations::default()).await.unwrap();
    }
    deploy(&fixture, Some("a")).await.unwrap();
    for error in [
        deploy(&fixture, Some("a,b")).await.unwrap_err(),
        configure(&fixture, "a,b").await.unwrap_err(),
    ] {
        assert_eq!(error.code(), ErrorCode::InvalidPackage);
        let told = "100001 files and directories together; the most is 100000";
        assert!(error.detail().contains(told), "{error}");
    }
}

#[tokio::test]
async fn what_a_runtime_adds_is_not_too_much_beside_the_package() {
    let fixture = with_runtime().await;
    let mut builder = Builder::new(Limits::LAMBDA);
    for n in 0..Limits::LAMBDA.entries {
        builder.add_bytes(&n.to_string(), &b""[..]).unwrap();
    }
    let mut full = Vec::new();
    builder.write(&mut full).unwrap();
    for (zip, fits) in [(Bytes::from(full), false), (package("app.txt", "sources"), true)] {
        let patch = ConfigurationPatch {
            runtime: Some(Some("one".parse().unwrap())),
            handler: Some("app.handler".into()),
            ..Default::default()
        };
        let deployed = fixture.handle().deploy(zip, patch, &ANY).await.unwrap();
        assert_eq!(deployed.function.latest.code.added.is_some(), fits);
    }
}

#[tokio::test]
async fn of_many_who_publish_at_once_each_has_a_number() {
    let fixture = with_runtime().await;
    let publish = |n: usize| {
        let fixture = &fixture;
        async move { publish(fixture, "a", &format!("text {n}")).await.unwrap() }
    };
    futures::future::join_all((0..16).map(publish)).await;
    let layer = layer(&fixture, "a").describe().await.unwrap().specification;
    let numbers: Vec<_> = layer.versions.iter().map(|version| version.number).collect();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
}
