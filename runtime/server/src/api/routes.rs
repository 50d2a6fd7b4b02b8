//! Which resources there are.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use http::{Method, Uri};
use lambent_api::paths;
use lambent_types::ErrorCode;

use super::conditions::{self, Honoured, Honours};
use super::kinds::Route;
use super::{
    access_keys, aliases, code, concurrency, functions, invocations, items, keys, kinds, layers,
    logs, messages, namespaces, objects, openapi, parameters, releases, runtimes, secrets, streams,
    table_backups, topics, uploads, usage, versions,
};
use crate::problem::Refusal;
use crate::state::App;

fn resources() -> Vec<Route> {
    let mut all = vec![
        (paths::FUNCTIONS, get(functions::list)),
        (
            paths::FUNCTION,
            get(functions::describe)
                .put(functions::deploy)
                .patch(functions::configure)
                .delete(functions::delete),
        ),
        (paths::CODE, get(code::download)),
        (paths::VERSIONS, get(versions::list).post(versions::publish)),
        (paths::VERSION, delete(versions::delete)),
        (paths::ALIASES, get(aliases::list)),
        (paths::ALIAS, get(aliases::describe).put(aliases::put).delete(aliases::delete)),
        (paths::DIFF, get(versions::diff)),
        (paths::RELEASES, get(releases::list)),
        (paths::RELEASE, get(releases::describe).put(releases::put).patch(releases::change)),
        (
            paths::CONCURRENCY,
            get(concurrency::describe).put(concurrency::put).delete(concurrency::delete),
        ),
        (paths::PROVISIONED, get(concurrency::list)),
        (
            paths::PROVISIONED_OF,
            get(concurrency::describe_provisioned)
                .put(concurrency::put_provisioned)
                .delete(concurrency::delete_provisioned),
        ),
        (paths::ROLLBACK, post(versions::rollback)),
        (paths::LOGS, get(logs::read)),
        (paths::INVOCATIONS, post(invocations::invoke)),
        (paths::USAGE, get(usage::read)),
        (paths::LAYERS, get(layers::list)),
        (paths::LAYER, get(layers::describe).put(layers::put).delete(layers::delete)),
        (paths::LAYER_VERSION, delete(layers::delete_version)),
        (paths::RUNTIMES, get(runtimes::list)),
        (paths::RUNTIME, get(runtimes::describe).put(runtimes::put).delete(runtimes::delete)),
        (paths::NAMESPACES, get(namespaces::list)),
        (
            paths::NAMESPACE,
            get(namespaces::describe).put(namespaces::put).delete(namespaces::delete),
        ),
        (paths::ACCESS_KEYS, get(access_keys::list).post(access_keys::create)),
        (paths::ACCESS_KEY, get(access_keys::describe).delete(access_keys::delete)),
        (paths::SECRETS, get(secrets::list)),
        (paths::SECRET, get(secrets::describe).put(secrets::put).delete(secrets::delete)),
        (paths::SECRET_VALUE, get(secrets::get)),
        (paths::PARAMETERS, get(parameters::list)),
        (
            paths::PARAMETER,
            get(parameters::describe).put(parameters::put).delete(parameters::delete),
        ),
        (paths::PARAMETER_VALUE, get(parameters::get)),
        (paths::OPENAPI, get(openapi::serve)),
    ];
    all.extend(stored());
    all.extend(kinds::routes());
    all
}

/// What is in buckets, keyspaces, tables, queues and topics.
fn stored() -> Vec<Route> {
    vec![
        (paths::OBJECTS, get(objects::list)),
        (paths::OBJECT, get(objects::get).put(objects::put).delete(objects::delete)),
        (paths::UPLOADS, get(uploads::list).post(uploads::begin)),
        (paths::UPLOAD, get(uploads::describe).post(uploads::complete).delete(uploads::abort)),
        (paths::PART, put(uploads::put_part)),
        (paths::KEYS, get(keys::list)),
        (paths::KEY, get(keys::get).put(keys::set).delete(keys::delete)),
        (paths::INCREMENT, post(keys::increment)),
        (paths::BATCH, post(keys::batch)),
        (paths::GET_ITEMS, post(items::get)),
        (paths::QUERY_ITEMS, post(items::query)),
        (paths::SCAN_ITEMS, post(items::scan)),
        (paths::TRANSACTIONS, post(items::write)),
        (paths::TABLE_STREAM, get(streams::describe)),
        (paths::STREAM_RECORDS, get(streams::read)),
        (paths::TABLE_BACKUPS, get(table_backups::list)),
        (paths::BACKUPS_OF_TABLE, post(table_backups::create)),
        (paths::TABLE_BACKUP, get(table_backups::describe).delete(table_backups::delete)),
        (paths::RESTORE_TABLE, post(table_backups::restore)),
        (paths::MESSAGES, get(messages::peek).post(messages::send)),
        (paths::RECEIVE, post(messages::receive)),
        (paths::RECEIPT, delete(messages::delete_one).patch(messages::change_visibility)),
        (paths::DELETE_MESSAGES, post(messages::delete)),
        (paths::PURGE, post(messages::purge)),
        (paths::REDRIVE, post(messages::redrive)),
        (paths::TOPIC_MESSAGES, post(topics::publish)),
    ]
}

const FUNCTION: Honoured = &[
    (Method::PUT, Honours::Tags),
    (Method::PATCH, Honours::Tags),
    (Method::DELETE, Honours::Tags),
];
/// Publishing and rolling back is about the function.
const HEAD: Honoured = &[(Method::POST, Honours::Tags)];
const OBJECT: Honoured = &[
    (Method::GET, Honours::Ranges),
    (Method::PUT, Honours::TagsAndDates),
    (Method::DELETE, Honours::TagsAndDates),
];
/// Beginning and completing an upload is about the object that it becomes.
const UPLOAD: Honoured = &[(Method::POST, Honours::TagsAndDates)];
const ALIAS: Honoured = &[(Method::PUT, Honours::Tags), (Method::DELETE, Honours::Tags)];
const KEY: Honoured = &[(Method::PUT, Honours::Tags), (Method::DELETE, Honours::Tags)];

/// Which methods of a path keep conditions. The others refuse them.
fn honoured(path: &str) -> Honoured {
    match path {
        paths::FUNCTION => FUNCTION,
        paths::VERSIONS | paths::ROLLBACK => HEAD,
        paths::ALIAS => ALIAS,
        paths::OBJECT => OBJECT,
        paths::UPLOADS | paths::UPLOAD => UPLOAD,
        paths::KEY => KEY,
        _ => &[],
    }
}

/// The native API.
pub(crate) fn router(app: Arc<App>) -> Router {
    resources()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            let conditions = from_fn_with_state(honoured(path), conditions::keep);
            // In axum's templates what may hold slashes has a mark of its own.
            router.route(&path.replace("{key}", "{*key}"), methods.route_layer(conditions))
        })
        .fallback(nothing)
        .method_not_allowed_fallback(no_method)
        // Each resource has limits of its own.
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

async fn nothing(uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(200).collect();
    Refusal::new(
        ErrorCode::NotFound,
        format!("nothing is at {path:?}; GET /v1/openapi.json lists what there is"),
    )
}

async fn no_method(method: Method, uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(200).collect();
    Refusal::new(ErrorCode::MethodNotAllowed, format!("{method} does not exist at {path:?}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// That their methods agree too is tested against a running server.
    #[test]
    fn routes_and_document_name_the_same_resources() {
        let routes: BTreeSet<_> = resources().iter().map(|(path, _)| (*path).to_owned()).collect();
        let documented: BTreeSet<_> = openapi::document().paths.paths.into_keys().collect();
        assert_eq!(routes, documented);
    }
}
