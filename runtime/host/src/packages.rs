//! The files that functions run on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cap_std::fs::Dir;
use lambent_capabilities::Mount;
use lambent_files::{Blob, DiskBudget, Entry, Image, Package, ScratchOptions};
use lambent_package::Index;
use lambent_storage::{CodeStore, OpenCode};
use lambent_types::{Digest, Error, FunctionVersion};
use rustix::fs::{Mode, OFlags};

use crate::errors::{blocking, internal};

/// Where the package is, seen by a guest.
const TASK_ROOT: &str = "var/task";
/// Images kept in memory; beyond it the least recently used leave.
const IMAGES_MAX: u64 = 20_000;
/// How long an unused image stays in memory.
const IMAGES_IDLE: Duration = Duration::from_secs(15 * 60);
/// Packages up to this size are kept in memory and take no descriptor: so many functions are
/// no more than a few files.
const MEMORY_BYTES_MAX: u64 = 128 << 10;
/// Memory of the node for what describes the files in one `/tmp`: some 50,000 files.
const METADATA_BYTES_MAX: u64 = 16 << 20;

/// What is at `/var/task`: a package, and what the runtime has added to it.
type Files = (Digest, Option<Digest>);

/// All `/tmp` together may take this part of what is free of the disk when the node starts: the
/// rest is for what functions store to stay.
const DISK_SHARE: u64 = 4;

/// The files of all functions.
pub(crate) struct Packages {
    code: Arc<dyn CodeStore>,
    images: moka::future::Cache<Files, Arc<Image>>,
    /// Of a function without a package.
    empty: Arc<Image>,
    scratch: Arc<Dir>,
    disk: Arc<DiskBudget>,
}

impl Packages {
    pub(crate) fn new(code: Arc<dyn CodeStore>, scratch: Dir) -> Self {
        let images = moka::future::Cache::builder()
            .max_capacity(IMAGES_MAX)
            .time_to_idle(IMAGES_IDLE)
            .support_invalidation_closures()
            .build();
        let disk = Arc::new(DiskBudget::new(free_bytes(&scratch) / DISK_SHARE));
        Self { code, images, empty: Arc::new(Image::new()), scratch: Arc::new(scratch), disk }
    }

    /// What the files of a version's instances are made of; none if it has no files.
    pub(crate) async fn mount(&self, function: &FunctionVersion) -> Result<Option<Mount>, Error> {
        let bytes_max = function.configuration.tmp_bytes();
        let image = match function.code.package {
            Some(package) => self.image(package, function.code.added).await?,
            None if bytes_max == 0 => return Ok(None),
            None => self.empty.clone(),
        };
        let directory = self.scratch.clone();
        let open = Arc::new(move || unnamed_file(&directory));
        let scratch = ScratchOptions {
            open,
            bytes_max,
            metadata_bytes_max: METADATA_BYTES_MAX,
            disk: self.disk.clone(),
        };
        Ok(Some(Mount { image, scratch }))
    }

    async fn image(
        &self,
        package: lambent_types::Package,
        added: Option<lambent_types::Package>,
    ) -> Result<Arc<Image>, Error> {
        let key = (package.digest, added.map(|added| added.digest));
        let image = self.images.try_get_with(key, self.open(package, added)).await;
        image.map_err(|error| (*error).clone())
    }

    /// Drops what was made of a package that no version refers to any more.
    pub(crate) fn forget(&self, digest: Digest) {
        let of = move |files: &Files| files.0 == digest || files.1 == Some(digest);
        if let Err(error) = self.images.invalidate_entries_if(move |files, _| of(files)) {
            tracing::error!(%error, "cannot drop the files of a package");
        }
    }

    async fn open(
        &self,
        package: lambent_types::Package,
        added: Option<lambent_types::Package>,
    ) -> Result<Arc<Image>, Error> {
        let mut opened = Vec::new();
        for part in [Some(package), added].into_iter().flatten() {
            opened.push((self.read(part.digest).await?, part.bytes));
        }
        let image = blocking(move || image(opened)).await?;
        image.map(Arc::new).map_err(|error| damaged(package.digest, &error))
    }

    async fn read(&self, digest: Digest) -> Result<OpenCode, Error> {
        let opened = self.code.open(digest).await.map_err(|error| damaged(digest, &error))?;
        opened.ok_or_else(|| damaged(digest, &"it is not there"))
    }
}

fn damaged(digest: Digest, error: &dyn std::fmt::Display) -> Error {
    tracing::error!(%digest, %error, "could not open a package");
    internal()
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Makes an image of packages that are mounted in one place. Blocks.
fn image(packages: Vec<(OpenCode, u64)>) -> Result<Image, Failed> {
    let mut image = Image::new();
    for (opened, bytes) in packages {
        image = image.mount(TASK_ROOT, &package(opened, bytes)?)?;
    }
    Ok(image)
}

/// Reads which files a package has. Blocks.
fn package(opened: OpenCode, bytes: u64) -> Result<Package, Failed> {
    let opened = match opened {
        OpenCode::File(file) if bytes <= MEMORY_BYTES_MAX => {
            let mut whole = vec![0; usize::try_from(bytes)?];
            std::os::unix::fs::FileExt::read_exact_at(&file, &mut whole, 0)?;
            OpenCode::Memory(whole.into())
        }
        opened => opened,
    };
    let (index, blob): (Index, Arc<dyn Blob>) = match opened {
        OpenCode::Memory(whole) => (Index::open(&&*whole, bytes)?, Arc::new(Whole(whole))),
        OpenCode::File(file) => (Index::open(&file, bytes)?, Arc::new(file)),
    };
    let entries = index.into_entries().into_iter();
    let entries = entries.map(|entry| {
        let lambent_package::Entry { path, offset, size, .. } = entry;
        Entry { path, offset, size }
    });
    Ok(Package { entries: entries.collect(), blob })
}

/// A package in memory.
struct Whole(Bytes);

impl Blob for Whole {
    fn read_at(&self, buffer: &mut [u8], offset: u64, _may_wait: bool) -> io::Result<usize> {
        lambent_package::Blob::read_at(&*self.0, buffer, offset)
    }
}

/// What is free of a directory's disk; nothing if that cannot be told.
fn free_bytes(directory: &Dir) -> u64 {
    match rustix::fs::fstatvfs(directory) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            tracing::error!(%error, "cannot tell how much of the disk is free; functions have no /tmp");
            0
        }
    }
}

/// A file that has no name, so that nothing of it is left whatever ends the process.
fn unnamed_file(directory: &Dir) -> io::Result<std::fs::File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::openat(directory, ".", flags, Mode::RUSR | Mode::WUSR)?;
    Ok(file.into())
}
