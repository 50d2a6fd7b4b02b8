//! Reaching for what was not granted. Each path answers 200 and says, one line
//! per attempt, what came of it.

use std::fmt::{Debug, Display};
use std::net::TcpStream;
use std::{fs, io};

use guest_support::{Target, respond};
use wasip2::filesystem::preopens;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, OutgoingRequest, ResponseOutparam, Scheme};

/// Requests `http://<?authority=>/`, by default from this machine.
pub(crate) fn outgoing(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let authority = target.text("authority").unwrap_or("127.0.0.1:80");
    let report = match fetch(authority) {
        Ok(status) => format!("{authority}: status {status}\n"),
        Err(error) => format!("{authority}: {error}\n"),
    };
    respond(outparam, 200, "text/plain", report.as_bytes())
}

fn fetch(authority: &str) -> Result<u16, ErrorCode> {
    let request = OutgoingRequest::new(Fields::new());
    let refused = |()| ErrorCode::HttpRequestUriInvalid;
    request.set_scheme(Some(&Scheme::Http)).map_err(refused)?;
    request.set_authority(Some(authority)).map_err(refused)?;
    request.set_path_with_query(Some("/")).map_err(refused)?;
    let response = outgoing_handler::handle(request, None)?;
    response.subscribe().block();
    match response.get() {
        Some(Ok(response)) => Ok(response?.status()),
        Some(Err(())) | None => Err(ErrorCode::InternalError(None)),
    }
}

/// Looks for files: those that were preopened, and some that might be there.
pub(crate) fn files(outparam: ResponseOutparam) -> io::Result<()> {
    let names: Vec<_> =
        preopens::get_directories().into_iter().map(|(_directory, name)| name).collect();
    let report = [
        format!("preopens: {names:?}"),
        attempt("read_dir /", fs::read_dir("/").map(Iterator::count)),
        attempt("read /etc/passwd", fs::read("/etc/passwd").map(|bytes| bytes.len())),
        attempt("read ../../etc/passwd", fs::read("../../etc/passwd").map(|bytes| bytes.len())),
        attempt("write /tmp/hostile", fs::write("/tmp/hostile", "hostile")),
    ];
    respond(outparam, 200, "text/plain", report.join("\n").as_bytes())
}

/// Connects to this machine and looks up a name.
pub(crate) fn socket(outparam: ResponseOutparam) -> io::Result<()> {
    let report = [
        attempt("connect 127.0.0.1:80", TcpStream::connect("127.0.0.1:80")),
        attempt("connect localhost:80", TcpStream::connect("localhost:80")),
    ];
    respond(outparam, 200, "text/plain", report.join("\n").as_bytes())
}

fn attempt(what: &str, result: Result<impl Debug, impl Display>) -> String {
    match result {
        Ok(got) => format!("{what}: ok {got:?}"),
        Err(error) => format!("{what}: {error}"),
    }
}
