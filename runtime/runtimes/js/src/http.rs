//! Requests over `wasi:http`, for the library's `http` and `fetch`.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Exception, Object, Result, Value};

use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use crate::bindings::wasi::io::poll::Pollable;
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};
use crate::files::bytes_of;

/// Bytes that are read or written at once.
const PIECE: usize = 64 << 10;

/// Fields that the host writes itself, or that are about one connection.
const NOT_SENT: &[&str] = &[
    "connection",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What happened to a request.
pub(crate) enum Event {
    /// The head of the response: status, and fields as names and values in turn.
    Response(u16, Vec<String>),
    Data(Vec<u8>),
    End,
    /// What was written is on its way.
    Drained,
    /// A code such as `ECONNREFUSED`, and what it says.
    Failed(&'static str, String),
}

/// A request and its response.
struct Exchange {
    origin: String,
    output: Option<(OutputStream, OutgoingBody)>,
    unsent: VecDeque<Vec<u8>>,
    ended: bool,
    future: Option<FutureIncomingResponse>,
    input: Option<(InputStream, IncomingBody, IncomingResponse)>,
    /// Whether the program waits for more of the body.
    wanted: bool,
}

#[derive(Default)]
struct Exchanges {
    next: u32,
    open: BTreeMap<u32, Exchange>,
}

thread_local! {
    static EXCHANGES: RefCell<Exchanges> = RefCell::default();
}

/// The functions, as one object.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("request", Func::from(request))?;
    object.set("write", Func::from(write))?;
    object.set("end", Func::from(end))?;
    object.set("read", Func::from(|id: u32| with(id, |exchange| exchange.wanted = true)))?;
    object.set(
        "close",
        Func::from(|id: u32| drop(EXCHANGES.with_borrow_mut(|all| all.open.remove(&id)))),
    )?;
    Ok(object)
}

/// Whether requests are under way.
pub(crate) fn is_busy() -> bool {
    EXCHANGES.with_borrow(|all| !all.open.is_empty())
}

fn with(id: u32, change: impl FnOnce(&mut Exchange)) {
    EXCHANGES.with_borrow_mut(|all| all.open.get_mut(&id).map(change));
}

/// Begins a request; its events come under the number that is given back.
fn request(
    ctx: Ctx<'_>,
    method: String,
    scheme: String,
    authority: String,
    target: String,
    fields: Vec<String>,
    timeout: f64,
) -> Result<u32> {
    let origin = format!("{scheme}://{authority}");
    match Exchange::begin(method, &scheme, authority, target, &fields, timeout) {
        Ok(exchange) => Ok(EXCHANGES.with_borrow_mut(|all| {
            all.next += 1;
            all.open.insert(all.next, exchange);
            all.next
        })),
        Err(error) => {
            let (code, message) = explain(&error, &origin);
            let exception = Exception::from_message(ctx.clone(), &message)?;
            exception.set("code", code)?;
            Err(ctx.throw(exception.into_object().into_value()))
        }
    }
}

/// Says that the body of a request is whole. It goes out at once: the response may wait for it.
fn end(id: u32) {
    with(id, |exchange| {
        exchange.ended = true;
        exchange.push();
    });
}

/// Gives bytes to a request; returns how many wait to be sent.
fn write<'js>(ctx: Ctx<'js>, id: u32, bytes: Value<'js>) -> Result<usize> {
    let bytes = bytes_of(&ctx, &bytes)?;
    let mut waiting = 0;
    with(id, |exchange| {
        // Pieces, so that what is left of one is never copied again and again.
        exchange.unsent.extend(bytes.chunks(PIECE).map(<[u8]>::to_vec));
        exchange.push();
        waiting = exchange.unsent.iter().map(Vec::len).sum();
    });
    Ok(waiting)
}

impl Exchange {
    fn begin(
        method: String,
        scheme: &str,
        authority: String,
        target: String,
        fields: &[String],
        timeout: f64,
    ) -> std::result::Result<Self, ErrorCode> {
        let invalid = |what: &str| ErrorCode::InternalError(Some(format!("invalid {what}")));
        let pairs = fields
            .chunks_exact(2)
            .filter(|pair| !NOT_SENT.contains(&pair[0].to_ascii_lowercase().as_str()));
        let pairs: Vec<_> = pairs.map(|pair| (pair[0].clone(), latin1(&pair[1]))).collect();
        let request =
            OutgoingRequest::new(Fields::from_list(&pairs).map_err(|_| invalid("header"))?);
        request.set_method(&method_of(method)).map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;
        let kind = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        request.set_scheme(Some(&kind)).map_err(|()| invalid("scheme"))?;
        request.set_authority(Some(&authority)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
        request
            .set_path_with_query(Some(&target))
            .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
        let body = request.body().map_err(|()| invalid("body"))?;
        let stream = body.write().map_err(|()| invalid("body"))?;
        let future = outgoing_handler::handle(request, options(timeout))?;
        Ok(Self {
            origin: format!("{scheme}://{authority}"),
            output: Some((stream, body)),
            unsent: VecDeque::new(),
            ended: false,
            future: Some(future),
            input: None,
            wanted: false,
        })
    }

    /// What the exchange waits for; nothing if it waits for the program.
    fn pollables(&self) -> Vec<Pollable> {
        let mut all = Vec::new();
        if let Some((stream, _)) = self.output.as_ref().filter(|_| !self.unsent.is_empty()) {
            all.push(stream.subscribe());
        }
        all.extend(self.future.as_ref().map(FutureIncomingResponse::subscribe));
        if let Some((stream, ..)) = self.input.as_ref().filter(|_| self.wanted) {
            all.push(stream.subscribe());
        }
        all
    }

    /// Goes on as far as it can without waiting.
    fn advance(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.send(&mut events);
        self.answer(&mut events);
        self.receive(&mut events);
        events
    }

    fn send(&mut self, events: &mut Vec<Event>) {
        let had = !self.unsent.is_empty();
        self.push();
        if had && self.unsent.is_empty() {
            events.push(Event::Drained);
        }
    }

    /// Sends what the host takes without waiting, and ends the body once it is whole.
    fn push(&mut self) {
        let Some((stream, _)) = &self.output else {
            self.unsent.clear();
            return;
        };
        while let Some(piece) = self.unsent.front_mut() {
            // If the body is not taken, the response, or the error that it is, says why.
            let Ok(room) = stream.check_write() else {
                self.unsent.clear();
                break;
            };
            if room == 0 {
                return;
            }
            let rest = piece.split_off(piece.len().min(room as usize));
            let sent = stream.write(piece);
            *piece = rest;
            if piece.is_empty() {
                self.unsent.pop_front();
            }
            if sent.is_err() {
                self.unsent.clear();
            }
        }
        if self.ended
            && let Some((stream, body)) = self.output.take()
        {
            drop(stream);
            let _ = OutgoingBody::finish(body, None);
        }
    }

    fn answer(&mut self, events: &mut Vec<Event>) {
        let Some(answer) = self.future.as_ref().and_then(FutureIncomingResponse::get) else {
            return;
        };
        self.future = None;
        match answer {
            Ok(Ok(response)) => match open(&response) {
                Some((stream, body)) => {
                    let fields = response.headers().entries().into_iter();
                    let fields = fields.flat_map(|(name, value)| {
                        [name, value.iter().map(|byte| *byte as char).collect()]
                    });
                    events.push(Event::Response(response.status(), fields.collect()));
                    self.input = Some((stream, body, response));
                }
                None => events.push(Event::Failed("EIO", "the response has no body".into())),
            },
            Ok(Err(error)) => events.push(self.failure(&error)),
            Err(()) => events.push(Event::Failed("EIO", "the response was taken already".into())),
        }
    }

    fn receive(&mut self, events: &mut Vec<Event>) {
        let Some((stream, ..)) = self.input.as_ref().filter(|_| self.wanted) else { return };
        match stream.read(PIECE as u64) {
            Ok(bytes) if bytes.is_empty() => return,
            Ok(bytes) => events.push(Event::Data(bytes)),
            Err(StreamError::Closed) => events.push(Event::End),
            Err(StreamError::LastOperationFailed(error)) => {
                let code = crate::bindings::wasi::http::types::http_error_code(&error);
                let code = code.unwrap_or(ErrorCode::HttpResponseIncomplete);
                events.push(self.failure(&code));
            }
        }
        self.wanted = false;
    }

    fn failure(&self, error: &ErrorCode) -> Event {
        let (code, message) = explain(error, &self.origin);
        Event::Failed(code, message)
    }
}

impl Drop for Exchange {
    /// Ends children before what they are of, as the host demands.
    fn drop(&mut self) {
        if let Some((stream, body)) = self.output.take() {
            drop(stream);
            drop(body);
        }
        if let Some((stream, body, response)) = self.input.take() {
            drop(stream);
            drop(body);
            drop(response);
        }
    }
}

fn open(response: &IncomingResponse) -> Option<(InputStream, IncomingBody)> {
    let body = response.consume().ok()?;
    let stream = body.stream().ok()?;
    Some((stream, body))
}

fn method_of(method: String) -> Method {
    match method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        _ => Method::Other(method),
    }
}

/// Bytes of a header's value, which is Latin-1 in Node.
fn latin1(text: &str) -> Vec<u8> {
    let single = text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<_>>>();
    single.unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Options with a limit of milliseconds for connecting and between bytes; none if it is 0.
fn options(timeout: f64) -> Option<RequestOptions> {
    if timeout <= 0.0 {
        return None;
    }
    let nanoseconds = Some((timeout * 1e6) as u64);
    let options = RequestOptions::new();
    // What the host cannot limit it does not.
    let _ = options.set_connect_timeout(nanoseconds);
    let _ = options.set_first_byte_timeout(nanoseconds);
    let _ = options.set_between_bytes_timeout(nanoseconds);
    Some(options)
}

/// Node's code for an error of a request, and what it says.
fn explain(error: &ErrorCode, origin: &str) -> (&'static str, String) {
    match error {
        ErrorCode::HttpRequestDenied => (
            "EACCES",
            format!(
                "the function was not granted requests to {origin} (the log says which grant it lacks)"
            ),
        ),
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            ("ENOTFOUND", format!("getaddrinfo ENOTFOUND {}", host_of(origin)))
        }
        ErrorCode::ConnectionTimeout
        | ErrorCode::HttpResponseTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout => ("ETIMEDOUT", format!("connect ETIMEDOUT {origin}")),
        ErrorCode::DestinationIpProhibited | ErrorCode::DestinationIpUnroutable => (
            "EACCES",
            format!("the address of {origin} is not one that the function may connect to"),
        ),
        ErrorCode::ConnectionRefused | ErrorCode::DestinationUnavailable => {
            ("ECONNREFUSED", format!("connect ECONNREFUSED {origin}"))
        }
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            ("ECONNRESET", format!("socket hang up: {origin}"))
        }
        ErrorCode::TlsCertificateError => (
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            format!("the certificate of {origin} is not trusted by the host"),
        ),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            ("EPROTO", format!("TLS with {origin}: {error:?}"))
        }
        ErrorCode::HttpRequestUriInvalid => {
            ("ERR_INVALID_URL", format!("{origin} is no address of a request"))
        }
        ErrorCode::InternalError(Some(text)) => ("EIO", format!("{origin}: {text}")),
        other => ("EIO", format!("{origin}: {other:?}")),
    }
}

fn host_of(origin: &str) -> &str {
    let host = origin.split("://").nth(1).unwrap_or(origin);
    host.split(':').next().unwrap_or(host)
}

/// What all exchanges wait for.
pub(crate) fn pollables() -> Vec<Pollable> {
    EXCHANGES.with_borrow(|all| all.open.values().flat_map(Exchange::pollables).collect())
}

/// Lets all exchanges go on; gives what happened, each with its number.
pub(crate) fn advance() -> Vec<(u32, Event)> {
    EXCHANGES.with_borrow_mut(|all| {
        let events = all.open.iter_mut().map(|(id, exchange)| (*id, exchange.advance()));
        events.flat_map(|(id, events)| events.into_iter().map(move |event| (id, event))).collect()
    })
}
