//! The settings of Cargo under which functions are built.
//!
//! They are a file, so that Cargo alone can be told them too: `cargo build --config FILE`, or
//! `include` in the project's own `.cargo/config.toml`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

use super::compiler::Compiler;
use super::sources::{self, Replaced};
use super::{TARGET, shell};
use crate::error::BuildError;
use crate::output;

/// The wrapper of rustc that is set in the environment goes on under this name.
const OUTER_WRAPPER: &str = "LAMBENT_RUSTC_WRAPPER";

/// The file in the folder of what was compiled that says with which changes.
const EDITION: &str = "lambent-edition";

/// What is set.
pub(super) struct Settings {
    /// The crates that are compiled from a changed copy.
    pub(super) replaced: Vec<Replaced>,
    /// The compiler of C, where one is needed that is not set already.
    pub(super) compiler: Option<Compiler>,
    /// Where Cargo puts what it compiles.
    pub(super) target: PathBuf,
    /// The folder for the settings themselves.
    pub(super) own: PathBuf,
}

impl Settings {
    /// Writes them; returns the file.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn write(&self) -> Result<PathBuf, BuildError> {
        drop_other_editions(&self.target)?;
        let wrapper = self.own.join("rustc");
        shell::write(&wrapper, &wrapper_program(&self.replaced))?;
        let text = |path: &Path| Value::from(path.to_string_lossy().into_owned());
        let mut build = Table::new();
        build.insert("target".to_owned(), TARGET.into());
        build.insert("target-dir".to_owned(), text(&self.target));
        build.insert("rustc-wrapper".to_owned(), text(&wrapper));
        let mut config = Table::new();
        config.insert("build".to_owned(), build.into());
        if let Some(compiler) = &self.compiler {
            let variables = compiler.variables().map(|(name, path)| (name.to_owned(), text(path)));
            config.insert("env".to_owned(), Table::from_iter(variables).into());
        }
        let file = self.own.join("config.toml");
        let config = format!("# Written by lambent build.\n{config}");
        output::write(&file, config.as_bytes())?;
        Ok(file)
    }
}

/// Has the wrapper of rustc that is set in the environment called by ours, in whose place Cargo
/// would else call it.
pub(super) fn keep_wrapper(cargo: &mut Command) {
    let set = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"];
    if let Some(wrapper) = set.iter().find_map(env::var_os) {
        cargo.env(OUTER_WRAPPER, wrapper);
    }
    for name in set {
        cargo.env_remove(name);
    }
}

/// The program that Cargo calls for rustc, which has it read the changed copies.
fn wrapper_program(replaced: &[Replaced]) -> String {
    let mut cases = String::new();
    for Replaced { original, copy } in replaced {
        let [original, copy] = [original, copy].map(|path| shell::quoted(&path.to_string_lossy()));
        // Writing to a string cannot fail.
        let _ = writeln!(cases, "{original}) copy={copy} ;;");
    }
    format!(
        r#"#!/bin/sh
# Written by lambent build: Cargo calls it in the place of rustc, whose arguments it is given.
case "$CARGO_MANIFEST_DIR" in
{cases}*) copy= ;;
esac
for argument do
    shift
    case "$copy:$argument" in
    :*) ;;
    *:src/lib.rs | *:*/src/lib.rs) argument="$copy/src/lib.rs" ;;
    esac
    set -- "$@" "$argument"
done
if [ -n "${OUTER_WRAPPER}" ]; then
    set -- "${OUTER_WRAPPER}" "$@"
fi
exec "$@"
"#
    )
}

/// Removes what was compiled with other changes, which Cargo would take for the same.
fn drop_other_editions(target: &Path) -> Result<(), BuildError> {
    let file = target.join(EDITION);
    let edition = sources::edition();
    if fs::read(&file).is_ok_and(|of| of == edition.as_bytes()) {
        return Ok(());
    }
    let compiled = target.join(TARGET);
    if compiled.exists() {
        fs::remove_dir_all(&compiled).map_err(BuildError::io("remove", &compiled))?;
    }
    output::write(&file, edition.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What rustc is called with when Cargo calls the wrapper for a package of this folder.
    fn called(wrapper: &Path, package: &str, outer: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(wrapper);
        command.args(["printf", "%s|"]).args(arguments);
        command.env("CARGO_MANIFEST_DIR", package).env(OUTER_WRAPPER, outer);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    #[test]
    fn rustc_reads_the_copy_of_a_crate_that_is_replaced_and_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let replaced =
            Replaced { original: "/a b/it's-1.0".into(), copy: "/cache/it's $HOME".into() };
        let wrapper = folder.path().join("rustc");
        shell::write(&wrapper, &wrapper_program(&[replaced])).unwrap();
        let arguments = ["--cfg", "a=\"b c\"", "/a b/it's-1.0/src/lib.rs", "-o", "*"];
        let copied = "--cfg|a=\"b c\"|/cache/it's $HOME/src/lib.rs|-o|*|";
        assert_eq!(called(&wrapper, "/a b/it's-1.0", "", &arguments), copied);
        let same = arguments.map(|argument| format!("{argument}|")).concat();
        assert_eq!(called(&wrapper, "/a b/other-1.0", "", &arguments), same);
        assert_eq!(called(&wrapper, "", "", &arguments), same);
        // One that is in the project, which Cargo names by its path from there.
        let arguments = ["vendor/it's-1.0/src/lib.rs"];
        assert_eq!(
            called(&wrapper, "/a b/it's-1.0", "", &arguments),
            "/cache/it's $HOME/src/lib.rs|"
        );
        // The wrapper of the user's is called with all of it.
        let outer = called(&wrapper, "", "echo", &["a"]);
        assert_eq!(outer, "printf %s| a\n");
    }

    #[test]
    fn what_was_compiled_with_other_changes_is_dropped() {
        let target = tempfile::tempdir().unwrap();
        let compiled = target.path().join(TARGET).join("release");
        let settings = Settings {
            replaced: Vec::new(),
            compiler: None,
            target: target.path().to_owned(),
            own: target.path().join("own"),
        };
        for (edition, is_kept) in [(None, false), (Some("other"), false), (None, true)] {
            fs::create_dir_all(&compiled).unwrap();
            if let Some(edition) = edition {
                fs::write(target.path().join(EDITION), edition).unwrap();
            }
            let config = fs::read_to_string(settings.write().unwrap()).unwrap();
            assert!(config.contains("target = \"wasm32-wasip2\""), "{config}");
            assert_eq!(compiled.exists(), is_kept, "{edition:?}");
        }
    }
}
