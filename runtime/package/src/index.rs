use crate::blob::{self, Blob};
use crate::canonical::end;
use crate::canonical::{CENTRAL_BYTES, END_64_BYTES, END_BYTES, Head, IN_ZIP64, LOCAL_BYTES};
use crate::error::{ArchiveFault, PackageError};
use crate::limits::Limits;
use crate::path;

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path, with `/` between names.
    pub path: String,
    /// Where its bytes begin in the package.
    pub offset: u64,
    /// How many they are.
    pub size: u64,
    /// Their checksum, as zip has it.
    pub crc32: u32,
}

/// The files of a package, ordered by the bytes of their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    entries: Vec<Entry>,
}

impl Index {
    pub(crate) const fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// Reads which files are in a package of so many bytes.
    ///
    /// Whether the blob has the canonical form is checked: that the central directory is what
    /// [`Builder::write`](crate::Builder::write) writes for these files, to the bit. The bytes of
    /// the files and the headers in front of them are not read; the package's digest vouches for them.
    ///
    /// # Errors
    /// [`ArchiveFault::NotCanonical`], or the blob cannot be read.
    pub fn open(blob: &dyn Blob, bytes: u64) -> Result<Self, PackageError> {
        let tail = Tail::read(blob, bytes)?;
        let central_bytes = usize::try_from(tail.central_bytes).unwrap_or(usize::MAX);
        let limits = Limits::LAMBDA;
        if central_bytes > limits.entries * CENTRAL_BYTES + limits.paths_bytes {
            return Err(not_canonical("its directory is larger than any package's"));
        }
        let mut central = vec![0; central_bytes];
        read(blob, &mut central, u64::from(tail.central_offset))?;
        let mut rest = central.as_slice();
        let mut offset = 0;
        let mut again = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        while !rest.is_empty() {
            let (entry, record, after) = record(rest, offset)?;
            again.clear();
            let start = u32::try_from(offset).map_err(|_| not_canonical("a file is too far"))?;
            let size = u32::try_from(entry.size).unwrap_or(u32::MAX);
            Head { path: &entry.path, bytes: size, crc: entry.crc32 }.central(start, &mut again);
            if again != record {
                return Err(not_canonical("a record of its directory"));
            }
            if entries.last().is_some_and(|last| last.path >= entry.path) {
                return Err(not_canonical("the order of its files"));
            }
            offset = entry.offset + entry.size;
            entries.push(entry);
            rest = after;
        }
        if entries.len() as u64 != tail.files || offset != u64::from(tail.central_offset) {
            return Err(not_canonical("the place of its directory"));
        }
        Ok(Self { entries })
    }

    /// The files.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The files, for keeping them otherwise.
    #[must_use]
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// The file of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        let place = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        self.entries.get(place)
    }
}

/// Takes the first record of a central directory, of the file whose header is at `start`.
fn record(rest: &[u8], start: u64) -> Result<(Entry, &[u8], &[u8]), PackageError> {
    let cut = || not_canonical("its directory is cut off");
    let fixed = rest.first_chunk::<CENTRAL_BYTES>().ok_or_else(cut)?;
    let path_bytes = usize::from(u16_at(fixed, 28));
    let whole = CENTRAL_BYTES + path_bytes;
    let (record, after) = rest.split_at_checked(whole).ok_or_else(cut)?;
    let path = std::str::from_utf8(&record[CENTRAL_BYTES..]).ok();
    let path = path.filter(|path| is_path(path)).ok_or_else(|| not_canonical("a path"))?;
    let entry = Entry {
        path: path.to_owned(),
        offset: start + LOCAL_BYTES + path_bytes as u64,
        size: u64::from(u32_at(fixed, 24)),
        crc32: u32_at(fixed, 16),
    };
    Ok((entry, record, after))
}

/// Whether a path can have been checked with whatever limits.
fn is_path(text: &str) -> bool {
    let widest = Limits {
        path_bytes: usize::MAX,
        name_bytes: usize::MAX,
        depth: usize::MAX,
        ..Limits::LAMBDA
    };
    path::read(text.as_bytes(), &widest).is_ok_and(|read| read.path == text && !read.directory)
}

/// What the end of a package says.
struct Tail {
    files: u64,
    central_offset: u32,
    central_bytes: u32,
}

impl Tail {
    fn read(blob: &dyn Blob, bytes: u64) -> Result<Self, PackageError> {
        let most = usize::try_from(bytes).unwrap_or(usize::MAX).min(END_BYTES + END_64_BYTES);
        let mut found = vec![0; most];
        read(blob, &mut found, bytes - most as u64)?;
        let short = most.checked_sub(END_BYTES).ok_or_else(|| not_canonical("it is too short"))?;
        let files = u16_at(&found, short + 10);
        let large = files == IN_ZIP64 && short == END_64_BYTES;
        let start = if large { 0 } else { short };
        let tail = Self {
            files: if large { u64_at(&found, 32) } else { u64::from(files) },
            central_bytes: u32_at(&found, short + 12),
            central_offset: u32_at(&found, short + 16),
        };
        let mut again = Vec::with_capacity(most);
        end(tail.files, tail.central_bytes, tail.central_offset, &mut again);
        let whole = u64::from(tail.central_offset) + u64::from(tail.central_bytes);
        if again != found[start..] || whole + again.len() as u64 != bytes {
            return Err(not_canonical("its end"));
        }
        Ok(tail)
    }
}

fn read(blob: &dyn Blob, buffer: &mut [u8], offset: u64) -> Result<(), PackageError> {
    blob::read_exact(blob, buffer, offset)
        .map_err(|error| PackageError::from_read(error, |_| not_canonical("it is cut off")))
}

fn not_canonical(what: &'static str) -> PackageError {
    ArchiveFault::NotCanonical(what).into()
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
