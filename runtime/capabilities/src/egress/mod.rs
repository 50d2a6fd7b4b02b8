//! Outgoing HTTP, to the hosts that a function was granted.

use std::sync::Arc;

use futures::future::BoxFuture;
use lambent_engine::wasi_http::{Error, RequestOptions, WasiBody};
use lambent_engine::{Egress, Exchange, Log};
use lambent_types::FunctionVersion;

use crate::ctx::Shared;

/// The network that guests' requests go to.
#[derive(Debug, Clone, Default)]
pub struct Network;

/// One invocation's way to the network.
pub(crate) struct Guarded {
    shared: Arc<Shared>,
    function: Arc<FunctionVersion>,
}

impl Guarded {
    pub(crate) const fn new(shared: Arc<Shared>, function: Arc<FunctionVersion>) -> Self {
        Self { shared, function }
    }
}

impl Egress for Guarded {
    fn send(
        &self,
        request: http::Request<WasiBody>,
        _options: RequestOptions,
        log: Log,
    ) -> BoxFuture<'static, Result<Exchange, Error>> {
        let _ = &self.shared.network;
        log.line(&format!("function \"{}\" may not reach {}", self.function.name, request.uri()));
        Box::pin(async { Err(Error::HttpRequestDenied) })
    }
}
