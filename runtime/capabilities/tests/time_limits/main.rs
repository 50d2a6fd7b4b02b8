//! A guest ends within its timeout and a tenth of a second, whatever it spends its
//! time in, and nobody else waits for it for longer than 50 ms.
//!
//! Every function of every interface that is served is called without end, with
//! the largest arguments that it takes, on all threads that serve at once. What is
//! called is generated from WIT (`tests/callers`), so that no function
//! is forgotten; an interface without WIT fails the test.
//!
//! `LAMBENT_TIME_LIMITS=long cargo test --test time_limits -- --nocapture` gives
//! each two seconds in place of a part of one, and prints what was found.

#![expect(clippy::unwrap_used, reason = "tests")]

mod cases;
mod clock;
mod stage;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use lambent_test_support::callers::{self, Called, Caller};
use lambent_types::Outcome;

use stage::{ENGINE, Stage};

/// WIT, and the interfaces in it that are served.
struct Source {
    folders: Vec<PathBuf>,
    asynchronous: bool,
}

fn sources() -> Vec<Source> {
    let root = lambent_test_support::root();
    let http = callers::package_folder("wasmtime-wasi-http");
    let source = |folders: &[PathBuf]| Source { folders: folders.into(), asynchronous: false };
    let own = |name: &str| root.join("wit").join(name);
    let mut sources = vec![
        source(&[http.join("wit")]),
        Source { folders: vec![http.join("src/p3/wit")], asynchronous: true },
        source(&[own("deps/io"), own("deps/blobstore")]),
        source(&[own("function")]),
    ];
    let alone = ["config-2024-09-27", "config-rc1", "keyvalue-draft", "keyvalue-draft2"];
    for name in alone.into_iter().chain(["logging", "messaging"]) {
        sources.push(source(&[own("deps").join(name)]));
    }
    sources
}

/// A caller of all that is served of each source; together of all that is served.
fn callers() -> Vec<Caller> {
    let mut left: BTreeSet<_> = ENGINE.interfaces().iter().map(|name| name.0.clone()).collect();
    let mut made = Vec::new();
    for source in sources() {
        let caller = callers::caller(&source.folders, &left, source.asynchronous);
        left.retain(|name| !caller.interfaces.contains(name));
        made.push(caller);
    }
    assert!(left.is_empty(), "served, but there is no WIT to call them by: {left:?}");
    made
}

/// Resources of which no guest has a handle that makes one by calling functions:
/// nobody has opened a directory, and requests and contexts are given to handlers.
const NOT_MADE: [&str; 5] =
    ["descriptor", "directory-entry-stream", "incoming-request", "response-outparam", "context"];

fn needs_what_is_not_made(called: &Called) -> bool {
    let owner = called.name.split(['.', ']']).nth(1);
    NOT_MADE.iter().any(|resource| owner == Some(resource))
}

#[test]
fn every_function_that_is_served_ends_with_its_guest() {
    let stage = Stage::new(Duration::from_millis(150));
    let (mut figures, mut endless) = (Vec::new(), 0);
    for caller in callers() {
        let component = stage.component(caller.wasm);
        for (index, called) in caller.functions.iter().enumerate() {
            let name = format!("{}#{}", called.interface, called.name);
            assert!(called.reachable || needs_what_is_not_made(called), "{name} is not called");
            let (size, outcome) = stage.largest(&component, index);
            match outcome {
                Outcome::TimedOut { .. } | Outcome::OutOfFuel { .. } => endless += 1,
                Outcome::Exited { .. } | Outcome::Ok => {
                    assert!(called.name.starts_with("exit"), "{name}: {outcome:?}");
                }
                // At once and with any size, as a handle is not there, or can be
                // used once only.
                Outcome::Trapped { .. } => {}
                _ => panic!("{name}: {outcome:?}"),
            }
            figures.push((name, size, outcome));
        }
    }
    // Else what is called here ends by itself, and nothing is shown.
    assert!(endless * 2 > figures.len(), "{endless} of {}", figures.len());
    stage.judge(&figures);
}
