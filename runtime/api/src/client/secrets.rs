use http::Method;

use super::{Answer, Call, Client, Error, Payload};
use crate::{
    ListParameters, ParameterVersionView, Parameters, PutParameter, ReadParameter, ReadSecret,
    SecretView, Secrets, paths, query,
};

const BYTES: &str = "application/octet-stream";

impl Client {
    /// The secrets of the namespace.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn list_secrets(&self) -> Result<Answer<Secrets>, Error> {
        self.send(Call::new(Method::GET, paths::SECRETS))
    }

    /// What is known of a secret.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn describe_secret(&self, name: &str) -> Result<Answer<SecretView>, Error> {
        self.send(Call::new(Method::GET, paths::fill(paths::SECRET, &[name])))
    }

    /// Gives a secret a value, which is 1 byte to 64 KiB, and makes it if there is none.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn put_secret(&self, name: &str, value: &[u8]) -> Result<Answer<SecretView>, Error> {
        let target = paths::fill(paths::SECRET, &[name]);
        self.send(Call::new(Method::PUT, target).body(BYTES, Payload::Bytes(value)))
    }

    /// The value of a secret.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn secret_value(&self, name: &str, read: &ReadSecret) -> Result<Vec<u8>, Error> {
        let query = query::write(read).map_err(Error::unsendable)?;
        let target = format!("{}{query}", paths::fill(paths::SECRET_VALUE, &[name]));
        let answer: Answer = self.send(Call::new(Method::GET, target))?;
        Ok(answer.into_body())
    }

    /// Deletes a secret for good.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_secret(&self, name: &str) -> Result<(), Error> {
        let target = paths::fill(paths::SECRET, &[name]);
        self.send::<()>(Call::new(Method::DELETE, target)).map(drop)
    }

    /// Parameters of the namespace.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn list_parameters(&self, list: &ListParameters) -> Result<Answer<Parameters>, Error> {
        let query = query::write(list).map_err(Error::unsendable)?;
        self.send(Call::new(Method::GET, format!("{}{query}", paths::PARAMETERS)))
    }

    /// What is known of the newest version of a parameter.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn describe_parameter(&self, name: &str) -> Result<Answer<ParameterVersionView>, Error> {
        self.send(Call::new(Method::GET, paths::fill(paths::PARAMETER, &[name])))
    }

    /// Gives a parameter a value, which is a text of 1 byte to 8 KiB, and makes it if there is none.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn put_parameter(
        &self,
        name: &str,
        value: &[u8],
        put: &PutParameter,
    ) -> Result<Answer<ParameterVersionView>, Error> {
        let query = query::write(put).map_err(Error::unsendable)?;
        let target = format!("{}{query}", paths::fill(paths::PARAMETER, &[name]));
        self.send(Call::new(Method::PUT, target).body(BYTES, Payload::Bytes(value)))
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn parameter_value(&self, name: &str, read: &ReadParameter) -> Result<Vec<u8>, Error> {
        let query = query::write(read).map_err(Error::unsendable)?;
        let target = format!("{}{query}", paths::fill(paths::PARAMETER_VALUE, &[name]));
        let answer: Answer = self.send(Call::new(Method::GET, target))?;
        Ok(answer.into_body())
    }

    /// Deletes a parameter with its versions.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_parameter(&self, name: &str) -> Result<(), Error> {
        let target = paths::fill(paths::PARAMETER, &[name]);
        self.send::<()>(Call::new(Method::DELETE, target)).map(drop)
    }
}
