use std::fmt;
use std::io;

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// One entry cannot be in a package.
    #[error("{entry} {fault}")]
    Entry {
        /// What the entry is called in the upload.
        entry: EntryName,
        /// What is wrong with it.
        fault: EntryFault,
    },
    /// The upload as a whole cannot be a package.
    #[error("{0}")]
    Archive(#[from] ArchiveFault),
    /// The upload, the scratch file or the output failed; the upload is not to blame.
    #[error("reading or writing failed: {0}")]
    Io(#[source] io::Error),
}

impl PackageError {
    pub(crate) fn entry(name: impl AsRef<[u8]>, fault: EntryFault) -> Self {
        Self::Entry { entry: EntryName::new(name.as_ref()), fault }
    }

    /// Takes back what was sent through a reader as an [`io::Error`], or says what `otherwise` makes of it.
    pub(crate) fn from_read(error: io::Error, otherwise: impl FnOnce(io::Error) -> Self) -> Self {
        error.downcast::<Self>().unwrap_or_else(otherwise)
    }
}

impl From<PackageError> for io::Error {
    fn from(error: PackageError) -> Self {
        Self::other(error)
    }
}

/// The name of an entry as it can be shown: escaped, and cut if it is very long.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryName(String);

/// Characters of a name that are shown.
const SHOWN_MAX: usize = 200;

impl EntryName {
    fn new(name: &[u8]) -> Self {
        let text = String::from_utf8_lossy(name);
        let mut shown: String = text.chars().take(SHOWN_MAX).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Self(shown)
    }

    /// The name, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EntryName {
    fn from(name: &str) -> Self {
        Self::new(name.as_bytes())
    }
}

impl From<&[u8]> for EntryName {
    fn from(name: &[u8]) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Debug for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// What is wrong with one entry; the text follows the entry's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// The name begins with `/` or a drive letter.
    #[error(
        "has an absolute name: pack it from inside its folder, as in `cd folder && zip -r ../package.zip .`"
    )]
    Absolute,
    /// The name has `..` in it.
    #[error("leads out of its folder by `..`: pack it from inside its folder")]
    Parent,
    /// The name has `.` between other names.
    #[error("has `.` in the middle of its name: pack it again, without")]
    Dot,
    /// The name has a backslash.
    #[error(
        "has a backslash in its name: pack it with a tool that puts / between names, or rename the file"
    )]
    Backslash,
    /// The name has a NUL.
    #[error("has a NUL in its name: rename it")]
    Nul,
    /// The name is not UTF-8.
    #[error("has a name that is not UTF-8: rename it, or pack it with a tool that writes UTF-8")]
    NotUtf8,
    /// The name is empty, or has nothing between two slashes.
    #[error("has an empty name, or nothing between two slashes of it: pack it again, without")]
    EmptyName,
    /// The name of a file ends in a slash.
    #[error("has a name of a directory, but bytes of a file: pack it again")]
    DirectoryWithBytes,
    /// A path of too many bytes.
    #[error("has a path of more than {max} bytes: shorten it")]
    PathTooLong {
        /// The limit.
        max: usize,
    },
    /// A name in the path of too many bytes.
    #[error("has a name of more than {max} bytes in its path: shorten it")]
    NameTooLong {
        /// The limit.
        max: usize,
    },
    /// A path of too many names.
    #[error("is more than {max} directories deep: move it up")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// A symbolic link.
    #[error(
        "is a symbolic link, which packages do not have: pack what it leads to (`zip` without -y, `tar` with -h)"
    )]
    SymbolicLink,
    /// A link in a folder that leads out of it.
    #[error("is a symbolic link that leads out of the folder: put what it leads to in its place")]
    LinkOutside,
    /// A link in a folder that leads nowhere.
    #[error("is a symbolic link that leads nowhere: remove it, or name it in .lambentignore")]
    BrokenLink,
    /// A link in a folder to a directory that it is in.
    #[error(
        "is a symbolic link to a directory that it is in: remove it, or name it in .lambentignore"
    )]
    LinkLoop,
    /// A hard link.
    #[error(
        "is a hard link, which packages do not have: pack it as a file (`tar` with --hard-dereference)"
    )]
    HardLink,
    /// A device, a pipe or a socket.
    #[error("is a device, a pipe or a socket, which packages do not have: leave it out")]
    Special,
    /// A sparse file of tar.
    #[error("is packed as a sparse file: pack it without (`tar` without -S)")]
    Sparse,
    /// A type of entry that tar programs have for other purposes.
    #[error(
        "is a tar entry of type {kind:?}, which packages do not have: pack files and directories only"
    )]
    UnknownType {
        /// The letter of the type.
        kind: char,
    },
    /// Two files of one name.
    #[error("is in the package twice: leave one out")]
    Duplicate,
    /// A file where the package has a directory, or the other way round.
    #[error("is both a file and a directory: rename one")]
    FileAndDirectory,
    /// A path that leads through a file.
    #[error("is in the directory {file}, which is a file: rename one")]
    FileAsDirectory {
        /// The file.
        file: EntryName,
    },
    /// A name that on many systems is the same as another.
    #[error("differs from {other} by case only, which many file systems cannot hold: rename one")]
    CaseClash {
        /// The other one.
        other: EntryName,
    },
    /// Needs a password.
    #[error("is encrypted: pack it without a password")]
    Encrypted,
    /// Neither stored nor deflated.
    #[error(
        "is compressed by method {method}: pack it with the usual one, deflate, or without compression"
    )]
    Method {
        /// The method's number, and its name where it has one.
        method: String,
    },
    /// Bytes that are also those of another entry.
    #[error("has its bytes in the place of {other}'s, as zip bombs do: pack it again")]
    Overlap {
        /// The other one.
        other: EntryName,
    },
    /// What the central directory of a zip says differs from what is in front of the bytes.
    #[error(
        "has another {what} in the zip's central directory than in front of its bytes: pack it again"
    )]
    Disagreement {
        /// Which of them.
        what: &'static str,
    },
    /// Two names, of which programs choose differently.
    #[error("has a second, different name in an extra field or header: pack it again")]
    TwoNames,
    /// Two sizes, of which programs choose differently.
    #[error("has a second, different size in its extended header: pack it again")]
    TwoSizes,
    /// An extended header of tar that cannot be read, or is in the wrong place.
    #[error("has a damaged extended header: pack it again")]
    ExtendedHeader,
    /// Fewer or other bytes than were said.
    #[error("has not the size that was said of it: the upload is damaged, pack it again")]
    Size,
    /// Compressed data that is not.
    #[error("cannot be decompressed: the upload is damaged, pack it again")]
    Deflate,
    /// The checksum is that of other bytes.
    #[error("has another checksum than its bytes: the upload is damaged, pack it again")]
    Checksum,
}

/// What is wrong with an upload as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFault {
    /// More than may be uploaded.
    #[error(
        "the package has more than {max} bytes: leave out what the function does not need, or use a layer"
    )]
    UploadTooLarge {
        /// The limit.
        max: u64,
    },
    /// More than a package may have.
    #[error(
        "the package has more than {max} bytes when it is unpacked: leave out what the function does not need"
    )]
    UnpackedTooLarge {
        /// The limit.
        max: u64,
    },
    /// Too many files and directories.
    #[error(
        "the package has more than {max} files and directories: leave out what the function does not need"
    )]
    TooManyEntries {
        /// The limit.
        max: usize,
    },
    /// Names that take too much.
    #[error("the paths in the package have more than {max} bytes together: shorten them")]
    PathsTooLong {
        /// The limit.
        max: usize,
    },
    /// No file at all.
    #[error("the package has no files: pack those that the function runs on")]
    Empty,
    /// Not one of the formats.
    #[error("the package is neither zip nor tar nor tar.gz{}: pack it as one of these", looks_like(.0))]
    UnknownFormat(Option<&'static str>),
    /// A zip whose structure is damaged.
    #[error("the zip is damaged or cut off ({0}): pack it or send it again")]
    Zip(String),
    /// Bytes in front of a zip.
    #[error("the zip does not begin with its first entry: remove the {bytes} bytes in front of it")]
    Prefix {
        /// How many.
        bytes: u64,
    },
    /// Bytes after a zip.
    #[error("there are {bytes} bytes after the zip's end: remove them")]
    Suffix {
        /// How many.
        bytes: u64,
    },
    /// Bytes that belong to no entry.
    #[error(
        "the zip has {bytes} bytes at {offset} that belong to none of its entries: pack it again"
    )]
    Gap {
        /// Where they begin.
        offset: u64,
        /// How many.
        bytes: u64,
    },
    /// A tar that is damaged.
    #[error("the tar is damaged ({0}): pack it or send it again")]
    Tar(String),
    /// A tar without its end.
    #[error("the tar is cut off: send it again, whole")]
    TarCutOff,
    /// Something after a tar's end.
    #[error("there is data after the tar's end: remove it, or join archives by unpacking them")]
    TarSuffix,
    /// A gzip that is damaged.
    #[error("the gzip is damaged or cut off: send it again, whole")]
    Gzip,
    /// A gzip of very many parts.
    #[error("the gzip has more than {max} members: compress it again, in one")]
    GzipMembers {
        /// The limit.
        max: usize,
    },
    /// Something after a gzip's end.
    #[error("there is data after the gzip's end: remove it")]
    GzipSuffix,
    /// A blob that is no package as [`crate::Builder`] writes them.
    #[error("not a package in its canonical form: {0}")]
    NotCanonical(&'static str),
}

fn looks_like(format: &Option<&'static str>) -> String {
    format.map(|format| format!(" (it looks like {format})")).unwrap_or_default()
}
