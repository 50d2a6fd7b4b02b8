//! Commands to print that work when pasted.

use std::env;
use std::path::{Path, PathBuf};

use lambent_api::client::DEFAULT;

/// Returns how this binary is called from here: `lambent` if the shell finds it by that
/// name, else its path.
pub(crate) fn program() -> String {
    let Ok(own) = env::current_exe() else { return "lambent".into() };
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|directory| directory.join("lambent"));
    let found = found.into_iter().find_map(|candidate| candidate.canonicalize().ok());
    if found.is_some() && found == own.canonicalize().ok() {
        return "lambent".into();
    }
    quoted(&relative(&own).to_string_lossy())
}

/// A path as it is from the current directory, if it is below it.
pub(crate) fn relative(path: &Path) -> PathBuf {
    let here = env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    below.filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| path.to_path_buf())
}

/// The flag that leads to a server at `url`; empty for the default one.
pub(crate) fn endpoint_flag(url: &str) -> String {
    if url == DEFAULT { String::new() } else { format!(" --endpoint {url}") }
}

/// A word as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quoted("target/debug/lambent"), "target/debug/lambent");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn the_default_endpoint_needs_no_flag() {
        assert_eq!(endpoint_flag("http://127.0.0.1:4566"), "");
        assert_eq!(endpoint_flag("http://127.0.0.1:1"), " --endpoint http://127.0.0.1:1");
    }
}
