//! Runtimes, and the functions that they run.

use bytes::Bytes;
use lambent_package::{Builder, Index, Limits};
use lambent_storage::CodeStore as _;
use lambent_types::{ConfigurationPatch, Digest, Error, ErrorCode, Handler, Quota, RuntimeUpdates};

use crate::fixture::{ANY, Fixture};

fn package() -> Bytes {
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_bytes("app.txt", b"sources".as_slice()).unwrap();
    let mut zip = Vec::new();
    builder.write(&mut zip).unwrap();
    zip.into()
}

fn on_runtime() -> ConfigurationPatch {
    let (runtime, handler) = (Some("one".parse().unwrap()), Some("app.handler".into()));
    ConfigurationPatch { runtime: Some(runtime), handler, ..ConfigurationPatch::default() }
}

async fn install(fixture: &Fixture, code: &'static str) -> u64 {
    let put = fixture.scope.install_runtime("one", Bytes::from(code), None).await.unwrap();
    put.value.current().unwrap().number
}

async fn deploy(fixture: &Fixture, patch: ConfigurationPatch) -> Result<(), Error> {
    fixture.handle().deploy(package(), patch, &ANY).await.map(drop)
}

#[tokio::test]
async fn a_function_has_its_package_with_what_the_runtime_adds() {
    let fixture = Fixture::new().await;
    install(&fixture, "runtime").await;
    deploy(&fixture, on_runtime()).await.unwrap();
    let code = fixture.function().await.unwrap().latest.code.clone();
    assert_eq!(code.component, Digest::of(b"runtime"));
    let (stored, added) = (code.package.unwrap(), code.added.unwrap());
    assert_eq!(stored.digest, Digest::of(&package()), "it stays as it was sent");
    let bytes = fixture.code.get(added.digest).await.unwrap().unwrap();
    let index = Index::open(&&*bytes, added.bytes).unwrap();
    let paths: Vec<_> = index.entries().iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["var/task/added.txt"]);
    // The component is the node's, and counts to nobody.
    let (_, holdings) = fixture.scope.describe_namespace("default").await.unwrap();
    let held = holdings.iter().find(|holding| holding.quota == Quota::CodeBytes).unwrap();
    assert_eq!(held.used, stored.bytes + added.bytes);
}

#[tokio::test]
async fn a_runtime_is_kept_for_the_node_and_for_those_who_run_on_it() {
    let fixture = Fixture::new().await;
    let stored =
        async |code: &str| fixture.code.contains(Digest::of(code.as_bytes())).await.unwrap();
    assert_eq!(install(&fixture, "runtime").await, 1);
    assert_eq!(install(&fixture, "runtime").await, 1, "the same again changes nothing");
    fixture.service.collect_garbage().await.unwrap();
    assert!(stored("runtime").await, "no function runs on it yet");
    let held = ConfigurationPatch {
        runtime_updates: Some(RuntimeUpdates::FunctionUpdate),
        ..on_runtime()
    };
    deploy(&fixture, held).await.unwrap();
    assert_eq!(install(&fixture, "runtime 2").await, 2);
    let current = fixture.inspect.runtimes.lock().unwrap().clone();
    assert_eq!(current[&"one".parse().unwrap()], Digest::of(b"runtime 2"));
    fixture.scope.delete_runtime("one").await.unwrap();
    fixture.service.collect_garbage().await.unwrap();
    assert!(stored("runtime").await, "the function was deployed with it");
    assert!(!stored("runtime 2").await);
    let error = deploy(&fixture, on_runtime()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RuntimeNotFound);
    fixture.handle().delete(&ANY).await.unwrap();
    fixture.service.collect_garbage().await.unwrap();
    assert!(!stored("runtime").await);
}

#[tokio::test]
async fn a_component_replaces_a_package_and_is_configured_for_no_runtime() {
    let fixture = Fixture::new().await;
    install(&fixture, "runtime").await;
    deploy(&fixture, on_runtime()).await.unwrap();
    let head = fixture.function().await.unwrap();
    assert_eq!(head.latest.configuration.reuse(), 1000);
    fixture.handle().deploy(Bytes::from_static(b"\0asm"), Default::default(), &ANY).await.unwrap();
    let head = fixture.function().await.unwrap();
    let configuration = &head.latest.configuration;
    assert_eq!((&configuration.runtime, &*configuration.handler), (&None, ""));
    assert_eq!((configuration.reuse(), head.latest.code.parts().count()), (1, 1));
    // Neither can be made the other by configuration.
    let error = fixture.handle().configure(on_runtime(), &ANY).await.unwrap_err();
    assert!(error.detail().contains("is a component"), "{error}");
    deploy(&fixture, on_runtime()).await.unwrap();
    let none = ConfigurationPatch { runtime: Some(None), ..Default::default() };
    let error = fixture.handle().configure(none, &ANY).await.unwrap_err();
    assert!(error.detail().contains("needs a runtime"), "{error}");
}

#[tokio::test]
async fn a_program_brings_its_own_runtime_and_is_none_only_when_it_is_deployed_so() {
    let fixture = Fixture::new().await;
    let function = fixture.handle();
    let program = Bytes::from_static(b"\0asm command");
    let on = |runtime: Option<&str>| ConfigurationPatch {
        runtime: Some(runtime.map(|name| name.parse().unwrap())),
        ..Default::default()
    };
    let error = function.deploy(Bytes::from_static(b"\0asm"), on(Some("provided")), &ANY).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::NotInvocable);
    function.deploy(program.clone(), on(Some("provided.al2023")), &ANY).await.unwrap();
    // Also if that is not said again.
    function.deploy(program.clone(), Default::default(), &ANY).await.unwrap();
    let head = fixture.function().await.unwrap();
    assert_eq!(head.latest.handlers, [Handler::Event, Handler::Batch]);
    assert_eq!((head.latest.configuration.is_program(), head.latest.code.package), (true, None));
    function.configure(on(Some("provided.al2")), &ANY).await.unwrap();
    for other in [None, Some("one")] {
        let error = function.configure(on(other), &ANY).await.unwrap_err();
        assert!(error.detail().contains("deploy it again"), "{error}");
    }
    function.deploy(program, on(None), &ANY).await.unwrap();
    let head = fixture.function().await.unwrap();
    assert_eq!(head.latest.handlers, [Handler::Run02]);
    let error = fixture.scope.install_runtime("provided", Bytes::from("runtime"), None).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::InvalidName);
}

#[tokio::test]
async fn what_waits_for_a_runtime_of_aws_is_stored_and_takes_it_up_once_it_is_there() {
    let fixture = Fixture::new().await;
    let of_aws = |runtime: &str| ConfigurationPatch {
        runtime: Some(Some(runtime.parse().unwrap())),
        ..on_runtime()
    };
    let store = async |patch| fixture.handle().deploy_or_store(package(), patch, &ANY).await;
    // Only if whoever deploys takes that, and AWS has such a runtime.
    let refused =
        [deploy(&fixture, of_aws("python3.13")).await, store(of_aws("one")).await.map(drop)];
    for error in refused.map(Result::unwrap_err) {
        assert_eq!(error.code(), ErrorCode::RuntimeNotFound);
    }
    let deployed =
        store(ConfigurationPatch { snapshot: Some(true), ..of_aws("python3.13") }).await.unwrap();
    assert!(
        deployed.warnings[0].contains("lambent runtime install python3.14"),
        "{:?}",
        deployed.warnings
    );
    let code = &deployed.function.latest.code;
    assert!(code.awaits_runtime && code.package.unwrap().digest == code.component);
    let (_, holdings) = fixture.scope.describe_namespace("default").await.unwrap();
    let held = holdings.iter().find(|holding| holding.quota == Quota::CodeBytes).unwrap();
    assert_eq!(held.used, package().len() as u64, "it is counted once");
    // It is published, configured and rolled back as any other is.
    let version = fixture.handle().publish(&ANY).await.unwrap().version;
    let less = ConfigurationPatch { memory_bytes: Some(32 << 20), ..ConfigurationPatch::default() };
    fixture.handle().configure(less.clone(), &ANY).await.unwrap();
    fixture.handle().rollback(1, &ANY).await.unwrap();
    fixture.service.collect_garbage().await.unwrap();
    assert!(fixture.code.contains(version.code.component).await.unwrap());

    let runtime = Bytes::from_static(b"runtime");
    fixture.scope.install_runtime("python3.14", runtime.clone(), None).await.unwrap();
    let head = fixture.handle().configure(less, &ANY).await.unwrap();
    let code = &head.latest.code;
    assert!(!code.awaits_runtime && code.added.is_some());
    assert_eq!((code.component, code.bytes), (Digest::of(&runtime), 0));
    assert!(
        fixture.handle().version(1).await.unwrap().code.awaits_runtime,
        "what is published stays"
    );
}
