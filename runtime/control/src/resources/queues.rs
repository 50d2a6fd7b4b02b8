use lambent_storage::{Depth, Queue, QueueAttributes, QueueError};
use lambent_types::{Error, ErrorCode, Namespace, QueueName};

use super::Put;
use crate::control::Control;
use crate::explain;

impl Control {
    /// Creates a queue, or gives it other attributes.
    ///
    /// # Errors
    /// `QueueNotFound` (its dead-letter queue), `InvalidConfiguration`,
    /// `QuotaExceeded`; the store failed.
    pub async fn put_queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        attributes: QueueAttributes,
    ) -> Result<Put<Queue>, Error> {
        if let Some(redrive) = &attributes.redrive
            && redrive.queue.key() != queue.key()
        {
            self.queue(namespace, &redrive.queue).await?;
        }
        let created = self.stores.queues.queue(namespace, queue).await?.is_none();
        match self.stores.queues.put_queue(namespace, queue, attributes).await {
            Ok(value) => Ok(Put { value, created }),
            Err(QueueError::Invalid(detail)) => {
                Err(Error::new(ErrorCode::InvalidConfiguration, detail))
            }
            Err(error) => Err(explain::queue(namespace, queue, error)),
        }
    }

    /// Reads one queue.
    ///
    /// # Errors
    /// `QueueNotFound`; the store failed.
    pub async fn queue(&self, namespace: &Namespace, queue: &QueueName) -> Result<Queue, Error> {
        let found = self.stores.queues.queue(namespace, queue).await?;
        found.ok_or_else(|| explain::no_queue(namespace, queue))
    }

    /// How much a queue holds.
    ///
    /// # Errors
    /// `QueueNotFound`; the store failed.
    pub async fn queue_depth(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
    ) -> Result<Depth, Error> {
        let depth = self.stores.queues.depth(namespace, queue).await;
        depth.map_err(|error| explain::queue(namespace, queue, error))
    }

    /// All queues by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn queues(&self, namespace: &Namespace) -> Result<Vec<Queue>, Error> {
        Ok(self.stores.queues.queues(namespace).await?)
    }

    /// Deletes a queue that no trigger takes from and no queue sends dead letters
    /// to, with everything in it.
    ///
    /// # Errors
    /// `QueueNotFound`, `Conflict`; the store failed.
    pub async fn delete_queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
    ) -> Result<(), Error> {
        let deleted = self.stores.queues.delete_queue(namespace, queue).await;
        deleted.map_err(|error| explain::queue(namespace, queue, error))
    }
}
