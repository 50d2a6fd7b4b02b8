use serde::Deserialize;
use serde_json::json;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme};
use wasip2::io::streams::StreamError;

use crate::{Answer, text};

#[derive(Deserialize)]
pub(crate) struct Call {
    /// `http` or `https`.
    scheme: String,
    authority: String,
    path: String,
    /// What to send as the body.
    data: Option<String>,
    /// By default POST with data, and GET without.
    method: Option<String>,
    /// Waits so long before it writes the body.
    #[serde(default)]
    write_after_ms: u64,
    /// Declares how long the body is.
    #[serde(default)]
    declares_length: bool,
    /// Says that the body is over only when the answer has come.
    #[serde(default)]
    finishes_late: bool,
    /// Sends so many requests before it looks at the answers.
    #[serde(default = "one")]
    times: u32,
    /// The longest wait for a connection, a head, or a piece of a body.
    timeout_ms: Option<u64>,
}

fn one() -> u32 {
    1
}

/// The answer to the last of the requests.
pub(crate) fn call(call: Call) -> Answer {
    let sent: Vec<_> = (0..call.times).map(|_| send(&call)).collect::<Result<_, _>>()?;
    let mut told = json!(null);
    for response in sent {
        response.subscribe().block();
        let response = response.get().ok_or("no answer")?.map_err(text)?.map_err(text)?;
        let status = response.status();
        let body = response.consume().map_err(text)?;
        let stream = body.stream().map_err(text)?;
        let mut data = Vec::new();
        loop {
            match stream.blocking_read(64 << 10) {
                Ok(bytes) => data.extend_from_slice(&bytes),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => {
                    return Err(error.to_debug_string());
                }
            }
        }
        told = json!({ "status": status, "data": String::from_utf8_lossy(&data) });
    }
    Ok(told)
}

fn send(call: &Call) -> Result<wasip2::http::types::FutureIncomingResponse, String> {
    let fields = Fields::new();
    if call.declares_length {
        let length = call.data.as_ref().map_or(0, String::len).to_string();
        fields.append("content-length", length.as_bytes()).map_err(text)?;
    }
    let request = OutgoingRequest::new(fields);
    let scheme = match call.scheme.as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    request.set_scheme(Some(&scheme)).map_err(text)?;
    request.set_authority(Some(&call.authority)).map_err(|()| "authority refused")?;
    request.set_path_with_query(Some(&call.path)).map_err(text)?;
    let usual = if call.data.is_some() { "POST" } else { "GET" };
    request.set_method(&method(call.method.as_deref().unwrap_or(usual))).map_err(text)?;
    let body = request.body().map_err(text)?;
    let options = RequestOptions::new();
    let timeout = call.timeout_ms.map(|ms| ms * 1_000_000);
    options.set_connect_timeout(timeout).map_err(text)?;
    options.set_first_byte_timeout(timeout).map_err(text)?;
    options.set_between_bytes_timeout(timeout).map_err(text)?;
    let sent = outgoing_handler::handle(request, Some(options)).map_err(text)?;
    if call.write_after_ms > 0 {
        subscribe_duration(call.write_after_ms * 1_000_000).block();
    }
    if let Some(data) = &call.data {
        let stream = body.write().map_err(text)?;
        for piece in data.as_bytes().chunks(4096) {
            stream.blocking_write_and_flush(piece).map_err(text)?;
        }
    }
    if call.finishes_late {
        sent.subscribe().block();
    }
    OutgoingBody::finish(body, None).map_err(text)?;
    Ok(sent)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.into()),
    }
}
