//! What every command takes.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use lambent_api::client::{Client, Endpoint};
use lambent_fetch::Authorities;
use lambent_types::Namespace;

use crate::error::CliError;
use crate::key;
use crate::output::{self, Output};

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// Print JSON: results on standard output, errors on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Talk to the server at URL [default: the one whose data directory is
    /// LAMBENT_DATA, else http://127.0.0.1:4566]
    #[arg(long, global = true, value_name = "URL", env = "LAMBENT_ENDPOINT")]
    endpoint: Option<Endpoint>,

    /// Show the server this key [default: look for one, see lambent --help]
    // The commands' own arguments are apart from these by their ids: objects have keys, too.
    #[arg(
        id = "global-key",
        long = "key",
        global = true,
        value_name = "KEY",
        env = "LAMBENT_KEY",
        hide_env_values = true
    )]
    pub(crate) key: Option<String>,

    /// Work in this namespace [default: that of the key; `default` with the root key]
    #[arg(long, global = true, value_name = "NAME", env = "LAMBENT_NAMESPACE")]
    namespace: Option<Namespace>,

    /// Trust the certificate authorities in FILE (PEM) instead of the public ones
    #[arg(long, global = true, value_name = "FILE", env = "LAMBENT_CA")]
    ca: Option<PathBuf>,

    /// The arguments that stand on the command line itself, those of the command included.
    #[arg(skip)]
    pub(crate) flags: BTreeSet<String>,

    /// Where a key was looked for, once it was.
    #[arg(skip)]
    key_notes: OnceCell<Vec<String>>,
}

impl Global {
    /// Whether an argument stands on the command line itself, and does not come from the
    /// environment.
    pub(crate) fn is_flag(&self, id: &str) -> bool {
        self.flags.contains(id)
    }

    /// A client for the server that is meant.
    ///
    /// # Errors
    /// Usage: a file of certificates or of a key cannot be read.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let found = key::find(self.key.as_deref(), self.endpoint.clone())?;
        let endpoint = &found.endpoint;
        if found.key.is_some() && !endpoint.is_secure() && !endpoint.is_loopback() {
            let text = format!("the key goes unencrypted to {endpoint}; use https");
            output::warn(self.json, &text);
        }
        let client = Client::new(found.endpoint).in_namespace(self.namespace.clone());
        let client = match &self.ca {
            Some(ca) => {
                let trusting = client.with_authorities(&read(ca)?);
                let shown = ca.display();
                trusting.map_err(|error| CliError::usage(format!("--ca {shown} {error}")))?
            }
            None => client,
        };
        let _ = self.key_notes.set(found.notes);
        Ok(match found.key {
            Some(key) => client.with_key(key),
            None => client,
        })
    }

    /// The certificate authorities that are trusted in place of the public ones, and where
    /// they are from.
    ///
    /// # Errors
    /// Usage: the file cannot be read.
    pub(crate) fn authorities(&self) -> Result<Option<Authorities>, CliError> {
        let read = |ca: &PathBuf| {
            Ok(Authorities { pem: read(ca)?, shown: format!("--ca {}", ca.display()) })
        };
        self.ca.as_ref().map(read).transpose()
    }

    /// Where a key was looked for; nothing if none was.
    pub(crate) fn key_notes(&self) -> &[String] {
        self.key_notes.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Where results go.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.json)
    }
}

fn read(ca: &Path) -> Result<Vec<u8>, CliError> {
    let shown = ca.display();
    fs::read(ca).map_err(|error| CliError::usage(format!("cannot read --ca {shown}: {error}")))
}
