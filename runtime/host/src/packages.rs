//! The files that functions run on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cap_std::fs::Dir;
use lambent_capabilities::Mount;
use lambent_files::{Blob, DiskBudget, Entry, Image, Package, ScratchOptions};
use lambent_package::Index;
use lambent_storage::{CodeStore, Disk, OpenCode};
use lambent_types::{Code, Digest, Error, FunctionVersion};
use rustix::fs::{Mode, OFlags};

use crate::errors::{blocking, internal};

/// Where the package is, seen by a guest.
const TASK_ROOT: &str = "var/task";
/// Where layers are.
const LAYERS_ROOT: &str = "opt";
/// Memory for images with the packages that are kept in memory; beyond it the least recently
/// used leave.
const IMAGES_BYTES_MAX: u64 = 256 << 20;
/// Memory of an image besides what it is made of: itself, and its place among the others.
const IMAGE_BYTES: u64 = 512;
/// What a package that is kept open counts as, so that of all files that a process may have open
/// images never take more than 20,000.
const OPEN_FILE_BYTES: u64 = IMAGES_BYTES_MAX / 20_000;
/// How long an unused image stays in memory.
const IMAGES_IDLE: Duration = Duration::from_secs(15 * 60);
/// Packages up to this size are kept in memory and take no descriptor: so many functions are
/// no more than a few files.
const MEMORY_BYTES_MAX: u64 = 128 << 10;
/// Memory of the node for what describes the files in one `/tmp`: some 50,000 files.
const METADATA_BYTES_MAX: u64 = 16 << 20;

/// What is at `/var/task`, a package and what the runtime has added to it, what is at `/opt`, and
/// where volumes are.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Files {
    package: Option<lambent_types::Package>,
    added: Option<lambent_types::Package>,
    layers: Vec<lambent_types::Package>,
    volumes: Vec<String>,
}

impl Files {
    fn packages(&self) -> impl Iterator<Item = &lambent_types::Package> {
        self.package.iter().chain(&self.added).chain(&self.layers)
    }

    fn has(&self, digest: Digest) -> bool {
        self.packages().any(|package| package.digest == digest)
    }

    /// What an image of them takes of [`IMAGES_BYTES_MAX`].
    fn weight(&self, image: &Image) -> u64 {
        let kept = self.packages().map(|package| match package.bytes {
            bytes if bytes <= MEMORY_BYTES_MAX => bytes,
            _ => OPEN_FILE_BYTES,
        });
        IMAGE_BYTES + image.bytes() + kept.sum::<u64>()
    }
}

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
            .max_capacity(IMAGES_BYTES_MAX)
            .weigher(|files: &Files, image: &Arc<Image>| {
                files.weight(image).try_into().unwrap_or(u32::MAX)
            })
            .time_to_idle(IMAGES_IDLE)
            .support_invalidation_closures()
            .build();
        let disk = Arc::new(DiskBudget::new(free_bytes(&scratch) / DISK_SHARE));
        Self { code, images, empty: Arc::new(Image::new()), scratch: Arc::new(scratch), disk }
    }

    /// What the files of a version's instances are made of; none if it has no files.
    pub(crate) async fn mount(&self, function: &FunctionVersion) -> Result<Option<Mount>, Error> {
        let bytes_max = function.configuration.tmp_bytes();
        let Code { package, added, ref layers, .. } = function.code;
        let volumes = function.configuration.mounts.0.iter();
        let volumes: Vec<_> = volumes.map(|mount| mount.path.clone()).collect();
        let image = if package.is_some() || !volumes.is_empty() {
            let files = Files { package, added, layers: layers.clone(), volumes };
            // On the heap, as its future is large and most functions have no files.
            Box::pin(self.image(files)).await?
        } else if bytes_max == 0 {
            return Ok(None);
        } else {
            self.empty.clone()
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

    async fn image(&self, files: Files) -> Result<Arc<Image>, Error> {
        let image = self.images.try_get_with(files.clone(), self.open(files)).await;
        image.map_err(|error| (*error).clone())
    }

    /// Drops what was made of a package that no version refers to any more.
    pub(crate) fn forget(&self, digest: Digest) {
        if let Err(error) = self.images.invalidate_entries_if(move |files, _| files.has(digest)) {
            tracing::error!(%error, "cannot drop the files of a package");
        }
    }

    async fn open(&self, files: Files) -> Result<Arc<Image>, Error> {
        let own = match files.package {
            Some(package) => Some(self.read(package).await?),
            None => None,
        };
        let mut layers = Vec::new();
        for layer in &files.layers {
            layers.push(self.read(*layer).await?);
        }
        let added = match files.added {
            Some(added) => Some(self.read(added).await?),
            None => None,
        };
        let Files { package, volumes, .. } = files;
        let image = blocking(move || image((own, layers, added), &volumes)).await?;
        image.map(Arc::new).map_err(|error| match package {
            Some(package) => damaged(package.digest, &error),
            None => {
                tracing::error!(%error, "could not make an image of files");
                internal()
            }
        })
    }

    async fn read(&self, package: lambent_types::Package) -> Result<Opened, Error> {
        let digest = package.digest;
        let opened = self.code.open(digest).await.map_err(|error| damaged(digest, &error))?;
        let code = opened.ok_or_else(|| damaged(digest, &"it is not there"))?;
        Ok(Opened { code, bytes: package.bytes })
    }
}

fn damaged(digest: Digest, error: &dyn std::fmt::Display) -> Error {
    tracing::error!(%digest, %error, "could not open a package");
    internal()
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A package as it is stored.
struct Opened {
    code: OpenCode,
    bytes: u64,
}

/// Makes an image of the package of a function, of layers, of what its runtime has added, and of
/// the places of volumes. Blocks.
fn image(
    (own, layers, added): (Option<Opened>, Vec<Opened>, Option<Opened>),
    volumes: &[String],
) -> Result<Image, Failed> {
    let mut image = Image::new();
    for path in volumes {
        image = image.with_volume(path)?;
    }
    if let Some(own) = own {
        image = image.mount(TASK_ROOT, &package(own)?)?;
    }
    for layer in layers {
        image = image.overlay(LAYERS_ROOT, &package(layer)?)?;
    }
    if let Some(added) = added {
        image = image.underlay(&package(added)?)?;
    }
    Ok(image)
}

/// Reads which files a package has. Blocks.
fn package(Opened { code, bytes }: Opened) -> Result<Package, Failed> {
    let opened = match code {
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
    match Disk::of_open(directory) {
        Ok(disk) => disk.free,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_weighs_what_it_keeps_in_memory_and_open() {
        let package = |bytes| lambent_types::Package { digest: Digest::of(b"files"), bytes };
        let weight = |own, layers: &[u64]| {
            let layers = layers.iter().map(|bytes| package(*bytes)).collect();
            let (package, volumes) = (Some(package(own)), Vec::new());
            Files { package, added: None, layers, volumes }.weight(&Image::new())
        };
        let empty = weight(0, &[]);
        assert!(empty > IMAGE_BYTES);
        assert_eq!(weight(MEMORY_BYTES_MAX, &[]), empty + MEMORY_BYTES_MAX);
        // However large, it is one open file.
        let files = |count: u64| empty + count * OPEN_FILE_BYTES;
        assert_eq!(weight(MEMORY_BYTES_MAX + 1, &[]), files(1));
        assert_eq!(weight(1 << 30, &[1 << 30, 1 << 20]), files(3));
        assert!(20_000 * weight(1 << 30, &[]) > IMAGES_BYTES_MAX);
    }
}
