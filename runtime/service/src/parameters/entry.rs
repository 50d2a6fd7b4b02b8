//! What is known of a parameter and of its versions, beside their values.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambent_types::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

use super::name::ParameterName;
use crate::scope::Scope;
use crate::sealed_records::SealedRecords;

/// The kind of their records.
pub(super) const RECORDS: &str = "parameters";

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterType {
    /// A text.
    String,
    /// Texts between commas.
    StringList,
    /// A text that is given out only to who asks for it as it is.
    SecureString,
}

/// The tier of a parameter: how long its value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterTier {
    /// Up to 4 KiB.
    Standard,
    /// Up to 8 KiB, with policies.
    Advanced,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: ParameterName,
    /// Its id, which another of the same name does not have.
    pub(super) id: String,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The number of the oldest version that is kept.
    pub first: u64,
    /// The number of the newest.
    pub latest: u64,
    /// The names of versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, u64>,
}

/// What is known of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterVersion {
    /// Its number, from 1 on.
    pub number: u64,
    /// The type.
    pub kind: ParameterType,
    /// When it was made.
    pub modified: Timestamp,
    /// Who made it, as AWS's tools are told.
    pub user: String,
    /// What it is for.
    pub description: Option<String>,
    /// The key of AWS's that it would be encrypted with there: kept, and used for nothing.
    pub key_id: Option<String>,
    /// What its value matches.
    pub allowed_pattern: Option<String>,
    /// What its value is, as AWS's tools say it.
    pub data_type: String,
    /// The tier.
    pub tier: ParameterTier,
    /// What AWS would do when, as its tools say it: kept, and nothing is done.
    pub policies: Option<String>,
}

impl Parameter {
    /// The names of a version.
    pub fn labels_of(&self, number: u64) -> impl Iterator<Item = &str> {
        let of_it = self.labels.iter().filter(move |(_, of)| **of == number);
        of_it.map(|(label, _)| label.as_str())
    }

    /// Whether there is a version of this number.
    pub(super) const fn has(&self, number: u64) -> bool {
        self.first <= number && number <= self.latest
    }
}

/// How the number of a version stands in what it is kept under.
pub(super) fn version_text(number: u64) -> String {
    format!("{number:020}")
}

/// No such parameter.
pub(super) fn not_found(name: &str) -> Error {
    Error::new(ErrorCode::ParameterNotFound, format!("Parameter {name} not found."))
}

/// No such version.
pub(super) fn no_version(name: &ParameterName, number: u64) -> Error {
    let detail = format!(
        "Systems Manager could not find version {number} of {name}. Verify the version and try again."
    );
    Error::new(ErrorCode::VersionNotFound, detail)
}

impl Scope {
    pub(super) fn parameter_records(&self) -> Result<SealedRecords<'_>, Error> {
        self.sealed(RECORDS)
    }

    /// The parameter of a name, and its revision.
    pub(super) async fn find_parameter(&self, name: &str) -> Result<(Parameter, u64), Error> {
        let found = match name.parse::<ParameterName>() {
            Ok(_) => self.parameter_records()?.find(name).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| not_found(&name.chars().take(256).collect::<String>()))
    }
}
