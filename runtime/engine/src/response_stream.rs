//! A response that goes to the caller as it comes.

use bytes::Bytes;
use lambent_types::Failure;
use tokio::sync::mpsc;

/// A piece of a response that is streamed; none is its end. Without that, or with a failure, it
/// broke off.
pub type Piece = Result<Option<Bytes>, Failure>;

/// Is called when a program begins to stream its response, with the content type of that; what it
/// returns takes the pieces. The program waits while that has no room, and goes on without
/// whoever takes no more.
pub type BeginStream = Box<dyn FnOnce(Option<String>) -> mpsc::Sender<Piece> + Send>;
