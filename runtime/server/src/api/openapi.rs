//! The description of the native API, for programs.

use axum::response::{IntoResponse as _, Response};
use http::Uri;
use http::header::CONTENT_TYPE;
use lambent_api::headers::NAMESPACE;
use lambent_api::{PROBLEM, paths};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::{
    access_keys, aliases, code, concurrency, configuration_query, functions, invocations, items,
    keys, kinds, layers, logs, messages, namespaces, objects, parameters, query, releases,
    runtimes, secrets, streams, table_backups, topics, uploads, usage, versions,
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
        aliases::list,
        aliases::describe,
        aliases::put,
        aliases::delete,
        versions::diff,
        releases::list,
        releases::describe,
        releases::put,
        releases::change,
        concurrency::describe,
        concurrency::put,
        concurrency::delete,
        concurrency::list,
        concurrency::describe_provisioned,
        concurrency::put_provisioned,
        concurrency::delete_provisioned,
        logs::read,
        invocations::invoke,
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
        keys::list,
        keys::get,
        keys::set,
        keys::delete,
        keys::increment,
        keys::batch,
        items::get,
        items::query,
        items::scan,
        items::write,
        streams::describe,
        streams::read,
        table_backups::list,
        table_backups::create,
        table_backups::describe,
        table_backups::delete,
        table_backups::restore,
        messages::send,
        topics::publish,
        messages::peek,
        messages::receive,
        messages::delete_one,
        messages::change_visibility,
        messages::delete,
        messages::purge,
        messages::redrive,
        usage::read,
        layers::list,
        layers::put,
        layers::describe,
        layers::delete,
        layers::delete_version,
        runtimes::list,
        runtimes::put,
        runtimes::describe,
        runtimes::delete,
        namespaces::list,
        namespaces::put,
        namespaces::describe,
        namespaces::delete,
        access_keys::list,
        access_keys::create,
        access_keys::describe,
        access_keys::delete,
        secrets::list,
        secrets::describe,
        secrets::put,
        secrets::delete,
        secrets::get,
        parameters::list,
        parameters::describe,
        parameters::put,
        parameters::delete,
        parameters::get,
        serve,
    ),
    components(schemas(lambent_types::Problem)),
    modifiers(&BearerKey, &Kinds, &Configurable, &InNamespace, &AnyProblem),
    security(("key" = []))
)]
struct Document;

/// The operations of a path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
    all.into_iter().flatten()
}

/// Every operation can be refused for a reason that is not its own.
struct AnyProblem;

impl Modify for AnyProblem {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for item in openapi.paths.paths.values_mut() {
            for operation in operations(item) {
                let response = ResponseBuilder::new()
                    .description("Refused: malformed, without a key, or not possible now")
                    .content(PROBLEM, Content::new(Some(Ref::from_schema_name("Problem"))));
                operation.responses.responses.insert("default".into(), response.build().into());
            }
        }
    }
}

/// Every operation is done in one namespace.
struct InNamespace;

impl Modify for InNamespace {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let named = |path: &str| path.starts_with(paths::NAMESPACES) || path == paths::OPENAPI;
        for (path, item) in &mut openapi.paths.paths {
            if !named(path) {
                let parameter = ParameterBuilder::new()
                    .name(NAMESPACE.as_str())
                    .parameter_in(ParameterIn::Header)
                    .description(Some("The namespace; that of the key, or `default`, if absent"))
                    .schema(Some(Object::with_type(Type::String)));
                let parameter = parameter.build();
                for operation in operations(item) {
                    let parameters = operation.parameters.get_or_insert_default();
                    parameters.push(parameter.clone().into());
                }
            }
        }
    }
}

/// The kinds of resources that have their operations in common.
struct Kinds;

impl Modify for Kinds {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        kinds::document(openapi);
    }
}

/// An upload takes the function's configuration in its query.
struct Configurable;

impl Modify for Configurable {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let upload = openapi.paths.paths.get_mut(paths::FUNCTION);
        if let Some(upload) = upload.and_then(|item| item.put.as_mut()) {
            let parameters = upload.parameters.get_or_insert_default();
            parameters.extend(configuration_query::parameters().map(Into::into));
        }
    }
}

struct BearerKey;

impl Modify for BearerKey {
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
    get, path = paths::OPENAPI, operation_id = "describe_api",
    responses((status = 200, description = "An OpenAPI document", body = serde_json::Value)),
)]
pub(super) async fn serve(uri: Uri) -> Result<Response, Refusal> {
    query::none(&uri)?;
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
