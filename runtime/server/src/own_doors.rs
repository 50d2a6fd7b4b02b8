//! The doors of this node, as the outgoing requests of its functions see them.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use axum::body::Body;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use lambent_capabilities::{ApiBody, Connection, OwnDoors};
use lambent_types::{FunctionVersion, Origin};

use crate::aws;
use crate::host_header::Domains;
use crate::lineage::Lineages;
use crate::state::App;

/// The doors of this node.
pub(crate) struct Doors {
    pub(crate) lineages: Arc<Lineages>,
    /// What answers its APIs; nothing once the node has ended.
    pub(crate) app: Weak<App>,
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    pub(crate) domains: Domains,
    /// Whether a site has this domain.
    pub(crate) is_of_site: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

impl OwnDoors for Doors {
    fn are_at(&self, name: Option<&str>, Connection { local, peer }: Connection) -> bool {
        // Behind a proxy its domains are elsewhere. `localhost` is only what
        // listens there.
        let is_domain = |name: &str| name != "localhost" && !name.ends_with(".localhost");
        let is_own = |name| self.domains.covers(name) || (self.is_of_site)(name);
        if name.is_some_and(|name| is_domain(name) && is_own(name)) {
            return true;
        }
        let (listen, peer_ip) = (self.listen.ip().to_canonical(), peer.ip().to_canonical());
        let is_own = if listen.is_unspecified() {
            peer_ip.is_loopback() || peer_ip == local.ip().to_canonical()
        } else {
            peer_ip == listen
        };
        is_own && peer.port() == self.listen.port()
    }

    fn sign(&self, origin: &Origin) -> HeaderValue {
        self.lineages.sign(origin)
    }

    fn is_for_api(&self, host: &str, request: &Parts) -> bool {
        lambent_aws::is_for_node(host, request)
    }

    fn call_api(
        &self,
        function: Arc<FunctionVersion>,
        origin: Origin,
        request: Request<ApiBody>,
    ) -> BoxFuture<'static, Response<ApiBody>> {
        let app = self.app.clone();
        async move {
            match app.upgrade() {
                Some(app) => {
                    aws::serve_function(&app, function, origin, request.map(Body::new)).await
                }
                // It ends, and its functions are about to.
                None => {
                    let mut ending = Response::new(ApiBody::default());
                    *ending.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    ending
                }
            }
        }
        .boxed()
    }
}
