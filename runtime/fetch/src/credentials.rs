//! What `docker login` has stored, which other clients of registries read as well.

use std::env;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError as Error, DockerCredential, get_credential};

use crate::error::FetchError;

/// What a registry knows somebody by.
pub(crate) enum Credentials {
    /// A name and a password or token.
    Password(String, String),
    /// A token that others are given out for.
    Refresh(String),
}

/// The credentials that are stored for a registry, if there are any.
///
/// # Errors
/// There are, and they cannot be read.
pub(crate) fn stored(registry: &str) -> Result<Option<Credentials>, FetchError> {
    // The name that Docker stores its own registry by.
    let server = if registry == "docker.io" { "https://index.docker.io/v1/" } else { registry };
    match get_credential(server) {
        Ok(DockerCredential::UsernamePassword(name, password)) => {
            Ok(Some(Credentials::Password(name, password)))
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credentials::Refresh(token))),
        Err(Error::NoCredentialConfigured | Error::ConfigNotFound) => Ok(None),
        // A program that keeps secrets says so of what it does not have; and a directory need
        // not have a file of them.
        Err(Error::HelperFailure { .. }) => Ok(None),
        Err(Error::ConfigReadError) if !is_there() => Ok(None),
        Err(error) => Err(FetchError::new(format!(
            "the credentials for {registry} that docker login stored cannot be read: {error}"
        ))
        .hint(format!("log in again: docker login {registry}"))),
    }
}

/// Whether docker login has stored anything.
fn is_there() -> bool {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".docker"));
    let directory = env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home);
    directory.is_some_and(|directory| directory.join("config.json").exists())
}
