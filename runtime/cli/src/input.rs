//! Data given on the command line: as it is, `@FILE`, or `-` for standard input.

use std::fs::File;
use std::io::{self, Read};

use lambent_types::format_bytes;

use crate::error::CliError;

/// Reads data of at most `limit` bytes; `name` is what it is called.
///
/// # Errors
/// Usage: it cannot be read, or is larger.
pub(crate) fn read(name: &str, data: &str, limit: u64) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let (from, read) = match data.strip_prefix('@') {
        _ if data == "-" => ("standard input", io::stdin().take(limit + 1).read_to_end(&mut bytes)),
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
        assert!(read("the value", "@/no/such/file", 3).is_err());
    }

    #[test]
    fn pairs_have_names() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(pair("a").is_err() && pair("=a").is_err());
    }
}
