//! The types and the export of `lambent:function`, as wit-bindgen makes them.
//! The rest of the crate is what a function's author sees instead.

wit_bindgen::generate!({
    path: "wit/function",
    world: "function",
    pub_export_macro: true,
    default_bindings_module: "::lambent_sdk::__private::bindings",
});
