//! Volumes: directories that functions of a namespace share.

use std::sync::Arc;

use lambent_files::ReadOnly;
use lambent_storage::{ResourceError, Stored, VolumeError, VolumeUsage};
use lambent_types::{
    Access, Configuration, Error, ErrorCode, Function, Grant, Mount, Volume, VolumeName,
    VolumeSettings,
};

use crate::client_errors;
use crate::contents::{Contained, gone};
use crate::data_scope::DataScope;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// How alike a name must be to the one that was given to be what was meant.
const LIKENESS_MIN: f64 = 0.7;

/// A volume and its files.
pub type VolumeHandle<'s> = Handle<'s, VolumeName>;

impl ResourceName for VolumeName {
    const NOUN: &'static str = "volume";
    const NOT_FOUND: ErrorCode = ErrorCode::VolumeNotFound;
    const IS_CREATED_BY_NAME: bool = true;

    type Scope = DataScope;

    fn granted(&self, configuration: &Configuration) -> Option<Access> {
        configuration.mounts.granted(self)
    }

    fn grant(&self, configuration: &Configuration, access: Access) -> Option<Grant> {
        // Where it has it already, it stays.
        let key = self.key();
        let mount = configuration.mounts.0.iter().find(|mount| mount.volume.key() == key);
        let path = mount.map_or_else(|| format!("/mnt/{self}"), |mount| mount.path.clone());
        let volume = self.clone();
        Some(Grant::Volume(Mount { volume, path, access }))
    }
}

impl Scope {
    /// All volumes by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn volumes(&self) -> Result<Vec<Volume>, Error> {
        self.perform(Operation::ListVolumes, "", async {
            let all = self.stores().resources.of::<Volume>().list(self.namespace()).await?;
            Ok(all.into_iter().map(|stored| stored.specification).collect())
        })
        .await
    }

    /// Checks that the volumes are there that a function newly has. Those that it had already may
    /// be gone: then they are to it, and the rest of it can be changed.
    pub(crate) async fn check_mounts(
        &self,
        current: Option<&Function>,
        configuration: &Configuration,
    ) -> Result<(), Error> {
        let known = current.map(|function| &function.latest.configuration.mounts);
        let is_known = |mount: &Mount| known.is_some_and(|known| known.0.contains(mount));
        for mount in configuration.mounts.0.iter().filter(|mount| !is_known(mount)) {
            let volumes = self.stores().resources.of::<Volume>();
            if volumes.get(self.namespace(), &mount.volume).await?.is_none() {
                return Err(self.no_volume(&mount.volume).await?);
            }
        }
        Ok(())
    }

    /// The error that there is no such volume, with the one that was probably meant.
    async fn no_volume(&self, name: &VolumeName) -> Result<Error, Error> {
        let error = client_errors::not_found(self.namespace(), name);
        let all = self.stores().resources.of::<Volume>().list(self.namespace()).await?;
        let like = |known: &VolumeName| strsim::jaro_winkler(&name.key(), &known.key());
        let known = all.iter().map(|stored| &stored.specification.name);
        let nearest = known.map(|known| (like(known), known));
        let nearest = nearest.filter(|(like, _)| *like >= LIKENESS_MIN);
        let Some((_, nearest)) = nearest.max_by(|one, other| one.0.total_cmp(&other.0)) else {
            return Ok(error);
        };
        let detail = format!("{}; or did you mean \"{nearest}\"?", error.detail());
        Ok(Error::new(error.code(), detail))
    }
}

impl VolumeHandle<'_> {
    async fn stored(&self) -> Result<Stored<Volume>, Error> {
        let (namespace, name) = self.place();
        let found = self.stores().resources.of::<Volume>().get(namespace, name).await?;
        found.ok_or_else(|| self.not_found())
    }

    /// Creates the volume, or gives it another size. What it holds already it keeps, be it more
    /// than that.
    ///
    /// # Errors
    /// `InvalidConfiguration`, `QuotaExceeded`; the store failed.
    pub async fn put(&self, settings: VolumeSettings) -> Result<Put<Volume>, Error> {
        self.perform(Operation::PutVolume, async {
            settings.validate()?;
            let (namespace, name) = self.place();
            let volumes = self.stores().resources.of::<Volume>();
            loop {
                let found = volumes.get(namespace, name).await?;
                let created = found.is_none();
                let (mut value, revision) = match found {
                    Some(Stored { specification, revision, .. }) => (specification, revision),
                    None => (new(name)?, 0),
                };
                value.max_bytes = settings.max_bytes;
                match volumes.replace(namespace, &value, revision).await {
                    Ok(()) => {
                        self.stores().volumes.resize(&value.id, value.max_bytes).await;
                        return Ok(Put { value, created });
                    }
                    // Another was first.
                    Err(ResourceError::Conflict) => {}
                    Err(error) => return Err(client_errors::resource(namespace, name, error)),
                }
            }
        })
        .await
    }

    /// Reads the volume itself, and how much it holds.
    ///
    /// # Errors
    /// `VolumeNotFound`; the store failed.
    pub async fn describe(&self) -> Result<(Volume, VolumeUsage), Error> {
        self.perform(Operation::DescribeVolume, async {
            let volume = self.stored().await?.specification;
            let usage = self.stores().volumes.usage(&volume.id).await;
            Ok((volume, usage.map_err(|error| self.refused(error))?))
        })
        .await
    }

    /// Deletes the volume with everything in it. Functions that have it find it gone.
    ///
    /// # Errors
    /// `VolumeNotFound`; the store failed.
    pub async fn delete(&self) -> Result<(), Error> {
        self.perform(Operation::DeleteVolume, async {
            let (namespace, name) = self.place();
            let volume = self.stored().await?.specification;
            let volumes = self.stores().resources.of::<Volume>();
            let deleted = volumes.delete(namespace, name).await;
            deleted.map_err(|error| client_errors::resource(namespace, name, error))?;
            // What fails here is done at the next start: the volume is deleted.
            if let Err(error) = self.stores().volumes.remove(&volume.id).await {
                tracing::error!(%error, cause = error.cause(), %name, "cannot remove files yet");
            }
            Ok(())
        })
        .await
    }

    /// Opens the files of the volume, for reading or for both.
    ///
    /// # Errors
    /// `Forbidden`, `VolumeNotFound`; the store failed.
    pub async fn open(&self, access: Access) -> Result<Arc<dyn lambent_files::Volume>, Error> {
        let writes = access.allows(Access::Write);
        let operation = if writes { Operation::ChangeFiles } else { Operation::ReadFiles };
        self.perform(operation, async {
            let volume = self.stored().await?.specification;
            let opened = self.stores().volumes.open(&volume.id, volume.max_bytes).await;
            let opened = opened.map_err(|error| self.refused(error))?;
            Ok(if writes { opened } else { ReadOnly::of(opened) })
        })
        .await
    }

    fn refused(&self, error: VolumeError) -> Error {
        match error {
            VolumeError::Gone => self.not_found(),
            VolumeError::Storage(error) => error.into(),
        }
    }
}

fn new(name: &VolumeName) -> Result<Volume, Error> {
    let id = lambent_storage::backend::objects::random_id()?;
    let created = jiff::Timestamp::now();
    Ok(Volume { name: name.clone(), max_bytes: 0, id, created })
}

impl Contained for VolumeName {
    async fn held(scope: &Scope) -> Result<Vec<Self>, Error> {
        Ok(scope.volumes().await?.into_iter().map(|volume| volume.name).collect())
    }

    async fn delete_all(scope: &Scope) -> Result<(), Error> {
        for name in Self::held(scope).await? {
            gone(scope.named(name).delete().await)?;
        }
        Ok(())
    }
}
