//! The fuel of an instance: what it was given less what is used.
//!
//! A guest burns fuel in its own code, which has the count in a register while it runs. The
//! fuel for the host's work ([`cost`](crate::cost)) is therefore counted beside it, in
//! [`Host`], and what is left is the difference.

use wasmtime::{Store, StoreContextMut};

use crate::store_data::Host;

/// Fuel between two yields to the other invocations of a thread: well under a
/// millisecond of work, so that a spinning guest delays its neighbours by no
/// more, and rare enough that yielding costs nothing measurable.
const FUEL_YIELD_INTERVAL: u64 = 500_000;

/// Gives the instance `fuel`, of which nothing is used.
pub(crate) fn set<T>(store: &mut Store<Host<T>>, fuel: u64) -> wasmtime::Result<()> {
    store.data_mut().host_fuel = 0;
    store.set_fuel(fuel)?;
    store.fuel_async_yield_interval(Some(FUEL_YIELD_INTERVAL))
}

/// What is left.
pub(crate) fn left<T>(store: &Store<Host<T>>) -> u64 {
    store.get_fuel().unwrap_or(0).saturating_sub(store.data().host_fuel)
}

/// Whether more is used than it was given, with what the host did for it.
pub(crate) fn is_overspent<T>(store: &Store<Host<T>>) -> bool {
    store.data().host_fuel > store.get_fuel().unwrap_or(0)
}

/// Deducts the fuel for the host's work from the guest's fuel, and returns what is left.
/// Must not be called while the guest's code runs, which has its count in a register.
pub(crate) fn deduct_host_fuel<T>(
    store: &mut StoreContextMut<'_, Host<T>>,
) -> wasmtime::Result<u64> {
    let host_fuel = std::mem::take(&mut store.data_mut().host_fuel);
    let left = store.get_fuel()?.saturating_sub(host_fuel);
    store.set_fuel(left)?;
    Ok(left)
}
