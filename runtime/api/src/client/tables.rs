use http::Method;
use lambent_types::TableName;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, Call, Client, Error};
use crate::{FoundItems, GetItems, Items, QueryItems, ScanItems, WriteItems, WrittenItems, paths};

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

    fn ask<T: DeserializeOwned>(
        &self,
        path: String,
        body: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let body = serde_json::to_vec(body).map_err(Error::unsendable)?;
        self.send(Call::new(Method::POST, path).json(&body))
    }
}
