//! Packaging leaves out files that are not in the crate's directory, so the
//! crate has a copy of the WIT it binds; and so have examples that are to be
//! copied out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// Every file below `directory` by its path from there.
fn files(directory: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            let below = files(&entry.path())?;
            found.extend(below.into_iter().map(|(path, text)| (format!("{name}/{path}"), text)));
        } else {
            found.insert(name, fs::read_to_string(entry.path())?);
        }
    }
    Ok(found)
}

/// Checks that every file below `copies` is as its original.
fn compare(copies: &Path, originals: &Path) {
    let found = files(copies).unwrap();
    assert!(!found.is_empty());
    for (path, copy) in found {
        let original = fs::read_to_string(originals.join(&path)).unwrap_or_default();
        assert_eq!(copy, original, "copy {} to {} again", path, copies.display());
    }
}

#[test]
fn the_copies_of_the_wit_are_the_wit() {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_directory.join("../..");
    compare(&crate_directory.join("wit"), &root.join("wit"));
    for example in fs::read_dir(root.join("guest-examples")).unwrap() {
        let copies = example.unwrap().path().join("wit");
        if copies.is_dir() {
            compare(&copies, &root.join("wit/deps"));
        }
    }
}
