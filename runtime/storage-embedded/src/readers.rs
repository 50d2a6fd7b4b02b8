use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::sqlite::Database;
use lambent_storage::StorageError;
use lambent_storage::backend::Source;
use lambent_storage::backend::sync;

/// Connections, and so reads at once. Reads are misses of a cache or pages of a
/// listing: more would only compete for the disk.
const CONNECTIONS: usize = 4;

/// Read-only connections, used off the executor.
pub(crate) struct Readers {
    connections: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn open(database: &Database, data: &DataDir) -> Result<Self, OpenError> {
        let connections =
            (0..CONNECTIONS).map(|_| database.open_reader(data)).collect::<Result<_, _>>()?;
        Ok(Self {
            connections: Arc::new(Mutex::new(connections)),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
        })
    }

    /// Runs `read` with a connection, when one is free.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let failed = |source: Source| StorageError::unavailable("read", source);
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| failed(error.into()))?;
        let connections = Arc::clone(&self.connections);
        let work = move || {
            // Its connection is back before the permit is, even if nobody waits any more.
            let _permit = permit;
            let connection = lock(&connections).pop();
            let connection = connection.ok_or_else(|| failed("a reader was lost".into()))?;
            let result = read(&connection);
            lock(&connections).push(connection);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| failed(error.into()))?
    }
}

fn lock(connections: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    sync::lock(connections)
}
