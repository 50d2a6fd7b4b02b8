use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use lambent_types::Digest;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutPayload};
use tokio::sync::Mutex as AsyncMutex;

use crate::embedded::objects::blobs::{Blob, Blobs, Hasher, Incoming, Opened, blocking};
use crate::objects::rules;

/// Bytes sent at once; each is a part of S3's own multipart upload.
const PART: usize = 8 << 20;
/// Chunks fetched at once.
const WINDOW: u64 = 8;
/// Objects looked at in one go when looking for those that nobody needs.
const PAGE: usize = 500;
/// How far the clock of the store may be from ours.
const SKEW: Duration = Duration::from_secs(3600);

type Listing = BoxStream<'static, object_store::Result<ObjectMeta>>;

/// Blobs as objects of an S3, named by their ids. All below the prefix belongs
/// to one data directory.
pub(crate) struct Remote {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    opened: SystemTime,
    listing: AsyncMutex<Option<Listing>>,
    abandoned: Arc<Mutex<Vec<Box<dyn MultipartUpload>>>>,
}

impl Remote {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        let prefix = Path::from(prefix);
        let listing = AsyncMutex::new(Some(store.list(Some(&prefix))));
        let opened = SystemTime::now();
        Self { store, prefix, opened, listing, abandoned: Arc::default() }
    }

    fn path(&self, id: &str) -> Path {
        self.prefix.clone().join(id)
    }

    /// The blob of an object, if it is one of ours from before this process.
    fn older_blob(&self, meta: &ObjectMeta) -> Option<Blob> {
        let id = meta.location.filename()?;
        let ours = id.len() == 32 && id.bytes().all(|c| c.is_ascii_hexdigit());
        let seconds = u64::try_from(meta.last_modified.timestamp()).ok()?;
        let older = UNIX_EPOCH + Duration::from_secs(seconds) + SKEW < self.opened;
        let digest = Digest::from_bytes([0; 32]);
        (ours && older).then(|| Blob { id: id.to_owned(), digest, size: 0 })
    }
}

fn failed(error: object_store::Error) -> io::Error {
    match error {
        object_store::Error::NotFound { .. } => io::Error::new(ErrorKind::NotFound, error),
        error => io::Error::other(error),
    }
}

struct Sending {
    store: Arc<dyn ObjectStore>,
    abandoned: Arc<Mutex<Vec<Box<dyn MultipartUpload>>>>,
    id: io::Result<String>,
    prefix: Path,
    hasher: Hasher,
    waiting: VecDeque<Bytes>,
    filled: usize,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl Sending {
    fn path(&self) -> io::Result<(String, Path)> {
        let id = self.id.as_ref().map_err(|error| io::Error::other(error.to_string()))?;
        Ok((id.clone(), self.prefix.clone().join(id.as_str())))
    }

    async fn hash(&mut self, block: Vec<Bytes>) -> io::Result<()> {
        let mut hasher = std::mem::take(&mut self.hasher);
        self.filled += block.iter().map(Bytes::len).sum::<usize>();
        self.waiting.extend(block.iter().cloned());
        self.hasher = blocking(move || {
            block.iter().for_each(|bytes| hasher.update(bytes));
            Ok(hasher)
        })
        .await?;
        Ok(())
    }

    /// Takes exactly so many of the bytes that wait: some stores want parts of one size.
    fn take(&mut self, mut len: usize) -> PutPayload {
        let mut taken = Vec::new();
        self.filled -= len;
        while let Some(mut bytes) = self.waiting.pop_front() {
            if bytes.len() > len {
                taken.push(bytes.split_to(len));
                self.waiting.push_front(bytes);
                break;
            }
            len -= bytes.len();
            taken.push(bytes);
        }
        taken.into_iter().collect()
    }

    async fn send(&mut self, len: usize) -> io::Result<()> {
        let (_, path) = self.path()?;
        let payload = self.take(len);
        if self.upload.is_none() {
            self.upload = Some(self.store.put_multipart(&path).await.map_err(failed)?);
        }
        match &mut self.upload {
            Some(upload) => upload.put_part(payload).await.map_err(failed),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Incoming for Sending {
    async fn write(&mut self, block: Vec<Bytes>) -> io::Result<()> {
        self.hash(block).await?;
        while self.filled > PART {
            self.send(PART).await?;
        }
        Ok(())
    }

    async fn finish(&mut self, block: Vec<Bytes>) -> io::Result<(Blob, String)> {
        self.write(block).await?;
        let (id, path) = self.path()?;
        let hashed = std::mem::take(&mut self.hasher).finish();
        self.filled += hashed.list.len();
        self.waiting.push_back(hashed.list.into());
        if self.upload.is_none() {
            let payload = self.take(self.filled);
            self.store.put(&path, payload).await.map_err(failed)?;
        } else {
            self.send(self.filled).await?;
            if let Some(upload) = &mut self.upload {
                upload.complete().await.map_err(failed)?;
            }
            self.upload = None;
        }
        Ok((Blob { id, digest: hashed.digest, size: hashed.size }, hashed.etag))
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut abandoned = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
        abandoned.extend(self.upload.take());
    }
}

struct Remotely {
    store: Arc<dyn ObjectStore>,
    path: Path,
}

#[async_trait]
impl Opened for Remotely {
    async fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let wanted = range.end - range.start;
        let bytes = self.store.get_range(&self.path, range).await.map_err(failed)?;
        if bytes.len() as u64 == wanted { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

#[async_trait]
impl Blobs for Remote {
    fn window(&self) -> u64 {
        WINDOW
    }

    fn create(&self) -> Box<dyn Incoming> {
        Box::new(Sending {
            store: Arc::clone(&self.store),
            abandoned: Arc::clone(&self.abandoned),
            id: rules::random_id().map_err(io::Error::other),
            prefix: self.prefix.clone(),
            hasher: Hasher::default(),
            waiting: VecDeque::new(),
            filled: 0,
            upload: None,
        })
    }

    async fn open(&self, blob: &Blob) -> io::Result<Arc<dyn Opened>> {
        let (store, path) = (Arc::clone(&self.store), self.path(&blob.id));
        Ok(Arc::new(Remotely { store, path }))
    }

    async fn delete(&self, blobs: Vec<Blob>) -> io::Result<()> {
        let paths: Vec<_> = blobs.iter().map(|blob| Ok(self.path(&blob.id))).collect();
        let mut deleted = self.store.delete_stream(futures::stream::iter(paths).boxed());
        while let Some(deleted) = deleted.next().await {
            match deleted.map_err(failed) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    async fn tidy(&self) {
        let abandoned =
            std::mem::take(&mut *self.abandoned.lock().unwrap_or_else(PoisonError::into_inner));
        for mut upload in abandoned {
            if let Err(error) = upload.abort().await {
                tracing::warn!(%error, "cannot abort an upload to S3");
            }
        }
    }

    async fn older(&self) -> io::Result<Option<Vec<Blob>>> {
        let mut listing = self.listing.lock().await;
        let Some(objects) = listing.as_mut() else { return Ok(None) };
        let page: Vec<_> = objects.by_ref().take(PAGE).try_collect().await.map_err(failed)?;
        if page.len() < PAGE {
            *listing = None;
        }
        Ok(Some(page.iter().filter_map(|meta| self.older_blob(meta)).collect()))
    }
}
