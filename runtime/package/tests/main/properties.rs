//! Any tree of files is the same package, however it was packed.

use std::collections::BTreeMap;

use lambent_package::Limits;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::support::{Files, Member, contents, gzip, package, pax, tar, tar_entry, zip};

/// Names that never clash: directories and files have others, and no upper case.
fn tree() -> impl Strategy<Value = Files> {
    let directory = "[a-e]{1,3}";
    let path = (vec(directory, 0..4), "[a-zé._ -]{0,200}").prop_map(|(directories, name)| {
        directories.into_iter().chain([format!("f{name}")]).collect::<Vec<_>>().join("/")
    });
    btree_map(path, vec(any::<u8>(), 0..2_000), 1..12)
}

fn packed(files: &[(&String, &Vec<u8>)], kinds: &[u8]) -> [Vec<u8>; 4] {
    let member = |((path, bytes), kind): (&(&String, &Vec<u8>), &u8)| match kind % 4 {
        0 => Member::stored(path.as_str(), bytes),
        1 => Member::deflated(path.as_str(), bytes),
        2 => Member::deflated(path.as_str(), bytes).streamed(true, false),
        _ => Member::stored(path.as_str(), bytes).streamed(false, true),
    };
    let zipped: Vec<_> = files.iter().zip(kinds.iter().cycle()).map(member).collect();
    let entry = |(path, bytes): &(&String, &Vec<u8>)| {
        let name = tar_entry("x", b'x', &pax("path", path.as_bytes()));
        [name, tar_entry("cut", b'0', bytes)].concat()
    };
    let gnu = |(path, bytes): &(&String, &Vec<u8>)| {
        let name = tar_entry("././@LongLink", b'L', &[path.as_bytes(), b"\0"].concat());
        [name, tar_entry("cut", b'0', bytes)].concat()
    };
    let of_pax = tar(&files.iter().map(entry).collect::<Vec<_>>());
    let of_gnu = tar(&files.iter().map(gnu).collect::<Vec<_>>());
    [zip(zipped), gzip(&of_pax), of_pax, of_gnu]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_digest_is_that_of_the_files(
        files in tree(),
        kinds in vec(any::<u8>(), 1..12),
        seed in any::<u64>(),
    ) {
        let mut shuffled: Vec<_> = files.iter().collect();
        shuffled.sort_by_key(|(path, _)| {
            path.bytes().fold(seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()).rotate_left(7))
        });
        let mut digests = BTreeMap::new();
        for upload in packed(&shuffled, &kinds) {
            let package = package(&upload, Limits::LAMBDA).unwrap();
            prop_assert_eq!(&contents(&package), &files);
            digests.insert(lambent_types::Digest::of(&package), package);
        }
        prop_assert_eq!(digests.len(), 1);
        // And the package is an upload like another.
        let (_, one) = digests.pop_first().unwrap();
        prop_assert_eq!(&package(&one, Limits::LAMBDA).unwrap(), &one);
    }
}
