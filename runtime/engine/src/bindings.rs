//! Bindings of our own WIT packages.

#![allow(clippy::all, reason = "generated code")]

/// `lambent:function`, with handlers of synchronous type.
pub(crate) mod function {
    wasmtime::component::bindgen!({
        path: ["interfaces/function"],
        world: "lambent:function/function",
        imports: {
            "lambent:function/types.[method]context.fuel-left": store | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: { "lambent:function/types.context": crate::context::ContextHandle },
        require_store_data_send: true,
    });
}

/// `lambent:function`, with handlers of batches.
pub(crate) mod batch_function {
    wasmtime::component::bindgen!({
        path: ["interfaces/function"],
        world: "lambent:function/batch-function",
        exports: { default: async },
        with: { "lambent:function/types": super::function::lambent::function::types },
        require_store_data_send: true,
    });
}

/// `lambent:function-async`, with handlers that may wait on WASI 0.3 imports.
pub(crate) mod function_async {
    wasmtime::component::bindgen!({
        path: ["interfaces/function", "interfaces/function-async"],
        world: "lambent:function-async/function",
        exports: { default: async | store },
        with: { "lambent:function/types": super::function::lambent::function::types },
        require_store_data_send: true,
    });
}

/// What is done before a snapshot of an instance is taken, and after it was restored.
pub(crate) mod frozen {
    wasmtime::component::bindgen!({
        path: [
            "interfaces/deps/io", "interfaces/deps/cli", "interfaces/deps/clocks", "interfaces/deps/http",
            "interfaces/function", "interfaces/runtime",
        ],
        inline: "package lambent:engine; world frozen { export lambent:runtime/snapshot@0.1.0; }",
        world: "lambent:engine/frozen",
        exports: { default: async },
        with: { "lambent:function/types": super::function::lambent::function::types },
        require_store_data_send: true,
    });
}

/// What is done once for an instance.
pub(crate) mod initialized {
    wasmtime::component::bindgen!({
        path: [
            "interfaces/deps/io", "interfaces/deps/cli", "interfaces/deps/clocks", "interfaces/deps/http",
            "interfaces/function", "interfaces/runtime",
        ],
        inline: "package lambent:engine; world initialized { export lambent:runtime/initialization@0.1.0; }",
        world: "lambent:engine/initialized",
        exports: { default: async },
        with: { "lambent:function/types": super::function::lambent::function::types },
        require_store_data_send: true,
    });
}
