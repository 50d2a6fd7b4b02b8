//! AWS's library, with another way for events to come in: from the host that calls the component,
//! and not by requests over HTTP. All else of it stays as it is.

use std::fs;
use std::path::Path;

use crate::error::BuildError;
use crate::go::overlay::Overlay;
use crate::go::project::Library;
use crate::go::relocation::{Relocations, sources};

/// Where the host puts what it hands over.
pub(super) const ARENA: &str = include_str!("library/shared/arena.go");
/// The line of that which says of which package it is.
pub(super) const ARENA_PACKAGE: &str = "package shared";
/// What the host calls.
const EXPORTS: &str = include_str!("library/lambda/exports.go");
/// What is done for an event.
const INVOKE: &str = include_str!("library/lambda/invoke.go");

/// Files that ask for events in their own way: by HTTP, or by `net/rpc`.
const ASKING: [&str; 8] = [
    "extensions_api_client.go",
    "invoke_loop.go",
    "invoke_loop_gte_go122.go",
    "invoke_loop_lte_go121.go",
    "rpc.go",
    "rpc_function.go",
    "runtime_api_client.go",
    "sigterm.go",
];

/// How a version of the library begins, which has changed four times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// With options, and handlers that return readers.
    Readers,
    /// With options, and handlers that return bytes.
    Options,
    /// With a context.
    Context,
    /// By `net/rpc` alone.
    Rpc,
    /// So too, and how a handler is made is not public yet.
    First,
}

impl Start {
    /// That of the version in a folder.
    fn of(package: &Path) -> Result<Self, BuildError> {
        let sources = sources(package)?;
        let mut text = String::new();
        for source in sources {
            text += &fs::read_to_string(&source).map_err(BuildError::io("read", &source))?;
        }
        Ok(if text.contains("type handlerFunc func(context.Context, []byte) (io.Reader, error)") {
            Self::Readers
        } else if text.contains("func startRuntimeAPILoop(api string, handler Handler) error") {
            Self::Options
        } else if text.contains("func startRuntimeAPILoop(ctx context.Context,") {
            Self::Context
        } else if text.contains("func NewHandler(") {
            Self::Rpc
        } else {
            Self::First
        })
    }

    fn source(self) -> String {
        let source = match self {
            Self::Readers => include_str!("library/lambda/start_readers.go"),
            Self::Options => include_str!("library/lambda/start_options.go"),
            Self::Context => include_str!("library/lambda/start_context.go"),
            Self::Rpc | Self::First => include_str!("library/lambda/start_rpc.go"),
        };
        match self {
            Self::First => source.replace("NewHandler", "newHandler"),
            _ => source.to_owned(),
        }
    }

    /// The file of the library in whose place that is, or beside which.
    const fn file(self) -> &'static str {
        match self {
            Self::Rpc | Self::First => "entry.go",
            _ => "lambent_start.go",
        }
    }
}

/// Has Go see the library with the other way.
///
/// # Errors
/// Files of it cannot be read, or those of the overlay cannot be written.
pub(super) fn replace(
    library: &Library,
    relocations: &mut Relocations<'_>,
    overlay: &mut Overlay,
) -> Result<(), BuildError> {
    let original = &library.package;
    let seen = relocations.place_of(library, overlay)?;
    let start = Start::of(original)?;
    for name in ASKING {
        if original.join(name).exists() {
            overlay.leave_out(seen.join(name));
        }
    }
    overlay.put(seen.join(start.file()), "start.go", &start.source())?;
    let arena = ARENA.replace(ARENA_PACKAGE, "package lambda");
    overlay.put(seen.join("lambent_arena.go"), "arena.go", &arena)?;
    overlay.put(seen.join("lambent_exports.go"), "exports.go", EXPORTS)?;
    overlay.put(seen.join("lambent_invoke.go"), "invoke.go", INVOKE)?;
    overlay.put(seen.join("lambent_tenant.go"), "tenant.go", &tenant(original)?)?;
    // Go's assembler begins in the folder of what it assembles, which is nothing: with that, Go
    // takes functions without a body, such as the program's main.
    fs::create_dir_all(&seen).map_err(BuildError::io("make", &seen))?;
    overlay.put(seen.join("lambent.s"), "none.s", "")
}

/// The function that keeps a tenant's id, where the library's context has a place for it.
fn tenant(package: &Path) -> Result<String, BuildError> {
    let mut text = String::new();
    for source in sources(&package.with_file_name("lambdacontext"))? {
        text += &fs::read_to_string(&source).map_err(BuildError::io("read", &source))?;
    }
    let kept = if text.contains("TenantID ") { "known.TenantID = tenant" } else { "" };
    Ok(format!(
        "package lambda\n\nimport \"github.com/aws/aws-lambda-go/lambdacontext\"\n\nfunc \
         lambentTenant(known *lambdacontext.LambdaContext, tenant string) {{ {kept} }}\n"
    ))
}
