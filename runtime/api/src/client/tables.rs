use http::Method;
use lambent_types::TableName;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, Call, Client, Error, TIMEOUT};
use crate::{
    BackUpTable, DescribeStream, FoundItems, GetItems, Items, ListTableBackups, QueryItems,
    ReadStream, RestoreTable, ScanItems, StreamRecords, TableBackupView, TableBackups,
    TableStreamView, TableView, WriteItems, WrittenItems, paths, query,
};

impl Client {
    /// Reads items by their keys.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn get_items(
        &self,
        table: &TableName,
        get: &GetItems,
    ) -> Result<Answer<FoundItems>, Error> {
        self.ask(paths::fill(paths::GET_ITEMS, &[table.as_str()]), get)
    }

    /// Reads a page of items of a partition.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn query_items(
        &self,
        table: &TableName,
        query: &QueryItems,
    ) -> Result<Answer<Items>, Error> {
        self.ask(paths::fill(paths::QUERY_ITEMS, &[table.as_str()]), query)
    }

    /// Reads a page of all items.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn scan_items(&self, table: &TableName, scan: &ScanItems) -> Result<Answer<Items>, Error> {
        self.ask(paths::fill(paths::SCAN_ITEMS, &[table.as_str()]), scan)
    }

    /// Makes writes, all or none.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn write_items(&self, writes: &WriteItems) -> Result<Answer<WrittenItems>, Error> {
        self.ask(paths::TRANSACTIONS.to_owned(), writes)
    }

    /// Describes a stream of a table.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn table_stream(
        &self,
        table: &TableName,
        which: &DescribeStream,
    ) -> Result<Answer<TableStreamView>, Error> {
        let query = query::write(which).map_err(Error::unsendable)?;
        let path = paths::fill(paths::TABLE_STREAM, &[table.as_str()]);
        self.send(Call::new(Method::GET, format!("{path}{query}")))
    }

    /// Reads changes of items from a stream of a table.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn stream_records(
        &self,
        table: &TableName,
        read: &ReadStream,
    ) -> Result<Answer<StreamRecords>, Error> {
        let query = query::write(read).map_err(Error::unsendable)?;
        let path = paths::fill(paths::STREAM_RECORDS, &[table.as_str()]);
        let call = Call::new(Method::GET, format!("{path}{query}"));
        self.send(call.timeout(TIMEOUT + read.wait.unwrap_or_default()))
    }

    /// Back-ups of tables of a name, or of all tables, as one list.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn table_backups(&self, table: Option<&TableName>) -> Result<Answer<TableBackups>, Error> {
        let list = ListTableBackups { table: table.cloned(), after: None, limit: Some(100) };
        let query = query::write(&list).map_err(Error::unsendable)?;
        self.pages(paths::TABLE_BACKUPS, "backups", &query)
    }

    /// Begins a back-up of a table.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn back_up_table(
        &self,
        table: &TableName,
        wanted: &BackUpTable,
    ) -> Result<Answer<TableBackupView>, Error> {
        self.ask(paths::fill(paths::BACKUPS_OF_TABLE, &[table.as_str()]), wanted)
    }

    /// Describes a back-up of a table.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn table_backup(
        &self,
        table: &TableName,
        id: &str,
    ) -> Result<Answer<TableBackupView>, Error> {
        let path = paths::fill(paths::TABLE_BACKUP, &[table.as_str(), id]);
        self.send(Call::new(Method::GET, path))
    }

    /// Deletes a back-up of a table.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_table_backup(&self, table: &TableName, id: &str) -> Result<(), Error> {
        let path = paths::fill(paths::TABLE_BACKUP, &[table.as_str(), id]);
        self.send::<()>(Call::new(Method::DELETE, path)).map(drop)
    }

    /// Makes a table of a back-up.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn restore_table(
        &self,
        table: &TableName,
        id: &str,
        wanted: &RestoreTable,
    ) -> Result<Answer<TableView>, Error> {
        self.ask(paths::fill(paths::RESTORE_TABLE, &[table.as_str(), id]), wanted)
    }

    fn ask<T: DeserializeOwned>(
        &self,
        path: String,
        body: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let body = serde_json::to_vec(body).map_err(Error::unsendable)?;
        self.send(Call::new(Method::POST, path).json(&body))
    }
}
