use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use lambent_storage::{Changed, Channel, Follower, News, StorageError, Stored};
use lambent_types::{Namespace, Source, Trigger, TriggerName};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::deliveries::statuses::{Key, key};
use crate::deliveries::{Deliveries, STORE_PAUSE};

/// How long an empty channel of a trigger is waited at.
const IDLE: Duration = Duration::from_secs(900);

/// A trigger that a task serves.
struct Followed {
    trigger: Trigger,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

type Known = HashMap<Key, Followed>;

impl Deliveries {
    /// Has a task serve every enabled trigger, and follows their changes, by any node.
    pub(super) async fn follow_triggers(self: Arc<Self>) {
        let mut known = Known::new();
        while !self.drain.is_cancelled() {
            if let Err(error) = self.follow(&mut known).await {
                tracing::error!(%error, cause = error.cause(), "cannot read the triggers");
                self.pause_for_store().await;
            }
        }
        for (_, followed) in known {
            followed.stop.cancel();
        }
    }

    /// Serves all triggers there are and then follows their changes, until the drain or a
    /// failure of the store.
    async fn follow(self: &Arc<Self>, known: &mut Known) -> Result<(), StorageError> {
        let triggers = self.stores.resources.of::<Trigger>();
        let feed = triggers.changes();
        let mut follower = Follower::new(&feed);
        while let Some(news) = self.drain.run_until_cancelled(follower.news()).await {
            match news? {
                News::All => self.adopt_all(known, triggers.all().await?),
                News::Changed(changed) => {
                    for Changed { namespace, name } in changed {
                        let found = triggers.get(&namespace, &name).await?;
                        self.adopt(known, &namespace, &name, found.map(|one| one.specification));
                    }
                }
            }
        }
        Ok(())
    }

    /// Serves these triggers and no others.
    fn adopt_all(self: &Arc<Self>, known: &mut Known, all: Vec<(Namespace, Stored<Trigger>)>) {
        let there: HashSet<_> =
            all.iter().map(|(namespace, one)| key(namespace, &one.specification.name)).collect();
        self.statuses.retain(&there);
        known.retain(|key, followed| {
            let stays = there.contains(key);
            if !stays {
                followed.stop.cancel();
            }
            stays
        });
        for (namespace, Stored { specification: trigger, .. }) in all {
            let name = trigger.name.clone();
            self.adopt(known, &namespace, &name, Some(trigger));
        }
    }

    /// Serves a trigger as it is now. Stops its task if it is gone or was changed, and
    /// starts one if it is new or changed. What was in flight under a trigger as it was ends
    /// by itself: its events are leased, so that nothing overtakes them, but until then more
    /// may run at once than the trigger says.
    fn adopt(
        self: &Arc<Self>,
        known: &mut Known,
        namespace: &Namespace,
        name: &TriggerName,
        now: Option<Trigger>,
    ) {
        self.statuses.exists(namespace, name, now.is_some());
        let (key, now) = (key(namespace, name), now.filter(|trigger| trigger.enabled));
        if let Some(followed) = known.get(&key) {
            if !followed.task.is_finished() && now.as_ref() == Some(&followed.trigger) {
                return;
            }
            followed.stop.cancel();
            known.remove(&key);
        }
        let Some(trigger) = now else { return };
        let stop = self.drain.child_token();
        let (this, namespace) = (self.clone(), namespace.clone());
        let (followed, token) = (trigger.clone(), stop.clone());
        let task = self.tasks.spawn(async move {
            match &followed.source {
                Source::Queue { .. } => this.poll_queue(namespace, followed, token).await,
                Source::Table(_) => this.follow_stream(namespace, followed, token).await,
                Source::Object { .. } | Source::KeyValue { .. } => {
                    this.follow_channel(namespace, followed, token).await;
                }
            }
        });
        known.insert(key, Followed { trigger, stop, task });
    }

    /// Serves a trigger's channel as long as there is the trigger.
    async fn follow_channel(
        self: Arc<Self>,
        namespace: Namespace,
        trigger: Trigger,
        stop: CancellationToken,
    ) {
        let key = (namespace, Channel::Trigger(trigger.name.clone()));
        while !stop.is_cancelled() {
            self.pump(&key, &stop, IDLE).await;
            match self.stores.resources.of::<Trigger>().get(&key.0, &trigger.name).await {
                Ok(None) => return,
                Ok(Some(found)) if found.specification.enabled => {}
                // The trigger was disabled a moment ago; its task is stopped soon.
                Ok(Some(_)) | Err(_) => tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(STORE_PAUSE) => {}
                },
            }
        }
    }
}
