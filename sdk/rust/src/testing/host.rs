use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// What a function may do with a resource, as in the grants of `lambent.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `"read"`
    Read,
    /// `"write"`
    Write,
    /// `"read-write"`
    ReadWrite,
}

impl Access {
    pub(super) fn reads(self) -> bool {
        self != Self::Write
    }

    pub(super) fn writes(self) -> bool {
        self != Self::Read
    }
}

/// A message that was sent to a queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sent {
    /// The body.
    pub body: Vec<u8>,
    /// The body's media type, if it was given one.
    pub content_type: Option<String>,
    /// The attributes by name; the group and the deduplication id of a FIFO queue are
    /// `lambent-group` and `lambent-deduplication`.
    pub attributes: BTreeMap<String, String>,
}

/// The stores that the clients of this crate reach in a test: those that were granted, in memory.
///
/// They are there for the thread that made the host, until it is dropped. One that is made later
/// on the same thread takes its place meanwhile.
#[derive(Debug)]
#[must_use = "the stores are there as long as the host is"]
pub struct Host {
    state: Shared,
    earlier: Option<Shared>,
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

/// A resource with what was granted of it.
#[derive(Debug)]
pub(super) struct Granted<T> {
    pub(super) access: Access,
    pub(super) content: T,
}

/// A value of a key.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) value: Vec<u8>,
    /// Grows with each change, so that a value that was set and set back is another.
    pub(super) revision: u64,
}

#[derive(Debug)]
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    pub(super) created: SystemTime,
}

type Granteds<T> = BTreeMap<String, Granted<T>>;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) keyspaces: Granteds<BTreeMap<String, Entry>>,
    pub(super) buckets: Granteds<BTreeMap<String, Object>>,
    pub(super) queues: Granteds<Vec<Sent>>,
    revision: u64,
}

impl State {
    pub(super) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }
}

pub(super) type Shared = Arc<Mutex<State>>;

thread_local! {
    static CURRENT: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// The stores of this thread's host.
///
/// # Errors
/// There is none, in words.
pub(super) fn current() -> Result<Shared, String> {
    CURRENT.with_borrow(Clone::clone).ok_or_else(|| {
        "there is no host on this thread: in a test make a lambent_sdk::testing::Host first".into()
    })
}

/// Locks what a test that failed may have left locked.
pub(super) fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// Makes a host without any store, for this thread.
    pub fn new() -> Self {
        let state = Shared::default();
        let earlier = CURRENT.replace(Some(state.clone()));
        Self { state, earlier, _thread: PhantomData }
    }

    /// Grants a keyspace, which is empty.
    pub fn keyspace(self, name: &str, access: Access) -> Self {
        let granted = Granted { access, content: BTreeMap::new() };
        lock(&self.state).keyspaces.insert(name.to_owned(), granted);
        self
    }

    /// Grants a bucket, which is empty.
    pub fn bucket(self, name: &str, access: Access) -> Self {
        let granted = Granted { access, content: BTreeMap::new() };
        lock(&self.state).buckets.insert(name.to_owned(), granted);
        self
    }

    /// Grants a queue, to which nothing was sent.
    pub fn queue(self, name: &str, access: Access) -> Self {
        let granted = Granted { access, content: Vec::new() };
        lock(&self.state).queues.insert(name.to_owned(), granted);
        self
    }

    /// Gives a key a value, whatever was granted.
    ///
    /// # Panics
    /// The keyspace was not granted at all.
    #[track_caller]
    pub fn set(&self, keyspace: &str, key: &str, value: impl AsRef<[u8]>) {
        let mut state = lock(&self.state);
        let entry = Entry { value: value.as_ref().to_vec(), revision: state.next_revision() };
        let keyspace = state.keyspaces.get_mut(keyspace).unwrap_or_else(|| unknown(keyspace));
        keyspace.content.insert(key.to_owned(), entry);
    }

    /// Returns the value of a key, if it has one.
    ///
    /// # Panics
    /// The keyspace was not granted at all.
    #[must_use]
    #[track_caller]
    pub fn get(&self, keyspace: &str, key: &str) -> Option<Vec<u8>> {
        let state = lock(&self.state);
        let keyspace = state.keyspaces.get(keyspace).unwrap_or_else(|| unknown(keyspace));
        keyspace.content.get(key).map(|entry| entry.value.clone())
    }

    /// Writes an object, whatever was granted.
    ///
    /// # Panics
    /// The bucket was not granted at all.
    #[track_caller]
    pub fn put(&self, bucket: &str, key: &str, bytes: impl AsRef<[u8]>) {
        let mut state = lock(&self.state);
        let bucket = state.buckets.get_mut(bucket).unwrap_or_else(|| unknown(bucket));
        let object = Object { bytes: bytes.as_ref().to_vec(), created: SystemTime::now() };
        bucket.content.insert(key.to_owned(), object);
    }

    /// Returns the bytes of an object, if there is one of this key.
    ///
    /// # Panics
    /// The bucket was not granted at all.
    #[must_use]
    #[track_caller]
    pub fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let state = lock(&self.state);
        let bucket = state.buckets.get(bucket).unwrap_or_else(|| unknown(bucket));
        bucket.content.get(key).map(|object| object.bytes.clone())
    }

    /// Returns the messages that were sent to a queue, in their order.
    ///
    /// # Panics
    /// The queue was not granted at all.
    #[must_use]
    #[track_caller]
    pub fn sent(&self, queue: &str) -> Vec<Sent> {
        let state = lock(&self.state);
        state.queues.get(queue).unwrap_or_else(|| unknown(queue)).content.clone()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        CURRENT.set(self.earlier.take());
    }
}

#[track_caller]
fn unknown(name: &str) -> ! {
    panic!("this host has no {name:?}: grant it when it is made")
}
