//! Keyspaces of the host in a test, in the place of the bindings of `wasi:keyvalue`.

use std::collections::BTreeMap;

use super::host::{self, Entry, Shared, lock};
use super::limits;

type Entries = BTreeMap<String, Entry>;

pub(crate) mod store {
    use super::{Entries, Shared, host, limits, lock};

    /// Keys that are listed at once.
    const PAGE: usize = 100;

    #[derive(Debug, Clone)]
    pub(crate) struct Bucket {
        state: Shared,
        name: String,
    }

    #[derive(Debug)]
    pub(crate) enum Error {
        /// A node tells a function nothing of keyspaces that it was not granted.
        #[expect(dead_code, reason = "the bindings have it")]
        NoSuchStore,
        AccessDenied,
        Other(String),
    }

    #[derive(Debug)]
    pub(crate) struct KeyResponse {
        pub(crate) keys: Vec<String>,
        pub(crate) cursor: Option<String>,
    }

    pub(crate) fn open(name: &str) -> Result<Bucket, Error> {
        let state = host::current().map_err(Error::Other)?;
        let is_granted = lock(&state).keyspaces.contains_key(name);
        let bucket = Bucket { state, name: name.to_owned() };
        is_granted.then_some(bucket).ok_or(Error::AccessDenied)
    }

    impl Bucket {
        pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
            self.read(|entries| entries.get(key).map(|entry| entry.value.clone()))
        }

        pub(crate) fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
            self.write(|entries, revision| super::set(entries, revision, key, value))
        }

        pub(crate) fn delete(&self, key: &str) -> Result<(), Error> {
            self.write(|entries, _| {
                entries.remove(key);
                Ok(())
            })
        }

        pub(crate) fn exists(&self, key: &str) -> Result<bool, Error> {
            self.read(|entries| entries.contains_key(key))
        }

        pub(crate) fn list_keys(&self, cursor: Option<&str>) -> Result<KeyResponse, Error> {
            self.read(|entries| {
                let after = |key: &&String| cursor.is_none_or(|cursor| key.as_str() > cursor);
                let mut keys: Vec<_> =
                    entries.keys().filter(after).take(PAGE + 1).cloned().collect();
                let more = keys.len() > PAGE;
                keys.truncate(PAGE);
                let cursor = keys.last().filter(|_| more).cloned();
                KeyResponse { keys, cursor }
            })
        }

        pub(super) fn read<T>(&self, read: impl FnOnce(&Entries) -> T) -> Result<T, Error> {
            let state = lock(&self.state);
            let keyspace = state.keyspaces.get(&self.name).filter(|granted| granted.access.reads());
            Ok(read(&keyspace.ok_or(Error::AccessDenied)?.content))
        }

        /// Changes the entries, with the next revision.
        pub(super) fn write<T>(
            &self,
            write: impl FnOnce(&mut Entries, u64) -> Result<T, Error>,
        ) -> Result<T, Error> {
            let mut state = lock(&self.state);
            let revision = state.next_revision();
            let keyspace = state.keyspaces.get_mut(&self.name);
            let keyspace = keyspace.filter(|granted| granted.access.writes());
            write(&mut keyspace.ok_or(Error::AccessDenied)?.content, revision)
        }
    }

    /// Whether a node takes it.
    pub(super) fn check(key: &str, value: &[u8]) -> Result<(), Error> {
        let sizes = [("key", key.len(), limits::KEY), ("value", value.len(), limits::VALUE)];
        for (what, bytes, most) in sizes {
            if bytes > most {
                let text = format!("the {what} has {bytes} bytes; {most} are the most");
                return Err(Error::Other(text));
            }
        }
        if key.is_empty() { Err(Error::Other("a key is empty".into())) } else { Ok(()) }
    }
}

pub(crate) mod batch {
    use super::set;
    use super::store::{Bucket, Error};

    pub(crate) type Values = Vec<(String, Option<Vec<u8>>)>;

    pub(crate) fn get_many(bucket: &Bucket, keys: &[String]) -> Result<Values, Error> {
        keys.iter().map(|key| Ok((key.clone(), bucket.get(key)?))).collect()
    }

    /// All of them or none.
    pub(crate) fn set_many(bucket: &Bucket, values: &[(String, Vec<u8>)]) -> Result<(), Error> {
        bucket.write(|entries, revision| {
            let mut changed = entries.clone();
            for (key, value) in values {
                set(&mut changed, revision, key, value)?;
            }
            *entries = changed;
            Ok(())
        })
    }
}

pub(crate) mod atomics {
    use super::set;
    use super::store::{Bucket, Error};

    /// A key whose value is changed if nobody else has changed it.
    #[derive(Debug)]
    pub(crate) struct Cas {
        bucket: Bucket,
        key: String,
        known: std::cell::Cell<Option<u64>>,
    }

    #[derive(Debug)]
    pub(crate) enum CasError {
        StoreError(Error),
        CasFailed(Cas),
    }

    impl Cas {
        pub(crate) fn new(bucket: &Bucket, key: &str) -> Result<Self, Error> {
            let known = bucket.read(|entries| entries.get(key).map(|entry| entry.revision))?;
            Ok(Self { bucket: bucket.clone(), key: key.to_owned(), known: known.into() })
        }

        pub(crate) fn current(&self) -> Result<Option<Vec<u8>>, Error> {
            let entry = self.bucket.read(|entries| entries.get(&self.key).cloned())?;
            self.known.set(entry.as_ref().map(|entry| entry.revision));
            Ok(entry.map(|entry| entry.value))
        }
    }

    pub(crate) fn swap(cas: Cas, value: &[u8]) -> Result<(), CasError> {
        let swapped = cas.bucket.write(|entries, revision| {
            if entries.get(&cas.key).map(|entry| entry.revision) != cas.known.get() {
                return Ok(false);
            }
            set(entries, revision, &cas.key, value).map(|()| true)
        });
        match swapped {
            Ok(true) => Ok(()),
            Ok(false) => {
                let newer = Cas::new(&cas.bucket, &cas.key).map_err(CasError::StoreError)?;
                Err(CasError::CasFailed(newer))
            }
            Err(error) => Err(CasError::StoreError(error)),
        }
    }

    pub(crate) fn increment(bucket: &Bucket, key: &str, delta: i64) -> Result<i64, Error> {
        bucket.write(|entries, revision| {
            let text = entries.get(key).map(|entry| String::from_utf8_lossy(&entry.value));
            let number = text.map_or(Ok(0), |text| text.parse::<i64>()).map_err(|_| {
                Error::Other(format!("the value of {key:?} is no number, and cannot be counted up"))
            })?;
            let sum = number.checked_add(delta).ok_or_else(|| {
                Error::Other(format!("the value of {key:?} would be beyond 64 bits"))
            })?;
            set(entries, revision, key, sum.to_string().as_bytes()).map(|()| sum)
        })
    }
}

fn set(entries: &mut Entries, revision: u64, key: &str, value: &[u8]) -> Result<(), store::Error> {
    store::check(key, value)?;
    entries.insert(key.to_owned(), Entry { value: value.to_vec(), revision });
    Ok(())
}
