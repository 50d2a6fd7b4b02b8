use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::SystemTime;

use lambent_files::{ErrorCode, IO_BYTES_MAX, Kind, Node, Stat, Vfs};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// The tree of one instance, which its descriptors and streams share.
///
/// What is open in a volume is worked with beside the tree, so that nobody waits for the tree
/// while another waits for the disk of the volume. Where others than the guest would wait too,
/// nobody waits for the tree at all: whoever has it may be waiting for the disk.
#[derive(Clone)]
pub(crate) struct Files {
    vfs: Arc<Mutex<Vfs>>,
    /// Steps that were taken and not yet charged.
    work: Arc<AtomicU64>,
    /// Whether there are volumes among them.
    has_volumes: bool,
}

/// Calls that may wait for a volume at once, of all instances: an eighth of the threads that the
/// executor has for what blocks. So those who wait for each other in one volume do not keep
/// everybody else from the disk. A call whose guest has ended counts until it is done.
static VOLUME_CALLS: Semaphore = Semaphore::const_new(64);

impl Files {
    pub(crate) fn new(vfs: Vfs, has_volumes: bool) -> Self {
        Self { vfs: Arc::new(Mutex::new(vfs)), work: Arc::default(), has_volumes }
    }

    /// Steps, of lookups and the like, since this was last called.
    pub(super) fn take_work(&self) -> u64 {
        self.work.swap(0, Ordering::Relaxed)
    }

    /// Does what blocks on a thread that may.
    async fn blocking<R: Send + 'static>(
        &self,
        action: impl FnOnce() -> Result<R, ErrorCode> + Send + 'static,
    ) -> Result<R, ErrorCode> {
        let permit = match self.has_volumes {
            true => Some(VOLUME_CALLS.acquire().await.map_err(|_| ErrorCode::Io)?),
            false => None,
        };
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            action()
        });
        done.await.unwrap_or(Err(ErrorCode::Io))
    }

    /// The tree, where that and what is done with it may wait.
    fn lock(&self) -> Locked<'_> {
        let mut vfs = self.vfs.lock().unwrap_or_else(PoisonError::into_inner);
        vfs.set_may_wait(true);
        Locked { vfs, work: &self.work }
    }

    /// The tree, for what does not wait: what would, is [`ErrorCode::WouldBlock`], and so is this
    /// while somebody else has the tree.
    fn try_lock(&self) -> Result<Locked<'_>, ErrorCode> {
        let mut vfs = match self.vfs.try_lock() {
            Ok(vfs) => vfs,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(ErrorCode::WouldBlock),
        };
        vfs.set_may_wait(false);
        Ok(Locked { vfs, work: &self.work })
    }

    /// Does what may wait for the disk, where that keeps nobody else waiting.
    pub(crate) async fn wait<R: Send + 'static>(
        &self,
        action: impl FnOnce(&mut Vfs) -> Result<R, ErrorCode> + Send + 'static,
    ) -> Result<R, ErrorCode> {
        let files = self.clone();
        self.blocking(move || action(&mut files.lock())).await
    }

    /// Does what waits for the disk only if it has to do with a volume, or if somebody else has
    /// the tree and does.
    pub(super) async fn quick<R: Send + 'static>(
        &self,
        mut action: impl FnMut(&mut Vfs) -> Result<R, ErrorCode> + Send + 'static,
    ) -> Result<R, ErrorCode> {
        let done = self.try_lock().and_then(|mut vfs| action(&mut vfs));
        match done {
            Err(ErrorCode::WouldBlock) => self.wait(action).await,
            done => done,
        }
    }

    pub(super) async fn stat(&self, node: &Node) -> Result<Stat, ErrorCode> {
        let Some(node) = node.in_volume().cloned() else {
            let node = node.clone();
            return self.quick(move |vfs| vfs.stat(&node)).await;
        };
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
            None if may_wait => self.lock().read(node, len, offset, true),
            None => self.try_lock()?.read(node, len, offset, false),
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
            None => self.lock().write(node, bytes, offset),
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
            None => {
                let node = node.clone();
                self.quick(move |vfs| vfs.set_times(&node, accessed, modified)).await
            }
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

/// The tree, while nobody else has it.
struct Locked<'a> {
    vfs: MutexGuard<'a, Vfs>,
    work: &'a AtomicU64,
}

impl Deref for Locked<'_> {
    type Target = Vfs;

    fn deref(&self) -> &Vfs {
        &self.vfs
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Vfs {
        &mut self.vfs
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.work.fetch_add(self.vfs.take_work(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc::{self, Receiver};
    use std::time::Duration;

    use futures::FutureExt as _;
    use lambent_files::{DiskBudget, Image, ScratchOptions};
    use tokio::sync::oneshot;

    use super::*;

    /// Longer than anything here takes that is not stuck.
    const STUCK: Duration = Duration::from_secs(20);

    fn files(has_volumes: bool) -> Files {
        let scratch = ScratchOptions {
            open: Arc::new(|| Err(std::io::Error::other("nothing is written"))),
            bytes_max: 0,
            metadata_bytes_max: 0,
            disk: Arc::new(DiskBudget::new(0)),
        };
        Files::new(Vfs::new(Arc::new(Image::new()), scratch), has_volumes)
    }

    /// Waits for the disk until it is let go, after it has said that it began; gives up by itself.
    fn stuck(
        began: oneshot::Sender<()>,
        until: Arc<Mutex<Receiver<()>>>,
    ) -> impl FnOnce() -> Result<bool, ErrorCode> + Send + 'static {
        move || {
            began.send(()).unwrap();
            let until = until.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(until.recv_timeout(STUCK) != Err(mpsc::RecvTimeoutError::Timeout))
        }
    }

    #[tokio::test]
    async fn a_call_takes_its_place_until_it_is_done_even_if_its_guest_is_gone() {
        let (let_go, until) = mpsc::channel();
        let until = Arc::new(Mutex::new(until));
        let all = VOLUME_CALLS.available_permits();
        for _ in 0..all {
            let (began, begins) = oneshot::channel();
            let (files, action) = (files(true), stuck(began, until.clone()));
            let call = tokio::spawn(async move { files.blocking(action).await });
            begins.await.unwrap();
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        assert_eq!(VOLUME_CALLS.available_permits(), 0);
        drop(let_go);
        let given_back = tokio::time::timeout(STUCK, VOLUME_CALLS.acquire_many(all as u32)).await;
        drop(given_back.unwrap());
    }

    #[tokio::test]
    async fn the_executor_never_waits_for_the_tree() {
        let files = files(false);
        let root = Vfs::root();
        let (let_go, until) = mpsc::channel();
        let (began, begins) = oneshot::channel();
        let action = stuck(began, Arc::new(Mutex::new(until)));
        let waiting = files.clone();
        let waiting = tokio::spawn(async move { waiting.wait(move |_| action()).await });
        begins.await.unwrap();
        let mut stat = pin!(files.stat(&root));
        assert!((&mut stat).now_or_never().is_none());
        let read = files.read_now(&root, 1, 0, false);
        assert_eq!(read.unwrap_err(), ErrorCode::WouldBlock);
        files.take_work();
        drop(let_go);
        assert!(waiting.await.unwrap().unwrap(), "it was let go only when it gave up");
        assert_eq!(stat.await.unwrap().kind, Kind::Directory);
    }
}
