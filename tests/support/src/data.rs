//! Data directories that released binaries wrote.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;

/// Unpacks the data directory of `tests/data/{name}` into `into`; how it was made says
/// `tests/data/make`.
///
/// # Panics
/// Panics if there is none of that name, or it cannot be written.
pub fn unpack(name: &str, into: &Path) {
    let from = crate::root().join("tests/data").join(name);
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(into.join(&folder)).expect("a directory that can be written to");
        for entry in fs::read_dir(from.join(&folder)).expect("the data of a release") {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
                continue;
            }
            let packed = fs::read(entry.path()).unwrap();
            let mut bytes = Vec::new();
            ZlibDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("what zlib compressed");
            fs::write(into.join(path.with_extension("")), bytes).unwrap();
        }
    }
}
