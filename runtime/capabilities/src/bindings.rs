//! Bindings of the interfaces that define no resources.

#![allow(clippy::all, missing_docs, reason = "generated code")]

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
