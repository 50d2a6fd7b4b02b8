//! The compiler of C, for crates that have C in them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_metadata::Package;

use super::graph::{self, Graph};
use super::shell;
use crate::error::BuildError;

/// Each of these says where a compiler is, and then it is taken.
const SET: [&str; 5] =
    ["CC_wasm32_wasip2", "CC_wasm32-wasip2", "TARGET_CC", "WASI_SDK_PATH", "WASI_SYSROOT"];

/// How Zig is called, which carries a compiler of C and the headers of WASI.
const ZIG: [&[&str]; 3] = [&["zig"], &["python3", "-m", "ziglang"], &["python", "-m", "ziglang"]];

/// A compiler that is Zig's.
#[derive(Debug)]
pub(super) struct Compiler {
    c: PathBuf,
    cpp: PathBuf,
    archiver: PathBuf,
}

impl Compiler {
    /// What the build scripts of crates ask for.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let Self { c, cpp, archiver } = self;
        [("CC_wasm32_wasip2", c), ("CXX_wasm32_wasip2", cpp), ("AR_wasm32_wasip2", archiver)]
            .into_iter()
            .map(|(name, path)| (name, path.as_path()))
    }
}

/// The compiler for the C in a project, if it has some and none is set. Which that is does not
/// depend on the function, as the functions of a project have the same settings.
///
/// # Errors
/// There is none, and the function has C in it.
pub(super) fn of(
    packages: &[Package],
    graph: &Graph<'_>,
    own: &Path,
) -> Result<Option<Compiler>, BuildError> {
    if !packages.iter().any(graph::is_in_c) || SET.iter().any(|name| env::var_os(name).is_some()) {
        return Ok(None);
    }
    let Some(zig) = ZIG.into_iter().find(|zig| runs(zig)) else {
        let Some(package) = graph.in_c() else { return Ok(None) };
        return Err(BuildError::Project(format!(
            "{} has C in it (it comes by {}), and there is no compiler of C for WASI; to install \
             one: python3 -m pip install ziglang. If you have another, name it in \
             CC_wasm32_wasip2",
            package.name,
            graph.way(package)
        )));
    };
    let zig = zig.join(" ");
    let program = |name: &str, text: String| {
        let path = own.join(name);
        shell::write(&path, &text).map(|()| path)
    };
    Ok(Some(Compiler {
        c: program("cc", compile(&format!("{zig} cc")))?,
        cpp: program("c++", compile(&format!("{zig} c++")))?,
        archiver: program("ar", format!("#!/bin/sh\nexec {zig} ar \"$@\"\n"))?,
    }))
}

/// Zig has another name for the target than those who call it, and without optimisation it adds
/// checks whose functions nobody has.
fn compile(command: &str) -> String {
    format!(
        r#"#!/bin/sh
for argument do
    shift
    case "$argument" in
    --target=*) ;;
    *) set -- "$@" "$argument" ;;
    esac
done
exec {command} -target wasm32-wasi -fno-sanitize=undefined "$@"
"#
    )
}

fn runs(zig: &[&str]) -> bool {
    let [program, arguments @ ..] = zig else { return false };
    let mut command = Command::new(program);
    command.args(arguments).arg("version").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
