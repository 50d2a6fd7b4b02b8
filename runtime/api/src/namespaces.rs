use crate::query;
use jiff::Timestamp;
use lambent_types::{Holding, Namespace, OwnQuotas, Quota};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A namespace as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamespaceView {
    /// Its name.
    pub name: Namespace,
    /// When it was created; 1970 for `default`, which is always there.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Whether it is being deleted: nothing can be done in it.
    pub deleting: bool,
    /// The quotas that differ from the node's: numbers by their names, or null for no limit.
    #[schema(value_type = BTreeMap<Quota, Option<u64>>)]
    pub quotas: OwnQuotas,
    /// What it holds of each quota, and how much it may; only where one is described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdings: Option<Vec<Holding>>,
}

/// What a namespace is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamespaceSpec {
    /// The quotas that differ from the node's, all of them: numbers by their names, or null
    /// for no limit. Left out, a namespace that is there keeps those that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<Quota, Option<u64>>>)]
    pub quotas: Option<OwnQuotas>,
}

/// Namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Namespaces {
    /// The namespaces that the key may enter, by name.
    pub namespaces: Vec<NamespaceView>,
}

/// What becomes of what a namespace holds when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contents {
    /// It is deleted too. Otherwise the namespace must be empty.
    Delete,
}

/// How a namespace is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DeleteNamespace {
    /// `delete`: everything in it too; otherwise it must be empty
    #[serde(deserialize_with = "contents")]
    #[param(value_type = Option<String>)]
    pub contents: Option<Contents>,
}

fn contents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Contents>, D::Error> {
    query::parsed(deserializer, "delete, or leave it out", |text| {
        (text == "delete").then_some(Contents::Delete)
    })
}
