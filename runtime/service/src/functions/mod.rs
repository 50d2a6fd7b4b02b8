//! Functions: read, delete; deployed and configured in [`deploy`], published in [`publish`].

mod aliases;
mod client_context;
mod code;
mod concurrency;
mod deploy;
mod diff;
mod errors;
mod garbage;
mod imports;
mod invoke;
mod logs;
mod once;
mod publish;
mod releases;
mod requirements;
mod upload;
mod wiring;

use std::sync::Arc;

use bytes::Bytes;
use lambent_storage::{Channel, Expected, WriteError};
use lambent_types::{
    Access, Configuration, Digest, Error, ErrorCode, Function, FunctionName, FunctionVersion,
    Grant, Precondition, QualifiedFunction, Qualifier, VersionNumber, bounds,
};

pub use self::concurrency::{ConcurrencyStatus, ProvisionedStatus};
use self::errors::{check, led_to, no_version, refused};
pub use self::imports::Import;
pub use self::invoke::{AuthorizedFunction, Invocable, RequestedFunction};
pub use self::logs::LogFilter;
pub use self::publish::Published;
pub use self::releases::ReleaseStatus;
use crate::contents::{Contained, gone};
use crate::handle::Handle;
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// A function.
pub type FunctionHandle<'s> = Handle<'s, FunctionName>;

impl ResourceName for FunctionName {
    const NOUN: &'static str = "function";
    const NOT_FOUND: ErrorCode = ErrorCode::FunctionNotFound;

    type Scope = Scope;

    /// Functions invoke others, and do nothing else with them.
    fn is_granted(&self, configuration: &Configuration, operation: Operation) -> bool {
        operation == Operation::InvokeFunction && configuration.grants.functions.contains(self)
    }

    fn grant(&self, _: &Configuration, _: Access) -> Option<Grant> {
        Some(Grant::Function(self.clone()))
    }
}

impl Contained for FunctionName {
    async fn held(scope: &Scope) -> Result<Vec<Self>, Error> {
        let page = scope.functions(None, bounds::PAGE_MAX).await?;
        Ok(page.into_iter().map(|function| function.latest.name.clone()).collect())
    }

    async fn delete_all(scope: &Scope) -> Result<(), Error> {
        for name in Self::held(scope).await? {
            gone(scope.named(name).delete(&Precondition::NONE).await)?;
        }
        Ok(())
    }
}

/// Versions read at a time.
const PAGE: usize = 256;

/// A function that was deployed.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The function as it is now.
    pub function: Arc<Function>,
    /// Whether it is a new one.
    pub created: bool,
    /// What the function's runtime found wrong with files of the package.
    pub warnings: Vec<String>,
}

impl Scope {
    /// Lists at most `limit` functions whose names follow `after`, by lower-case name.
    ///
    /// # Errors
    /// `InvalidName`; the store failed.
    pub async fn functions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Arc<Function>>, Error> {
        self.perform(Operation::ListFunctions, "", async {
            let after = after.map(|name| self.handle::<FunctionName>(name)).transpose()?;
            let after = after.as_ref().map(FunctionHandle::name);
            Ok(self.stores().registry.list(self.namespace(), after, limit).await?)
        })
        .await
    }
}

impl FunctionHandle<'_> {
    /// Reads one function.
    ///
    /// # Errors
    /// `FunctionNotFound`; the store failed.
    pub async fn describe(&self) -> Result<Arc<Function>, Error> {
        self.perform(Operation::DescribeFunction, async {
            let (namespace, name) = self.place();
            let function = self.stores().registry.function(namespace, name).await?;
            function.ok_or_else(|| self.not_found())
        })
        .await
    }

    /// Reads one numbered version.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`; the store failed.
    pub async fn version(&self, number: u64) -> Result<Arc<FunctionVersion>, Error> {
        self.perform(Operation::DescribeFunction, async {
            let (namespace, name) = self.place();
            if let Some(version) = self.stores().registry.version(namespace, name, number).await? {
                return Ok(version);
            }
            self.describe().await?;
            Err(no_version(name, number))
        })
        .await
    }

    /// Reads the head, a version, or the version that an alias leads to; of two that share what
    /// comes, the first.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`; the store failed.
    pub async fn qualified(&self, qualifier: &Qualifier) -> Result<Arc<FunctionVersion>, Error> {
        match qualifier {
            Qualifier::Latest => Ok(self.describe().await?.latest.clone()),
            Qualifier::Version(number) => self.version(*number).await,
            Qualifier::Alias(_) => {
                let resolved = async {
                    let (namespace, name) = self.place();
                    self.service().dispatcher.resolve(namespace, name, qualifier).await
                };
                Ok(self.perform(Operation::DescribeFunction, resolved).await?.first)
            }
        }
    }

    /// Reads the code of the head, of a version, or of what an alias leads to: the component as it was uploaded, or the
    /// files of the package as a zip.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`; the store failed.
    pub async fn code(&self, qualifier: &Qualifier) -> Result<Bytes, Error> {
        self.perform(Operation::DownloadCode, async {
            let version = self.qualified(qualifier).await?;
            let code = &version.code;
            let digest = code.package.map_or(code.component, |package| package.digest);
            self.service().stored(digest).await
        })
        .await
    }

    /// Lists at most `limit` versions with numbers above `after`, ascending.
    ///
    /// # Errors
    /// `FunctionNotFound`; the store failed.
    pub async fn versions(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Arc<FunctionVersion>>, Error> {
        self.perform(Operation::ListVersions, async {
            let (namespace, name) = self.place();
            self.describe().await?;
            Ok(self.stores().registry.versions(namespace, name, after, limit).await?)
        })
        .await
    }

    /// Deletes a function with all its versions, and the events that wait for it.
    ///
    /// # Errors
    /// `FunctionNotFound`, `PreconditionFailed`, `Conflict` (triggers or schedules
    /// name it); the store failed.
    pub async fn delete(&self, expected: &Precondition) -> Result<(), Error> {
        self.perform(Operation::DeleteFunction, async {
            let (namespace, name) = self.place();
            let _wiring = self.service().wiring.lock().await;
            let (function, (digests, versions)) = loop {
                let function = self.describe().await?;
                check(name, expected, Some(function.revision))?;
                self.check_unwired().await?;
                let digests = self.digests(&function).await?;
                let seen = (!expected.is_empty()).then_some(Expected::Revision(function.revision));
                match self.stores().registry.delete(namespace, name, seen).await {
                    Ok(()) => break (function, digests),
                    // Another change was first: look again.
                    Err(WriteError::Conflict { .. }) => {}
                    Err(error) => return Err(refused(error, namespace, name)),
                }
            };
            self.service().inspect.withdraw(namespace, name, None);
            if function.concurrency.reserved.is_some() {
                self.service().dispatcher.read_reserved_of(namespace, name).await?;
            }
            // Events that are left are given up when their turn comes.
            for qualifier in Self::qualifiers(&function, versions) {
                let name = function.latest.name.clone();
                let channel = Channel::Function(QualifiedFunction { name, qualifier });
                if let Err(error) = self.stores().events.purge(namespace, &channel).await {
                    tracing::warn!(%channel, %error, "cannot delete the events of a deleted function");
                }
            }
            digests.into_iter().for_each(|digest| self.service().code_in_use.release(digest));
            self.service().collect_released().await;
            Ok(())
        })
        .await
    }

    /// The digests of a function's code and of that of its versions, and which those are.
    async fn digests(
        &self,
        function: &Function,
    ) -> Result<(Vec<Digest>, Vec<VersionNumber>), Error> {
        let FunctionVersion { namespace, name, code, .. } = &*function.latest;
        let (mut digests, mut versions): (Vec<_>, _) = (code.digests().collect(), Vec::new());
        let mut after = 0;
        loop {
            let page = self.stores().registry.versions(namespace, name, after, PAGE).await?;
            digests.extend(page.iter().flat_map(|version| version.code.digests()));
            versions.extend(page.iter().map(|version| version.version));
            match page.last().map(|version| version.version) {
                Some(VersionNumber::Number(number)) => after = number,
                _ => return Ok((digests, versions)),
            }
        }
    }

    /// Deletes one numbered version. Its number is never used again. Events that wait for it are
    /// given up when their turn comes, as the head says.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `Conflict` (an alias leads to it, or triggers or
    /// schedules name it); the store failed.
    pub async fn delete_version(&self, number: u64) -> Result<(), Error> {
        self.perform(Operation::DeleteVersion, async {
            let (namespace, name) = self.place();
            let _wiring = self.service().wiring.lock().await;
            let code = self.version(number).await?.code.clone();
            self.check_version_unwired(number).await?;
            self.stores().registry.delete_version(namespace, name, number).await.map_err(
                |error| match error {
                    WriteError::VersionNotFound => no_version(name, number),
                    WriteError::VersionInUse { alias } => led_to(name, number, &alias),
                    error => refused(error, namespace, name),
                },
            )?;
            self.service().inspect.withdraw(namespace, name, Some(VersionNumber::Number(number)));
            code.digests().for_each(|digest| self.service().code_in_use.release(digest));
            self.service().collect_released().await;
            Ok(())
        })
        .await
    }
}
