//! Invocations of programs, whose response may be passed on while they write it.

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use lambent_types::Error;
use tokio::sync::{mpsc, oneshot};

use crate::invoked::Invoked;
use crate::runner::{BeginStream, Piece};

/// Pieces of a response that is streamed that may wait for whoever asked: the function waits for
/// the rest.
const PIECES_MAX: usize = 4;

/// The end of an invocation, and what was made of how it finished.
pub(crate) type End<R> = Result<(Invoked, R), Error>;

/// An invocation of a program, as soon as it is known whether it streams its response.
pub(crate) enum Streaming<R> {
    /// It does.
    Begun {
        /// The media type of the response.
        content_type: Option<String>,
        /// The response.
        pieces: mpsc::Receiver<Piece>,
        /// None if the invocation was lost.
        end: BoxFuture<'static, Option<End<R>>>,
    },
    /// It has ended without that.
    Ended(Box<End<R>>),
}

impl<R: Send + 'static> Streaming<R> {
    /// Begins what `run` returns, which streams its response by what it is given. Once it has begun
    /// to, it goes on by itself, as on Lambda, whatever becomes of whoever asked.
    pub(crate) async fn of<F>(run: impl FnOnce(BeginStream) -> F) -> Self
    where
        F: Future<Output = End<R>> + Send + 'static,
    {
        let (begun, mut begins) = oneshot::channel();
        let mut running = Box::pin(run(Box::new(move |content_type| {
            let (sender, pieces) = mpsc::channel(PIECES_MAX);
            // Whoever asked may have gone away.
            let _ = begun.send((content_type, pieces));
            sender
        })));
        let ((content_type, pieces), end) = tokio::select! {
            biased;
            Ok(stream) = &mut begins => (stream, tokio::spawn(running).map(Result::ok).boxed()),
            ended = &mut running => match begins.try_recv() {
                Ok(stream) => (stream, ready(Some(ended)).boxed()),
                Err(_) => return Self::Ended(Box::new(ended)),
            },
        };
        Self::Begun { content_type, pieces, end }
    }
}
