//! A watcher of keys, against the second draft of `wasi:keyvalue`: prints every
//! change and what it finds of it in the store. Traps at the key `trap`.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit/deps/keyvalue-draft2",
        world: "wasi:keyvalue/watch-service",
    });
}

use bindings::exports::wasi::keyvalue::watcher::Guest;
use bindings::wasi::keyvalue::store::Bucket;

struct Component;

impl Guest for Component {
    fn on_set(bucket: Bucket, key: String, value: Vec<u8>) {
        assert_ne!(key, "trap");
        println!("set {key} {value:?}, there: {:?}", bucket.exists(&key));
    }

    fn on_delete(bucket: Bucket, key: String) {
        println!("deleted {key}, there: {:?}", bucket.exists(&key));
    }
}

bindings::export!(Component with_types_in bindings);
