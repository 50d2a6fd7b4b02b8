//! Puts the templates of `lambent new` into the binary: the folders of
//! `guest-examples/templates`, as they are.

#[path = "src/left.rs"]
mod left;

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use left::LEFT;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../guest-examples/templates");
    let root = root.canonicalize()?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/left.rs");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut text = String::from("&[\n");
    for template in sorted(&root)? {
        let name = template.strip_prefix(&root)?.to_string_lossy().into_owned();
        writeln!(text, "    ({name:?}, &[")?;
        for file in files(&template)? {
            let path = file.strip_prefix(&template)?;
            writeln!(text, "        ({path:?}, include_bytes!({file:?})),")?;
        }
        text.push_str("    ]),\n");
    }
    text.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("templates.rs"), text)?;
    Ok(())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.retain(|path| path.file_name().is_none_or(|name| LEFT.iter().all(|left| name != *left)));
    paths.sort();
    Ok(paths)
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut all = Vec::new();
    for path in sorted(folder)? {
        if path.is_dir() {
            all.extend(files(&path)?);
        } else {
            all.push(path);
        }
    }
    Ok(all)
}
