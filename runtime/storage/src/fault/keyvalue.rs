use async_trait::async_trait;
use lambent_types::{KeyspaceName, Namespace, Origin};

use super::forward::forward;
use super::{Call, Faulty};
use crate::error::StorageError;
use crate::keyvalue::{Change, Entry, KeyPage, KeyValue, KeyValueError, Keyspace, ListKeys, rules};

forward! { KeyValue:
    change create_keyspace(
        namespace: &Namespace, keyspace: &KeyspaceName
    ) -> Result<Keyspace, KeyValueError>;
    free delete_keyspace(
        namespace: &Namespace, keyspace: &KeyspaceName
    ) -> Result<(), KeyValueError>;
    read keyspace(
        namespace: &Namespace, keyspace: &KeyspaceName
    ) -> Result<Option<Keyspace>, StorageError>;
    read keyspaces(namespace: &Namespace) -> Result<Vec<Keyspace>, StorageError>;
    read get(
        namespace: &Namespace, keyspace: &KeyspaceName, key: &str
    ) -> Result<Option<Entry>, KeyValueError>;
    read get_many(
        namespace: &Namespace, keyspace: &KeyspaceName, keys: &[String]
    ) -> Result<Vec<Option<Entry>>, KeyValueError>;
    call(if rules::only_deletes(&changes) { Call::Free } else { Call::Change }) apply(
        namespace: &Namespace, keyspace: &KeyspaceName, changes: Vec<Change>, origin: &Origin
    ) -> Result<Vec<Option<u64>>, KeyValueError>;
    change increment(
        namespace: &Namespace, keyspace: &KeyspaceName, key: &str, by: i64, origin: &Origin
    ) -> Result<i64, KeyValueError>;
    read list(
        namespace: &Namespace, keyspace: &KeyspaceName, list: ListKeys
    ) -> Result<KeyPage, KeyValueError>;
}
