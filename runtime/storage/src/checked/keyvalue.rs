use std::pin::Pin;

use async_trait::async_trait;
use lambent_types::{KeyspaceName, Namespace, Origin, bounds};

use super::{Checked, checked};
use crate::error::StorageError;
use crate::keyvalue::{Change, Entry, KeyPage, KeyValue, KeyValueError, Keyspace, ListKeys, rules};

/// What a method of an async trait returns.
type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

checked! { KeyValue {
    // Hands the inner future on. As an async function it would put it into another box, and a
    // read that is answered from memory takes about as long as two boxes.
    fn get<'life0, 'life1, 'life2, 'life3, 'async_trait>(
        &'life0 self,
        namespace: &'life1 Namespace,
        keyspace: &'life2 KeyspaceName,
        key: &'life3 str,
    ) -> Future<'async_trait, Result<Option<Entry>, KeyValueError>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        'life3: 'async_trait,
        Self: 'async_trait,
    {
        self.0.get(namespace, keyspace, key)
    }
    }
    create_keyspace(
        namespace: &Namespace,
        keyspace: &KeyspaceName
    ) -> Result<Keyspace, KeyValueError> {}
    delete_keyspace(
        namespace: &Namespace,
        keyspace: &KeyspaceName
    ) -> Result<(), KeyValueError> {}
    keyspace(
        namespace: &Namespace,
        keyspace: &KeyspaceName
    ) -> Result<Option<Keyspace>, StorageError> {}
    keyspaces(namespace: &Namespace) -> Result<Vec<Keyspace>, StorageError> {}
    get_many(
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        keys: &[String]
    ) -> Result<Vec<Option<Entry>>, KeyValueError> {}
    apply(
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        changes: Vec<Change>,
        origin: &Origin
    ) -> Result<Vec<Option<u64>>, KeyValueError> {
        rules::check_changes(&changes)?;
    }
    increment(
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
        by: i64,
        origin: &Origin
    ) -> Result<i64, KeyValueError> {
        rules::check_key(key)?;
    }
    list(
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        list: ListKeys
    ) -> Result<KeyPage, KeyValueError> {
        let list = ListKeys { limit: list.limit.clamp(1, bounds::PAGE_MAX), ..list };
    }
}
