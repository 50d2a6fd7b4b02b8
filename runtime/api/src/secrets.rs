use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::query;

/// A secret as the API shows it: all but its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretView {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The id of the version that is current; none has a value without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// When it was changed the last time.
    #[schema(value_type = String, format = DateTime)]
    pub changed: Timestamp,
    /// When it is gone for good, if it was deleted so that it may be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub gone: Option<Timestamp>,
}

/// The secrets of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Secrets {
    /// The secrets, by name.
    pub secrets: Vec<SecretView>,
}

/// Which version of a secret is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ReadSecret {
    /// The id of the version; the current one if absent
    pub version: Option<String>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// A text.
    String,
    /// Texts between commas.
    StringList,
    /// A text that clients of AWS's API have to ask for as such.
    SecureString,
}

/// A parameter as the API shows it: all but its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ParameterView {
    /// Its name.
    pub name: String,
    /// The number of its newest version, from 1 on.
    pub version: u64,
}

/// Parameters of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parameters {
    /// The parameters, by name.
    pub parameters: Vec<ParameterView>,
}

/// A version of a parameter: all but its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ParameterVersionView {
    /// The name of the parameter.
    pub name: String,
    /// The number of the version.
    pub version: u64,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// When it was put.
    #[schema(value_type = String, format = DateTime)]
    pub modified: Timestamp,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Which parameters to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// Only parameters whose names begin so
    pub prefix: Option<String>,
}

/// How a parameter is put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct PutParameter {
    /// Its type; that which it has if absent, or `string` of a new one
    #[serde(rename = "type")]
    #[param(inline)]
    pub kind: Option<ParameterKind>,
}

/// Which version of a parameter is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ReadParameter {
    /// The number of the version; the newest if absent
    #[serde(deserialize_with = "query::version")]
    pub version: Option<u64>,
}
