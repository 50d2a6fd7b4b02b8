//! What makes a component of CRuby: the exports of the runtime, over the functions that CRuby has
//! for its host, and a door for the part of the runtime that is written in Ruby.
//!
//! It is linked into CRuby's memory and calls it as C would. CRuby was built for hosts of
//! JavaScript: what of them it imports and this does not provide is never called.

mod bindings;
mod door;
mod files;
mod http;
mod resources;
mod ruby;

use bindings::exports::lambent::function::handler::{Context, Event, Failure, Output};
use bindings::exports::lambent::runtime::{initialization, preparation, snapshot};

struct Component;

impl bindings::exports::lambent::function::handler::Guest for Component {
    fn handle(event: Event, context: &Context) -> Result<Output, Failure> {
        door::handle(event, context)
    }
}

impl initialization::Guest for Component {
    fn init() -> Result<(), initialization::Failure> {
        door::start()
    }
}

impl preparation::Guest for Component {
    fn prepare() -> Result<(), preparation::Failure> {
        door::prepare()
    }
}

impl snapshot::Guest for Component {
    /// The adapter of WASI preview 1 has the handles, and begins without any in each instance,
    /// since it knows where they are by a global.
    fn open_handles() {}

    fn before_snapshot() -> Result<(), snapshot::Failure> {
        let done = door::before_snapshot();
        resources::reset();
        done
    }

    fn after_restore() -> Result<(), snapshot::Failure> {
        door::after_restore()
    }
}

bindings::export!(Component with_types_in bindings);
