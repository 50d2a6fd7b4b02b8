use std::path::PathBuf;

use clap::Args;
use lambent_api::ObjectView;
use lambent_api::client::PutObject;
use lambent_types::bounds::OBJECT_HEADERS;
use lambent_types::{BucketName, format_bytes};

use crate::error::CliError;
use crate::global::Global;
use crate::input;
use crate::media_type;
use crate::uploading::{Show, upload};

/// Write an object
///
/// It exists once all of it has arrived; until then, what was there stays.
/// What is larger than 64 MiB is sent in parts of 32 MiB.
#[derive(Debug, Args)]
pub(super) struct PutArgs {
    /// The bucket's name
    bucket: BucketName,

    /// The object's key
    #[arg(value_parser = input::key)]
    key: String,

    /// What to write; - reads standard input
    file: PathBuf,

    /// The media type [default: what the key's ending says]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// Give it out with a header: Cache-Control, Content-Disposition,
    /// Content-Encoding, Content-Language or Expires. May be repeated
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
    headers: Vec<(String, String)>,

    /// Attach metadata. May be repeated
    #[arg(long = "meta", value_name = "NAME=VALUE", value_parser = input::pair)]
    metadata: Vec<(String, String)>,

    /// Only if the object has this etag
    #[arg(long, value_name = "ETAG", conflicts_with = "if_absent")]
    if_etag: Option<String>,

    /// Only if there is no such object
    #[arg(long)]
    if_absent: bool,
}

/// Reads a header that is kept with an object.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = input::pair(text)?;
    let name = name.to_ascii_lowercase();
    if OBJECT_HEADERS.contains(&name.as_str()) {
        return Ok((name, value));
    }
    Err(format!(
        "header {name:?} is not kept with objects; there are: {}",
        OBJECT_HEADERS.join(", ")
    ))
}

pub(super) fn run(args: &PutArgs, global: &Global) -> Result<(), CliError> {
    let PutArgs { bucket, key, .. } = args;
    let attached = PutObject {
        content_type: args.content_type.clone().or_else(|| media_type::of(key)),
        headers: args.headers.clone(),
        metadata: args.metadata.clone(),
        if_etag: args.if_etag.as_ref().map(|etag| etag.trim_matches('"').to_owned()),
        if_absent: args.if_absent,
    };
    let client = global.client()?;
    let object = upload(&client, bucket, key, &args.file, &attached, Show::Progress)?;
    let output = global.output();
    if output.json {
        output.answer(&object)?;
    } else {
        let ObjectView { size, etag, .. } = object.value()?;
        let size = format_bytes(size);
        output.line(&format!("put {key:?} into {bucket} ({size}, etag {etag})"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_that_are_kept() {
        let pair = ("cache-control".to_owned(), "max-age=60, public".to_owned());
        assert_eq!(header("Cache-Control=max-age=60, public"), Ok(pair));
        assert!(header("etag=x").unwrap_err().contains("there are: cache-control, "));
        assert!(header("expires").is_err());
    }
}
