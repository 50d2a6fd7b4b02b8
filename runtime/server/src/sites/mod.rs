//! Requests to sites: to the function or the file that a route of the site names.

mod files;

use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{Request, Response};
use lambent_service::{Routed, RoutedSite};
use lambent_types::{ErrorCode, QualifiedFunction, RequestId, RouteTarget};

use self::files::Folder;
use crate::body::{Content, RequestBody};
use crate::cors;
use crate::forwarded::Peer;
use crate::host_header::Host;
use crate::problem::Refusal;
use crate::router::{Below, Target};
use crate::state::App;
use crate::traffic;

/// The site that has the host of a request for its own. A domain of the node is no site's, nor
/// is what is below it but by the site's name.
pub(crate) fn at(app: &App, host: &Host) -> Option<Arc<RoutedSite>> {
    match app.domains.subdomain(&host.name) {
        Some(labels) => app.service.site_of_labels(labels),
        None if app.domains.covers(&host.name) => None,
        None => app.service.site_of_domain(&host.name),
    }
}

/// Has the site answer `request`.
///
/// # Errors
/// It did not, and why.
pub(crate) async fn serve(
    app: &App,
    peer: &Peer,
    host: &Host,
    site: &RoutedSite,
    request: Request<RequestBody>,
) -> Result<(RequestId, Response<Content>), Refusal> {
    let Some(settings) = &site.site().cors else {
        return answer(app, peer, host, site, request).await;
    };
    if cors::is_preflight(&request) {
        return Ok((RequestId::new(), cors::preflight(settings, &request).await));
    }
    let shared = cors::shared(settings, &request).await;
    cors::settle(answer(app, peer, host, site, request).await, shared)
}

async fn answer(
    app: &App,
    peer: &Peer,
    host: &Host,
    site: &RoutedSite,
    request: Request<RequestBody>,
) -> Result<(RequestId, Response<Content>), Refusal> {
    let path = request.uri().path();
    let (target, before) = match site.route(request.method(), path) {
        Routed::To { target, before } => (target, before),
        Routed::Method(methods) => {
            return Err(Refusal::method(request.method(), &methods.join(", ")));
        }
        Routed::Nothing => return Err(nothing(site, path)),
    };
    match target {
        RouteTarget::Function { function, strip_prefix } => {
            let below = before.filter(|_| *strip_prefix).map(|before| below(&request, before));
            let QualifiedFunction { name, qualifier } = function.clone();
            let namespace = site.namespace().clone();
            let target = Target { namespace, name, qualifier, below: below.transpose()? };
            traffic::serve(app, peer, host, target, request).await
        }
        RouteTarget::Files { bucket, prefix, fallback } => {
            let files = app.service.site_files(site);
            let folder = Folder::new(files.resource(bucket), prefix, fallback.as_deref());
            Ok((RequestId::new(), folder.answer(&request, before).await?))
        }
    }
}

/// The path as a function sees it whose route's own part of it is taken away.
fn below(request: &Request<RequestBody>, before: usize) -> Result<Below, Refusal> {
    let (path, query) = (request.uri().path(), request.uri().query());
    let (prefix, rest) = path.split_at(before);
    let rest = if rest.is_empty() { "/" } else { rest };
    let rest = query.map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
    let rest = PathAndQuery::try_from(rest);
    let rest = rest.map_err(|_| Refusal::invalid("the path is malformed"))?;
    Ok(Below { prefix: prefix.to_owned(), rest })
}

fn nothing(site: &RoutedSite, path: &str) -> Refusal {
    let path: String = path.chars().take(200).collect();
    let name = &site.site().name;
    Refusal::new(ErrorCode::NotFound, format!("site \"{name}\" has no route for {path:?}"))
}
