//! Keys and values, over `wasi:keyvalue`; the feature `keyspace`.
//!
//! A function reaches the keyspaces it was granted: `keyspaces = { stock = "read-write" }`.
//!
//! ```no_run
//! # fn main() -> Result<(), lambent_sdk::Failure> {
//! use lambent_sdk::keyspace::Keyspace;
//!
//! let stock = Keyspace::open("stock")?;
//! stock.set("lamp", "12")?;
//! let left = stock.increment("lamp", -1)?;
//! let name = stock.get("name/lamp")?.unwrap_or_default();
//! # Ok(())
//! # }
//! ```
//!
//! This uses the second draft of the interface, `0.2.0-draft2`: only that draft can
//! compare and swap, and count down as well as up.

use std::{error, fmt};

#[cfg(target_family = "wasm")]
use crate::bindings::keyspace::wasi::keyvalue;
#[cfg(not(target_family = "wasm"))]
use crate::testing::keyspace as keyvalue;
use keyvalue::atomics::{self, Cas, CasError};
use keyvalue::batch;
use keyvalue::store::{self, Bucket, Error};

/// A keyspace of the function's namespace.
#[derive(Debug)]
pub struct Keyspace {
    name: String,
    bucket: Bucket,
}

/// The reason why a keyspace did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyspaceError {
    /// There is no keyspace of this name.
    NotFound(String),
    /// The function was not granted the keyspace of this name, or not for this kind of access.
    Denied(String),
    /// Any other reason, in words.
    Other(String),
}

impl fmt::Display for KeyspaceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(name) => write!(formatter, "there is no keyspace {name:?}"),
            Self::Denied(name) => write!(
                formatter,
                "keyspace {name:?} was not granted for this; the log says what would grant it"
            ),
            Self::Other(text) => formatter.write_str(text),
        }
    }
}

impl error::Error for KeyspaceError {}

impl Keyspace {
    /// Opens the keyspace of this name.
    ///
    /// # Errors
    /// Fails if it does not exist, or the function was not granted it.
    pub fn open(name: &str) -> Result<Self, KeyspaceError> {
        let bucket = store::open(name).map_err(|error| named(name, error))?;
        Ok(Self { name: name.to_owned(), bucket })
    }

    /// Reads the value of a key, if it has one.
    ///
    /// # Errors
    /// Fails if the function may not read the keyspace, or reading fails.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyspaceError> {
        self.told(self.bucket.get(key))
    }

    /// Reads the values of several keys, in the order of the keys.
    ///
    /// # Errors
    /// Fails if the function may not read the keyspace, or reading fails.
    pub fn get_many<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Option<Vec<u8>>>, KeyspaceError> {
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let found = self.told(batch::get_many(&self.bucket, &keys))?;
        Ok(found.into_iter().map(|(_key, value)| value).collect())
    }

    /// Gives a key a value.
    ///
    /// # Errors
    /// Fails if the function may not write the keyspace, writing fails, or the value is
    /// too large.
    pub fn set(&self, key: &str, value: impl AsRef<[u8]>) -> Result<(), KeyspaceError> {
        self.told(self.bucket.set(key, value.as_ref()))
    }

    /// Gives several keys their values.
    ///
    /// # Errors
    /// Fails if the function may not write the keyspace, writing fails, or a value is too
    /// large.
    pub fn set_many<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
    ) -> Result<(), KeyspaceError> {
        let values: Vec<_> =
            values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        self.told(batch::set_many(&self.bucket, &values))
    }

    /// Deletes a key; one that does not exist is deleted already.
    ///
    /// # Errors
    /// Fails if the function may not write the keyspace, or writing fails.
    pub fn delete(&self, key: &str) -> Result<(), KeyspaceError> {
        self.told(self.bucket.delete(key))
    }

    /// Returns whether a key has a value.
    ///
    /// # Errors
    /// Fails if the function may not read the keyspace, or reading fails.
    pub fn exists(&self, key: &str) -> Result<bool, KeyspaceError> {
        self.told(self.bucket.exists(key))
    }

    /// Adds to the number that a key holds, in ASCII decimals, in one atomic step. A key
    /// without a value counts from 0. Returns the sum.
    ///
    /// # Errors
    /// Fails if the function may not write the keyspace, writing fails, or the value is not
    /// a number.
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, KeyspaceError> {
        self.told(atomics::increment(&self.bucket, key, delta))
    }

    /// Replaces the value of a key by the result of `change`, and tries again whenever
    /// another writer was faster. Returns the new value.
    ///
    /// # Errors
    /// Fails with the error of `change`, or if the function may not write the keyspace, or
    /// writing fails.
    pub fn update<E: From<KeyspaceError>>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<Vec<u8>>) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let mut handle = self.told(Cas::new(&self.bucket, key))?;
        loop {
            let value = change(self.told(handle.current())?)?;
            match atomics::swap(handle, &value) {
                Ok(()) => return Ok(value),
                Err(CasError::CasFailed(newer)) => handle = newer,
                Err(CasError::StoreError(error)) => return Err(named(&self.name, error).into()),
            }
        }
    }

    /// Lists all keys. A page is fetched when the iterator comes to it.
    #[must_use]
    pub fn list(&self) -> Keys<'_> {
        Keys { keyspace: self, page: Vec::new().into_iter(), next: Next::Start }
    }

    fn told<T>(&self, result: Result<T, Error>) -> Result<T, KeyspaceError> {
        result.map_err(|error| named(&self.name, error))
    }
}

fn named(name: &str, error: Error) -> KeyspaceError {
    match error {
        Error::NoSuchStore => KeyspaceError::NotFound(name.to_owned()),
        Error::AccessDenied => KeyspaceError::Denied(name.to_owned()),
        Error::Other(text) => KeyspaceError::Other(text),
    }
}

/// The keys of a keyspace.
#[derive(Debug)]
pub struct Keys<'a> {
    keyspace: &'a Keyspace,
    page: std::vec::IntoIter<String>,
    next: Next,
}

/// The cursor of the next page.
#[derive(Debug)]
enum Next {
    Start,
    Cursor(String),
    Nowhere,
}

impl Iterator for Keys<'_> {
    type Item = Result<String, KeyspaceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(key) = self.page.next() {
                return Some(Ok(key));
            }
            let cursor = match std::mem::replace(&mut self.next, Next::Nowhere) {
                Next::Start => None,
                Next::Cursor(cursor) => Some(cursor),
                Next::Nowhere => return None,
            };
            match self.keyspace.told(self.keyspace.bucket.list_keys(cursor.as_deref())) {
                Ok(page) => {
                    self.page = page.keys.into_iter();
                    self.next = page.cursor.map_or(Next::Nowhere, Next::Cursor);
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
