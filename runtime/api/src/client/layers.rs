use http::Method;
use lambent_types::{Layer, LayerName};

use super::functions::DEPLOY_TIMEOUT;
use super::{Answer, Call, Client, Error};
use crate::{LayerList, ZIP, paths};

fn of(name: &LayerName) -> String {
    paths::fill(paths::LAYER, &[name.as_str()])
}

impl Client {
    /// All layers of the namespace by name.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn layers(&self) -> Result<Answer<LayerList>, Error> {
        self.send(Call::new(Method::GET, paths::LAYERS))
    }

    /// Describes a layer.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn layer(&self, name: &LayerName) -> Result<Answer<Layer>, Error> {
        self.send(Call::new(Method::GET, of(name)))
    }

    /// Publishes a version of a layer; `archive` is a zip or a tar. What its newest version has
    /// already changes nothing.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn publish_layer(&self, name: &LayerName, archive: &[u8]) -> Result<Answer<Layer>, Error> {
        let call = Call::new(Method::PUT, of(name)).header("content-type", ZIP);
        let (mut reader, bytes) = (archive, archive.len() as u64);
        self.send(call.stream(&mut reader, bytes).timeout(DEPLOY_TIMEOUT))
    }

    /// Deletes a layer with all its versions, or one version. Functions that have it keep it.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_layer(&self, name: &LayerName, version: Option<u64>) -> Result<(), Error> {
        let path = match version {
            Some(number) => {
                paths::fill(paths::LAYER_VERSION, &[name.as_str(), &number.to_string()])
            }
            None => of(name),
        };
        self.send::<()>(Call::new(Method::DELETE, path)).map(drop)
    }
}
