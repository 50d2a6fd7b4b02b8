//! The world of the component.

#![allow(clippy::all, clippy::pedantic, missing_docs, reason = "it is generated")]

wit_bindgen::generate!({
    path: [
        "../../../../wit/deps/io", "../../../../wit/deps/cli", "../../../../wit/deps/clocks",
        "../../../../wit/deps/http", "../../../../wit/deps/keyvalue-draft2", "../../../../wit/deps/blobstore",
        "../../../../wit/deps/messaging", "../../../../wit/function", "../../../../wit/runtime",
        "../../../../wit/languages",
    ],
    world: "lambent:languages/ruby",
    generate_all,
    pub_export_macro: true,
});
