//! Bindings of `wasi:messaging`.

#![allow(clippy::all, missing_docs, reason = "generated code")]

lambent_engine::wasmtime::component::bindgen!({
    path: ["../../wit/deps/messaging"],
    world: "wasi:messaging/messaging-request-reply",
    imports: {
        "wasi:messaging/producer.send": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "wasi:messaging/types.client": crate::interfaces::messaging::Client,
        "wasi:messaging/types.message": crate::interfaces::messaging::Message,
        "wasi:messaging/request-reply.request-options": crate::interfaces::messaging::RequestOptions,
    },
    trappable_error_type: { "wasi:messaging/types.error" => crate::error::Error },
    require_store_data_send: true,
    wasmtime_crate: lambent_engine::wasmtime,
});
