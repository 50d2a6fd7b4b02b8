//! The configuration flags that `deploy` and `configure` share.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use lambent_types::{
    Configuration, ConfigurationPatch, Environment, Provisioned, parse_bytes, parse_duration,
};

use crate::error::CliError;
use crate::input;

/// What can be configured; what is not given stays as it is.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Configuration (what is not given stays as it is)")]
pub(crate) struct ConfigurationArgs {
    /// Memory an invocation may use, 2MiB to 4GiB [new functions: 128MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    memory: Option<u64>,

    /// Time an invocation may take, 1ms to 900s [new functions: 3s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    timeout: Option<Duration>,

    /// Instructions an invocation may execute [new functions: 10000000000]
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,

    /// Instances to keep ready: a number, or auto, which follows the rate of
    /// invocations [new functions: 0]
    #[arg(long, value_name = "N|auto")]
    provisioned: Option<Provisioned>,

    /// Invocations that one instance serves, one after the other; with 1 every
    /// one has a fresh instance [new functions: 1]
    #[arg(long, value_name = "N")]
    reuse: Option<u32>,

    /// HTTP requests that one instance serves at once, for components of WASI
    /// 0.3; --reuse must be as much at least [new functions: 1]
    #[arg(long, value_name = "N")]
    shared: Option<u32>,

    /// Set an environment variable; KEY alone takes its value from here. May
    /// be repeated; the variables given replace all there were
    #[arg(long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,

    /// Set the environment variables in FILE, one KEY=VALUE a line
    /// (/dev/null removes all)
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,

    /// Say what the function is for, in at most 256 characters
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Attach a label. May be repeated; the tags given replace all there were
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<String>,

    /// Let anyone send it HTTP requests without a key
    #[arg(long)]
    public: bool,

    /// Ask for a key on HTTP requests
    #[arg(long, conflicts_with = "public")]
    private: bool,
}

impl ConfigurationArgs {
    /// The change these flags ask for, checked against the bounds.
    ///
    /// # Errors
    /// Usage: a value is malformed or out of bounds, or the file unreadable.
    pub(crate) fn to_patch(&self) -> Result<ConfigurationPatch, CliError> {
        let patch = ConfigurationPatch {
            memory_bytes: self.memory,
            timeout_ms: self.timeout.map(milliseconds),
            fuel: self.fuel,
            environment: self.environment()?,
            description: self.description.clone(),
            tags: self.tags()?,
            provisioned: self.provisioned,
            reuse: self.reuse,
            shared: self.shared,
            public: (self.public || self.private).then_some(self.public),
            ..ConfigurationPatch::default()
        };
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

/// Rounds up, so that the shortest time asked for is not none at all.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
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
    parse_env_file(input::without_mark(&text))
        .map_err(|line| CliError::usage(format!("{shown}, line {line}: not of the form KEY=VALUE")))
}

/// Reads `KEY=VALUE` lines; blank lines and `#` comments are skipped, a
/// leading `export` and one pair of quotes around a value are dropped.
/// `Err` is the number of the first line that is none of these.
fn parse_env_file(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut variables = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let pair = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = pair.split_once('=').ok_or(index + 1)?;
        variables.insert(key.trim().to_owned(), unquote(value.trim()).to_owned());
    }
    Ok(variables)
}

fn unquote(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
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
    fn bounds_are_checked_before_anything_is_sent() {
        let error = patch(&["--memory=1MiB"]).unwrap_err();
        assert!(error.to_string().contains("between 2.0 MiB and 4.0 GiB"), "{error}");
        assert!(patch(&["--tag=x"]).is_err());
        assert!(patch(&["--env=1X=y"]).is_err());
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
    }

    #[test]
    fn env_files_are_read_as_shells_write_them() {
        let text = "# c\n\nexport A=1\nB=\"two words\"\nC='it''s'\nD=\n";
        let variables = parse_env_file(text).unwrap();
        assert_eq!(variables["A"], "1");
        assert_eq!(variables["B"], "two words");
        assert_eq!(variables["C"], "it''s");
        assert_eq!(variables["D"], "");
        assert_eq!(parse_env_file("A=1\noops"), Err(2));
        assert_eq!(parse_env_file(""), Ok(BTreeMap::new()));
    }
}
