use http::Method;
use lambent_types::KeyspaceName;

use super::{Answer, Call, Client, Error, Payload, answer};
use crate::{Batch, Counter, Increment, Keys, ListKeys, Revisions, SetKey, headers, paths, query};

/// A key's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Its revision.
    pub revision: Option<u64>,
    /// When it expires, if it does.
    pub expires: Option<String>,
}

fn of(path: &str, keyspace: &KeyspaceName, key: &str, query: &str) -> String {
    format!("{}{query}", paths::fill(path, &[keyspace.as_str(), key]))
}

fn revision(headers: &http::HeaderMap) -> Option<u64> {
    answer::tag(headers)?.parse().ok()
}

impl Client {
    /// A page of keys.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn list_keys(
        &self,
        keyspace: &KeyspaceName,
        list: &ListKeys,
    ) -> Result<Answer<Keys>, Error> {
        let query = query::write(list).map_err(Error::unsendable)?;
        let target = format!("{}{query}", paths::fill(paths::KEYS, &[keyspace.as_str()]));
        self.send(Call::new(Method::GET, target))
    }

    /// Reads a key.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn get_key(&self, keyspace: &KeyspaceName, key: &str) -> Result<Entry, Error> {
        let call = Call::new(Method::GET, of(paths::KEY, keyspace, key, ""));
        let answer: Answer = self.send(call)?;
        Ok(Entry {
            revision: revision(answer.headers()),
            expires: answer.header(headers::EXPIRES).map(str::to_owned),
            value: answer.into_body(),
        })
    }

    /// Sets a key; returns its new revision. With a revision, only if the key is at
    /// that; 0: only if it is new.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn set_key(
        &self,
        keyspace: &KeyspaceName,
        key: &str,
        value: &[u8],
        set: SetKey,
        if_revision: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        let query = query::write(&set).map_err(Error::unsendable)?;
        let call = Call::new(Method::PUT, of(paths::KEY, keyspace, key, &query))
            .body("application/octet-stream", Payload::Bytes(value));
        let answer: Answer = self.send(call.if_revision(if_revision))?;
        Ok(revision(answer.headers()))
    }

    /// Deletes a key, if there is one.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_key(
        &self,
        keyspace: &KeyspaceName,
        key: &str,
        if_revision: Option<u64>,
    ) -> Result<(), Error> {
        let call = Call::new(Method::DELETE, of(paths::KEY, keyspace, key, ""));
        self.send::<()>(call.if_revision(if_revision)).map(drop)
    }

    /// Adds to a counter.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn increment_key(
        &self,
        keyspace: &KeyspaceName,
        key: &str,
        by: i64,
    ) -> Result<Answer<Counter>, Error> {
        let query = query::write(&Increment { by: Some(by) }).map_err(Error::unsendable)?;
        self.send(Call::new(Method::POST, of(paths::INCREMENT, keyspace, key, &query)))
    }

    /// Makes several changes, all or none.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn change_keys(
        &self,
        keyspace: &KeyspaceName,
        batch: &Batch,
    ) -> Result<Answer<Revisions>, Error> {
        let body = serde_json::to_vec(batch).map_err(Error::unsendable)?;
        let target = paths::fill(paths::BATCH, &[keyspace.as_str()]);
        self.send(Call::new(Method::POST, target).json(&body))
    }
}
