//! Which function a command is about, and which version of it.

use clap::Args;
use lambent_types::{FunctionName, QualifiedFunction, Qualifier};

use crate::error::CliError;

/// A function by its name, and a version or an alias of it.
#[derive(Debug, Args)]
pub(crate) struct FunctionArgs {
    /// The function's name; a version or an alias may follow it, as in hello:3 and hello:live
    name: QualifiedFunction,

    /// The version: a number, an alias, or $LATEST [default: $LATEST]
    #[arg(long, value_name = "VERSION")]
    qualifier: Option<Qualifier>,
}

impl FunctionArgs {
    /// The function, and the version if one was named.
    ///
    /// # Errors
    /// Usage: two versions are named.
    pub(crate) fn given(&self) -> Result<(&FunctionName, Option<&Qualifier>), CliError> {
        let QualifiedFunction { name, qualifier } = &self.name;
        let named = Some(qualifier).filter(|qualifier| **qualifier != Qualifier::Latest);
        match (named, &self.qualifier) {
            (Some(named), Some(flag)) if named.key() != flag.key() => {
                let error = format!("{} names version {named}, and --qualifier {flag}", self.name);
                Err(CliError::usage(error).hint("leave one of the two out"))
            }
            (named, flag) => Ok((name, named.or(flag.as_ref()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        function: FunctionArgs,
    }

    fn given(line: &[&str]) -> Result<String, String> {
        let line = ["probe"].into_iter().chain(line.iter().copied());
        let probe = Probe::try_parse_from(line).map_err(|error| error.to_string())?;
        let (name, qualifier) = probe.function.given().map_err(|error| error.to_string())?;
        let qualifier = qualifier.map_or_else(|| "-".to_owned(), ToString::to_string);
        Ok(format!("{name} {qualifier}"))
    }

    #[test]
    fn a_version_is_named_in_one_way_or_the_other() {
        assert_eq!(given(&["hello"]).unwrap(), "hello -");
        assert_eq!(given(&["hello:live"]).unwrap(), "hello live");
        assert_eq!(given(&["hello", "--qualifier", "3"]).unwrap(), "hello 3");
        assert_eq!(given(&["hello:3", "--qualifier", "3"]).unwrap(), "hello 3");
        let twice = given(&["hello:3", "--qualifier", "live"]).unwrap_err();
        assert!(twice.contains("hello:3 names version 3, and --qualifier live"), "{twice}");
        assert!(given(&["hello:"]).unwrap_err().contains("neither $LATEST"));
    }
}
