//! What the host's work for a guest costs, in units of fuel: the one table.
//!
//! A unit stands for about 0.4 ns, taken for one operator of compiled code. The
//! figures are estimates of what the host takes for the same, rounded up; ADR 0022
//! says where they come from. What a call costs depends on its
//! arguments and results alone, never on how long it took, so that the same
//! guest with the same input reports the same fuel.

/// One call of a host function: entering and leaving compiled code, finding the
/// resources that it names, and as much of the rest as does not grow with its
/// arguments.
pub const CALL: u64 = 300;

/// One byte that is copied between the guest and the host, or within the host.
pub const BYTE: u64 = 1;

/// One byte of randomness.
pub const RANDOM_BYTE: u64 = 10;

/// One element of a list: a header field, a key, a handle in a poll list. Each is
/// looked up, and has memory of its own on either side.
pub const ITEM: u64 = 150;

/// The cost of `count` bytes.
#[must_use]
pub const fn bytes(count: usize) -> u64 {
    (count as u64).saturating_mul(BYTE)
}

/// The cost of a list of `items` elements with `count` bytes in them together.
#[must_use]
pub const fn list(items: usize, count: usize) -> u64 {
    (items as u64).saturating_mul(ITEM).saturating_add(bytes(count))
}
