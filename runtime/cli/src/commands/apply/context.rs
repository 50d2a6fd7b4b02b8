use std::path::Path;

use super::built::Built;
use super::surroundings::Surroundings;

/// What an entry is read with.
pub(super) struct Context<'a> {
    /// The directory of the file.
    pub(super) directory: &'a Path,
    /// Where variables come from.
    pub(super) surroundings: &'a Surroundings,
    /// What was built for functions.
    pub(super) built: &'a Built,
}
