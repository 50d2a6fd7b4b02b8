use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::fs::{Dir, File, ReadDir};
use lambent_types::Digest;
use tokio::task::JoinHandle;

use crate::data_dir::DataDir;
use crate::data_dir::ensure_dir;
use crate::data_dir::private;
use crate::data_dir::sync_dir;
use crate::error::OpenError;
use crate::layout::INCOMING_DIR;
use crate::layout::OBJECTS_DIR;
use crate::objects::blobs::{Blob, Blobs, Hasher, Incoming, Opened, blocking};
use lambent_storage::backend::objects as rules;
use lambent_storage::backend::sync;

/// Files looked at in one go when looking for those that nobody needs.
const PAGE: usize = 500;

/// Blobs as files in `objects/`, named by digest and id.
pub(crate) struct Files(Arc<Directories>);

struct Directories {
    objects: Dir,
    incoming: Dir,
    written: AtomicU64,
    /// The directories that this process made sure to be there for good.
    durable: [AtomicBool; 256],
    /// Files in `incoming` that nobody writes any more.
    abandoned: Mutex<Vec<String>>,
    opened: SystemTime,
    older: Mutex<Older>,
    data: DataDir,
}

/// How far the look at all files has come.
struct Older {
    /// The directory, by the first byte of its digests; `None` after the last.
    next: Option<u8>,
    files: Option<ReadDir>,
}

impl Files {
    pub(crate) fn open(data: &DataDir) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io {
            action: "open directory",
            path: data.path().join(OBJECTS_DIR),
            source,
        };
        let objects = data.subdir(OBJECTS_DIR)?;
        let incoming = ensure_dir(&objects, INCOMING_DIR).map_err(failed)?;
        // What a crash cut short.
        for entry in incoming.entries().map_err(failed)? {
            entry.and_then(|entry| entry.remove_file()).map_err(failed)?;
        }
        Ok(Self(Arc::new(Directories {
            objects,
            incoming,
            written: AtomicU64::new(0),
            durable: [const { AtomicBool::new(false) }; 256],
            abandoned: Mutex::default(),
            opened: SystemTime::now(),
            older: Mutex::new(Older { next: Some(0), files: None }),
            data: data.clone(),
        })))
    }
}

fn directory(digest: Digest) -> String {
    format!("{:02x}", digest.as_bytes()[0])
}

fn file(blob: &Blob) -> String {
    format!("{}.{}", blob.digest, blob.id)
}

fn path(blob: &Blob) -> String {
    format!("{}/{}", directory(blob.digest), file(blob))
}

/// The blob of a file, if it is one of ours.
fn blob(name: &str) -> Option<Blob> {
    let (digest, id) = name.split_once('.')?;
    let ours = id.len() == 32 && id.bytes().all(|c| c.is_ascii_hexdigit());
    ours.then(|| Some(Blob { id: id.to_owned(), digest: digest.parse().ok()?, size: 0 }))?
}

impl Directories {
    /// The directory of a digest, there for good.
    fn directory(&self, digest: Digest) -> io::Result<Dir> {
        let durable = &self.durable[usize::from(digest.as_bytes()[0])];
        if durable.load(Ordering::Acquire) {
            return self.objects.open_dir(directory(digest));
        }
        let directory = ensure_dir(&self.objects, &directory(digest))?;
        // Even if it was there: whoever made it may not have got this far.
        sync_dir(&self.objects)?;
        durable.store(true, Ordering::Release);
        Ok(directory)
    }

    fn delete(&self, blob: &Blob) -> io::Result<()> {
        match self.objects.remove_file(path(blob)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn older(&self) -> io::Result<Option<Vec<Blob>>> {
        let mut older = sync::lock(&self.older);
        let Some(next) = older.next else { return Ok(None) };
        if older.files.is_none() {
            match self.objects.read_dir(format!("{next:02x}")) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                files => older.files = Some(files?),
            }
        }
        let (mut found, mut seen) = (Vec::new(), 0);
        for entry in older.files.iter_mut().flatten().take(PAGE) {
            let entry = entry?;
            seen += 1;
            if entry.metadata()?.modified()?.into_std() < self.opened {
                // Whatever else someone put there is not ours to touch.
                found.extend(entry.file_name().to_str().and_then(blob));
            }
        }
        if seen < PAGE {
            (older.next, older.files) = (next.checked_add(1), None);
        }
        Ok(Some(found))
    }
}

/// A file in `incoming/`.
struct Writing {
    file: File,
    hasher: Hasher,
}

struct IncomingFile {
    directories: Arc<Directories>,
    name: String,
    begun: Option<JoinHandle<io::Result<Writing>>>,
    finished: bool,
}

impl IncomingFile {
    /// What the last block left, or a new file.
    async fn writing(&mut self) -> io::Result<Option<Writing>> {
        match self.begun.take() {
            Some(begun) => begun.await.map_err(io::Error::other)?.map(Some),
            None => Ok(None),
        }
    }
}

impl Directories {
    fn append(&self, name: &str, writing: Option<Writing>, block: &[Bytes]) -> io::Result<Writing> {
        let mut writing = match writing {
            Some(writing) => writing,
            None => {
                let mut options = private();
                let file = self.incoming.open_with(name, options.write(true).create_new(true))?;
                Writing { file, hasher: Hasher::default() }
            }
        };
        for bytes in block {
            writing.hasher.update(bytes);
            writing.file.write_all(bytes)?;
        }
        Ok(writing)
    }

    fn finish(&self, name: &str, id: String, mut writing: Writing) -> io::Result<(Blob, String)> {
        let hashed = writing.hasher.finish();
        writing.file.write_all(&hashed.list)?;
        writing.file.sync_all()?;
        let blob = Blob { id, digest: hashed.digest, size: hashed.size };
        let directory = self.directory(blob.digest)?;
        self.incoming.rename(name, &directory, file(&blob))?;
        if let Err(error) = sync_dir(&directory) {
            let _ = self.delete(&blob);
            return Err(error);
        }
        Ok((blob, hashed.etag))
    }

    fn abandon(&self, name: &str) {
        sync::lock(&self.abandoned).push(name.to_owned());
    }
}

#[async_trait]
impl Incoming for IncomingFile {
    async fn write(&mut self, block: Vec<Bytes>) -> io::Result<()> {
        let writing = self.writing().await?;
        let (directories, name) = (Arc::clone(&self.directories), self.name.clone());
        let append = move || directories.append(&name, writing, &block);
        self.begun = Some(tokio::task::spawn_blocking(append));
        Ok(())
    }

    async fn finish(&mut self, block: Vec<Bytes>) -> io::Result<(Blob, String)> {
        let writing = self.writing().await?;
        let id = rules::random_id().map_err(io::Error::other)?;
        let (directories, name) = (Arc::clone(&self.directories), self.name.clone());
        let done = blocking(move || {
            let writing = directories.append(&name, writing, &block)?;
            directories.finish(&name, id, writing)
        });
        let done = done.await?;
        self.finished = true;
        Ok(done)
    }
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        if !self.finished {
            self.directories.abandon(&self.name);
        }
    }
}

/// A file's handle: it is readable as long as it is open.
struct OpenedFile(Arc<Mutex<std::fs::File>>);

#[async_trait]
impl Opened for OpenedFile {
    async fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let file = Arc::clone(&self.0);
        blocking(move || {
            let len = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
            let mut bytes = vec![0; len];
            let mut file = sync::lock(&file);
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut bytes)?;
            Ok(bytes.into())
        })
        .await
    }
}

#[async_trait]
impl Blobs for Files {
    fn window(&self) -> u64 {
        1
    }

    fn create(&self) -> Box<dyn Incoming> {
        Box::new(IncomingFile {
            directories: Arc::clone(&self.0),
            name: self.0.written.fetch_add(1, Ordering::Relaxed).to_string(),
            begun: None,
            finished: false,
        })
    }

    async fn open(&self, blob: &Blob) -> io::Result<Arc<dyn Opened>> {
        let (directories, path) = (Arc::clone(&self.0), path(blob));
        let file = blocking(move || directories.objects.open(path)).await?;
        Ok(Arc::new(OpenedFile(Arc::new(Mutex::new(file.into_std())))))
    }

    async fn may_delete(&self) -> bool {
        let directories = Arc::clone(&self.0);
        let held = blocking(move || Ok(directories.data.is_being_backed_up())).await;
        !held.unwrap_or(false)
    }

    async fn delete(&self, blobs: Vec<Blob>) -> io::Result<()> {
        let directories = Arc::clone(&self.0);
        blocking(move || blobs.iter().try_for_each(|blob| directories.delete(blob))).await
    }

    async fn tidy(&self) {
        let directories = Arc::clone(&self.0);
        let abandoned = std::mem::take(&mut *sync::lock(&self.0.abandoned));
        if abandoned.is_empty() {
            return;
        }
        let done = blocking(move || {
            // Some were never begun, and some have become a blob after all.
            abandoned.iter().for_each(|name| drop(directories.incoming.remove_file(name)));
            Ok(())
        });
        drop(done.await);
    }

    async fn older(&self) -> io::Result<Option<Vec<Blob>>> {
        let directories = Arc::clone(&self.0);
        blocking(move || directories.older()).await
    }
}
