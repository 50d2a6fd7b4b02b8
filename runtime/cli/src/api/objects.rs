use std::io::Read;
use std::time::Duration;

use lambent_types::BucketName;
use serde_json::{Value, json};
use ureq::http::Method;

use super::resources::query;
use crate::client::{Call, Client, Opened, Payload, path_key, query_value};
use crate::error::CliError;

/// Bodies may be large and lines slow; who stops sending is cut off by the server.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The headers, metadata and conditions of an object to write.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    /// The media type.
    pub(crate) content_type: Option<String>,
    /// The headers it is given out with, by name.
    pub(crate) headers: Vec<(String, String)>,
    /// Metadata by name.
    pub(crate) metadata: Vec<(String, String)>,
    /// Write only if the object has this etag.
    pub(crate) if_etag: Option<String>,
    /// Write only if there is no such object.
    pub(crate) if_absent: bool,
}

impl Attached {
    fn describe<'a>(&self, mut call: Call<'a>) -> Call<'a> {
        if let Some(content_type) = &self.content_type {
            call = call.header("content-type", content_type);
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        for (name, value) in &self.metadata {
            call = call.header(format!("lambent-meta-{name}"), value);
        }
        call
    }

    fn condition<'a>(&self, call: Call<'a>) -> Call<'a> {
        match &self.if_etag {
            Some(etag) => call.header("if-match", format!("\"{etag}\"")),
            None if self.if_absent => call.header("if-none-match", "*"),
            None => call,
        }
    }
}

/// A part that the server has.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Part {
    /// The part's number, from 1.
    pub(crate) number: u32,
    /// The part's etag.
    pub(crate) etag: String,
}

fn objects(bucket: &BucketName) -> String {
    format!("/v1/buckets/{bucket}/objects")
}

fn object(bucket: &BucketName, key: &str) -> String {
    format!("{}/{}", objects(bucket), path_key(key))
}

fn uploads(bucket: &BucketName) -> String {
    format!("/v1/buckets/{bucket}/uploads")
}

impl Client {
    /// Writes an object in one request.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn put_object(
        &self,
        bucket: &BucketName,
        key: &str,
        attached: &Attached,
        bytes: u64,
        body: &mut dyn Read,
    ) -> Result<Value, CliError> {
        let mut call = Call::new(Method::PUT, object(bucket, key)).timeout(TRANSFER_TIMEOUT);
        call.body = Payload::Stream(body, bytes);
        self.send(attached.condition(attached.describe(call)))?.json()
    }

    /// Begins an upload in parts; returns its id.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn begin_upload(
        &self,
        bucket: &BucketName,
        key: &str,
        attached: &Attached,
    ) -> Result<String, CliError> {
        let target = format!("{}?key={}", uploads(bucket), query_value(key));
        let call = attached.condition(attached.describe(Call::new(Method::POST, target)));
        let answer = self.send(call)?.json()?;
        let id = answer["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| CliError::failed("the server named no id for the upload"))
    }

    /// Sends a part.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn put_part(
        &self,
        bucket: &BucketName,
        upload: &str,
        number: u32,
        bytes: u64,
        body: &mut dyn Read,
    ) -> Result<Part, CliError> {
        let target = format!("{}/{upload}/parts/{number}", uploads(bucket));
        let mut call = Call::new(Method::PUT, target).timeout(TRANSFER_TIMEOUT);
        call.body = Payload::Stream(body, bytes);
        crate::view::read(&self.send(call)?.json()?)
    }

    /// Makes an object of parts.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn complete_upload(
        &self,
        bucket: &BucketName,
        upload: &str,
        parts: &[Part],
    ) -> Result<Value, CliError> {
        let parts: Vec<_> =
            parts.iter().map(|part| json!({ "number": part.number, "etag": part.etag })).collect();
        let body = json!({ "parts": parts }).to_string();
        let call = Call::new(Method::POST, format!("{}/{upload}", uploads(bucket)))
            .timeout(TRANSFER_TIMEOUT)
            .body("application/json", Payload::Bytes(body.as_bytes()));
        self.send(call)?.json()
    }

    /// Forgets an upload and its parts.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn abort_upload(&self, bucket: &BucketName, upload: &str) -> Result<(), CliError> {
        self.send(Call::new(Method::DELETE, format!("{}/{upload}", uploads(bucket)))).map(drop)
    }

    /// Opens an object, or a range of it, for reading.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn get_object(
        &self,
        bucket: &BucketName,
        key: &str,
        range: Option<&str>,
    ) -> Result<Opened<'_>, CliError> {
        let call = Call::new(Method::GET, object(bucket, key)).timeout(TRANSFER_TIMEOUT);
        self.open(match range {
            Some(range) => call.header("range", format!("bytes={range}")),
            None => call,
        })
    }

    /// A page of objects, as `{"objects": […], "common_prefixes": […], "next": …}`.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn list_objects(
        &self,
        bucket: &BucketName,
        filter: &[(&str, String)],
    ) -> Result<Value, CliError> {
        self.send(Call::new(Method::GET, format!("{}{}", objects(bucket), query(filter))))?.json()
    }

    /// Gets the metadata of one object; `None` if there is no such object.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn find_object(
        &self,
        bucket: &BucketName,
        key: &str,
    ) -> Result<Option<Value>, CliError> {
        // Among all keys that begin with the key, the key itself is the first. Unlike
        // HEAD, this tells a missing bucket from a missing object.
        let filter = [("prefix", key.to_owned()), ("limit", "1".to_owned())];
        let mut page = self.list_objects(bucket, &filter)?;
        let first = page.pointer_mut("/objects/0").map(Value::take);
        Ok(first.filter(|object| object["key"] == key))
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// The server's problem, or no answer.
    pub(crate) fn delete_object(&self, bucket: &BucketName, key: &str) -> Result<(), CliError> {
        self.send(Call::new(Method::DELETE, object(bucket, key))).map(drop)
    }
}
