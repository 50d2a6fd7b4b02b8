//! One path per way to misbehave. What misbehaves does so for ever, unless its
//! limit stops it: a test that passes has seen the limit work.

mod compute;
mod forbidden;
mod protocol;
mod resources;

use std::{io, process};

use guest_support::{Target, respond};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

struct Hostile;

wasip2::http::proxy::export!(Hostile);

impl Guest for Hostile {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = Target::of(&request);
        if let Err(error) = route(&target, outparam) {
            eprintln!("{}: {error}", target.path());
        }
    }
}

fn route(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    match target.path() {
        "/spin" => compute::spin(),
        "/fuel" => compute::fuel(target, outparam),
        "/recurse" => compute::recurse(outparam),
        "/trap" => compute::outer(target.number("depth", 1)),
        "/panic" => panic!("the path said so"),
        "/exit" => process::exit(i32::try_from(target.number("code", 3)).unwrap_or(1)),
        "/memory" => resources::memory(),
        "/memory-soft" => resources::memory_soft(outparam),
        "/hold" => resources::hold(target, outparam),
        "/handles" => resources::handles(target),
        "/timers" => resources::timers(target, outparam),
        "/log-flood" => resources::log_flood(),
        "/no-response" => Ok(()),
        "/die-mid-body" => protocol::die_mid_body(outparam),
        "/forget-body" => protocol::forget_body(outparam),
        "/length" => protocol::length(target, outparam),
        "/headers-flood" => protocol::headers_flood(target, outparam),
        "/outgoing" => forbidden::outgoing(target, outparam),
        "/fs" => forbidden::files(outparam),
        "/socket" => forbidden::socket(outparam),
        _ => respond(outparam, 404, "text/plain", b"no such misbehaviour"),
    }
}
