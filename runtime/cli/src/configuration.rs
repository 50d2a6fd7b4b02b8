//! The configuration flags that `deploy` and `configure` share.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use lambent_types::{
    Configuration, ConfigurationParameter, ConfigurationPatch, Cors, Environment, ParameterKind,
};

use crate::cors_args::CorsArgs;
use crate::env_file;
use crate::error::CliError;
use crate::input;

/// What can be configured; what is not given stays as it is.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Configuration (what is not given stays as it is)")]
pub(crate) struct ConfigurationArgs {
    #[command(flatten)]
    parameters: ParameterArgs,

    /// Set an environment variable; KEY alone takes its value from here. May
    /// be repeated; the variables given replace all there were
    #[arg(long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,

    /// Set the environment variables in FILE, one KEY=VALUE a line
    /// (/dev/null removes all)
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,

    /// Attach a label. May be repeated; the tags given replace all there were
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<String>,

    /// Ask for a key on HTTP requests
    #[arg(long, conflicts_with = "public")]
    private: bool,

    #[command(flatten)]
    cors: CorsArgs,

    /// Let pages of other origins do nothing, as in the beginning
    #[arg(long, conflicts_with = "allow_origins")]
    no_cors: bool,
}

/// An option for each member of a configuration that a short text gives.
#[derive(Debug, Default)]
struct ParameterArgs(ConfigurationPatch);

impl Args for ParameterArgs {
    fn augment_args(command: Command) -> Command {
        command.args(ConfigurationPatch::PARAMETERS.iter().map(option))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ParameterArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for ConfigurationParameter { name, set, .. } in ConfigurationPatch::PARAMETERS {
            let Some(text) = matches.get_one::<String>(name) else { continue };
            set(&mut self.0, text).map_err(|error| {
                clap::Error::raw(clap::error::ErrorKind::ValueValidation, error)
            })?;
        }
        Ok(())
    }
}

/// The option that gives a member.
fn option(parameter: &'static ConfigurationParameter) -> Arg {
    let ConfigurationParameter { name, summary, kind, set, show } = parameter;
    let check =
        move |text: &str| set(&mut ConfigurationPatch::default(), text).map(|()| text.to_owned());
    let option = Arg::new(*name).long(*name).value_parser(check);
    if *kind == ParameterKind::Switch {
        return option
            .help(*summary)
            .value_name("true|false")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    let default = show(&Configuration::default());
    let help = match default.as_str() {
        "" => (*summary).to_owned(),
        default => format!("{summary} [new functions: {default}]"),
    };
    option.help(help).value_name(value_name(*kind))
}

const fn value_name(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Size => "SIZE",
        ParameterKind::SizeOrAuto => "SIZE|auto",
        ParameterKind::Duration => "DURATION",
        ParameterKind::Count => "N",
        ParameterKind::CountOrAuto => "N|auto",
        ParameterKind::Switch => "true|false",
        ParameterKind::RuntimeName => "NAME",
        ParameterKind::RuntimeUpdates => "auto|function-update",
        ParameterKind::Layers => "LAYER,…",
        ParameterKind::Mounts => "VOLUME:PATH,…",
        ParameterKind::AwsServices => "SERVICE=egress,…",
        ParameterKind::Text => "TEXT",
    }
}

impl ConfigurationArgs {
    /// The change these flags ask for, checked against the bounds.
    ///
    /// # Errors
    /// Usage: a value is malformed or out of bounds, or the file unreadable.
    pub(crate) fn to_patch(&self) -> Result<ConfigurationPatch, CliError> {
        let mut patch = self.parameters.0.clone();
        patch.environment = self.environment()?;
        patch.tags = self.tags()?;
        if self.private {
            patch.public = Some(false);
        }
        patch.cors = self.cors.settings().or_else(|| self.no_cors.then(Cors::default));
        // Bounds hold for each member alone, so any base finds what is wrong.
        patch.apply(&Configuration::default()).map_err(|error| CliError::usage(error.detail()))?;
        Ok(patch)
    }

    fn environment(&self) -> Result<Option<Environment>, CliError> {
        if self.env.is_empty() && self.env_file.is_none() {
            return Ok(None);
        }
        let mut variables = match &self.env_file {
            Some(path) => read_env_file(path)?,
            None => BTreeMap::new(),
        };
        for given in &self.env {
            let (key, value) = match given.split_once('=') {
                Some((key, value)) => (key, value.to_owned()),
                None => (given.as_str(), inherited(given)?),
            };
            variables.insert(key.to_owned(), value);
        }
        Ok(Some(Environment(Arc::new(variables))))
    }

    fn tags(&self) -> Result<Option<BTreeMap<String, String>>, CliError> {
        if self.tags.is_empty() {
            return Ok(None);
        }
        let pair = |tag: &String| match tag.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(CliError::usage(format!("--tag {tag:?} is not of the form KEY=VALUE"))),
        };
        self.tags.iter().map(pair).collect::<Result<_, _>>().map(Some)
    }
}

fn inherited(key: &str) -> Result<String, CliError> {
    env::var(key).map_err(|_| {
        CliError::usage(format!("--env {key}: no such variable in this environment"))
            .hint(format!("set it here first, or give its value: --env {key}=VALUE"))
    })
}

fn read_env_file(path: &Path) -> Result<BTreeMap<String, String>, CliError> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| CliError::usage(format!("cannot read --env-file {shown}: {error}")))?;
    env_file::parse(input::without_mark(&text))
        .map_err(|line| CliError::usage(format!("{shown}, line {line}: not of the form KEY=VALUE")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        configuration: ConfigurationArgs,
    }

    fn patch(arguments: &[&str]) -> Result<ConfigurationPatch, CliError> {
        let arguments = std::iter::once("probe").chain(arguments.iter().copied());
        Probe::try_parse_from(arguments).unwrap().configuration.to_patch()
    }

    #[test]
    fn nothing_given_changes_nothing() {
        assert_eq!(patch(&[]).unwrap(), ConfigurationPatch::default());
    }

    #[test]
    fn every_flag_reaches_the_patch() {
        let patch = patch(&[
            "--memory=64MiB",
            "--timeout=1.5s",
            "--fuel=20000",
            "--env=A=1=2",
            "--description=d",
            "--tag=team=x",
            "--private",
        ])
        .unwrap();
        assert_eq!(patch.memory_bytes, Some(64 << 20));
        assert_eq!(patch.timeout_ms, Some(1500));
        assert_eq!(patch.fuel, Some(20_000));
        assert_eq!(patch.environment.unwrap().0["A"], "1=2");
        assert_eq!(patch.description.as_deref(), Some("d"));
        assert_eq!(patch.tags.unwrap()["team"], "x");
        assert_eq!(patch.public, Some(false));
    }

    #[test]
    fn every_parameter_of_a_configuration_has_an_option() {
        for ConfigurationParameter { name, kind, set, .. } in ConfigurationPatch::PARAMETERS {
            let (text, wrong) = match kind {
                ParameterKind::Size => ("8MiB", Some("8 parsecs")),
                ParameterKind::SizeOrAuto => ("600MiB", Some("8 parsecs")),
                ParameterKind::RuntimeName => ("python3.14", Some("Python")),
                ParameterKind::RuntimeUpdates => ("function-update", Some("never")),
                ParameterKind::Duration => ("2s", Some("soon")),
                ParameterKind::Count | ParameterKind::CountOrAuto => ("20000", Some("many")),
                ParameterKind::Switch => ("false", Some("maybe")),
                ParameterKind::Layers => ("numpy:3,helpers", Some("a b")),
                ParameterKind::Mounts => ("a:/mnt/a,b:/mnt/b:read", Some("a:/tmp")),
                ParameterKind::AwsServices => ("bedrock-runtime=egress", Some("bedrock=home")),
                ParameterKind::Text => ("x", None),
            };
            let mut expected = ConfigurationPatch::default();
            set(&mut expected, text).unwrap();
            let probe = Probe::try_parse_from(["probe", &format!("--{name}={text}")]).unwrap();
            assert_eq!(probe.configuration.parameters.0, expected, "{name}");
            let Some(wrong) = wrong else { continue };
            let error =
                Probe::try_parse_from(["probe", &format!("--{name}={wrong}")]).err().unwrap();
            let error = error.to_string();
            assert!(error.contains(&format!("'--{name}")) && error.contains(wrong), "{error}");
        }
        assert_eq!(patch(&["--public"]).unwrap().public, Some(true));
    }

    #[test]
    fn bounds_are_checked_before_anything_is_sent() {
        let error = patch(&["--memory=1MiB"]).unwrap_err();
        assert!(error.to_string().contains("between 2.0 MiB and 4.0 GiB"), "{error}");
        assert!(patch(&["--tag=x"]).is_err());
        assert!(patch(&["--env=1X=y"]).is_err());
    }
}
