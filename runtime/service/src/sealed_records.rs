//! Records whose values are sealed, of one kind and of one namespace of clients.
//!
//! An *entry* says what is known of something under its name, in plain text; each of its *values* is a row of
//! its own, sealed. Both are changed at once, so that neither is ever there without the other.

use std::time::Duration;

use lambent_types::{Error, ErrorCode, Namespace};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::records::{Records, Write};
use crate::scope::Scope;
use crate::sealed_value::SealedValue;
use crate::secret_seed::SecretSeed;

/// What the key of an entry begins with; its name follows.
const ENTRY: &str = "entry ";
/// What the key of a value begins with.
const VALUE: &str = "value ";

/// Which value of which entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueOf<'a> {
    /// The name of its entry.
    pub(crate) name: &'a str,
    /// The id of its entry, which another of the same name does not have.
    pub(crate) id: &'a str,
    /// The version.
    pub(crate) version: &'a str,
}

/// A row with a value, and what else is known of its version.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row<V> {
    pub(crate) version: V,
    pub(crate) sealed: SealedValue,
}

/// The records of a kind in a namespace.
pub(crate) struct SealedRecords<'s> {
    records: Records<'s>,
    seed: SecretSeed,
    kind: &'static str,
    namespace: String,
}

impl Scope {
    /// Those of a kind in the scope's namespace.
    pub(crate) fn sealed(&self, kind: &'static str) -> Result<SealedRecords<'_>, Error> {
        let namespace = self.namespace().key();
        let store = &*self.stores().keyvalue;
        let records = Records::apart(store, &kept_in(self.namespace()), kind)?;
        Ok(SealedRecords { records, seed: self.service.seed, kind, namespace })
    }
}

/// The namespace that the sealed records of a namespace are kept in. Nobody can enter it, it counts against
/// no quota but its own, and its name is short however long the other's is.
fn kept_in(namespace: &Namespace) -> String {
    let digest = Sha256::digest(namespace.key());
    let digest = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("_sealed-{digest}")
}

impl ValueOf<'_> {
    /// No name and no id has a line's end.
    fn key(self) -> String {
        let Self { name, id, version } = self;
        format!("{VALUE}{name}\n{id}\n{version}")
    }
}

impl SealedRecords<'_> {
    /// The entry of a name, and its revision.
    pub(crate) async fn find<E: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<(E, u64)>, Error> {
        self.records.get_revision(&format!("{ENTRY}{name}")).await
    }

    /// The entries whose names begin so, by name.
    pub(crate) async fn list<E: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<E>, Error> {
        self.records.list(&format!("{ENTRY}{prefix}")).await
    }

    /// The names of all entries.
    pub(crate) async fn names(&self) -> Result<Vec<String>, Error> {
        let keys = self.records.keys(ENTRY).await?;
        Ok(keys.iter().filter_map(|key| key.strip_prefix(ENTRY)).map(str::to_owned).collect())
    }

    /// The row of a value.
    pub(crate) async fn row<V: DeserializeOwned>(
        &self,
        of: ValueOf<'_>,
    ) -> Result<Option<Row<V>>, Error> {
        self.records.get(&of.key()).await
    }

    /// Opens the value of a row.
    pub(crate) fn open<V>(&self, of: ValueOf<'_>, row: &Row<V>) -> Result<Vec<u8>, Error> {
        self.seed.decrypt(&self.place(of), &row.sealed)
    }

    /// Seals a value into a row.
    pub(crate) fn seal<V>(
        &self,
        of: ValueOf<'_>,
        version: V,
        value: &[u8],
    ) -> Result<Row<V>, Error> {
        Ok(Row { version, sealed: self.seed.encrypt(&self.place(of), value)? })
    }

    fn place<'a>(&'a self, of: ValueOf<'a>) -> [&'a str; 5] {
        [self.kind, &self.namespace, of.name, of.id, of.version]
    }

    /// The change that puts an entry in the place of the one of this revision, or of none.
    pub(crate) fn put_entry(
        name: &str,
        entry: &impl Serialize,
        revision: Option<u64>,
    ) -> Result<Write, Error> {
        let key = format!("{ENTRY}{name}");
        match revision {
            Some(revision) => Write::replace(key, entry, revision),
            None => Write::create(key, entry),
        }
    }

    /// The change that puts a row, which is there for this long, or for ever.
    pub(crate) fn put_row<V: Serialize>(
        of: ValueOf<'_>,
        row: &Row<V>,
        ttl: Option<Duration>,
    ) -> Result<Write, Error> {
        Write::put(of.key(), row, ttl)
    }

    /// The change that deletes an entry.
    pub(crate) fn delete_entry(name: &str) -> Write {
        Write::Delete(format!("{ENTRY}{name}"))
    }

    /// The change that deletes a row.
    pub(crate) fn delete_row(of: ValueOf<'_>) -> Write {
        Write::Delete(of.key())
    }

    /// Makes changes, all or none. Returns whether it did: not if an entry is another by now.
    pub(crate) async fn write(&self, writes: &[Write]) -> Result<bool, Error> {
        self.records.write(writes).await.map_err(|error| match error.code() {
            // Its detail is about a namespace that clients do not know of.
            ErrorCode::QuotaExceeded => Error::new(
                ErrorCode::QuotaExceeded,
                "what secrets and parameters of the namespace take would be more than it may",
            ),
            _ => error,
        })
    }

    /// Deletes all of the kind.
    pub(crate) async fn delete_all(&self) -> Result<(), Error> {
        self.records.delete_all().await
    }
}
