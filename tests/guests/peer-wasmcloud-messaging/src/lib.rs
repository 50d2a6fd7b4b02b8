//! A message handler in the style of wasmCloud: passes every message on to the
//! topic `relayed`, with where it came from. Refuses the text `no`.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit/deps/messaging",
        inline: "
            package peer:wasmcloud-messaging;

            world handler {
              import wasi:messaging/producer@0.2.0-draft;
              export wasi:messaging/incoming-handler@0.2.0-draft;
            }
        ",
        generate_all,
    });
}

use bindings::exports::wasi::messaging::incoming_handler::Guest;
use bindings::wasi::messaging::producer::send;
use bindings::wasi::messaging::types::{Client, Error, Message};

struct Component;

impl Guest for Component {
    fn handle(message: Message) -> Result<(), Error> {
        let data = message.data();
        if data == b"no" {
            return Err(Error::Other("the message said no".into()));
        }
        let relayed = Message::new(&data);
        if let Some(content_type) = message.content_type() {
            relayed.set_content_type(&content_type);
        }
        relayed.set_metadata(&message.metadata().unwrap_or_default());
        relayed.add_metadata("from", &message.topic().unwrap_or_default());
        send(&Client::connect("default")?, "relayed", relayed)
    }
}

bindings::export!(Component with_types_in bindings);
