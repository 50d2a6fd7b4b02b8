use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use lambent_files::{ErrorCode, Kind};
use lambent_storage::backend::sync;
use lambent_storage::{Space, VolumeUsage, volume_weight};

use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::volumes::contents::Contents;
use crate::volumes::descriptors::Descriptors;
use crate::volumes::held::{Held, Holders};
use crate::volumes::names::Names;
use crate::volumes::room::Room;

/// The files of one volume, for all who have it open.
///
/// Locks are taken in this order: of a node, of the names, of the open nodes. Nobody waits for
/// the disk under the last.
pub(crate) struct EmbeddedVolume {
    /// None once the volume was removed.
    names: Mutex<Option<Names>>,
    pub(crate) contents: Contents,
    pub(crate) room: Room,
    gone: AtomicBool,
    open: Mutex<Holders>,
    /// What has no name and is not open any more.
    garbage: Mutex<Vec<u64>>,
}

/// The names of a volume that is there.
pub(crate) struct Locked<'v>(MutexGuard<'v, Option<Names>>);

impl Locked<'_> {
    pub(crate) fn names(&mut self) -> Result<&mut Names, ErrorCode> {
        self.0.as_mut().ok_or(ErrorCode::Gone)
    }
}

fn io(path: &str, data: &DataDir, source: std::io::Error) -> OpenError {
    OpenError::Io { action: "open volume", path: data.path().join(path), source }
}

impl EmbeddedVolume {
    /// Opens or creates the files in a directory of the data directory, and looks at all of them:
    /// what a crash has left is removed.
    pub(crate) fn open(
        data: &DataDir,
        directory: &str,
        (max_bytes, space): (u64, Arc<Space>),
        descriptors: Arc<Descriptors>,
    ) -> Result<Arc<Self>, OpenError> {
        let failed = |source| io(directory, data, source);
        let dir = data.dir().open_dir(directory).map_err(failed)?;
        let names = Names::open(data, directory)?;
        let contents = Contents::open(&dir, descriptors).map_err(failed)?;
        let broken = |_| failed(std::io::Error::other("its names cannot be read"));
        let (files, count) = names.files().map_err(broken)?;
        let mut bytes = count.saturating_mul(volume_weight(0));
        for (number, size) in contents.all().map_err(failed)? {
            if files.contains(&number) {
                bytes = bytes.saturating_add(volume_weight(size) - volume_weight(0));
            } else {
                contents.remove(number).map_err(failed)?;
            }
        }
        let garbage = names.removed().map_err(broken)?;
        let used = VolumeUsage { bytes, files: count };
        let volume = Arc::new(Self {
            names: Mutex::new(Some(names)),
            contents,
            room: Room::new(used, max_bytes, space),
            gone: AtomicBool::new(false),
            open: Mutex::default(),
            garbage: Mutex::new(garbage),
        });
        volume.collect().map_err(broken)?;
        Ok(volume)
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    pub(crate) fn check(&self) -> Result<(), ErrorCode> {
        if self.is_gone() { Err(ErrorCode::Gone) } else { Ok(()) }
    }

    pub(crate) fn names(&self) -> Result<Locked<'_>, ErrorCode> {
        self.check()?;
        Ok(Locked(sync::lock(&self.names)))
    }

    /// An error of the disk, which is that the volume is gone where it is.
    pub(crate) fn failed(&self, error: &std::io::Error) -> ErrorCode {
        if self.is_gone() {
            return ErrorCode::Gone;
        }
        let code = ErrorCode::from(error.kind());
        if code == ErrorCode::Io {
            tracing::error!(%error, "cannot use a file of a volume");
        }
        code
    }

    /// Ends all use of it, before its directory is removed.
    pub(crate) fn end(&self) {
        self.gone.store(true, Ordering::Release);
        let names = sync::lock(&self.names).take();
        drop(names);
        self.contents.close();
    }

    /// Opens what was found, while nothing loses its name.
    pub(crate) fn hold(&self, number: u64, kind: Kind) -> Arc<Held> {
        sync::lock(&self.open).hold(number, kind)
    }

    /// One has it open no more.
    pub(crate) fn release(&self, number: u64) {
        let removed = sync::lock(&self.open).release(number);
        if removed {
            self.discard(number);
        }
    }

    fn discard(&self, number: u64) {
        sync::lock(&self.garbage).push(number);
    }

    /// Has what lost its name be removed once it is not open.
    pub(crate) fn unnamed(&self, number: u64) {
        let removed = sync::lock(&self.open).unname(number);
        if removed {
            self.discard(number);
        }
    }

    /// Removes what has no name and is not open. That it has none is made durable first: after a
    /// power cut no name leads to a file whose bytes are gone.
    pub(crate) fn collect(&self) -> Result<(), ErrorCode> {
        let garbage = std::mem::take(&mut *sync::lock(&self.garbage));
        if garbage.is_empty() {
            return Ok(());
        }
        let done = self.remove_all(&garbage);
        if done.is_err() {
            sync::lock(&self.garbage).extend(garbage);
        }
        done
    }

    fn remove_all(&self, garbage: &[u64]) -> Result<(), ErrorCode> {
        let mut locked = self.names()?;
        let names = locked.names()?;
        names.sync()?;
        let mut sizes = Vec::with_capacity(garbage.len());
        for number in garbage {
            let size = self.contents.remove(*number);
            sizes.push(size.map_err(|error| self.failed(&error))?);
        }
        names.forget(garbage)?;
        drop(locked);
        sizes.into_iter().for_each(|size| self.room.give_back_file(size));
        Ok(())
    }

    /// Tries again once what can be removed is.
    pub(crate) fn with_room<R>(
        &self,
        mut action: impl FnMut() -> Result<R, ErrorCode>,
    ) -> Result<R, ErrorCode> {
        match action() {
            Err(ErrorCode::InsufficientSpace) => {
                self.collect()?;
                action()
            }
            done => done,
        }
    }

    /// How much it holds once what can be removed is.
    pub(crate) fn usage(&self) -> Result<VolumeUsage, ErrorCode> {
        self.collect()?;
        Ok(self.room.used())
    }

    /// Makes an empty file or directory, if there is room.
    ///
    /// # Errors
    /// See [`Volume::create`](lambent_files::Volume::create).
    pub(crate) fn create(&self, directory: u64, name: &str, kind: Kind) -> Result<u64, ErrorCode> {
        let mut locked = self.names()?;
        let names = locked.names()?;
        // The directory may have been removed.
        if names.kind(directory)? == Kind::File {
            return Err(ErrorCode::NotDirectory);
        }
        if names.child(directory, name)?.is_some() {
            return Err(ErrorCode::Exist);
        }
        self.room.take_file()?;
        names.insert(directory, name, kind).inspect_err(|_| self.room.give_back_file(0))
    }
}
