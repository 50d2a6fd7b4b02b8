//! Tars that lie.

use lambent_package::{ArchiveFault, EntryFault};

use crate::support::{
    archive_fault, entry_fault, files, gzip, pax, tar, tar_entry, tar_entry_of, unpack,
};

fn fault(entries: &[Vec<u8>]) -> EntryFault {
    let upload = tar(entries);
    let (name, fault) = entry_fault(&upload);
    assert_eq!((name, fault.clone()), entry_fault(&gzip(&upload)));
    fault
}

fn long_name(name: &[u8]) -> Vec<u8> {
    tar_entry("././@LongLink", b'L', &[name, b"\0"].concat())
}

#[test]
fn honest_ones_are_read() {
    let long = "directory/".repeat(20) + "file.py";
    let expected = files([("a.py", b"1"), ("b", &[7; 1_025]), (&long, b"3"), ("empty", b"")]);
    let common = [
        tar_entry("a.py", b'0', b"1"),
        tar_entry("lib/", b'5', b""),
        tar_entry("b", b'\0', &[7; 1_025]),
        tar_entry("empty", b'7', b""),
    ];
    let of_gnu = [long_name(long.as_bytes()), tar_entry("cut", b'0', b"3")];
    let attributes = pax("SCHILY.xattr.com.apple.provenance", b"\x01\n11 path=evil\n\0");
    let records = [pax("mtime", b"1.5"), attributes, pax("path", long.as_bytes())].concat();
    let of_pax = [tar_entry("PaxHeaders/x", b'x', &records), tar_entry("cut", b'0', b"3")];
    let git = tar_entry("pax_global_header", b'g', &pax("comment", b"0123456789abcdef"));
    for long in [of_gnu, of_pax] {
        let upload = tar(&[std::slice::from_ref(&git), &common[..], &long].concat());
        assert_eq!(unpack(&upload).unwrap(), expected);
        assert_eq!(unpack(&gzip(&upload)).unwrap(), expected);
        // Padded to a record, as tar does.
        let padded = [upload, vec![0; 10_240]].concat();
        assert_eq!(unpack(&padded).unwrap(), expected);
    }
}

#[test]
fn ustar_splits_long_names() {
    let mut header = tar::Header::new_ustar();
    header.set_path("a/".repeat(60) + "file").unwrap();
    header.set_size(1);
    header.set_cksum();
    let mut entry = header.as_bytes().to_vec();
    entry.push(b'x');
    entry.resize(1_024, 0);
    let expected = "a/".repeat(60) + "file";
    assert_eq!(unpack(&tar(&[entry])).unwrap(), files([(&expected, b"x")]));
}

/// Go and Python read the name as it is here, GNU's tar without its beginning.
#[test]
fn a_long_name_where_gnu_has_times() {
    let mut header = tar::Header::new_gnu();
    header.set_path("file").unwrap();
    header.set_size(0);
    header.as_gnu_mut().unwrap().atime[..3].copy_from_slice(b"lib");
    header.set_cksum();
    assert_eq!(fault(&[header.as_bytes().to_vec()]), EntryFault::TwoNames);
}

#[test]
fn a_tar_older_than_its_mark() {
    let mut header = tar::Header::new_old();
    header.set_path("old.py").unwrap();
    header.set_size(1);
    header.set_cksum();
    let mut entry = header.as_bytes().to_vec();
    entry.push(b'x');
    entry.resize(1_024, 0);
    assert_eq!(unpack(&tar(&[entry])).unwrap(), files([("old.py", b"x")]));
}

#[test]
fn what_is_neither_a_file_nor_a_directory() {
    for (kind, expected) in [
        (b'1', EntryFault::HardLink),
        (b'2', EntryFault::SymbolicLink),
        (b'3', EntryFault::Special),
        (b'4', EntryFault::Special),
        (b'6', EntryFault::Special),
        (b'S', EntryFault::Sparse),
        (b'V', EntryFault::UnknownType { kind: 'V' }),
        (b'M', EntryFault::UnknownType { kind: 'M' }),
        (b'D', EntryFault::UnknownType { kind: 'D' }),
    ] {
        assert_eq!(fault(&[tar_entry("a", kind, b"")]), expected);
    }
    // The names of links are not read, so they may be long.
    let link = tar_entry("././@LongLink", b'K', &[b'x'; 5_000]);
    assert_eq!(fault(&[link, tar_entry("a", b'2', b"")]), EntryFault::SymbolicLink);
}

#[test]
fn sparse_files_of_pax() {
    let records = [pax("GNU.sparse.major", b"1"), pax("GNU.sparse.name", b"a.py")].concat();
    let entries = [tar_entry("x", b'x', &records), tar_entry("GNUSparseFile.0/a.py", b'0', b"")];
    assert_eq!(fault(&entries), EntryFault::Sparse);
}

#[test]
fn extended_headers_that_lie() {
    let file = || tar_entry("a.py", b'0', b"12");
    let header = |records: Vec<u8>| tar_entry("x", b'x', &records);
    assert_eq!(fault(&[header(pax("path", b"../evil")), file()]), EntryFault::Parent);
    assert_eq!(fault(&[long_name(b"/evil"), file()]), EntryFault::Absolute);
    assert_eq!(fault(&[header(pax("size", b"1")), file()]), EntryFault::TwoSizes);
    assert_eq!(fault(&[header(pax("size", b"1024")), file()]), EntryFault::TwoSizes);
    let same = tar(&[header(pax("size", b"2")), file()]);
    assert_eq!(unpack(&same).unwrap(), files([("a.py", b"12")]));
    let two = [long_name(b"b.py"), header(pax("path", b"c.py")), file()];
    assert_eq!(fault(&two), EntryFault::TwoNames);
    let broken = EntryFault::ExtendedHeader;
    for records in [
        &b"x path=a\n"[..],
        b"9999 path=a\n",
        b"0 path=a\n",
        b"3 path=a\n",
        b"8 path=a\n",
        b"10 path=a\n\n",
        b"9 pathaa\n",
        b"18446744073709551617 path=a\n",
        b"\0",
    ] {
        assert_eq!(fault(&[header(records.to_vec()), file()]), broken, "{records:?}");
    }
    let twice = [pax("path", b"b.py"), pax("path", b"c.py")].concat();
    assert_eq!(fault(&[header(twice), file()]), broken);
    assert_eq!(fault(&[long_name(b"b.py"), long_name(b"c.py"), file()]), broken);
    assert_eq!(fault(&[long_name(b"b.py\0evil"), file()]), broken);
    assert_eq!(fault(&[header(pax("size", b"many")), file()]), broken);
    for key in ["path", "size", "GNU.sparse.name"] {
        assert_eq!(fault(&[tar_entry("g", b'g', &pax(key, b"1")), file()]), broken);
    }
    assert_eq!(archive_fault(&tar(&[file(), long_name(b"b.py")])), ArchiveFault::TarCutOff);
    // More than any names and attributes need.
    let huge = tar_entry("x", b'x', &vec![b'1'; 1_048_577]);
    assert_eq!(fault(&[huge, file()]), broken);
}

#[test]
fn a_tar_that_is_cut_off() {
    let whole = tar(&[tar_entry("a.py", b'0', &[1; 600]), tar_entry("b.py", b'0', b"2")]);
    // Without one block of zeros it may have had more entries.
    for length in (513..=2_560).chain([whole.len() - 1_024]) {
        let fault = archive_fault(&whole[..length]);
        assert!(matches!(fault, ArchiveFault::TarCutOff | ArchiveFault::Tar(_)), "{length}");
        let fault = archive_fault(&gzip(&whole[..length]));
        assert!(matches!(fault, ArchiveFault::TarCutOff | ArchiveFault::Tar(_)), "{length}");
    }
    let gzipped = gzip(&whole);
    for length in 20..gzipped.len() {
        let fault = archive_fault(&gzipped[..length]);
        let cut = matches!(fault, ArchiveFault::Gzip | ArchiveFault::UnknownFormat(Some(_)));
        assert!(cut, "{length}: {fault:?}");
    }
}

#[test]
fn a_tar_that_is_damaged() {
    let mut header = tar(&[tar_entry("a.py", b'0', b"1"), tar_entry("b.py", b'0', b"2")]);
    header[1_024] ^= 1;
    assert!(matches!(archive_fault(&header), ArchiveFault::Tar(_)));
    let beyond = tar(&[tar_entry_of(b"a.py", b'0', b"1", 1 << 20)]);
    assert_eq!(archive_fault(&beyond), ArchiveFault::TarCutOff);
    let large = tar(&[tar_entry_of(b"a.py", b'0', b"1", u64::MAX >> 1)]);
    let max = 262_144_000;
    assert_eq!(archive_fault(&large), ArchiveFault::UnpackedTooLarge { max });
    let mut gzipped = gzip(&tar(&[tar_entry("a.py", b'0', b"1")]));
    let crc = gzipped.len() - 8;
    gzipped[crc] ^= 1;
    assert_eq!(archive_fault(&gzipped), ArchiveFault::Gzip);
}

#[test]
fn data_after_the_end() {
    let first = tar(&[tar_entry("a.py", b'0', b"1")]);
    let second = tar(&[tar_entry("b.py", b'0', b"2")]);
    let joined = [first.clone(), second.clone()].concat();
    assert_eq!(archive_fault(&joined), ArchiveFault::TarSuffix);
    assert_eq!(archive_fault(&gzip(&joined)), ArchiveFault::TarSuffix);
    // One tar in two members is what programs that compress in parallel write.
    let (one, other) = first.split_at(700);
    let members = [gzip(one), gzip(other)].concat();
    assert_eq!(unpack(&members).unwrap(), files([("a.py", b"1")]));
    let members = [gzip(&first), gzip(&second)].concat();
    assert_eq!(archive_fault(&members), ArchiveFault::TarSuffix);
    // Parts that say nothing cost time all the same.
    let many = |count| [gzip(&first), gzip(b"").repeat(count)].concat();
    assert_eq!(unpack(&many(9_999)).unwrap(), files([("a.py", b"1")]));
    assert_eq!(archive_fault(&many(10_000)), ArchiveFault::GzipMembers { max: 10_000 });
    let junk = [gzip(&first), b"junk".to_vec()].concat();
    assert_eq!(archive_fault(&junk), ArchiveFault::GzipSuffix);
}

#[test]
fn a_tar_without_files() {
    assert_eq!(archive_fault(&tar(&[])), ArchiveFault::Empty);
    assert_eq!(archive_fault(&gzip(&tar(&[]))), ArchiveFault::Empty);
    assert_eq!(archive_fault(&tar(&[tar_entry("lib/", b'5', b"")])), ArchiveFault::Empty);
}
