//! Waits on a WASI 0.3 clock, then gives the event back: what only a handler
//! with an asynchronous type may do.

use crate::bindings::exports::lambent::function_async::handler::{
    Context, Event, Failure, Guest, Output,
};

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/function", "../../../wit/function-async"],
        world: "lambent:function-async/function",
        generate_all,
    });
}

const PAUSE_NS: u64 = 20_000_000;

struct Echo;

bindings::export!(Echo with_types_in bindings);

impl Guest for Echo {
    async fn handle(event: Event, context: Context) -> Result<Output, Failure> {
        println!("{} waits with event {}", context.function(), event.id);
        wasip3::clocks::monotonic_clock::wait_for(PAUSE_NS).await;
        Ok(Output { content_type: event.content_type, data: event.data })
    }
}
