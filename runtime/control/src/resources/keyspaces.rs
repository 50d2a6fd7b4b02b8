use lambent_storage::{KeyValueError, Keyspace};
use lambent_types::{Error, KeyspaceName, Namespace};

use super::Put;
use crate::control::Control;
use crate::explain;

impl Control {
    /// Creates a keyspace, if it is not there already.
    ///
    /// # Errors
    /// `QuotaExceeded`; the store failed.
    pub async fn put_keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Put<Keyspace>, Error> {
        loop {
            match self.stores.keyvalue.create_keyspace(namespace, keyspace).await {
                Ok(value) => return Ok(Put { value, created: true }),
                // Unless it was deleted in between: then it is created after all.
                Err(KeyValueError::Exists) => {
                    if let Some(value) = self.stores.keyvalue.keyspace(namespace, keyspace).await? {
                        return Ok(Put { value, created: false });
                    }
                }
                Err(error) => return Err(explain::keyvalue(namespace, keyspace, error)),
            }
        }
    }

    /// Reads one keyspace.
    ///
    /// # Errors
    /// `KeyspaceNotFound`; the store failed.
    pub async fn keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Keyspace, Error> {
        let found = self.stores.keyvalue.keyspace(namespace, keyspace).await?;
        found.ok_or_else(|| explain::no_keyspace(namespace, keyspace))
    }

    /// All keyspaces by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keyspaces(&self, namespace: &Namespace) -> Result<Vec<Keyspace>, Error> {
        Ok(self.stores.keyvalue.keyspaces(namespace).await?)
    }

    /// Deletes an empty keyspace that no trigger is for.
    ///
    /// # Errors
    /// `KeyspaceNotFound`, `Conflict`; the store failed.
    pub async fn delete_keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<(), Error> {
        let deleted = self.stores.keyvalue.delete_keyspace(namespace, keyspace).await;
        deleted.map_err(|error| explain::keyvalue(namespace, keyspace, error))
    }
}
