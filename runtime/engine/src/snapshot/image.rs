//! What differs of a memory between two times, as bytes that can be stored.

use bytes::{Buf, BufMut, Bytes};

use crate::budget::Hold;

/// Where a pointer to each piece that is restored is written, which nobody reads. What is at that
/// place is restored last.
pub(crate) const SCRATCH: usize = 8;

/// In what steps two memories are compared: a page of the machine, since a change anywhere in it
/// costs whoever restores it the whole page.
const STEP: usize = 4096;
/// Bytes of a page of WebAssembly.
const PAGE_BYTES: usize = 64 << 10;
/// What every snapshot of this form begins with.
const MAGIC: u64 = u64::from_be_bytes(*b"snapshot");
/// Bytes before the list of runs.
const HEAD_BYTES: usize = 24;
/// Bytes of a run in that list.
const RUN_BYTES: usize = 8;

/// The memory of an instance after its initialization, as far as it differs from that before.
///
/// Its bytes may come from a disk: whatever they are, only the guest that they are restored in
/// can see that.
#[derive(Debug)]
pub struct Snapshot {
    /// The pages that the memory has.
    pub(crate) pages: u32,
    /// The bytes at [`SCRATCH`].
    pub(crate) word: u64,
    runs: Vec<Run>,
    /// All of it, as it is stored.
    bytes: Bytes,
    /// Given back with it.
    _hold: Option<Hold>,
}

/// Bytes that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// Where they are in the memory.
    address: u32,
    length: u32,
    /// Where they are in the stored bytes.
    offset: usize,
}

/// The bytes are not those of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot is damaged")]
pub struct Damaged;

impl Snapshot {
    /// What is different `after`; what is beyond the memory `before` was zero.
    pub(crate) fn of(before: &[u8], after: &[u8]) -> Self {
        let runs = differences(before, after);
        let content: usize = runs.iter().map(|(_, length)| length).sum();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + runs.len() * RUN_BYTES + content);
        bytes.put_u64(MAGIC);
        bytes.put_u32((after.len() / PAGE_BYTES) as u32);
        bytes.put_u32(runs.len() as u32);
        bytes.put_slice(after.get(SCRATCH..SCRATCH + 8).unwrap_or(&[0; 8]));
        for (address, length) in &runs {
            bytes.put_u32(*address as u32);
            bytes.put_u32(*length as u32);
        }
        for (address, length) in runs {
            bytes.put_slice(&after[address..address + length]);
        }
        #[expect(clippy::expect_used, reason = "it was just written")]
        Self::open(bytes.into()).expect("a snapshot")
    }

    /// Reads one that was stored.
    ///
    /// # Errors
    /// The bytes are none.
    pub fn open(bytes: Bytes) -> Result<Self, Damaged> {
        let mut head = &bytes[..];
        if head.len() < HEAD_BYTES || head.get_u64() != MAGIC {
            return Err(Damaged);
        }
        let (pages, count, word) = (head.get_u32(), head.get_u32() as usize, head.get_u64_le());
        let mut offset = HEAD_BYTES + count.checked_mul(RUN_BYTES).ok_or(Damaged)?;
        if bytes.len() < offset {
            return Err(Damaged);
        }
        let mut runs = Vec::with_capacity(count);
        for _ in 0..count {
            let (address, length) = (head.get_u32(), head.get_u32());
            runs.push(Run { address, length, offset });
            offset = offset.checked_add(length as usize).ok_or(Damaged)?;
        }
        if bytes.len() != offset {
            return Err(Damaged);
        }
        Ok(Self { pages, word, runs, bytes, _hold: None })
    }

    /// Keeps what its bytes are charged to for as long as it is in memory.
    #[must_use]
    pub fn charged_to(self, hold: Hold) -> Self {
        Self { _hold: Some(hold), ..self }
    }

    /// Whether bytes begin as those of a snapshot do.
    #[must_use]
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC.to_be_bytes())
    }

    /// Its bytes, to be stored.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The piece that comes after the first `done` bytes of the run `nth`: where it belongs, and
    /// at most `most` bytes.
    pub(crate) fn piece(&self, nth: usize, done: usize, most: usize) -> Option<(u32, &[u8])> {
        let run = self.runs.get(nth)?;
        let length = (run.length as usize).saturating_sub(done).min(most);
        let address = run.address.saturating_add(done as u32);
        Some((address, &self.bytes[run.offset + done..][..length]))
    }
}

/// Where and how long what differs is, in steps of which those side by side are one.
fn differences(before: &[u8], after: &[u8]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let zero = [0; STEP];
    for (nth, step) in after.chunks(STEP).enumerate() {
        let address = nth * STEP;
        let was = before.get(address..address + step.len()).unwrap_or(&zero[..step.len()]);
        if was == step {
            continue;
        }
        match runs.last_mut() {
            Some((start, length)) if *start + *length == address => *length += step.len(),
            _ => runs.push((address, step.len())),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The memory that it is of, made of that before.
    fn restored(snapshot: &Snapshot, before: &[u8], most: usize) -> Vec<u8> {
        let mut memory = before.to_vec();
        memory.resize(snapshot.pages as usize * PAGE_BYTES, 0);
        let (mut nth, mut done) = (0, 0);
        while let Some((address, piece)) = snapshot.piece(nth, done, most) {
            memory[address as usize..][..piece.len()].copy_from_slice(piece);
            done += piece.len();
            if piece.len() < most {
                (nth, done) = (nth + 1, 0);
            }
        }
        memory
    }

    proptest! {
        #[test]
        fn a_memory_is_as_it_was(
            changes in vec((0..4 * PAGE_BYTES, any::<u8>()), 0..20),
            pages in 2..=4_usize,
            most in 1000..10_000_usize,
        ) {
            let before: Vec<u8> = (0..2 * PAGE_BYTES).map(|n| (n / 5000) as u8).collect();
            let mut after = before.clone();
            after.resize(pages * PAGE_BYTES, 0);
            for (at, byte) in changes {
                if let Some(place) = after.get_mut(at) {
                    *place = byte;
                }
            }
            let snapshot = Snapshot::open(Snapshot::of(&before, &after).bytes().clone()).unwrap();
            prop_assert_eq!(restored(&snapshot, &before, most), after);
        }

        #[test]
        fn no_bytes_are_misread(
            mut head in vec(any::<u8>(), 0..80),
            runs in 0..4_u32,
            is_snapshot in any::<bool>(),
        ) {
            if is_snapshot && head.len() >= HEAD_BYTES {
                head[..8].copy_from_slice(b"snapshot");
                head[12..16].copy_from_slice(&runs.to_be_bytes());
            }
            if let Ok(snapshot) = Snapshot::open(head.into()) {
                for nth in 0..=snapshot.runs.len() {
                    snapshot.piece(nth, 0, 10);
                }
            }
        }
    }

    #[test]
    fn only_what_changed_is_kept() {
        let before = vec![7; 3 * PAGE_BYTES];
        let mut after = before.clone();
        after[STEP] = 8;
        after[5 * STEP] = 8;
        after[6 * STEP - 1] = 9;
        after[6 * STEP] = 9;
        let snapshot = Snapshot::of(&before, &after);
        assert_eq!(snapshot.bytes.len(), HEAD_BYTES + 2 * RUN_BYTES + 3 * STEP);
        assert_eq!(snapshot.word, u64::from_le_bytes([7; 8]));
        let mut cut = snapshot.bytes().to_vec();
        cut.pop();
        assert!(Snapshot::open(cut.into()).is_err());
    }
}
