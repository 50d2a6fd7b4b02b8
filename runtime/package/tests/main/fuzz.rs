//! Archives that were changed at random: never a panic, never more than the limits.
//!
//! `LAMBENT_FUZZ=1000000 cargo test -p lambent-package fuzz` changes more of them, and
//! `LAMBENT_FUZZ_SEED` others.

use std::fs::File;

use lambent_package::{Builder, Index, Limits};

use crate::memory::most_allocated;
use crate::support::{Files, Member, Zip, contents, gzip, package, pax, tar, tar_entry, zip};

const ROUNDS: u64 = 6_000;

/// Two buffers for headers, those for copying, what inflates, and a few kilobytes of names.
const MEMORY_MAX: usize = 1_500_000;

const LIMITS: Limits = Limits {
    uploaded_bytes: 100_000,
    unpacked_bytes: 20_000,
    entries: 30,
    depth: 5,
    path_bytes: 600,
    name_bytes: 255,
    paths_bytes: 2_000,
};

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        const NUMBERS: [u32; 10] =
            [0, 1, 2, 22, 30, 46, 0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_ffff];
        let at = self.below(bytes.len());
        match self.below(9) {
            0..=2 => bytes[at] ^= 1 << self.below(8),
            3 => bytes[at] = self.next().to_le_bytes()[0],
            4 => {
                let width = [2, 4][self.below(2)].min(bytes.len() - at);
                let number = NUMBERS[self.below(NUMBERS.len())].to_le_bytes();
                bytes[at..at + width].copy_from_slice(&number[..width]);
            }
            5 => bytes.truncate(at.max(1)),
            6 => {
                let end = (at + self.below(200)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            7 => {
                let end = (at + self.below(100)).min(bytes.len());
                bytes.drain(at..end);
                bytes.push(0);
            }
            _ => {
                let from = self.below(other.len());
                let end = (from + self.below(600)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let text = b"some text that repeats, some text that repeats. ".repeat(20);
    let members = vec![
        Member::stored("a.py", b"1"),
        Member::deflated("lib/b.py", &text),
        Member::deflated("c", &text).streamed(true, false),
        Member::stored("d/", b"").mode(0o040_755),
        Member::stored("grün", &text).streamed(false, true),
    ];
    let of_pax = tar_entry("x", b'x', &[pax("path", b"lib/b.py"), pax("size", b"960")].concat());
    let of_gnu = tar_entry("././@LongLink", b'L', &[&b"d/".repeat(3)[..], b"long\0"].concat());
    let entries = tar(&[
        tar_entry("./", b'5', b""),
        tar_entry("./a.py", b'0', b"1"),
        of_pax,
        tar_entry("cut", b'0', &text),
        of_gnu,
        tar_entry("cut", b'0', b"2"),
    ]);
    let large = Zip { zip64: true, comment: b"a comment".to_vec(), ..Zip::of(members.clone()) };
    let canonical = package(&zip(members.clone()), LIMITS).unwrap();
    vec![zip(members), large.bytes(), canonical, entries.clone(), gzip(&entries)]
}

fn read(upload: &[u8], scratch: &File, out: &mut Vec<u8>) -> Option<Files> {
    out.clear();
    scratch.set_len(0).unwrap();
    let (written, most) = most_allocated(|| {
        let mut builder = Builder::new(LIMITS);
        builder.add_upload(&upload, upload.len() as u64, None, scratch, 0).ok()?;
        builder.write(out).ok()
    });
    assert!(most < MEMORY_MAX, "{most} bytes of memory");
    assert!(scratch.metadata().unwrap().len() <= LIMITS.unpacked_bytes);
    let headers = 76 * LIMITS.entries + 2 * LIMITS.paths_bytes + 22;
    assert!(out.len() as u64 <= LIMITS.unpacked_bytes + headers as u64);
    let written = written?;
    assert!(written.index.entries().len() <= LIMITS.entries);
    assert_eq!(Index::open(out, out.len() as u64).unwrap(), written.index);
    Some(contents(out))
}

#[test]
fn changed_archives() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let rounds = number("LAMBENT_FUZZ").unwrap_or(ROUNDS);
    let seed = number("LAMBENT_FUZZ_SEED").unwrap_or(0x6c61_6d62_656e_7421);
    let mut random = Random(seed);
    let seeds = seeds();
    let scratch = tempfile::tempfile().unwrap();
    let mut out = Vec::with_capacity(100_000);
    let originals: Vec<_> =
        seeds.iter().map(|seed| read(seed, &scratch, &mut out).unwrap()).collect();
    let mut taken = 0;
    for _ in 0..rounds {
        let which = random.below(seeds.len());
        let mut upload = seeds[which].clone();
        for _ in 0..=random.below(3) {
            let other = random.below(seeds.len());
            random.change(&mut upload, &seeds[other]);
        }
        if let Some(files) = read(&upload, &scratch, &mut out) {
            taken += 1;
            // Whatever was changed, a file that is still there by name is whole: checksums tell.
            let checked = which != 3;
            let same = |(path, bytes): (&String, &Vec<u8>)| {
                originals[which].get(path).is_none_or(|original| original == bytes)
            };
            assert!(!checked || files.iter().all(same), "bytes were changed unseen");
        }
    }
    // Else only the refusals were tried.
    assert!(taken > rounds / 100, "only {taken} of {rounds} were read");
    assert!(taken < rounds * 9 / 10, "{taken} of {rounds} were read");
}
