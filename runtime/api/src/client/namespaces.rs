use http::Method;
use lambent_types::Namespace;

use super::{Answer, Call, Client, Error};
use crate::{
    AccessKeyView, AccessKeys, DeleteNamespace, NamespaceSpec, NamespaceView, Namespaces,
    NewAccessKey, ReadUsage, UsageView, paths, query,
};

fn of(name: &Namespace, query: &str) -> String {
    format!("{}{query}", paths::fill(paths::NAMESPACE, &[name.as_str()]))
}

fn access_key(id: &str) -> String {
    paths::fill(paths::ACCESS_KEY, &[id])
}

impl Client {
    /// The namespaces that the key may enter.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn namespaces(&self) -> Result<Answer<Namespaces>, Error> {
        self.send(Call::new(Method::GET, paths::NAMESPACES))
    }

    /// Describes a namespace.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn namespace(&self, name: &Namespace) -> Result<Answer<NamespaceView>, Error> {
        self.send(Call::new(Method::GET, of(name, "")))
    }

    /// Creates a namespace, or makes the one that is there what `spec` says. What it does
    /// not say stays.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn put_namespace(
        &self,
        name: &Namespace,
        spec: &NamespaceSpec,
    ) -> Result<Answer<NamespaceView>, Error> {
        let body = serde_json::to_vec(spec).map_err(Error::unsendable)?;
        self.send(Call::new(Method::PUT, of(name, "")).json(&body))
    }

    /// Deletes a namespace.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_namespace(&self, name: &Namespace, delete: DeleteNamespace) -> Result<(), Error> {
        let query = query::write(&delete).map_err(Error::unsendable)?;
        self.send::<()>(Call::new(Method::DELETE, of(name, &query))).map(drop)
    }

    /// The access keys of the namespace.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn access_keys(&self) -> Result<Answer<AccessKeys>, Error> {
        self.send(Call::new(Method::GET, paths::ACCESS_KEYS))
    }

    /// Creates an access key. This answer alone has its secret.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn create_access_key(&self, key: &NewAccessKey) -> Result<Answer<AccessKeyView>, Error> {
        let body = serde_json::to_vec(key).map_err(Error::unsendable)?;
        self.send(Call::new(Method::POST, paths::ACCESS_KEYS).json(&body))
    }

    /// Describes an access key.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn access_key(&self, id: &str) -> Result<Answer<AccessKeyView>, Error> {
        self.send(Call::new(Method::GET, access_key(id)))
    }

    /// Deletes an access key.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_access_key(&self, id: &str) -> Result<(), Error> {
        self.send::<()>(Call::new(Method::DELETE, access_key(id))).map(drop)
    }

    /// What functions used, by the hour, and how full each quota is.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn usage(&self, read: &ReadUsage) -> Result<Answer<UsageView>, Error> {
        let query = query::write(read).map_err(Error::unsendable)?;
        self.send(Call::new(Method::GET, format!("{}{query}", paths::USAGE)))
    }

    /// The OpenAPI document of the server.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn openapi(&self) -> Result<Answer<serde_json::Value>, Error> {
        self.send(Call::new(Method::GET, paths::OPENAPI))
    }
}
