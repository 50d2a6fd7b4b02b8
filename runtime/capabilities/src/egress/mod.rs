//! Outgoing HTTP, to the hosts that a function was granted.
//!
//! A request goes to a host that a grant names, and to an address of it that
//! was checked: one of the public internet, or one that a grant names itself.
//! What was checked is what is connected to, so that a name cannot come to
//! mean something else in between. Redirects are the guest's to follow, and
//! are checked like any other request. Every request has a connection of its
//! own: no tenant's is reused for another.

mod address;
mod api_call;
mod body;
mod error;
mod exchange;
mod network;
mod own_doors;
mod posting;
mod target;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use http::request::Parts;
use lambent_engine::wasi_http::{Error, RequestOptions, WasiBody};
use lambent_engine::{Egress, Exchange, Log};
use lambent_types::{FunctionVersion, Grant, Origin};
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use network::{Network, Resolve};
pub use own_doors::{Answerer, ApiBody, Connection, Destination, LINEAGE, OwnDoors};
pub use posting::Posting;

use crate::egress::address::is_public;
use crate::egress::network::Connected;
use crate::egress::target::{Target, TargetHost};

/// Connections that one invocation may have at a time.
const CONNECTIONS_MAX: usize = 32;
/// The longest wait for the addresses of a name.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest wait for a connection, its encryption included.
const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// Where outgoing requests of all invocations lead: the network, and the node's own doors.
pub(crate) struct Routes {
    network: Network,
    /// The node's own doors, once it has any.
    doors: OnceLock<Arc<dyn OwnDoors>>,
}

impl Routes {
    pub(crate) const fn new(network: Network) -> Self {
        Self { network, doors: OnceLock::new() }
    }

    /// The node's own doors, if they answer a request.
    fn api(
        &self,
        Guard { function, log, target }: &Guard<'_>,
        request: &Parts,
    ) -> Result<Option<&Arc<dyn OwnDoors>>, Error> {
        let Some(doors) = self.doors.get() else { return Ok(None) };
        let host = target.host.to_string();
        let destination = Destination { https: target.https, host: &host, port: target.port };
        match doors.answerer(function, destination, request) {
            Answerer::Node => Ok(Some(doors)),
            Answerer::Host => Ok(None),
            Answerer::Nobody(reason) => {
                log.line(&reason);
                Err(Error::HttpRequestDenied)
            }
        }
    }

    /// Only the first call counts.
    pub(crate) fn set_doors(&self, doors: Arc<dyn OwnDoors>) {
        drop(self.doors.set(doors));
    }
}

/// One invocation's way to the network.
pub(crate) struct Guarded {
    routes: Arc<Routes>,
    function: Arc<FunctionVersion>,
    /// What led to the invocation, its function not included.
    origin: Origin,
    connections: Arc<Semaphore>,
}

impl Guarded {
    pub(crate) fn new(routes: Arc<Routes>, function: Arc<FunctionVersion>, origin: Origin) -> Self {
        let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { routes, function, origin, connections }
    }
}

impl Egress for Guarded {
    fn send(
        &self,
        request: http::Request<WasiBody>,
        options: RequestOptions,
        log: Log,
    ) -> BoxFuture<'static, Result<Exchange, Error>> {
        let connections = self.connections.clone();
        let (routes, function) = (self.routes.clone(), self.function.clone());
        let origin = self.origin.clone();
        Box::pin(async move {
            let target = Target::of(request.uri())?;
            let guard = Guard { function: &function, log: &log, target: &target };
            let take = || {
                connections.try_acquire_owned().map_err(|_| {
                    log.line(&format!(
                        "more than {CONNECTIONS_MAX} connections at a time are refused"
                    ));
                    Error::ConnectionLimitReached
                })
            };
            let (head, body) = request.into_parts();
            let api = routes.api(&guard, &head)?;
            let request = http::Request::from_parts(head, body);
            if let Some(doors) = api {
                let request = exchange::prepare(request, &target)?;
                return api_call::call(&**doors, (function, origin), request, options, take()?)
                    .await;
            }
            guard.check_host()?;
            let request = exchange::prepare(request, &target)?;
            let connection = take()?;
            let found = timeout(RESOLVE_TIMEOUT, routes.network.addresses(&target));
            let found = found.await.map_err(|_| Error::DnsTimeout)??;
            let addresses = guard.check_addresses(found)?;
            let patience = options.connect_timeout.unwrap_or(CONNECT_TIMEOUT_MAX);
            let connecting = routes.network.connect(&target, &addresses);
            let connecting = timeout(patience.min(CONNECT_TIMEOUT_MAX), connecting);
            let connecting = async { connecting.await.map_err(|_| Error::ConnectionTimeout)? };
            let (connected, mut request) =
                tokio::try_join!(connecting, exchange::settle_body(request))?;
            let Connected { io, ends } = connected;
            let name = match &target.host {
                TargetHost::Name(name) => Some(name.as_str()),
                TargetHost::Address(_) => None,
            };
            if let Some(doors) = routes.doors.get().filter(|doors| doors.are_at(name, ends)) {
                let origin = origin.enter(&function.name).map_err(|recursion| {
                    log.line(&recursion.to_string());
                    Error::HttpRequestDenied
                })?;
                request.headers_mut().insert(LINEAGE, doors.sign(&origin));
            }
            exchange::exchange(request, io, options, connection).await
        })
    }
}

/// Decides about one request.
struct Guard<'a> {
    function: &'a FunctionVersion,
    log: &'a Log,
    target: &'a Target,
}

impl Guard<'_> {
    fn check_host(&self) -> Result<(), Error> {
        let Target { https, host, port } = self.target;
        let configuration = &self.function.configuration;
        let mut grants = configuration.grants.hosts.iter();
        let granted = match host {
            TargetHost::Name(name) => {
                let is_aws = || *https && *port == 443 && configuration.aws.lead_to(name);
                grants.any(|grant| grant.allows_name(*https, name, *port)) || is_aws()
            }
            TargetHost::Address(address) => {
                grants.any(|grant| grant.allows_address(*https, *address, *port))
            }
        };
        if granted {
            return Ok(());
        }
        let pattern = self.target.pattern();
        self.refuse(&format!("requests to {pattern}"), &pattern);
        Err(Error::HttpRequestDenied)
    }

    /// The addresses that may be connected to.
    fn check_addresses(&self, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, Error> {
        let Target { https, port, host } = self.target;
        let grants = &self.function.configuration.grants.hosts;
        let named = |address: IpAddr| {
            grants.iter().any(|grant| grant.allows_address(*https, address, *port))
        };
        let (good, bad): (Vec<IpAddr>, Vec<IpAddr>) =
            found.into_iter().partition(|address| is_public(*address) || named(*address));
        match bad.first() {
            Some(address) if good.is_empty() => {
                let address = TargetHost::Address(address.to_canonical());
                let what = format!("requests to {host}, whose address {address} is not public");
                self.refuse(&what, &Target { host: address, ..self.target.clone() }.pattern());
                Err(Error::DestinationIpProhibited)
            }
            _ => Ok(good),
        }
    }

    fn refuse(&self, what: &str, pattern: &str) {
        let function = &self.function.name;
        let remedy = pattern.parse().map(|host| Grant::Host(host).remedy(function));
        let remedy = remedy.unwrap_or_else(|error| error.to_string());
        self.log.line(&format!("function \"{function}\" may not send {what}; grant it: {remedy}"));
    }
}
