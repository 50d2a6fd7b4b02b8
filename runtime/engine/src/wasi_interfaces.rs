use wasmtime::component::Linker;

use crate::capability::Capability;
use crate::charged::{self, WASI_02, WASI_03};
use crate::store_data::Host;
use crate::{debug_string, function_types, program_driver, sockets};

/// The standard WASI interfaces, 0.2 and 0.3, and `lambent:function/types`:
/// served by every engine.
///
/// A guest has clocks, randomness, its environment, and standard output and
/// error; it has no files, and outgoing HTTP as far as its
/// invocation's [`Egress`](crate::Egress) goes. Its sockets lead nowhere, but those of a
/// [program](crate::Invocation::program) to the Runtime API of its own instance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wasi;

/// Interfaces of both versions.
const INTERFACES: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/types",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/ip-name-lookup",
];

/// Interfaces of 0.2 alone.
const INTERFACES_02: &[&str] = &[
    "wasi:clocks/wall-clock",
    "wasi:http/outgoing-handler",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:sockets/instance-network",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// Interfaces of 0.3 alone.
const INTERFACES_03: &[&str] = &[
    "wasi:cli/types",
    "wasi:clocks/system-clock",
    "wasi:clocks/types",
    "wasi:http/client",
    "wasi:sockets/types",
];

impl<T: Send + 'static> Capability<T> for Wasi {
    fn interfaces(&self) -> Vec<String> {
        let versions = [(INTERFACES_02, WASI_02), (INTERFACES_03, WASI_03)];
        let versioned = versions.into_iter().flat_map(|(own, version)| {
            INTERFACES.iter().chain(own).map(move |name| format!("{name}@{version}"))
        });
        let mut all: Vec<_> = versioned.collect();
        all.push("lambent:function/types@0.1.0".into());
        all
    }

    fn link(&self, linker: &mut Linker<Host<T>>) -> wasmtime::Result<()> {
        wasmtime_wasi::p2::add_to_linker_async(linker)?;
        debug_string::link(linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
        charged::link(linker)?;
        program_driver::link(linker)?;
        sockets::link(linker)?;
        function_types::add_to_linker(linker)
    }

    fn link_async(&self, linker: &mut Linker<Host<T>>) -> wasmtime::Result<()> {
        wasmtime_wasi::p3::add_to_linker(linker)?;
        wasmtime_wasi_http::p3::add_to_linker(linker)?;
        charged::link_async(linker)
    }
}
