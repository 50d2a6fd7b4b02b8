//! Secrets of the node that come from outside of its data directory, as systemd hands them over.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Most bytes of one credential. systemd has a MiB for all of them; ours are some hundred bytes.
const BYTES_MAX: u64 = 64 << 10;
/// The permissions of every user but owner and group. systemd gives the user of a service access by
/// an entry that shows as one of the group.
const OTHERS: u32 = 0o007;

/// Where credentials are, and whether they have to be there.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The directory. In it is a file for each credential, by the name and with the content that it
    /// has in the data directory.
    pub directory: PathBuf,
    /// Whether one that is missing is refused. Else it is looked for in the data directory: systemd's
    /// directory may be there for other credentials alone.
    pub required: bool,
}

/// Why a credential cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// It is not there.
    #[error(
        "there is no credential {}; put the file of that name from the data directory there, or \
         leave out --credentials",
        path.display()
    )]
    Missing {
        /// Its file.
        path: PathBuf,
    },
    /// Every user may read or change it.
    #[error(
        "every user of this machine may reach the credential {} (mode {mode:04o}); chmod it to 0400",
        path.display()
    )]
    Open {
        /// Its file.
        path: PathBuf,
        /// The permissions of the file.
        mode: u32,
    },
    /// It holds nothing.
    #[error("the credential {} is empty; fill it, or take it away", path.display())]
    Empty {
        /// Its file.
        path: PathBuf,
    },
    /// It is no file of some hundred bytes.
    #[error("the credential {} is no file of at most {BYTES_MAX} bytes", path.display())]
    Unlikely {
        /// Its file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read the credential {}", path.display())]
    Io {
        /// Its file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl Credentials {
    /// The file of a credential.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Reads a credential; none if it is not there and may be missing.
    ///
    /// # Errors
    /// It is not there, empty, or open to every user, or cannot be read.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, CredentialError> {
        let path = self.path(name);
        match read(&path) {
            Err(CredentialError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                if self.required {
                    Err(CredentialError::Missing { path })
                } else {
                    Ok(None)
                }
            }
            read => read.map(Some),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CredentialError> {
    let failed = |source| CredentialError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    // Of the file that is open, so that none takes its place in between.
    let metadata = file.metadata().map_err(failed)?;
    let path = path.to_owned();
    if !metadata.is_file() || metadata.len() > BYTES_MAX {
        return Err(CredentialError::Unlikely { path });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(CredentialError::Open { path, mode });
    }
    let mut bytes = Vec::new();
    match file.take(BYTES_MAX).read_to_end(&mut bytes) {
        Ok(0) => Err(CredentialError::Empty { path }),
        Ok(_) => Ok(bytes),
        Err(source) => Err(CredentialError::Io { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn each_file_that_cannot_be_used_says_why() {
        let directory = tempfile::tempdir().unwrap();
        let credentials = |required| Credentials { directory: directory.path().into(), required };
        let put = |name: &str, text: &str, mode| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        assert_eq!(credentials(false).read("a").unwrap(), None);
        let told = |name: &str| credentials(true).read(name).unwrap_err().to_string();
        assert!(told("a").starts_with("there is no credential "), "{}", told("a"));
        // As systemd has them, and as others do.
        for (mode, open) in
            [(0o400, false), (0o440, false), (0o444, true), (0o604, true), (0o602, true)]
        {
            let _ = fs::remove_file(directory.path().join("a"));
            put("a", "secret", mode);
            match credentials(false).read("a") {
                Ok(read) => assert!(!open && read.as_deref() == Some(b"secret"), "{mode:o}"),
                Err(error) => {
                    let mode = format!("(mode {mode:04o}); chmod it to 0400");
                    assert!(open && error.to_string().contains(&mode), "{error}");
                }
            }
        }
        put("b", "", 0o400);
        assert!(told("b").ends_with("is empty; fill it, or take it away"), "{}", told("b"));
        put("c", &"a".repeat(70_000), 0o400);
        fs::create_dir(directory.path().join("d")).unwrap();
        for name in ["c", "d"] {
            assert!(told(name).contains("is no file of at most 65536 bytes"), "{}", told(name));
        }
    }
}
