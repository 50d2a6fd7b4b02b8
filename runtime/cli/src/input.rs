//! Data given on the command line: as it is, `@FILE`, or `-` for standard input.

use std::fs::File;
use std::io::{self, Read};

use lambent_types::format_bytes;

use crate::error::CliError;

/// The mark that some programs write before the text of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Text of a file without the byte order mark that some programs begin it with.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// JSON without a byte order mark, which no reader of JSON takes; what is no JSON
/// stays as it is.
pub(crate) fn json_without_mark(mut data: Vec<u8>) -> Vec<u8> {
    let json = |text| serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    if data.strip_prefix(BYTE_ORDER_MARK).is_some_and(json) {
        data.drain(..BYTE_ORDER_MARK.len());
    }
    data
}

/// Reads data of at most `limit` bytes; `name` is what it is called.
///
/// # Errors
/// Usage: it cannot be read, or is larger.
pub(crate) fn read(name: &str, data: &str, limit: u64) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let (from, read) = match data.strip_prefix('@') {
        Some("") => {
            return Err(CliError::usage(format!("@ names no file to read {name} from"))
                .hint("for instance @data.json; - reads standard input"));
        }
        _ if matches!(data, "-" | "@-") => {
            ("standard input", io::stdin().take(limit + 1).read_to_end(&mut bytes))
        }
        Some(path) => {
            let file = File::open(path);
            (path, file.and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)))
        }
        None => {
            bytes.extend_from_slice(data.as_bytes());
            (name, Ok(bytes.len()))
        }
    };
    read.map_err(|error| CliError::usage(format!("cannot read {name} from {from}: {error}")))?;
    if bytes.len() as u64 > limit {
        let most = format_bytes(limit);
        return Err(CliError::usage(format!(
            "{from} is larger than {most}, the most {name} holds"
        )));
    }
    Ok(bytes)
}

/// Reads a count of one or more.
///
/// # Errors
/// Fails if the text is not such a number.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("0 would be none; give 1 or more".into()),
        Ok(count) => Ok(count),
        Err(_) => Err("not a whole number of 1 or more".into()),
    }
}

/// Reads a key, which has at least one character.
///
/// # Errors
/// Fails if the text is empty.
pub(crate) fn key(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("a key cannot be empty".into()) } else { Ok(text.to_owned()) }
}

/// Reads `NAME=VALUE`.
///
/// # Errors
/// There is no `=`, or no name before it.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("not of the form NAME=VALUE".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_text_or_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        std::fs::write(&path, "in it").unwrap();
        assert_eq!(read("the value", "as it is", 10).unwrap(), b"as it is");
        assert_eq!(read("the value", &format!("@{}", path.display()), 10).unwrap(), b"in it");
        let error = read("the value", "much too long", 3).unwrap_err().to_string();
        assert_eq!(error, "the value is larger than 3 B, the most the value holds");
        for (data, phrase) in [
            ("@/no/such/file", "cannot read the value from /no/such/file: No such file"),
            ("@", "@ names no file to read the value from"),
            ("@/", "cannot read the value from /: Is a directory"),
        ] {
            let error = read("the value", data, 3).unwrap_err().to_string();
            assert!(error.starts_with(phrase), "{error}");
        }
        assert_eq!(read("the value", "", 3).unwrap(), b"");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_text() {
        assert_eq!(without_mark("\u{feff}A=1"), "A=1");
        assert_eq!(without_mark("A=1\u{feff}"), "A=1\u{feff}");
        let json = |text: &str| json_without_mark(text.into());
        assert_eq!(json("\u{feff}{}"), b"{}");
        assert_eq!(json("\u{feff}hello"), "\u{feff}hello".as_bytes());
        assert_eq!(json("{}"), b"{}");
    }

    #[test]
    fn nothing_is_no_count_and_no_key() {
        assert_eq!(count("1"), Ok(1));
        assert!(count("0").unwrap_err().contains("1 or more"));
        assert!(count("-1").is_err() && count("x").is_err());
        assert!(key("").is_err() && key(" ").is_ok());
    }

    #[test]
    fn pairs_have_names() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(pair("a").is_err() && pair("=a").is_err());
    }
}
