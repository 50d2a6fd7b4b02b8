use clap::{Args, Subcommand};
use lambent_api::BucketView;
use lambent_api::kinds::Bucket;
use lambent_types::BucketName;

use super::named;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent bucket create photos
  lambent bucket list
  lambent bucket delete photos";

/// Make, list and delete buckets, which hold objects
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BucketArgs {
    #[command(subcommand)]
    command: BucketCommand,
}

#[derive(Debug, Subcommand)]
enum BucketCommand {
    /// Make a bucket; one that is there already stays as it is
    Create {
        /// The bucket's name
        name: BucketName,
    },
    /// List the buckets
    List,
    /// Delete a bucket, which must be empty
    Delete {
        /// The bucket's name
        name: BucketName,
    },
}

pub(crate) fn run(args: &BucketArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        BucketCommand::Create { name } => named::create::<Bucket>(name, global),
        BucketCommand::List => {
            let row = |item: &BucketView| vec![item.name.to_string(), named::minute(item.created)];
            let first = "lambent bucket create photos";
            named::list::<Bucket>(&["name", "created"], row, first, global)
        }
        BucketCommand::Delete { name } => named::delete::<Bucket>(name, global),
    }
}
