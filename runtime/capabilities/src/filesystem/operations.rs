//! What `wasi:filesystem` does, whichever version of it a guest calls.

use std::time::SystemTime;

use lambent_engine::wasmtime::component::{Resource, ResourceTableError};
use lambent_engine::{Host, cost, wasmtime};
use lambent_files::{ErrorCode, IO_BYTES_MAX, Kind, OpenFlags, Stat, Vfs};

use super::{Files, Open};
use crate::ctx::Ctx;

/// Entries of a directory that are read at a time.
const ENTRIES_AHEAD: usize = 32;
/// What making something durable costs beside its waiting: about what the kernel works for it.
const SYNC_COST: u64 = 50_000;

/// The number of a descriptor in the guest's table of resources.
pub(super) type Descriptor = u32;

/// Who calls: what gives the host, which others may have between two uses.
pub(super) trait Caller {
    /// Uses the host.
    fn with<R>(&mut self, action: impl FnOnce(&mut Host<Ctx>) -> R) -> R;
}

/// Why a call does not do what it is asked to.
pub(super) enum Failure {
    /// The guest is told.
    Told(ErrorCode),
    /// The guest ends: it has too many resources, or uses one that it has not.
    Trap(wasmtime::Error),
}

impl From<ErrorCode> for Failure {
    fn from(error: ErrorCode) -> Self {
        Self::Told(error)
    }
}

/// For a call that has no way to tell the guest.
impl From<Failure> for wasmtime::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Told(error) => error.into(),
            Failure::Trap(error) => error,
        }
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl Open {
    /// The next entries of a directory, which follow a name; none at its end.
    pub(super) async fn entries(
        &self,
        last: Option<String>,
    ) -> Result<Vec<(String, Kind)>, ErrorCode> {
        let node = self.node.clone();
        self.files.quick(move |vfs| vfs.entries(&node, last.as_deref(), ENTRIES_AHEAD)).await
    }
}

type Done<R> = Result<R, Failure>;

/// What a descriptor is of. wasmtime's type of descriptors stands in the generated
/// signatures; what is in the table under its number is ours.
pub(super) fn open(caller: &mut impl Caller, descriptor: Descriptor) -> Done<Open> {
    let open = Resource::<Open>::new_borrow(descriptor);
    Ok(caller.with(|host| host.table().get(&open).cloned())?)
}

/// Gives the guest a descriptor.
pub(super) fn push(caller: &mut impl Caller, open: Open) -> Done<Descriptor> {
    Ok(caller.with(|host| host.table().push(open))?.rep())
}

/// Takes a descriptor that the guest has no more use for.
pub(super) fn close(caller: &mut impl Caller, descriptor: Descriptor) -> Done<()> {
    let open = Resource::<Open>::new_own(descriptor);
    caller.with(|host| host.table().delete(open))?;
    Ok(())
}

/// What a guest is given to begin with: one directory, `/`.
pub(super) fn preopen(caller: &mut impl Caller) -> Done<Option<(Descriptor, String)>> {
    let Some(files) = caller.with(Files::of) else { return Ok(None) };
    let root = push(caller, Open { files, node: Vfs::root(), write: false })?;
    Ok(Some((root, "/".to_owned())))
}

/// Charges the steps that the tree has taken since, and whatever was moved.
fn charged<R>(
    caller: &mut impl Caller,
    files: &Files,
    result: Result<R, ErrorCode>,
) -> Result<R, ErrorCode> {
    let steps = files.take_work();
    caller.with(|host| host.charge(steps.saturating_mul(cost::ITEM)));
    result
}

fn charge_bytes(caller: &mut impl Caller, bytes: usize) {
    caller.with(|host| host.charge(cost::bytes(bytes)));
}

/// What is at a path, to be looked at only.
pub(super) async fn at(
    caller: &mut impl Caller,
    descriptor: Descriptor,
    path: String,
) -> Done<Open> {
    charge_bytes(caller, path.len());
    let Open { files, node, .. } = open(caller, descriptor)?;
    let found = files.quick(move |vfs| vfs.lookup(&node, &path)).await;
    let node = charged(caller, &files, found)?;
    Ok(Open { files, node, write: false })
}

/// What is known of a file or directory.
pub(super) async fn stat(caller: &mut impl Caller, open: &Open) -> Done<Stat> {
    let found = open.files.stat(&open.node).await;
    Ok(charged(caller, &open.files, found)?)
}

/// A file that may be read.
pub(super) fn readable(caller: &mut impl Caller, descriptor: Descriptor) -> Done<Open> {
    let open = open(caller, descriptor)?;
    match open.node.kind() {
        Kind::Directory => Err(ErrorCode::IsDirectory.into()),
        Kind::File => Ok(open),
    }
}

/// A file that may be written.
pub(super) fn writable(caller: &mut impl Caller, descriptor: Descriptor) -> Done<Open> {
    let open = readable(caller, descriptor)?;
    match open.write {
        true => Ok(open),
        false => Err(ErrorCode::NotPermitted.into()),
    }
}

/// A directory that may be listed.
pub(super) fn listable(caller: &mut impl Caller, descriptor: Descriptor) -> Done<Open> {
    let open = open(caller, descriptor)?;
    match open.node.kind() {
        Kind::Directory => Ok(open),
        Kind::File => Err(ErrorCode::NotDirectory.into()),
    }
}

/// Takes note of how a file will be read, of which nothing is made.
pub(super) fn advise(caller: &mut impl Caller, descriptor: Descriptor) -> Done<()> {
    match open(caller, descriptor)?.node.kind() {
        Kind::File => Ok(()),
        Kind::Directory => Err(ErrorCode::BadDescriptor.into()),
    }
}

/// Makes what was written durable, where anything outlives the instance.
pub(super) async fn sync(caller: &mut impl Caller, descriptor: Descriptor) -> Done<()> {
    let Open { files, node, .. } = open(caller, descriptor)?;
    if node.in_volume().is_some() {
        caller.with(|host| host.charge(SYNC_COST));
    }
    let synced = files.sync(&node).await;
    Ok(charged(caller, &files, synced)?)
}

/// Cuts a file, or lets it end in zeroes.
pub(super) async fn set_size(
    caller: &mut impl Caller,
    descriptor: Descriptor,
    size: u64,
) -> Done<()> {
    let Open { files, node, .. } = writable(caller, descriptor)?;
    let set = files.set_size(&node, size).await;
    Ok(charged(caller, &files, set)?)
}

/// Changes when something was read and written.
pub(super) async fn set_times(
    caller: &mut impl Caller,
    open: &Open,
    accessed: Option<SystemTime>,
    modified: Option<SystemTime>,
) -> Done<()> {
    let set = open.files.set_times(&open.node, accessed, modified).await;
    Ok(charged(caller, &open.files, set)?)
}

/// Reads a file at an offset; no bytes at its end.
pub(super) async fn read(
    caller: &mut impl Caller,
    descriptor: Descriptor,
    len: u64,
    offset: u64,
) -> Done<Vec<u8>> {
    let Open { files, node, .. } = open(caller, descriptor)?;
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let read = files.read(&node, len, offset).await;
    let bytes = charged(caller, &files, read)?;
    charge_bytes(caller, bytes.len());
    Ok(bytes)
}

/// Writes a file at an offset; returns how many of the bytes it wrote.
pub(super) async fn write(
    caller: &mut impl Caller,
    descriptor: Descriptor,
    mut bytes: Vec<u8>,
    offset: u64,
) -> Done<u64> {
    charge_bytes(caller, bytes.len());
    let Open { files, node, .. } = writable(caller, descriptor)?;
    bytes.truncate(IO_BYTES_MAX);
    let written = files.write(&node, bytes, offset).await;
    Ok(charged(caller, &files, written)? as u64)
}

/// The next entries of a directory, which follow a name; none at its end.
pub(super) async fn entries(
    caller: &mut impl Caller,
    open: &Open,
    last: Option<String>,
) -> Done<Vec<(String, Kind)>> {
    let found = open.entries(last).await;
    let entries = charged(caller, &open.files, found)?;
    charge_bytes(caller, entries.iter().map(|(name, _)| name.len()).sum());
    Ok(entries)
}

/// Makes a directory.
pub(super) async fn create_directory(
    caller: &mut impl Caller,
    descriptor: Descriptor,
    path: String,
) -> Done<()> {
    charge_bytes(caller, path.len());
    let Open { files, node, .. } = open(caller, descriptor)?;
    let created = files.quick(move |vfs| vfs.create_directory(&node, &path)).await;
    Ok(charged(caller, &files, created)?)
}

/// There are no links of either kind (ADR 0039).
pub(super) fn link() -> Done<()> {
    Err(ErrorCode::NotPermitted.into())
}

/// What is there is no link.
pub(super) async fn read_link(
    caller: &mut impl Caller,
    descriptor: Descriptor,
    path: String,
) -> Done<String> {
    at(caller, descriptor, path).await?;
    Err(ErrorCode::Invalid.into())
}

/// Opens a file or directory.
pub(super) async fn open_at(
    caller: &mut impl Caller,
    descriptor: Descriptor,
    path: String,
    how: OpenFlags,
) -> Done<Descriptor> {
    charge_bytes(caller, path.len());
    let Open { files, node, .. } = open(caller, descriptor)?;
    let opened = if how.truncate {
        files.wait(move |vfs| vfs.open(&node, &path, how)).await
    } else {
        files.quick(move |vfs| vfs.open(&node, &path, how)).await
    };
    let node = charged(caller, &files, opened)?;
    push(caller, Open { files, node, write: how.write })
}

/// Removes the name of a file, or an empty directory.
pub(super) async fn remove(
    caller: &mut impl Caller,
    descriptor: Descriptor,
    path: String,
    kind: Kind,
) -> Done<()> {
    charge_bytes(caller, path.len());
    let Open { files, node, .. } = open(caller, descriptor)?;
    let removed = files.wait(move |vfs| vfs.remove(&node, &path, kind)).await;
    Ok(charged(caller, &files, removed)?)
}

/// Gives a file or directory another name.
pub(super) async fn rename(
    caller: &mut impl Caller,
    (from, old): (Descriptor, String),
    (to, new): (Descriptor, String),
) -> Done<()> {
    charge_bytes(caller, old.len() + new.len());
    let Open { files, node, .. } = open(caller, from)?;
    let to = open(caller, to)?.node;
    let renamed = files.wait(move |vfs| vfs.rename(&node, &old, &to, &new)).await;
    Ok(charged(caller, &files, renamed)?)
}
