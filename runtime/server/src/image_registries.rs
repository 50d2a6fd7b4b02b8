//! The registries that images are fetched from, as the options of a node say.

use lambent_service::{Authorities, ImageRegistries};

use crate::error::StartError;
use crate::options::Options;

/// Reads the certificates that registries are trusted by, if there is a file of them.
///
/// # Errors
/// The file cannot be read, or has no certificates.
pub(crate) fn image_registries(options: &Options) -> Result<ImageRegistries, StartError> {
    let registries = &options.image_registries;
    let Some(file) = &options.image_registry_authorities else {
        return ImageRegistries::new(registries, None)
            .map_err(|error| StartError::Engine(error.into()));
    };
    let unusable = |source| StartError::Authorities { file: file.clone(), source };
    let pem = std::fs::read(file).map_err(|error| unusable(error.into()))?;
    let authorities = Authorities { pem, shown: file.display().to_string() };
    ImageRegistries::new(registries, Some(&authorities)).map_err(|error| unusable(error.into()))
}
