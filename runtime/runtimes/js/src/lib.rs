//! The JavaScript runtime: QuickJS with AWS's LLRT modules, and a library in JavaScript that
//! keeps Node's and Lambda's contracts.

mod bindings;
mod code;
mod files;
mod http;
mod instance;
mod library;
mod llrt;
mod modules;
mod native;
mod outcome;
mod package_json;
mod preparation;
mod random;
mod resolution;
mod resources;
mod sources;
mod text;
mod typescript;
mod zones;

use bindings::exports::lambent::function::handler::{Context, Event, Failure, Output};
use bindings::exports::lambent::runtime::{initialization, preparation as prepared, snapshot};

struct Component;

impl bindings::exports::lambent::function::handler::Guest for Component {
    fn handle(event: Event, context: &Context) -> Result<Output, Failure> {
        instance::handle(&event, context)
    }
}

impl initialization::Guest for Component {
    fn init() -> Result<(), initialization::Failure> {
        instance::start()
    }
}

impl prepared::Guest for Component {
    fn prepare() -> Result<(), prepared::Failure> {
        preparation::prepare();
        Ok(())
    }
}

impl snapshot::Guest for Component {
    fn open_handles() {
        files::open_handles();
    }

    fn before_snapshot() -> Result<(), snapshot::Failure> {
        instance::settle()?;
        instance::give_up();
        Ok(())
    }

    fn after_restore() -> Result<(), snapshot::Failure> {
        random::reseed();
        instance::renew();
        Ok(())
    }
}

bindings::export!(Component with_types_in bindings);
