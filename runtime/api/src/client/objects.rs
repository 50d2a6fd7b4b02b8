use std::io::Read;
use std::time::Duration;

use http::Method;
use lambent_types::BucketName;

use super::{Answer, Call, Client, Error, Opened};
use crate::{
    BeginUpload, Completion, ListObjects, NamedPart, ObjectView, Objects, PartView, Parts,
    UploadView, Uploads, headers, paths, query,
};

/// Bodies may be large and lines slow; who stops sending is cut off by the server.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The headers, metadata and conditions of an object to write.
#[derive(Debug, Clone, Default)]
pub struct PutObject {
    /// The media type.
    pub content_type: Option<String>,
    /// The headers it is given out with, by name.
    pub headers: Vec<(String, String)>,
    /// Metadata by name.
    pub metadata: Vec<(String, String)>,
    /// Write only if the object has this etag.
    pub if_etag: Option<String>,
    /// Write only if there is no such object.
    pub if_absent: bool,
}

impl PutObject {
    fn describe<'a>(&self, mut call: Call<'a>) -> Call<'a> {
        if let Some(content_type) = &self.content_type {
            call = call.header("content-type", content_type);
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        for (name, value) in &self.metadata {
            call = call.header(format!("{}{name}", headers::METADATA_PREFIX), value);
        }
        match &self.if_etag {
            Some(etag) => call.header("if-match", format!("\"{etag}\"")),
            None if self.if_absent => call.header("if-none-match", "*"),
            None => call,
        }
    }
}

fn object(bucket: &BucketName, key: &str) -> String {
    paths::fill(paths::OBJECT, &[bucket.as_str(), key])
}

fn upload_path(bucket: &BucketName, upload: &str) -> String {
    paths::fill(paths::UPLOAD, &[bucket.as_str(), upload])
}

impl Client {
    /// A page of objects.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn list_objects(
        &self,
        bucket: &BucketName,
        list: &ListObjects,
    ) -> Result<Answer<Objects>, Error> {
        let query = query::write(list).map_err(Error::unsendable)?;
        let target = format!("{}{query}", paths::fill(paths::OBJECTS, &[bucket.as_str()]));
        self.send(Call::new(Method::GET, target))
    }

    /// Writes an object in one request, with so many bytes of `body`.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn put_object(
        &self,
        bucket: &BucketName,
        key: &str,
        put: &PutObject,
        bytes: u64,
        body: &mut dyn Read,
    ) -> Result<Answer<ObjectView>, Error> {
        let call = Call::new(Method::PUT, object(bucket, key)).timeout(TRANSFER_TIMEOUT);
        self.send(put.describe(call.stream(body, bytes)))
    }

    /// Opens an object, or a range of its bytes such as `0-1023`, for reading.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn get_object(
        &self,
        bucket: &BucketName,
        key: &str,
        range: Option<&str>,
    ) -> Result<Opened<'_>, Error> {
        let call = Call::new(Method::GET, object(bucket, key)).timeout(TRANSFER_TIMEOUT);
        self.open(match range {
            Some(range) => call.header("range", format!("bytes={range}")),
            None => call,
        })
    }

    /// What is known of one object; `None` if there is no such object, while a bucket
    /// that is missing is an error. The answer is the object alone.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn find_object(
        &self,
        bucket: &BucketName,
        key: &str,
    ) -> Result<Option<Answer<ObjectView>>, Error> {
        // Among all keys that begin with the key, the key itself is the first. Unlike
        // HEAD, this tells a missing bucket from a missing object.
        let list =
            ListObjects { prefix: Some(key.into()), limit: Some(1), ..ListObjects::default() };
        let page = self.list_objects(bucket, &list)?;
        let object = page.json()?.pointer_mut("/objects/0").map(serde_json::Value::take);
        let object = object.filter(|object| object["key"] == key);
        let answer = |object: serde_json::Value| {
            let body = object.to_string().into_bytes();
            Answer::new(page.status(), http::HeaderMap::new(), body)
        };
        Ok(object.map(answer))
    }

    /// Deletes an object, if there is one.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_object(&self, bucket: &BucketName, key: &str) -> Result<(), Error> {
        self.send::<()>(Call::new(Method::DELETE, object(bucket, key))).map(drop)
    }

    /// The uploads of a bucket that are not finished.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn uploads(&self, bucket: &BucketName) -> Result<Answer<Uploads>, Error> {
        self.send(Call::new(Method::GET, paths::fill(paths::UPLOADS, &[bucket.as_str()])))
    }

    /// Begins an upload in parts.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn begin_upload(
        &self,
        bucket: &BucketName,
        key: &str,
        put: &PutObject,
    ) -> Result<Answer<UploadView>, Error> {
        let query = query::write(&BeginUpload { key: key.to_owned() });
        let query = query.map_err(Error::unsendable)?;
        let target = format!("{}{query}", paths::fill(paths::UPLOADS, &[bucket.as_str()]));
        self.send(put.describe(Call::new(Method::POST, target)))
    }

    /// Sends a part, with so many bytes of `body`.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn put_part(
        &self,
        bucket: &BucketName,
        upload: &str,
        number: u32,
        bytes: u64,
        body: &mut dyn Read,
    ) -> Result<Answer<PartView>, Error> {
        let number = number.to_string();
        let target = paths::fill(paths::PART, &[bucket.as_str(), upload, &number]);
        self.send(Call::new(Method::PUT, target).timeout(TRANSFER_TIMEOUT).stream(body, bytes))
    }

    /// The parts of an upload.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn parts(&self, bucket: &BucketName, upload: &str) -> Result<Answer<Parts>, Error> {
        self.send(Call::new(Method::GET, upload_path(bucket, upload)))
    }

    /// Makes an object of parts.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn complete_upload(
        &self,
        bucket: &BucketName,
        upload: &str,
        parts: Vec<NamedPart>,
    ) -> Result<Answer<ObjectView>, Error> {
        let body = serde_json::to_vec(&Completion { parts }).map_err(Error::unsendable)?;
        let call = Call::new(Method::POST, upload_path(bucket, upload)).json(&body);
        self.send(call.timeout(TRANSFER_TIMEOUT))
    }

    /// Forgets an upload and its parts.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn abort_upload(&self, bucket: &BucketName, upload: &str) -> Result<(), Error> {
        self.send::<()>(Call::new(Method::DELETE, upload_path(bucket, upload))).map(drop)
    }
}
