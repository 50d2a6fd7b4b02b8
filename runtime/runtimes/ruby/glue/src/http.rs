//! Requests over `wasi:http`, each sent whole and answered whole.

use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use crate::bindings::wasi::io::streams::{OutputStream, StreamError};
use crate::door::list;

/// Bytes of a body that are moved at once.
const PIECE: u64 = 1 << 20;

/// What stands before names and values of fields in a request.
const HEAD: usize = 6;

/// Fields that are about the connection, which is the host's.
const NOT_SENT: [&str; 7] =
    ["connection", "expect", "host", "keep-alive", "te", "transfer-encoding", "upgrade"];

/// Sends a request: method, scheme, authority, target, milliseconds that it may wait for the
/// answer (none if 0), body, and names and values of fields. The answer is `ok`, status, body,
/// and names and values; or `error`, what kind of error, and a message.
pub(crate) fn send(texts: &[&[u8]]) -> Vec<u8> {
    let Some((head, fields)) = texts.split_at_checked(HEAD) else {
        return list([b"error".as_slice(), b"other", b"the request is cut off"]);
    };
    let text = |index: usize| String::from_utf8_lossy(head[index]).into_owned();
    let origin = format!("{}://{}", text(1), text(2));
    match exchange(head, fields) {
        Ok((status, body, fields)) => {
            let status = status.to_string();
            let mut texts = vec![b"ok".as_slice(), status.as_bytes(), &body];
            texts.extend(fields.iter().flat_map(|(name, value)| [name.as_bytes(), value]));
            list(texts)
        }
        Err(error) => {
            let (kind, message) = explain(&error, &origin);
            list(["error", kind, &message].map(str::as_bytes))
        }
    }
}

type Answer = (u16, Vec<u8>, Vec<(String, Vec<u8>)>);

fn exchange(head: &[&[u8]], fields: &[&[u8]]) -> Result<Answer, ErrorCode> {
    let text = |index: usize| String::from_utf8_lossy(head[index]).into_owned();
    let request = OutgoingRequest::new(sent_fields(fields)?);
    request.set_method(&method(text(0))).map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;
    let scheme = if head[1] == b"https" { Scheme::Https } else { Scheme::Http };
    request.set_scheme(Some(&scheme)).map_err(|()| invalid("scheme"))?;
    request.set_authority(Some(&text(2))).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    request.set_path_with_query(Some(&text(3))).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let body = request.body().map_err(|()| invalid("body"))?;
    let future = outgoing_handler::handle(request, options(text(4).parse().unwrap_or_default()))?;
    write(body, head[5])?;
    future.subscribe().block();
    match future.get() {
        Some(Ok(response)) => read(&response?),
        _ => Err(invalid("response")),
    }
}

fn invalid(what: &str) -> ErrorCode {
    ErrorCode::InternalError(Some(format!("invalid {what}")))
}

fn sent_fields(fields: &[&[u8]]) -> Result<Fields, ErrorCode> {
    let pairs = fields
        .chunks_exact(2)
        .map(|pair| (String::from_utf8_lossy(pair[0]).to_ascii_lowercase(), pair[1].to_vec()));
    let pairs: Vec<_> = pairs.filter(|(name, _)| !NOT_SENT.contains(&name.as_str())).collect();
    Fields::from_list(&pairs).map_err(|_| invalid("header"))
}

fn method(name: String) -> Method {
    match name.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        _ => Method::Other(name),
    }
}

fn options(milliseconds: u64) -> Option<RequestOptions> {
    if milliseconds == 0 {
        return None;
    }
    let limit = Some(milliseconds.saturating_mul(1_000_000));
    let options = RequestOptions::new();
    // What the host cannot limit it does not.
    let _ = options.set_connect_timeout(limit);
    let _ = options.set_first_byte_timeout(limit);
    let _ = options.set_between_bytes_timeout(limit);
    Some(options)
}

/// Writes a body. If it is not taken, the response, or the error that it is, says why.
fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), ErrorCode> {
    if let Ok(stream) = body.write() {
        // Whether all of it was taken is seen by the response.
        let _ = write_all(&stream, bytes);
    }
    OutgoingBody::finish(body, None)
}

fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = stream.check_write()? as usize;
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (piece, rest) = bytes.split_at(room.min(bytes.len()));
        stream.write(piece)?;
        bytes = rest;
    }
    stream.flush()
}

fn read(response: &IncomingResponse) -> Result<Answer, ErrorCode> {
    let fields = response.headers().entries();
    let body = response.consume().map_err(|()| invalid("body"))?;
    let bytes = read_all(&body)?;
    Ok((response.status(), bytes, fields))
}

fn read_all(body: &IncomingBody) -> Result<Vec<u8>, ErrorCode> {
    let stream = body.stream().map_err(|()| invalid("body"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(PIECE) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => {
                let code = crate::bindings::wasi::http::types::http_error_code(&error);
                return Err(code.unwrap_or(ErrorCode::HttpResponseIncomplete));
            }
        }
    }
}

/// What kind of error it is, which Ruby has a class for, and what it says.
fn explain(error: &ErrorCode, origin: &str) -> (&'static str, String) {
    match error {
        ErrorCode::HttpRequestDenied => (
            "denied",
            format!(
                "the function was not granted requests to {origin} (the log says which grant it lacks)"
            ),
        ),
        ErrorCode::DestinationIpProhibited | ErrorCode::DestinationIpUnroutable => (
            "denied",
            format!("the address of {origin} is not one that the function may connect to"),
        ),
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            ("name", format!("getaddrinfo: Name or service not known: {origin}"))
        }
        ErrorCode::ConnectionTimeout => {
            ("connect", format!("connecting to {origin} took too long"))
        }
        ErrorCode::HttpResponseTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout => {
            ("read", format!("the answer of {origin} took too long"))
        }
        ErrorCode::ConnectionRefused | ErrorCode::DestinationUnavailable => {
            ("refused", origin.to_owned())
        }
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            ("reset", origin.to_owned())
        }
        ErrorCode::TlsCertificateError => {
            ("tls", format!("the certificate of {origin} is not trusted by the host"))
        }
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            ("tls", format!("TLS with {origin}: {error:?}"))
        }
        ErrorCode::InternalError(Some(text)) => ("other", format!("{origin}: {text}")),
        other => ("other", format!("{origin}: {other:?}")),
    }
}
