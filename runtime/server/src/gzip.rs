//! A body that is compressed on its way out.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http_body::{Body, Frame};
use lambent_dispatch::BoxError;
use tokio::sync::OwnedSemaphorePermit;

/// Most bodies that are compressed at once: each takes about 300 KiB, so that all of them stay
/// below 80 MiB. Further ones go as they are.
pub(crate) const GZIPS_MAX: usize = 256;
/// Most bytes that are compressed in one go.
const PIECE_BYTES: usize = 32 << 10;
/// Most bytes that are compressed before others on the same core have their turn: some milliseconds.
const TURN_BYTES: usize = 256 << 10;
/// As many compressed bytes are worth to be sent.
const SEND_BYTES: usize = 16 << 10;

/// The gzip form of the body `B`. What `B` has given is sent before it is waited for more, so that
/// a body that comes in pieces arrives in pieces.
pub(crate) struct Gzip<B> {
    body: B,
    /// None once all that it had to say was taken from it.
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// What of the body is still to be compressed.
    input: Bytes,
    /// What was compressed and not sent.
    output: Vec<u8>,
    trailers: Option<HeaderMap>,
    /// Whether the encoder may hold back some of what it was given.
    held_back: bool,
    /// How much was compressed in this turn.
    worked: usize,
    _place: OwnedSemaphorePermit,
}

impl<B> Gzip<B> {
    pub(crate) fn new(body: B, place: OwnedSemaphorePermit) -> Self {
        Self {
            body,
            // As web servers have it: most of what there is to gain, at the least of the time.
            encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())),
            input: Bytes::new(),
            output: Vec::new(),
            trailers: None,
            held_back: false,
            worked: 0,
            _place: place,
        }
    }

    /// Compresses the next piece of what the body gave.
    fn compress(&mut self) -> std::io::Result<()> {
        let piece = self.input.split_to(self.input.len().min(PIECE_BYTES));
        self.worked += piece.len();
        self.held_back = true;
        let Some(encoder) = &mut self.encoder else { return Ok(()) };
        encoder.write_all(&piece)?;
        self.output.append(encoder.get_mut());
        Ok(())
    }

    /// Has the encoder say all that it was given.
    fn flush(&mut self) -> std::io::Result<()> {
        if let Some(encoder) = self.encoder.as_mut().filter(|_| self.held_back) {
            encoder.flush()?;
            self.output.append(encoder.get_mut());
        }
        self.held_back = false;
        Ok(())
    }

    /// The body is over.
    fn finish(&mut self) -> std::io::Result<()> {
        if let Some(encoder) = self.encoder.take() {
            self.output.append(&mut encoder.finish()?);
        }
        Ok(())
    }

    fn send(&mut self) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.output).into()))))
    }
}

impl<B: Body<Data = Bytes, Error = BoxError> + Unpin> Body for Gzip<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            let over = this.encoder.is_none();
            if this.output.len() >= SEND_BYTES || over && !this.output.is_empty() {
                return this.send();
            }
            if over {
                return Poll::Ready(
                    this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))),
                );
            }
            if this.worked >= TURN_BYTES {
                this.worked = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if !this.input.is_empty() {
                this.compress()?;
                continue;
            }
            match Pin::new(&mut this.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => this.input = data,
                    Err(frame) => {
                        this.trailers = frame.into_trailers().ok();
                        this.finish()?;
                    }
                },
                Poll::Ready(Some(Err(error))) => {
                    // Without its end, which tells the client that the rest is missing.
                    this.encoder = None;
                    this.output.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => this.finish()?,
                Poll::Pending => {
                    this.worked = 0;
                    this.flush()?;
                    return if this.output.is_empty() { Poll::Pending } else { this.send() };
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none() && self.output.is_empty() && self.trailers.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::sync::Arc;

    use flate2::read::MultiGzDecoder;
    use futures::{FutureExt as _, StreamExt as _};
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio::sync::{Semaphore, mpsc};

    use super::*;

    type Given = Result<Frame<Bytes>, BoxError>;

    /// A body of what is sent, as it is.
    fn gzip()
    -> (mpsc::UnboundedSender<Given>, Gzip<impl Body<Data = Bytes, Error = BoxError> + Unpin>) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let given = futures::stream::poll_fn(move |cx| receiver.poll_recv(cx)).boxed();
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        (sender, Gzip::new(StreamBody::new(given), place))
    }

    /// What the beginning of a gzip file says so far.
    fn inflated(bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        let _ = MultiGzDecoder::new(bytes).read_to_end(&mut text);
        text
    }

    #[tokio::test]
    async fn what_was_given_is_sent_before_more_is_waited_for() {
        let (sender, mut body) = gzip();
        let mut came = Vec::new();
        for (piece, so_far) in [("one ", "one "), ("two ", "one two ")] {
            sender.send(Ok(Frame::data(piece.into()))).unwrap();
            came.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
            assert_eq!(inflated(&came), so_far.as_bytes());
            assert!(body.frame().now_or_never().is_none(), "nothing more is there");
        }
        let trailers = HeaderMap::from_iter([(http::header::AGE, 1.into())]);
        sender.send(Ok(Frame::trailers(trailers.clone()))).unwrap();
        let rest = body.collect().await.unwrap();
        assert_eq!(rest.trailers(), Some(&trailers));
        came.extend(rest.to_bytes());
        let mut text = String::new();
        MultiGzDecoder::new(&came[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two ");
    }

    #[tokio::test]
    async fn a_large_piece_is_whole_and_leaves_others_their_turn() {
        let (sender, mut body) = gzip();
        let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        sender.send(Ok(Frame::data(large.clone().into()))).unwrap();
        drop(sender);
        let (mut came, mut turns) = (Vec::new(), 0);
        while !body.is_end_stream() {
            match body.frame().now_or_never() {
                Some(Some(frame)) => came.extend(frame.unwrap().into_data().unwrap()),
                Some(None) => break,
                None => turns += 1,
            }
        }
        assert!(turns >= large.len() / (2 * TURN_BYTES), "{turns}");
        assert!(inflated(&came) == large && came.len() < large.len());
    }

    #[tokio::test]
    async fn a_body_that_breaks_has_no_end() {
        let (sender, body) = gzip();
        sender.send(Ok(Frame::data("cut".into()))).unwrap();
        sender.send(Err("broken".into())).unwrap();
        assert_eq!(body.collect().await.unwrap_err().to_string(), "broken");
    }
}
