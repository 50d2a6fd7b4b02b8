use http::Method;
use lambent_types::{Alias, AliasName, AliasSettings, FunctionName};

use super::functions::{PAGE, of};
use super::{Answer, Call, Client, Error};
use crate::{AliasList, paths};

fn one(function: &FunctionName, alias: &AliasName) -> String {
    paths::fill(paths::ALIAS, &[function.as_str(), alias.as_str()])
}

impl Client {
    /// All aliases of a function, as one list.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn aliases(&self, function: &FunctionName) -> Result<Answer<AliasList>, Error> {
        self.pages(&of(paths::ALIASES, function), "aliases", PAGE)
    }

    /// Describes an alias.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn alias(
        &self,
        function: &FunctionName,
        alias: &AliasName,
    ) -> Result<Answer<Alias>, Error> {
        self.send(Call::new(Method::GET, one(function, alias)))
    }

    /// Creates an alias, or has the one that is there lead to what `settings` says. With a revision,
    /// only if it is at that; 0: only if it is new.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn put_alias(
        &self,
        function: &FunctionName,
        alias: &AliasName,
        settings: &AliasSettings,
        revision: Option<u64>,
    ) -> Result<Answer<Alias>, Error> {
        let body = serde_json::to_vec(settings).map_err(Error::unsendable)?;
        let call = Call::new(Method::PUT, one(function, alias)).json(&body);
        self.send(call.if_revision(revision))
    }

    /// Deletes an alias. With a revision, only if it is at that.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_alias(
        &self,
        function: &FunctionName,
        alias: &AliasName,
        revision: Option<u64>,
    ) -> Result<(), Error> {
        let call = Call::new(Method::DELETE, one(function, alias));
        self.send::<()>(call.if_revision(revision)).map(drop)
    }
}
