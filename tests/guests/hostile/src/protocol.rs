//! Breaking off, and saying too much.

use std::io::{self, Write};
use std::{mem, process};

use guest_support::{Response, Target, respond};
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
