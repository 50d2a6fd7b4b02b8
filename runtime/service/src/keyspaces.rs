//! Keyspaces and their keys.

use lambent_storage::{Change, Entry, Expect, KeyPage, KeyValueError, Keyspace, ListKeys, Stores};
use lambent_types::{
    Access, Configuration, Error, ErrorCode, Grant, KeyspaceName, Namespace, bounds,
};

use crate::client_errors;
use crate::contents::{Contained, check_stays, gone};
use crate::data_scope::DataScope;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// A keyspace and its keys.
pub type KeyspaceHandle<'s> = Handle<'s, KeyspaceName>;

impl ResourceName for KeyspaceName {
    const NOUN: &'static str = "keyspace";
    const NOT_FOUND: ErrorCode = ErrorCode::KeyspaceNotFound;
    const IS_CREATED_BY_NAME: bool = true;

    type Scope = DataScope;

    fn granted(&self, configuration: &Configuration) -> Option<Access> {
        configuration.grants.keyspaces.get(self).copied()
    }

    fn grant(&self, _: &Configuration, access: Access) -> Option<Grant> {
        Some(Grant::Keyspace(self.clone(), access))
    }

    async fn is_there(&self, stores: &Stores, namespace: &Namespace) -> bool {
        let found = stores.keyvalue.keyspace(namespace, self).await;
        !matches!(found, Ok(None))
    }
}

impl Scope {
    /// All keyspaces by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keyspaces(&self) -> Result<Vec<Keyspace>, Error> {
        self.perform(Operation::ListKeyspaces, "", async {
            Ok(self.stores().keyvalue.keyspaces(self.namespace()).await?)
        })
        .await
    }
}

impl KeyspaceHandle<'_> {
    /// The error that the client reads.
    fn refused(&self, error: KeyValueError) -> Error {
        client_errors::keyvalue(self.namespace(), self.name(), error)
    }

    /// Creates the keyspace, if it is not there already.
    ///
    /// # Errors
    /// `QuotaExceeded`; the store failed.
    pub async fn create(&self) -> Result<Put<Keyspace>, Error> {
        self.perform(Operation::PutKeyspace, async {
            let (namespace, name) = self.place();
            let keyvalue = &self.stores().keyvalue;
            loop {
                match keyvalue.create_keyspace(namespace, name).await {
                    Ok(value) => return Ok(Put { value, created: true }),
                    // Unless it was deleted in between: then it is created after all.
                    Err(KeyValueError::Exists) => {
                        if let Some(value) = keyvalue.keyspace(namespace, name).await? {
                            return Ok(Put { value, created: false });
                        }
                    }
                    Err(error) => return Err(self.refused(error)),
                }
            }
        })
        .await
    }

    /// Reads the keyspace itself.
    ///
    /// # Errors
    /// `KeyspaceNotFound`; the store failed.
    pub async fn describe(&self) -> Result<Keyspace, Error> {
        self.perform(Operation::DescribeKeyspace, async {
            let (namespace, name) = self.place();
            let found = self.stores().keyvalue.keyspace(namespace, name).await?;
            found.ok_or_else(|| self.not_found())
        })
        .await
    }

    /// Deletes the keyspace, which is empty and no trigger's.
    ///
    /// # Errors
    /// `KeyspaceNotFound`, `Conflict`; the store failed.
    pub async fn delete(&self) -> Result<(), Error> {
        self.perform(Operation::DeleteKeyspace, async {
            let (namespace, name) = self.place();
            let deleted = self.stores().keyvalue.delete_keyspace(namespace, name).await;
            deleted.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Lists keys.
    ///
    /// # Errors
    /// `KeyspaceNotFound`, `InvalidRequest`; the store failed.
    pub async fn list(&self, list: ListKeys) -> Result<KeyPage, Error> {
        self.perform(Operation::ListKeys, async {
            let (namespace, name) = self.place();
            let page = self.stores().keyvalue.list(namespace, name, list).await;
            page.map_err(|error| self.refused(error))
        })
        .await
    }

    /// The value of a key; none if there is no such key.
    ///
    /// # Errors
    /// `KeyspaceNotFound`; the store failed.
    pub async fn find(&self, key: &str) -> Result<Option<Entry>, Error> {
        self.perform(Operation::GetKey, async {
            let (namespace, name) = self.place();
            let found = self.stores().keyvalue.get(namespace, name, key).await;
            found.map_err(|error| self.refused(error))
        })
        .await
    }

    /// The value of a key.
    ///
    /// # Errors
    /// `KeyspaceNotFound`, `KeyNotFound`; the store failed.
    pub async fn get(&self, key: &str) -> Result<Entry, Error> {
        self.find(key).await?.ok_or_else(|| client_errors::no_key(self.name(), key))
    }

    /// The values of keys, in their order; none where there is no such key.
    ///
    /// # Errors
    /// `KeyspaceNotFound`, `InvalidRequest` (they are too many); the store failed.
    pub async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        self.perform(Operation::GetKey, async {
            let (namespace, name) = self.place();
            let found = self.stores().keyvalue.get_many(namespace, name, keys).await;
            found.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Makes changes, all or none. Returns the revision that each key has then;
    /// none where there was nothing to delete.
    ///
    /// # Errors
    /// `KeyspaceNotFound`, `PreconditionFailed`, `InvalidRequest`,
    /// `QuotaExceeded`; the store failed.
    pub async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Option<u64>>, Error> {
        self.perform(Operation::ChangeKeys, async {
            let (namespace, name) = self.place();
            let origin = self.data_scope().change_origin()?;
            let made = self.stores().keyvalue.apply(namespace, name, changes, origin).await;
            made.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Adds to a counter, a decimal number that is 0 where there is none. Returns
    /// what it is then.
    ///
    /// # Errors
    /// `KeyspaceNotFound`, `Conflict` (its value is no number), `QuotaExceeded`;
    /// the store failed.
    pub async fn increment(&self, key: &str, by: i64) -> Result<i64, Error> {
        self.perform(Operation::IncrementKey, async {
            let (namespace, name) = self.place();
            let origin = self.data_scope().change_origin()?;
            let value = self.stores().keyvalue.increment(namespace, name, key, by, origin).await;
            value.map_err(|error| self.refused(error))
        })
        .await
    }
}

impl Contained for KeyspaceName {
    async fn held(scope: &Scope) -> Result<Vec<Self>, Error> {
        Ok(scope.keyspaces().await?.into_iter().map(|keyspace| keyspace.name).collect())
    }

    async fn delete_all(scope: &Scope) -> Result<(), Error> {
        for name in Self::held(scope).await? {
            empty_and_delete(&scope.named(name)).await?;
        }
        Ok(())
    }
}

async fn empty_and_delete(keyspace: &KeyspaceHandle<'_>) -> Result<(), Error> {
    loop {
        let list = ListKeys {
            prefix: String::new(),
            after: None,
            limit: bounds::BATCH_MAX.min(bounds::PAGE_MAX),
        };
        let page = keyspace.list(list).await?;
        check_stays(keyspace.scope())?;
        if page.keys.is_empty() {
            return gone(keyspace.delete().await);
        }
        let delete = |key| Change::Delete { key, expect: Expect::Any };
        keyspace.apply(page.keys.into_iter().map(delete).collect()).await?;
    }
}
