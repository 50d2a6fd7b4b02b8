use std::sync::Arc;

use lambent_types::{
    Alias, AliasName, ConcurrencyChange, Function, FunctionName, FunctionVersion, Namespace,
    Progress, Revision,
};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use crate::cache::{Cache, Effect, Entry};
use crate::fatal::Health;
use crate::group_commit::{Commit, GroupCommit, stopped};
use crate::{held, rows};
use lambent_storage::backend::ChangeLog;
use lambent_storage::backend::registry as rules;
use lambent_storage::{Expected, NamespaceQuotas, Space, StorageError, WriteError};

/// A change to the registry.
#[derive(Debug)]
pub(crate) enum Change {
    /// Create or replace a head.
    Put { head: Box<FunctionVersion>, expected: Option<Expected> },
    /// Publish a head.
    Publish { namespace: Namespace, name: FunctionName, expected: Option<Expected> },
    /// Delete a function.
    Delete { namespace: Namespace, name: FunctionName, expected: Option<Expected> },
    /// Delete a version.
    DeleteVersion { namespace: Namespace, name: FunctionName, number: u64 },
    /// Create or replace an alias.
    PutAlias {
        namespace: Namespace,
        name: FunctionName,
        alias: Box<Alias>,
        expected: Option<Expected>,
    },
    /// Note how far the release of an alias at a revision has come.
    NoteProgress {
        namespace: Namespace,
        name: FunctionName,
        alias: (AliasName, Revision),
        progress: Progress,
    },
    /// Change what is set aside for a function.
    SetConcurrency { namespace: Namespace, name: FunctionName, change: ConcurrencyChange },
    /// Delete an alias.
    DeleteAlias {
        namespace: Namespace,
        name: FunctionName,
        alias: AliasName,
        expected: Option<Expected>,
    },
}

impl Change {
    /// Whether it needs more room than was taken already. What takes a release back does not: it has
    /// to be possible just when the disk is full.
    fn adds(&self) -> bool {
        match self {
            Self::Put { .. } | Self::Publish { .. } => true,
            Self::PutAlias { alias, .. } => alias.release.is_none(),
            _ => false,
        }
    }
}

/// What a change made.
#[derive(Debug)]
pub(crate) struct Made {
    /// The function; `None` if it was deleted.
    pub(crate) function: Option<Arc<Function>>,
    /// The version that was published.
    pub(crate) version: Option<Arc<FunctionVersion>>,
}

/// A change, and whoever waits for it.
struct Request {
    change: Change,
    reply: oneshot::Sender<Result<Made, WriteError>>,
}

/// The way to the one thread that writes `control.db`.
pub(crate) struct Writer(GroupCommit<Request>);

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        (cache, changes): (Arc<Cache>, Arc<ChangeLog<FunctionName>>),
        (quotas, space): (Arc<NamespaceQuotas>, Arc<Space>),
    ) -> std::io::Result<Self> {
        let state = State { connection, cache, changes, quotas, space, health: Health::default() };
        Ok(Self(GroupCommit::start("control-writer", move || state)?))
    }

    /// Makes a change; durable when this returns. A change that was begun is
    /// made even if the future is dropped.
    pub(crate) async fn write(&self, change: Change) -> Result<Made, WriteError> {
        let (reply, result) = oneshot::channel();
        self.0.send(Request { change, reply }).await?;
        result.await.map_err(|_| stopped())?
    }
}

struct State {
    connection: Connection,
    cache: Arc<Cache>,
    changes: Arc<ChangeLog<FunctionName>>,
    quotas: Arc<NamespaceQuotas>,
    space: Arc<Space>,
    health: Health,
}

/// The result of each change, in their order, and what they do to the cache.
type Committed = (Vec<Result<Made, WriteError>>, Vec<Effect>);

impl State {
    fn write(&mut self, changes: Vec<Change>) -> Vec<Result<Made, WriteError>> {
        let count = changes.len();
        let committed = self.health.check().and_then(|()| {
            self.commit_all(changes).map_err(|error| self.health.failed(&error, "no function"))
        });
        match committed {
            // Before anyone is answered, so that whoever is answered reads what was written.
            Ok((results, effects)) => {
                self.cache.committed(effects.iter());
                for Effect { namespace, name, .. } in effects {
                    self.changes.record(namespace, name);
                }
                results
            }
            Err(cause) => {
                let error = || StorageError::unavailable("write functions", cause.clone());
                (0..count).map(|_| Err(error().into())).collect()
            }
        }
    }

    /// Makes all changes in one transaction. A change that is refused leaves the
    /// others alone; a failure of the store undoes them all.
    fn commit_all(&mut self, changes: Vec<Change>) -> Result<Committed, StorageError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StorageError::unavailable("begin a transaction", error))?;
        let mut results = Vec::with_capacity(changes.len());
        let mut effects = Vec::with_capacity(changes.len());
        for change in changes {
            if change.adds()
                && let Err(error) = self.space.check()
            {
                results.push(Err(error.into()));
                continue;
            }
            match apply(&transaction, &self.quotas, change) {
                Ok((made, effect)) => {
                    effects.push(effect);
                    results.push(Ok(made));
                }
                Err(WriteError::Storage(error @ StorageError::Unavailable { .. })) => {
                    return Err(error);
                }
                Err(refused) => results.push(Err(refused)),
            }
        }
        transaction
            .commit()
            .map_err(|error| StorageError::unavailable("commit a transaction", error))?;
        Ok((results, effects))
    }
}

impl Commit<Request> for State {
    fn commit(&mut self, waiting: &mut Vec<Request>) {
        let (replies, changes): (Vec<_>, Vec<_>) =
            waiting.drain(..).map(|request| (request.reply, request.change)).unzip();
        for (reply, result) in replies.into_iter().zip(self.write(changes)) {
            // Nobody may be waiting any more; the change is made all the same.
            let _ = reply.send(result);
        }
    }
}

/// Makes one change. Whatever can refuse it comes before its first write.
fn apply(
    connection: &Connection,
    quotas: &NamespaceQuotas,
    change: Change,
) -> Result<(Made, Effect), WriteError> {
    match change {
        Change::Put { head, expected } => {
            let (namespace, name) = (head.namespace.clone(), head.name.clone());
            let current = rows::function(connection, &head.namespace, &head.name)?;
            let retired = rows::retired(connection)?;
            let (id, current) = current.unzip();
            let function = rules::put(current.as_ref(), *head, expected, retired)?;
            let old = current.as_ref().map(|function| &*function.latest);
            held::put(
                connection,
                &quotas.of(&function.latest.namespace.key()),
                &function.latest,
                old,
            )?;
            let id = rows::write_function(connection, id, &function)?;
            Ok(made((namespace, name), id, function, None))
        }
        Change::Publish { namespace, name, expected } => {
            let (id, current) = rows::function(connection, &namespace, &name)?.unzip();
            let (function, version) = rules::publish(current.as_ref(), expected)?;
            held::publish(connection, &quotas.of(&namespace.key()), &version)?;
            let id = rows::write_function(connection, id, &function)?;
            rows::write_version(connection, id, function.last_version, &version)?;
            Ok(made((namespace, name), id, function, Some(version)))
        }
        Change::Delete { namespace, name, expected } => {
            let (id, current) = rows::function(connection, &namespace, &name)?.unzip();
            let last = rules::delete(current.as_ref(), expected)?;
            let (id, current) = id.zip(current).ok_or(WriteError::NotFound)?;
            held::delete(connection, (id, &current.latest))?;
            held::reserve(connection, Some(&current), None)?;
            rows::retire(connection, last)?;
            rows::delete_function(connection, id)?;
            let effect = Effect { namespace, name, entry: None, gone: None };
            Ok((Made { function: None, version: None }, effect))
        }
        Change::DeleteVersion { namespace, name, number } => {
            delete_version(connection, (namespace, name), number)
        }
        Change::PutAlias { namespace, name, alias, expected } => {
            let (id, current) = rows::function(connection, &namespace, &name)?.unzip();
            let exists = |number| rows::has_version(connection, id, number);
            let function = rules::put_alias(current.as_ref(), *alias, expected, exists)?;
            let id = rows::write_function(connection, id, &function)?;
            Ok(made((namespace, name), id, function, None))
        }
        Change::NoteProgress { namespace, name, alias: (alias, revision), progress } => {
            let (id, current) = rows::function(connection, &namespace, &name)?.unzip();
            let function = rules::note_progress(current.as_ref(), (&alias, revision), progress)?;
            let id = rows::write_function(connection, id, &function)?;
            Ok(made((namespace, name), id, function, None))
        }
        Change::SetConcurrency { namespace, name, change } => {
            let (id, current) = rows::function(connection, &namespace, &name)?.unzip();
            let exists = |number| rows::has_version(connection, id, number);
            let reserved = held::reserved(connection, quotas, &namespace)?;
            let function = rules::set_concurrency(current.as_ref(), change, reserved, exists)?;
            held::reserve(connection, current.as_ref(), Some(&function))?;
            let id = rows::write_function(connection, id, &function)?;
            Ok(made((namespace, name), id, function, None))
        }
        Change::DeleteAlias { namespace, name, alias, expected } => {
            let (id, current) = rows::function(connection, &namespace, &name)?.unzip();
            let function = rules::delete_alias(current.as_ref(), &alias, expected)?;
            let id = rows::write_function(connection, id, &function)?;
            Ok(made((namespace, name), id, function, None))
        }
    }
}

fn delete_version(
    connection: &Connection,
    (namespace, name): (Namespace, FunctionName),
    number: u64,
) -> Result<(Made, Effect), WriteError> {
    let (id, current) = rows::function(connection, &namespace, &name)?.unzip();
    let exists = rows::has_version(connection, id, number)?;
    let function = rules::delete_version(current.as_ref(), number, exists)?;
    let id = id.ok_or(WriteError::NotFound)?;
    held::delete_version(connection, &namespace.key(), id, number)?;
    rows::delete_version(connection, id, number)?;
    let id = rows::write_function(connection, Some(id), &function)?;
    let (made, effect) = made((namespace, name), id, function, None);
    Ok((made, Effect { gone: Some((id, number)), ..effect }))
}

fn made(
    (namespace, name): (Namespace, FunctionName),
    id: i64,
    function: Function,
    version: Option<FunctionVersion>,
) -> (Made, Effect) {
    let function = Arc::new(function);
    let entry = Some(Entry { id, function: Arc::clone(&function) });
    let made = Made { function: Some(function), version: version.map(Arc::new) };
    (made, Effect { namespace, name, entry, gone: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::DataDir;
    use lambent_storage::Quotas;
    use lambent_storage::contract::samples;

    fn put(name: &str) -> Change {
        let head = samples::head(&samples::namespace("ns"), &samples::name(name), "code");
        Change::Put { head: Box::new(head), expected: None }
    }

    fn state(data: &DataDir) -> State {
        let connection = rows::CONTROL.open(data).unwrap();
        let (cache, quotas) =
            (Arc::new(Cache::new(1 << 20)), NamespaceQuotas::new(Quotas::default()));
        let (changes, space) = (Arc::default(), Space::unlimited());
        State { connection, cache, changes, quotas, space, health: Health::default() }
    }

    #[test]
    fn a_full_disk_fails_the_whole_batch_and_nothing_after_it() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::open(home.path()).unwrap();
        let mut state = state(&data);
        let pages: i64 =
            state.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        state.connection.pragma_update(None, "max_page_count", pages + 2).unwrap();
        let many = (0..100).map(|number| put(&format!("f{number}"))).collect();
        let results = state.write(many);
        assert_eq!(results.len(), 100);
        for result in results {
            let error = result.unwrap_err();
            assert!(matches!(error, WriteError::Storage(StorageError::Unavailable { .. })));
        }
        assert!(state.cache.function("ns/f0").is_none());

        assert!(state.write(vec![put("f0")]).remove(0).is_ok());
        let first = samples::name("f1");
        assert!(
            rows::function(&state.connection, &samples::namespace("ns"), &first).unwrap().is_none()
        );
    }

    #[test]
    fn after_an_io_error_nothing_is_acknowledged() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::open(home.path()).unwrap();
        let mut state = state(&data);
        let io = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        let error = rusqlite::Error::SqliteFailure(io, None);
        state
            .health
            .failed(&StorageError::unavailable("commit a transaction", error), "no function");
        assert!(state.write(vec![put("f")]).remove(0).is_err());
    }

    #[test]
    fn a_refused_change_leaves_the_others_of_its_batch_alone() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::open(home.path()).unwrap();
        let mut state = state(&data);
        let (namespace, name) = (samples::namespace("ns"), samples::name("none"));
        let refused = Change::Publish { namespace, name, expected: None };
        let results = state.write(vec![put("a"), refused, put("b")]);
        let results: Vec<_> = results.iter().map(Result::is_ok).collect();
        assert_eq!(results, [true, false, true]);
    }
}
