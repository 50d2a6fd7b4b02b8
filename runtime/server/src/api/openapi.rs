//! The description of the native API, for programs.

use axum::response::{IntoResponse as _, Response};
use http::Uri;
use http::header::CONTENT_TYPE;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::query::Params;
use super::{
    buckets, code, functions, invocations, keys, keyspaces, logs, messages, objects, queues,
    schedules, triggers, uploads, usage, versions,
};
use crate::problem::Refusal;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lambent",
        description = "The native API. Errors are RFC 9457 problems with a stable `code`; every \
                       response carries `lambent-request-id`."
    ),
    paths(
        functions::list,
        functions::describe,
        functions::deploy,
        functions::configure,
        functions::delete,
        code::download,
        versions::list,
        versions::publish,
        versions::delete,
        versions::rollback,
        logs::read,
        invocations::invoke,
        buckets::list,
        buckets::put,
        buckets::describe,
        buckets::delete,
        objects::list,
        objects::put,
        objects::get,
        objects::delete,
        uploads::list,
        uploads::begin,
        uploads::put_part,
        uploads::describe,
        uploads::complete,
        uploads::abort,
        keyspaces::list,
        keyspaces::put,
        keyspaces::describe,
        keyspaces::delete,
        keys::list,
        keys::get,
        keys::set,
        keys::delete,
        keys::increment,
        keys::batch,
        queues::list,
        queues::put,
        queues::describe,
        queues::delete,
        messages::send,
        messages::receive,
        messages::delete_one,
        messages::change_visibility,
        messages::delete,
        messages::purge,
        messages::redrive,
        triggers::list,
        triggers::put,
        triggers::describe,
        triggers::delete,
        schedules::list,
        schedules::put,
        schedules::describe,
        schedules::delete,
        usage::read,
        serve,
    ),
    components(schemas(lambent_types::Problem)),
    modifiers(&RootKey, &AnyProblem),
    security(("key" = []))
)]
struct Document;

/// Bytes of any kind.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bodies in the document")]
pub(super) struct Binary(Vec<u8>);

/// Every operation can be refused for a reason that is not its own.
struct AnyProblem;

impl Modify for AnyProblem {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for item in openapi.paths.paths.values_mut() {
            let operations =
                [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                let response = ResponseBuilder::new()
                    .description("Refused: malformed, without a key, or not possible now")
                    .content(
                        crate::problem::MEDIA_TYPE,
                        Content::new(Some(Ref::from_schema_name("Problem"))),
                    );
                operation.responses.responses.insert("default".into(), response.build().into());
            }
        }
    }
}

struct RootKey;

impl Modify for RootKey {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("key", scheme);
    }
}

/// The OpenAPI document of the native API.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// This document.
#[utoipa::path(
    get, path = "/v1/openapi.json", operation_id = "describe_api",
    responses((status = 200, description = "An OpenAPI document", body = serde_json::Value)),
)]
pub(super) async fn serve(uri: Uri) -> Result<Response, Refusal> {
    Params::read(&uri, &[])?;
    let json = serde_json::to_vec_pretty(&document()).unwrap_or_default();
    Ok(([(CONTENT_TYPE, "application/json")], json).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document is part of the interface: a change to it is a change for
    /// every client. `UPDATE_GOLDEN=1` accepts one.
    #[test]
    fn the_document_is_the_committed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let mut now = serde_json::to_string_pretty(&document()).unwrap();
        now.push('\n');
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == now, "openapi.json differs; run with UPDATE_GOLDEN=1 and review");
    }
}
