pub(crate) mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{Annotations, Event, Namespace, Origin, QueueName, TriggerName};
pub use lambent_types::{QueueAttributes, Redrive};
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::error::StorageError;
use crate::quota::QuotaExceeded;

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// The name of the queue.
    pub name: QueueName,
    /// How it behaves.
    pub attributes: QueueAttributes,
    /// When it was created.
    pub created: Timestamp,
    /// When its attributes were set last.
    pub modified: Timestamp,
}

/// How much a queue or a channel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// What can be received now.
    pub ready: u64,
    /// What was received and is not deleted.
    pub in_flight: u64,
    /// What is delayed.
    pub delayed: u64,
    /// When the oldest of all was sent.
    pub oldest: Option<Timestamp>,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewMessage {
    /// The body; with the attributes at most
    /// [`bounds::VALUE_BYTES_MAX`](lambent_types::bounds) bytes.
    pub body: Bytes,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// What the sender attached.
    pub attributes: BTreeMap<String, String>,
    /// What kind of value an attribute is, as SQS names it: `Number`, `Binary` (in base64), or one of
    /// these or `String` with a dot and a label. One that is not here is a `String`.
    pub attribute_types: BTreeMap<String, String>,
    /// What tools note of it for themselves.
    pub annotations: Annotations,
    /// Overrides the queue's delay; not on a FIFO queue.
    pub delay: Option<Duration>,
    /// FIFO only, and required there: messages of one group are received in order.
    pub group: Option<String>,
    /// FIFO only: a message with the id of one sent in the last five minutes
    /// is acknowledged and not kept.
    pub deduplication: Option<String>,
    /// Of an event that was given up: why, and where it goes back to.
    pub dead: Option<DeadEvent>,
}

impl NewMessage {
    /// How many bytes its attributes are, names and types included.
    #[must_use]
    pub fn attribute_bytes(&self) -> usize {
        let size = |(name, value): (&String, &String)| name.len() + value.len();
        let types: usize = self.attribute_types.values().map(String::len).sum();
        self.attributes.iter().map(size).sum::<usize>() + types
    }

    /// How many bytes it is, its attributes included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len() + self.attribute_bytes()
    }
}

/// What is said of a message that is a dead letter, as attributes that whoever receives it sees
/// among its own, and before them. It loses them when it is moved back.
pub type DeadFacts = BTreeMap<String, String>;

/// An event that is sent on as a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadEvent {
    /// What is said of it.
    pub facts: DeadFacts,
    /// The channel that it was in.
    pub channel: Channel,
    /// The event. Its data is the body of the message.
    pub event: Event,
}

/// A message as one finds it who only looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// The message; it has no receipt, and was received so often before.
    pub message: Message,
    /// Where it stands.
    pub state: MessageState,
}

/// Where a message of a queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// It can be received, or could be if it were the first of its group.
    Ready,
    /// Somebody has it.
    InFlight,
    /// It is delayed, or waits to be tried again.
    Delayed,
}

/// A message to give up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveUp {
    /// What it was received with.
    pub receipt: Receipt,
    /// The dead-letter queue, of the same kind and namespace.
    pub to: QueueName,
    /// What is said of it.
    pub facts: DeadFacts,
}

/// Which dead letters to move back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MoveBack {
    /// At most this many.
    pub limit: usize,
    /// The queue that they go to, of the same kind; else each goes back to where it came from.
    pub to: Option<QueueName>,
    /// Only those with this attribute, of their own or as dead letters.
    pub only: Option<(String, String)>,
    /// Only count them.
    pub dry_run: bool,
}

/// What was moved back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MovedBack {
    /// How many were moved, or would be.
    pub count: u64,
    /// The channels to which events went back.
    pub channels: BTreeSet<Channel>,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The id of the message: a UUID; the id of the first one if this was a duplicate.
    pub id: String,
    /// The place of the message in the queue.
    pub sequence: u64,
    /// Whether it was kept; not if it is a duplicate.
    pub duplicate: bool,
}

/// Names one receipt of one message; worth nothing once it was received again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Receipt(pub String);

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The id of the message, the same at every receipt.
    pub id: String,
    /// What to delete it with.
    pub receipt: Receipt,
    /// The body.
    pub body: Bytes,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// What the sender attached.
    pub attributes: BTreeMap<String, String>,
    /// What kind of value an attribute is, where it is no `String`.
    pub attribute_types: BTreeMap<String, String>,
    /// What tools noted of it for themselves.
    pub annotations: Annotations,
    /// Of a dead letter: what is said of it.
    pub dead: Option<DeadFacts>,
    /// The group of the message, on a FIFO queue.
    pub group: Option<String>,
    /// What its sender had a FIFO queue recognise it by when it is sent again.
    pub deduplication: Option<String>,
    /// The place of the message in the queue.
    pub sequence: u64,
    /// When it was sent.
    pub sent: Timestamp,
    /// When it was received first, if it was.
    pub first_received: Option<Timestamp>,
    /// How often it was received, this time included.
    pub receives: u32,
    /// Where it comes from.
    pub origin: Origin,
}

impl Message {
    /// The attributes as whoever handles it sees them: what is said of a dead letter, before those
    /// that its sender attached.
    #[must_use]
    pub fn all_attributes(&self) -> BTreeMap<String, String> {
        let mut all = self.attributes.clone();
        let said = self.dead.iter().flatten();
        all.extend(said.map(|(name, value)| (name.clone(), value.clone())));
        all
    }
}

/// Why nothing was done with a queue or a message.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no such queue.
    #[error("no such queue")]
    NoQueue,
    /// The queue is there already, with other attributes.
    #[error("the queue exists with other attributes")]
    Exists,
    /// Another queue sends its dead letters here.
    #[error("queue \"{0}\" sends its dead letters here")]
    InUse(QueueName),
    /// A trigger takes messages from it.
    #[error("trigger \"{0}\" takes messages from it")]
    Triggered(TriggerName),
    /// The receipt is malformed, or no longer the last one of its message.
    #[error("the receipt is not the last one of any message")]
    Receipt,
    /// An attribute or a message is out of bounds.
    #[error("{0}")]
    Invalid(String),
    /// The namespace is full.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How long what is received is invisible to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// As long as the queue says.
    Queue,
    /// This long. The receiver may be anywhere; no restart ends it.
    For(Duration),
    /// This long, or until the process that received is known to be gone:
    /// what it was handling then comes again at once.
    WhileAlive(Duration),
}

impl Visibility {
    /// The time, if it is not the queue's.
    #[must_use]
    pub fn time(self) -> Option<Duration> {
        match self {
            Self::Queue => None,
            Self::For(time) | Self::WhileAlive(time) => Some(time),
        }
    }
}

/// Queues and the messages in them.
///
/// A message that was acknowledged to its sender is durable and received at
/// least once, unless its retention ends first. What was received is not
/// received by another until its visibility timeout is over; that and the
/// count of receipts may be lost in a crash, the message may not. Messages of a
/// FIFO group are received in order, and not while an earlier one of the group is in flight; one
/// receipt may take several of a group. A standard queue keeps nearly the order.
///
/// # Several nodes
/// A message is leased to one receiver of all nodes, by the clock of the backend. What was
/// received with [`Visibility::WhileAlive`] comes again at once when the backend knows that
/// this node, not any other, is gone; if it cannot know, when the time is over. A receiver that
/// waits is woken by a message that another node sent, or looks again.
#[async_trait]
pub trait Queues: Send + Sync {
    /// Creates a queue, or gives an existing one other attributes.
    ///
    /// # Errors
    /// `Invalid` (out of bounds; the dead-letter queue is missing, of another
    /// kind, the queue itself, or takes no dead letters of it), `Quota`, `Storage`.
    async fn put_queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        attributes: QueueAttributes,
    ) -> Result<Queue, QueueError>;

    /// Deletes a queue with everything in it.
    ///
    /// # Errors
    /// `NoQueue`, `InUse`, `Triggered`, `Storage`.
    async fn delete_queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
    ) -> Result<(), QueueError>;

    /// Reads one queue.
    ///
    /// # Errors
    /// The store failed.
    async fn queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
    ) -> Result<Option<Queue>, StorageError>;

    /// All queues of a namespace by name.
    ///
    /// # Errors
    /// The store failed.
    async fn queues(&self, namespace: &Namespace) -> Result<Vec<Queue>, StorageError>;

    /// How much it holds.
    ///
    /// # Errors
    /// `NoQueue`, `Storage`.
    async fn depth(&self, namespace: &Namespace, queue: &QueueName) -> Result<Depth, QueueError>;

    /// Sends all messages or none.
    ///
    /// # Errors
    /// `NoQueue`, `Invalid` (naming the message by its place), `Quota`, `Storage`.
    async fn send(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<NewMessage>,
        origin: &Origin,
    ) -> Result<Vec<Sent>, QueueError>;

    /// Receives at most `limit` messages, and waits up to `wait` for the first.
    /// Messages received too often go to the dead-letter queue instead.
    ///
    /// # Errors
    /// `NoQueue`, `Invalid`, `Storage`.
    async fn receive(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
        visibility: Visibility,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError>;

    /// As [`receive`](Self::receive), but of each group at most one message: for
    /// a receiver that begins with all it gets at once. What follows in a group
    /// comes when the one before it is deleted.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    async fn receive_firsts(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
        visibility: Visibility,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError>;

    /// Gives messages back as if they had not been received: for a receiver that
    /// did not begin with them. Each can be received again after its pause, and
    /// this receipt is not counted. Whether each receipt was its message's last,
    /// in their order.
    ///
    /// # Errors
    /// `NoQueue`, `Invalid`, `Storage`.
    async fn release(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[(Receipt, Duration)],
    ) -> Result<Vec<bool>, QueueError>;

    /// Deletes messages for good. Whether each receipt was its message's last,
    /// in their order; of one that was not, the message stays.
    ///
    /// # Errors
    /// `NoQueue`, `Storage`.
    async fn delete(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[Receipt],
    ) -> Result<Vec<bool>, QueueError>;

    /// Makes a received message visible after `visibility` from now; zero
    /// gives it back at once. The receipt stays counted, as with SQS.
    ///
    /// # Errors
    /// `NoQueue`, `Receipt`, `Invalid`, `Storage`.
    async fn change_visibility(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<(), QueueError>;

    /// Deletes everything in a queue. Returns how many messages there were.
    ///
    /// # Errors
    /// `NoQueue`, `Storage`.
    async fn purge(&self, namespace: &Namespace, queue: &QueueName) -> Result<u64, QueueError>;

    /// Looks at messages without receiving them: at most `limit` whose place in the queue is
    /// after `after`, by their place. None is counted, leased or moved. What was received a moment
    /// ago may be shown as ready.
    ///
    /// # Errors
    /// `NoQueue`, `Storage`.
    async fn peek(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Peeked>, QueueError>;

    /// Moves messages that were received to dead-letter queues, and notes where they came
    /// from. Whether each receipt was its message's last, in their order; of one that was
    /// not, the message stays, as it does if there is no such queue.
    ///
    /// # Errors
    /// `NoQueue` (the one that they are in), `Storage`.
    async fn give_up(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<GiveUp>,
    ) -> Result<Vec<bool>, QueueError>;

    /// Moves dead letters back to the queue each came from, as if they had never been
    /// received, and events to their channel; or all of them to one queue, events too.
    /// Messages whose queue is gone stay, also if
    /// another has its name now, and so do those behind one of their group that stays or is
    /// with somebody.
    ///
    /// # Errors
    /// `NoQueue` (also the one to move to), `Invalid`, `Storage`.
    async fn redrive(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        what: MoveBack,
    ) -> Result<MovedBack, QueueError>;
}
