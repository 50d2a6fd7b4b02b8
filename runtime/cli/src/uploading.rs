//! Writes objects from files and streams, large ones in parts.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use lambent_api::client::{Answer, Client, PutObject};
use lambent_api::{NamedPart, ObjectView, PartView};
use lambent_types::bounds::PART_NUMBER_MAX;
use lambent_types::{BucketName, format_bytes};

use crate::code::is_stdin;
use crate::error::CliError;
use crate::progress::Progress;

/// A larger object is sent in parts.
const WHOLE_BYTES_MAX: u64 = 64 << 20;

/// The size of a part.
const PART_BYTES: u64 = 32 << 20;

/// Whether an upload shows how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// On a terminal.
    Progress,
    /// Whoever began it does.
    Nothing,
}

/// Writes a file, or standard input for `-`, as an object.
///
/// # Errors
/// Usage: the file cannot be read. Otherwise the server's problem, or no answer.
pub(crate) fn upload(
    client: &Client,
    bucket: &BucketName,
    key: &str,
    file: &Path,
    attached: &PutObject,
    show: Show,
) -> Result<Answer<ObjectView>, CliError> {
    let sender = Sender { client, bucket, key, attached, show };
    if is_stdin(file) {
        return sender.stream(io::stdin().lock());
    }
    let shown = file.display();
    let unreadable = |error| CliError::usage(format!("cannot read {shown}: {error}"));
    let mut opened = File::open(file).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(CliError::usage(format!("{shown} is a directory; name a file in it")));
    }
    match metadata.len() {
        // A pipe or a device does not know its length.
        _ if !metadata.is_file() => sender.stream(opened),
        bytes if bytes <= WHOLE_BYTES_MAX => sender.whole(&mut opened, bytes),
        bytes => sender.parts(opened, Some(bytes)),
    }
}

/// An upload to a key of a bucket.
struct Sender<'a> {
    client: &'a Client,
    bucket: &'a BucketName,
    key: &'a str,
    attached: &'a PutObject,
    show: Show,
}

impl Sender<'_> {
    /// Sends what has a length that is not known.
    fn stream(&self, mut reader: impl Read) -> Result<Answer<ObjectView>, CliError> {
        let mut head = Vec::new();
        reader.by_ref().take(WHOLE_BYTES_MAX + 1).read_to_end(&mut head).map_err(broken)?;
        let bytes = head.len() as u64;
        if bytes <= WHOLE_BYTES_MAX {
            return self.whole(&mut head.as_slice(), bytes);
        }
        self.parts(Cursor::new(head).chain(reader), None)
    }

    fn bar(&self, bytes: Option<u64>) -> Progress {
        match bytes {
            _ if self.show == Show::Nothing => Progress::hidden(),
            Some(bytes) => Progress::upload(bytes),
            None => Progress::unknown("uploading"),
        }
    }

    fn whole(&self, reader: &mut dyn Read, bytes: u64) -> Result<Answer<ObjectView>, CliError> {
        let progress = self.bar(Some(bytes));
        let mut reader = progress.follow(reader, bytes, "writing".into());
        Ok(self.client.put_object(self.bucket, self.key, self.attached, bytes, &mut reader)?)
    }

    fn parts(&self, reader: impl Read, bytes: Option<u64>) -> Result<Answer<ObjectView>, CliError> {
        let progress = self.bar(bytes);
        let upload = self.client.begin_upload(self.bucket, self.key, self.attached)?.value()?.id;
        let sent = self.send_parts(&upload, reader, &progress).and_then(|parts| {
            progress.say("putting the parts together");
            Ok(self.client.complete_upload(self.bucket, &upload, parts)?)
        });
        if sent.is_err() {
            // The first error is the one to report, and an upload that stays expires.
            let _ = self.client.abort_upload(self.bucket, &upload);
        }
        sent
    }

    fn send_parts(
        &self,
        upload: &str,
        mut reader: impl Read,
        progress: &Progress,
    ) -> Result<Vec<NamedPart>, CliError> {
        let mut parts = Vec::new();
        let mut buffer = Vec::new();
        for number in 1..=PART_NUMBER_MAX {
            buffer.clear();
            reader.by_ref().take(PART_BYTES).read_to_end(&mut buffer).map_err(broken)?;
            if buffer.is_empty() {
                return Ok(parts);
            }
            let bytes = buffer.len() as u64;
            let mut body = progress.count(buffer.as_slice());
            let part = self.client.put_part(self.bucket, upload, number, bytes, &mut body)?;
            let PartView { number, etag, .. } = part.value()?;
            parts.push(NamedPart { number, etag });
        }
        let most = format_bytes(u64::from(PART_NUMBER_MAX) * PART_BYTES);
        Err(CliError::usage(format!("more than {most} cannot be one object")))
    }
}

fn broken(error: io::Error) -> CliError {
    CliError::failed(format!("cannot read on: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_test_support::canned::{Canned, answer};

    use crate::error::Exit;

    fn client(server: &Canned) -> Client {
        Client::new(server.endpoint())
    }

    #[test]
    fn a_small_file_is_one_request() {
        let server = Canned::start(vec![answer("201 Created", r#"{"size":5,"etag":"e"}"#)]);
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("x");
        std::fs::write(&file, "hello").unwrap();
        let attached = PutObject {
            content_type: Some("text/plain".into()),
            metadata: vec![("by".into(), "ada".into())],
            if_absent: true,
            ..PutObject::default()
        };
        let bucket = "photos".parse().unwrap();
        upload(&client(&server), &bucket, "a b/../c", &file, &attached, Show::Progress).unwrap();
        let request = server.requests().remove(0);
        assert!(request.starts_with("PUT /v1/buckets/photos/objects/a%20b/%2E%2E/c "), "{request}");
        for header in ["content-type: text/plain", "lambent-meta-by: ada", "if-none-match: *"] {
            assert!(request.contains(header), "{request}");
        }
        assert!(request.ends_with("\r\n\r\nhello"), "{request}");
        let error =
            upload(&client_nowhere(), &bucket, "x", directory.path(), &attached, Show::Progress);
        assert_eq!(error.unwrap_err().exit(), Exit::Usage);
    }

    fn client_nowhere() -> Client {
        Client::new("127.0.0.1:1".parse().unwrap())
    }

    #[test]
    fn what_is_large_goes_in_parts() {
        let part = |number| {
            answer("200 OK", &format!(r#"{{"number":{number},"etag":"p{number}","size":1}}"#))
        };
        let server = Canned::start(vec![
            answer("201 Created", r#"{"id":"u1","key":"k","started":"2026-07-01T12:00:00Z"}"#),
            part(1),
            part(2),
            part(3),
            answer("200 OK", r#"{"size":1}"#),
        ]);
        let attached = PutObject::default();
        let bucket = "big".parse().unwrap();
        let client = client(&server);
        let sender = Sender {
            client: &client,
            bucket: &bucket,
            key: "k",
            attached: &attached,
            show: Show::Nothing,
        };
        sender.stream(io::repeat(b'x').take(WHOLE_BYTES_MAX + 1)).unwrap();
        let requests = server.requests();
        assert!(requests[0].starts_with("POST /v1/buckets/big/uploads?key=k "));
        assert!(requests[3].starts_with("PUT /v1/buckets/big/uploads/u1/parts/3 "));
        assert!(requests[3].ends_with("\r\n\r\nx"));
        assert!(requests[4].starts_with("POST /v1/buckets/big/uploads/u1 "));
        assert!(requests[4].contains(r#"{"number":3,"etag":"p3"}"#), "{}", requests[4]);
    }

    #[test]
    fn an_upload_that_fails_is_taken_back() {
        let server = Canned::start(vec![
            answer("201 Created", r#"{"id":"u1","key":"k","started":"2026-07-01T12:00:00Z"}"#),
            answer("500 Oops", "{}"),
            answer("204 No Content", ""),
        ]);
        let attached = PutObject::default();
        let bucket = "big".parse().unwrap();
        let client = client(&server);
        let sender = Sender {
            client: &client,
            bucket: &bucket,
            key: "k",
            attached: &attached,
            show: Show::Nothing,
        };
        assert!(sender.parts(&b"abc"[..], None).is_err());
        assert!(server.requests()[2].starts_with("DELETE /v1/buckets/big/uploads/u1 "));
    }
}
