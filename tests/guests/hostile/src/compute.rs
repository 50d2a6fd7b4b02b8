//! Using up fuel, time and stack.

use std::hint::black_box;
use std::{io, process};

use guest_support::{Target, respond};
use wasip2::http::types::ResponseOutparam;

/// Kept apart from its caller, so that its name is in the backtrace.
#[inline(never)]
pub(crate) fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Goes round `?n=N` times: much fuel, but the same amount every time.
pub(crate) fn fuel(target: &Target, outparam: ResponseOutparam) -> io::Result<()> {
    let mut sum = 0_u64;
    for n in 0..target.number("n", 1_000_000) {
        sum = black_box(sum.wrapping_add(n));
    }
    respond(outparam, 200, "text/plain", sum.to_string().as_bytes())
}

/// Overflows the stack.
pub(crate) fn recurse(outparam: ResponseOutparam) -> io::Result<()> {
    #[inline(never)]
    #[expect(unconditional_recursion, reason = "that is what it is for")]
    fn deeper(depth: u64) -> u64 {
        let frame = black_box([depth; 16]);
        deeper(depth + 1) + black_box(frame)[0]
    }
    respond(outparam, 200, "text/plain", deeper(0).to_string().as_bytes())
}

/// Traps two calls down, so that both names are in the backtrace.
#[inline(never)]
pub(crate) fn outer(depth: u64) -> ! {
    inner(black_box(depth))
}

#[inline(never)]
fn inner(depth: u64) -> ! {
    black_box(depth);
    process::abort()
}
