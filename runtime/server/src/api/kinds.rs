//! What buckets, keyspaces, queues, triggers, schedules, sites and volumes have in common: their
//! handlers, their routes and their description.

use std::future::Future;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use http::{Request, StatusCode, Uri};
use lambent_api::PROBLEM;
use lambent_api::kinds::Kind;
use lambent_service::Put;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{Content, OpenApi, Ref, Required, Response as Described, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::extractors::{Scope, State};
use super::query;
use super::resource::{Resource, status};
use crate::problem::Refusal;
use crate::state::App;

/// A kind of resource, as this server has it.
pub(super) trait Served: Kind {
    /// What the OpenAPI document says of it.
    const DESCRIPTION: Description;

    /// All of the scope's namespace, by name.
    fn all(
        app: &App,
        scope: &lambent_service::Scope,
    ) -> impl Future<Output = Result<Vec<Self::View>, Refusal>> + Send;

    /// Creates the resource, or makes it what the request says.
    fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Put<Self::View>, Refusal>> + Send;

    /// Describes the resource.
    fn describe(
        app: &App,
        resource: &Resource,
    ) -> impl Future<Output = Result<Self::View, Refusal>> + Send;

    /// Deletes the resource.
    fn delete(resource: &Resource) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// What is said of the operations on a kind.
pub(super) struct Description {
    /// What a PUT does.
    pub(super) put: &'static str,
    /// What the body of a PUT is, if it has one.
    pub(super) spec: Option<&'static str>,
    /// What a GET of one does.
    pub(super) describe: &'static str,
    /// What a DELETE does.
    pub(super) delete: &'static str,
    /// Why a DELETE is refused, if it can be.
    pub(super) conflict: Option<&'static str>,
}

/// A path, and what serves its methods.
pub(super) type Route = (&'static str, MethodRouter<Arc<App>>);

/// Writes what is done for all kinds.
macro_rules! served {
    ($($kind:ident,)*) => {
        /// The routes of all kinds.
        pub(super) fn routes() -> Vec<Route> {
            [$(routes_of::<lambent_api::kinds::$kind>()),*].concat()
        }

        /// Adds the paths of all kinds to the document.
        pub(super) fn document(openapi: &mut OpenApi) {
            $(document_of::<lambent_api::kinds::$kind>(openapi);)*
        }
    };
}

each_kind!(served);

/// The routes of a kind.
fn routes_of<K: Served>() -> [Route; 2] {
    let one = get(describe::<K>).put(put::<K>).delete(delete::<K>);
    [(K::COLLECTION, get(list::<K>)), (K::RESOURCE, one)]
}

async fn list<K: Served>(
    app: State,
    Extension(scope): Scope,
    uri: Uri,
) -> Result<Json<K::List>, Refusal> {
    query::none(&uri)?;
    Ok(Json(K::list(K::all(&app, &scope).await?)))
}

async fn put<K: Served>(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    query::none(request.uri())?;
    let Put { value, created } = K::put(&app, &resource, request).await?;
    Ok((status(created), Json(value)).into_response())
}

async fn describe<K: Served>(
    app: State,
    resource: Resource,
    uri: Uri,
) -> Result<Json<K::View>, Refusal> {
    query::none(&uri)?;
    Ok(Json(K::describe(&app, &resource).await?))
}

async fn delete<K: Served>(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    K::delete(&resource).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds the paths of a kind to the document. `K::Spec` is among the schemas already,
/// if it has one.
fn document_of<K: Served>(openapi: &mut OpenApi) {
    let Description { put, spec, describe, delete, conflict } = K::DESCRIPTION;
    let (noun, plural) = (K::NOUN, K::PLURAL);
    let operation = |verb: &str, of: &str, summary: &str| {
        OperationBuilder::new()
            .tag(plural)
            .operation_id(Some(format!("{verb}_{of}")))
            .summary(Some(summary))
    };
    let one = |verb: &str, summary: &str| operation(verb, noun, summary).parameter(name(noun));
    let view = |description: &str| answer::<K::View>(description);
    let the_one = format!("The {noun}");
    let listed = format!("All {plural}, by name");
    let list = operation("list", plural, &format!("Lists all {plural}."))
        .response("200", answer::<K::List>(&listed));
    let put = one("put", put)
        .request_body(spec.map(|spec| body::<K>(spec)))
        .response("200", view("It was there already"))
        .response("201", view("It is new"));
    let mut delete =
        one("delete", delete).response("204", ResponseBuilder::new().description("Deleted"));
    if let Some(conflict) = conflict {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let conflict = ResponseBuilder::new().description(conflict).content(PROBLEM, problem);
        delete = delete.response("409", conflict);
    }
    let operations = [
        (HttpMethod::Get, one("describe", describe).response("200", view(&the_one))),
        (HttpMethod::Put, put),
        (HttpMethod::Delete, delete),
    ];
    add(openapi, K::COLLECTION, [(HttpMethod::Get, list)]);
    add(openapi, K::RESOURCE, operations);
    let schemas = &mut openapi.components.get_or_insert_default().schemas;
    let mut named = Vec::new();
    <K::View as ToSchema>::schemas(&mut named);
    <K::List as ToSchema>::schemas(&mut named);
    named.push((K::View::name().into(), K::View::schema()));
    named.push((K::List::name().into(), K::List::schema()));
    if spec.is_some() {
        <K::Spec as ToSchema>::schemas(&mut named);
        named.push((K::Spec::name().into(), K::Spec::schema()));
    }
    schemas.extend(named);
}

fn add<const N: usize>(
    openapi: &mut OpenApi,
    path: &str,
    operations: [(HttpMethod, OperationBuilder); N],
) {
    let mut item = PathItem::default();
    for (method, operation) in operations {
        let operation: Option<Operation> = Some(operation.build());
        match method {
            HttpMethod::Get => item.get = operation,
            HttpMethod::Put => item.put = operation,
            _ => item.delete = operation,
        }
    }
    openapi.paths.paths.insert(path.to_owned(), item);
}

fn name(noun: &str) -> ParameterBuilder {
    ParameterBuilder::new()
        .name("name")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(format!("The {noun}")))
        .schema(Some(Object::with_type(Type::String)))
}

fn json<T: ToSchema>() -> Content {
    Content::new(Some(Ref::from_schema_name(T::name())))
}

fn answer<T: ToSchema>(description: &str) -> Described {
    ResponseBuilder::new().description(description).content("application/json", json::<T>()).build()
}

fn body<K: Served>(description: &str) -> RequestBody {
    RequestBodyBuilder::new()
        .description(Some(description))
        .required(Some(Required::True))
        .content("application/json", json::<K::Spec>())
        .build()
}
