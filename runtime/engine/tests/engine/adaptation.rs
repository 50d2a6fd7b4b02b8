//! Core modules of WASI preview 1: what becomes of them, and what is told of those of which nothing does.

use lambent_engine::types::{Environment, Handler, Outcome, Output};
use lambent_engine::{CompileError, CoreModule, Finished, InProcess, Invocation, ModuleError};
use proptest::prelude::*;
use wit_component::{StringEncoding, embed_component_metadata};

use crate::support::{engine, event, limits};

const HEAP: &str = include_str!("modules/contiguous.wat");

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A module that carries the types of this world.
fn typed(wit: &str, text: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat(text);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

fn reactor() -> Vec<u8> {
    let wit =
        "package wasi:cli@0.2.0; interface run { run: func() -> result; } world w { export run; }";
    typed(
        wit,
        r#"(module
            (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
            (memory (export "memory") 1)
            (func (export "_initialize"))
            (func (export "wasi:cli/run@0.2.0#run") (result i32) (call $yield)))"#,
    )
}

async fn run(wasm: Vec<u8>, data: &str, environment: &[(&str, &str)]) -> Finished<Output> {
    let component = engine().component(wasm.into()).await.unwrap();
    let variables = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let environment = Environment(std::sync::Arc::new(variables.collect()));
    let invocation = Invocation { environment, ..Invocation::new(()).limits(limits()) };
    component.event(invocation, event(data.to_owned())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_never_meets_the_adapter_in_its_memory() {
    let module = wat(HEAP);
    assert_eq!(engine().inspect_module(&module), Ok(Some(CoreModule::Command)));
    for environment in [&[][..], &[("A", "1"), ("B", "2")]] {
        let end = run(module.clone(), "hello ", environment).await;
        let logged: Vec<_> = end.logs.lines.iter().map(|line| &line.text).collect();
        assert_eq!(end.outcome, Outcome::Ok, "{logged:?}");
        assert_eq!(end.value.unwrap().data, "hello whole\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_goes_wrong_hurts_itself_and_ends() {
    let program = |body: &str| {
        wat(&format!(
            r#"(module
                (import "wasi_snapshot_preview1" "fd_write"
                    (func $write (param i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start") {body}))"#
        ))
    };
    // Addresses that would wrap around to the adapter's, and such that are of no memory.
    for body in [
        "(drop (i32.load (i32.const -4)))",
        "(drop (i32.load offset=4294967295 (i32.const 0)))",
        "(memory.fill (i32.const -65536) (i32.const 7) (i32.const 1))",
        "(memory.copy (i32.const 0) (i32.const -131072) (i32.const 1))",
        "(memory.fill (i32.const 65536) (i32.const 7) (i32.const 1))",
        "(drop (call $random (i32.const -131000) (i32.const 16)))",
        "(drop (call $random (i32.const 65536) (i32.const 16)))",
        "(i32.store (i32.const 0) (i32.const -131000)) (i32.store (i32.const 4) (i32.const 16))
         (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))",
        "(drop (call $write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 64)))",
    ] {
        let outcome = run(program(body), "", &[]).await.outcome;
        assert!(matches!(outcome, Outcome::Trapped { .. }), "{body}: {outcome:?}");
    }
    let outcome = run(program("(call $exit (i32.const 7))"), "", &[]).await.outcome;
    assert_eq!(outcome, Outcome::Exited { code: 1 });
    assert_eq!(run(program("(call $exit (i32.const 0))"), "", &[]).await.outcome, Outcome::Ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modules_that_carry_types_are_what_these_say() {
    let reactor = reactor();
    assert_eq!(engine().inspect_module(&reactor), Ok(Some(CoreModule::Reactor)));
    assert_eq!(run(reactor, "", &[]).await.outcome, Outcome::Ok);
    let wit = "package wasi:random@0.2.0;
        interface random { get-random-u64: func() -> u64; } world w { import random; }";
    let command = typed(
        wit,
        r#"(module
            (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
            (memory (export "memory") 1)
            (func (export "_start") (if (i64.eqz (call $random)) (then (unreachable)))))"#,
    );
    assert_eq!(engine().inspect_module(&command), Ok(Some(CoreModule::Command)));
    let adapted = engine().adapt(command.clone().into(), None).await.unwrap();
    let inspection = engine().inspect(&adapted).unwrap();
    assert_eq!(inspection.handlers, [Handler::Run02]);
    assert!(inspection.unmet.is_empty(), "{:?}", inspection.unmet);
    assert_eq!(run(command, "", &[]).await.outcome, Outcome::Ok);
}

fn refused(module: &[u8]) -> ModuleError {
    engine().inspect_module(module).unwrap_err()
}

#[test]
fn what_cannot_be_adapted_says_why_and_what_to_do() {
    let start = r#"(func (export "_start"))"#;
    let import = |import: &str| format!("(module (import {import}) {start})");
    let cases = [
        (import(r#""wasi_unstable" "fd_write" (func)"#), "\"wasi_unstable\" \"fd_write\""),
        (import(r#""env" "emscripten_memcpy_js" (func)"#), "Emscripten"),
        (import(r#""env" "abort" (func)"#), "@assemblyscript/wasi-shim"),
        (import(r#""__wbindgen_placeholder__" "__wbindgen_throw" (func)"#), "wasm-bindgen"),
        (import(r#""gojs" "runtime.wasmExit" (func)"#), "GOOS=wasip1"),
        (import(r#""wasi" "thread-spawn" (func)"#), "no threads"),
        (import(r#""acme" "rocket" (func)"#), "\"acme\" \"rocket\""),
        (import(r#""wasi_snapshot_preview1" "fd_rite" (func)"#), "no such function"),
        (import(r#""wasi_snapshot_preview1" "memory" (memory 1)"#), "must be a function"),
        (
            import(r#""wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32))"#),
            "no memory",
        ),
        ("(module (memory i64 1))".into(), "64 bits"),
        ("(module (memory 1 2 shared))".into(), "shared by threads"),
        ("(module (memory 1) (memory 1))".into(), "second memory"),
        (r#"(module (func (export "main")) (func (export "add")))"#.into(), "exports [main, add]"),
        ("(module)".into(), "exports no _start"),
        ("(module (func (export \"_start\")))".into(), "no memory"),
        (
            r#"(module (memory (export "memory") 1) (func (export "_start") (param i32)))"#.into(),
            "takes nothing",
        ),
        (
            r#"(module (memory (export "memory") 1) (export "_start" (memory 0)))"#.into(),
            "takes nothing",
        ),
    ];
    for (text, phrase) in cases {
        let error = refused(&wat(&text)).to_string();
        assert!(error.contains(phrase), "{text}: {error}");
    }
    let both = typed(
        "package wasi:cli@0.2.0; interface run { run: func() -> result; } world w { export run; }",
        r#"(module (memory (export "memory") 1) (func (export "_start"))
            (func (export "wasi:cli/run@0.2.0#run") (result i32) (i32.const 0)))"#,
    );
    assert_eq!(refused(&both), ModuleError::CommandAndReactor("wasi:cli/run@0.2.0#run".into()));
    let mut cut = wat(HEAP);
    cut.truncate(cut.len() - 9);
    assert!(matches!(refused(&cut), ModuleError::Malformed { .. }));
    assert_eq!(engine().inspect_module(b"hello").unwrap(), None);
    assert_eq!(engine().inspect_module(&wat("(component)")).unwrap(), None);
}

#[test]
fn what_only_the_adapter_finds_is_told_too() {
    let unadaptable = |text: &str| match InProcess::adapt_blocking(&wat(text)) {
        Err(CompileError::Unadaptable(told)) => told,
        Err(other) => panic!("{text}: {other}"),
        Ok(_) => panic!("{text}: adapted"),
    };
    let told = unadaptable(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32)))
            (memory (export "memory") 1) (func (export "_start")))"#,
    );
    assert!(told.contains("fd_close with another type"), "{told}");
    let told = unadaptable(
        r#"(module
            (import "wasi_snapshot_preview1" "args_get" (func (param i32 i32) (result i32)))
            (memory (export "memory") 1) (func (export "_start")))"#,
    );
    assert!(told.contains("args_get without args_sizes_get"), "{told}");
    let told = unadaptable(r#"(module (memory (export "memory") 65535) (func (export "_start")))"#);
    assert!(told.contains("4 GiB"), "{told}");
}

#[test]
fn large_modules_are_adapted_as_well() {
    let functions =
        r#"(import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))"#;
    let text = format!(
        r#"(module {} (memory (export "memory") 1) (table 1000000 funcref) (func (export "_start")) {} {})"#,
        functions.repeat(2_000),
        "(func) (global i32 (i32.const 0))".repeat(20_000),
        (0..5_000).map(|name| format!("(export \"{name}\" (func 1))")).collect::<String>(),
    );
    let module = wat(&text);
    assert_eq!(engine().inspect_module(&module), Ok(Some(CoreModule::Command)));
    let adapted = InProcess::adapt_blocking(&module).unwrap();
    assert!(adapted.len() < 3 * module.len() + (4 << 20), "{} of {}", adapted.len(), module.len());
    assert_eq!(engine().inspect(&adapted).unwrap().handlers, [Handler::Run02]);
}

/// Changes of a module: where, by how much of its length, and what is written there.
fn changes() -> impl Strategy<Value = Vec<(f64, u8)>> {
    proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn mutated_modules_are_refused_or_become_valid_components(
        which in 0..2_usize, changes in changes(), length in 0.9..1.1_f64,
    ) {
        let mut module = [wat(HEAP), reactor()][which].clone();
        let whole = module.len() as f64;
        for (place, byte) in changes {
            module[(place * whole) as usize] = byte;
        }
        module.truncate((length * whole) as usize);
        // What is valid, as far as the node sees it, is adapted to what is valid, or refused.
        if let Ok(Some(_)) = engine().inspect_module(&module)
            && let Ok(adapted) = InProcess::adapt_blocking(&module)
        {
            let inspected = engine().inspect(&adapted);
            prop_assert!(inspected.is_ok(), "{:?}", inspected);
        }
        // An embedder may ask for what was never inspected.
        drop(InProcess::adapt_blocking(&module));
    }
}
