//! A component whose state can be seen, and the host that the tests of plugins give it.

use std::sync::Arc;
use std::time::Duration;

use lambent_engine::types::Limits;
use lambent_engine::wasmtime::component::{Linker, ResourceAny};
use lambent_engine::wasmtime::{self, StoreContextMut};
use lambent_engine::{
    Budget, Capability, Completed, Component, Engine, Host, Invocation, Options, Plugin,
    PluginOptions,
};
use tokio::sync::Notify;

/// Counts its calls, waits in the host, fails in every way, and gives out cells.
pub(crate) const COUNTER: &str = r#"(component
    (import "gate" (func $gate (param "how" u32)))
    (core module $m
        (import "" "gate" (func $gate (param i32)))
        (import "" "new" (func $new (param i32) (result i32)))
        (memory 16)
        (global $count (mut i32) (i32.const 0))
        (func (export "next") (result i32)
            (global.set $count (i32.add (global.get $count) (i32.const STEP)))
            (global.get $count))
        (func (export "gate") (param i32) (call $gate (local.get 0)))
        (func (export "trap") unreachable)
        (func (export "spin") (loop (br 0)))
        (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
        (func (export "read") (param i32) (result i32) (local.get 0)))
    (type $own-cell (resource (rep i32)))
    (core func $new (canon resource.new $own-cell))
    (core func $lowered (canon lower (func $gate)))
    (core instance $i (instantiate $m (with "" (instance
        (export "gate" (func $lowered)) (export "new" (func $new))))))
    (export $cell "cell" (type $own-cell))
    (func (export "next") (result u32) (canon lift (core func $i "next")))
    (func (export "knock") (param "how" u32) (canon lift (core func $i "gate")))
    (func (export "trap") (canon lift (core func $i "trap")))
    (func (export "spin") (canon lift (core func $i "spin")))
    (func (export "make") (param "value" u32) (result (own $cell)) (canon lift (core func $i "make")))
    (func (export "read") (param "cell" (borrow $cell)) (result u32)
        (canon lift (core func $i "read"))))"#;

/// Opened once for each guest that is to go on.
pub(crate) type Gate = Arc<Notify>;

/// Has the guest wait at the gate.
pub(crate) const WAIT: u32 = 0;
/// Has the import fail.
pub(crate) const FAIL: u32 = 1;

/// The error of the host that the import fails with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gate is broken")]
pub(crate) struct Broken;

pub(crate) struct Gates;

impl Capability<Gate> for Gates {
    fn interfaces(&self) -> Vec<String> {
        vec!["gate".into()]
    }

    fn link(&self, linker: &mut Linker<Host<Gate>>) -> wasmtime::Result<()> {
        linker.root().func_wrap_async(
            "gate",
            |mut store: StoreContextMut<'_, Host<Gate>>, (how,): (u32,)| {
                let gate = store.data_mut().state().clone();
                Box::new(async move {
                    if how == FAIL {
                        return Err(Broken.into());
                    }
                    gate.notified().await;
                    Ok(())
                })
            },
        )
    }
}

pub(crate) fn engine(budget: Option<Arc<Budget>>) -> Engine<Gate> {
    let options = Options { instances: 20, ..Options::default() };
    let mut builder = Engine::builder(options).capability(Gates);
    if let Some(budget) = budget {
        builder = builder.budget(budget);
    }
    builder.build().unwrap()
}

/// Counts by `step`.
pub(crate) fn wasm(step: u32) -> Vec<u8> {
    wat::parse_str(COUNTER.replace("STEP", &step.to_string())).unwrap()
}

pub(crate) fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(60), ..Limits::default() }
}

/// A plugin with its gate.
pub(crate) fn plugin(
    component: &Component<Gate>,
    options: PluginOptions,
    limits: Limits,
) -> (Plugin<Gate>, Gate) {
    let gate = Gate::default();
    let given = gate.clone();
    (component.plugin(options, move || Invocation::new(given.clone()).limits(limits)), gate)
}

pub(crate) async fn new(options: PluginOptions) -> (Plugin<Gate>, Gate) {
    let component = engine(None).component(wasm(1).into()).await.unwrap();
    plugin(&component, options, limits())
}

type Called<R> = Result<Completed<R>, lambent_engine::CallError>;

/// Calls the export `next`.
pub(crate) async fn next(plugin: &Plugin<Gate>) -> Called<u32> {
    plugin
        .call(|store, instance| {
            Box::pin(async move {
                let next = instance.get_typed_func::<(), (u32,)>(&mut *store, "next")?;
                Ok(next.call_async(store, ()).await?.0)
            })
        })
        .await
}

/// Calls an export without parameters or results.
pub(crate) async fn run(plugin: &Plugin<Gate>, export: &'static str) -> Called<()> {
    plugin
        .call(move |store, instance| {
            Box::pin(async move {
                instance.get_typed_func::<(), ()>(&mut *store, export)?.call_async(store, ()).await
            })
        })
        .await
}

pub(crate) async fn knock(plugin: &Plugin<Gate>, how: u32) -> Called<()> {
    plugin
        .call(move |store, instance| {
            Box::pin(async move {
                let knock = instance.get_typed_func::<(u32,), ()>(&mut *store, "knock")?;
                knock.call_async(store, (how,)).await
            })
        })
        .await
}

/// Has the guest make a cell.
pub(crate) async fn make(plugin: &Plugin<Gate>, value: u32) -> Called<ResourceAny> {
    plugin
        .call(move |store, instance| {
            Box::pin(async move {
                let make =
                    instance.get_typed_func::<(u32,), (ResourceAny,)>(&mut *store, "make")?;
                Ok(make.call_async(store, (value,)).await?.0)
            })
        })
        .await
}

/// Reads a cell of an instance, if it is still there.
pub(crate) async fn read(plugin: &Plugin<Gate>, cell: ResourceAny, of: Option<u64>) -> Called<u32> {
    let invocation = Invocation::new(Gate::default()).limits(limits());
    plugin
        .call_with(invocation, of, move |store, instance| {
            Box::pin(async move {
                let read =
                    instance.get_typed_func::<(ResourceAny,), (u32,)>(&mut *store, "read")?;
                Ok(read.call_async(store, (cell,)).await?.0)
            })
        })
        .await
}

/// What a call that was made returned.
#[track_caller]
pub(crate) fn value<R: std::fmt::Debug>(called: Called<R>) -> R {
    let Completed { finished, .. } = called.unwrap();
    finished.into_result().unwrap()
}
