use std::path::PathBuf;

use clap::Args;
use lambent_types::{BucketName, format_bytes};
use serde_json::json;

use super::destination::Destination;
use crate::error::CliError;
use crate::global::Global;
use crate::input;
use crate::progress::Progress;

/// Read an object
///
/// A file appears when all of it has arrived; until then, what was there stays.
#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// The bucket's name
    bucket: BucketName,

    /// The object's key
    #[arg(value_parser = input::key)]
    key: String,

    /// Write to FILE, or into a directory, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only these bytes: 0-99 the first hundred, 100- from there on, -100 the last
    #[arg(long, value_name = "RANGE", value_parser = range, allow_hyphen_values = true)]
    range: Option<String>,
}

/// Reads a range of bytes, with or without the unit.
fn range(text: &str) -> Result<String, String> {
    let invalid = || "not a range such as 0-99, 100- or -100".to_owned();
    let range = text.strip_prefix("bytes=").unwrap_or(text);
    let (first, last) = range.split_once('-').ok_or_else(invalid)?;
    let number = |text: &str| text.is_empty() || text.bytes().all(|byte| byte.is_ascii_digit());
    if !number(first) || !number(last) || (first.is_empty() && last.is_empty()) {
        return Err(invalid());
    }
    Ok(range.to_owned())
}

pub(super) fn run(args: &GetArgs, global: &Global) -> Result<(), CliError> {
    let GetArgs { bucket, key, .. } = args;
    let client = global.client()?;
    let opened = client.get_object(bucket, key, args.range.as_deref())?;
    // The file is opened only now, so that a missing object leaves it as it was.
    let mut destination = Destination::open(args.output.as_deref(), key)?;
    let progress = match opened.bytes() {
        Some(bytes) if args.output.is_some() => Progress::download(bytes),
        _ => Progress::hidden(),
    };
    let etag = opened.etag().map(str::to_owned);
    let content_type = opened.header("content-type").map(str::to_owned);
    let total = opened.copy(|bytes| -> Result<(), CliError> {
        progress.advance(bytes.len() as u64);
        destination.write(bytes)
    })?;
    let path = destination.finish()?;
    drop(progress);
    let Some(path) = path else { return Ok(()) };
    let output = global.output();
    if output.json {
        output.json(&json!({
            "key": key, "file": path, "size": total, "etag": etag, "content_type": content_type,
        }))?;
    } else {
        let size = format_bytes(total);
        output.line(&format!("got {key:?} from {bucket} ({size}) into {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_checked_before_they_are_sent() {
        for good in ["0-99", "100-", "-100", "bytes=0-99"] {
            assert_eq!(range(good).unwrap(), good.trim_start_matches("bytes="));
        }
        for bad in ["", "-", "5", "a-b", "1-2-3", "0-1,3-4"] {
            assert!(range(bad).is_err(), "{bad}");
        }
    }
}
