use http::Method;
use lambent_types::{AliasName, FunctionName, ReleasePlan};

use super::functions::of;
use super::{Answer, Call, Client, Error};
use crate::{ChangeRelease, ReleaseList, ReleaseView, paths};

fn one(function: &FunctionName, alias: &AliasName) -> String {
    paths::fill(paths::RELEASE, &[function.as_str(), alias.as_str()])
}

impl Client {
    /// The releases of a function's aliases: each that is under way, or else the last.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn releases(&self, function: &FunctionName) -> Result<Answer<ReleaseList>, Error> {
        self.send(Call::new(Method::GET, of(paths::RELEASES, function)))
    }

    /// Describes the release of an alias.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn release(
        &self,
        function: &FunctionName,
        alias: &AliasName,
    ) -> Result<Answer<ReleaseView>, Error> {
        self.send(Call::new(Method::GET, one(function, alias)))
    }

    /// Begins to have an alias go over to another version.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn start_release(
        &self,
        function: &FunctionName,
        alias: &AliasName,
        plan: &ReleasePlan,
    ) -> Result<Answer<ReleaseView>, Error> {
        let body = serde_json::to_vec(plan).map_err(Error::unsendable)?;
        self.send(Call::new(Method::PUT, one(function, alias)).json(&body))
    }

    /// Brings the release of an alias into another state.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn change_release(
        &self,
        function: &FunctionName,
        alias: &AliasName,
        change: &ChangeRelease,
    ) -> Result<Answer<ReleaseView>, Error> {
        let body = serde_json::to_vec(change).map_err(Error::unsendable)?;
        self.send(Call::new(Method::PATCH, one(function, alias)).json(&body))
    }
}
