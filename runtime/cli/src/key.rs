//! Which key to show the server, and where it was found.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::endpoint::Endpoint;

/// The file in a data directory that holds the root key.
pub(crate) const FILE: &str = "root-key.json";

/// What looking for a key gave.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The key to send, if any.
    pub(crate) key: Option<String>,
    /// Where it was looked for and what was wrong there, for whoever is
    /// told by the server that a key is needed.
    pub(crate) notes: Vec<String>,
}

/// What a server leaves in its data directory for those who may read it.
#[derive(Deserialize)]
struct RootKey {
    secret: String,
    endpoint: Option<String>,
}

/// The endpoint of the server whose data directory `LAMBENT_DATA` names. The
/// default directory is not asked: whichever server used it last may be gone.
pub(crate) fn endpoint() -> Option<Endpoint> {
    env::var_os("LAMBENT_DATA").filter(|path| !path.is_empty())?;
    let text = fs::read_to_string(data_directory().join(FILE)).ok()?;
    let root: RootKey = serde_json::from_str(&text).ok()?;
    root.endpoint?.parse().ok()
}

/// Looks for a key: what was given, else the root key of the data directory,
/// else the AWS secret in the environment.
///
/// A key that was found rather than given goes to this machine or over TLS
/// only: naming another server must not send it the keys of this one.
pub(crate) fn find(given: Option<&str>, endpoint: &Endpoint) -> Found {
    if let Some(key) = given.map(str::trim).filter(|key| !key.is_empty()) {
        return Found {
            key: Some(key.to_owned()),
            notes: vec!["the given key was refused".into()],
        };
    }
    let mut notes = Vec::new();
    let mut key = from_file(&data_directory().join(FILE), &mut notes);
    if key.is_none() {
        key = env::var("AWS_SECRET_ACCESS_KEY").ok().filter(|key| !key.is_empty());
        notes.push(match key {
            Some(_) => "AWS_SECRET_ACCESS_KEY was used and refused".into(),
            None => "AWS_SECRET_ACCESS_KEY is not set".into(),
        });
    }
    if key.is_some() && !endpoint.is_loopback() && !endpoint.is_secure() {
        notes.push(format!(
            "the key found here was not sent: {endpoint} is another machine and not encrypted"
        ));
        key = None;
    }
    Found { key, notes }
}

fn from_file(path: &Path, notes: &mut Vec<String>) -> Option<String> {
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(text) => match serde_json::from_str::<RootKey>(&text) {
            Ok(root) => {
                notes.push(format!("the key in {shown} was used and refused"));
                Some(root.secret)
            }
            Err(_) => {
                notes.push(format!("{shown} does not hold a key"));
                None
            }
        },
        Err(error) => {
            notes.push(match error.kind() {
                io::ErrorKind::NotFound => format!("{shown} does not exist"),
                io::ErrorKind::PermissionDenied => format!("{shown} may not be read by this user"),
                _ => format!("{shown} cannot be read: {error}"),
            });
            None
        }
    }
}

/// Where a server keeps its data unless told otherwise: `LAMBENT_DATA`, else
/// `/var/lib/lambent` as root, else `lambent` in the XDG data home.
pub(crate) fn data_directory() -> PathBuf {
    let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    default_data_directory(path("LAMBENT_DATA"), is_root(), path("XDG_DATA_HOME"), path("HOME"))
}

fn default_data_directory(
    given: Option<PathBuf>,
    root: bool,
    data_home: Option<PathBuf>,
    home: Option<PathBuf>,
) -> PathBuf {
    if let Some(given) = given {
        return given;
    }
    if root {
        return "/var/lib/lambent".into();
    }
    // The base directory specification ignores a relative path.
    data_home
        .filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".local/share")))
        .map_or_else(|| "lambent-data".into(), |base| base.join("lambent"))
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of one's own process directory is the effective user.
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_follows_user_and_environment() {
        let path = |text: &str| Some(PathBuf::from(text));
        let pick = default_data_directory;
        assert_eq!(pick(path("/d"), true, None, None), Path::new("/d"));
        assert_eq!(pick(None, true, path("/x"), path("/h")), Path::new("/var/lib/lambent"));
        assert_eq!(pick(None, false, path("/x"), path("/h")), Path::new("/x/lambent"));
        assert_eq!(pick(None, false, path("x"), path("/h")), Path::new("/h/.local/share/lambent"));
    }

    #[test]
    fn a_given_key_goes_anywhere() {
        let endpoint = "http://node.example".parse().unwrap();
        assert_eq!(find(Some(" k "), &endpoint).key.as_deref(), Some("k"));
    }

    #[test]
    fn what_is_wrong_with_the_file_is_noted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let mut notes = Vec::new();
        assert_eq!(from_file(&path, &mut notes), None);
        fs::write(&path, "{}").unwrap();
        assert_eq!(from_file(&path, &mut notes), None);
        fs::write(&path, r#"{"key_id":"a","secret":"s"}"#).unwrap();
        assert_eq!(from_file(&path, &mut notes).as_deref(), Some("s"));
        assert!(notes[0].ends_with("does not exist"), "{notes:?}");
        assert!(notes[1].ends_with("does not hold a key"), "{notes:?}");
    }
}
