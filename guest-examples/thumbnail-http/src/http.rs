//! Whole bodies over WASI 0.2.

use std::io::{self, Read, Write};

use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

/// A response with all of its body.
pub struct Response {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// The reason why a request gets no thumbnail.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub reason: String,
}

impl Refusal {
    pub fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let body = format!("{}\n", refusal.reason).into_bytes();
        Self { status: refusal.status, content_type: "text/plain; charset=utf-8", body }
    }
}

impl Response {
    pub fn html(page: &str) -> Self {
        Self { status: 200, content_type: "text/html; charset=utf-8", body: page.into() }
    }

    pub fn send(self, outparam: ResponseOutparam) -> io::Result<()> {
        let headers = Fields::new();
        headers.append("content-type", self.content_type.as_bytes()).map_err(io::Error::other)?;
        if self.status == 405 {
            headers.append("allow", b"GET, HEAD, POST").map_err(io::Error::other)?;
        }
        let response = OutgoingResponse::new(headers);
        let failed = |()| io::Error::other("the host refused the response");
        response.set_status_code(self.status).map_err(failed)?;
        let body = response.body().map_err(failed)?;
        ResponseOutparam::set(outparam, Ok(response));

        let mut stream = body.write().map_err(failed)?;
        stream.write_all(&self.body)?;
        Write::flush(&mut stream)?;
        drop(stream);
        OutgoingBody::finish(body, None).map_err(io::Error::other)
    }
}

/// Reads the body of `request`, if it is not longer than `bytes_max`.
pub fn read_body(request: IncomingRequest, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let too_long =
        || Refusal::new(413, format!("a photo has at most {} MiB here", bytes_max >> 20));
    let announced = content_length(&request);
    if announced.is_some_and(|length| length > bytes_max) {
        return Err(too_long());
    }
    let unreadable = |()| Refusal::new(400, "the request has no body to read");
    let body = request.consume().map_err(unreadable)?;
    let photo = read_to_end(&body, announced.unwrap_or(0), bytes_max)
        .map_err(|error| Refusal::new(400, format!("the body broke off: {error}")))?;
    if photo.len() > bytes_max {
        return Err(too_long());
    }
    if photo.is_empty() {
        return Err(Refusal::new(400, "the body is empty: POST the bytes of a photo"));
    }
    Ok(photo)
}

fn content_length(request: &IncomingRequest) -> Option<usize> {
    let values = request.headers().get("content-length");
    std::str::from_utf8(values.first()?).ok()?.parse().ok()
}

/// Reads at most one byte more than `bytes_max`.
fn read_to_end(body: &IncomingBody, announced: usize, bytes_max: usize) -> io::Result<Vec<u8>> {
    let stream = body.stream().map_err(|()| io::Error::other("its stream is gone"))?;
    // There is room for one byte more, so that finding the end does not make it grow.
    let mut bytes = Vec::with_capacity(announced + 1);
    stream.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
