use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

/// What the producers asked for, and what of it was acknowledged.
#[derive(Default)]
pub(super) struct Ledger(Mutex<Books>);

#[derive(Default, Clone)]
pub(super) struct Books {
    /// Objects that were acknowledged.
    pub(super) objects: BTreeSet<String>,
    /// For each key with one writer: the last value acknowledged, and the last sent.
    pub(super) keys: BTreeMap<String, Written>,
    /// Every value of a key that was acknowledged: `<key>/<value>`.
    pub(super) sets: BTreeSet<String>,
    /// For each counter: how many additions were acknowledged, and sent.
    pub(super) counters: BTreeMap<String, Written>,
    /// Messages of the standard queue that were acknowledged.
    pub(super) messages: BTreeSet<String>,
    /// For each FIFO group: the last message acknowledged, and sent.
    pub(super) groups: BTreeMap<String, Written>,
    /// Asynchronous invocations that were acknowledged.
    pub(super) invocations: BTreeSet<String>,
}

#[derive(Default, Clone, Copy)]
pub(super) struct Written {
    pub(super) acknowledged: u64,
    pub(super) sent: u64,
}

impl Ledger {
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    /// The books as they are now.
    pub(super) fn copy(&self) -> Self {
        Self(Mutex::new(self.books().clone()))
    }

    /// These books, with what was sent by the time of `later`.
    pub(super) fn with_sent_of(self, later: &Self) -> Self {
        {
            let (mut books, later) = (self.books(), later.books());
            let sent = |own: &mut BTreeMap<String, Written>, later: &BTreeMap<String, Written>| {
                for (name, written) in later {
                    own.entry(name.clone()).or_default().sent = written.sent;
                }
            };
            sent(&mut books.keys, &later.keys);
            sent(&mut books.counters, &later.counters);
        }
        self
    }

    pub(super) fn summary(&self) -> String {
        let books = self.books();
        let sum = |written: &BTreeMap<String, Written>| {
            written.values().map(|written| written.acknowledged).sum::<u64>()
        };
        format!(
            "acknowledged and found: {} objects, {} sets of keys, {} additions, {} messages, \
             {} FIFO messages, {} invocations",
            books.objects.len(),
            books.sets.len(),
            sum(&books.counters),
            books.messages.len(),
            sum(&books.groups),
            books.invocations.len()
        )
    }
}

/// The bytes of an object, which its name determines.
pub(super) fn contents(name: &str) -> Vec<u8> {
    let seed = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let length = usize::try_from(seed % 100_000).unwrap();
    name.bytes().cycle().take(length.max(1)).collect()
}

/// Whether the function is told never to handle this.
pub(super) fn is_poison(name: &str) -> bool {
    name.ends_with('7')
}
