use std::io::Read;

use http::Method;
use lambent_types::RuntimeName;

use super::functions::DEPLOY_TIMEOUT;
use super::{Answer, Call, Client, Error};
use crate::{InstallRuntime, RuntimeView, Runtimes, WASM, paths, query};

fn of(name: &RuntimeName) -> String {
    paths::fill(paths::RUNTIME, &[name.as_str()])
}

impl Client {
    /// All runtimes by name.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn runtimes(&self) -> Result<Answer<Runtimes>, Error> {
        self.send(Call::new(Method::GET, paths::RUNTIMES))
    }

    /// Describes a runtime; by a name of AWS's the one that serves it.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn runtime(&self, name: &RuntimeName) -> Result<Answer<RuntimeView>, Error> {
        self.send(Call::new(Method::GET, of(name)))
    }

    /// Installs a runtime, or a new version of it; returns when it is ready to serve. `body`
    /// has so many bytes of the component.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn install_runtime(
        &self,
        name: &RuntimeName,
        install: &InstallRuntime,
        body: &mut dyn Read,
        bytes: u64,
    ) -> Result<Answer<RuntimeView>, Error> {
        let target = of(name) + &query::write(install).map_err(Error::unsendable)?;
        let call = Call::new(Method::PUT, target).header("content-type", WASM);
        self.send(call.stream(body, bytes).timeout(DEPLOY_TIMEOUT))
    }

    /// Deletes a runtime.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_runtime(&self, name: &RuntimeName) -> Result<(), Error> {
        self.send::<()>(Call::new(Method::DELETE, of(name))).map(drop)
    }
}
