//! Bindings of `wasi:blobstore`.

#![allow(clippy::all, missing_docs, reason = "generated code")]

lambent_engine::wasmtime::component::bindgen!({
    path: ["../../wit/deps/io", "../../wit/deps/blobstore"],
    world: "wasi:blobstore/imports",
    imports: {
        "wasi:blobstore/types.[method]outgoing-value.outgoing-value-write-body": trappable,
        "wasi:blobstore/types.[static]outgoing-value.new-outgoing-value": trappable,
        "wasi:blobstore/types.[method]incoming-value.size": trappable,
        default: async | trappable,
    },
    with: {
        "wasi:io/error": lambent_engine::wasi::p2::bindings::io::error,
        "wasi:io/poll": lambent_engine::wasi::p2::bindings::io::poll,
        "wasi:io/streams": lambent_engine::wasi::p2::bindings::io::streams,
        "wasi:blobstore/types.outgoing-value": crate::interfaces::blobstore::OutgoingValue,
        "wasi:blobstore/types.incoming-value": crate::interfaces::blobstore::IncomingValue,
        "wasi:blobstore/container.container": crate::interfaces::blobstore::Container,
        "wasi:blobstore/container.stream-object-names": crate::interfaces::blobstore::ObjectNames,
    },
    require_store_data_send: true,
    wasmtime_crate: lambent_engine::wasmtime,
});
