//! Streams of tables: the changes of their items.

use std::time::Duration;

use lambent_storage::{StreamPage, TableError, TableStream};
use lambent_tables::StreamSequence;
use lambent_types::{Error, ErrorCode, TableName};

use crate::client_errors;
use crate::operation::Operation;
use crate::scope::Scope;
use crate::tables::TableHandle;

/// What was read of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadStream {
    /// Records.
    Page(StreamPage),
    /// The record is no longer kept: the first that is, or else the next to come.
    Trimmed(StreamSequence),
}

impl Scope {
    /// The streams that can be read, of all tables or of one, by table and then by label: at most
    /// `limit` of those after `after`.
    ///
    /// # Errors
    /// `Forbidden`; the store failed.
    pub async fn streams(
        &self,
        table: Option<&TableName>,
        after: Option<(&TableName, &str)>,
        limit: usize,
    ) -> Result<Vec<TableStream>, Error> {
        let name = table.map_or("", TableName::as_str);
        self.perform(Operation::ListStreams, name, async {
            Ok(self.stores().tables.streams(self.namespace(), table, after, limit).await?)
        })
        .await
    }
}

impl TableHandle<'_> {
    fn no_stream(&self, label: Option<&str>) -> Error {
        let detail = match label {
            Some(label) => format!("table \"{}\" has no stream {label:?}", self.name()),
            None => format!(
                "table \"{}\" has no stream; turn one on with its setting \"stream\"",
                self.name()
            ),
        };
        Error::new(ErrorCode::TableNotFound, detail)
    }

    /// Reads what a stream of the table is: the one with this label, or else the last. The table
    /// may be gone.
    ///
    /// # Errors
    /// `TableNotFound` (there is no such stream); the store failed.
    pub async fn stream(&self, label: Option<&str>) -> Result<TableStream, Error> {
        self.perform(Operation::DescribeStream, async {
            let (namespace, name) = self.place();
            let found = self.stores().tables.stream(namespace, name, label).await?;
            found.ok_or_else(|| self.no_stream(label))
        })
        .await
    }

    /// Reads records of a stream from `from` on, at most `limit` and about 1 MiB of them; waits up
    /// to `wait` for the first.
    ///
    /// # Errors
    /// `TableNotFound` (there is no such stream); the store failed.
    pub async fn stream_records(
        &self,
        label: &str,
        from: StreamSequence,
        limit: usize,
        wait: Duration,
    ) -> Result<ReadStream, Error> {
        self.perform(Operation::ReadStream, async {
            let (namespace, name) = self.place();
            let tables = &self.stores().tables;
            let read = |wait| tables.stream_records(namespace, name, label, from, limit, wait);
            let read = tokio::select! {
                found = read(wait) => found,
                // Nobody waits at a node that stops.
                () = self.data_scope().data().drain.cancelled() => read(Duration::ZERO).await,
            };
            match read {
                Ok(page) => Ok(ReadStream::Page(page)),
                Err(TableError::Trimmed { oldest }) => Ok(ReadStream::Trimmed(oldest)),
                Err(error) => Err(client_errors::table(namespace, name, error)),
            }
        })
        .await
    }
}
