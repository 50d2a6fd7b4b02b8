//! A watcher in the style of wasmCloud, against the first draft of
//! `wasi:keyvalue`: keeps a copy of every key in the store `copies`, and counts
//! the changes there under `changes`.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit/deps/keyvalue-draft",
        inline: "
            package peer:wasmcloud-watcher;

            world watcher {
              import wasi:keyvalue/store@0.2.0-draft;
              import wasi:keyvalue/atomics@0.2.0-draft;
              export wasi:keyvalue/watcher@0.2.0-draft;
            }
        ",
        generate_all,
    });
}

use bindings::exports::wasi::keyvalue::watcher::Guest;
use bindings::wasi::keyvalue::atomics::increment;
use bindings::wasi::keyvalue::store::{Bucket, open};

struct Component;

impl Guest for Component {
    fn on_set(bucket: Bucket, key: String, value: Vec<u8>) {
        // It may have been changed again meanwhile, but it can be asked.
        bucket.get(&key).unwrap();
        let copies = open("copies").unwrap();
        copies.set(&key, &value).unwrap();
        increment(&copies, "changes", 1).unwrap();
    }

    fn on_delete(bucket: Bucket, key: String) {
        bucket.exists(&key).unwrap();
        let copies = open("copies").unwrap();
        copies.delete(&key).unwrap();
        increment(&copies, "changes", 1).unwrap();
    }
}

bindings::export!(Component with_types_in bindings);
