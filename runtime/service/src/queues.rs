//! Queues and their messages.

use std::time::Duration;

use lambent_storage::{
    Depth, Message, MoveBack, MovedBack, NewMessage, Peeked, Queue, QueueAttributes, QueueError,
    Receipt, Sent, StorageError, Stores, Visibility,
};
use lambent_types::{Access, Configuration, Error, ErrorCode, Grant, Namespace, QueueName, bounds};

use crate::client_errors;
use crate::contents::{Contained, gone};
use crate::data_scope::DataScope;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;

/// A queue and its messages.
pub type QueueHandle<'s> = Handle<'s, QueueName>;

impl ResourceName for QueueName {
    const NOUN: &'static str = "queue";
    const NOT_FOUND: ErrorCode = ErrorCode::QueueNotFound;
    const IS_CREATED_BY_NAME: bool = true;

    type Scope = DataScope;

    fn granted(&self, configuration: &Configuration) -> Option<Access> {
        configuration.grants.queues.get(self).copied()
    }

    fn grant(&self, _: &Configuration, access: Access) -> Option<Grant> {
        Some(Grant::Queue(self.clone(), access))
    }

    async fn is_there(&self, stores: &Stores, namespace: &Namespace) -> bool {
        let found = stores.queues.queue(namespace, self).await;
        !matches!(found, Ok(None))
    }
}

/// How messages are received.
#[derive(Debug, Clone, Copy)]
pub struct Receive {
    /// At most this many.
    pub limit: usize,
    /// How long nobody else receives them.
    pub visibility: Visibility,
    /// How long to wait for the first, if there is none; as the queue says, if that is not said.
    pub wait: Option<Duration>,
}

impl Scope {
    /// All queues by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn queues(&self) -> Result<Vec<Queue>, Error> {
        self.perform(Operation::ListQueues, "", async {
            Ok(self.stores().queues.queues(self.namespace()).await?)
        })
        .await
    }
}

impl QueueHandle<'_> {
    /// The error that the client reads.
    fn refused(&self, error: QueueError) -> Error {
        client_errors::queue(self.namespace(), self.name(), error)
    }

    /// Creates the queue, or gives it other attributes. Without annotations, those that are there stay.
    ///
    /// # Errors
    /// `QueueNotFound` (its dead-letter queue), `InvalidConfiguration`,
    /// `QuotaExceeded`; the store failed.
    pub async fn put(&self, mut attributes: QueueAttributes) -> Result<Put<Queue>, Error> {
        self.perform(Operation::PutQueue, async {
            let (namespace, name) = self.place();
            if let Some(redrive) = &attributes.redrive
                && redrive.queue.key() != name.key()
            {
                self.data_scope().resource(&redrive.queue).describe().await?;
            }
            let known = self.stores().queues.queue(namespace, name).await?;
            let created = known.is_none();
            if let Some(known) = known
                && attributes.annotations.is_empty()
            {
                attributes.annotations = known.attributes.annotations;
            }
            match self.stores().queues.put_queue(namespace, name, attributes).await {
                Ok(value) => Ok(Put { value, created }),
                Err(QueueError::Invalid(detail)) => {
                    Err(Error::new(ErrorCode::InvalidConfiguration, detail))
                }
                Err(error) => Err(self.refused(error)),
            }
        })
        .await
    }

    /// Reads the queue itself.
    ///
    /// # Errors
    /// `QueueNotFound`; the store failed.
    pub async fn describe(&self) -> Result<Queue, Error> {
        self.perform(Operation::DescribeQueue, async {
            let (namespace, name) = self.place();
            let found = self.stores().queues.queue(namespace, name).await?;
            found.ok_or_else(|| self.not_found())
        })
        .await
    }

    /// How much the queue holds.
    ///
    /// # Errors
    /// `QueueNotFound`; the store failed.
    pub async fn depth(&self) -> Result<Depth, Error> {
        self.perform(Operation::DescribeQueue, async {
            let (namespace, name) = self.place();
            let depth = self.stores().queues.depth(namespace, name).await;
            depth.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Deletes the queue with everything in it. No trigger takes from it, and no
    /// queue sends it dead letters.
    ///
    /// # Errors
    /// `QueueNotFound`, `Conflict`; the store failed.
    pub async fn delete(&self) -> Result<(), Error> {
        self.perform(Operation::DeleteQueue, async {
            let (namespace, name) = self.place();
            let deleted = self.stores().queues.delete_queue(namespace, name).await;
            deleted.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Sends messages, all or none.
    ///
    /// # Errors
    /// `QueueNotFound`, `InvalidRequest`, `QuotaExceeded`; the store failed.
    pub async fn send(&self, messages: Vec<NewMessage>) -> Result<Vec<Sent>, Error> {
        self.perform(Operation::SendMessages, async {
            let (namespace, name) = self.place();
            let origin = self.data_scope().change_origin()?;
            let sent = self.stores().queues.send(namespace, name, messages, origin).await;
            sent.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Receives messages: those that are there, or the first that comes.
    ///
    /// # Errors
    /// `QueueNotFound`, `InvalidRequest`; the store failed.
    pub async fn receive(&self, receive: Receive) -> Result<Vec<Message>, Error> {
        self.perform(Operation::ReceiveMessages, async {
            let (namespace, name) = self.place();
            let queues = &self.stores().queues;
            let Receive { limit, visibility, wait } = receive;
            let wait = match wait {
                Some(wait) => wait,
                None => {
                    let found = queues.queue(namespace, name).await?;
                    let attributes = found.ok_or_else(|| self.not_found())?.attributes;
                    Duration::from_millis(attributes.wait_ms)
                }
            };
            let received = tokio::select! {
                received = queues.receive(namespace, name, limit, visibility, wait) => received,
                () = self.data_scope().data().drain.cancelled() => Ok(Vec::new()),
            };
            received.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Deletes the message of a receipt for good.
    ///
    /// # Errors
    /// `QueueNotFound`, `ReceiptExpired`; the store failed.
    pub async fn delete_message(&self, receipt: Receipt) -> Result<(), Error> {
        match self.delete_messages(&[receipt]).await?.first() {
            Some(true) => Ok(()),
            _ => Err(self.refused(QueueError::Receipt)),
        }
    }

    /// Deletes the messages of receipts for good. Says of each whether it was good.
    ///
    /// # Errors
    /// `QueueNotFound`, `InvalidRequest`; the store failed.
    pub async fn delete_messages(&self, receipts: &[Receipt]) -> Result<Vec<bool>, Error> {
        self.perform(Operation::DeleteMessages, async {
            if receipts.len() > bounds::BATCH_MAX {
                let detail = format!("there are more than {} receipts", bounds::BATCH_MAX);
                return Err(Error::new(ErrorCode::InvalidRequest, detail));
            }
            let (namespace, name) = self.place();
            let deleted = self.stores().queues.delete(namespace, name, receipts).await;
            deleted.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Sets when the message of a receipt can be received again.
    ///
    /// # Errors
    /// `QueueNotFound`, `ReceiptExpired`, `InvalidRequest`; the store failed.
    pub async fn change_visibility(
        &self,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<(), Error> {
        self.perform(Operation::ChangeVisibility, async {
            let (namespace, name) = self.place();
            let queues = &self.stores().queues;
            let done = queues.change_visibility(namespace, name, receipt, visibility).await;
            done.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Deletes every message. Returns how many there were.
    ///
    /// # Errors
    /// `QueueNotFound`; the store failed.
    pub async fn purge(&self) -> Result<u64, Error> {
        self.perform(Operation::PurgeQueue, async {
            let (namespace, name) = self.place();
            let deleted = self.stores().queues.purge(namespace, name).await;
            deleted.map_err(|error| self.refused(error))
        })
        .await
    }

    /// Looks at messages without receiving them: those after a place in the queue.
    ///
    /// # Errors
    /// `QueueNotFound`; the store failed.
    pub async fn peek(&self, after: u64, limit: usize) -> Result<Vec<Peeked>, Error> {
        self.perform(Operation::PeekMessages, async {
            let (namespace, name) = self.place();
            let peeked = self.stores().queues.peek(namespace, name, after, limit).await;
            peeked.map_err(|error| self.refused(error))
        })
        .await
    }
}

impl Scope {
    /// Moves dead letters back to the queues they came from, and events to be delivered again.
    ///
    /// # Errors
    /// `QueueNotFound`, `QuotaExceeded`; the store failed.
    pub async fn redrive(&self, queue: &QueueName, what: MoveBack) -> Result<MovedBack, Error> {
        // Who may take from a queue may not send to any other for it.
        match &what.to {
            Some(to) => self.resource(to).check(Operation::SendMessages).await?,
            None => self.check(Operation::RedriveQueue, queue.as_ref())?,
        }
        let queue = self.resource(queue);
        queue
            .perform(Operation::RedriveQueue, async {
                let (namespace, name) = queue.place();
                let (service, own, name) = (self.service.clone(), namespace.clone(), name.clone());
                // A client that goes away ends what waits for this, and what was moved is to be
                // delivered all the same.
                let moving = tokio::spawn(async move {
                    let mut moved = service.stores().queues.redrive(&own, &name, what).await?;
                    service.deliveries.resume(&own, std::mem::take(&mut moved.channels));
                    Ok(moved)
                });
                let action = "move dead letters back";
                let moved = moving.await.unwrap_or_else(|error| {
                    Err(StorageError::Unavailable { action, source: error.into() }.into())
                });
                moved.map_err(|error| queue.refused(error))
            })
            .await
    }
}

impl Contained for QueueName {
    async fn held(scope: &Scope) -> Result<Vec<Self>, Error> {
        Ok(scope.queues().await?.into_iter().map(|queue| queue.name).collect())
    }

    async fn delete_all(scope: &Scope) -> Result<(), Error> {
        let queues = scope.queues().await?;
        // No queue is deleted that another sends its dead letters to.
        for queue in queues.iter().filter(|queue| queue.attributes.redrive.is_some()) {
            let attributes = QueueAttributes { redrive: None, ..queue.attributes.clone() };
            gone(scope.resource(&queue.name).put(attributes).await.map(drop))?;
        }
        for queue in queues {
            gone(scope.named(queue.name).delete().await)?;
        }
        Ok(())
    }
}
