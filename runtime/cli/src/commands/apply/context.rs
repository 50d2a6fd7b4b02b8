use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lambent_types::{BucketName, SiteName};

use super::built::Built;
use super::surroundings::Surroundings;
use crate::site_files::Folder;

/// What an entry is read with.
pub(super) struct Context<'a> {
    /// The directory of the file.
    pub(super) directory: &'a Path,
    /// Where variables come from.
    pub(super) surroundings: &'a Surroundings,
    /// What was built for functions.
    pub(super) built: &'a Built,
    /// The folders of sites that were read. Each is read once: what a site names is what is written.
    folders: RefCell<BTreeMap<(String, PathBuf), Folder>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        directory: &'a Path,
        surroundings: &'a Surroundings,
        built: &'a Built,
    ) -> Self {
        Self { directory, surroundings, built, folders: RefCell::default() }
    }

    /// The files of a folder of a site.
    ///
    /// # Errors
    /// Says what cannot be read, or cannot be given out.
    pub(super) fn folder(
        &self,
        site: &SiteName,
        folder: &Path,
        bucket: BucketName,
    ) -> Result<Folder, String> {
        let place = (site.key(), folder.to_path_buf());
        if let Some(known) = self.folders.borrow().get(&place) {
            return Ok(known.clone());
        }
        let read = Folder::read(site, &self.directory.join(folder), bucket)?;
        self.folders.borrow_mut().insert(place, read.clone());
        Ok(read)
    }
}
