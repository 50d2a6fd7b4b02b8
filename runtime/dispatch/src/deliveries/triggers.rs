use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lambent_storage::Channel;
use lambent_types::{Namespace, Source, Trigger, TriggerName};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::deliveries::{Deliveries, STORE_PAUSE};

/// How long an empty channel of a trigger is waited at.
const IDLE: Duration = Duration::from_secs(900);

/// A trigger that a task serves.
struct Followed {
    trigger: Trigger,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

type Known = HashMap<(Namespace, TriggerName), Followed>;

impl Deliveries {
    /// Has a task serve every enabled trigger, and follows their changes.
    pub(super) async fn follow_triggers(self: Arc<Self>) {
        let mut known = Known::new();
        loop {
            let pause = match self.stores.triggers.all().await {
                Ok(triggers) => {
                    self.adopt(&mut known, triggers);
                    None
                }
                Err(error) => {
                    tracing::error!(%error, cause = error.cause(), "cannot read the triggers");
                    Some(STORE_PAUSE)
                }
            };
            tokio::select! {
                () = self.drain.cancelled() => break,
                () = self.triggers_changed.notified() => {}
                () = async { match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                } } => {}
            }
        }
        for (_, followed) in known {
            followed.stop.cancel();
        }
    }

    /// Stops the tasks of triggers that are gone or changed, and starts those of triggers
    /// that are new or changed. What was in flight under a trigger as it was ends by
    /// itself: its events are leased, so that nothing overtakes them, but until then more
    /// may run at once than the trigger says.
    fn adopt(self: &Arc<Self>, known: &mut Known, triggers: Vec<(Namespace, Trigger)>) {
        let enabled = triggers.into_iter().filter(|(_, trigger)| trigger.enabled);
        let wanted: HashMap<_, _> = enabled
            .map(|(namespace, trigger)| ((namespace, trigger.name.clone()), trigger))
            .collect();
        let stale: Vec<_> = known
            .iter()
            .filter(|(key, followed)| {
                followed.task.is_finished() || wanted.get(*key) != Some(&followed.trigger)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for followed in stale.iter().filter_map(|key| known.remove(key)) {
            followed.stop.cancel();
        }
        for (key, trigger) in wanted {
            if known.contains_key(&key) {
                continue;
            }
            let stop = self.drain.child_token();
            let (this, namespace) = (self.clone(), key.0.clone());
            let (followed, token) = (trigger.clone(), stop.clone());
            let task = self.tasks.spawn(async move {
                match followed.source {
                    Source::Queue { .. } => this.poll_queue(namespace, followed, token).await,
                    Source::Object { .. } | Source::KeyValue { .. } => {
                        this.follow_channel(namespace, followed, token).await;
                    }
                }
            });
            known.insert(key, Followed { trigger, stop, task });
        }
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
            match self.stores.triggers.get(&key.0, &trigger.name).await {
                Ok(None) => return,
                Ok(Some(found)) if found.enabled => {}
                // The trigger was disabled a moment ago; its task is stopped soon.
                Ok(Some(_)) | Err(_) => tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(STORE_PAUSE) => {}
                },
            }
        }
    }
}
