use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use lambent_files::{ErrorCode, IO_BYTES_MAX, Kind, Node, Stat, Vfs};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// The tree of one instance, which its descriptors and streams share.
///
/// What is open in a volume is worked with beside the tree, so that nobody waits for the tree
/// while another waits for the disk of the volume.
#[derive(Clone)]
pub(crate) struct Files {
    vfs: Arc<Mutex<Vfs>>,
    /// Whether there are volumes among them.
    has_volumes: bool,
}

/// Calls that may wait for a volume at once, of all instances: an eighth of the threads that the
/// executor has for what blocks. So those who wait for each other in one volume do not keep
/// everybody else from the disk.
static VOLUME_CALLS: Semaphore = Semaphore::const_new(64);

impl Files {
    pub(crate) fn new(vfs: Vfs, has_volumes: bool) -> Self {
        Self { vfs: Arc::new(Mutex::new(vfs)), has_volumes }
    }

    /// Does what blocks on a thread that may.
    async fn blocking<R: Send + 'static>(
        &self,
        action: impl FnOnce() -> Result<R, ErrorCode> + Send + 'static,
    ) -> Result<R, ErrorCode> {
        let _permit = match self.has_volumes {
            true => Some(VOLUME_CALLS.acquire().await.map_err(|_| ErrorCode::Io)?),
            false => None,
        };
        tokio::task::spawn_blocking(action).await.unwrap_or(Err(ErrorCode::Io))
    }

    fn locked(&self, may_wait: bool) -> MutexGuard<'_, Vfs> {
        let mut vfs = self.vfs.lock().unwrap_or_else(PoisonError::into_inner);
        vfs.set_may_wait(may_wait);
        vfs
    }

    /// The tree, for what does not wait: what would, is [`ErrorCode::WouldBlock`].
    pub(super) fn lock(&self) -> MutexGuard<'_, Vfs> {
        self.locked(false)
    }

    /// Does what may wait for the disk, where that keeps nobody else waiting.
    pub(crate) async fn wait<R: Send + 'static>(
        &self,
        action: impl FnOnce(&mut Vfs) -> Result<R, ErrorCode> + Send + 'static,
    ) -> Result<R, ErrorCode> {
        let files = self.clone();
        self.blocking(move || action(&mut files.locked(true))).await
    }

    /// Does what waits for the disk only if it has to do with a volume.
    pub(super) async fn quick<R: Send + 'static>(
        &self,
        mut action: impl FnMut(&mut Vfs) -> Result<R, ErrorCode> + Send + 'static,
    ) -> Result<R, ErrorCode> {
        let done = action(&mut self.lock());
        match done {
            Err(ErrorCode::WouldBlock) => self.wait(action).await,
            done => done,
        }
    }

    pub(super) async fn stat(&self, node: &Node) -> Result<Stat, ErrorCode> {
        let Some(node) = node.in_volume().cloned() else { return self.lock().stat(node) };
        match node.stat(false) {
            Err(ErrorCode::WouldBlock) => self.blocking(move || node.stat(true)).await,
            found => found,
        }
    }

    /// Reads what there is; unless it may wait, only what is in memory.
    pub(super) fn read_now(
        &self,
        node: &Node,
        len: usize,
        offset: u64,
        may_wait: bool,
    ) -> Result<Vec<u8>, ErrorCode> {
        match node.in_volume() {
            Some(_) if node.kind() == Kind::Directory => Err(ErrorCode::IsDirectory),
            Some(node) => node.read_some(len, offset, may_wait),
            None => self.lock().read(node, len, offset, may_wait),
        }
    }

    pub(super) async fn read(
        &self,
        node: &Node,
        len: usize,
        offset: u64,
    ) -> Result<Vec<u8>, ErrorCode> {
        match self.read_now(node, len, offset, false) {
            Err(ErrorCode::WouldBlock) => self.read_waiting(node, len, offset).await,
            read => read,
        }
    }

    pub(super) async fn read_waiting(
        &self,
        node: &Node,
        len: usize,
        offset: u64,
    ) -> Result<Vec<u8>, ErrorCode> {
        let (files, node) = (self.clone(), node.clone());
        self.blocking(move || files.read_now(&node, len, offset, true)).await
    }

    /// Writes where it may wait.
    pub(super) fn write_now(
        &self,
        node: &Node,
        bytes: &[u8],
        offset: Option<u64>,
    ) -> Result<usize, ErrorCode> {
        match node.in_volume() {
            Some(node) => node.write(&bytes[..bytes.len().min(IO_BYTES_MAX)], offset),
            None => self.locked(true).write(node, bytes, offset),
        }
    }

    /// Begins what may wait for the disk, where that keeps nobody else waiting.
    pub(super) fn begin<R: Send + 'static>(
        &self,
        action: impl FnOnce(&Self) -> Result<R, ErrorCode> + Send + 'static,
    ) -> JoinHandle<Result<R, ErrorCode>> {
        let (own, files) = (self.clone(), self.clone());
        if self.has_volumes {
            tokio::spawn(async move { files.blocking(move || action(&own)).await })
        } else {
            tokio::task::spawn_blocking(move || action(&own))
        }
    }

    pub(super) async fn write(
        &self,
        node: &Node,
        bytes: Vec<u8>,
        offset: u64,
    ) -> Result<usize, ErrorCode> {
        let (files, node) = (self.clone(), node.clone());
        self.blocking(move || files.write_now(&node, &bytes, Some(offset))).await
    }

    pub(super) async fn set_size(&self, node: &Node, size: u64) -> Result<(), ErrorCode> {
        let node = node.clone();
        match node.in_volume().cloned() {
            Some(node) => self.blocking(move || node.set_size(size)).await,
            None => self.wait(move |vfs| vfs.set_size(&node, size)).await,
        }
    }

    pub(super) async fn set_times(
        &self,
        node: &Node,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), ErrorCode> {
        match node.in_volume().cloned() {
            Some(node) => self.blocking(move || node.set_times(accessed, modified)).await,
            None => self.lock().set_times(node, accessed, modified),
        }
    }

    /// Makes what was written durable, where anything outlives the instance.
    pub(super) async fn sync(&self, node: &Node) -> Result<(), ErrorCode> {
        match node.in_volume().cloned() {
            Some(node) => self.blocking(move || node.sync()).await,
            None => Ok(()),
        }
    }
}
