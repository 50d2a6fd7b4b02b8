//! Queues of the host in a test, in the place of the bindings of `wasi:messaging`.

use super::host::{self, Sent, Shared, lock};
use super::limits;

pub(crate) mod types {
    use std::cell::RefCell;

    use super::{Sent, Shared, host};

    #[derive(Debug)]
    pub(crate) enum Error {
        #[expect(dead_code, reason = "the bindings have it")]
        Timeout,
        Connection(String),
        PermissionDenied(String),
        Other(String),
    }

    #[derive(Debug)]
    pub(crate) struct Client(pub(super) Shared);

    impl Client {
        pub(crate) fn connect(_name: &str) -> Result<Self, Error> {
            host::current().map(Self).map_err(Error::Connection)
        }
    }

    #[derive(Debug)]
    pub(crate) struct Message(pub(super) RefCell<Sent>);

    impl Message {
        pub(crate) fn new(data: &[u8]) -> Self {
            Self(RefCell::new(Sent { body: data.to_vec(), ..Sent::default() }))
        }

        pub(crate) fn set_content_type(&self, content_type: &str) {
            self.0.borrow_mut().content_type = Some(content_type.to_owned());
        }

        pub(crate) fn set_metadata(&self, metadata: &[(String, String)]) {
            self.0.borrow_mut().attributes = metadata.iter().cloned().collect();
        }
    }
}

pub(crate) mod producer {
    use super::types::{Client, Error, Message};
    use super::{Sent, limits, lock};

    pub(crate) fn send(client: &Client, topic: &str, message: Message) -> Result<(), Error> {
        let message = message.0.into_inner();
        let mut state = lock(&client.0);
        let queue = state.queues.get_mut(topic).filter(|granted| granted.access.writes());
        let queue = queue.ok_or_else(|| {
            Error::PermissionDenied(format!("queue {topic:?} was not granted for this"))
        })?;
        check(topic, &message).map_err(Error::Other)?;
        queue.content.push(message);
        Ok(())
    }

    /// Whether a node takes it.
    fn check(queue: &str, message: &Sent) -> Result<(), String> {
        let attributes: usize =
            message.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        let sizes = [
            ("body", message.body.len(), limits::VALUE),
            ("attributes", attributes, limits::ATTRIBUTES),
        ];
        for (what, bytes, most) in sizes {
            if bytes > most {
                return Err(format!("the message's {what}: {bytes} bytes; {most} are the most"));
            }
        }
        let [group, deduplication] = ["lambent-group", "lambent-deduplication"]
            .map(|name| message.attributes.contains_key(name));
        match queue.ends_with(".fifo") {
            true if !group => Err("a FIFO queue needs the message's group".into()),
            false if group || deduplication => {
                Err("only FIFO queues, whose names end in .fifo, have groups and duplicates".into())
            }
            _ => Ok(()),
        }
    }
}
