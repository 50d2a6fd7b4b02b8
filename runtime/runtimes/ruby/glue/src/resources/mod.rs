//! The node's keyspaces, buckets and queues, for the clients that are written in Ruby.
//!
//! A request is what to do, and texts: numbers are decimal. The answer is `ok` and texts, or
//! `error`, what kind of error, and a message. Handles of the host are opened when they are
//! needed, and given up before a snapshot is taken, since no instance that starts from it would
//! have them.

mod buckets;
mod keyspaces;
mod queues;

use crate::door::list;

/// What went wrong: a kind that Ruby has a class or words for, and what the node says.
struct Error(&'static str, String);

type Answer = Result<Vec<Vec<u8>>, Error>;

/// What the node refused, in its words.
fn refused(text: impl Into<String>) -> Error {
    Error("refused", text.into())
}

/// Does what is asked for.
pub(crate) fn answer(texts: &[&[u8]]) -> Vec<u8> {
    match done(&Asked(texts)) {
        Ok(texts) => {
            let ok = b"ok".as_slice();
            list(std::iter::once(ok).chain(texts.iter().map(Vec::as_slice)))
        }
        Err(Error(kind, message)) => list(["error", kind, &message].map(str::as_bytes)),
    }
}

fn done(asked: &Asked<'_>) -> Answer {
    let what = asked.text(0);
    keyspaces::done(&what, asked)
        .or_else(|| buckets::done(&what, asked))
        .or_else(|| queues::done(&what, asked))
        .unwrap_or_else(|| Err(refused(format!("the runtime cannot {what}"))))
}

/// Closes the objects that an invocation left open: nobody finishes them, and each takes memory of
/// the host.
pub(crate) fn close_streams() {
    buckets::close_streams();
}

/// Gives up every handle.
pub(crate) fn reset() {
    keyspaces::reset();
    buckets::reset();
    queues::reset();
}

/// A request: its first text is what to do.
struct Asked<'t>(&'t [&'t [u8]]);

impl Asked<'_> {
    fn bytes(&self, index: usize) -> &[u8] {
        self.0.get(index).copied().unwrap_or_default()
    }

    fn text(&self, index: usize) -> String {
        String::from_utf8_lossy(self.bytes(index)).into_owned()
    }

    /// The texts from one on.
    fn texts(&self, first: usize) -> Vec<String> {
        (first..self.0.len()).map(|index| self.text(index)).collect()
    }

    /// The pairs of a text and bytes from one on.
    fn pairs(&self, first: usize) -> Vec<(String, Vec<u8>)> {
        let firsts = (first..self.0.len()).step_by(2);
        firsts.map(|index| (self.text(index), self.bytes(index + 1).to_vec())).collect()
    }

    fn number<N: std::str::FromStr>(&self, index: usize) -> Result<N, Error> {
        let text = self.text(index);
        text.parse().map_err(|_| refused(format!("{text} is beyond 64 bits, or no whole number")))
    }
}

/// Whether it is, as an answer.
fn told(is: bool) -> Vec<Vec<u8>> {
    vec![if is { b"1".to_vec() } else { Vec::new() }]
}
