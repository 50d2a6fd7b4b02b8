use http::Method;
use lambent_types::TableName;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, Call, Client, Error, TIMEOUT};
use crate::{
    DescribeStream, FoundItems, GetItems, Items, QueryItems, ReadStream, ScanItems, StreamRecords,
    TableStreamView, WriteItems, WrittenItems, paths, query,
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

    fn ask<T: DeserializeOwned>(
        &self,
        path: String,
        body: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let body = serde_json::to_vec(body).map_err(Error::unsendable)?;
        self.send(Call::new(Method::POST, path).json(&body))
    }
}
