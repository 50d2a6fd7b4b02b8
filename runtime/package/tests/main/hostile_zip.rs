//! Zips that lie.

use lambent_package::{ArchiveFault, EntryFault};

use crate::support::{Member, Zip, archive_fault, deflate, entry_fault, files, gzip, unpack, zip};

fn one(member: Member) -> EntryFault {
    let name = String::from_utf8(member.central.name.clone()).unwrap();
    let (found, fault) = entry_fault(&zip([Member::stored("first.py", b"1"), member]));
    assert_eq!(found, name);
    fault
}

#[test]
fn honest_ones_are_read() {
    let members = [
        Member::stored("a.py", b"stored"),
        Member::deflated("b.py", &b"deflated ".repeat(1_000)),
        Member::stored("empty", b""),
        Member::deflated("empty deflated", b""),
    ];
    let expected = files([
        ("a.py", b"stored"),
        ("b.py", &b"deflated ".repeat(1_000)),
        ("empty", b""),
        ("empty deflated", b""),
    ]);
    assert_eq!(unpack(&zip(members.clone())).unwrap(), expected);
    let reversed: Vec<_> = members.iter().rev().cloned().collect();
    assert_eq!(unpack(&zip(reversed)).unwrap(), expected);
    for (mark, wide) in [(false, false), (true, false), (false, true), (true, true)] {
        let streamed = members.clone().map(|member| member.streamed(mark, wide));
        assert_eq!(unpack(&zip(streamed)).unwrap(), expected, "{mark} {wide}");
    }
    let mut commented = Zip::of(members);
    commented.comment = b"a comment".repeat(7_000);
    commented.members[1].comment = b"of an entry".to_vec();
    commented.members[1].central.extra = b"\x55\x54\x05\0\x03time".to_vec();
    commented.members[2].local.extra = b"\x55\x54\x05\0\x03time".to_vec();
    assert_eq!(unpack(&commented.bytes()).unwrap(), expected);
    commented.zip64 = true;
    assert_eq!(unpack(&commented.bytes()).unwrap(), expected);
}

#[test]
fn what_is_neither_a_file_nor_a_directory() {
    for (mode, fault) in [
        (0o120_777, EntryFault::SymbolicLink),
        (0o020_644, EntryFault::Special),
        (0o060_644, EntryFault::Special),
        (0o010_644, EntryFault::Special),
        (0o140_644, EntryFault::Special),
    ] {
        assert_eq!(one(Member::stored("a", b"/etc/passwd").mode(mode)), fault);
    }
}

#[test]
fn encryption_and_methods() {
    for bit in [0, 6, 13] {
        let secret = Member::stored("a", b"1").with(|head| head.flags |= 1 << bit);
        assert_eq!(one(secret), EntryFault::Encrypted);
        let here = Member::stored("a", b"1").local(|head| head.flags |= 1 << bit);
        assert_eq!(one(here), EntryFault::Encrypted);
    }
    let aes = Member::stored("a", b"1").with(|head| head.method = 99);
    assert_eq!(one(aes), EntryFault::Encrypted);
    for (method, shown) in
        [(12, "12 (BZIP2)"), (93, "93 (ZSTD)"), (9, "9 (DEFLATE64)"), (77, "77 (UNKNOWN)")]
    {
        let other = Member::stored("a", b"1").with(|head| head.method = method);
        assert_eq!(one(other), EntryFault::Method { method: shown.into() });
    }
}

#[test]
fn data_that_is_damaged() {
    let text = b"some text ".repeat(100);
    let member = || Member::deflated("a", &text);
    assert_eq!(one(member().with(|head| head.crc ^= 1)), EntryFault::Checksum);
    assert_eq!(one(Member::stored("a", &text).with(|head| head.crc ^= 1)), EntryFault::Checksum);
    // Sizes too small and too large.
    assert_eq!(one(member().with(|head| head.size -= 1)), EntryFault::Size);
    assert_eq!(one(member().with(|head| head.size = 0)), EntryFault::Size);
    assert_eq!(one(member().with(|head| head.size += 1)), EntryFault::Size);
    assert_eq!(one(Member::stored("a", &text).with(|head| head.size += 1)), EntryFault::Size);
    // A stream that ends too early, or too late, or is none.
    let mut cut = member();
    cut.data.pop();
    assert_eq!(one(cut.with(|head| head.compressed -= 1)), EntryFault::Deflate);
    let mut more = member();
    more.data.push(0);
    assert_eq!(one(more.with(|head| head.compressed += 1)), EntryFault::Deflate);
    let mut none = member();
    none.data.fill(0xff);
    assert_eq!(one(none), EntryFault::Deflate);
    // All bytes but no end of the stream.
    let mut endless = Member::deflated("a", b"");
    endless.data.clear();
    assert_eq!(one(endless.with(|head| head.compressed = 0)), EntryFault::Deflate);
}

#[test]
fn two_headers_that_disagree() {
    let member = || Member::deflated("a.py", b"some text");
    let disagreement = |what| EntryFault::Disagreement { what };
    assert_eq!(one(member().local(|head| head.name = b"b.py".to_vec())), disagreement("name"));
    assert_eq!(one(member().local(|head| head.name.push(b'x'))), disagreement("name"));
    assert_eq!(one(member().local(|head| head.method = 0)), disagreement("compression method"));
    assert_eq!(one(member().local(|head| head.crc += 1)), disagreement("checksum"));
    assert_eq!(one(member().local(|head| head.compressed += 1)), disagreement("size"));
    assert_eq!(one(member().local(|head| head.size += 1)), disagreement("size"));
    assert_eq!(one(member().local(|head| head.size = 0)), disagreement("size"));
    // A descriptor that says something else.
    let mut lying = member().streamed(true, false);
    lying.after[5] ^= 1;
    assert_eq!(one(lying), disagreement("size or checksum"));
    let lying = member().streamed(true, false).local(|head| head.size = 1);
    assert_eq!(one(lying), disagreement("size"));
    // A second name, which Info-ZIP and Python prefer.
    let field = |name: &[u8]| {
        let length = u16::try_from(5 + name.len()).unwrap().to_le_bytes();
        [b"\x75\x70", &length[..], &[1, 0, 0, 0, 0], name].concat()
    };
    let two = |head: &mut crate::support::Head| head.extra = field(b"evil.py");
    assert_eq!(one(member().central(two)), EntryFault::TwoNames);
    assert_eq!(one(member().local(two)), EntryFault::TwoNames);
    let other = Member::stored(b"gr\x81n", b"1").with(|head| head.extra = field("grün".as_bytes()));
    assert_eq!(entry_fault(&zip([other])).1, EntryFault::NotUtf8);
    let same = member().with(|head| head.extra = field(b"a.py"));
    assert_eq!(unpack(&zip([same])).unwrap(), files([("a.py", b"some text")]));
}

#[test]
fn bytes_that_belong_to_no_entry() {
    let members = || [Member::stored("a", b"1"), Member::stored("b", b"2")];
    for unaware in [false, true] {
        let prefixed = Zip { prefix: b"PK\x03\x04junk".to_vec(), unaware, ..Zip::of(members()) };
        assert_eq!(archive_fault(&prefixed.bytes()), ArchiveFault::Prefix { bytes: 8 });
        let script =
            Zip { prefix: b"#!/usr/bin/python3\n".to_vec(), unaware, ..Zip::of(members()) };
        assert_eq!(archive_fault(&script.bytes()), ArchiveFault::UnknownFormat(Some("a script")));
    }
    let suffixed = Zip { suffix: b"junk".to_vec(), ..Zip::of(members()) };
    assert_eq!(archive_fault(&suffixed.bytes()), ArchiveFault::Suffix { bytes: 4 });
    let gap = Zip { before_directory: b"junk".to_vec(), ..Zip::of(members()) };
    assert_eq!(archive_fault(&gap.bytes()), ArchiveFault::Gap { offset: 64, bytes: 4 });
    let mut hidden = Zip::of(members());
    Member::stored("hidden", b"3").write_local(&mut hidden.before_directory);
    assert!(matches!(archive_fault(&hidden.bytes()), ArchiveFault::Gap { offset: 64, .. }));
    // Bytes of a descriptor's size, which the header did not announce.
    let mut unannounced = members();
    unannounced[0].after = vec![0; 16];
    assert_eq!(archive_fault(&zip(unannounced)), ArchiveFault::Gap { offset: 32, bytes: 16 });
}

#[test]
fn two_zips_in_one() {
    let honest = zip([Member::stored("honest.py", b"1")]);
    let evil = zip([Member::stored("evil.py", b"2")]);
    // Programs that search from the end find the second, others the first.
    let joined = [honest.clone(), evil.clone()].concat();
    assert!(matches!(archive_fault(&joined), ArchiveFault::Prefix { .. }));
    let commented = Zip { comment: evil, ..Zip::of([Member::stored("honest.py", b"1")]) };
    assert!(matches!(archive_fault(&commented.bytes()), ArchiveFault::Prefix { .. }));
    // A second end record in the comment, for the same central directory.
    let end = honest[honest.len() - 22..].to_vec();
    let twice = Zip { comment: end, ..Zip::of([Member::stored("honest.py", b"1")]) };
    assert!(matches!(archive_fault(&twice.bytes()), ArchiveFault::Zip(_)));
    // An end record in the comment that says that there is nothing.
    let mut empty = vec![0; 22];
    empty[..4].copy_from_slice(b"PK\x05\x06");
    let nothing = Zip { comment: empty, ..Zip::of([Member::stored("honest.py", b"1")]) };
    assert!(!matches!(archive_fault(&nothing.bytes()), ArchiveFault::Empty));
}

#[test]
fn counts_that_are_wrong() {
    for count in [0, 1, 3, 65_535] {
        let members = [Member::stored("a", b"1"), Member::stored("b", b"2")];
        let lying = Zip { count: Some(count), ..Zip::of(members) };
        assert!(matches!(archive_fault(&lying.bytes()), ArchiveFault::Zip(_)), "{count}");
    }
}

/// Python finds the entries by the size of the directory, others by its offset.
#[test]
fn an_end_record_that_lies() {
    for zip64 in [false, true] {
        let honest = Zip { zip64, ..Zip::of([Member::stored("a.py", b"1")]) }.bytes();
        let end = honest.len() - 22;
        assert_eq!(unpack(&honest).unwrap(), files([("a.py", b"1")]));
        for at in (end..honest.len()).chain(if zip64 { end - 76..end } else { 0..0 }) {
            // The versions that made it and are needed to read it may be any.
            if zip64 && (end - 64..end - 60).contains(&at) {
                continue;
            }
            let mut lying = honest.clone();
            lying[at] ^= 4;
            assert!(unpack(&lying).is_err(), "byte {at} of {end}");
        }
    }
}

#[test]
fn entries_that_overlap() {
    // All records of the central directory have one header in front of one kernel.
    let kernel = Member::deflated("a", &[0; 10_000]);
    let mut same = kernel.clone();
    same.offset = Some(0);
    let overlapping = zip([kernel.clone(), same]);
    let overlap = |other: &str| EntryFault::Overlap { other: other.into() };
    assert!(matches!(entry_fault(&overlapping).1, EntryFault::Overlap { .. }));
    // Fifield's: the data of each contains the header of the next, quoted in a stored block.
    let mut kernel_file = Vec::new();
    let last = Member::stored("b", b"kernel");
    last.write_local(&mut kernel_file);
    let mut quoted = Member::stored("a", &kernel_file);
    let mut inner = last;
    inner.offset = Some(31);
    let mut central = Vec::new();
    let mut bytes = Vec::new();
    quoted.write_central(0, &mut central);
    inner.write_central(31, &mut central);
    quoted.write_local(&mut bytes);
    let offset = u32::try_from(bytes.len()).unwrap();
    bytes.extend(&central);
    bytes.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    bytes.extend(u32::try_from(central.len()).unwrap().to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes.extend([0; 2]);
    assert_eq!(entry_fault(&bytes), ("a".into(), overlap("b")));
    // Data that reaches into the central directory.
    quoted = Member::stored("a", b"1");
    quoted = quoted.with(|head| (head.compressed, head.size) = (20, 20));
    assert_eq!(entry_fault(&zip([quoted])), ("a".into(), overlap("the central directory")));
}

#[test]
fn a_zip_that_is_cut_off_or_has_no_structure() {
    let whole = zip([Member::deflated("a.py", b"some text"), Member::stored("b.py", b"2")]);
    for length in 4..whole.len() {
        let fault = archive_fault(&whole[..length]);
        assert!(matches!(fault, ArchiveFault::Zip(_)), "{length}: {fault:?}");
    }
    let mut far = whole.clone();
    let end = far.len();
    far[end - 6..end - 2].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(unpack(&far).is_err());
    let beyond = Member { offset: Some(0xffff_0000), ..Member::stored("a", b"1") };
    assert!(unpack(&zip([beyond])).is_err());
}

#[test]
fn what_is_no_archive() {
    assert_eq!(archive_fault(b""), ArchiveFault::UnknownFormat(None));
    assert_eq!(archive_fault(b"def handler(): pass"), ArchiveFault::UnknownFormat(None));
    for (start, name) in [
        (&b"\0asm\x0d\0\x01\0"[..], "WebAssembly"),
        (b"\xfd7zXZ\0\0", "xz"),
        (b"BZh91AY", "bzip2"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07", "RAR"),
    ] {
        assert_eq!(archive_fault(start), ArchiveFault::UnknownFormat(Some(name)));
    }
    let fault = archive_fault(&gzip(b"not a tar"));
    assert_eq!(fault, ArchiveFault::UnknownFormat(Some("a gzip without a tar in it")));
    let text =
        "the package is neither zip nor tar nor tar.gz (it looks like xz): pack it as one of these";
    assert_eq!(ArchiveFault::UnknownFormat(Some("xz")).to_string(), text);
}

#[test]
fn a_zip_without_files() {
    assert_eq!(archive_fault(&zip([])), ArchiveFault::Empty);
    assert_eq!(archive_fault(&zip([Member::stored("lib/", b"")])), ArchiveFault::Empty);
    assert_eq!(archive_fault(&zip([Member::stored(".DS_Store", b"1")])), ArchiveFault::Empty);
}

#[test]
fn a_deflate_bomb_in_a_deflate_bomb_is_a_file() {
    // Only one layer is ever taken off.
    let inner = deflate(&[0; 100_000]);
    let upload = zip([Member::deflated("bomb", &inner)]);
    assert_eq!(unpack(&upload).unwrap(), files([("bomb", &inner)]));
}
