//! Layers: packages of files that functions of a namespace share.

use std::collections::BTreeMap;

use bytes::Bytes;
use lambent_package::Format;
use lambent_storage::{ResourceError, Stored};
use lambent_types::{
    Annotations, Configuration, ConfigurationPatch, Digest, Error, ErrorCode, FunctionVersion,
    Layer, LayerName, LayerReference, LayerVersion, Layers, Package, Quota, bounds,
};

use crate::client_errors;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::packing::pack;
use crate::resource_name::ResourceName;
use crate::scope::Scope;
use crate::service::Service;
use crate::specifications::Specified;

/// Layers that are read at a time where all of them are.
const PAGE: usize = 1_000;

/// A layer.
pub type LayerHandle<'s> = Handle<'s, LayerName>;

impl ResourceName for LayerName {
    const NOUN: &'static str = "layer";
    const NOT_FOUND: ErrorCode = ErrorCode::LayerNotFound;

    type Scope = Scope;
}

impl Specified for LayerName {
    type Specification = Layer;

    const LIST: Operation = Operation::ListLayers;
    const DESCRIBE: Operation = Operation::DescribeLayer;
    const DELETE: Operation = Operation::DeleteLayer;
}

impl LayerHandle<'_> {
    /// Publishes a version of the layer from an archive of files, and creates the layer if there
    /// is none. What its newest version has already changes nothing. Returns when it is stored
    /// durably.
    ///
    /// # Errors
    /// `InvalidPackage`, `QuotaExceeded`, `Conflict` (it has too many versions); the store failed.
    pub async fn publish(
        &self,
        upload: Bytes,
        annotations: Annotations,
    ) -> Result<Put<Layer>, Error> {
        self.perform(Operation::PutLayer, async {
            annotations.validate()?;
            self.stores().space.check()?;
            if Format::of(&upload).is_none() {
                let detail = "a layer is an archive of files, a zip or a tar; what was uploaded \
                              is neither";
                return Err(Error::new(ErrorCode::InvalidPackage, detail));
            }
            let (package, bytes) = pack(upload).await?;
            let _hold = self.service().code_in_use.hold(package.digest).await;
            self.stores().code.put(package.digest, bytes).await?;
            self.record(package, annotations).await
        })
        .await
    }

    async fn record(
        &self,
        package: Package,
        annotations: Annotations,
    ) -> Result<Put<Layer>, Error> {
        let (namespace, name) = self.place();
        let layers = self.stores().resources.of::<Layer>();
        loop {
            let found = layers.get(namespace, name).await?;
            let created = found.is_none();
            let (mut value, revision) = match found {
                Some(Stored { specification, revision, .. }) => (specification, revision),
                None => (Layer { name: name.clone(), last_version: 0, versions: vec![] }, 0),
            };
            let is_same = |newest: &LayerVersion| {
                newest.package() == package && newest.annotations == annotations
            };
            if value.version(None).is_some_and(is_same) {
                return Ok(Put { value, created });
            }
            self.check_room(&value, package).await?;
            value.last_version += 1;
            let Package { digest, bytes } = package;
            let (number, now) = (value.last_version, self.service().clock.now());
            let annotations = annotations.clone();
            value.versions.push(LayerVersion { number, digest, bytes, created: now, annotations });
            match layers.replace(namespace, &value, revision).await {
                Ok(()) => return Ok(Put { value, created }),
                // Another was published meanwhile.
                Err(ResourceError::Conflict) => {}
                Err(error) => return Err(client_errors::resource(namespace, name, error)),
            }
        }
    }

    /// Whether the layer and its namespace have room for one more version. Layers of a namespace
    /// may have as many bytes as its functions may, beside these.
    async fn check_room(&self, layer: &Layer, package: Package) -> Result<(), Error> {
        if layer.versions.len() >= bounds::LAYER_VERSIONS_MAX {
            let oldest = layer.versions.first().map_or(0, |version| version.number);
            let (name, most) = (&layer.name, bounds::LAYER_VERSIONS_MAX);
            let detail = format!(
                "layer \"{name}\" has {most} versions, and that is the most; delete some: lambent \
                 layer delete {name} --version {oldest}"
            );
            return Err(Error::new(ErrorCode::Conflict, detail));
        }
        let all = self.stores().resources.of::<Layer>().list(self.namespace()).await?;
        let versions = all.iter().flat_map(|stored| &stored.specification.versions);
        let held: BTreeMap<_, _> = versions.map(|one| (one.digest, one.bytes)).collect();
        if held.contains_key(&package.digest) {
            return Ok(());
        }
        let quotas = self.stores().quotas.of(&self.namespace().key());
        let delta = package.bytes.try_into().unwrap_or(i64::MAX);
        let checked = quotas.check(Quota::CodeBytes, held.values().sum(), delta);
        checked.map_err(|error| client_errors::quota(&error))
    }

    /// Reads the files of a version, as an archive.
    ///
    /// # Errors
    /// `LayerNotFound`; the store failed.
    pub async fn files(&self, number: u64) -> Result<Bytes, Error> {
        self.perform(Operation::DescribeLayer, async {
            let (namespace, name) = self.place();
            let stored = self.stores().resources.of::<Layer>().get(namespace, name).await?;
            let layer = stored.ok_or_else(|| self.not_found())?.specification;
            let version = layer.version(Some(number)).ok_or_else(|| no_version(&layer, number))?;
            self.service().stored(version.digest).await
        })
        .await
    }

    /// Deletes a version of the layer. Functions that have it keep it, and its number is not
    /// used again.
    ///
    /// # Errors
    /// `LayerNotFound`; the store failed.
    pub async fn delete_version(&self, number: u64) -> Result<(), Error> {
        self.perform(Operation::DeleteLayerVersion, async {
            let (namespace, name) = self.place();
            let layers = self.stores().resources.of::<Layer>();
            loop {
                let stored = layers.get(namespace, name).await?.ok_or_else(|| self.not_found())?;
                let mut layer = stored.specification;
                let gone = layer.version(Some(number)).ok_or_else(|| no_version(&layer, number))?;
                let digest = gone.digest;
                layer.versions.retain(|version| version.number != number);
                match layers.replace(namespace, &layer, stored.revision).await {
                    Ok(()) => {
                        self.service().code_in_use.release(digest);
                        self.service().collect_released().await;
                        return Ok(());
                    }
                    Err(ResourceError::Conflict) => {}
                    Err(error) => return Err(client_errors::resource(namespace, name, error)),
                }
            }
        })
        .await
    }
}

impl Scope {
    /// A change of a configuration in which each layer has the number of a version.
    pub(crate) async fn with_pinned_layers(
        &self,
        mut patch: ConfigurationPatch,
    ) -> Result<ConfigurationPatch, Error> {
        if let Some(Layers(layers)) = &mut patch.layers {
            for layer in layers.iter_mut().filter(|layer| layer.version.is_none()) {
                layer.version = Some(self.layer_version(layer).await?.number);
            }
        }
        Ok(patch)
    }

    /// The packages of layers. Of those that a function has already it does not matter whether
    /// they were deleted since.
    pub(crate) async fn packages_of(
        &self,
        Layers(layers): &Layers,
        head: Option<&FunctionVersion>,
    ) -> Result<Vec<Package>, Error> {
        let had = |wanted: &LayerReference| {
            let head = head?;
            let at = head.configuration.layers.0.iter().position(|layer| layer == wanted)?;
            head.code.layers.get(at).copied()
        };
        let mut packages = Vec::new();
        for layer in layers {
            packages.push(match had(layer) {
                Some(package) => package,
                None => self.layer_version(layer).await?.package(),
            });
        }
        Ok(packages)
    }

    async fn layer_version(&self, wanted: &LayerReference) -> Result<LayerVersion, Error> {
        let layers = self.stores().resources.of::<Layer>();
        let found = layers.get(self.namespace(), &wanted.name).await?;
        let not_found = || client_errors::not_found(self.namespace(), &wanted.name);
        let layer = found.ok_or_else(not_found)?.specification;
        let version = layer.version(wanted.version).cloned();
        version.ok_or_else(|| no_version(&layer, wanted.version.unwrap_or(layer.last_version)))
    }
}

/// Refuses layers of what has no runtime that would use them.
pub(crate) fn check_used(configuration: &Configuration) -> Result<(), Error> {
    let runs = configuration.runtime.is_some() && !configuration.is_program();
    if runs || configuration.layers.0.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "there are layers ({}), and no runtime that would use them; leave them out, or give the \
         runtime",
        configuration.layers
    );
    Err(Error::new(ErrorCode::InvalidConfiguration, detail))
}

fn no_version(layer: &Layer, number: u64) -> Error {
    let there: Vec<_> = layer.versions.iter().map(|one| one.number.to_string()).collect();
    let there = match there.is_empty() {
        true => "none is left".to_owned(),
        false => format!("there are: {}", there.join(", ")),
    };
    let detail = format!("layer \"{}\" has no version {number}; {there}", layer.name);
    Error::new(ErrorCode::LayerNotFound, detail)
}

impl Service {
    /// The code of all layers of all namespaces.
    pub(crate) async fn digests_of_layers(&self) -> Result<Vec<Digest>, Error> {
        let (mut digests, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.stores().resources.of::<Layer>().page(after, PAGE).await?;
            let versions = page.iter().flat_map(|(_, stored)| &stored.specification.versions);
            digests.extend(versions.map(|version| version.digest));
            if next.is_none() {
                return Ok(digests);
            }
            after = next;
        }
    }
}
