use clap::{Args, Subcommand};
use lambent_api::kinds::Bucket;
use lambent_api::{BucketSpec, BucketView};
use lambent_types::{BucketName, Versioning};

use super::named;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent bucket create photos
  lambent bucket create ledger --versioning enabled
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
    /// Make a bucket, or have one keep former versions of its objects
    Create {
        /// The bucket's name
        name: BucketName,
        /// Whether it keeps former versions: enabled or, once it did, suspended; as before if it is
        /// not given
        #[arg(long, value_name = "STATE")]
        versioning: Option<Versioning>,
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
        BucketCommand::Create { name, versioning: None } => {
            named::create::<Bucket>(name, &BucketSpec::default(), global)
        }
        BucketCommand::Create { name, versioning } => {
            named::put::<Bucket>(name, &BucketSpec { versioning: *versioning }, global)
        }
        BucketCommand::List => {
            let row = |item: &BucketView| {
                let (created, versioning) = (named::minute(item.created), item.versioning);
                vec![item.name.to_string(), created, versioning.to_string()]
            };
            let first = "lambent bucket create photos";
            named::list::<Bucket>(&["name", "created", "versioning"], row, first, global)
        }
        BucketCommand::Delete { name } => named::delete::<Bucket>(name, global),
    }
}
