use clap::{Args, Subcommand};
use lambent_api::VolumeView;
use lambent_api::kinds::Volume;
use lambent_types::{VolumeName, VolumeSettings, format_bytes, format_count, parse_bytes};

use super::named::{self, or_dash};
use crate::confirm;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent volume create data
  lambent volume create models --max 10GiB
  lambent deploy train app/ --runtime python3.14 --mounts data:/mnt/data,models:/mnt/models:read
  lambent volume describe data
  lambent volume delete data --yes";

/// Make volumes, whose files functions share, see what they hold and delete them
///
/// A function sees a volume at the path below /mnt that its mounts say.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct VolumeArgs {
    #[command(subcommand)]
    command: VolumeCommand,
}

#[derive(Debug, Subcommand)]
enum VolumeCommand {
    /// Make a volume, or give one another size
    Create {
        /// The volume's name
        name: VolumeName,
        /// How much it may hold, 1MiB to 1TiB, which is set aside of the namespace's quota
        /// [default: 1GiB]
        #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
        max: Option<u64>,
    },
    /// List the volumes
    List,
    /// Show how much a volume may hold and holds
    Describe {
        /// The volume's name
        name: VolumeName,
    },
    /// Delete a volume with all its files
    Delete {
        /// The volume's name
        name: VolumeName,
        /// Do not ask, although it has files
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) fn run(args: &VolumeArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        VolumeCommand::Create { name, max } => {
            let default = VolumeSettings::default();
            let settings = VolumeSettings { max_bytes: max.unwrap_or(default.max_bytes) };
            named::put::<Volume>(name, &settings, global)
        }
        VolumeCommand::List => {
            let header = ["name", "max", "created"];
            named::list::<Volume>(&header, row, "lambent volume create data", global)
        }
        VolumeCommand::Describe { name } => named::describe::<Volume>(name, fields, global),
        VolumeCommand::Delete { name, yes } => {
            if !yes {
                ask(name, global)?;
            }
            named::delete::<Volume>(name, global)
        }
    }
}

/// Asks before a volume is deleted that has files.
fn ask(name: &VolumeName, global: &Global) -> Result<(), CliError> {
    let volume = global.client()?.describe::<Volume>(name)?.value()?;
    match volume.usage.map(|usage| usage.files) {
        Some(0) => Ok(()),
        Some(1) => confirm::deletion(&format!("volume {name} with the file in it")),
        Some(files) => {
            let files = format_count(files);
            confirm::deletion(&format!("volume {name} with {files} files and directories in it"))
        }
        None => confirm::deletion(&format!("volume {name} with all its files")),
    }
}

fn row(volume: &VolumeView) -> Vec<String> {
    let max = format_bytes(volume.settings.max_bytes);
    vec![volume.name.to_string(), max, named::minute(volume.created)]
}

fn fields(volume: &VolumeView) -> Vec<(&'static str, String)> {
    vec![
        ("name", volume.name.to_string()),
        ("max", format_bytes(volume.settings.max_bytes)),
        ("used", or_dash(volume.usage.map(|usage| format_bytes(usage.bytes)))),
        ("files", or_dash(volume.usage.map(|usage| format_count(usage.files)))),
        ("created", volume.created.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_has_units() {
        let volume = |usage| -> VolumeView {
            serde_json::from_value(json!({
                "name": "data", "settings": { "max_bytes": 1 << 30, "later": 1 },
                "created": "2026-07-01T12:00:00Z", "usage": usage,
            }))
            .unwrap()
        };
        assert_eq!(row(&volume(json!(null))), ["data", "1.0 GiB", "2026-07-01 12:00"]);
        let fields = fields(&volume(json!({ "bytes": 8192, "files": 1200 })));
        assert_eq!(fields[2..4], [("used", "8.0 KiB".to_owned()), ("files", "1,200".to_owned())]);
    }
}
