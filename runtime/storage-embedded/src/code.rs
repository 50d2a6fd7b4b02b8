use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::fs::Dir;
use lambent_types::Digest;

use crate::data_dir::DataDir;
use crate::data_dir::ensure_dir;
use crate::data_dir::private;
use crate::data_dir::sync_dir;
use crate::error::OpenError;
use crate::layout::CODE_DIR;
use crate::layout::INCOMING_DIR;
use lambent_storage::{CodeStore, OpenCode, Space, StorageError};

/// Components in `code/`.
pub(crate) struct EmbeddedCode {
    files: Arc<Files>,
    space: Arc<Space>,
    _data: DataDir,
}

struct Files {
    code: Dir,
    incoming: Dir,
    uploads: AtomicU64,
}

impl EmbeddedCode {
    pub(crate) fn open(data: &DataDir, space: Arc<Space>) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io {
            action: "open directory",
            path: data.path().join(CODE_DIR),
            source,
        };
        let code = data.subdir(CODE_DIR)?;
        let incoming = ensure_dir(&code, INCOMING_DIR).map_err(failed)?;
        // Uploads that a crash cut short.
        for entry in incoming.entries().map_err(failed)? {
            entry.and_then(|entry| entry.remove_file()).map_err(failed)?;
        }
        let files = Arc::new(Files { code, incoming, uploads: AtomicU64::new(0) });
        Ok(Self { files, space, _data: data.clone() })
    }

    async fn run<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Files) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let files = Arc::clone(&self.files);
        let result = tokio::task::spawn_blocking(move || work(&files)).await;
        result
            .map_err(|error| StorageError::unavailable(action, error))?
            .map_err(|error| StorageError::unavailable(action, error))
    }
}

/// The directory and the file of some code.
fn place(digest: Digest) -> (String, String) {
    let text = digest.to_string();
    (text[..2].to_owned(), format!("{text}.wasm"))
}

fn found<T>(result: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn damaged(digest: Digest) -> StorageError {
    StorageError::corrupt(format!("code {digest}"), "its bytes have another digest")
}

impl Files {
    fn put(&self, digest: Digest, code: &[u8]) -> std::io::Result<()> {
        let (directory, file) = place(digest);
        let directory = ensure_dir(&self.code, &directory)?;
        let kept = found(directory.read(&file))?;
        if kept.is_none_or(|kept| Digest::of(&kept) != digest) {
            let upload = self.uploads.fetch_add(1, Ordering::Relaxed).to_string();
            let written = self
                .write(&upload, code)
                .and_then(|()| self.incoming.rename(&upload, &directory, &file));
            if let Err(error) = written {
                let _ = self.incoming.remove_file(&upload);
                return Err(error);
            }
        }
        // Even if the file was there: whoever renamed it may not have got this far.
        sync_dir(&directory)?;
        sync_dir(&self.code)
    }

    fn write(&self, upload: &str, code: &[u8]) -> std::io::Result<()> {
        let mut options = private();
        let mut file = self.incoming.open_with(upload, options.write(true).create_new(true))?;
        file.write_all(code)?;
        file.sync_all()
    }

    fn get(&self, digest: Digest) -> std::io::Result<Option<Bytes>> {
        let (directory, file) = place(digest);
        Ok(found(self.code.read(Path::new(&directory).join(file)))?.map(Bytes::from))
    }

    /// A file, and whether it is intact.
    fn open(&self, digest: Digest) -> std::io::Result<Option<(std::fs::File, bool)>> {
        let (directory, name) = place(digest);
        let Some(file) = found(self.code.open(Path::new(&directory).join(name)))? else {
            return Ok(None);
        };
        let mut file = file.into_std();
        let intact = Digest::of_reader(&mut file)? == digest;
        Ok(Some((file, intact)))
    }

    fn list(&self) -> std::io::Result<Vec<Digest>> {
        let mut digests = Vec::new();
        for directory in self.code.entries()? {
            let directory = directory?;
            if directory.file_name() == INCOMING_DIR || !directory.file_type()?.is_dir() {
                continue;
            }
            for file in directory.open_dir()?.entries()? {
                let name = file?.file_name();
                let digest = name.to_str().and_then(|name| name.strip_suffix(".wasm"));
                // Whatever else someone put there is not ours to touch.
                digests.extend(digest.and_then(|digest| digest.parse::<Digest>().ok()));
            }
        }
        Ok(digests)
    }
}

#[async_trait]
impl CodeStore for EmbeddedCode {
    async fn put(&self, digest: Digest, code: Bytes) -> Result<(), StorageError> {
        self.space.check()?;
        self.run("write code", move |files| files.put(digest, &code)).await
    }

    async fn get(&self, digest: Digest) -> Result<Option<Bytes>, StorageError> {
        let read = self.run("read code", move |files| {
            let code = files.get(digest)?;
            let intact = code.as_ref().is_none_or(|code| Digest::of(code) == digest);
            Ok((code, intact))
        });
        match read.await? {
            (code, true) => Ok(code),
            (_, false) => Err(damaged(digest)),
        }
    }

    async fn open(&self, digest: Digest) -> Result<Option<OpenCode>, StorageError> {
        let opened = self.run("open code", move |files| files.open(digest));
        match opened.await? {
            Some((file, true)) => Ok(Some(OpenCode::File(file))),
            Some((_, false)) => Err(damaged(digest)),
            None => Ok(None),
        }
    }

    async fn contains(&self, digest: Digest) -> Result<bool, StorageError> {
        self.run("look for code", move |files| {
            let (directory, file) = place(digest);
            files.code.try_exists(Path::new(&directory).join(file))
        })
        .await
    }

    async fn delete(&self, digest: Digest) -> Result<(), StorageError> {
        self.run("delete code", move |files| {
            let (directory, file) = place(digest);
            found(files.code.remove_file(Path::new(&directory).join(file))).map(drop)
        })
        .await
    }

    async fn list(&self) -> Result<Vec<Digest>, StorageError> {
        self.run("list code", Files::list).await
    }
}
