//! Disks of their own for nodes: file systems in files, which need root, loop
//! devices, and their tools.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

/// Runs a program that must succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
}

/// A mounted image; unmounted when dropped.
pub(crate) struct Mount {
    /// Where it is mounted.
    pub(crate) directory: Arc<TempDir>,
}

impl Mount {
    pub(crate) fn new(image: &Path) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let place = directory.path().to_str().unwrap();
        run("mount", &["-o", "loop", image.to_str().unwrap(), place]);
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // What is still open in it goes on until it is closed.
        let _ = Command::new("umount").arg("-l").arg(self.directory.path()).status();
    }
}

/// Makes an image with a file system in it.
pub(crate) fn image(path: &Path, bytes: u64, make: &str) {
    File::create(path).unwrap().set_len(bytes).unwrap();
    run(make, &["-q", path.to_str().unwrap()]);
}
