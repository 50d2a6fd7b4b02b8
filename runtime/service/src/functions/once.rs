//! Invocations that a client sends again because it did not hear how they ended: they run once.
//!
//! What is kept is in memory and lasts for minutes, since a client that sends again does so at once.
//! After a restart, or when more is kept than there is room for, an invocation may run again.

use std::sync::Arc;

use lambent_dispatch::Invoked;
use lambent_types::{Error, ErrorCode, Event, FunctionName, RequestId};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::FunctionHandle;
use super::invoke::Invocable;
use crate::invocations::{Ended, Slot};
use crate::scope::Scope;

/// Most bytes of a key.
const KEY_BYTES_MAX: usize = 256;

impl FunctionHandle<'_> {
    /// As [`Self::invoke`], but an invocation that this client sent with this key before is not run
    /// again: it is waited for, and how it ended is told again. It goes on if the client goes away.
    ///
    /// # Errors
    /// As [`Self::invoke`]; `Conflict`: the key came with other data; `InvalidRequest`: it is empty or
    /// too long.
    pub async fn invoke_once(
        &self,
        key: &str,
        invocable: Invocable,
        id: RequestId,
        event: Event,
    ) -> Result<Arc<Invoked>, Error> {
        if !(1..=KEY_BYTES_MAX).contains(&key.len()) {
            let detail = format!("the key of an invocation has 1 to {KEY_BYTES_MAX} bytes");
            return Err(Error::new(ErrorCode::InvalidRequest, detail));
        }
        let invocations = &self.service().invocations.0;
        let place = self.place_of(key, &invocable);
        let data = Sha256::digest(&event.data).into();
        let (sender, ended) = watch::channel(None);
        let entry = invocations.entry(place).or_insert_with(|| Arc::new(Slot { data, ended }));
        let (is_new, slot) = (entry.is_fresh(), entry.into_value());
        if slot.data != data {
            let detail =
                "the key was used with other data; an invocation of its own needs a key of its own";
            return Err(Error::new(ErrorCode::Conflict, detail));
        }
        if is_new {
            let run = Run { scope: self.scope().clone(), name: self.name().clone(), place };
            tokio::spawn(run.finish(invocable, id, event, sender));
        }
        let mut ended = slot.ended.clone();
        let ended = ended.wait_for(Option::is_some).await;
        let lost =
            || Error::new(ErrorCode::Internal, "the invocation was lost; see the server's log");
        ended.ok().and_then(|ended| ended.clone()).unwrap_or_else(|| Err(lost()))
    }

    /// Where an invocation is kept: nobody else's has the same place.
    fn place_of(&self, key: &str, invocable: &Invocable) -> [u8; 32] {
        let principal = self.scope().principal().to_string();
        let (namespace, name) = (self.namespace().key(), self.name().key());
        let version = invocable.qualifier().key();
        let mut hash = Sha256::new();
        for part in [principal.as_str(), namespace.as_ref(), name.as_ref(), version.as_str(), key] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// An invocation that goes on whoever waits for it.
struct Run {
    scope: Scope,
    name: FunctionName,
    place: [u8; 32],
}

impl Run {
    async fn finish(
        self,
        invocable: Invocable,
        id: RequestId,
        event: Event,
        sender: watch::Sender<Ended>,
    ) {
        let invoked = self.scope.named(self.name).invoke(invocable, id, event).await;
        let invocations = &self.scope.service.invocations.0;
        match invoked {
            Ok(invoked) => {
                sender.send_replace(Some(Ok(Arc::new(invoked))));
                // It weighs more now.
                if let Some(slot) = invocations.get(&self.place) {
                    invocations.insert(self.place, slot);
                }
            }
            // Nothing ran, so it may be tried again.
            Err(error) => {
                invocations.invalidate(&self.place);
                sender.send_replace(Some(Err(error)));
            }
        }
    }
}
