//! A host product that takes a newer plugin as soon as its file changes: calls that run end on
//! the old one, and whoever calls next is told that its state is gone. There is no async code in
//! it: the host has no executor, and calls from its own thread.
//!
//! Run it with `cargo run --example reload`; it writes the plugin's file itself.

use std::path::Path;
use std::sync::mpsc;

use lambent_engine::blocking::BlockingError;
use lambent_engine::{CallError, Engine, Invocation, Options, Plugin, PluginOptions};
use notify::{RecursiveMode, Watcher as _};

type Error = Box<dyn std::error::Error>;

/// Calls the plugin's `next`.
fn next(plugin: &Plugin<()>) -> Result<u32, Error> {
    let called = plugin.call_blocking(|store, instance| {
        Box::pin(async move {
            let next = instance.get_typed_func::<(), (u32,)>(&mut *store, "next")?;
            Ok(next.call_async(store, ()).await?.0)
        })
    });
    Ok(called?.finished.into_result()?)
}

/// Does what `next` does, and says so if it has to begin again.
fn next_or_restart(plugin: &Plugin<()>) -> Result<u32, Error> {
    match next(plugin) {
        Err(error) => match error.downcast_ref::<BlockingError<CallError>>() {
            Some(BlockingError::Failed(CallError::StateLost(lost))) => {
                println!("told: {lost}");
                plugin.restart_blocking()?;
                next(plugin)
            }
            _ => Err(error),
        },
        counted => counted,
    }
}

fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("plugin.wasm");
    install(&path, 1)?;

    let engine = Engine::<()>::builder(Options::default()).build()?;
    let component = engine.component_blocking(std::fs::read(&path)?)?;
    let plugin = component.plugin(PluginOptions::default(), || Invocation::new(()));

    let (changed, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // The host may have ended.
        let _ = event.map(|event| changed.send(event.paths));
    })?;
    // The folder, as a file that is replaced is another file.
    watcher.watch(folder.path(), RecursiveMode::NonRecursive)?;

    println!("version 1 counts {}, {}", next(&plugin)?, next(&plugin)?);
    install(&path, 10)?;
    while !changes.recv()?.contains(&path) {}
    // Compiled while the old one serves. What cannot be compiled takes nobody's place.
    let newer = engine.component_blocking(std::fs::read(&path)?)?;
    engine.block_on(plugin.replace(&newer))??;
    println!("version 2 counts {}, {}", next_or_restart(&plugin)?, next_or_restart(&plugin)?);
    Ok(())
}

/// Puts a plugin that counts by `step` in its place, whole.
fn install(path: &Path, step: u32) -> Result<(), Error> {
    let text = format!(
        r#"(component
            (core module $m
                (global $count (mut i32) (i32.const 0))
                (func (export "next") (result i32)
                    (global.set $count (i32.add (global.get $count) (i32.const {step})))
                    (global.get $count)))
            (core instance $i (instantiate $m))
            (func (export "next") (result u32) (canon lift (core func $i "next"))))"#
    );
    let written = path.with_extension("new");
    std::fs::write(&written, wat::parse_str(text)?)?;
    std::fs::rename(written, path)?;
    Ok(())
}
