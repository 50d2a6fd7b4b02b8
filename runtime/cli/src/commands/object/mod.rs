//! Objects: upload, download, list, describe, delete.

mod destination;
mod get;
mod list;
mod put;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use lambent_types::{BucketName, format_bytes};
use serde_json::json;

use super::named;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::input;

const EXAMPLES: &str = "\
Examples:
  lambent object put photos cat.jpg ./cat.jpg
  lambent object put backups today.tar - < today.tar
  lambent object put site index.html index.html --header cache-control=no-cache
  lambent object get photos cat.jpg -o cat.jpg
  lambent object get logs today.txt --range 0-1023
  lambent object list photos --prefix 2026/
  lambent object head photos cat.jpg
  lambent object delete photos cat.jpg";

/// Put, get, list and delete the objects of a bucket
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ObjectArgs {
    #[command(subcommand)]
    command: ObjectCommand,
}

#[derive(Debug, Subcommand)]
enum ObjectCommand {
    Put(put::PutArgs),
    Get(get::GetArgs),
    List(list::ListArgs),
    /// Show what is known of an object
    Head {
        /// The bucket's name
        bucket: BucketName,
        /// The object's key
        #[arg(value_parser = input::key)]
        key: String,
    },
    /// Delete an object
    Delete {
        /// The bucket's name
        bucket: BucketName,
        /// The object's key
        #[arg(value_parser = input::key)]
        key: String,
    },
}

pub(crate) fn run(args: &ObjectArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        ObjectCommand::Put(args) => put::run(args, global)?,
        ObjectCommand::Get(args) => get::run(args, global)?,
        ObjectCommand::List(args) => list::run(args, global)?,
        ObjectCommand::Head { bucket, key } => head(bucket, key, global)?,
        ObjectCommand::Delete { bucket, key } => {
            global.client()?.delete_object(bucket, key)?;
            let output = global.output();
            if output.json {
                output.json(&json!({ "deleted": key }))?;
            } else {
                output.line(&format!("deleted {key:?} from {bucket}"))?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn head(bucket: &BucketName, key: &str, global: &Global) -> Result<(), CliError> {
    let found = global.client()?.find_object(bucket, key)?;
    let Some(object) = found else {
        return Err(CliError::failed(format!("object {key:?} does not exist in bucket {bucket}"))
            .hint(format!("see which there are: lambent object list {bucket}")));
    };
    let output = global.output();
    if output.json {
        return output.answer(&object);
    }
    let object = object.value()?;
    let pairs = |pairs: &BTreeMap<String, String>| {
        let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("\n")
    };
    let mut fields = vec![
        ("key", object.key),
        ("size", format_bytes(object.size)),
        ("etag", object.etag),
        ("type", named::or_dash(object.content_type)),
        ("modified", object.modified.to_string()),
    ];
    for (member, given) in [("headers", &object.headers), ("metadata", &object.metadata)] {
        fields.extend(Some((member, pairs(given))).filter(|(_, pairs)| !pairs.is_empty()));
    }
    Ok(output.fields(&fields)?)
}
