//! Components that were compiled before, as bytes and as files.

use lambent_engine::{Engine, Options, PluginOptions, PrecompiledError};

use crate::kept::{Gate, Gates, engine, limits, next, plugin, value, wasm};

const KEY: [u8; 32] = [7; 32];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_signed_runs_in_another_engine() {
    let bytes = engine(None).precompile_signed(wasm(1), &KEY).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let other = engine(None);
    for component in [other.load_signed(&bytes, &KEY), other.load_signed_file(file.path(), &KEY)] {
        let (plugin, _gate) = plugin(&component.unwrap(), PluginOptions::default(), limits());
        assert_eq!(value(next(&plugin).await), 1);
    }
    assert!(matches!(other.load_signed(&bytes, &[8; 32]), Err(PrecompiledError::Forged)));
    // A byte of the machine code.
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(other.load_signed(&changed, &KEY), Err(PrecompiledError::Forged)));
    let cut = other.load_signed(&bytes[..bytes.len() / 2], &KEY);
    assert!(matches!(cut, Err(PrecompiledError::Length { .. })));
    let missing = other.load_signed_file(file.path().join("missing"), &KEY);
    assert!(matches!(missing, Err(PrecompiledError::Io(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_is_loaded_by_those_who_vouch_for_it() {
    let engine = engine(None);
    let bytes = engine.precompile(wasm(3)).await.unwrap();
    assert!(matches!(engine.load_signed(&bytes, &KEY), Err(PrecompiledError::Unsigned)));
    // SAFETY: it is what was just made.
    let component = unsafe { engine.load_unverified(&bytes) }.unwrap();
    let (plugin, _gate) = plugin(&component, PluginOptions::default(), limits());
    assert_eq!(value(next(&plugin).await), 3);
    // SAFETY: nothing of it is run, as it is refused by its head.
    let error = unsafe { engine.load_unverified(&wasm(3)) }.err().unwrap();
    assert!(error.to_string().contains("compiled first"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_not_served_is_named_when_it_is_loaded() {
    let bytes = engine(None).precompile_signed(wasm(1), &KEY).await.unwrap();
    let without = Engine::<Gate>::builder(Options { instances: 20, ..Options::default() });
    let error = without.build().unwrap().load_signed(&bytes, &KEY).err().unwrap();
    assert!(error.to_string().contains("gate"), "{error}");
    let without_wasi = Engine::builder(Options { instances: 20, ..Options::default() });
    let without_wasi = without_wasi.without_wasi().capability(Gates).build().unwrap();
    assert!(without_wasi.load_signed(&bytes, &KEY).is_ok());
    assert_eq!(without_wasi.interfaces().len(), 1);
}
