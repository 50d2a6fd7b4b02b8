//! The types and the exports of `lambent:function`, as wit-bindgen makes them.
//! The rest of the crate is what a function's author sees instead.

wit_bindgen::generate!({
    path: "wit/function",
    world: "function",
    pub_export_macro: true,
    default_bindings_module: "::lambent_sdk::__private::bindings",
});

/// A world of its own, so that a component exports the one or the other.
pub mod batch {
    wit_bindgen::generate!({
        path: "wit/function",
        world: "batch-function",
        with: { "lambent:function/types@0.1.0": crate::bindings::lambent::function::types },
        pub_export_macro: true,
        default_bindings_module: "::lambent_sdk::__private::bindings::batch",
    });
}

/// What `crate::bucket` is made of.
#[cfg(feature = "bucket")]
pub mod bucket {
    wit_bindgen::generate!({
        inline: "
            package lambent:sdk-bucket;

            world bucket {
              import wasi:blobstore/blobstore@0.2.0-draft;
            }
        ",
        path: ["wit/deps/io", "wit/deps/blobstore"],
        generate_all,
    });
}

/// What `crate::keyspace` is made of.
#[cfg(feature = "keyspace")]
pub mod keyspace {
    wit_bindgen::generate!({
        inline: "
            package lambent:sdk-keyspace;

            world keyspace {
              import wasi:keyvalue/store@0.2.0-draft2;
              import wasi:keyvalue/atomics@0.2.0-draft2;
              import wasi:keyvalue/batch@0.2.0-draft2;
            }
        ",
        path: "wit/deps/keyvalue-draft2",
        generate_all,
    });
}

/// What `crate::queue` is made of.
#[cfg(feature = "queue")]
pub mod queue {
    wit_bindgen::generate!({
        inline: "
            package lambent:sdk-queue;

            world queue {
              import wasi:messaging/producer@0.2.0-draft;
            }
        ",
        path: "wit/deps/messaging",
        generate_all,
    });
}
