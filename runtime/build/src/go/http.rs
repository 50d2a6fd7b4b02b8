//! `net/http`, whose transport sends requests by `wasi:http`, as Go's own has no network here, and
//! whose server gets those that come in so, in programs that serve by themselves.

use std::fs;

use crate::error::BuildError;
use crate::go::library::{ARENA, ARENA_PACKAGE};
use crate::go::module::Calls;
use crate::go::overlay::Overlay;
use crate::go::toolchain::Toolchain;

/// What is added to the package.
const ADDED: [(&str, &str); 4] = [
    ("body.go", include_str!("library/http/body.go")),
    ("host.go", include_str!("library/http/host.go")),
    ("transport.go", include_str!("library/http/transport.go")),
    ("wait.go", include_str!("library/http/wait.go")),
];
/// What is added for programs that are called for events.
const PLACE: &str = include_str!("library/http/place.go");
/// What is added for programs that serve.
const SERVE: &str = include_str!("library/http/serve.go");

/// A place in the package's own sources, and what is done there.
struct Change {
    file: &'static str,
    /// What stands before what differs between versions of Go, and after it.
    between: (&'static str, &'static str),
    /// What is put in place of all that, where `$` is what differs.
    instead: &'static str,
}

/// What a transport's `RoundTrip` does, for all systems but browsers.
const ROUND_TRIP: Change = Change {
    file: "roundtrip.go",
    between: ("return ", ".roundTrip(req)\n"),
    instead: "return $.lambentRoundTrip(req)\n",
};
/// What every way to serve comes to.
const SERVE_LISTENER: Change = Change {
    file: "server.go",
    between: ("\nfunc (", " *Server) Serve(l net.Listener) error {\n"),
    instead: "\nfunc ($ *Server) Serve(l net.Listener) error {\n\tlambentServe($)\n",
};

/// Has Go see the package so.
///
/// # Errors
/// This version of Go has another package, or a file cannot be read or written.
pub(super) fn replace(
    toolchain: &Toolchain,
    calls: Calls,
    overlay: &mut Overlay,
) -> Result<(), BuildError> {
    let package = toolchain.root.join("src/net/http");
    let mut add = |name: &str, source: &str| {
        overlay.put(package.join(format!("lambent_{name}")), &format!("http_{name}"), source)
    };
    for (name, source) in ADDED {
        add(name, source)?;
    }
    let changes: &[Change] = match calls {
        Calls::Events => {
            add("place.go", PLACE)?;
            &[ROUND_TRIP]
        }
        Calls::Requests => {
            add("arena.go", &ARENA.replace(ARENA_PACKAGE, "package http"))?;
            add("serve.go", SERVE)?;
            // With it, Go takes functions without a body, such as the program's main.
            add("none.s", "")?;
            &[ROUND_TRIP, SERVE_LISTENER]
        }
    };
    for change in changes {
        let path = package.join(change.file);
        let text = fs::read_to_string(&path).map_err(BuildError::io("read", &path))?;
        let text = change.made(&text).ok_or_else(|| {
            let version = &toolchain.version;
            BuildError::Project(format!(
                "the net/http of {version} is not one that lambent build knows; build by Go 1.26"
            ))
        })?;
        overlay.put(path, &format!("http_{}", change.file), &text)?;
    }
    Ok(())
}

impl Change {
    /// The text with the change; none if the place is not in it, once.
    fn made(&self, text: &str) -> Option<String> {
        let (before, after) = self.between;
        let (head, tail) = text.split_once(after)?;
        let start = head.rfind(before)?;
        let varies = &head[start + before.len()..];
        let is_name = varies.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name || tail.contains(after) {
            return None;
        }
        Some([&head[..start], &self.instead.replace('$', varies), tail].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_changed_by_whatever_name_the_receiver_has() {
        for name in ["s", "srv"] {
            let text = format!(
                "package http\n\nfunc ({name} *Server) Serve(l net.Listener) error {{\n\treturn nil\n}}\n"
            );
            let changed = SERVE_LISTENER.made(&text).unwrap();
            let body = format!("error {{\n\tlambentServe({name})\n\treturn nil\n}}\n");
            assert!(changed.ends_with(&body), "{changed}");
            assert_eq!(SERVE_LISTENER.made(&[&*text, &*text].concat()), None);
        }
        assert_eq!(ROUND_TRIP.made("return t.own(req)\n"), None);
        assert_eq!(ROUND_TRIP.made("return a(b, t.roundTrip(req)\n"), None);
    }
}
