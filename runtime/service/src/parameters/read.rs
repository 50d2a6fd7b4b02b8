//! Parameters that are listed and read.

use lambent_types::{Error, ErrorCode};

use super::entry::{Parameter, ParameterVersion, no_version, not_found, version_text};
use super::value::ParameterValue;
use crate::operation::Operation;
use crate::scope::Scope;
use crate::sealed_records::{Row, ValueOf};

/// Which version of a parameter is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The newest.
    Latest,
    /// The one of this number.
    Number(u64),
    /// The one of this label.
    Label(String),
}

/// A version of a parameter with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundParameter {
    /// The parameter.
    pub parameter: Parameter,
    /// The version.
    pub version: ParameterVersion,
    /// Its value.
    pub value: ParameterValue,
    /// Its value as it is sealed, which is what is shown of it to who does not ask for the value.
    pub sealed: String,
}

impl Scope {
    /// The parameters whose names begin so, by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn parameters(&self, prefix: &str) -> Result<Vec<Parameter>, Error> {
        self.perform(Operation::ListParameters, prefix, async {
            self.parameter_records()?.list(prefix).await
        })
        .await
    }

    /// What is known of a parameter.
    ///
    /// # Errors
    /// `ParameterNotFound`; the store failed.
    pub async fn describe_parameter(&self, name: &str) -> Result<Parameter, Error> {
        self.perform(Operation::DescribeParameter, name, async {
            Ok(self.find_parameter(name).await?.0)
        })
        .await
    }

    /// What is known of a version of a parameter, which was told a moment ago; none if it is gone.
    ///
    /// # Errors
    /// The store failed.
    pub async fn parameter_version(
        &self,
        parameter: &Parameter,
        number: u64,
    ) -> Result<Option<ParameterVersion>, Error> {
        self.perform(Operation::DescribeParameter, parameter.name.as_str(), async {
            let version = version_text(number);
            let row: Option<Row<ParameterVersion>> =
                self.parameter_records()?.row(value_of(parameter, &version)).await?;
            Ok(row.map(|row| row.version))
        })
        .await
    }

    /// A version of a parameter with its value.
    ///
    /// # Errors
    /// `ParameterNotFound` (also of its label), `VersionNotFound`; the store failed.
    pub async fn parameter_value(
        &self,
        name: &str,
        selector: &Selector,
    ) -> Result<FoundParameter, Error> {
        self.perform(Operation::GetParameterValue, name, async {
            loop {
                let (parameter, revision) = self.find_parameter(name).await?;
                let number = match selector {
                    Selector::Latest => parameter.latest,
                    Selector::Number(number) if parameter.has(*number) => *number,
                    Selector::Number(number) => return Err(no_version(&parameter.name, *number)),
                    Selector::Label(label) => {
                        let found = parameter.labels.get(label).copied();
                        found.ok_or_else(|| not_found(&shown(name, label)))?
                    }
                };
                if let Some(found) = self.open_parameter(&parameter, number).await? {
                    return Ok(found);
                }
                // It was changed meanwhile, or its row is lost.
                if self.find_parameter(name).await?.1 == revision {
                    tracing::error!(name, number, "the row of a parameter's version is missing");
                    return Err(Error::new(ErrorCode::Internal, "a parameter's value is missing"));
                }
            }
        })
        .await
    }

    async fn open_parameter(
        &self,
        parameter: &Parameter,
        number: u64,
    ) -> Result<Option<FoundParameter>, Error> {
        let (records, version) = (self.parameter_records()?, version_text(number));
        let of = value_of(parameter, &version);
        let row: Option<Row<ParameterVersion>> = records.row(of).await?;
        let Some(row) = row else { return Ok(None) };
        let value = String::from_utf8(records.open(of, &row)?)
            .map_err(|_| Error::new(ErrorCode::Internal, "a parameter's value is damaged"))?;
        Ok(Some(FoundParameter {
            parameter: parameter.clone(),
            value: ParameterValue(value),
            sealed: row.sealed.as_str().to_owned(),
            version: row.version,
        }))
    }
}

/// Which row the value of a version is in.
pub(super) fn value_of<'a>(parameter: &'a Parameter, version: &'a str) -> ValueOf<'a> {
    ValueOf { name: parameter.name.as_str(), id: &parameter.id, version }
}

fn shown(name: &str, label: &str) -> String {
    format!("{name}:{label}").chars().take(256).collect()
}
