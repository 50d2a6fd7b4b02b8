//! The flags that grant and revoke, and what they make of a function's configuration.

use clap::Args;
use lambent_api::FunctionView;
use lambent_api::client::{Answer, Client};
use lambent_types::{Configuration, ConfigurationPatch, ErrorCode, FunctionName, Grant, Granted};

use crate::error::CliError;

/// How often a change is tried that others get in the way of.
const TRIES: usize = 10;

/// Flags of `deploy` and `configure`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Grants (what is not given stays as it is)")]
pub(crate) struct GrantArgs {
    /// Let it reach bucket:NAME=ACCESS, keyspace:NAME=ACCESS, table:NAME=ACCESS, queue:NAME=write,
    /// host:HOST or volume:NAME:/mnt/PATH:ACCESS, where ACCESS is read, write or
    /// read-write. May be repeated
    #[arg(long, value_name = "GRANT")]
    grant: Vec<Grant>,

    /// Take away what it was granted of bucket:NAME, keyspace:NAME, table:NAME, queue:NAME,
    /// host:HOST or volume:NAME. May be repeated
    #[arg(long, value_name = "GRANTED")]
    revoke: Vec<Granted>,
}

/// What is to be granted and revoked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GrantChanges<'a> {
    pub(crate) grant: &'a [Grant],
    pub(crate) revoke: &'a [Granted],
}

impl GrantArgs {
    pub(crate) fn changes(&self) -> GrantChanges<'_> {
        GrantChanges { grant: &self.grant, revoke: &self.revoke }
    }
}

impl GrantChanges<'_> {
    pub(crate) const fn is_empty(self) -> bool {
        self.grant.is_empty() && self.revoke.is_empty()
    }

    /// Adds to a change of a function what these make of its configuration `now`.
    ///
    /// # Errors
    /// What is to be revoked was not granted.
    fn add_to(
        self,
        name: &FunctionName,
        now: &Configuration,
        patch: &mut ConfigurationPatch,
    ) -> Result<(), CliError> {
        let mut then = now.clone();
        then.mounts = patch.mounts.clone().unwrap_or(then.mounts);
        for granted in self.revoke {
            if !then.revoke(granted) {
                return Err(CliError::failed(format!("function {name} is not granted {granted}"))
                    .hint(format!("see what it is: lambent grant list {name}")));
            }
        }
        self.grant.iter().cloned().for_each(|grant| then.grant(grant));
        if then.grants != now.grants {
            patch.grants = Some(then.grants);
        }
        if then.mounts != now.mounts {
            patch.mounts = Some(then.mounts);
        }
        Ok(())
    }

    /// Completes the change that comes with a deploy; returns the revision that the function
    /// must be at.
    ///
    /// # Errors
    /// What is to be revoked was not granted; the server refused, or did not answer.
    pub(crate) fn complete(
        self,
        client: &Client,
        name: &FunctionName,
        patch: &mut ConfigurationPatch,
        revision: Option<u64>,
    ) -> Result<Option<u64>, CliError> {
        if self.is_empty() {
            return Ok(revision);
        }
        let (now, at) = match client.function(name, None) {
            Ok(found) => {
                let FunctionView { configuration, revision, .. } = found.value()?;
                (configuration, revision.map_or(0, |revision| revision.0))
            }
            Err(error) if error.code() == Some(ErrorCode::FunctionNotFound) => {
                (Configuration::default(), 0)
            }
            Err(error) => return Err(error.into()),
        };
        self.add_to(name, &now, patch)?;
        Ok(revision.or(Some(at)))
    }

    /// Changes a function's configuration. If another changes it at the same time, it is
    /// done again on top of that, unless a revision is given.
    ///
    /// # Errors
    /// What is to be revoked was not granted; the server refused, or did not answer.
    pub(crate) fn configure(
        self,
        client: &Client,
        name: &FunctionName,
        patch: &ConfigurationPatch,
        revision: Option<u64>,
    ) -> Result<Answer<FunctionView>, CliError> {
        if self.is_empty() {
            return Ok(client.configure(name, patch, revision)?);
        }
        let mut tries = 0;
        loop {
            let found = client.function(name, None)?;
            let now = found.value()?;
            let mut patch = patch.clone();
            self.add_to(name, &now.configuration, &mut patch)?;
            let at = revision.or(now.revision.map(|revision| revision.0));
            if patch == ConfigurationPatch::default() && revision.is_none() {
                return Ok(found);
            }
            tries += 1;
            match client.configure(name, &patch, at) {
                Err(error)
                    if error.code() == Some(ErrorCode::PreconditionFailed)
                        && revision.is_none()
                        && tries < TRIES => {}
                done => return Ok(done?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lambent_test_support::canned::{Canned, answer};

    use super::*;

    fn function(revision: u64, keyspace: &str) -> String {
        let digest = "ab12cd34".repeat(8);
        let view = serde_json::json!({
            "name": "f", "namespace": "default", "version": "$LATEST", "revision": revision,
            "digest": digest, "code_bytes": 1, "handlers": [], "created": "2026-07-01T12:00:00Z",
            "configuration": { "grants": { "keyspaces": { keyspace: "read" } } },
        });
        answer("200 OK", &view.to_string())
    }

    fn problem() -> String {
        let problem = lambent_types::Problem::from(&lambent_types::Error::new(
            ErrorCode::PreconditionFailed,
            "it has changed",
        ));
        answer("412 Precondition Failed", &serde_json::json!(problem).to_string())
    }

    fn configure(server: &Canned, grant: &str, revoke: &[&str]) -> Result<(), CliError> {
        let client = Client::new(server.endpoint());
        let grant = [grant.parse().unwrap()];
        let revoke: Vec<Granted> = revoke.iter().map(|text| text.parse().unwrap()).collect();
        let changes = GrantChanges { grant: &grant, revoke: &revoke };
        let (name, patch) = ("f".parse().unwrap(), ConfigurationPatch::default());
        changes.configure(&client, &name, &patch, None).map(drop)
    }

    #[test]
    fn a_grant_goes_on_top_of_what_another_changed_meanwhile() {
        let server =
            Canned::start(vec![function(1, "a"), problem(), function(2, "b"), function(3, "c")]);
        configure(&server, "keyspace:todo=write", &[]).unwrap();
        let requests = server.requests();
        assert!(requests[1].to_ascii_lowercase().contains("if-match: \"1\""), "{}", requests[1]);
        assert!(requests[3].to_ascii_lowercase().contains("if-match: \"2\""), "{}", requests[3]);
        let sent = r#"{"grants":{"keyspaces":{"b":"read","todo":"write"}}}"#;
        assert!(requests[3].ends_with(sent), "{}", requests[3]);
    }

    #[test]
    fn what_is_granted_already_is_not_sent_and_what_is_not_cannot_be_revoked() {
        let server = Canned::start(vec![function(1, "a")]);
        configure(&server, "keyspace:a=read", &[]).unwrap();
        let server = Canned::start(vec![function(1, "a")]);
        let error = configure(&server, "keyspace:a=read", &["queue:q"]).unwrap_err();
        let told = "function f is not granted queue:q\n  see what it is: lambent grant list f";
        assert_eq!(error.to_string(), told);
    }
}
