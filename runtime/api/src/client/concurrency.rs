use http::Method;
use lambent_types::{FunctionName, Qualifier};

use super::functions::of;
use super::{Answer, Call, Client, Error};
use crate::{
    ConcurrencyView, ProvisionInstances, ProvisionedList, ProvisionedView, ReserveConcurrency,
    paths,
};

fn provisioned(function: &FunctionName, qualifier: &Qualifier) -> String {
    paths::fill(paths::PROVISIONED_OF, &[function.as_str(), &qualifier.to_string()])
}

impl Client {
    /// Reads what is reserved for a function.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn concurrency(&self, function: &FunctionName) -> Result<Answer<ConcurrencyView>, Error> {
        self.send(Call::new(Method::GET, of(paths::CONCURRENCY, function)))
    }

    /// Reserves so many invocations at once for a function, or none in particular.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn reserve(
        &self,
        function: &FunctionName,
        reserved: Option<u32>,
    ) -> Result<Answer<ConcurrencyView>, Error> {
        let path = of(paths::CONCURRENCY, function);
        let Some(reserved) = reserved else { return self.send(Call::new(Method::DELETE, path)) };
        let body = serde_json::to_vec(&ReserveConcurrency { reserved });
        let body = body.map_err(Error::unsendable)?;
        self.send(Call::new(Method::PUT, path).json(&body))
    }

    /// All that is kept ready of a function's versions.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn all_provisioned(
        &self,
        function: &FunctionName,
    ) -> Result<Answer<ProvisionedList>, Error> {
        self.send(Call::new(Method::GET, of(paths::PROVISIONED, function)))
    }

    /// Keeps so many instances ready of a version, or of what an alias leads to.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn provision(
        &self,
        function: &FunctionName,
        qualifier: &Qualifier,
        instances: u32,
    ) -> Result<Answer<ProvisionedView>, Error> {
        let body = serde_json::to_vec(&ProvisionInstances { instances });
        let body = body.map_err(Error::unsendable)?;
        self.send(Call::new(Method::PUT, provisioned(function, qualifier)).json(&body))
    }

    /// Keeps none ready any more of a version, or of what an alias leads to.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn unprovision(&self, function: &FunctionName, qualifier: &Qualifier) -> Result<(), Error> {
        self.send::<()>(Call::new(Method::DELETE, provisioned(function, qualifier))).map(drop)
    }
}
