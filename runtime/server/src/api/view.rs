use http::header::ETAG;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use lambent_types::{
    Configuration, Digest, Function, FunctionName, FunctionVersion, Handler, Namespace, Revision,
    VersionNumber,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::urls::Urls;

/// A function, or one of its versions, as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// The component's SHA-256.
    pub digest: Digest,
    /// The component's size in bytes.
    pub code_bytes: u64,
    /// How it can be called, in order of preference.
    pub handlers: Vec<Handler>,
    /// Its configuration.
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Whether those requests need a key: it is not public, and the node does
    /// not run with `--dev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_key: Option<bool>,
}

impl FunctionView {
    /// The view of a function.
    pub(crate) fn of(function: &Function, urls: &Urls) -> Self {
        let latest = &function.latest;
        let http = latest.handlers.iter().any(|handler| handler.is_http());
        Self {
            revision: Some(function.revision),
            created: function.created,
            updated: Some(latest.created),
            last_version: Some(function.last_version),
            requires_key: http.then_some(urls.asks_for_key && !latest.configuration.public),
            urls: if http { urls.of(&latest.namespace, &latest.name) } else { Vec::new() },
            ..Self::of_version(latest)
        }
    }

    /// The view of a version.
    pub(crate) fn of_version(version: &FunctionVersion) -> Self {
        Self {
            name: version.name.clone(),
            namespace: version.namespace.clone(),
            version: version.version,
            revision: None,
            digest: version.digest,
            code_bytes: version.code_bytes,
            handlers: version.handlers.clone(),
            configuration: version.configuration.clone(),
            created: version.created,
            updated: None,
            last_version: None,
            urls: Vec::new(),
            requires_key: None,
        }
    }

    /// The header fields that go with it.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(revision) = self.revision {
            headers.extend(tag(revision.0).map(|tag| (ETAG, tag)));
        }
        headers
    }
}

/// `ETag` of what has this revision.
pub(super) fn tag(revision: u64) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{revision}\"")).ok()
}

/// A page of functions, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Functions {
    /// The functions.
    pub functions: Vec<FunctionView>,
    /// Where the next page begins (`after`); `null` if this is the last.
    pub next: Option<FunctionName>,
}

/// A page of versions, ascending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Versions {
    /// The versions.
    pub versions: Vec<FunctionView>,
    /// Where the next page begins (`after`); `null` if this is the last.
    pub next: Option<u64>,
}
