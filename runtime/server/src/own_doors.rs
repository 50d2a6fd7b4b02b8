//! The doors of this node, as the outgoing requests of its functions see them.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use axum::body::Body;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use lambent_capabilities::{Answerer, ApiBody, Connection, Destination, OwnDoors};
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

    fn answerer(
        &self,
        function: &FunctionVersion,
        Destination { https, host, port }: Destination<'_>,
        request: &Parts,
    ) -> Answerer {
        if !https && lambent_aws::is_parameters_extension(function, host, port) {
            return Answerer::Node;
        }
        match lambent_aws::is_for_node(function, host, request) {
            Ok(true) => Answerer::Node,
            Ok(false) => Answerer::Host,
            Err(reason) => Answerer::Nobody(reason),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_doors_are_where_it_listens_and_its_domains() {
        let at = |listen: &str, name: Option<&str>, local: &str, peer: &str| {
            let lineages = Arc::new(Lineages::new().unwrap());
            let domains = Domains::new(&["fn.example".into()]);
            let is_of_site = Box::new(|name: &str| name == "shop.example.com");
            let listen = listen.parse().unwrap();
            let doors = Doors { lineages, app: Weak::new(), listen, domains, is_of_site };
            let (local, peer) = (local.parse().unwrap(), peer.parse().unwrap());
            doors.are_at(name, Connection { local, peer })
        };
        let local = "127.0.0.1:999";
        assert!(at("127.0.0.1:4566", None, local, "127.0.0.1:4566"));
        assert!(at("127.0.0.1:4566", Some("a.localhost"), local, "127.0.0.1:4566"));
        assert!(at("0.0.0.0:4566", None, local, "127.0.0.1:4566"));
        assert!(at("[::]:4566", None, "10.0.0.1:999", "10.0.0.1:4566"));
        assert!(at("[::]:4566", None, "[::1]:999", "[::1]:4566"));
        assert!(at("127.0.0.1:4566", Some("a.fn.example"), "10.0.0.1:9", "1.2.3.4:443"));
        assert!(at("127.0.0.1:4566", Some("shop.example.com"), "10.0.0.1:9", "1.2.3.4:443"));
        // Other servers of this machine, and other machines.
        assert!(!at("127.0.0.1:4566", Some("a.localhost"), local, "127.0.0.1:8080"));
        assert!(!at("10.0.0.1:4566", None, local, "127.0.0.1:4566"));
        assert!(!at("0.0.0.0:4566", None, "10.0.0.1:999", "10.0.0.2:4566"));
        assert!(!at("0.0.0.0:4566", Some("fn.example.net"), "10.0.0.1:999", "1.2.3.4:443"));
    }
}
