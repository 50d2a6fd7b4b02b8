//! Reading a key, by the draft that wasmtime has too.

wit_bindgen::generate!({
    path: "../../../wit/deps/keyvalue-draft",
    world: "wasi:keyvalue/imports",
});

use guest_bench_work::KEY;
use wasi::keyvalue::store;

/// The value of the key in a keyspace.
pub(crate) fn get(keyspace: &str) -> Result<Vec<u8>, String> {
    let bucket = store::open(keyspace).map_err(|error| format!("{error:?}"))?;
    let value = bucket.get(KEY).map_err(|error| format!("{error:?}"))?;
    value.ok_or_else(|| "no such key".into())
}
