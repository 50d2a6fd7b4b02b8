//! Hosts in C and in Python, and the header that they are written with.

#![expect(clippy::unwrap_used, reason = "tests")]

mod hosts;
mod values;

use std::path::{Path, PathBuf};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The library as the build of this test has left it.
fn library() -> PathBuf {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let name =
        format!("{}lambent_engine_c{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    deps.join(name)
}

#[test]
fn the_header_is_that_of_the_source() {
    let config = cbindgen::Config::from_file(here().join("cbindgen.toml")).unwrap();
    let made = cbindgen::Builder::new().with_crate(here()).with_config(config).generate();
    let mut text = Vec::new();
    made.expect("the source can be read").write(&mut text);
    let (text, path) = (String::from_utf8(text).unwrap(), here().join("include/lambent_engine.h"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let update = "UPDATE_GOLDEN=1 cargo test -p lambent-engine-c";
    assert!(there == text, "{} is not what the source says; run {update}", path.display());
}
