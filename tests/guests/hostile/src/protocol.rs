//! Breaking off, and saying too much.

use std::io::{self, Write};
use std::{mem, process};

use guest_support::{Response, Target, respond};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::types::{Fields, ResponseOutparam};

/// Sends a head and half a body, then traps.
pub(crate) fn die_mid_body(outparam: ResponseOutparam) -> io::Result<()> {
    let mut response = Response::start(outparam, 200, Fields::new())?;
    response.write_all(b"the first half, and")?;
    response.flush()?;
    process::abort()
}

/// Sends a head and half a body, and returns without ending it.
pub(crate) fn forget_body(outparam: ResponseOutparam) -> io::Result<()> {
    let mut response = Response::start(outparam, 200, Fields::new())?;
    response.write_all(b"the first half, and")?;
    response.flush()?;
    mem::forget(response);
    Ok(())
}

/// Declares a body of `?declares=N` bytes, writes `?writes=M`, ends it, and goes on
/// for `?ms=K`, whatever the host says to that.
pub(crate) fn length(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let headers = Fields::new();
    let declared = target.number("declares", 5).to_string();
    headers.append("content-length", declared.as_bytes()).map_err(io::Error::other)?;
    let mut response = Response::start(outparam, 200, headers)?;
    let body = vec![b'x'; usize::try_from(target.number("writes", 5)).unwrap_or_default()];
    let written = response.write_all(&body);
    let ended = response.finish(None);
    subscribe_duration(target.number("ms", 0) * 1_000_000).block();
    println!("{written:?} {ended:?}");
    Ok(())
}

/// Answers with `?n=N` headers of a kilobyte each, or says how many it may have
/// (if the host tells, and does not trap).
pub(crate) fn headers_flood(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let headers = Fields::new();
    let value = [b'x'; 1024];
    for n in 0..target.number("n", 100_000) {
        if let Err(error) = headers.append(&format!("x-flood-{n}"), &value) {
            let report = format!("refused after {n} headers: {error}");
            return respond(outparam, 200, "text/plain", report.as_bytes());
        }
    }
    Response::start(outparam, 200, headers)?.finish(None)
}
