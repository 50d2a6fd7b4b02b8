//! Names that cannot be in a package, in either format.

use lambent_package::{Builder, EntryFault, Limits, PackageError};

use crate::support::{Member, entry_fault, files, pax, tar, tar_entry, unpack, zip};

fn in_zip(name: &[u8]) -> Vec<u8> {
    zip([Member::stored("fine.py", b"1"), Member::deflated(name, b"2")])
}

fn in_tar(name: &[u8]) -> Vec<u8> {
    let name = tar_entry("PaxHeaders/x", b'x', &pax("path", name));
    tar(&[tar_entry("fine.py", b'0', b"1"), name, tar_entry("short", b'0', b"2")])
}

#[test]
fn names_that_are_refused() {
    let long = "n".repeat(256);
    let deep = ["d"; 101].join("/");
    let wide = ["directory"; 99].join("/").repeat(5);
    let table: [(&[u8], EntryFault); 19] = [
        (b"/etc/passwd", EntryFault::Absolute),
        (b"//server/share", EntryFault::Absolute),
        (b"C:/windows/a.py", EntryFault::Absolute),
        (b"c:", EntryFault::Absolute),
        (b"../up.py", EntryFault::Parent),
        (b"a/../../up.py", EntryFault::Parent),
        (b"./../up.py", EntryFault::Parent),
        (b"a/..", EntryFault::Parent),
        (b"a/./b.py", EntryFault::Dot),
        (b"a\\b.py", EntryFault::Backslash),
        (b"..\\up.py", EntryFault::Backslash),
        (b"a.py\0.txt", EntryFault::Nul),
        (b"a//b.py", EntryFault::EmptyName),
        (b".//b.py", EntryFault::EmptyName),
        (b"", EntryFault::EmptyName),
        (b"gr\xfcn.py", EntryFault::NotUtf8),
        (long.as_bytes(), EntryFault::NameTooLong { max: 255 }),
        (deep.as_bytes(), EntryFault::TooDeep { max: 100 }),
        (wide.as_bytes(), EntryFault::PathTooLong { max: 4_096 }),
    ];
    for (name, fault) in table {
        for upload in [in_zip(name), in_tar(name)] {
            let (shown, found) = entry_fault(&upload);
            assert_eq!(found, fault, "{name:?}");
            let text: String = String::from_utf8_lossy(name).chars().take(200).collect();
            assert!(shown.starts_with(&text), "{shown} is not {text}");
        }
        if let Ok(text) = std::str::from_utf8(name) {
            let error = Builder::new(Limits::LAMBDA).add_bytes(text, b"".as_slice()).unwrap_err();
            assert!(matches!(error, PackageError::Entry { fault: found, .. } if found == fault));
        }
    }
}

#[test]
fn an_error_names_the_entry_and_what_to_do() {
    let error = unpack(&in_zip(b"../up.py")).unwrap_err();
    let text = "\"../up.py\" leads out of its folder by `..`: pack it from inside its folder";
    assert_eq!(error.to_string(), text);
    // Control characters do not reach a terminal.
    let error = unpack(&in_zip(b"\x1b[2J/../x")).unwrap_err();
    assert!(error.to_string().starts_with(r#""\u{1b}[2J/../x" leads"#), "{error}");
}

#[test]
fn names_that_are_taken_as_they_are() {
    let names = [
        "a",
        "a.py",
        ".hidden",
        "...",
        "a/..b/c",
        "a b.py",
        "grün.py",
        "日本/語.py",
        "a:b",
        "ab:/c",
        "\u{feff}x",
        "x\ny",
    ];
    for name in names {
        let expected = files([("fine.py", b"1"), (name, b"2")]);
        assert_eq!(unpack(&in_zip(name.as_bytes())).unwrap(), expected);
        assert_eq!(unpack(&in_tar(name.as_bytes())).unwrap(), expected);
    }
    let deepest = ["d"; 100].join("/");
    assert!(unpack(&in_zip(deepest.as_bytes())).is_ok());
    assert!(unpack(&in_tar("n".repeat(255).as_bytes())).is_ok());
}

#[test]
fn a_dot_in_front_is_the_folder_itself() {
    let expected = files([("a.py", b"1"), ("lib/b.py", b"2")]);
    let entries = [
        tar_entry("./", b'5', b""),
        tar_entry("./a.py", b'0', b"1"),
        tar_entry("./lib/", b'5', b""),
        tar_entry("././lib/b.py", b'0', b"2"),
    ];
    assert_eq!(unpack(&tar(&entries)).unwrap(), expected);
    let members = [Member::stored("./a.py", b"1"), Member::stored("./lib/b.py", b"2")];
    assert_eq!(unpack(&zip(members)).unwrap(), expected);
}

/// What two names have wrong between them.
fn pair(first: &str, second: &str) -> EntryFault {
    let of_zip = zip([Member::stored(first, b""), Member::stored(second, b"")]);
    let of_tar = tar(&[tar_entry(first, b'0', b""), tar_entry(second, b'0', b"")]);
    let (name, fault) = entry_fault(&of_zip);
    assert_eq!((name, fault.clone()), entry_fault(&of_tar));
    fault
}

#[test]
fn names_that_do_not_go_together() {
    let clash = |other: &str| EntryFault::CaseClash { other: other.into() };
    assert_eq!(pair("a.py", "a.py"), EntryFault::Duplicate);
    assert_eq!(pair("a.py", "./a.py"), EntryFault::Duplicate);
    assert_eq!(pair("a.py", "A.py"), clash("a.py"));
    assert_eq!(pair("Lib/a.py", "lib/b.py"), clash("Lib"));
    assert_eq!(pair("x/Lib/a.py", "x/LIB"), clash("x/Lib"));
    assert_eq!(pair("grün", "GRÜN"), clash("grün"));
    assert_eq!(pair("a", "a/b"), EntryFault::FileAsDirectory { file: "a".into() });
    assert_eq!(pair("a/b", "a"), EntryFault::FileAndDirectory);
    assert_eq!(pair("x/a", "x/a/b/c"), EntryFault::FileAsDirectory { file: "x/a".into() });
    assert_eq!(pair("a", "a/"), EntryFault::FileAndDirectory);
}

#[test]
fn directories_are_implied_and_may_come_twice() {
    let upload = zip([
        Member::stored("lib/", b"").mode(0o040_755),
        Member::stored("lib/", b"").mode(0o040_755),
        Member::stored("lib", b"").mode(0o040_755),
        Member::deflated("empty/", b"").mode(0),
        Member::stored("META-INF/maven/", b"").mode(0o140_755),
        Member::stored("lib/a.py", b"1"),
    ]);
    assert_eq!(unpack(&upload).unwrap(), files([("lib/a.py", b"1")]));
    let upload = zip([Member::stored("lib/", b"1")]);
    assert_eq!(entry_fault(&upload), ("lib/".into(), EntryFault::DirectoryWithBytes));
    let upload = tar(&[tar_entry("lib", b'5', b"1")]);
    assert_eq!(entry_fault(&upload), ("lib".into(), EntryFault::DirectoryWithBytes));
}

#[test]
fn what_macos_adds_is_skipped() {
    let names = ["__MACOSX/._a.py", "__MACOSX/lib/._b", ".DS_Store", "lib/.DS_Store", "a.py"];
    let of_zip = zip(names.map(|name| Member::deflated(name, b"1")));
    let of_tar = tar(&names.map(|name| tar_entry(name, b'0', b"1")));
    for upload in [of_zip, of_tar] {
        assert_eq!(unpack(&upload).unwrap(), files([("a.py", b"1")]));
    }
    let names = ["lib/__MACOSX/a", "x.DS_Store"].map(|name| Member::stored(name, b"1"));
    assert_eq!(unpack(&zip(names)).unwrap().len(), 2);
}
