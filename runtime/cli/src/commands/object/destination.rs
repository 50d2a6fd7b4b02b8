//! The destination of a download: a file that appears when it is whole, or standard
//! output.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::printable::printable_lines;

/// The destination of a download.
pub(super) enum Destination {
    /// Standard output.
    Stdout {
        /// Whether it is a terminal, which gets only text.
        terminal: bool,
    },
    /// A file, written beside its place until it is whole.
    File(Partial),
}

/// A file that is not whole yet. It is removed when this is dropped.
pub(super) struct Partial {
    file: File,
    /// The temporary file; `None` for a device or a pipe, which is written in its place.
    temporary: Option<PathBuf>,
    target: PathBuf,
}

impl Destination {
    /// Opens `given`; a directory means the file `name` in it.
    ///
    /// # Errors
    /// Usage: nothing can be written there.
    pub(super) fn open(given: Option<&Path>, name: &str) -> Result<Self, CliError> {
        let Some(given) = given.filter(|given| given.as_os_str() != "-") else {
            return Ok(Self::Stdout { terminal: io::stdout().is_terminal() });
        };
        let target = if given.is_dir() { given.join(file_name(name)?) } else { given.into() };
        // Through a link: what it leads to is written, and it stays a link.
        let target = fs::canonicalize(&target).unwrap_or(target);
        let cannot =
            |error| CliError::usage(format!("cannot write to {}: {error}", target.display()));
        if fs::metadata(&target).is_ok_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).open(&target).map_err(cannot)?;
            return Ok(Self::File(Partial { file, temporary: None, target }));
        }
        let mut temporary = OsString::from(".");
        temporary.push(target.file_name().unwrap_or_default());
        temporary.push(format!(".{}.part", std::process::id()));
        let temporary = target.with_file_name(temporary);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary);
        let file = file.map_err(cannot)?;
        Ok(Self::File(Partial { file, temporary: Some(temporary), target }))
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// Fails if they cannot be written, or would garble a terminal.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        match self {
            Self::Stdout { terminal } => {
                if *terminal && bytes.contains(&0) {
                    return Err(CliError::usage("this is binary data, which garbles a terminal")
                        .hint("write it to a file: -o FILE"));
                }
                if *terminal {
                    let text = printable_lines(&String::from_utf8_lossy(bytes));
                    return Ok(io::stdout().lock().write_all(text.as_bytes())?);
                }
                Ok(io::stdout().lock().write_all(bytes)?)
            }
            Self::File(partial) => partial.file.write_all(bytes).map_err(|error| {
                CliError::failed(format!("cannot write {}: {error}", partial.target.display()))
            }),
        }
    }

    /// Puts the file in its place; returns where that is.
    ///
    /// # Errors
    /// Fails if the file cannot be put there.
    pub(super) fn finish(self) -> Result<Option<PathBuf>, CliError> {
        match self {
            Self::Stdout { .. } => {
                io::stdout().lock().flush()?;
                Ok(None)
            }
            Self::File(mut partial) => {
                let target = partial.target.clone();
                let Some(temporary) = partial.temporary.take() else { return Ok(Some(target)) };
                fs::rename(&temporary, &target).map_err(|error| {
                    partial.temporary = Some(temporary);
                    CliError::failed(format!("cannot write {}: {error}", target.display()))
                })?;
                Ok(Some(target))
            }
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Returns the last segment of a key, if a file can have that name.
fn file_name(key: &str) -> Result<&str, CliError> {
    let name = key.rsplit('/').next().unwrap_or_default();
    if matches!(name, "" | "." | "..") || name.contains('\0') {
        return Err(CliError::usage(format!("{key:?} does not end in a file name"))
            .hint("name the file: -o FILE"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("out");
        fs::write(&target, "old").unwrap();
        let mut partial = Destination::open(Some(&target), "k").unwrap();
        partial.write(b"ne").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        partial.write(b"w").unwrap();
        assert_eq!(partial.finish().unwrap().unwrap(), target);
        assert_eq!(fs::read(&target).unwrap(), b"new");

        let mut broken = Destination::open(Some(directory.path()), "a/out").unwrap();
        broken.write(b"half").unwrap();
        drop(broken);
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_pipe_and_a_link_stay_what_they_are() {
        use std::os::unix::fs::FileTypeExt as _;
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let from = pipe.clone();
        let reader = std::thread::spawn(move || fs::read(from).unwrap());
        let mut destination = Destination::open(Some(&pipe), "k").unwrap();
        destination.write(b"through").unwrap();
        assert_eq!(destination.finish().unwrap().unwrap(), fs::canonicalize(&pipe).unwrap());
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mut destination = Destination::open(Some(&link), "k").unwrap();
        destination.write(b"new").unwrap();
        destination.finish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn a_key_names_no_file_outside() {
        let directory = tempfile::tempdir().unwrap();
        for key in ["..", "a/..", "a/", ""] {
            assert!(Destination::open(Some(directory.path()), key).is_err(), "{key:?}");
        }
    }
}
