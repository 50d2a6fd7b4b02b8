//! Whether Cargo would take the folder of what is built for a package.

use std::fs;

use cargo_metadata::Metadata;
use toml::{Table, Value};

use crate::error::BuildError;

/// Checks that a workspace does not have every folder as a member, of which `.lambent` would be
/// one, as `target` would.
///
/// # Errors
/// It has; the manifest cannot be read.
pub(super) fn check(workspace: &Metadata) -> Result<(), BuildError> {
    let manifest = workspace.workspace_root.as_std_path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(BuildError::io("read", &manifest))?;
    if !takes_all(&text) {
        return Ok(());
    }
    Err(BuildError::Project(format!(
        "{} has every folder as a member, and so .lambent, where functions are built; leave it \
         out: exclude = [\".lambent\"]",
        manifest.display()
    )))
}

fn takes_all(manifest: &str) -> bool {
    let manifest: Table = toml::from_str(manifest).unwrap_or_default();
    let list = |key: &str| -> Vec<&str> {
        let list = manifest.get("workspace").and_then(|workspace| workspace.get(key));
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(|path| path.trim_start_matches("./")).collect()
    };
    list("members").contains(&"*") && !list("exclude").contains(&".lambent")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_of_all_folders_has_to_leave_one_out() {
        assert!(takes_all("[workspace]\nmembers = [\"a\", \"./*\"]"));
        assert!(!takes_all("[workspace]\nmembers = [\"*\"]\nexclude = [\".lambent\"]"));
        assert!(!takes_all("[workspace]\nmembers = [\"crates/*\"]"));
        assert!(!takes_all("[package]\nname = \"a\""));
    }
}
