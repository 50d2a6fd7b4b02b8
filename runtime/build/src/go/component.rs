//! The component that is made of Go's module.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::go::module::{self, Calls};

/// The interfaces by their packages, each after those that it uses.
const PACKAGES: [(&str, &str); 10] = [
    ("io.wit", include_str!("../../../../wit/deps/io/io.wit")),
    ("blobstore.wit", include_str!("../../../../wit/deps/blobstore/blobstore.wit")),
    ("keyvalue.wit", include_str!("../../../../wit/deps/keyvalue-draft2/keyvalue.wit")),
    ("messaging.wit", include_str!("../../../../wit/deps/messaging/messaging.wit")),
    ("clocks.wit", include_str!("../../../../wit/deps/clocks/clocks.wit")),
    ("cli.wit", include_str!("../../../../wit/deps/cli/cli.wit")),
    ("function.wit", include_str!("../../../../wit/function/function.wit")),
    (
        "http.wit",
        concat!(include_str!("../../../../wit/deps/http/http.wit"), include_str!("incoming.wit")),
    ),
    ("runtime.wit", include_str!("../../../../wit/runtime/runtime.wit")),
    ("go.wit", include_str!("go.wit")),
];

/// The component of a module; an import that the module does not use is not one of it.
///
/// # Errors
/// The module is not one that Go's linker makes of a function; the text says what is wrong.
pub(super) fn of(module: &[u8], calls: Calls) -> Result<Vec<u8>, String> {
    let mut module = module::with_entries(module, calls)?;
    let mut resolve = Resolve::default();
    let mut last = None;
    for (name, text) in PACKAGES {
        last = Some(resolve.push_str(name, text).map_err(|error| format!("{error:#}"))?);
    }
    let world = match calls {
        Calls::Events => "function",
        Calls::Requests => "server",
    };
    let world = resolve.select_world(last.as_slice(), Some(world));
    let world = world.map_err(|error| format!("{error:#}"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .and_then(|()| ComponentEncoder::default().validate(false).module(&module))
        .and_then(|encoder| encoder.adapter(PREVIEW1, ADAPTER)?.encode())
        .map_err(|error| format!("{error:#}"))
}
