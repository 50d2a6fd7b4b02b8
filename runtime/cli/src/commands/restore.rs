use std::path::PathBuf;

use clap::Args;
use lambent_server::backup;

use super::backup::{failed, tell};
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::progress::Progress;

const EXAMPLES: &str = "\
Examples:
  lambent restore node.backup --data ./restored
  lambent restore node.backup --dry-run      check the file and write nothing";

/// Make a data directory of a backup
///
/// The whole file is checked before anything is written. The directory is new or empty, and
/// belongs to whoever runs this: for a unit of systemd, run it as the unit's user, or change
/// its owner after. Schedules of the restored node fire beside those of the original, if that
/// runs still.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,

    /// The directory to make
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Check the file, say what is in it, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &RestoreArgs, global: &Global) -> Result<Exit, CliError> {
    if args.dry_run {
        let manifest = backup::inspect(&args.file).map_err(failed)?;
        return tell(&manifest, "whole, with", &args.file, global);
    }
    // Not from the environment: there the directory is that of a node which there is.
    let data = args.data.as_ref().ok_or_else(|| {
        CliError::usage("where to restore it is not said")
            .hint("name a new directory: --data DIR, or only check the file: --dry-run")
    })?;
    let progress = Progress::files(global.json, "restoring");
    let done = backup::restore(&args.file, data, &mut |name, bytes| progress.tell(name, bytes));
    drop(progress);
    tell(&done.map_err(failed)?, "restored", data, global)
}
