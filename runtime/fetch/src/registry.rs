//! Pulls a component from a registry, as the OCI distribution specification says.
//!
//! An artifact of WebAssembly is a manifest with one layer, which is the component: as the
//! CNCF's "Wasm OCI artifact" has it, and as `wkg` and `oras` push it.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use lambent_types::bounds::CODE_BYTES_MAX;
use lambent_types::{Digest, format_bytes};
use serde::Deserialize;
use url::Url;

use crate::authorization::{Authorization, authorize, login};
use crate::error::FetchError;
use crate::http::{Http, refused};
use crate::progress::{Progress, Silent};
use crate::reference::Reference;

/// What a manifest may be of.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";
/// The media types of a component, the first of the present, the second of the past.
const WASM: [&str; 2] = ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"];
/// The most bytes that a manifest may have, as registries take them.
const DOCUMENT_BYTES_MAX: u64 = 4 << 20;

/// A component that was pulled.
#[derive(Debug)]
pub struct Pulled {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The reference with the digest of the manifest.
    pub from: Reference,
}

/// A manifest, or an index of manifests, as far as it matters.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    #[serde(default)]
    size: u64,
}

impl Descriptor {
    fn digest(&self) -> Option<Digest> {
        self.digest.strip_prefix("sha256:")?.parse().ok()
    }
}

/// A registry, and what it knows us by.
struct Registry<'a> {
    http: &'a Http,
    reference: &'a Reference,
    base: Url,
    /// What it knows us by, once it asked.
    authorization: Option<Authorization>,
}

/// Pulls the component that a reference names.
///
/// # Errors
/// It is not there, not for us, no component, too large, or another than the manifest
/// says.
pub fn pull(
    http: &Http,
    reference: &Reference,
    progress: &dyn Progress,
) -> Result<Pulled, FetchError> {
    let base = reference.base()?;
    let mut registry = Registry { http, reference, base, authorization: None };
    let (manifest, digest) = registry.manifest()?;
    let layer = component(reference, &manifest)?;
    let wanted = layer.digest().ok_or_else(|| {
        FetchError::new(format!("{reference} has a layer with the digest {:?}", layer.digest))
            .hint("only sha256 is read here")
    })?;
    if layer.size > CODE_BYTES_MAX {
        let (size, most) = (format_bytes(layer.size), format_bytes(CODE_BYTES_MAX));
        return Err(FetchError::new(format!("{reference} is {size}; the most is {most}")));
    }
    let bytes = registry.get(&format!("blobs/sha256:{wanted}"), CODE_BYTES_MAX, progress)?;
    if Digest::of(&bytes) != wanted {
        return Err(FetchError::new(format!(
            "{reference}: what the registry gave out is not what its manifest names, and is refused"
        )));
    }
    Ok(Pulled { bytes, from: reference.pinned(digest) })
}

impl Registry<'_> {
    /// The manifest, and its digest.
    fn manifest(&mut self) -> Result<(Manifest, Digest), FetchError> {
        let reference = self.reference;
        let path = format!("manifests/{}", reference.manifest());
        let bytes = self.get(&path, DOCUMENT_BYTES_MAX, &Silent)?;
        let digest = Digest::of(&bytes);
        if reference.digest.is_some_and(|wanted| wanted != digest) {
            return Err(FetchError::new(format!(
                "{reference}: the registry gave out a manifest of sha256:{digest}, which is refused"
            )));
        }
        let manifest = serde_json::from_slice(&bytes).map_err(|error| {
            FetchError::new(format!("the manifest of {reference} cannot be read: {error}"))
        })?;
        Ok((manifest, digest))
    }

    /// Gets something of the repository; says who we are if it is asked.
    fn get(
        &mut self,
        path: &str,
        most: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<u8>, FetchError> {
        let path = format!("v2/{}/{path}", self.repository());
        let url = self.base.join(&path).map_err(|error| FetchError::new(error.to_string()))?;
        let mut answer = self.http.follow(&url, self.headers())?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.authorization.is_none() {
            let (reference, repository) = (self.reference, self.repository());
            let made = authorize(self.http, reference, &repository, answer.headers())?;
            self.authorization = Some(made);
            answer = self.http.follow(&url, self.headers())?;
        }
        if answer.status() == StatusCode::OK {
            return self.http.read(&url, answer, most, progress);
        }
        let status = answer.status();
        Err(self.explained(status, refused(&url, answer)))
    }

    fn headers(&self) -> HeaderMap {
        // Blobs are asked for so as well; they have one form.
        let accept = HeaderValue::from_static(MANIFESTS);
        let mut headers = HeaderMap::from_iter([(header::ACCEPT, accept)]);
        headers.append(header::ACCEPT, HeaderValue::from_static("*/*;q=0.1"));
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.value.clone());
        }
        headers
    }

    /// The repository as the registry knows it.
    fn repository(&self) -> String {
        let Reference { registry, repository, .. } = self.reference;
        if registry == "docker.io" && !repository.contains('/') {
            return format!("library/{repository}");
        }
        repository.clone()
    }

    fn explained(&self, status: StatusCode, error: FetchError) -> FetchError {
        let registry = &self.reference.registry;
        let is_known = self.authorization.as_ref().is_some_and(|made| made.is_of_somebody);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                error.hint(login(registry, is_known))
            }
            StatusCode::NOT_FOUND => error.hint("there is no such repository, tag or digest"),
            StatusCode::TOO_MANY_REQUESTS => error.hint("the registry limits how often; try later"),
            _ => error,
        }
    }
}

/// The layer that is the component.
fn component<'a>(
    reference: &Reference,
    manifest: &'a Manifest,
) -> Result<&'a Descriptor, FetchError> {
    if manifest.layers.is_empty() && !manifest.manifests.is_empty() {
        let digests = manifest.manifests.iter().map(|one| one.digest.as_str());
        let digests = digests.collect::<Vec<_>>().join("\n");
        return Err(FetchError::new(format!("{reference} is an index of several artifacts"))
            .hint(format!("name one of them by its digest:\n{digests}")));
    }
    let is_wasm = |layer: &&Descriptor| WASM.contains(&layer.media_type.as_str());
    let mut layers = manifest.layers.iter().filter(is_wasm);
    match (layers.next(), layers.next()) {
        (Some(layer), None) => Ok(layer),
        (Some(_), Some(_)) => Err(FetchError::new(format!(
            "{reference} has several layers of WebAssembly, of which one is run"
        ))),
        (None, _) => {
            let found = manifest.layers.iter().map(|layer| layer.media_type.as_str());
            let found = found.collect::<Vec<_>>().join(", ");
            let found = if found.is_empty() { "no layers".into() } else { found };
            Err(FetchError::new(format!("{reference} is no WebAssembly: it has {found}")).hint(
                "a component is pushed with its media type: oras push REFERENCE component.wasm:application/wasm",
            ))
        }
    }
}
