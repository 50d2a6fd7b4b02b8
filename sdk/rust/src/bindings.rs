//! The types and the exports of `lambent:function`, as wit-bindgen makes them.
//! Authors of functions see the rest of the crate instead.

wit_bindgen::generate!({
    path: "wit/function",
    world: "function",
    pub_export_macro: true,
    default_bindings_module: "::lambent_sdk::__private::bindings",
});

/// Batch handlers have a world of their own, so that a component exports only one of
/// the two.
pub mod batch {
    wit_bindgen::generate!({
        path: "wit/function",
        world: "batch-function",
        with: { "lambent:function/types@0.1.0": crate::bindings::lambent::function::types },
        pub_export_macro: true,
        default_bindings_module: "::lambent_sdk::__private::bindings::batch",
    });
}

/// The bindings under `crate::bucket`.
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

/// The bindings under `crate::keyspace`.
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

/// The bindings under `crate::queue`.
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
