//! Aliases of a function: put, read, delete.

use lambent_storage::{Expected, WriteError};
use lambent_types::{
    Alias, AliasName, AliasSettings, Error, ErrorCode, Function, Precondition, Revision,
    Validators, bounds,
};

use super::FunctionHandle;
use super::errors::refused;
use crate::handle::Put;
use crate::operation::Operation;

impl FunctionHandle<'_> {
    /// Lists at most `limit` aliases whose names follow `after`, by lower-case name.
    ///
    /// # Errors
    /// `FunctionNotFound`; the store failed.
    pub async fn aliases(
        &self,
        after: Option<&AliasName>,
        limit: usize,
    ) -> Result<Vec<Alias>, Error> {
        self.perform(Operation::ListAliases, async {
            let function = self.describe().await?;
            Ok(function.aliases.after(after).take(limit).cloned().collect())
        })
        .await
    }

    /// Reads one alias.
    ///
    /// # Errors
    /// `FunctionNotFound`, `AliasNotFound`; the store failed.
    pub async fn alias(&self, name: &AliasName) -> Result<Alias, Error> {
        self.perform(Operation::DescribeAlias, async {
            let function = self.describe().await?;
            let alias = function.aliases.get(name).cloned();
            alias.ok_or_else(|| self.no_alias(name))
        })
        .await
    }

    /// Creates an alias, or makes the one that is there what `settings` says, in one step: whatever
    /// begins after this returns goes by it.
    ///
    /// # Errors
    /// `InvalidConfiguration`, `FunctionNotFound`, `VersionNotFound`, `PreconditionFailed`,
    /// `Conflict` (there are too many, or it is being released); the store failed.
    pub async fn put_alias(
        &self,
        name: &AliasName,
        settings: AliasSettings,
        expected: &Precondition,
    ) -> Result<Put<Alias>, Error> {
        self.perform(Operation::PutAlias, async {
            loop {
                let function = self.describe().await?;
                let current = function.aliases.get(name);
                // First: what is wrong with the settings may be that they are of a release.
                self.check_not_released(current)?;
                settings.validate()?;
                self.check_alias(name, expected, current.map(|alias| alias.revision))?;
                for number in settings.numbers() {
                    self.version(number).await?;
                }
                let now = self.service().clock.now();
                let mut alias = Alias::new(name.clone(), settings.clone(), now);
                alias.release = current.and_then(|current| current.release.clone());
                let seen = current.map_or(Expected::Absent, |one| Expected::Revision(one.revision));
                if let Some(function) = self.try_alias(alias, seen).await? {
                    let value = function.aliases.get(name).cloned();
                    let value = value.ok_or_else(|| self.no_alias(name))?;
                    return Ok(Put { value, created: current.is_none() });
                }
            }
        })
        .await
    }

    /// Puts an alias, unless it is no longer as it was `seen`, or a version is gone: then another
    /// change was first, and the caller looks again.
    pub(super) async fn try_alias(
        &self,
        alias: Alias,
        seen: Expected,
    ) -> Result<Option<std::sync::Arc<Function>>, Error> {
        let (namespace, name) = self.place();
        let called = alias.name.clone();
        match self.stores().registry.put_alias(namespace, name, alias, Some(seen)).await {
            Ok(function) => Ok(Some(function)),
            // A version that was deleted meanwhile is missed, and named, by who looks again.
            Err(WriteError::Conflict { .. } | WriteError::VersionNotFound) => Ok(None),
            Err(WriteError::TooManyAliases) => {
                let most = bounds::ALIASES_MAX;
                let detail = format!(
                    "function \"{name}\" has {most} aliases, and that is the most; delete some \
                     before you make \"{called}\""
                );
                Err(Error::new(ErrorCode::Conflict, detail))
            }
            Err(error) => Err(refused(error, namespace, name)),
        }
    }

    /// Deletes an alias, which no trigger and no schedule may name. The versions stay. Events that
    /// wait for what it leads to are given up when their turn comes, as the head says.
    ///
    /// # Errors
    /// `FunctionNotFound`, `AliasNotFound`, `PreconditionFailed`, `Conflict` (triggers or schedules
    /// name it, or it is being released); the store failed.
    pub async fn delete_alias(
        &self,
        name: &AliasName,
        expected: &Precondition,
    ) -> Result<(), Error> {
        self.perform(Operation::DeleteAlias, async {
            let _wiring = self.service().wiring.lock().await;
            loop {
                let alias = self.alias(name).await?;
                let revision = alias.revision;
                self.check_alias(name, expected, Some(revision))?;
                self.check_not_released(Some(&alias))?;
                self.check_alias_unwired(name).await?;
                let seen = Some(Expected::Revision(revision));
                let (namespace, function) = self.place();
                let registry = &self.stores().registry;
                match registry.delete_alias(namespace, function, name, seen).await {
                    Ok(()) => return Ok(()),
                    // Another change was first: look again.
                    Err(WriteError::Conflict { .. }) => {}
                    Err(WriteError::AliasNotFound) => return Err(self.no_alias(name)),
                    Err(error) => return Err(refused(error, namespace, function)),
                }
            }
        })
        .await
    }

    /// Fails while an alias is being released: whoever changes it then does not know what it becomes.
    fn check_not_released(&self, alias: Option<&Alias>) -> Result<(), Error> {
        let Some(alias) = alias else { return Ok(()) };
        alias.check_not_released().map_err(|refused| self.under_way(&alias.name, &refused))
    }

    pub(super) fn no_alias(&self, name: &AliasName) -> Error {
        let detail = format!("function \"{}\" has no alias \"{name}\"", self.name());
        Error::new(ErrorCode::AliasNotFound, detail)
    }

    /// Fails unless an alias is as expected.
    fn check_alias(
        &self,
        name: &AliasName,
        expected: &Precondition,
        current: Option<Revision>,
    ) -> Result<(), Error> {
        let tag = current.map(|revision| revision.0.to_string());
        let validators = tag.as_deref().map(|tag| Validators { tag: Some(tag), modified: None });
        expected.check(validators).map_err(|_| {
            let function = self.name();
            let detail = match current {
                Some(Revision(current)) if expected.if_match.is_some() => format!(
                    "alias \"{name}\" of function \"{function}\" is at revision {current}; read it \
                     and apply the change to what it is now"
                ),
                Some(Revision(current)) => format!(
                    "alias \"{name}\" of function \"{function}\" exists already, at revision \
                     {current}"
                ),
                None => format!(
                    "function \"{function}\" has no alias \"{name}\", so it has no such revision"
                ),
            };
            Error::new(ErrorCode::PreconditionFailed, detail)
        })
    }
}
