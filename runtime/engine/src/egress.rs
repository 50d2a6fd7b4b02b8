use std::sync::Arc;

use futures::future::BoxFuture;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::log::Log;

/// A response, and what moves its bytes: it must be polled for the body to go
/// on, and ends with the exchange.
pub type Exchange = (http::Response<WasiBody>, BoxFuture<'static, Result<(), Error>>);

/// Sends the HTTP requests that one invocation makes, of WASI 0.2 and 0.3
/// alike, and decides which it may make.
pub trait Egress: Send + Sync {
    /// Sends one request, whose URI has a scheme and an authority. Resolves
    /// when the head of the response is there. `log` is the invocation's.
    ///
    /// # Errors
    /// The request was refused or failed; the guest is told the error's code.
    fn send(
        &self,
        request: http::Request<WasiBody>,
        options: RequestOptions,
        log: Log,
    ) -> BoxFuture<'static, Result<Exchange, Error>>;
}

/// What `wasi:http` asks when a guest sends a request. Without an [`Egress`]
/// requests are refused before a name is resolved.
pub(crate) struct Outgoing {
    egress: Option<Arc<dyn Egress>>,
    log: Log,
}

impl Outgoing {
    pub(crate) const fn new(egress: Option<Arc<dyn Egress>>, log: Log) -> Self {
        Self { egress, log }
    }
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Outgoing {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Io,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send> {
        let Some(egress) = &self.egress else {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        };
        let sending = egress.send(request, options.unwrap_or_default(), self.log.clone());
        Box::new(async move {
            let (response, io) = sending.await?;
            Ok((response, Box::new(io) as Io))
        })
    }
}
