//! Which resources there are.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use http::{Method, Uri};
use lambent_types::ErrorCode;

use super::{code, functions, invocations, logs, openapi, versions};
use crate::problem::Refusal;
use crate::state::App;

/// Every resource, its methods, and what serves them.
fn table() -> Vec<(&'static str, &'static [Method], MethodRouter<Arc<App>>)> {
    vec![
        ("/v1/functions", &[Method::GET], get(functions::list)),
        (
            "/v1/functions/{name}",
            &[Method::GET, Method::PUT, Method::PATCH, Method::DELETE],
            get(functions::describe)
                .merge(put(functions::deploy))
                .merge(patch(functions::configure))
                .merge(delete(functions::delete)),
        ),
        ("/v1/functions/{name}/code", &[Method::GET], get(code::download)),
        (
            "/v1/functions/{name}/versions",
            &[Method::GET, Method::POST],
            get(versions::list).merge(post(versions::publish)),
        ),
        ("/v1/functions/{name}/versions/{version}", &[Method::DELETE], delete(versions::delete)),
        ("/v1/functions/{name}/rollback", &[Method::POST], post(versions::rollback)),
        ("/v1/functions/{name}/logs", &[Method::GET], get(logs::read)),
        ("/v1/functions/{name}/invocations", &[Method::POST], post(invocations::invoke)),
        ("/v1/openapi.json", &[Method::GET], get(openapi::serve)),
    ]
}

/// The native API.
pub(crate) fn router(app: Arc<App>) -> Router {
    let routes = table().into_iter();
    routes
        .fold(Router::new(), |router, (path, _, methods)| router.route(path, methods))
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

    #[test]
    fn routes_and_document_name_the_same_operations() {
        let routes: BTreeSet<(String, String)> = table()
            .iter()
            .flat_map(|(path, methods, _)| {
                methods.iter().map(|method| (method.to_string(), (*path).to_owned()))
            })
            .collect();
        let document = serde_json::to_value(openapi::document()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                documented.insert((method.to_uppercase(), path.clone()));
            }
        }
        assert_eq!(routes, documented);
    }
}
