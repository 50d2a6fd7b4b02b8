//! What all namespaces hold, for whoever looks at the node as a whole.

use lambent_storage::{Depth, DiskSpace, Holding, QueueError};
use lambent_types::{Error, Namespace, QueueName};

use crate::service::Service;

/// What a queue holds.
#[derive(Debug, Clone)]
pub struct QueueDepth {
    /// The namespace that the queue is in.
    pub namespace: Namespace,
    /// The queue.
    pub queue: QueueName,
    /// What it holds.
    pub depth: Depth,
}

/// What namespaces hold, and what the disk has left.
#[derive(Debug, Clone)]
pub struct Totals {
    /// What each namespace holds of each quota.
    pub held: Vec<(Namespace, Holding)>,
    /// What queues hold, by namespace and name.
    pub queues: Vec<QueueDepth>,
    /// The disk that the stores are on.
    pub disk: DiskSpace,
}

impl Service {
    /// The disk that the stores are on.
    #[must_use]
    pub fn disk(&self) -> DiskSpace {
        self.stores().space.look()
    }

    /// What all namespaces hold, of at most `queues_max` queues. What a store does
    /// not say is logged and left out: the rest is still worth having.
    ///
    /// # Errors
    /// The namespaces cannot be listed.
    pub async fn totals(&self, queues_max: usize) -> Result<Totals, Error> {
        let (mut held, mut queues) = (Vec::new(), Vec::new());
        for namespace in self.namespaces().await?.into_iter().map(|info| info.name) {
            match self.stores().holdings(&namespace).await {
                Ok(found) => {
                    held.extend(found.into_iter().map(|holding| (namespace.clone(), holding)));
                }
                Err(error) => tracing::warn!(%namespace, %error, "cannot see what is held"),
            }
            let room = queues_max - queues.len();
            queues.extend(self.depths(&namespace, room).await);
        }
        Ok(Totals { held, queues, disk: self.disk() })
    }

    /// What the first `most` queues of a namespace hold.
    async fn depths(&self, namespace: &Namespace, most: usize) -> Vec<QueueDepth> {
        let known = match self.stores().queues.queues(namespace).await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(%namespace, %error, "cannot list queues");
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for queue in known.into_iter().map(|queue| queue.name).take(most) {
            match self.stores().queues.depth(namespace, &queue).await {
                Ok(depth) => found.push(QueueDepth { namespace: namespace.clone(), queue, depth }),
                // It was deleted since it was listed.
                Err(QueueError::NoQueue) => {}
                Err(error) => tracing::warn!(%queue, %error, "cannot count messages"),
            }
        }
        found
    }
}
