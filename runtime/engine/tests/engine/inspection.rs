//! What is refused before it runs, and why.

use lambent_engine::types::Handler;
use lambent_engine::{ComponentError, InspectError, LoadError};
use lambent_test_support::guest_bytes;

use crate::support::{component, engine};

#[test]
fn imports_and_exports_are_found_without_compiling() {
    let inspection = engine().inspect(&guest_bytes("hello-http")).unwrap();
    assert_eq!(inspection.handlers, [Handler::Http02]);
    assert!(inspection.imports.iter().any(|import| import.name() == "wasi:http/types"));
    assert!(inspection.unmet.is_empty(), "{:?}", inspection.unmet);
    let inspection = engine().inspect(&guest_bytes("stream-http")).unwrap();
    assert_eq!(inspection.handlers, [Handler::Http03]);
    assert!(inspection.unmet.is_empty(), "{:?}", inspection.unmet);
}

#[tokio::test]
async fn the_handlers_found_are_those_that_can_be_called() {
    for name in ["hello-http", "stream-http", "echo-event", "guest-cli", "guest-async-event"] {
        let inspection = engine().inspect(&guest_bytes(name)).unwrap();
        assert_eq!(component(name).await.handlers(), inspection.handlers, "{name}");
    }
}

#[test]
fn every_truncation_is_malformed_and_says_where() {
    let wasm = guest_bytes("hello-http");
    for length in (4..wasm.len()).step_by(wasm.len() / 50) {
        match engine().inspect(&wasm[..length]) {
            Err(InspectError::Malformed { offset, .. }) => assert!(offset <= length),
            other => panic!("{length}: {other:?}"),
        }
    }
}

#[test]
fn an_unknown_import_is_named_with_the_nearest_version() {
    let wasm = wat::parse_str(
        r#"(component (import "wasi:http/types@0.4.0" (instance)) (import "acme:mail/send" (instance)))"#,
    );
    let unmet = engine().inspect(&wasm.unwrap()).unwrap().unmet;
    let told: Vec<_> = unmet.iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "wasi:http/types@0.4.0 (nearest served: wasi:http/types@0.3.0)");
    assert_eq!(told[1], "acme:mail/send (nothing like it is served)");
}

#[tokio::test]
async fn an_import_of_another_type_does_not_link() {
    let wasm = r#"(component (import "wasi:random/random@0.2.0"
        (instance (export "get-random-u64" (func (result string))))))"#;
    let wasm = wat::parse_str(wasm).unwrap();
    assert!(engine().inspect(&wasm).unwrap().unmet.is_empty());
    let error = engine().component(wasm.into()).await.err().unwrap();
    assert!(matches!(error, ComponentError::Load(LoadError::Link(_))), "{error}");
}

#[tokio::test]
async fn a_component_with_more_memories_than_a_slot_has_is_too_large() {
    let memories = "(core module $m (memory 1))".to_owned();
    let instances = "(core instance (instantiate $m))".repeat(40);
    let wasm = wat::parse_str(format!("(component {memories} {instances})")).unwrap();
    let error = engine().component(wasm.into()).await.err().unwrap();
    assert!(matches!(error, ComponentError::Load(LoadError::TooLarge(_))), "{error}");
}

#[tokio::test]
async fn the_memory_a_component_starts_with_is_known_in_bytes() {
    let wasm = wat::parse_str(
        r#"(component
            (core module $m (memory 16) (table 100 funcref))
            (core instance (instantiate $m)))"#,
    );
    let component = engine().component(wasm.unwrap().into()).await.unwrap();
    assert_eq!(component.memory_bytes_min(), Some((1 << 20) + 800));
}
