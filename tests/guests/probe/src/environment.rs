//! What surrounds a guest: logs, variables, time, randomness.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write};

use guest_support::{Target, respond};
use serde_json::json;
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::http::types::ResponseOutparam;
use wasip2::random::random::{get_random_bytes, get_random_u64};

use crate::json_response;

/// Writes `?bytes=N` bytes to stdout, in lines of 64, and a line to stderr.
pub(crate) fn log(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let mut left = target.number("bytes", 64);
    let line = [[b'x'; 63].as_slice(), b"\n"].concat();
    let mut stdout = io::stdout().lock();
    while left > 0 {
        let length = left.min(64);
        stdout.write_all(&line[64 - length as usize..])?;
        left -= length;
    }
    stdout.flush()?;
    eprintln!("a line on stderr");
    respond(outparam, 200, "text/plain", b"logged")
}

/// The environment as a JSON object.
pub(crate) fn env(outparam: ResponseOutparam) -> io::Result<()> {
    let variables: BTreeMap<_, _> = env::vars().collect();
    json_response(outparam, &json!(variables))
}

/// Answers after `?ms=M`.
pub(crate) fn sleep(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let start = monotonic_clock::now();
    monotonic_clock::subscribe_duration(target.number("ms", 100) * 1_000_000).block();
    json_response(outparam, &json!({ "slept_ns": monotonic_clock::now() - start }))
}

/// Random numbers: different on every call, and in every instance.
pub(crate) fn random(outparam: ResponseOutparam) -> io::Result<()> {
    json_response(outparam, &json!({ "bytes": get_random_bytes(16), "u64": get_random_u64() }))
}

/// Both clocks.
pub(crate) fn clock(outparam: ResponseOutparam) -> io::Result<()> {
    let wall = wall_clock::now();
    let clocks = json!({
        "wall_seconds": wall.seconds,
        "wall_nanoseconds": wall.nanoseconds,
        "monotonic_ns": monotonic_clock::now(),
    });
    json_response(outparam, &clocks)
}
