//! The functions, which the tests build too.

use std::net::SocketAddr;
use std::path::PathBuf;

use lambent_build::Options;
use lambent_test_support::root;
use lambent_test_support::toolchains::is_here;

use crate::{Failed, client};

/// A language, with a small function in it.
pub(super) struct Language {
    /// As people call it.
    pub(super) name: &'static str,
    /// The project in `tests/lambda`, and which of its functions.
    project: &'static str,
    function: Option<&'static str>,
    /// What tells whether the tools are here.
    tool: [&'static str; 2],
    event: &'static str,
    /// What is asked of the first call, of a used instance and of a fresh one.
    pub(super) asked: [&'static str; 3],
    /// What is asked of the memory of a parked instance.
    pub(super) asked_parked: &'static str,
}

const ORDER: &str = r#"{"id":"o1","lines":[{"sku":"a","quantity":2,"price":1.5}]}"#;

pub(super) const LANGUAGES: &[Language] = &[
    Language {
        name: "Rust",
        project: "rust",
        function: Some("hello"),
        tool: ["cargo", "--version"],
        event: r#"{"firstName":"Ada"}"#,
        asked: ["3 ms", "", ""],
        asked_parked: "300 KiB",
    },
    Language {
        name: "Go",
        project: "go/orders",
        function: None,
        tool: ["go", "version"],
        event: ORDER,
        asked: ["4 ms", "0.15 ms", ""],
        asked_parked: "3072 KiB",
    },
    Language {
        name: "Java",
        project: "java/orders",
        function: None,
        tool: ["mvn", "-version"],
        event: ORDER,
        asked: ["", "", "1.5 ms"],
        asked_parked: "",
    },
];

impl Language {
    pub(super) fn is_here(&self) -> bool {
        let [program, version] = self.tool;
        is_here(program, &[version])
    }

    pub(super) fn is_rust(&self) -> bool {
        self.project == "rust"
    }

    /// Builds the function.
    pub(super) fn component(&self) -> Result<PathBuf, Failed> {
        component(self.project, self.function)
    }

    /// The request that calls it.
    pub(super) fn call(&self, address: SocketAddr, function: &str) -> Vec<u8> {
        invocation(address, function, self.event)
    }
}

/// The request that calls a function with an event.
pub(super) fn invocation(address: SocketAddr, function: &str, event: &str) -> Vec<u8> {
    let target = format!("/v1/functions/{function}/invocations");
    client::request(address, "POST", &target, Some(("application/json", event.as_bytes())))
}

/// Builds a function of a project in `tests/lambda`.
pub(super) fn component(project: &str, function: Option<&str>) -> Result<PathBuf, Failed> {
    let folder = root().join("tests/lambda").join(project);
    let options = Options { function: function.map(str::to_owned), output: None };
    let built = lambent_build::build(&folder, &options, &mut |line| eprintln!("{line}"))?;
    Ok(built.component)
}
