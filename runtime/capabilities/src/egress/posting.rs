use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lambent_engine::wasi_http::Error;
use lambent_types::Origin;
use tokio::time::timeout;

use crate::egress::address::is_public;
use crate::egress::error::{BUFFER_BYTES_MAX, protocol_error};
use crate::egress::network::{Connected, Network};
use crate::egress::own_doors::{LINEAGE, OwnDoors};
use crate::egress::target::{Target, TargetHost};

/// Fields in the head of an answer.
const HEADER_FIELDS_MAX: usize = 128;

/// Requests of the node itself, to where its clients say: to addresses of the public internet, and to
/// those of others that whoever runs the node has named. What was checked is what is connected to.
pub struct Posting {
    network: Network,
    allowed: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// The node's own doors, once it has any.
    doors: OnceLock<Arc<dyn OwnDoors>>,
}

impl Posting {
    /// Over `network`, to public addresses and to those that are `allowed`.
    #[must_use]
    pub fn new(network: Network, allowed: Box<dyn Fn(IpAddr) -> bool + Send + Sync>) -> Self {
        Self { network, allowed, doors: OnceLock::new() }
    }

    /// Sets the node's own doors, so that what comes back to them says what led to it. Only the first
    /// call counts.
    pub fn set_doors(&self, doors: Arc<dyn OwnDoors>) {
        drop(self.doors.set(doors));
    }

    /// Posts a body to a URL, over a connection of its own. The status of the answer, whose body is not
    /// read, and no redirect followed.
    ///
    /// # Errors
    /// There was no answer within `patience`, or the address is none that may be sent to: why.
    pub async fn post(
        &self,
        url: &str,
        (headers, body): (HeaderMap, Bytes),
        patience: Duration,
        origin: &Origin,
    ) -> Result<u16, String> {
        let posted = timeout(patience, self.exchange(url, (headers, body), origin)).await;
        posted.map_err(|_| format!("there was no answer within {patience:?}"))?
    }

    async fn exchange(
        &self,
        url: &str,
        (headers, body): (HeaderMap, Bytes),
        origin: &Origin,
    ) -> Result<u16, String> {
        let told = |error: Error| format!("{error:?}");
        let uri: Uri = url.parse().map_err(|_| "the URL cannot be read".to_owned())?;
        let target = Target::of(&uri).map_err(told)?;
        let found = self.network.addresses(&target).await.map_err(told)?;
        let (good, bad): (Vec<IpAddr>, Vec<IpAddr>) = found
            .into_iter()
            .partition(|address| is_public(*address) || (self.allowed)(address.to_canonical()));
        if let (Some(address), true) = (bad.first(), good.is_empty()) {
            return Err(format!(
                "{address} is no public address; the node sends there if it is started with \
                 --subscriber-network {address}"
            ));
        }
        let Connected { io, ends } = self.network.connect(&target, &good).await.map_err(told)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().map_err(|_| "the URL cannot be read".to_owned())?;
        *request.headers_mut() = headers;
        let host = HeaderValue::try_from(target.authority());
        let host = host.map_err(|_| "the URL cannot be read".to_owned())?;
        request.headers_mut().insert(header::HOST, host);
        request.headers_mut().remove(LINEAGE);
        let name = match &target.host {
            TargetHost::Name(name) => Some(name.as_str()),
            TargetHost::Address(_) => None,
        };
        if let Some(doors) = self.doors.get().filter(|doors| doors.are_at(name, ends)) {
            request.headers_mut().insert(LINEAGE, doors.sign(origin));
        }
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER_BYTES_MAX).max_headers(HEADER_FIELDS_MAX);
        let handshake = builder.handshake(TokioIo::new(io)).await;
        let (mut sender, driver) = handshake.map_err(|error| told(protocol_error(&error)))?;
        let answer = sender.send_request(request);
        tokio::pin!(answer, driver);
        let answered = tokio::select! {
            biased;
            answered = &mut answer => answered,
            ended = &mut driver => match ended {
                Ok(()) => answer.await,
                Err(error) => Err(error),
            },
        };
        match answered {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => Err(told(protocol_error(&error))),
        }
    }
}
