//! What to do about imports of core modules that nothing provides, by the toolchains they come from.

/// Names that are shown of a list, and characters of each.
const SHOWN: usize = 10;
const CHARS_SHOWN: usize = 100;

const OLD_WASI: &str = "that is WASI before its preview 1; build it with current tools, such as \
                        GOOS=wasip1 or the target wasm32-wasip1";
const THREADS: &str = "functions have no threads; build it without them";
const GO_FOR_BROWSERS: &str = "that is Go for browsers; build it with GOOS=wasip1 GOARCH=wasm";
const RUST_FOR_BROWSERS: &str = "that is Rust for browsers, made by wasm-bindgen; build it for the \
                                 target wasm32-wasip2, without crates that need JavaScript";
const EMSCRIPTEN: &str = "that is Emscripten's JavaScript; build it with wasi-sdk, with \
                          zig cc -target wasm32-wasi, or with -sSTANDALONE_WASM and without what \
                          needs JavaScript";
const WASIX: &str = "that is WASIX, which only Wasmer provides; build it for WASI preview 1";
const ASSEMBLYSCRIPT: &str = "that is AssemblyScript for JavaScript; build it with \
                              --config node_modules/@assemblyscript/wasi-shim/asconfig.json";
const TEAVM: &str = "that is TeaVM for browsers; build it with its target WEBASSEMBLY_WASI";
const OWN_MEMORY: &str = "a function has a memory of its own; build it without --import-memory";
const UNDEFINED: &str = "if that is a function of the program, it was not linked: name all of its \
                         sources and libraries to the linker; else build the program for WASI \
                         preview 1 (wasip1)";
const OTHER_HOST: &str =
    "build the program for WASI preview 1 (wasip1), without what needs another host";

/// What to do about an import of another module than preview 1; nothing if types that the module
/// carries say of it what it is.
pub(crate) fn remedy(module: &str, name: &str, is_typed: bool) -> Option<&'static str> {
    let remedy = match module {
        "wasi_unstable" | "wasi_snapshot_preview0" => OLD_WASI,
        "wasi" => THREADS,
        "go" | "gojs" => GO_FOR_BROWSERS,
        "wbg" | "__wbindgen_placeholder__" | "__wbindgen_externref_xform__" => RUST_FOR_BROWSERS,
        "teavm" | "teavmHeapTrace" | "teavmMath" | "teavmJso" => TEAVM,
        "a" => EMSCRIPTEN,
        "env" => of_env(name),
        _ if module.starts_with("wasix_") => WASIX,
        _ if module.ends_with("_bg.js") => RUST_FOR_BROWSERS,
        _ if is_typed => return None,
        _ => OTHER_HOST,
    };
    Some(remedy)
}

fn of_env(name: &str) -> &'static str {
    let emscripten = ["emscripten_", "_emscripten_", "invoke_", "__syscall_", "__cxa_", "_embind_"];
    match name {
        "memory" => OWN_MEMORY,
        "abort" | "seed" | "trace" | "console.log" => ASSEMBLYSCRIPT,
        _ if emscripten.iter().any(|prefix| name.starts_with(prefix)) => EMSCRIPTEN,
        _ => UNDEFINED,
    }
}

/// A name that a stranger chose, as it is shown.
pub(crate) fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(CHARS_SHOWN).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}

/// Some of the names that a stranger chose.
pub(crate) fn list(names: &[&str]) -> String {
    let mut shown: Vec<_> = names.iter().take(SHOWN).map(|name| shown(name)).collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_toolchain_is_told_what_to_do() {
        let cases = [
            (("wasi_unstable", "fd_write"), "preview 1"),
            (("env", "emscripten_memcpy_js"), "wasi-sdk"),
            (("env", "abort"), "wasi-shim"),
            (("env", "memory"), "--import-memory"),
            (("env", "my_function"), "was not linked"),
            (("./app_bg.js", "__wbindgen_throw"), "wasm32-wasip2"),
            (("gojs", "runtime.wasmExit"), "GOOS=wasip1"),
            (("wasi", "thread-spawn"), "without them"),
            (("wasix_32v1", "futex_wait"), "WASIX"),
            (("teavm", "currentTimeMillis"), "WEBASSEMBLY_WASI"),
            (("acme", "launch"), "another host"),
        ];
        for ((module, name), expected) in cases {
            let remedy = remedy(module, name, false).unwrap();
            assert!(remedy.contains(expected), "{module} {name}: {remedy}");
        }
        assert_eq!(remedy("wasi:http/types@0.2.0", "[constructor]fields", true), None);
        assert!(remedy("env", "f", true).is_some());
    }

    #[test]
    fn long_names_and_long_lists_are_cut() {
        assert_eq!(shown(&"é".repeat(200)), "é".repeat(100) + "…");
        assert_eq!(list(&["a", "b"]), "a, b");
        assert!(list(&["a"; 12]).ends_with("a, and 2 more"));
    }
}
