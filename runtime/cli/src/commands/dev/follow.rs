//! Follows the logs of functions, each on a thread of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lambent_api::ReadLogs;
use lambent_api::client::Client;
use lambent_types::FunctionName;

use super::tell::{Label, Tell};
use crate::error::CliError;

/// How long one request for more records stays open.
const WAIT: Duration = Duration::from_secs(20);

/// The pause before asking a server again that did not wait or answer.
const RETRY: Duration = Duration::from_secs(1);

/// Those whose logs are followed.
pub(super) struct Followers {
    client: Client,
    tell: Tell,
    /// Each with what ends it.
    followed: BTreeMap<FunctionName, Arc<AtomicBool>>,
}

impl Followers {
    /// Nobody yet.
    pub(super) const fn new(client: Client, tell: Tell) -> Self {
        Self { client, tell, followed: BTreeMap::new() }
    }

    /// Follows these and no others, from now on.
    ///
    /// # Errors
    /// The server's problem, or no answer; or the system gives no thread.
    pub(super) fn follow(&mut self, names: &[FunctionName]) -> Result<(), CliError> {
        self.followed.retain(|name, end| {
            let stays = names.contains(name);
            end.store(!stays, Ordering::Relaxed);
            stays
        });
        for (place, name) in names.iter().enumerate() {
            if self.followed.contains_key(name) {
                continue;
            }
            let newest = ReadLogs { limit: Some(1), ..ReadLogs::default() };
            let after = self.client.logs(name, &newest)?.value()?.next;
            let end = Arc::new(AtomicBool::new(false));
            let (client, tell, ended) = (self.client.clone(), self.tell, end.clone());
            let (label, followed) = (Label::new(names, place), name.clone());
            thread::Builder::new()
                .name(format!("logs of {name}"))
                .spawn(move || read(&client, &followed, after, &ended, tell, &label))
                .map_err(|error| CliError::failed(format!("cannot follow {name}: {error}")))?;
            self.followed.insert(name.clone(), end);
        }
        Ok(())
    }
}

impl Drop for Followers {
    /// Those that wait for an answer are left behind: they tell nothing any more.
    fn drop(&mut self) {
        self.followed.values().for_each(|end| end.store(true, Ordering::Relaxed));
    }
}

/// Tells of each invocation until it is ended.
fn read(
    client: &Client,
    name: &FunctionName,
    after: u64,
    ended: &AtomicBool,
    tell: Tell,
    label: &Label,
) {
    let mut filter = ReadLogs { after: Some(after), wait: Some(WAIT), ..ReadLogs::default() };
    while !ended.load(Ordering::Relaxed) {
        let clock = Instant::now();
        let page = client.logs(name, &filter).ok().and_then(|page| page.value().ok());
        if ended.load(Ordering::Relaxed) {
            return;
        }
        let records = page.map(|page| {
            filter.after = Some(page.next);
            page.records
        });
        let any = records.as_ref().is_some_and(|records| !records.is_empty());
        for entry in records.into_iter().flatten() {
            if tell.invocation(label, &entry.record).is_err() {
                return;
            }
        }
        // It is asked for long, so an answer of nothing at once is one of a server that stops.
        if !any && clock.elapsed() < RETRY {
            thread::sleep(RETRY);
        }
    }
}
