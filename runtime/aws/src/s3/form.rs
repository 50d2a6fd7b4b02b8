//! Forms of browsers: a key may say `${filename}` for the name of the file that comes after it.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use lambent_dispatch::Body;

/// Most bytes before the file's own that are looked at: S3 takes 20 KB of fields.
const FIELDS_BYTES_MAX: usize = 64 << 10;
const PLACEHOLDER: &[u8] = b"${filename}";

/// Whether a body says that it is a form with files.
pub(super) fn is_type_of(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        value.as_bytes().to_ascii_lowercase().starts_with(b"multipart/form-data")
    })
}

pub(super) fn is_form(head: &Parts) -> bool {
    head.method == Method::POST && is_type_of(&head.headers)
}

/// The same form with the file's name in its key, and the token that it has, with a temporary key.
pub(super) async fn with_file_name(mut body: Body) -> (Body, Option<String>) {
    let mut seen = BytesMut::new();
    let mut failed = None;
    while seen.len() < FIELDS_BYTES_MAX && file_name(&seen).is_none() {
        match body.frame().await {
            None => break,
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    seen.extend_from_slice(&bytes);
                }
            }
            Some(Err(error)) => {
                failed = Some(Err(error));
                break;
            }
        }
    }
    let token = token(&seen);
    let named = Ok(Frame::data(named(&seen)));
    let begun = futures::stream::iter([Some(named), failed].into_iter().flatten());
    let rest = futures::stream::unfold(body, |mut body| async {
        let frame = body.frame().await?;
        Some((frame, body))
    });
    (StreamBody::new(futures::StreamExt::chain(begun, rest)).boxed_unsync(), token)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The name of the file, without folders, once it has come.
fn file_name(form: &[u8]) -> Option<Vec<u8>> {
    let start = find(form, b"name=\"file\"")?;
    let line = &form[start..];
    let line = &line[..find(line, b"\r\n")?];
    let name = &line[find(line, b"filename=\"")? + b"filename=\"".len()..];
    let name = &name[..name.iter().position(|byte| *byte == b'"')?];
    let name = name.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default();
    Some(name.to_vec())
}

/// Where the value of a field is, by how its name is written; names are told apart ignoring case.
fn field(form: &[u8], name: &[u8]) -> Option<(usize, usize)> {
    let name = find(&form.to_ascii_lowercase(), name)?;
    let value = name + find(&form[name..], b"\r\n\r\n")? + 4;
    Some((value, value + find(&form[value..], b"\r\n")?))
}

fn token(form: &[u8]) -> Option<String> {
    let (value, end) = field(form, b"name=\"x-amz-security-token\"")?;
    String::from_utf8(form[value..end].to_vec()).ok()
}

fn named(form: &[u8]) -> Bytes {
    let replaced = || {
        let name = file_name(form)?;
        let (value, end) = field(form, b"name=\"key\"")?;
        let place = value + find(&form[value..end], PLACEHOLDER)?;
        Some([&form[..place], &name, &form[place + PLACEHOLDER.len()..]].concat())
    };
    replaced().unwrap_or_else(|| form.to_vec()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(key: &str, file: &str) -> String {
        format!(
            "--e\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{key}\r\n--e\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{file}\"\r\n\r\nbytes"
        )
    }

    #[test]
    fn keys_have_the_name_of_the_file() {
        for (key, file, made) in [
            ("up/${filename}", "a.txt", "up/a.txt"),
            ("up/${filename}.bak", "C:\\dir\\a.txt", "up/a.txt.bak"),
            ("up/x", "a.txt", "up/x"),
        ] {
            assert_eq!(named(form(key, file).as_bytes()), form(made, file));
        }
        assert_eq!(named(b"no form"), "no form");
    }
}
