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
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    data: Option<PathBuf>,

    /// Check the file, say what is in it, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &RestoreArgs, global: &Global) -> Result<Exit, CliError> {
    let Some(data) = args.data.as_ref().filter(|_| !args.dry_run) else {
        let manifest = backup::inspect(&args.file).map_err(failed)?;
        return tell(&manifest, "whole, with", &args.file, global);
    };
    let progress = Progress::files(global.json, "restoring");
    let done = backup::restore(&args.file, data, &mut |name, bytes| progress.tell(name, bytes));
    drop(progress);
    tell(&done.map_err(failed)?, "restored", data, global)
}
