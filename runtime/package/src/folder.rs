//! Packs a folder, for clients.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use ignore::{DirEntry, WalkBuilder};
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, ErrorKind, ZipArchiveWriter};

use crate::content;
use crate::error::{ArchiveFault, EntryFault, PackageError};
use crate::limits::Limits;
use crate::path;
use crate::tree::Tree;

/// The file that says what is left out, in the syntax of `.gitignore`; also in directories below.
pub const IGNORE_FILE: &str = ".lambentignore";

/// What is never packed: versions, what interpreters keep for themselves, environments, whose
/// programs are for another machine, and what is for whoever deploys, which may be secret.
const SKIPPED: [&str; 7] =
    [".git", "__pycache__", ".venv", ".lambent", "lambent.env", "lambent.toml", IGNORE_FILE];

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// How many files.
    pub files: usize,
    /// Their bytes.
    pub unpacked_bytes: u64,
    /// Bytes of the zip.
    pub bytes: u64,
}

/// Writes the files of a folder as a zip, which depends on nothing but their paths and bytes.
///
/// `.git`, `__pycache__`, `.venv`, `node_modules/.cache`, `.lambent`, `lambent.toml`, `lambent.env`
/// and what a [`IGNORE_FILE`] names are left out. Symbolic links are followed as long as they stay inside of the folder.
///
/// # Errors
/// A file cannot be in a package, a limit is exceeded, there are no files, or reading or writing failed.
pub fn pack(folder: &Path, out: &mut dyn Write, limits: &Limits) -> Result<Packed, PackageError> {
    let files = files(folder, limits)?;
    if files.is_empty() {
        return Err(ArchiveFault::Empty.into());
    }
    let mut counted = Counted { out, bytes: 0, max: limits.uploaded_bytes };
    let mut archive = ZipArchiveWriter::new(&mut counted);
    let mut unpacked_bytes = 0;
    for (path, from) in &files {
        let left = limits.unpacked_bytes - unpacked_bytes;
        unpacked_bytes += add(&mut archive, path, from, left, limits)?;
    }
    archive.finish().map_err(unwritten)?;
    counted.flush().map_err(PackageError::Io)?;
    Ok(Packed { files: files.len(), unpacked_bytes, bytes: counted.bytes })
}

/// Adds a file; returns how many bytes it had, of which no more than `left` may be.
fn add<W: Write>(
    archive: &mut ZipArchiveWriter<W>,
    path: &str,
    from: &Path,
    left: u64,
    limits: &Limits,
) -> Result<u64, PackageError> {
    let unread = |error| unread(from, &error);
    let mut file = File::open(from).map_err(unread)?;
    let entry = archive
        .new_file(EntryPath::conformant(path))
        .compression_method(CompressionMethod::DEFLATE)
        .unix_permissions(0o644);
    let (mut entry, config) = entry.start().map_err(unwritten)?;
    let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
    // One more than allowed, which shows that it is too much.
    let mut file = (&mut file).take(left.saturating_add(1));
    let bytes = content::copy(&mut file, &mut content::buffer(), |chunk| {
        writer.write_all(chunk).map_err(|error| PackageError::from_read(error, PackageError::Io))
    });
    let bytes = match bytes {
        Err(PackageError::Io(error)) => return Err(unread(error)),
        bytes => bytes?,
    };
    if bytes > left {
        return Err(ArchiveFault::UnpackedTooLarge { max: limits.unpacked_bytes }.into());
    }
    let (encoder, descriptor) = writer.finish().map_err(unwritten)?;
    encoder.finish().map_err(|error| PackageError::from_read(error, PackageError::Io))?;
    entry.finish(descriptor).map_err(unwritten)?;
    Ok(bytes)
}

/// The walk through what of a folder would be packed, its directories included.
#[must_use]
pub fn walk(folder: &Path) -> WalkBuilder {
    let mut walk = WalkBuilder::new(folder);
    walk.standard_filters(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .follow_links(true)
        .filter_entry(|entry| entry.depth() == 0 || !is_skipped(entry));
    walk
}

/// The files of a folder that would be packed, with their paths in it, in the order of these.
///
/// # Errors
/// As of [`pack`], but for what is in the files.
pub fn files(folder: &Path, limits: &Limits) -> Result<Vec<(String, PathBuf)>, PackageError> {
    let inside = folder.canonicalize().map_err(|error| unread(folder, &error))?;
    let mut tree = Tree::new();
    let mut files = Vec::new();
    for entry in walk(folder).build() {
        let entry = entry.map_err(|error| unwalked(folder, &error))?;
        if let Some(error) = entry.error() {
            let at = entry.path().join(IGNORE_FILE);
            return Err(PackageError::Io(io::Error::other(format!("{}: {error}", at.display()))));
        }
        if entry.depth() == 0 {
            continue;
        }
        let path = relative(folder, entry.path(), limits)?;
        let wrong = |fault| PackageError::entry(&path, fault);
        if entry.path_is_symlink() {
            let target = entry.path().canonicalize().map_err(|_| wrong(EntryFault::BrokenLink))?;
            if !target.starts_with(&inside) {
                return Err(wrong(EntryFault::LinkOutside));
            }
        }
        let kind = entry.file_type();
        if kind.is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        if !kind.is_some_and(|kind| kind.is_file()) {
            return Err(wrong(EntryFault::Special));
        }
        tree.add(&path, false, limits)?;
        files.push((path, entry.into_path()));
    }
    files.sort();
    Ok(files)
}

fn is_skipped(entry: &DirEntry) -> bool {
    let Some(name) = entry.file_name().to_str() else { return false };
    let parent = entry.path().parent().and_then(Path::file_name);
    let cache = name == ".cache" && parent.is_some_and(|parent| parent == "node_modules");
    cache || SKIPPED.contains(&name) || path::is_litter(name)
}

/// The path in the package of what is at `at`.
fn relative(folder: &Path, at: &Path, limits: &Limits) -> Result<String, PackageError> {
    let below = at.strip_prefix(folder).unwrap_or(at);
    let wrong = |fault| PackageError::entry(below.to_string_lossy().as_bytes(), fault);
    let path = below.to_str().ok_or_else(|| wrong(EntryFault::NotUtf8))?;
    let read = path::read(path.as_bytes(), limits).map_err(wrong)?;
    Ok(read.path.to_owned())
}

/// What an error of the walk is about.
fn unwalked(folder: &Path, error: &ignore::Error) -> PackageError {
    let missing = |error: &ignore::Error| {
        error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    match error {
        ignore::Error::Loop { child, .. } => link_fault(folder, child, EntryFault::LinkLoop),
        ignore::Error::WithPath { path, .. } if missing(error) && path.is_symlink() => {
            link_fault(folder, path, EntryFault::BrokenLink)
        }
        ignore::Error::WithDepth { err, .. } => unwalked(folder, err),
        ignore::Error::WithPath { err, .. } if !err.is_io() => unwalked(folder, err),
        _ => PackageError::Io(io::Error::other(error.to_string())),
    }
}

fn link_fault(folder: &Path, link: &Path, fault: EntryFault) -> PackageError {
    let below = link.strip_prefix(folder).unwrap_or(link);
    PackageError::entry(below.to_string_lossy().as_bytes(), fault)
}

fn unread(path: &Path, error: &io::Error) -> PackageError {
    PackageError::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn unwritten(error: rawzip::Error) -> PackageError {
    let text = error.to_string();
    match error.into_kind() {
        ErrorKind::IO(error) => PackageError::from_read(error, PackageError::Io),
        _ => PackageError::Io(io::Error::other(text)),
    }
}

/// Writes no more than may be uploaded.
struct Counted<'o> {
    out: &'o mut dyn Write,
    bytes: u64,
    max: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.out.write(buffer)?;
        self.bytes += written as u64;
        if self.bytes > self.max {
            return Err(PackageError::from(ArchiveFault::UploadTooLarge { max: self.max }).into());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
