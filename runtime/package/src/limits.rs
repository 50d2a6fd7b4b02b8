/// What a package may have; everything is counted while it is read, whatever headers claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an upload as it is sent.
    pub uploaded_bytes: u64,
    /// Bytes of all files together.
    pub unpacked_bytes: u64,
    /// Files and directories, those that paths imply included.
    pub entries: usize,
    /// Names in a path.
    pub depth: usize,
    /// Bytes of a path.
    pub path_bytes: usize,
    /// Bytes of one name in a path.
    pub name_bytes: usize,
    /// Bytes of all paths together, which is what an index of them takes in memory.
    pub paths_bytes: usize,
}

impl Limits {
    /// AWS Lambda's: 50 MB uploaded and 250 MB unpacked, which it counts as 262,144,000 bytes.
    /// Lambda states none for names; these are Linux's, and more entries than any package of its
    /// size was seen to have.
    pub const LAMBDA: Self = Self {
        uploaded_bytes: 52_428_800,
        unpacked_bytes: 262_144_000,
        entries: 100_000,
        depth: 100,
        path_bytes: 4_096,
        name_bytes: 255,
        paths_bytes: 16 * 1_048_576,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::LAMBDA
    }
}
