//! Finds the server to talk to and the key to send to it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lambent_api::client::Endpoint;
use serde::Deserialize;

use crate::error::CliError;

/// The file in a data directory that holds the root key.
pub(crate) const FILE: &str = "root-key.json";

/// The server to talk to, and the result of looking for its key.
#[derive(Debug)]
pub(crate) struct Found {
    /// The server.
    pub(crate) endpoint: Endpoint,
    /// The key to send, if any.
    pub(crate) key: Option<String>,
    /// The places where a key was looked for and what was wrong there. They are shown if
    /// the server answers that a key is needed.
    pub(crate) notes: Vec<String>,
}

/// The file that a server leaves in its data directory, with its root key.
#[derive(Deserialize)]
struct RootKey {
    secret: String,
    endpoint: Option<String>,
}

impl RootKey {
    fn endpoint(&self) -> Option<Endpoint> {
        self.endpoint.as_deref()?.parse().ok()
    }
}

/// A key file that cannot be used.
struct Unusable {
    note: String,
    /// Whether the file exists.
    exists: bool,
}

/// Looks for server and key: those that were given; else, where `LAMBENT_DATA`
/// names a data directory, the server that it belongs to; else the default one.
///
/// A key that was found rather than given goes only to the server whose endpoint
/// stands beside it: to no other port, where somebody else may listen, and to
/// no other machine.
///
/// # Errors
/// Usage: `LAMBENT_DATA` names a directory whose key cannot be read, and nothing
/// else says which server is meant.
pub(crate) fn find(given: Option<&str>, endpoint: Option<Endpoint>) -> Result<Found, CliError> {
    let named = env::var_os("LAMBENT_DATA").is_some_and(|path| !path.is_empty());
    let given = given.map(str::trim).filter(|key| !key.is_empty());
    find_in(&data_directory().join(FILE), named, given, endpoint)
}

fn find_in(
    path: &Path,
    named: bool,
    given: Option<&str>,
    endpoint: Option<Endpoint>,
) -> Result<Found, CliError> {
    let shown = path.display();
    let left = read(path);
    let endpoint = match (endpoint, &left) {
        (Some(endpoint), _) => endpoint,
        (None, Err(unusable)) if named && unusable.exists => {
            let hint = "LAMBENT_DATA names the directory; give the server instead: --endpoint URL";
            return Err(CliError::usage(unusable.note.clone()).hint(hint));
        }
        (None, Ok(root)) if named => root.endpoint().unwrap_or_else(Endpoint::standard),
        (None, _) => Endpoint::standard(),
    };
    let found = |endpoint, key: Option<String>, note| Found { endpoint, key, notes: vec![note] };
    if let Some(key) = given {
        return Ok(found(endpoint, Some(key.to_owned()), "the given key was refused".into()));
    }
    let root = match left {
        Ok(root) => root,
        Err(unusable) => return Ok(found(endpoint, None, unusable.note)),
    };
    let Some(own) = root.endpoint() else {
        let note = format!("{shown} does not say whose key it is: no server used it yet");
        return Ok(found(endpoint, None, note));
    };
    if !own.is_named_by(&endpoint) {
        let note = format!("the key in {shown} is that of {own}, and was not sent to {endpoint}");
        return Ok(found(endpoint, None, note));
    }
    if !own.is_loopback() && !own.is_secure() {
        let note = format!("the key in {shown} was not sent: {own} is not encrypted");
        return Ok(found(endpoint, None, note));
    }
    // By TLS a server shows that it is who was named. Else the address is taken
    // that the server wrote down: `localhost` may have another, too.
    let endpoint = if own.is_secure() { endpoint } else { own };
    let note = format!("the key in {shown} was used and refused");
    Ok(found(endpoint, Some(root.secret), note))
}

fn read(path: &Path) -> Result<RootKey, Unusable> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        let exists = error.kind() != io::ErrorKind::NotFound;
        let note = match error.kind() {
            io::ErrorKind::NotFound => format!("{shown} does not exist"),
            io::ErrorKind::PermissionDenied => format!("{shown} may not be read by this user"),
            _ => format!("{shown} cannot be read: {error}"),
        };
        Unusable { note, exists }
    })?;
    serde_json::from_str(&text)
        .map_err(|_| Unusable { note: format!("{shown} does not hold a key"), exists: true })
}

/// Returns the default data directory of a server: `LAMBENT_DATA`, else
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

    const OWN: &str = r#"{"key_id":"a","secret":"s","endpoint":"http://127.0.0.1:4566"}"#;

    /// Looks in a directory whose file holds `text`.
    fn look(text: &str, given: Option<&str>, endpoint: Option<&str>) -> Found {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        fs::write(&path, text).unwrap();
        let endpoint = endpoint.map(|endpoint| endpoint.parse().unwrap());
        find_in(&path, true, given, endpoint).unwrap()
    }

    #[test]
    fn a_given_key_goes_where_it_is_sent() {
        let found = look(OWN, Some("k"), Some("http://node.example"));
        assert_eq!(found.key.as_deref(), Some("k"));
        assert_eq!(found.endpoint.to_string(), "http://node.example");
    }

    #[test]
    fn a_found_key_goes_to_its_own_server_only() {
        for endpoint in [None, Some("http://127.0.0.1:4566"), Some("localhost:4566")] {
            let found = look(OWN, None, endpoint);
            assert_eq!(found.key.as_deref(), Some("s"), "{endpoint:?}");
            // The address is not `localhost`, which may lead to another program.
            assert_eq!(found.endpoint.to_string(), "http://127.0.0.1:4566");
        }
        for other in [
            "http://127.0.0.1:4567",
            "http://127.0.0.2:4566",
            "http://[::1]:4566",
            "https://127.0.0.1:4566",
            "https://node.example",
            "x.localhost:4566",
        ] {
            let found = look(OWN, None, Some(other));
            assert_eq!(found.key, None, "{other}");
            assert!(found.notes[0].contains("was not sent to"), "{:?}", found.notes);
        }
    }

    #[test]
    fn names_of_a_server_with_tls_stay_as_they_are_given() {
        let own = OWN.replace("http:", "https:");
        let found = look(&own, None, Some("https://localhost:4566"));
        assert_eq!(found.key.as_deref(), Some("s"));
        assert_eq!(found.endpoint.to_string(), "https://localhost:4566");
    }

    #[test]
    fn a_found_key_is_never_sent_in_cleartext_to_a_network() {
        let own = OWN.replace("127.0.0.1", "192.0.2.1");
        assert_eq!(look(&own, None, None).key, None);
    }

    #[test]
    fn what_is_wrong_with_the_file_is_noted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let missing = find_in(&path, true, None, None).unwrap();
        assert!(missing.notes[0].ends_with("does not exist"), "{:?}", missing.notes);
        assert_eq!(missing.endpoint.to_string(), lambent_api::client::DEFAULT);
        fs::write(&path, "{}").unwrap();
        let error = find_in(&path, true, None, None).unwrap_err().to_string();
        assert!(error.contains("does not hold a key"), "{error}");
        // A file that was not named explicitly may be unusable.
        assert_eq!(find_in(&path, false, None, None).unwrap().key, None);
        let seeded = look(r#"{"key_id":"a","secret":"s"}"#, None, None);
        assert!(seeded.key.is_none() && seeded.notes[0].contains("no server used it yet"));
    }
}
