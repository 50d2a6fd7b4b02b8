use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(unix)]
use cap_std::fs::OpenOptionsExt as _;
use cap_std::fs::{Dir, OpenOptions};
use hmac::{Hmac, KeyInit, Mac};
use lambent_types::Digest;
use sha2::Sha256;
use wasmtime::component::Component;

/// Compiled code on disk whose origin has been proven.
///
/// Loading forged machine code is giving away the process, so the only way to
/// get one is through an [`ArtifactCache`], which checks a keyed MAC over every
/// byte. The open file is kept: what is mapped later is what was checked.
#[derive(Debug, Clone)]
pub struct Artifact(pub(crate) Arc<File>);

impl Artifact {
    /// Maps it into memory.
    #[cfg(target_os = "linux")]
    pub(crate) fn map(&self, engine: &wasmtime::Engine) -> wasmtime::Result<Component> {
        use std::os::fd::AsRawFd as _;
        // The open file, not a path: what was authenticated is what is mapped.
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        // SAFETY: an `Artifact` is a file whose MAC was checked, in a directory
        // only this node writes to, and which is replaced but never modified.
        unsafe { Component::deserialize_file(engine, path) }
    }

    /// Reads it into memory, where no path leads to an open file.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn map(&self, engine: &wasmtime::Engine) -> wasmtime::Result<Component> {
        let code = self.read()?;
        // SAFETY: as above.
        unsafe { Component::deserialize(engine, code) }
    }

    /// All of the open file.
    #[cfg(any(test, not(target_os = "linux")))]
    fn read(&self) -> io::Result<Vec<u8>> {
        use std::io::{Seek as _, SeekFrom};
        /// All that read the file have one position in it.
        static READING: Mutex<()> = Mutex::new(());
        let _reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, mut code) = (&*self.0, Vec::new());
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut code)?;
        Ok(code)
    }
}

/// A directory of artifacts, named by the digest of their source and by what
/// the engine's code generation looks like.
#[derive(Debug)]
pub struct ArtifactCache {
    dir: Dir,
    key: [u8; 32],
    compatibility: String,
    kept_max: usize,
    verified: Mutex<HashMap<Digest, Artifact>>,
    /// Held while files are replaced: the same component may be compiled twice
    /// at once, and code and MAC must be of one writer.
    writing: Mutex<()>,
}

/// Why an artifact cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file system failed.
    #[error("artifact file: {0}")]
    Io(#[from] io::Error),
    /// The file is not what this cache wrote: damaged, or put there by another.
    #[error("artifact of {0} does not carry this node's MAC")]
    Forged(Digest),
}

impl ArtifactCache {
    /// Opens a cache for the artifacts of an engine of this
    /// [`compatibility`](crate::Engine::compatibility).
    ///
    /// At most `kept_max` verified files stay open; those beyond are verified
    /// again each time they are needed.
    #[must_use]
    pub fn new(dir: Dir, key: [u8; 32], compatibility: String, kept_max: usize) -> Self {
        let (verified, writing) = Default::default();
        Self { dir, key, compatibility, kept_max, verified, writing }
    }

    /// The artifact of a source, authenticated once per process as long as
    /// there is room to keep it open.
    ///
    /// # Errors
    /// `Forged`: recompile and [`put`](Self::put) it again. `Io`: as reported.
    pub fn get(&self, source: Digest) -> Result<Option<Artifact>, ArtifactError> {
        if let Some(artifact) = self.lock().get(&source) {
            return Ok(Some(artifact.clone()));
        }
        let Some(expected) = self.read_mac(source)? else { return Ok(None) };
        let mut file = match self.dir.open(self.code_name(source)) {
            Ok(file) => file.into_std(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut mac = self.mac(source);
        let mut chunk = vec![0; 256 << 10];
        loop {
            match file.read(&mut chunk)? {
                0 => break,
                read => mac.update(&chunk[..read]),
            }
        }
        mac.verify_slice(&expected).map_err(|_| ArtifactError::Forged(source))?;
        Ok(Some(self.keep(source, file)))
    }

    /// Writes an artifact, replacing what was there, and keeps it open.
    ///
    /// # Errors
    /// The file system failed; what was there before is still there.
    pub fn put(&self, source: Digest, code: &[u8]) -> Result<Artifact, ArtifactError> {
        let mut mac = self.mac(source);
        mac.update(code);
        let mac = mac.finalize().into_bytes();
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.write(&self.code_name(source), code)?;
        self.write(&self.mac_name(source), &mac)?;
        Ok(self.keep(source, file))
    }

    /// Removes the artifact of a source, if there is one.
    pub fn remove(&self, source: Digest) {
        self.lock().remove(&source);
        for name in [self.mac_name(source), self.code_name(source)] {
            match self.dir.remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, name, "could not remove an artifact");
                }
                _ => {}
            }
        }
    }

    /// Removes what other versions of the engine left here.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn remove_incompatible(&self) -> io::Result<()> {
        for entry in self.dir.entries()? {
            let name = entry?.file_name();
            let name_text = name.to_str().unwrap_or_default();
            // What a crash left half-written is of no use either.
            let ours = name_text.contains(&self.compatibility) && !name_text.ends_with(".new");
            if !ours {
                self.dir.remove_file(&name)?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Artifact>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, source: Digest, file: File) -> Artifact {
        let artifact = Artifact(Arc::new(file));
        let mut verified = self.lock();
        if verified.len() < self.kept_max || verified.contains_key(&source) {
            verified.insert(source, artifact.clone());
        }
        artifact
    }

    fn mac(&self, source: Digest) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of 32 bytes");
        mac.update(self.compatibility.as_bytes());
        mac.update(source.as_bytes());
        mac
    }

    fn read_mac(&self, source: Digest) -> io::Result<Option<Vec<u8>>> {
        match self.dir.read(self.mac_name(source)) {
            Ok(mac) => Ok(Some(mac)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<File> {
        let temporary = format!("{name}.new");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = self.dir.open_with(&temporary, &options)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        self.dir.rename(&temporary, &self.dir, name)?;
        Ok(file.into_std())
    }

    fn code_name(&self, source: Digest) -> String {
        format!("{source}-{}.cwasm", self.compatibility)
    }

    fn mac_name(&self, source: Digest) -> String {
        format!("{source}-{}.mac", self.compatibility)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(path: &std::path::Path, key: u8) -> ArtifactCache {
        let dir = Dir::open_ambient_dir(path, cap_std::ambient_authority()).unwrap();
        ArtifactCache::new(dir, [key; 32], "c0ffee".into(), 10)
    }

    #[test]
    fn only_what_this_key_wrote_is_ever_given_out() {
        let dir = tempfile::tempdir().unwrap();
        let source = Digest::of(b"source");
        assert!(cache(dir.path(), 1).get(source).unwrap().is_none());
        cache(dir.path(), 1).put(source, b"machine code").unwrap();
        assert!(cache(dir.path(), 1).get(source).unwrap().is_some());
        assert!(matches!(cache(dir.path(), 2).get(source), Err(ArtifactError::Forged(_))));

        let file = dir.path().join(format!("{source}-c0ffee.cwasm"));
        for position in 0..b"machine code".len() {
            let mut bytes = b"machine code".to_vec();
            bytes[position] ^= 1;
            std::fs::write(&file, bytes).unwrap();
            assert!(matches!(cache(dir.path(), 1).get(source), Err(ArtifactError::Forged(_))));
        }
    }

    #[test]
    fn what_was_checked_can_be_read_as_often_as_it_is_needed() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, source) = (cache(dir.path(), 1), Digest::of(b"source"));
        let artifact = cache.put(source, b"machine code").unwrap();
        cache.remove(source);
        for _ in 0..2 {
            assert_eq!(artifact.read().unwrap(), b"machine code");
        }
    }

    #[test]
    fn the_same_component_may_be_written_from_many_sides() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, source) = (cache(dir.path(), 1), Digest::of(b"source"));
        std::thread::scope(|scope| {
            for writer in 0..8_u8 {
                let cache = &cache;
                scope.spawn(move || {
                    for _ in 0..10 {
                        cache.put(source, &[writer; 1000]).unwrap();
                    }
                });
            }
        });
        assert!(self::cache(dir.path(), 1).get(source).unwrap().is_some());
    }

    #[test]
    fn artifacts_of_other_engines_are_cleared() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("00-old.cwasm"), b"x").unwrap();
        std::fs::write(dir.path().join("00-c0ffee.cwasm.new"), b"x").unwrap();
        let cache = cache(dir.path(), 1);
        let source = Digest::of(b"source");
        cache.put(source, b"code").unwrap();
        cache.remove_incompatible().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        cache.remove(source);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
