use crate::{Binary, lenient, query};
use jiff::Timestamp;
use lambent_types::{
    AdaptedFrom, Configuration, ConfigurationPatch, Digest, FunctionName, Handler, Image,
    Namespace, Qualifier, Revision, RuntimeName, VersionNumber,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A function, or one of its versions, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FunctionView {
    /// Its name.
    pub name: FunctionName,
    /// Where it is.
    pub namespace: Namespace,
    /// `$LATEST` for the function itself, or the version's number.
    #[schema(value_type = String)]
    pub version: VersionNumber,
    /// What `ETag` carries; versions have none, for they never change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The SHA-256 of the component or the module, or of the package in its canonical form.
    pub digest: Digest,
    /// The size of the same in bytes.
    pub code_bytes: u64,
    /// What the component is adapted from, if a component is not what was deployed.
    #[serde(
        default,
        deserialize_with = "lenient::if_known",
        skip_serializing_if = "Option::is_none"
    )]
    pub adapted_from: Option<AdaptedFrom>,
    /// The image that the component was fetched from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// Bytes of the snapshot that fresh instances of the version start from, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_bytes: Option<u64>,
    /// The runtime that runs the package; none of a component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_on: Option<RunsOn>,
    /// How it can be called, in order of preference. A client leaves out what it does
    /// not know yet.
    #[serde(deserialize_with = "lenient::known")]
    pub handlers: Vec<Handler>,
    /// Its configuration.
    #[serde(deserialize_with = "lenient::read")]
    pub configuration: Configuration,
    /// When the function, or the version, was made.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// When the function's code or configuration last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub updated: Option<Timestamp>,
    /// The highest number published; 0 if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_version: Option<u64>,
    /// Where it takes HTTP requests, if it has an HTTP handler.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub urls: Vec<String>,
    /// Whether those requests need a key: it is not public, and the node does
    /// not run with `--dev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_key: Option<bool>,
    /// In the answer to a deploy: what its runtime found wrong with files of the package, which is
    /// an error only where a handler loads them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What its component imports, by name; only where a function was described with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imports: Option<Vec<ImportView>>,
}

/// An interface that a component imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportView {
    /// The interface, with its version.
    pub interface: String,
    /// Whether this node serves it.
    pub served: bool,
    /// The kinds of grants that open it, each another part of it: `keyspace`, `host`. Without any,
    /// it needs no grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened_by: Vec<String>,
    /// What the function was granted of these kinds: `keyspace:todo=read`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<String>,
    /// Whether it leads nowhere, whatever is granted: sockets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// The runtime that runs a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunsOn {
    /// Its name here; what was asked for may be a name of AWS's.
    #[schema(value_type = String)]
    pub runtime: RuntimeName,
    /// The SHA-256 of the component that the function was deployed with.
    pub digest: Digest,
    /// How it differs from what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<String>,
}

/// A page of functions, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Functions {
    /// The functions.
    pub functions: Vec<FunctionView>,
    /// Where the next page begins (`after`); `null` if this is the last.
    pub next: Option<FunctionName>,
}

/// A page of versions, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Versions {
    /// The versions.
    pub versions: Vec<FunctionView>,
    /// Where the next page begins (`after`); `null` if this is the last.
    pub next: Option<u64>,
}

/// What to roll back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The version's number.
    pub version: u64,
}

impl FunctionView {
    /// When its code or configuration last changed.
    #[must_use]
    pub fn changed(&self) -> Timestamp {
        self.updated.unwrap_or(self.created)
    }
}

/// The parts of a form that deploys.
#[derive(Debug, ToSchema)]
pub struct DeployForm {
    /// What to change of the configuration.
    pub configuration: Option<ConfigurationPatch>,
    /// The component, a core module of WASI preview 1, or the package as a zip or a tar.
    #[schema(value_type = Binary)]
    pub code: Vec<u8>,
}

/// A component in a registry of OCI artifacts, from where the node fetches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployImage {
    /// A reference such as `registry.example.com/shop/orders:7`, in a registry that the node may fetch from.
    pub image: String,
    /// What to change of the configuration.
    #[serde(default)]
    pub configuration: ConfigurationPatch,
}

/// Which functions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListFunctions {
    /// Only names that follow this one
    pub after: Option<String>,
    /// At most this many: 1 to 1,000; 100 if absent
    #[serde(deserialize_with = "query::limit::<_, 1000>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
}

/// Which versions of a function to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListVersions {
    /// Only higher numbers
    #[serde(deserialize_with = "query::version")]
    pub after: Option<u64>,
    /// At most this many: 1 to 1,000; 100 if absent
    #[serde(deserialize_with = "query::limit::<_, 1000>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
}

/// Which versions of a function to compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct CompareVersions {
    /// The first: `$LATEST`, a version's number, or an alias
    #[serde(with = "query::qualifier")]
    #[param(value_type = String)]
    pub from: Option<Qualifier>,
    /// The second; `$LATEST` if absent
    #[serde(with = "query::qualifier")]
    #[param(value_type = Option<String>)]
    pub to: Option<Qualifier>,
}

/// Which version of a function is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Qualified {
    /// `$LATEST`, a version's number, or an alias
    #[serde(with = "query::qualifier")]
    #[param(value_type = Option<String>)]
    pub qualifier: Option<Qualifier>,
}

/// Which version of a function to describe, and with what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DescribeFunction {
    /// `$LATEST`, a version's number, or an alias
    #[serde(with = "query::qualifier")]
    #[param(value_type = Option<String>)]
    pub qualifier: Option<Qualifier>,
    /// With what its component imports, which is read from its code: `true`
    #[serde(deserialize_with = "query::switch")]
    #[param(value_type = Option<bool>)]
    pub imports: Option<bool>,
}
