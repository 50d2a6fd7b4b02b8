//! The servers that are compared.

/// A server that is compared.
#[derive(Debug)]
pub(crate) struct Contender {
    /// Its name on the command line and in the table.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What it is compared to beside the native server: what of wasmtime does
    /// the same.
    pub(crate) peer: Option<&'static str>,
}

/// How it is made.
#[derive(Debug)]
pub(crate) enum Kind {
    /// axum, in this program.
    Native,
    /// With flags of `lambent deploy`.
    Lambent(Wasi, &'static [&'static str]),
    /// With flags of `wasmtime serve`.
    Wasmtime(Wasi, &'static [&'static str]),
    /// The server of JavaScript that Cloudflare Workers run on.
    Workerd,
}

/// What the guest is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wasi {
    P2,
    P3,
}

/// The ceiling, to which all are compared.
pub(crate) const NATIVE: &str = "native";

const REUSE: &[&str] = &["--reuse", "1000000"];
const SHARED: &[&str] = &["--reuse", "1000000", "--shared", "16"];
const READY: &[&str] = &["--provisioned", "auto"];

const FRESH_PEER: &[&str] = &["--max-instance-reuse-count", "1"];
/// What made wasmtime fastest of all its flags that we tried.
const TUNED_PEER: &[&str] = &[
    "--max-instance-reuse-count",
    "1",
    "-O",
    "pooling-allocator=y",
    "-O",
    "pooling-memory-keep-resident=65536",
    "-O",
    "pooling-table-keep-resident=65536",
    "-O",
    "memory-init-cow=y",
];
const REUSED_PEER: &[&str] = &["--max-instance-reuse-count", "1000000"];
const SHARED_PEER: &[&str] =
    &["--max-instance-reuse-count", "1000000", "--max-instance-concurrent-reuse-count", "16"];

/// All of them, in the order of the table.
pub(crate) const ALL: &[Contender] = &[
    contender(NATIVE, Kind::Native, None),
    contender("lambent-fresh", Kind::Lambent(Wasi::P2, &[]), Some("wasmtime-tuned")),
    contender("lambent-ready", Kind::Lambent(Wasi::P2, READY), Some("wasmtime-tuned")),
    contender("lambent-reused", Kind::Lambent(Wasi::P2, REUSE), Some("wasmtime-reused")),
    contender("lambent-fresh-0.3", Kind::Lambent(Wasi::P3, &[]), Some("wasmtime-tuned-0.3")),
    contender("lambent-reused-0.3", Kind::Lambent(Wasi::P3, REUSE), Some("wasmtime-reused-0.3")),
    contender("lambent-shared-0.3", Kind::Lambent(Wasi::P3, SHARED), Some("wasmtime-reused-0.3")),
    contender("wasmtime-fresh", Kind::Wasmtime(Wasi::P2, FRESH_PEER), None),
    contender("wasmtime-tuned", Kind::Wasmtime(Wasi::P2, TUNED_PEER), None),
    contender("wasmtime-reused", Kind::Wasmtime(Wasi::P2, REUSED_PEER), None),
    contender("wasmtime-fresh-0.3", Kind::Wasmtime(Wasi::P3, FRESH_PEER), None),
    contender("wasmtime-tuned-0.3", Kind::Wasmtime(Wasi::P3, TUNED_PEER), None),
    contender("wasmtime-reused-0.3", Kind::Wasmtime(Wasi::P3, SHARED_PEER), None),
    contender("workerd", Kind::Workerd, None),
];

const fn contender(name: &'static str, kind: Kind, peer: Option<&'static str>) -> Contender {
    Contender { name, kind, peer }
}
