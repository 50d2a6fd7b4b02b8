//! Bodies and trailers, in and out.

use std::io::{self, Read, Write};

use guest_support::{Response, Target, respond};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::types::{Fields, IncomingBody, IncomingRequest, ResponseOutparam, Trailers};
use wasip2::io::streams::InputStream;

const CHUNK: usize = 64 * 1024;

/// Sends headers, body and trailers back, the body while it still comes in.
pub(crate) fn echo(request: IncomingRequest, outparam: ResponseOutparam) -> io::Result<()> {
    let headers = Fields::new();
    for (name, value) in request.headers().entries() {
        // A response must not have every header that a request may have.
        let _ = headers.append(&name, &value);
    }
    let mut response = Response::start(outparam, 200, headers)?;
    let body = consume(request)?;
    let mut stream = stream(&body)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = Read::read(&mut stream, &mut chunk)?;
        if length == 0 {
            break;
        }
        response.write_all(&chunk[..length])?;
        response.flush()?;
    }
    drop(stream);
    response.finish(trailers(body)?)
}

/// Reads the whole body and says how long it was.
pub(crate) fn sink(request: IncomingRequest, outparam: ResponseOutparam) -> io::Result<()> {
    let body = consume(request)?;
    let count = io::copy(&mut stream(&body)?, &mut io::sink())?;
    respond(outparam, 200, "text/plain", count.to_string().as_bytes())
}

/// Answers in full, and only then reads the request's body to its end.
pub(crate) fn answer_first(request: IncomingRequest, outparam: ResponseOutparam) -> io::Result<()> {
    respond(outparam, 200, "text/plain", b"answered")?;
    let body = consume(request)?;
    let read = io::copy(&mut stream(&body)?, &mut io::sink());
    println!("read {read:?}");
    Ok(())
}

/// Streams `?bytes=N` bytes as fast as they are taken.
pub(crate) fn big(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let mut left = usize::try_from(target.number("bytes", 1024)).map_err(io::Error::other)?;
    let mut response = Response::start(outparam, 200, Fields::new())?;
    let chunk = vec![b'x'; CHUNK];
    while left > 0 {
        let length = left.min(CHUNK);
        response.write_all(&chunk[..length])?;
        left -= length;
    }
    response.finish(None)
}

/// Streams `?chunks=N` lines, one every `?ms=M`.
pub(crate) fn slow_stream(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let pause_ns = target.number("ms", 100) * 1_000_000;
    let mut response = Response::start(outparam, 200, Fields::new())?;
    for chunk in 0..target.number("chunks", 3) {
        if chunk > 0 {
            subscribe_duration(pause_ns).block();
        }
        response.write_all(format!("chunk {chunk}\n").as_bytes())?;
        response.flush()?;
    }
    response.finish(None)
}

fn consume(request: IncomingRequest) -> io::Result<IncomingBody> {
    request.consume().map_err(|()| io::Error::other("no request body"))
}

fn stream(body: &IncomingBody) -> io::Result<InputStream> {
    body.stream().map_err(|()| io::Error::other("no request stream"))
}

fn trailers(body: IncomingBody) -> io::Result<Option<Trailers>> {
    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    match trailers.get() {
        Some(Ok(trailers)) => trailers.map_err(io::Error::other),
        Some(Err(())) | None => Err(io::Error::other("no trailers after waiting for them")),
    }
}
