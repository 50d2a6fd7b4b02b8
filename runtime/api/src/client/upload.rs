//! The body of a deploy: the component or the package alone, or with its configuration.

use std::io::{Cursor, Read};

use lambent_types::{ConfigurationPatch, Digest};

use crate::client::Error;
use crate::{WASM, ZIP};

/// A body to send, and its media type.
pub struct Upload<'a> {
    /// The media type.
    pub(crate) content_type: String,
    /// The bytes before the component.
    head: Vec<u8>,
    /// The component.
    code: &'a [u8],
    /// The bytes after the component.
    tail: Vec<u8>,
}

impl<'a> Upload<'a> {
    /// The bare component if there is nothing to configure, else multipart:
    /// an environment must not end up in a URL, where proxies log it.
    ///
    /// # Errors
    /// The patch cannot be written as JSON, which cannot happen.
    pub fn new(code: &'a [u8], patch: &ConfigurationPatch) -> Result<Self, Error> {
        if *patch == ConfigurationPatch::default() {
            let content_type = media_type(code).into();
            return Ok(Self { content_type, head: Vec::new(), code, tail: Vec::new() });
        }
        let configuration = serde_json::to_string(patch).map_err(Error::unsendable)?;
        // No component holds its own hash, so this never occurs within.
        let boundary = format!("lambent-{}", &Digest::of(code).to_string()[..40]);
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"configuration\"\r\n\
             content-type: application/json\r\n\r\n{configuration}\r\n\
             --{boundary}\r\ncontent-disposition: form-data; name=\"code\"; \
             filename=\"code\"\r\ncontent-type: {}\r\n\r\n",
            media_type(code)
        );
        Ok(Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            head: head.into_bytes(),
            code,
            tail: format!("\r\n--{boundary}--\r\n").into_bytes(),
        })
    }

    /// Returns the length of the body in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.head.len() + self.code.len() + self.tail.len()) as u64
    }

    /// Reads it from the beginning.
    pub fn reader(&self) -> impl Read {
        Cursor::new(&self.head).chain(self.code).chain(Cursor::new(&self.tail))
    }
}

/// The media type of code; the server looks at the bytes.
fn media_type(code: &[u8]) -> &'static str {
    match code {
        [b'P', b'K', ..] => ZIP,
        [0x1f, 0x8b, ..] => "application/gzip",
        _ => WASM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(upload: &Upload<'_>) -> String {
        let mut text = String::new();
        assert_eq!(upload.reader().read_to_string(&mut text).unwrap() as u64, upload.bytes());
        text
    }

    #[test]
    fn a_bare_component_is_sent_as_it_is() {
        let upload = Upload::new(b"code", &ConfigurationPatch::default()).unwrap();
        assert_eq!(upload.content_type, "application/wasm");
        assert_eq!(text(&upload), "code");
    }

    #[test]
    fn configuration_comes_first_in_a_multipart_body() {
        let patch = ConfigurationPatch { memory_bytes: Some(1), ..Default::default() };
        let upload = Upload::new(b"code", &patch).unwrap();
        let boundary = upload.content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert!(boundary.len() <= 70);
        let text = text(&upload);
        let parts: Vec<_> = text.split(&format!("--{boundary}")).collect();
        assert_eq!(parts.len(), 4);
        assert!(parts[1].ends_with("\r\n\r\n{\"memory_bytes\":1}\r\n"), "{text}");
        assert!(parts[2].ends_with("\r\n\r\ncode\r\n"), "{text}");
        assert_eq!(parts[3], "--\r\n");
    }
}
