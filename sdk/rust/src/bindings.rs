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
