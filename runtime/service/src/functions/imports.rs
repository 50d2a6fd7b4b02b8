//! What the component of a version imports, and which grants open it.

use std::collections::BTreeMap;

use lambent_types::{Configuration, Error, FunctionVersion, Interface};

use super::FunctionHandle;
use crate::operation::Operation;

/// An interface that a component imports, and what it is to the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The interface, with its version.
    pub interface: Interface,
    /// Whether this node serves it. A node that serves less than the one that the function was
    /// deployed to is the only reason why it does not.
    pub served: bool,
    /// The kinds of grants that open it, each another part of it; none if it is open to everyone,
    /// or to nobody.
    pub opened_by: &'static [&'static str],
    /// Whether it leads nowhere, whatever is granted.
    pub closed: bool,
    /// What the function was granted of these kinds.
    pub granted: Vec<String>,
}

/// What opens the interfaces that begin so. Outgoing HTTP is also the way of AWS's SDKs to the
/// node itself, so that each grant of what they work on opens a part of it.
const OPENED: [(&str, &[&str]); 6] = [
    ("wasi:blobstore/", &["bucket"]),
    ("wasi:filesystem/", &["volume"]),
    ("wasi:http/client", HTTP),
    ("wasi:http/outgoing-handler", HTTP),
    ("wasi:keyvalue/", &["keyspace"]),
    ("wasi:messaging/", &["queue"]),
];

const HTTP: &[&str] =
    &["host", "bucket", "queue", "topic", "table", "secret", "parameter", "function"];

/// Components have no network but by HTTP. A program has connections to its own Runtime API,
/// which are no grant's matter.
const CLOSED: &str = "wasi:sockets/";

impl FunctionHandle<'_> {
    /// What the component of a version imports, by name. Read from its code, which takes a pass
    /// over all of it, and never by running it. Nothing of a function whose runtime is not there.
    ///
    /// # Errors
    /// Its code cannot be read, or adapted now; the store failed.
    pub async fn imports(&self, version: &FunctionVersion) -> Result<Vec<Import>, Error> {
        self.perform(Operation::DescribeFunction, async {
            let found = self.imported(version).await?;
            let of = |(name, served)| import(name, served, &version.configuration);
            Ok(found.into_iter().map(of).collect())
        })
        .await
    }

    /// The interfaces that the component of a version imports, and whether each is served.
    pub(super) async fn imported(
        &self,
        version: &FunctionVersion,
    ) -> Result<BTreeMap<String, bool>, Error> {
        if version.code.awaits_runtime {
            return Ok(BTreeMap::new());
        }
        let code = self.service().stored(version.code.component).await?;
        self.service().inspect.imports(self.namespace(), code).await
    }
}

fn import(name: String, served: bool, configuration: &Configuration) -> Import {
    let interface = Interface(name);
    let opened = OPENED.iter().find(|(prefix, _)| match prefix.strip_suffix('/') {
        Some(_) => interface.name().starts_with(prefix),
        None => interface.name() == *prefix,
    });
    let opened_by = opened.map_or(&[][..], |(_, kinds)| *kinds);
    let granted = configuration.granted().into_iter().map(|grant| grant.to_string());
    let is_of_these =
        |grant: &String| grant.split_once(':').is_some_and(|(kind, _)| opened_by.contains(&kind));
    let granted = granted.filter(is_of_these).collect();
    let closed = interface.name().starts_with(CLOSED);
    Import { interface, served, opened_by, closed, granted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_an_import_is_told_by_its_exact_name() {
        let configuration: Configuration = serde_json::from_value(serde_json::json!({
            "grants": {
                "keyspaces": { "todo": "read" }, "queues": { "jobs": "write" },
                "hosts": ["api.example.com"],
            },
        }))
        .unwrap();
        let granted = |name: &str| import(name.into(), true, &configuration).granted;
        assert_eq!(granted("wasi:keyvalue/store@0.2.0-draft"), ["keyspace:todo=read"]);
        assert_eq!(
            granted("wasi:http/outgoing-handler@0.2.3"),
            ["queue:jobs=write", "host:api.example.com"]
        );
        // Types and bodies are needed to answer requests too, and need no grant.
        for open in ["wasi:http/types@0.2.3", "wasi:http/client-side@0.3.0", "wasi:keyvalues/a"] {
            let import = import(open.into(), true, &configuration);
            assert!(import.opened_by.is_empty() && import.granted.is_empty(), "{import:?}");
            assert!(!import.closed, "{import:?}");
        }
        let import = import("wasi:sockets/tcp@0.2.3".into(), true, &configuration);
        assert!(import.closed && import.opened_by.is_empty(), "{import:?}");
    }
}
