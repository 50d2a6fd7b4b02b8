//! What a file takes from where it is read.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::Path;

use crate::env_file;
use crate::error::CliError;
use crate::input;

/// The file of variables beside a `lambent.toml`, which is not committed.
pub(crate) const FILE: &str = "lambent.env";

/// The environment of this process, and the variables of [`FILE`].
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    file: BTreeMap<String, String>,
}

impl Surroundings {
    /// Those of a file in this directory.
    ///
    /// # Errors
    /// Usage: there is a [`FILE`] that cannot be read.
    pub(super) fn of(directory: &Path) -> Result<Self, CliError> {
        let path = directory.join(FILE);
        let shown = path.display();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(CliError::usage(format!("cannot read {shown}: {error}"))),
        };
        let file = env_file::parse(input::without_mark(&text)).map_err(|line| {
            CliError::usage(format!("{shown}, line {line}: not of the form KEY=VALUE"))
        })?;
        Ok(Self { file })
    }

    /// The value of a variable: that of the environment, so that who calls can always say
    /// otherwise, or else that of the file.
    ///
    /// # Errors
    /// There is none, or it is no text.
    pub(super) fn variable(&self, name: &str) -> Result<String, String> {
        match env::var(name) {
            Ok(value) => Ok(value),
            Err(env::VarError::NotUnicode(_)) => {
                Err(format!("the variable {name} in the environment is not UTF-8"))
            }
            Err(env::VarError::NotPresent) => self.file.get(name).cloned().ok_or_else(|| {
                format!("there is no variable {name}, neither in the environment nor in {FILE}")
            }),
        }
    }
}

#[cfg(test)]
impl Surroundings {
    /// With these variables in the file.
    pub(super) fn with(variables: &[(&str, &str)]) -> Self {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { file: variables.iter().map(pair).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_goes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Surroundings::of(folder.path()).unwrap().variable("LAMBENT_T").is_err());
        fs::write(folder.path().join(FILE), "LAMBENT_T='a b'\nPATH=x\n").unwrap();
        let both = Surroundings::of(folder.path()).unwrap();
        assert_eq!(both.variable("LAMBENT_T").unwrap(), "a b");
        assert_eq!(both.variable("PATH").unwrap(), env::var("PATH").unwrap());
        let missing = both.variable("LAMBENT_U").unwrap_err();
        assert!(missing.contains("LAMBENT_U") && missing.contains("lambent.env"), "{missing}");
        fs::write(folder.path().join(FILE), "A=1\nno\n").unwrap();
        let error = Surroundings::of(folder.path()).unwrap_err().to_string();
        assert!(error.contains("lambent.env, line 2"), "{error}");
    }
}
