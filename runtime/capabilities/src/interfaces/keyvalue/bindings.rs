//! Bindings of both drafts of `wasi:keyvalue`.

#![allow(clippy::all, missing_docs, reason = "generated code")]

/// `wasi:keyvalue`, first draft.
pub(crate) mod draft {
    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/keyvalue-draft"],
        world: "wasi:keyvalue/watch-service",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "wasi:keyvalue/store.bucket": crate::interfaces::keyvalue::Bucket },
        trappable_error_type: { "wasi:keyvalue/store.error" => crate::error::Error },
        require_store_data_send: true,
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

/// `wasi:keyvalue`, second draft.
pub(crate) mod draft2 {
    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/keyvalue-draft2"],
        world: "wasi:keyvalue/watch-service",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "wasi:keyvalue/store.bucket": crate::interfaces::keyvalue::Bucket,
            "wasi:keyvalue/atomics.cas": crate::interfaces::keyvalue::Cas,
        },
        trappable_error_type: { "wasi:keyvalue/store.error" => crate::error::Error },
        require_store_data_send: true,
        wasmtime_crate: lambent_engine::wasmtime,
    });
}
