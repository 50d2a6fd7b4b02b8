//! The workloads of the HTTP figures, over WASI 0.2, one to a path.

mod fetch;
mod keys;

use guest_bench_work as work;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

/// What is read at a time.
const PIECE: u64 = 64 << 10;

struct Bench;

wasip2::http::proxy::export!(Bench);

impl Guest for Bench {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let path = target.split_once('?').map_or(target.as_str(), |(path, _)| path);
        let answer = match path {
            "/echo" => return echo(&request, outparam),
            "/" => Ok(work::HELLO.into()),
            "/json" => read(&request).and_then(|body| work::json(&body).map_err(text)),
            "/cpu" => Ok(work::cpu(&target).into()),
            "/wait" => fetch::get(work::parameter(&target, "upstream").unwrap_or_default()),
            "/keyvalue" => keys::get(work::parameter(&target, "store").unwrap_or_default()),
            _ => Err(format!("nothing is at {path}")),
        };
        match answer {
            Ok(body) => respond(outparam, 200, &body),
            Err(message) => respond(outparam, 500, message.as_bytes()),
        }
    }
}

fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// Reads a stream to its end, a piece at a time.
fn pieces(
    stream: &InputStream,
    mut each: impl FnMut(&[u8]) -> Result<(), StreamError>,
) -> Result<(), StreamError> {
    loop {
        match stream.blocking_read(PIECE) {
            Ok(bytes) => each(&bytes)?,
            Err(StreamError::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn read(request: &IncomingRequest) -> Result<Vec<u8>, String> {
    let body = request.consume().map_err(text)?;
    let stream = body.stream().map_err(text)?;
    let mut data = Vec::new();
    pieces(&stream, |bytes| {
        data.extend_from_slice(bytes);
        Ok(())
    })
    .map_err(text)?;
    Ok(data)
}

/// Sends the head and writes the body; what the client no longer wants is not
/// sent.
fn answer(
    outparam: ResponseOutparam,
    status: u16,
    write: impl FnOnce(&OutputStream) -> Result<(), StreamError>,
) {
    let response = OutgoingResponse::new(Fields::new());
    let (Ok(()), Ok(body)) = (response.set_status_code(status), response.body()) else { return };
    let Ok(stream) = body.write() else { return };
    ResponseOutparam::set(outparam, Ok(response));
    let written = write(&stream).and_then(|()| stream.blocking_flush());
    drop(stream);
    if written.is_ok() {
        // Only a client that has gone can refuse the end.
        let _ = OutgoingBody::finish(body, None);
    }
}

/// Writes what the stream takes, when it takes it.
fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    Ok(())
}

fn respond(outparam: ResponseOutparam, status: u16, bytes: &[u8]) {
    answer(outparam, status, |stream| write_all(stream, bytes));
}

fn echo(request: &IncomingRequest, outparam: ResponseOutparam) {
    let Ok(body) = request.consume() else { return };
    let Ok(input) = body.stream() else { return };
    answer(outparam, 200, |output| pieces(&input, |bytes| write_all(output, bytes)));
}
