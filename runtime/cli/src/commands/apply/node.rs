//! What a file needs of the node, and where its functions are on it.

use lambent_api::client::{Client, found};
use lambent_api::kinds;
use lambent_types::RuntimeName;

use super::file::File;
use crate::error::CliError;
use crate::paste::{endpoint_flag, program};

/// A runtime that the node does not have.
pub(crate) struct Missing {
    /// A function that runs on it.
    function: String,
    pub(crate) runtime: RuntimeName,
}

impl Missing {
    /// What there is to be said of it: the command that installs it.
    pub(crate) fn error(&self, client: &Client) -> CliError {
        let Self { function, runtime } = self;
        let (lambent, flag) = (program(), endpoint_flag(&client.endpoint().to_string()));
        CliError::usage(format!("function {function} runs on {runtime}, which the node does not have"))
            .hint(format!(
                "install it once, from a release or a build: {lambent} runtime install {runtime}.wasm{flag}"
            ))
    }
}

impl File {
    /// Checks that the node has the runtimes that the functions run on.
    ///
    /// # Errors
    /// Usage: one is missing, with the command that installs it. Otherwise the server's problem,
    /// or no answer.
    pub(crate) fn check_runtimes(&self, client: &Client) -> Result<(), CliError> {
        match self.missing_runtime(client)? {
            Some(missing) => Err(missing.error(client)),
            None => Ok(()),
        }
    }

    /// The first runtime that a function runs on and the node does not have.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn missing_runtime(&self, client: &Client) -> Result<Option<Missing>, CliError> {
        for (function, runtime) in self.runtimes() {
            if found(client.runtime(&runtime))?.is_none() {
                return Ok(Some(Missing { function, runtime }));
            }
        }
        Ok(None)
    }

    /// The runtimes that have to be on the node, each with the first function on it.
    fn runtimes(&self) -> Vec<(String, RuntimeName)> {
        let mut runtimes: Vec<(String, RuntimeName)> = Vec::new();
        for (name, function) in self.functions() {
            let Some(Some(runtime)) = &function.given.runtime else { continue };
            let serving = runtime.serving();
            let known = runtimes.iter().any(|(_, other)| *other == serving);
            if !serving.is_provided() && !known {
                runtimes.push((name.to_string(), serving));
            }
        }
        runtimes
    }

    /// The URLs of its sites and functions.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn urls(&self, client: &Client) -> Result<Vec<String>, CliError> {
        let mut urls = Vec::new();
        for name in self.sites() {
            urls.extend(client.describe::<kinds::Site>(name)?.value()?.urls);
        }
        for (name, _) in self.functions() {
            let function = client.function(name, None)?.value()?;
            let configuration = &function.configuration;
            let answers = function.handlers.iter().any(|handler| handler.is_http())
                || configuration.runtime.is_some() && configuration.public;
            urls.extend(function.urls.into_iter().filter(|_| answers));
        }
        Ok(urls)
    }
}
