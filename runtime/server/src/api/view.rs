//! Functions as the API shows them.

use http::header::ETAG;
use http::{HeaderMap, HeaderValue};
use lambent_api::{FunctionView, ImportView, RunsOn};
use lambent_service::Import;
use lambent_types::{Function, FunctionVersion, RuntimeName};

use crate::urls::Urls;

/// The view of a function.
pub(super) fn of(function: &Function, urls: &Urls) -> FunctionView {
    let latest = &function.latest;
    let http = latest.handlers.iter().any(|handler| handler.is_http())
        || latest.configuration.runtime.is_some();
    FunctionView {
        revision: Some(function.revision),
        created: function.created,
        updated: Some(latest.created),
        last_version: Some(function.last_version),
        requires_key: http.then_some(urls.asks_for_key && !latest.configuration.public),
        snapshot_bytes: None,
        urls: if http { urls.of(&latest.namespace, &latest.name) } else { Vec::new() },
        ..of_version(latest)
    }
}

/// The view of a version.
pub(super) fn of_version(version: &FunctionVersion) -> FunctionView {
    let code = &version.code;
    let (digest, code_bytes) = code
        .package
        .map_or((code.component, code.bytes), |package| (package.digest, package.bytes));
    let runtime = version.configuration.runtime.as_ref();
    let runs = |asked: &&RuntimeName| !asked.is_provided() && !code.awaits_runtime;
    let runs_on = runtime.filter(runs).map(|asked| RunsOn {
        runtime: asked.serving(),
        digest: code.component,
        differs: asked.differs().map(str::to_owned),
    });
    FunctionView {
        name: version.name.clone(),
        namespace: version.namespace.clone(),
        version: version.version,
        revision: None,
        digest,
        code_bytes,
        adapted_from: code.adapted_from,
        image: code.image.clone(),
        snapshot_bytes: code.snapshot.map(|snapshot| snapshot.bytes),
        runs_on,
        handlers: version.handlers.clone(),
        configuration: version.configuration.clone(),
        created: version.created,
        updated: None,
        last_version: None,
        urls: Vec::new(),
        requires_key: None,
        warnings: Vec::new(),
        imports: None,
    }
}

/// The view of what a component imports.
pub(super) fn of_import(import: Import) -> ImportView {
    ImportView {
        interface: import.interface.0,
        served: import.served,
        opened_by: import.opened_by.iter().map(|kind| (*kind).to_owned()).collect(),
        granted: import.granted,
        closed: import.closed,
    }
}

/// The header fields that go with it.
pub(super) fn headers(view: &FunctionView) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(revision) = view.revision {
        headers.extend(tag(revision.0).map(|tag| (ETAG, tag)));
    }
    headers
}

/// `ETag` of what has this revision.
pub(super) fn tag(revision: u64) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{revision}\"")).ok()
}
