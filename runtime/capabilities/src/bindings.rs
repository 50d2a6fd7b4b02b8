//! Bindings of the interfaces in `wit/deps`.

#![allow(clippy::all, missing_docs, reason = "generated code")]

/// `wasi:keyvalue`, first draft.
pub(crate) mod keyvalue_draft {
    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/keyvalue-draft"],
        world: "wasi:keyvalue/watch-service",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket },
        trappable_error_type: { "wasi:keyvalue/store.error" => crate::error::Error },
        require_store_data_send: true,
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

/// `wasi:keyvalue`, second draft.
pub(crate) mod keyvalue_draft2 {
    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/keyvalue-draft2"],
        world: "wasi:keyvalue/watch-service",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket,
            "wasi:keyvalue/atomics.cas": crate::keyvalue::Cas,
        },
        trappable_error_type: { "wasi:keyvalue/store.error" => crate::error::Error },
        require_store_data_send: true,
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

/// `wasi:messaging`.
pub(crate) mod messaging {
    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/messaging"],
        world: "wasi:messaging/messaging-request-reply",
        imports: {
            "wasi:messaging/producer.send": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: {
            "wasi:messaging/types.client": crate::messaging::Client,
            "wasi:messaging/types.message": crate::messaging::Message,
            "wasi:messaging/request-reply.request-options": crate::messaging::RequestOptions,
        },
        trappable_error_type: { "wasi:messaging/types.error" => crate::error::Error },
        require_store_data_send: true,
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

/// `wasi:config`, the release candidate.
pub(crate) mod config_rc1 {
    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/config-rc1"],
        world: "wasi:config/imports",
        imports: { default: trappable },
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

/// `wasi:config`, as of 27 September 2024.
pub(crate) mod config_2024_09_27 {
    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/config-2024-09-27"],
        world: "wasi:config/imports",
        imports: { default: trappable },
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

/// `wasi:logging`.
pub(crate) mod logging {
    lambent_engine::wasmtime::component::bindgen!({
        path: ["../../wit/deps/logging"],
        world: "wasi:logging/imports",
        imports: { default: trappable },
        wasmtime_crate: lambent_engine::wasmtime,
    });
}

/// `wasi:blobstore`.
pub(crate) mod blobstore {
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
            "wasi:blobstore/types.outgoing-value": crate::blobstore::OutgoingValue,
            "wasi:blobstore/types.incoming-value": crate::blobstore::IncomingValue,
            "wasi:blobstore/container.container": crate::blobstore::Container,
            "wasi:blobstore/container.stream-object-names": crate::blobstore::ObjectNames,
        },
        require_store_data_send: true,
        wasmtime_crate: lambent_engine::wasmtime,
    });
}
