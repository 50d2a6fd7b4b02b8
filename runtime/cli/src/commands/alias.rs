use clap::{Args, Subcommand};
use lambent_types::{
    Alias, AliasName, AliasSettings, FunctionName, Release, Split, Sticky, VersionNumber,
};
use serde_json::json;

use super::named::minute;
use crate::error::{CliError, Exit};
use crate::global::Global;

const EXAMPLES: &str = "\
Examples:
  lambent alias set hello live 6
  lambent alias set hello live 6 --split 7=10%
  lambent alias set hello live 6 --split 7=0.1 --sticky cookie:session
  lambent invoke hello:live
  lambent alias list hello
  lambent alias describe hello live
  lambent alias delete hello live";

/// Name versions of a function, and share its events out between two
///
/// An alias leads to a version, and elsewhere as soon as it is set again: whatever begins after that
/// goes by it. It stands wherever a function is named, after a colon: hello:live.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AliasArgs {
    #[command(subcommand)]
    command: AliasCommand,
}

#[derive(Debug, Subcommand)]
enum AliasCommand {
    Set(SetArgs),
    /// List the aliases of a function
    List {
        /// The function's name
        function: FunctionName,
    },
    /// Show an alias
    Describe {
        /// The function's name
        function: FunctionName,
        /// The alias
        alias: AliasName,
    },
    /// Delete an alias; the versions stay
    Delete {
        /// The function's name
        function: FunctionName,
        /// The alias
        alias: AliasName,
    },
}

/// Make an alias, or have it lead elsewhere
#[derive(Debug, Args)]
struct SetArgs {
    /// The function's name
    function: FunctionName,

    /// The alias
    alias: AliasName,

    /// The version that it leads to: a number, or $LATEST
    #[arg(value_parser = version)]
    version: VersionNumber,

    /// Have a second version handle a part of the events, such as 10% or 0.1
    #[arg(long, value_name = "VERSION=PART", value_parser = split)]
    split: Option<Split>,

    /// What decides between the two versions, so that one user stays with one of them: header:NAME,
    /// cookie:NAME, subject, id or data:/POINTER [default: chance]
    #[arg(long, value_name = "PART")]
    sticky: Option<Sticky>,

    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,

    /// Only if the alias is at this revision; 0: only if it is new
    #[arg(long, value_name = "REVISION")]
    if_revision: Option<u64>,
}

/// Reads the version that an alias leads to.
fn version(text: &str) -> Result<VersionNumber, String> {
    if text.eq_ignore_ascii_case("$LATEST") {
        return Ok(VersionNumber::Latest);
    }
    number(text).map(VersionNumber::Number)
}

fn number(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("version {text:?} is neither $LATEST nor a number such as 3"))
}

fn split(text: &str) -> Result<Split, String> {
    let (version, weight) = text.split_once('=').ok_or("not of the form VERSION=PART")?;
    let weight = weight.parse().map_err(|error| format!("{error}"))?;
    Ok(Split { version: number(version)?, weight })
}

pub(crate) fn run(args: &AliasArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        AliasCommand::Set(args) => set(args, global),
        AliasCommand::List { function } => list(function, global),
        AliasCommand::Describe { function, alias } => describe(function, alias, global),
        AliasCommand::Delete { function, alias } => delete(function, alias, global),
    }
}

fn set(args: &SetArgs, global: &Global) -> Result<Exit, CliError> {
    let SetArgs { function, alias, version, split, sticky, description, if_revision } = args;
    let settings = AliasSettings {
        version: *version,
        split: *split,
        sticky: sticky.clone(),
        description: description.clone(),
    };
    settings.validate().map_err(|error| CliError::usage(error.detail()))?;
    let answer = global.client()?.put_alias(function, alias, &settings, *if_revision)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let alias = answer.value()?;
    output.line(&format!("{function}:{} leads to {}", alias.name, leads_to(&alias)))?;
    Ok(Exit::Ok)
}

/// Where an alias leads.
fn leads_to(alias: &Alias) -> String {
    let AliasSettings { version, split, .. } = &alias.settings;
    match split {
        Some(Split { version: second, weight }) => {
            format!("version {version}, and for {weight} of the events to version {second}")
        }
        None => format!("version {version}"),
    }
}

fn list(function: &FunctionName, global: &Global) -> Result<Exit, CliError> {
    let all = global.client()?.aliases(function)?;
    let output = global.output();
    if output.json {
        output.answer(&all)?;
        return Ok(Exit::Ok);
    }
    let row = |alias: &Alias| {
        let AliasSettings { version, split, sticky, .. } = &alias.settings;
        vec![
            alias.name.to_string(),
            version.to_string(),
            split.map_or_else(|| "-".into(), |split| format!("{}={}", split.version, split.weight)),
            sticky.as_ref().map_or_else(|| "-".into(), ToString::to_string),
            minute(alias.changed),
        ]
    };
    let rows: Vec<_> = all.value()?.aliases.iter().map(row).collect();
    if rows.is_empty() {
        eprintln!("no aliases yet; make one: lambent alias set {function} live 1");
    } else {
        output.table(&["name", "version", "split", "sticky", "changed"], rows)?;
    }
    Ok(Exit::Ok)
}

fn describe(function: &FunctionName, alias: &AliasName, global: &Global) -> Result<Exit, CliError> {
    let answer = global.client()?.alias(function, alias)?;
    let output = global.output();
    if output.json {
        output.answer(&answer)?;
    } else {
        output.fields(&fields(&answer.value()?))?;
    }
    Ok(Exit::Ok)
}

fn fields(alias: &Alias) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("name", alias.name.to_string()),
        ("leads to", leads_to(alias)),
        ("sticky", alias.settings.sticky.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("description", alias.settings.description.clone()),
        ("release", alias.active_release().map(under_way).unwrap_or_default()),
        ("revision", alias.revision.0.to_string()),
        ("created", minute(alias.created)),
        ("changed", minute(alias.changed)),
    ];
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

/// What is said of a release that is under way.
fn under_way(Release { from, to, state, .. }: &Release) -> String {
    format!("from version {from} to version {to}, {}", state.as_str())
}

fn delete(function: &FunctionName, alias: &AliasName, global: &Global) -> Result<Exit, CliError> {
    global.client()?.delete_alias(function, alias, None)?;
    let output = global.output();
    if output.json {
        output.json(&json!({ "deleted": format!("{function}:{alias}") }))?;
    } else {
        output.line(&format!("deleted alias {function}:{alias}"))?;
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_version_comes_with_its_part() {
        for text in ["7=10%", "7=0.1"] {
            let Split { version, weight } = split(text).unwrap();
            assert_eq!((version, weight.get()), (7, 100_000));
        }
        for (wrong, told) in [
            ("7", "VERSION=PART"),
            ("x=10%", "neither $LATEST nor a number"),
            ("0=10%", "neither $LATEST nor a number"),
            ("7=101%", "not above 0 and at most 1"),
            ("7=", "not above 0 and at most 1"),
        ] {
            assert!(split(wrong).unwrap_err().contains(told), "{wrong}");
        }
        assert_eq!(version("$latest").unwrap(), VersionNumber::Latest);
        assert!(version("live").is_err());
    }

    #[test]
    fn where_it_leads_is_said() {
        let alias = |split: &str| -> Alias {
            let json = format!(
                r#"{{"name":"live","version":"6"{split},"revision":3,"new":1,
                    "created":"2026-07-01T12:00:00Z","changed":"2026-07-01T12:00:00Z"}}"#
            );
            serde_json::from_str(&json).unwrap()
        };
        assert_eq!(leads_to(&alias("")), "version 6");
        let two = alias(r#","split":{"version":7,"weight":0.25}"#);
        assert_eq!(leads_to(&two), "version 6, and for 25% of the events to version 7");
        assert!(fields(&two).contains(&("revision", "3".into())));
    }
}
