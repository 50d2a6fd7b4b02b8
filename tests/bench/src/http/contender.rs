//! The servers that are compared.

use crate::tools::Release;

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
    Wasmtime(Release, Wasi, &'static [&'static str]),
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
/// All that Lambent's own pool is told and wasmtime has a flag for, with the
/// same values. `cargo figures peer-flags` looks for better ones.
macro_rules! tuned {
    ($($flag:literal),*) => {
        &[
            $($flag,)*
            "-O",
            "pooling-allocator=y",
            "-O",
            "pooling-pagemap-scan=yes",
            "-O",
            "pooling-memory-keep-resident=4194304",
            "-O",
            "pooling-table-keep-resident=65536",
            "-O",
            "pooling-async-stack-keep-resident=32768",
            "-O",
            "memory-guaranteed-dense-image-size=67108864",
            "-O",
            "memory-init-cow=y",
        ]
    };
}
pub(crate) const TUNED_PEER: &[&str] = tuned!("--max-instance-reuse-count", "1");
const REUSED_PEER: &[&str] = tuned!("--max-instance-reuse-count", "1000000");
const SHARED_PEER: &[&str] =
    tuned!("--max-instance-reuse-count", "1000000", "--max-instance-concurrent-reuse-count", "16");

/// All of them, in the order of the table.
pub(crate) const ALL: &[Contender] = &[
    contender(NATIVE, Kind::Native, None),
    contender("lambent-fresh", Kind::Lambent(Wasi::P2, &[]), Some("wasmtime-tuned")),
    contender("lambent-ready", Kind::Lambent(Wasi::P2, READY), Some("wasmtime-tuned")),
    contender("lambent-reused", Kind::Lambent(Wasi::P2, REUSE), Some("wasmtime-reused")),
    contender("lambent-fresh-0.3", Kind::Lambent(Wasi::P3, &[]), Some("wasmtime-tuned-0.3")),
    contender("lambent-reused-0.3", Kind::Lambent(Wasi::P3, REUSE), Some("wasmtime-reused-0.3")),
    contender("lambent-shared-0.3", Kind::Lambent(Wasi::P3, SHARED), Some("wasmtime-reused-0.3")),
    contender("wasmtime-fresh", Kind::Wasmtime(Release::Same, Wasi::P2, FRESH_PEER), None),
    contender("wasmtime-tuned", Kind::Wasmtime(Release::Same, Wasi::P2, TUNED_PEER), None),
    contender("wasmtime-reused", Kind::Wasmtime(Release::Same, Wasi::P2, REUSED_PEER), None),
    contender("wasmtime-fresh-0.3", Kind::Wasmtime(Release::Same, Wasi::P3, FRESH_PEER), None),
    contender("wasmtime-tuned-0.3", Kind::Wasmtime(Release::Same, Wasi::P3, TUNED_PEER), None),
    contender("wasmtime-reused-0.3", Kind::Wasmtime(Release::Same, Wasi::P3, SHARED_PEER), None),
    contender("newest-tuned", Kind::Wasmtime(Release::Newest, Wasi::P2, TUNED_PEER), None),
    contender("newest-reused", Kind::Wasmtime(Release::Newest, Wasi::P2, REUSED_PEER), None),
    contender("newest-tuned-0.3", Kind::Wasmtime(Release::Newest, Wasi::P3, TUNED_PEER), None),
    contender("newest-reused-0.3", Kind::Wasmtime(Release::Newest, Wasi::P3, SHARED_PEER), None),
    contender("workerd", Kind::Workerd, None),
];

const fn contender(name: &'static str, kind: Kind, peer: Option<&'static str>) -> Contender {
    Contender { name, kind, peer }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How Lambent configures wasmtime.
    const CONFIGURED: [&str; 2] = [
        include_str!("../../../../runtime/engine/src/options.rs"),
        include_str!("../../../../runtime/engine/src/pool.rs"),
    ];

    /// What of it decides how fast instances come and go begins so.
    const SPEED: [&str; 6] =
        ["memory_", "linear_memory_", "table_keep", "async_stack_keep", "pagemap_", "decommit_"];

    /// The flag of `wasmtime serve` that does what a setting of ours does.
    fn flag(setting: &str) -> String {
        let name = setting.replace('_', "-");
        let name = name.strip_prefix("linear-").unwrap_or(&name);
        match name {
            "memory-guaranteed-dense-image-size" | "memory-init-cow" => name.to_owned(),
            other => format!("pooling-{other}"),
        }
    }

    #[test]
    fn the_tuned_peer_is_given_every_flag_that_we_use() {
        let lines = CONFIGURED.into_iter().flat_map(str::lines);
        let settings = lines.filter_map(|line| line.trim().strip_prefix('.'));
        let names = settings.filter_map(|line| Some(line.split_once('(')?.0));
        let speed: Vec<_> =
            names.filter(|name| SPEED.iter().any(|begin| name.starts_with(begin))).collect();
        assert!(speed.contains(&"pagemap_scan"), "the settings are found: {speed:?}");
        for setting in speed {
            let flag = flag(setting);
            for peer in [TUNED_PEER, REUSED_PEER, SHARED_PEER] {
                let is_given = peer.iter().any(|given| given.split('=').next() == Some(&flag));
                assert!(is_given, "Lambent sets {setting}, and the peer is not given {flag}");
            }
        }
    }
}
