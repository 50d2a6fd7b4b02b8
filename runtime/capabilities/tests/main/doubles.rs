//! Stores that keep what they are given, and who is said to have given it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use lambent_storage::{
    Change, Depth, Entry, Expect, KeyPage, KeyValue, KeyValueError, Keyspace, ListKeys, Message,
    NewMessage, Queue, QueueAttributes, QueueError, Queues, Receipt, Sent, StorageError,
};
use lambent_types::{KeyspaceName, Namespace, Origin, QueueName};

type Place = (String, String);

/// Keyspaces, which exist when [`create`](Self::create) says so.
#[derive(Default)]
pub(crate) struct Keys {
    spaces: Mutex<BTreeMap<Place, BTreeMap<String, (Bytes, u64)>>>,
    revision: Mutex<u64>,
    pub(crate) origins: Mutex<Vec<Origin>>,
}

fn place(namespace: &Namespace, name: &impl ToString) -> Place {
    (namespace.to_string(), name.to_string())
}

impl Keys {
    pub(crate) fn create(&self, namespace: &str, keyspace: &str) {
        self.spaces.lock().unwrap().insert((namespace.into(), keyspace.into()), BTreeMap::new());
    }

    pub(crate) fn value(&self, namespace: &str, keyspace: &str, key: &str) -> Option<Bytes> {
        let spaces = self.spaces.lock().unwrap();
        let found = spaces.get(&(namespace.into(), keyspace.into()))?.get(key)?;
        Some(found.0.clone())
    }

    fn with<R>(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        work: impl FnOnce(&mut BTreeMap<String, (Bytes, u64)>) -> Result<R, KeyValueError>,
    ) -> Result<R, KeyValueError> {
        let mut spaces = self.spaces.lock().unwrap();
        let space = spaces.get_mut(&place(namespace, keyspace));
        work(space.ok_or(KeyValueError::NoKeyspace)?)
    }
}

#[async_trait]
impl KeyValue for Keys {
    async fn create_keyspace(
        &self,
        _: &Namespace,
        _: &KeyspaceName,
    ) -> Result<Keyspace, KeyValueError> {
        unreachable!("no interface creates keyspaces")
    }

    async fn delete_keyspace(&self, _: &Namespace, _: &KeyspaceName) -> Result<(), KeyValueError> {
        unreachable!("no interface deletes keyspaces")
    }

    async fn keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Option<Keyspace>, StorageError> {
        let found = self.spaces.lock().unwrap().contains_key(&place(namespace, keyspace));
        Ok(found.then(|| Keyspace { name: keyspace.clone(), created: Timestamp::UNIX_EPOCH }))
    }

    async fn keyspaces(&self, _: &Namespace) -> Result<Vec<Keyspace>, StorageError> {
        unreachable!("no interface lists keyspaces")
    }

    async fn get(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
    ) -> Result<Option<Entry>, KeyValueError> {
        self.with(namespace, keyspace, |space| {
            let found = space.get(key).cloned();
            Ok(found.map(|(value, revision)| Entry { value, revision, expires: None }))
        })
    }

    async fn get_many(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        keys: &[String],
    ) -> Result<Vec<Option<Entry>>, KeyValueError> {
        let mut found = Vec::new();
        for key in keys {
            found.push(self.get(namespace, keyspace, key).await?);
        }
        Ok(found)
    }

    async fn apply(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        changes: Vec<Change>,
        origin: &Origin,
    ) -> Result<Vec<Option<u64>>, KeyValueError> {
        self.origins.lock().unwrap().push(origin.clone());
        self.with(namespace, keyspace, |space| {
            let mut revisions = Vec::new();
            for change in changes {
                let mut revision = self.revision.lock().unwrap();
                *revision += 1;
                match change {
                    Change::Set { key, value, options } => {
                        let current = space.get(&key).map(|(_, revision)| *revision);
                        let good = match options.expect {
                            Expect::Any => true,
                            Expect::Absent => current.is_none(),
                            Expect::Revision(expected) => current == Some(expected),
                        };
                        if !good {
                            return Err(KeyValueError::Expectation { key, current });
                        }
                        space.insert(key, (value, *revision));
                        revisions.push(Some(*revision));
                    }
                    Change::Delete { key, .. } => {
                        revisions.push(space.remove(&key).map(|_| *revision));
                    }
                }
            }
            Ok(revisions)
        })
    }

    async fn increment(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
        by: i64,
        origin: &Origin,
    ) -> Result<i64, KeyValueError> {
        self.origins.lock().unwrap().push(origin.clone());
        self.with(namespace, keyspace, |space| {
            let text = space.get(key).map_or("0".into(), |(value, _)| value.clone());
            let value: Option<i64> = String::from_utf8_lossy(&text).parse().ok();
            let value = value.and_then(|value| value.checked_add(by));
            let value = value.ok_or_else(|| KeyValueError::NotACounter(key.to_owned()))?;
            space.insert(key.to_owned(), (value.to_string().into(), 0));
            Ok(value)
        })
    }

    async fn list(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        list: ListKeys,
    ) -> Result<KeyPage, KeyValueError> {
        self.with(namespace, keyspace, |space| {
            let after = list.after.unwrap_or_default();
            let keys = space.keys().filter(|key| **key > after).cloned();
            let mut keys: Vec<_> = keys.take(list.limit + 1).collect();
            let more = keys.len() > list.limit;
            keys.truncate(list.limit);
            Ok(KeyPage { next: more.then(|| keys.last().unwrap().clone()), keys })
        })
    }
}

/// Queues, which exist when [`create`](Self::create) says so, and are only sent to.
#[derive(Default)]
pub(crate) struct Mailbox {
    pub(crate) sent: Mutex<BTreeMap<Place, Vec<(NewMessage, Origin)>>>,
}

impl Mailbox {
    pub(crate) fn create(&self, namespace: &str, queue: &str) {
        self.sent.lock().unwrap().insert((namespace.into(), queue.into()), Vec::new());
    }

    pub(crate) fn of(&self, namespace: &str, queue: &str) -> Vec<(NewMessage, Origin)> {
        self.sent.lock().unwrap()[&(namespace.into(), queue.into())].clone()
    }
}

#[async_trait]
impl Queues for Mailbox {
    async fn send(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<NewMessage>,
        origin: &Origin,
    ) -> Result<Vec<Sent>, QueueError> {
        let mut sent = self.sent.lock().unwrap();
        let queue = sent.get_mut(&place(namespace, queue)).ok_or(QueueError::NoQueue)?;
        let count = messages.len();
        queue.extend(messages.into_iter().map(|message| (message, origin.clone())));
        Ok(vec![Sent { id: "1".into(), sequence: 1, duplicate: false }; count])
    }

    async fn put_queue(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: QueueAttributes,
    ) -> Result<Queue, QueueError> {
        unreachable!("no interface creates queues")
    }

    async fn delete_queue(&self, _: &Namespace, _: &QueueName) -> Result<(), QueueError> {
        unreachable!("no interface deletes queues")
    }

    async fn queue(&self, _: &Namespace, _: &QueueName) -> Result<Option<Queue>, StorageError> {
        unreachable!("no interface reads queues")
    }

    async fn queues(&self, _: &Namespace) -> Result<Vec<Queue>, StorageError> {
        unreachable!("no interface lists queues")
    }

    async fn depth(&self, _: &Namespace, _: &QueueName) -> Result<Depth, QueueError> {
        unreachable!("no interface measures queues")
    }

    async fn receive(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: usize,
        _: Option<Duration>,
        _: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        unreachable!("no interface receives")
    }

    async fn delete(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: &[Receipt],
    ) -> Result<Vec<bool>, QueueError> {
        unreachable!("no interface deletes messages")
    }

    async fn change_visibility(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: &Receipt,
        _: Duration,
    ) -> Result<(), QueueError> {
        unreachable!("no interface changes visibility")
    }

    async fn purge(&self, _: &Namespace, _: &QueueName) -> Result<u64, QueueError> {
        unreachable!("no interface purges")
    }

    async fn redrive(&self, _: &Namespace, _: &QueueName, _: usize) -> Result<u64, QueueError> {
        unreachable!("no interface redrives")
    }
}
