//! Packaging leaves out files that are not in the crate's directory, so the
//! crate has a copy of the WIT it binds.

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

#[test]
fn the_copy_of_the_wit_is_the_wit() {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copies = files(&crate_directory.join("wit")).unwrap();
    let originals = crate_directory.join("../../wit");
    assert!(!copies.is_empty());
    for (path, copy) in copies {
        let original = fs::read_to_string(originals.join(&path)).unwrap_or_default();
        assert_eq!(copy, original, "copy `wit/{path}` to `sdk/rust/wit` again");
    }
}
