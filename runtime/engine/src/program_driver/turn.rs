use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use wasmtime::{Result, StoreContextMut, Trap};

use crate::fuel::deduct_host_fuel;
use crate::invocation::Invocation;
use crate::program::{Program, Turn};
use crate::store_data::Host;

/// The guest begins to wait in the host.
pub(super) fn pause<T>(store: &mut StoreContextMut<'_, Host<T>>) -> Result<()> {
    if store.data().program.is_none() {
        return Ok(());
    }
    settle(store)?;
    let left = store.get_fuel()?;
    let host = store.data_mut();
    let peak = host.limiter.peak();
    if let Some(program) = &host.program {
        program.fuel_left.store(left, Relaxed);
        program.memory_peak.store(peak, Relaxed);
        program.waits.store(true, Relaxed);
    }
    Ok(())
}

/// The guest goes on; a turn begins, if there is one.
pub(super) fn resume<T>(store: &mut StoreContextMut<'_, Host<T>>) -> Result<()> {
    let Some(program) = &store.data().program else { return Ok(()) };
    program.waits.store(false, Relaxed);
    match program.take_turn() {
        Some(turn) => begin(store, turn),
        None => settle(store),
    }
}

/// Charges the guest what the host has done for it.
fn settle<T>(store: &mut StoreContextMut<'_, Host<T>>) -> Result<()> {
    let debt = store.data().program.as_deref().map_or(0, take_debt);
    store.data_mut().charge(debt);
    match deduct_host_fuel(store)? {
        0 => Err(Trap::OutOfFuel.into()),
        _ => Ok(()),
    }
}

fn take_debt<T>(program: &Program<T>) -> u64 {
    program.session.take_debt()
}

fn begin<T>(store: &mut StoreContextMut<'_, Host<T>>, turn: Turn<T>) -> Result<()> {
    let renewed = match turn {
        Turn::First { deadline } => {
            set_deadline(store, deadline);
            false
        }
        Turn::Invocation { invocation, deadline, renewed } => {
            let Invocation { limits, state, outgoing, context, .. } = *invocation;
            store.data_mut().renew(state, outgoing, context, limits, deadline);
            renewed
        }
        Turn::End { deadline } => {
            set_deadline(store, deadline);
            true
        }
    };
    if renewed {
        let host = store.data_mut();
        host.host_fuel = 0;
        let fuel = host.limits.fuel;
        store.set_fuel(fuel)?;
    }
    settle(store)
}

fn set_deadline<T>(store: &mut StoreContextMut<'_, Host<T>>, deadline: Instant) {
    let host = store.data_mut();
    (host.deadline, host.expires) = (deadline, deadline);
}
