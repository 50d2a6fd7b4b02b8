//! Who handles the messages that a poller receives: one version of a function, or two that share
//! them.

use std::collections::HashMap;
use std::time::Duration;

use lambent_storage::Message;
use lambent_types::{Error, Handler, Incoming, QueueName};

use super::event;
use crate::callee::Callee;
use crate::handler::choose_handler;
use crate::resolve::{DecidedBy, Resolved};

/// How much longer than the function may run a message stays invisible.
const VISIBILITY_MARGIN: Duration = Duration::from_secs(5);

/// What a trigger's function leads to, of which every version takes messages.
#[derive(Clone)]
pub(super) struct Called {
    pub(super) found: Resolved,
    /// Whether each of its versions takes several messages at once. Messages of one group are
    /// received together only if they can be handed over together, and never at the same time.
    pub(super) takes_batches: bool,
}

impl Called {
    /// Checks that whatever is chosen takes messages.
    ///
    /// # Errors
    /// `NotInvocable`.
    pub(super) fn new(found: Resolved) -> Result<Self, Error> {
        let mut takes_batches = true;
        for version in found.versions() {
            takes_batches &= choose_handler(Incoming::Message, version)? == Handler::Batch;
        }
        Ok(Self { found, takes_batches })
    }

    /// How long messages that are received within `window` have to stay invisible.
    pub(super) fn invisible(&self, window: Duration) -> Duration {
        // One receipt becomes two batches where a part of each message decides, and there may be
        // a place for one: the second waits for the first.
        let in_turn = if self.takes_batches && self.found.is_sticky() { 2 } else { 1 };
        self.found.timeout() * in_turn + window + VISIBILITY_MARGIN
    }

    /// Which version handles which messages, and by what. Messages that are handed over together
    /// go by one choice, unless the alias says which part of each decides; those of one group go
    /// by that for the first of them, so that they stay in order.
    ///
    /// # Errors
    /// None of a function that was checked.
    pub(super) fn share_out(
        &self,
        queue: &QueueName,
        messages: Vec<Message>,
    ) -> Result<Vec<(Callee, Handler, Vec<Message>)>, Error> {
        let mut batches: Vec<(Callee, Handler, Vec<Message>)> = Vec::new();
        let mut groups: HashMap<String, Callee> = HashMap::new();
        let mut shared = None;
        for message in messages {
            let group = message.group.clone();
            let known = group.as_ref().and_then(|group| groups.get(group)).cloned();
            let is_sticky = self.found.is_sticky();
            let choose = || match is_sticky {
                true => self.found.choose(DecidedBy::Event(&event(queue, &message))),
                false => self.found.choose_any(),
            };
            let callee = known.or_else(|| shared.clone()).unwrap_or_else(choose);
            if self.takes_batches && !is_sticky {
                shared = Some(callee.clone());
            }
            groups.extend(group.map(|group| (group, callee.clone())));
            let handler = choose_handler(Incoming::Message, &callee.function)?;
            let batch = batches.iter_mut().find(|(other, handler, _)| {
                *handler == Handler::Batch && other.function.version == callee.function.version
            });
            match batch {
                Some((_, _, together)) => together.push(message),
                None => batches.push((callee, handler, vec![message])),
            }
        }
        Ok(batches)
    }
}
