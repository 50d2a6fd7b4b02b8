//! The bindings of `lambent-sdk` are generated here and not in every build of a function, whose author would wait
//! for the parser of WIT and for the generator each time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::{Opts, WithOption};

/// Bindings of a world.
struct Bindings {
    /// The module under `src/bindings`.
    module: &'static str,
    /// The folders of WIT, and a world in none of them.
    paths: &'static [&'static str],
    inline: Option<&'static str>,
    world: &'static str,
    options: fn() -> Opts,
}

/// All imports, and no exports.
fn imports() -> Opts {
    Opts { generate_all: true, ..Opts::default() }
}

/// Exports by a macro of this crate, in the crate of the function.
fn exports(module: &str) -> Opts {
    Opts {
        pub_export_macro: true,
        default_bindings_module: Some(format!("::lambent_sdk::__private::bindings::{module}")),
        ..Opts::default()
    }
}

fn batch() -> Opts {
    let types = WithOption::Path("crate::bindings::function::lambent::function::types".into());
    let with = vec![("lambent:function/types@0.1.0".into(), types)];
    Opts { with, ..exports("batch") }
}

const ALL: [Bindings; 5] = [
    Bindings {
        module: "function",
        paths: &["wit/function"],
        inline: None,
        world: "function",
        options: || exports("function"),
    },
    Bindings {
        module: "batch",
        paths: &["wit/function"],
        inline: None,
        world: "batch-function",
        options: batch,
    },
    Bindings {
        module: "bucket",
        paths: &["wit/deps/io", "wit/deps/blobstore"],
        inline: Some(
            "package lambent:sdk-bucket;
            world bucket {
              import wasi:blobstore/blobstore@0.2.0-draft;
            }",
        ),
        world: "bucket",
        options: imports,
    },
    Bindings {
        module: "keyspace",
        paths: &["wit/deps/keyvalue-draft2"],
        inline: Some(
            "package lambent:sdk-keyspace;
            world keyspace {
              import wasi:keyvalue/store@0.2.0-draft2;
              import wasi:keyvalue/atomics@0.2.0-draft2;
              import wasi:keyvalue/batch@0.2.0-draft2;
            }",
        ),
        world: "keyspace",
        options: imports,
    },
    Bindings {
        module: "queue",
        paths: &["wit/deps/messaging"],
        inline: Some(
            "package lambent:sdk-queue;
            world queue {
              import wasi:messaging/producer@0.2.0-draft;
            }",
        ),
        world: "queue",
        options: imports,
    },
];

impl Bindings {
    fn generate(&self, root: &Path) -> String {
        let mut resolve = Resolve::default();
        let mut packages = Vec::new();
        for path in self.paths {
            packages.push(resolve.push_path(root.join(path)).unwrap().0);
        }
        if let Some(inline) = self.inline {
            packages = vec![resolve.push_str("inline.wit", inline).unwrap()];
        }
        let world = resolve.select_world(&packages, Some(self.world)).unwrap();
        let mut files = Files::default();
        let options = Opts { format: true, ..(self.options)() };
        options.build().generate(&mut resolve, world, &mut files).unwrap();
        let (_, source) = files.iter().next().unwrap();
        String::from_utf8(source.to_vec()).unwrap()
    }
}

/// `UPDATE_GOLDEN=1` writes those that are to be.
#[test]
fn the_bindings_are_those_of_the_wit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rust");
    for bindings in &ALL {
        let (generated, module) = (bindings.generate(&root), bindings.module);
        let file = root.join(format!("src/bindings/{module}.rs"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == generated, "{module}.rs differs; run with UPDATE_GOLDEN=1");
    }
}
