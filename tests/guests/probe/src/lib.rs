//! One path per behaviour of an HTTP host.

mod again;
mod body;
mod environment;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use guest_support::{Target, respond};
use serde_json::json;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, Method, ResponseOutparam, Scheme};

struct Probe;

wasip2::http::proxy::export!(Probe);

impl Guest for Probe {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = Target::of(&request);
        if let Err(error) = route(&target, request, outparam) {
            eprintln!("{}: {error}", target.path());
        }
    }
}

fn route(target: &Target, request: IncomingRequest, outparam: ResponseOutparam) -> io::Result<()> {
    match target.path() {
        "/echo" => body::echo(request, outparam),
        "/answer-first" => body::answer_first(request, outparam),
        "/sink" => body::sink(request, outparam),
        "/big" => body::big(target, outparam),
        "/slow-stream" => body::slow_stream(target, outparam),
        "/headers" => headers(&request, outparam),
        "/state" => state(outparam),
        "/log" => environment::log(target, outparam),
        "/env" => environment::env(outparam),
        "/sleep" => environment::sleep(target, outparam),
        "/random" => environment::random(outparam),
        "/hash" => hash(&request, outparam),
        "/clock" => environment::clock(outparam),
        path if path.starts_with("/again") => again::again(path, &request, outparam),
        path => status(path, outparam),
    }
}

/// What the guest sees of the request.
fn headers(request: &IncomingRequest, outparam: ResponseOutparam) -> io::Result<()> {
    let headers: Vec<_> = request
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let seen = json!({
        "method": method(&request.method()),
        "path": request.path_with_query(),
        "scheme": request.scheme().map(scheme),
        "authority": request.authority(),
        "headers": headers,
    });
    json_response(outparam, &seen)
}

fn method(method: &Method) -> String {
    match method {
        Method::Other(name) => name.clone(),
        known => format!("{known:?}").trim_start_matches("Method::").to_uppercase(),
    }
}

fn scheme(scheme: Scheme) -> String {
    match scheme {
        Scheme::Http => "http".into(),
        Scheme::Https => "https".into(),
        Scheme::Other(name) => name,
    }
}

/// Computes, for as long as the query asks.
fn hash(request: &IncomingRequest, outparam: ResponseOutparam) -> io::Result<()> {
    let target = request.path_with_query().unwrap_or_default();
    respond(outparam, 200, "application/json", guest_bench_work::cpu(&target).as_bytes())
}

/// How many requests this instance has had: 1, if every request has its own.
fn state(outparam: ResponseOutparam) -> io::Result<()> {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let count = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
    respond(outparam, 200, "text/plain", count.to_string().as_bytes())
}

/// `/status/NNN` answers with that status; any other path is not found.
fn status(path: &str, outparam: ResponseOutparam) -> io::Result<()> {
    let code = path.strip_prefix("/status/").and_then(|code| code.parse().ok()).unwrap_or(404);
    respond(outparam, code, "text/plain", code.to_string().as_bytes())
}

fn json_response(outparam: ResponseOutparam, value: &serde_json::Value) -> io::Result<()> {
    respond(outparam, 200, "application/json", value.to_string().as_bytes())
}
