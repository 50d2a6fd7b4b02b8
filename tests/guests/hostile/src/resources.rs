//! Using up memory, of the guest and of the host.

use std::hint::black_box;
use std::{io, mem};

use guest_support::{Target, respond};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::types::{Fields, ResponseOutparam};
use wasip2::io::poll;

const MIB: usize = 1 << 20;
const HOUR_NS: u64 = 3_600_000_000_000;

/// Allocates and touches memory until that is refused, which aborts.
pub(crate) fn memory() -> ! {
    loop {
        // Unseen, the compiler would do without the allocation.
        black_box(Vec::leak(vec![1_u8; MIB]));
    }
}

/// Allocates memory until that is refused, and answers with how many MiB it got.
pub(crate) fn memory_soft(outparam: ResponseOutparam) -> io::Result<()> {
    let mut got = 0_u32;
    let mut block = Vec::<u8>::new();
    while block.try_reserve_exact(MIB).is_ok() {
        mem::forget(black_box(mem::take(&mut block)));
        got += 1;
    }
    respond(outparam, 200, "text/plain", got.to_string().as_bytes())
}

/// Takes `?mib=N` of memory, `?kib=K` at a time, and keeps it for `?ms=M`. Each
/// piece is filled in one instruction: when it is there, or with `?late=1` only
/// after the wait.
pub(crate) fn hold(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let number = |name, default| usize::try_from(target.number(name, default)).unwrap_or(1);
    let (all, piece) = (number("mib", 1) << 20, number("kib", 1024) << 10);
    let late = target.text("late").is_some();
    let mut pieces: Vec<Vec<u8>> = (0..all / piece).map(|_| Vec::with_capacity(piece)).collect();
    let fill = |pieces: &mut Vec<Vec<u8>>| {
        pieces.iter_mut().for_each(|bytes| bytes.resize(piece, 1));
    };
    if !late {
        fill(&mut pieces);
    }
    subscribe_duration(target.number("ms", 0) * 1_000_000).block();
    fill(&mut pieces);
    let held: usize = black_box(pieces).iter().map(Vec::len).sum();
    respond(outparam, 200, "text/plain", held.to_string().as_bytes())
}

/// Makes host resources and never drops one: `?kind=fields` or `pollables`.
pub(crate) fn handles(target: &Target) -> ! {
    let pollables = target.text("kind") == Some("pollables");
    loop {
        if pollables {
            mem::forget(subscribe_duration(HOUR_NS));
        } else {
            mem::forget(Fields::new());
        }
    }
}

/// Waits for `?n=N` timers at once, of which one ends after `?ms=M`.
pub(crate) fn timers(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let mut pollables = vec![subscribe_duration(target.number("ms", 10) * 1_000_000)];
    for _ in 1..target.number("n", 10_000) {
        pollables.push(subscribe_duration(HOUR_NS));
    }
    let ready = poll::poll(&pollables.iter().collect::<Vec<_>>());
    respond(outparam, 200, "text/plain", ready.len().to_string().as_bytes())
}

pub(crate) fn log_flood() -> ! {
    loop {
        println!("{}", "flood ".repeat(170));
    }
}
