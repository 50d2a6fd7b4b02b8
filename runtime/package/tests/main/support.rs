//! Archives made by hand, so that each of their fields can be wrong.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use lambent_package::{ArchiveFault, Blob, Builder, EntryFault, Index, Limits, PackageError};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn files<const N: usize>(files: [(&str, &[u8]); N]) -> Files {
    files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}

/// Makes a package of an upload.
pub(crate) fn package(upload: &[u8], limits: Limits) -> Result<Vec<u8>, PackageError> {
    let scratch = tempfile::tempfile().unwrap();
    let mut builder = Builder::new(limits);
    builder.add_upload(&upload, upload.len() as u64, None, &scratch, 0)?;
    let mut out = Vec::new();
    let written = builder.write(&mut out)?;
    assert_eq!(written.package.bytes, out.len() as u64);
    assert_eq!(written.package.digest, lambent_types::Digest::of(&out));
    assert_eq!(Index::open(&out, out.len() as u64).unwrap(), written.index);
    Ok(out)
}

/// The files of an upload.
pub(crate) fn unpack(upload: &[u8]) -> Result<Files, PackageError> {
    package(upload, Limits::LAMBDA).map(|package| contents(&package))
}

/// The files of a package.
pub(crate) fn contents(package: &[u8]) -> Files {
    let index = Index::open(&package, package.len() as u64).unwrap();
    let read = |entry: &lambent_package::Entry| {
        let mut bytes = vec![0; usize::try_from(entry.size).unwrap()];
        assert_eq!(package.read_at(&mut bytes, entry.offset).unwrap(), bytes.len());
        (entry.path.clone(), bytes)
    };
    index.entries().iter().map(read).collect()
}

/// What is wrong with an entry, and which.
pub(crate) fn entry_fault(upload: &[u8]) -> (String, EntryFault) {
    match unpack(upload) {
        Err(PackageError::Entry { entry, fault }) => (entry.as_str().to_owned(), fault),
        other => panic!("not an entry's fault: {other:?}"),
    }
}

/// What is wrong with an archive.
pub(crate) fn archive_fault(upload: &[u8]) -> ArchiveFault {
    match unpack(upload) {
        Err(PackageError::Archive(fault)) => fault,
        other => panic!("not the archive's fault: {other:?}"),
    }
}

pub(crate) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The fields that a zip has twice.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) name: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) compressed: u32,
    pub(crate) size: u32,
    pub(crate) extra: Vec<u8>,
}

/// An entry of a zip.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) local: Head,
    pub(crate) central: Head,
    pub(crate) data: Vec<u8>,
    /// Bytes behind the data.
    pub(crate) after: Vec<u8>,
    /// Unix mode in the central directory.
    pub(crate) mode: u32,
    /// Where the central directory says that it is, if that is wrong.
    pub(crate) offset: Option<u32>,
    pub(crate) comment: Vec<u8>,
}

impl Member {
    pub(crate) fn stored(name: impl AsRef<[u8]>, bytes: &[u8]) -> Self {
        Self::new(name.as_ref(), 0, bytes, bytes.to_vec())
    }

    pub(crate) fn deflated(name: impl AsRef<[u8]>, bytes: &[u8]) -> Self {
        Self::new(name.as_ref(), 8, bytes, deflate(bytes))
    }

    /// Both headers are changed.
    pub(crate) fn with(mut self, change: impl Fn(&mut Head)) -> Self {
        change(&mut self.local);
        change(&mut self.central);
        self
    }

    pub(crate) fn local(mut self, change: impl Fn(&mut Head)) -> Self {
        change(&mut self.local);
        self
    }

    pub(crate) fn central(mut self, change: impl Fn(&mut Head)) -> Self {
        change(&mut self.central);
        self
    }

    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// As programs write it that do not know the size when they write the header.
    pub(crate) fn streamed(mut self, mark: bool, wide: bool) -> Self {
        self = self.with(|head| head.flags |= 8);
        let (compressed, size) = (self.central.compressed, self.central.size);
        if mark {
            self.after.extend(b"PK\x07\x08");
        }
        self.after.extend(self.central.crc.to_le_bytes());
        for size in [compressed, size] {
            self.after.extend(size.to_le_bytes());
            self.after.extend(if wide { &[0; 4][..] } else { &[] });
        }
        self.local(|head| (head.crc, head.compressed, head.size) = (0, 0, 0))
    }

    fn new(name: &[u8], method: u16, bytes: &[u8], data: Vec<u8>) -> Self {
        let head = Head {
            name: name.to_vec(),
            flags: 0,
            method,
            crc: crc(bytes),
            compressed: u32::try_from(data.len()).unwrap(),
            size: u32::try_from(bytes.len()).unwrap(),
            extra: Vec::new(),
        };
        Self {
            local: head.clone(),
            central: head,
            data,
            after: Vec::new(),
            mode: 0o100_644,
            offset: None,
            comment: Vec::new(),
        }
    }

    pub(crate) fn write_local(&self, out: &mut Vec<u8>) {
        out.extend(b"PK\x03\x04\x14\0");
        self.local.write(out);
        out.extend(&self.local.name);
        out.extend(&self.local.extra);
        out.extend(&self.data);
        out.extend(&self.after);
    }

    pub(crate) fn write_central(&self, offset: u32, out: &mut Vec<u8>) {
        out.extend(b"PK\x01\x02\x14\x03\x14\0");
        self.central.write(out);
        out.extend(u16::try_from(self.comment.len()).unwrap().to_le_bytes());
        out.extend([0; 4]);
        out.extend((self.mode << 16).to_le_bytes());
        out.extend(self.offset.unwrap_or(offset).to_le_bytes());
        out.extend(&self.central.name);
        out.extend(&self.central.extra);
        out.extend(&self.comment);
    }
}

impl Head {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.flags.to_le_bytes());
        out.extend(self.method.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.crc.to_le_bytes());
        out.extend(self.compressed.to_le_bytes());
        out.extend(self.size.to_le_bytes());
        out.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        out.extend(u16::try_from(self.extra.len()).unwrap().to_le_bytes());
    }
}

/// A zip with things around and between.
#[derive(Default)]
pub(crate) struct Zip {
    pub(crate) prefix: Vec<u8>,
    pub(crate) members: Vec<Member>,
    /// Between the data and the central directory.
    pub(crate) before_directory: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) suffix: Vec<u8>,
    /// Whether offsets count from the prefix's end, as programs write them that know of none.
    pub(crate) unaware: bool,
    pub(crate) count: Option<u16>,
    pub(crate) zip64: bool,
}

impl Zip {
    pub(crate) fn of(members: impl Into<Vec<Member>>) -> Self {
        Self { members: members.into(), ..Self::default() }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let base = if self.unaware { self.prefix.len() } else { 0 };
        let mut central = Vec::new();
        for member in &self.members {
            member.write_central(u32::try_from(out.len() - base).unwrap(), &mut central);
            member.write_local(&mut out);
        }
        out.extend(&self.before_directory);
        let offset = out.len() - base;
        out.extend(&central);
        let count = self.members.len();
        if self.zip64 {
            let end = out.len() - base;
            out.extend(b"PK\x06\x06");
            out.extend(44_u64.to_le_bytes());
            out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for number in [count, count, central.len(), offset] {
                out.extend((number as u64).to_le_bytes());
            }
            out.extend(b"PK\x06\x07\0\0\0\0");
            out.extend((end as u64).to_le_bytes());
            out.extend(1_u32.to_le_bytes());
        }
        let all = if self.zip64 { u16::MAX } else { u16::try_from(count).unwrap() };
        let all = self.count.unwrap_or(all).to_le_bytes();
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend([all, all].concat());
        out.extend(u32::try_from(central.len()).unwrap().to_le_bytes());
        out.extend(u32::try_from(offset).unwrap().to_le_bytes());
        out.extend(u16::try_from(self.comment.len()).unwrap().to_le_bytes());
        out.extend(&self.comment);
        out.extend(&self.suffix);
        out
    }
}

pub(crate) fn zip(members: impl Into<Vec<Member>>) -> Vec<u8> {
    Zip::of(members).bytes()
}

/// An entry of a tar, with its padding.
pub(crate) fn tar_entry(name: impl AsRef<[u8]>, kind: u8, bytes: &[u8]) -> Vec<u8> {
    tar_entry_of(name.as_ref(), kind, bytes, bytes.len() as u64)
}

/// An entry whose header has any size.
pub(crate) fn tar_entry_of(name: &[u8], kind: u8, bytes: &[u8], size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// A record of a pax header.
pub(crate) fn pax(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let digits = |length: usize| length.to_string().len();
    let mut length = rest + digits(rest);
    length = rest + digits(length);
    let mut record = format!("{length} {key}=").into_bytes();
    record.extend(value);
    record.push(b'\n');
    record
}

/// A tar of these entries, with its end.
pub(crate) fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = entries.concat();
    out.resize(out.len() + 1_024, 0);
    out
}
