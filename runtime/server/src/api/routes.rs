//! Which resources there are.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};
use http::{Method, Uri};
use lambent_types::ErrorCode;

use super::conditions::{self, Honoured, Honours};
use super::{
    access_keys, buckets, code, functions, invocations, keys, keyspaces, logs, messages,
    namespaces, objects, openapi, queues, schedules, triggers, uploads, usage, versions,
};
use crate::problem::Refusal;
use crate::state::App;

/// A path, and what serves its methods.
type Resource = (&'static str, MethodRouter<Arc<App>>);

fn resources() -> Vec<Resource> {
    vec![
        ("/v1/functions", get(functions::list)),
        (
            "/v1/functions/{name}",
            get(functions::describe)
                .put(functions::deploy)
                .patch(functions::configure)
                .delete(functions::delete),
        ),
        ("/v1/functions/{name}/code", get(code::download)),
        ("/v1/functions/{name}/versions", get(versions::list).post(versions::publish)),
        ("/v1/functions/{name}/versions/{version}", delete(versions::delete)),
        ("/v1/functions/{name}/rollback", post(versions::rollback)),
        ("/v1/functions/{name}/logs", get(logs::read)),
        ("/v1/functions/{name}/invocations", post(invocations::invoke)),
        ("/v1/buckets", get(buckets::list)),
        ("/v1/buckets/{name}", get(buckets::describe).put(buckets::put).delete(buckets::delete)),
        ("/v1/buckets/{name}/objects", get(objects::list)),
        (
            "/v1/buckets/{name}/objects/{*key}",
            get(objects::get).put(objects::put).delete(objects::delete),
        ),
        ("/v1/buckets/{name}/uploads", get(uploads::list).post(uploads::begin)),
        (
            "/v1/buckets/{name}/uploads/{upload}",
            get(uploads::describe).post(uploads::complete).delete(uploads::abort),
        ),
        ("/v1/buckets/{name}/uploads/{upload}/parts/{number}", put(uploads::put_part)),
        ("/v1/keyspaces", get(keyspaces::list)),
        (
            "/v1/keyspaces/{name}",
            get(keyspaces::describe).put(keyspaces::put).delete(keyspaces::delete),
        ),
        ("/v1/keyspaces/{name}/keys", get(keys::list)),
        ("/v1/keyspaces/{name}/keys/{*key}", get(keys::get).put(keys::set).delete(keys::delete)),
        ("/v1/keyspaces/{name}/increments/{*key}", post(keys::increment)),
        ("/v1/keyspaces/{name}/batch", post(keys::batch)),
        ("/v1/queues", get(queues::list)),
        ("/v1/queues/{name}", get(queues::describe).put(queues::put).delete(queues::delete)),
        ("/v1/queues/{name}/messages", post(messages::send)),
        ("/v1/queues/{name}/receive", post(messages::receive)),
        (
            "/v1/queues/{name}/receipts/{receipt}",
            delete(messages::delete_one).patch(messages::change_visibility),
        ),
        ("/v1/queues/{name}/delete", post(messages::delete)),
        ("/v1/queues/{name}/purge", post(messages::purge)),
        ("/v1/queues/{name}/redrive", post(messages::redrive)),
        ("/v1/triggers", get(triggers::list)),
        (
            "/v1/triggers/{name}",
            get(triggers::describe).put(triggers::put).delete(triggers::delete),
        ),
        ("/v1/schedules", get(schedules::list)),
        (
            "/v1/schedules/{name}",
            get(schedules::describe).put(schedules::put).delete(schedules::delete),
        ),
        ("/v1/usage", get(usage::read)),
        ("/v1/namespaces", get(namespaces::list)),
        (
            "/v1/namespaces/{name}",
            get(namespaces::describe).put(namespaces::put).delete(namespaces::delete),
        ),
        ("/v1/access-keys", get(access_keys::list).post(access_keys::create)),
        ("/v1/access-keys/{name}", get(access_keys::describe).delete(access_keys::delete)),
        ("/v1/openapi.json", get(openapi::serve)),
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
const KEY: Honoured = &[(Method::PUT, Honours::Tags), (Method::DELETE, Honours::Tags)];

/// Which methods of a path keep conditions. The others refuse them.
fn honoured(path: &str) -> Honoured {
    match path {
        "/v1/functions/{name}" => FUNCTION,
        "/v1/functions/{name}/versions" | "/v1/functions/{name}/rollback" => HEAD,
        "/v1/buckets/{name}/objects/{*key}" => OBJECT,
        "/v1/buckets/{name}/uploads" | "/v1/buckets/{name}/uploads/{upload}" => UPLOAD,
        "/v1/keyspaces/{name}/keys/{*key}" => KEY,
        _ => &[],
    }
}

/// The native API.
pub(crate) fn router(app: Arc<App>) -> Router {
    resources()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            let conditions = from_fn_with_state(honoured(path), conditions::keep);
            router.route(path, methods.route_layer(conditions))
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
        let routes: BTreeSet<_> =
            resources().iter().map(|(path, _)| path.replace("{*", "{")).collect();
        let documented: BTreeSet<_> = openapi::document().paths.paths.into_keys().collect();
        assert_eq!(routes, documented);
    }
}
