use std::io::{self, Write};

use wasip2::http::types::{
    Fields, OutgoingBody, OutgoingResponse, ResponseOutparam, StatusCode, Trailers,
};
use wasip2::io::streams::OutputStream;

/// A response whose head is sent and whose body is being written.
pub struct Response {
    // Before the body, whose child it is: fields are dropped in this order.
    stream: OutputStream,
    body: OutgoingBody,
}

impl Response {
    /// Sends the head.
    ///
    /// # Errors
    /// The host refuses the status.
    pub fn start(
        outparam: ResponseOutparam,
        status: StatusCode,
        headers: Fields,
    ) -> io::Result<Self> {
        let response = OutgoingResponse::new(headers);
        response.set_status_code(status).map_err(|()| refused("the status"))?;
        let body = response.body().map_err(|()| refused("the body"))?;
        let stream = body.write().map_err(|()| refused("the body's stream"))?;
        ResponseOutparam::set(outparam, Ok(response));
        Ok(Self { stream, body })
    }

    /// Ends the body.
    ///
    /// # Errors
    /// The host no longer wants the body, or it is not as long as was said.
    pub fn finish(mut self, trailers: Option<Trailers>) -> io::Result<()> {
        Write::flush(&mut self.stream)?;
        drop(self.stream);
        OutgoingBody::finish(self.body, trailers).map_err(io::Error::other)
    }
}

impl Write for Response {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut self.stream, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.stream)
    }
}

/// Sends a whole response.
///
/// # Errors
/// As [`Response::start`] and [`Response::finish`].
pub fn respond(
    outparam: ResponseOutparam,
    status: StatusCode,
    content_type: &str,
    body: &[u8],
) -> io::Result<()> {
    let headers = Fields::new();
    headers.append("content-type", content_type.as_bytes()).map_err(io::Error::other)?;
    let mut response = Response::start(outparam, status, headers)?;
    response.write_all(body)?;
    response.finish(None)
}

fn refused(what: &str) -> io::Error {
    io::Error::other(format!("the host refused {what}"))
}
