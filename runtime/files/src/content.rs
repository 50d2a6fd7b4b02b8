use std::collections::BTreeMap;

use crate::SIZE_MAX;
use crate::error::ErrorCode;
use crate::space::{BLOCK_BYTES, Space};

/// Memory that the place of a run of blocks takes, here and among the free ones.
const RUN_BYTES: u64 = 96;

/// The bytes of one file: runs of blocks, and holes between them, which read as zeroes.
///
/// Bytes of a block that are not of the file, because it ends within, are zero.
#[derive(Debug, Default)]
pub(crate) struct Content {
    size: u64,
    /// By the block of the file that a run begins at: its first block in the space, and how
    /// many there are.
    runs: BTreeMap<u64, (u64, u64)>,
}

/// What a byte of a file is in.
enum Place {
    /// In a run: where in the space, and how many bytes of the run follow.
    Run { at: u64, left: u64 },
    /// In a hole of so many blocks, this one included.
    Hole { blocks: u64 },
}

impl Content {
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Runs of blocks, each of which takes time to give back.
    pub(crate) fn runs(&self) -> u64 {
        self.runs.len() as u64
    }

    fn place(&self, offset: u64) -> Place {
        let block = offset / BLOCK_BYTES;
        if let Some((&first, &(slot, count))) = self.runs.range(..=block).next_back()
            && block < first + count
        {
            let within = offset - first * BLOCK_BYTES;
            return Place::Run {
                at: slot * BLOCK_BYTES + within,
                left: count * BLOCK_BYTES - within,
            };
        }
        let next = self.runs.range(block..).next().map_or(u64::MAX, |(first, _)| *first);
        Place::Hole { blocks: next - block }
    }

    /// Fills as much of the buffer as the file has; returns how much.
    pub(crate) fn read(
        &self,
        space: &Space,
        buffer: &mut [u8],
        offset: u64,
        may_wait: bool,
    ) -> Result<usize, ErrorCode> {
        let has = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buffer.len().min(has);
        let mut done = 0;
        while done < count {
            let at = offset + done as u64;
            let rest = &mut buffer[done..count];
            match self.place(at) {
                Place::Run { at, left } => {
                    let piece = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    space.read(&mut rest[..piece], at, may_wait)?;
                    done += piece;
                }
                Place::Hole { blocks } => {
                    let left = blocks.saturating_mul(BLOCK_BYTES) - at % BLOCK_BYTES;
                    let piece = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    rest[..piece].fill(0);
                    done += piece;
                }
            }
        }
        Ok(count)
    }

    /// Writes as much as there is space for, at least a byte; returns how much.
    pub(crate) fn write(
        &mut self,
        space: &mut Space,
        bytes: &[u8],
        offset: u64,
    ) -> Result<usize, ErrorCode> {
        let end = offset.checked_add(bytes.len() as u64).ok_or(ErrorCode::FileTooLarge)?;
        if end > SIZE_MAX {
            return Err(ErrorCode::FileTooLarge);
        }
        let mut done = 0;
        while done < bytes.len() {
            match self.write_piece(space, &bytes[done..], offset + done as u64) {
                Ok(count) => done += count,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
            self.size = self.size.max(offset + done as u64);
        }
        Ok(done)
    }

    fn write_piece(
        &mut self,
        space: &mut Space,
        bytes: &[u8],
        offset: u64,
    ) -> Result<usize, ErrorCode> {
        match self.place(offset) {
            Place::Run { at, left } => {
                let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                space.write(&bytes[..count], at)?;
                Ok(count)
            }
            Place::Hole { blocks } => {
                let within = usize::try_from(offset % BLOCK_BYTES).unwrap_or_default();
                let needed = (within as u64 + bytes.len() as u64).div_ceil(BLOCK_BYTES);
                space.describe(RUN_BYTES)?;
                let taken = space.take(needed.min(blocks));
                let (slot, count) = taken.inspect_err(|_| space.forget(RUN_BYTES))?;
                // Whole blocks: what was in them before is another file's.
                let mut whole = vec![0; usize::try_from(count * BLOCK_BYTES).unwrap_or_default()];
                let piece = bytes.len().min(whole.len() - within);
                whole[within..within + piece].copy_from_slice(&bytes[..piece]);
                if let Err(error) = space.write(&whole, slot * BLOCK_BYTES) {
                    space.give_back(slot, count);
                    space.forget(RUN_BYTES);
                    return Err(error);
                }
                self.insert(space, offset / BLOCK_BYTES, slot, count);
                Ok(piece)
            }
        }
    }

    /// Adds a run, as part of the one before it if it goes on there in the space too.
    fn insert(&mut self, space: &mut Space, block: u64, slot: u64, count: u64) {
        if let Some((&first, run)) = self.runs.range_mut(..block).next_back()
            && first + run.1 == block
            && run.0 + run.1 == slot
        {
            run.1 += count;
            space.forget(RUN_BYTES);
        } else {
            self.runs.insert(block, (slot, count));
        }
    }

    /// Cuts the file, or lets it end in a hole.
    pub(crate) fn set_size(&mut self, space: &mut Space, size: u64) -> Result<(), ErrorCode> {
        if size > SIZE_MAX {
            return Err(ErrorCode::FileTooLarge);
        }
        if size < self.size {
            if let Place::Run { at, .. } = self.place(size)
                && !size.is_multiple_of(BLOCK_BYTES)
            {
                let rest = BLOCK_BYTES - size % BLOCK_BYTES;
                space.write(&vec![0; usize::try_from(rest).unwrap_or_default()], at)?;
            }
            let keep = size.div_ceil(BLOCK_BYTES);
            for (_, (slot, count)) in self.runs.split_off(&keep) {
                space.give_back(slot, count);
                space.forget(RUN_BYTES);
            }
            if let Some((&first, run)) = self.runs.range_mut(..keep).next_back()
                && first + run.1 > keep
            {
                let kept = keep - first;
                space.give_back(run.0 + kept, run.1 - kept);
                run.1 = kept;
            }
        }
        self.size = size;
        Ok(())
    }

    /// Gives all of it back.
    pub(crate) fn clear(&mut self, space: &mut Space) {
        for (_, (slot, count)) in std::mem::take(&mut self.runs) {
            space.give_back(slot, count);
            space.forget(RUN_BYTES);
        }
        self.size = 0;
    }
}
