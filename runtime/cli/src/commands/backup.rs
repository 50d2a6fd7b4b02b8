use std::path::{Path, PathBuf};

use clap::Args;
use lambent_server::backup::{self, BackupError, Manifest};
use lambent_types::format_bytes;
use serde_json::json;

use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::key;
use crate::progress::Progress;

const EXAMPLES: &str = "\
Examples:
  lambent backup node.backup
  lambent backup /var/backups/lambent --data /var/lib/lambent
  lambent restore node.backup --dry-run";

/// Back up a node's data directory into one file, while the node runs or not
///
/// In the file is everything that was acknowledged before this began: functions, objects,
/// keys, messages, schedules, volumes, logs, and the node's keys, so keep it as you keep
/// those. It has to be run on the node's machine, by whoever owns the data directory. The
/// file is whole when this ends, and there is none if it fails.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BackupArgs {
    /// The new file; or a directory, in which it gets a name with the time
    #[arg(value_name = "FILE|DIR")]
    to: PathBuf,

    /// The node's data directory [default: see lambent --help]
    #[arg(long, value_name = "DIR", env = "LAMBENT_DATA")]
    data: Option<PathBuf>,
}

pub(crate) fn run(args: &BackupArgs, global: &Global) -> Result<Exit, CliError> {
    let data = args.data.clone().filter(|data| !data.as_os_str().is_empty());
    let data = data.unwrap_or_else(key::data_directory);
    let to = if args.to.is_dir() { args.to.join(named_by_time()) } else { args.to.clone() };
    let progress = Progress::files(global.json, "backing up");
    let made = backup::backup(&data, &to, &mut |name, bytes| progress.tell(name, bytes));
    drop(progress);
    tell(&made.map_err(failed)?, "backed up", &to, global)
}

fn named_by_time() -> String {
    format!("lambent-{}.backup", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))
}

/// What a backup failed with, and what to do about it.
pub(super) fn failed(error: BackupError) -> CliError {
    let hint = match &error {
        BackupError::NoData(_) => "name the data directory of the node: --data DIR",
        BackupError::Space { .. } => "make room, or name a place on another disk",
        BackupError::CutOff(_) => "copy it again from where it was made, and compare the sizes",
        BackupError::Damaged(_) => "take another copy of it, or an older backup",
        BackupError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            "run this as the user that the node runs as, or as root"
        }
        _ => return CliError::failed(error.to_string()),
    };
    CliError::failed(error.to_string()).hint(hint)
}

/// Says what was done with a backup.
pub(super) fn tell(
    manifest: &Manifest,
    done: &str,
    file: &Path,
    global: &Global,
) -> Result<Exit, CliError> {
    let output = global.output();
    let Manifest { release, begun, files, bytes, .. } = manifest;
    if output.json {
        output.json(&json!({ "file": file, "backup": manifest }))?;
    } else {
        let (shown, size) = (file.display(), format_bytes(*bytes));
        output.line(&format!("{done} {files} files of about {size}, as of {begun}: {shown}"))?;
        eprintln!("made by lambent {release}; it holds the node's keys");
    }
    Ok(Exit::Ok)
}
