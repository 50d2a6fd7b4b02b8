//! Stores that keep what they are given, and who is said to have given it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lambent_storage::contract::samples;
use lambent_storage::{
    Change, Depth, Entry, GiveUp, KeyPage, KeyValue, KeyValueError, Keyspace, ListKeys, Message,
    MoveBack, MovedBack, NewMessage, Peeked, Queue, QueueAttributes, QueueError, Queues, Quotas,
    Receipt, Sent, StorageError, Stores,
};
use lambent_types::{KeyspaceName, Namespace, Origin, QueueName, SystemClock};

/// Keyspaces that note the origin of every change.
pub(crate) struct Keys {
    inner: Arc<dyn KeyValue>,
    pub(crate) origins: Mutex<Vec<Origin>>,
}

impl Keys {
    pub(crate) fn new(quotas: Quotas) -> Self {
        let inner = Stores::memory(Arc::new(SystemClock), quotas).keyvalue;
        Self { inner, origins: Mutex::default() }
    }

    pub(crate) async fn create(&self, namespace: &str, keyspace: &str) {
        let (namespace, keyspace) = (samples::namespace(namespace), keyspace.parse().unwrap());
        self.inner.create_keyspace(&namespace, &keyspace).await.unwrap();
    }

    pub(crate) async fn value(&self, namespace: &str, keyspace: &str, key: &str) -> Option<Bytes> {
        let (namespace, keyspace) = (samples::namespace(namespace), keyspace.parse().unwrap());
        let entry = self.inner.get(&namespace, &keyspace, key).await.unwrap();
        entry.map(|entry| entry.value)
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
        self.inner.keyspace(namespace, keyspace).await
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
        self.inner.get(namespace, keyspace, key).await
    }

    async fn get_many(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        keys: &[String],
    ) -> Result<Vec<Option<Entry>>, KeyValueError> {
        self.inner.get_many(namespace, keyspace, keys).await
    }

    async fn apply(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        changes: Vec<Change>,
        origin: &Origin,
    ) -> Result<Vec<Option<u64>>, KeyValueError> {
        self.origins.lock().unwrap().push(origin.clone());
        self.inner.apply(namespace, keyspace, changes, origin).await
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
        self.inner.increment(namespace, keyspace, key, by, origin).await
    }

    async fn list(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        list: ListKeys,
    ) -> Result<KeyPage, KeyValueError> {
        self.inner.list(namespace, keyspace, list).await
    }
}

type Place = (String, String);

fn place(namespace: &Namespace, name: &impl ToString) -> Place {
    (namespace.to_string(), name.to_string())
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

    async fn queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
    ) -> Result<Option<Queue>, StorageError> {
        let is_there = self.sent.lock().unwrap().contains_key(&place(namespace, name));
        let (attributes, created) = (QueueAttributes::default(), jiff::Timestamp::UNIX_EPOCH);
        Ok(is_there.then(|| Queue { name: name.clone(), attributes, created, modified: created }))
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
        _: lambent_storage::Visibility,
        _: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        unreachable!("no interface receives")
    }

    async fn receive_firsts(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: usize,
        _: lambent_storage::Visibility,
        _: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        unreachable!("no interface receives")
    }

    async fn release(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: &[(Receipt, Duration)],
    ) -> Result<Vec<bool>, QueueError> {
        unreachable!("no interface gives messages back")
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

    async fn peek(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: u64,
        _: usize,
    ) -> Result<Vec<Peeked>, QueueError> {
        unreachable!("guests do not look at messages")
    }

    async fn give_up(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: Vec<GiveUp>,
    ) -> Result<Vec<bool>, QueueError> {
        unreachable!("guests give no messages up")
    }

    async fn redrive(
        &self,
        _: &Namespace,
        _: &QueueName,
        _: MoveBack,
    ) -> Result<MovedBack, QueueError> {
        unreachable!("guests do not redrive")
    }
}
