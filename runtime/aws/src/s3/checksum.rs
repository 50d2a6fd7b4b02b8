//! Checksums of objects, in the shapes of S3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use lambent_service::{Checksum, ChecksumAlgorithm, ChecksumKind, Part};
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::{self, ChecksumType};
use s3s::{S3Error, S3Result, s3_error};

pub(super) const ALGORITHMS: [ChecksumAlgorithm; 5] = [
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc32c,
    ChecksumAlgorithm::Crc64Nvme,
    ChecksumAlgorithm::Sha1,
    ChecksumAlgorithm::Sha256,
];

pub(super) const fn name(algorithm: ChecksumAlgorithm) -> &'static str {
    match algorithm {
        ChecksumAlgorithm::Crc32 => dto::ChecksumAlgorithm::CRC32,
        ChecksumAlgorithm::Crc32c => dto::ChecksumAlgorithm::CRC32C,
        ChecksumAlgorithm::Crc64Nvme => dto::ChecksumAlgorithm::CRC64NVME,
        ChecksumAlgorithm::Sha1 => dto::ChecksumAlgorithm::SHA1,
        ChecksumAlgorithm::Sha256 => dto::ChecksumAlgorithm::SHA256,
    }
}

/// The algorithm that a client names.
pub(super) fn named(text: &str) -> S3Result<ChecksumAlgorithm> {
    let found = ALGORITHMS.into_iter().find(|known| name(*known).eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        s3_error!(
            InvalidRequest,
            "Checksum algorithm provided is unsupported. Please try again with any of the valid \
             types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
        )
    })
}

/// The header field, or the trailer, that has a checksum.
fn field(algorithm: ChecksumAlgorithm) -> String {
    format!("x-amz-checksum-{}", name(algorithm).to_ascii_lowercase())
}

/// The value of a checksum among trailers.
pub(super) fn among(trailers: &HeaderMap, algorithm: ChecksumAlgorithm) -> Option<String> {
    trailers.get(field(algorithm))?.to_str().ok().map(str::to_owned)
}

/// The checksum that the trailer will have that a request announces.
pub(super) fn announced(headers: &HeaderMap) -> Option<ChecksumAlgorithm> {
    let trailer = headers.get("x-amz-trailer")?.to_str().ok()?.trim().to_ascii_lowercase();
    ALGORITHMS.into_iter().find(|known| field(*known) == trailer)
}

/// What works out one checksum.
pub(super) fn hasher(algorithm: ChecksumAlgorithm) -> ChecksumHasher {
    let mut hasher = ChecksumHasher::default();
    match algorithm {
        ChecksumAlgorithm::Crc32 => hasher.crc32 = Some(Crc32::new()),
        ChecksumAlgorithm::Crc32c => hasher.crc32c = Some(Crc32c::new()),
        ChecksumAlgorithm::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
        ChecksumAlgorithm::Sha1 => hasher.sha1 = Some(Sha1::new()),
        ChecksumAlgorithm::Sha256 => hasher.sha256 = Some(Sha256::new()),
    }
    hasher
}

/// The only checksum of these; none if there is none.
pub(super) fn only(given: dto::Checksum) -> S3Result<Option<(ChecksumAlgorithm, String)>> {
    let values = [
        given.checksum_crc32,
        given.checksum_crc32c,
        given.checksum_crc64nvme,
        given.checksum_sha1,
        given.checksum_sha256,
    ];
    let mut given = ALGORITHMS
        .into_iter()
        .zip(values)
        .filter_map(|(algorithm, value)| Some((algorithm, value?)));
    let (first, more) = (given.next(), given.next());
    if more.is_some() {
        return Err(s3_error!(
            InvalidRequest,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        ));
    }
    Ok(first)
}

/// The checksums that an input of `s3s` has.
macro_rules! given {
    ($input:expr) => {
        s3s::dto::Checksum {
            checksum_crc32: $input.checksum_crc32.take(),
            checksum_crc32c: $input.checksum_crc32c.take(),
            checksum_crc64nvme: $input.checksum_crc64nvme.take(),
            checksum_sha1: $input.checksum_sha1.take(),
            checksum_sha256: $input.checksum_sha256.take(),
            checksum_type: None,
        }
    };
}
pub(super) use given;

/// Gives an output of `s3s` a checksum, without its type, which not every one has.
macro_rules! give {
    ($output:expr, $checksum:expr) => {{
        let given = $crate::s3::checksum::out($checksum);
        $output.checksum_crc32 = given.checksum_crc32;
        $output.checksum_crc32c = given.checksum_crc32c;
        $output.checksum_crc64nvme = given.checksum_crc64nvme;
        $output.checksum_sha1 = given.checksum_sha1;
        $output.checksum_sha256 = given.checksum_sha256;
        given.checksum_type
    }};
}
pub(super) use give;

/// A checksum as S3 gives it out.
pub(super) fn out(checksum: Option<&Checksum>) -> dto::Checksum {
    let mut given = dto::Checksum::default();
    let Some(Checksum { kind, value }) = checksum else { return given };
    let value = Some(value.clone());
    match kind.algorithm {
        ChecksumAlgorithm::Crc32 => given.checksum_crc32 = value,
        ChecksumAlgorithm::Crc32c => given.checksum_crc32c = value,
        ChecksumAlgorithm::Crc64Nvme => given.checksum_crc64nvme = value,
        ChecksumAlgorithm::Sha1 => given.checksum_sha1 = value,
        ChecksumAlgorithm::Sha256 => given.checksum_sha256 = value,
    }
    given.checksum_type = Some(type_of(*kind));
    given
}

pub(super) fn type_of(kind: ChecksumKind) -> ChecksumType {
    ChecksumType::from_static(match kind.composite {
        true => ChecksumType::COMPOSITE,
        false => ChecksumType::FULL_OBJECT,
    })
}

/// The kind of checksum that an object of parts is to have.
pub(super) fn kind(
    algorithm: Option<&dto::ChecksumAlgorithm>,
    of: Option<&ChecksumType>,
) -> S3Result<Option<ChecksumKind>> {
    let Some(algorithm) = algorithm else {
        return match of {
            None => Ok(None),
            Some(_) => Err(s3_error!(
                InvalidRequest,
                "The x-amz-checksum-type header can only be used with the \
                     x-amz-checksum-algorithm header."
            )),
        };
    };
    let algorithm = named(algorithm.as_str())?;
    let whole = algorithm == ChecksumAlgorithm::Crc64Nvme;
    let digest = matches!(algorithm, ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256);
    let composite = match of.map(ChecksumType::as_str) {
        None => !whole,
        Some(ChecksumType::COMPOSITE) if !whole => true,
        Some(ChecksumType::FULL_OBJECT) if !digest => false,
        Some(other) => {
            return Err(s3_error!(
                InvalidRequest,
                "The {other} checksum type cannot be used with the {} checksum algorithm.",
                name(algorithm).to_ascii_lowercase()
            ));
        }
    };
    Ok(Some(ChecksumKind { algorithm, composite }))
}

/// The checksum of an object of these parts, whose own checksums are known.
pub(super) fn of_parts(kind: ChecksumKind, parts: &[&Part]) -> S3Result<Checksum> {
    let missing = |number: u32| -> S3Error {
        s3_error!(
            InvalidRequest,
            "The upload was created using a {} checksum. The complete request must include the \
                 checksum for each part. It was missing for part {number} in the request.",
            name(kind.algorithm).to_ascii_lowercase()
        )
    };
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        let checksum = part.checksum.as_ref();
        let checksum = checksum.filter(|checksum| checksum.kind.algorithm == kind.algorithm);
        let bytes = checksum.and_then(|checksum| STANDARD.decode(&checksum.value).ok());
        values.push((bytes.ok_or_else(|| missing(part.number))?, part.size));
    }
    let value = match kind.composite {
        true => {
            let mut hasher = hasher(kind.algorithm);
            values.iter().for_each(|(bytes, _)| hasher.update(bytes));
            let value = only(hasher.finalize())?.map(|(_, value)| value).unwrap_or_default();
            format!("{value}-{}", parts.len())
        }
        false => whole(kind.algorithm, &values)?,
    };
    Ok(Checksum { kind, value })
}

/// The checksum of all bytes, of those of the parts and their sizes.
fn whole(algorithm: ChecksumAlgorithm, parts: &[(Vec<u8>, u64)]) -> S3Result<String> {
    let (crc, bytes) = match algorithm {
        ChecksumAlgorithm::Crc32 => (CrcAlgorithm::Crc32IsoHdlc, 4),
        ChecksumAlgorithm::Crc32c => (CrcAlgorithm::Crc32Iscsi, 4),
        ChecksumAlgorithm::Crc64Nvme => (CrcAlgorithm::Crc64Nvme, 8),
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => {
            return Err(s3_error!(
                InvalidRequest,
                "digests of parts do not make that of the whole"
            ));
        }
    };
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let mut parts = parts.iter().map(|(bytes, size)| (number(bytes), *size));
    let first = parts.next().map_or(0, |(value, _)| value);
    let all =
        parts.fold(first, |all, (value, size)| crc_fast::checksum_combine(crc, all, value, size));
    Ok(STANDARD.encode(&all.to_be_bytes()[8 - bytes..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Checksum {
        let mut hasher = hasher(algorithm);
        hasher.update(bytes);
        let (algorithm, value) = only(hasher.finalize()).unwrap().unwrap();
        Checksum { kind: ChecksumKind { algorithm, composite: false }, value }
    }

    fn part(number: u32, algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Part {
        let checksum = Some(sum(algorithm, bytes));
        Part { number, etag: String::new(), size: bytes.len() as u64, checksum }
    }

    #[test]
    fn checksums_of_parts_make_that_of_the_whole() {
        for algorithm in &ALGORITHMS[..3] {
            let kind = ChecksumKind { algorithm: *algorithm, composite: false };
            let parts = [
                part(1, *algorithm, b"hello "),
                part(2, *algorithm, b""),
                part(5, *algorithm, b"world"),
            ];
            let made = of_parts(kind, &parts.iter().collect::<Vec<_>>()).unwrap();
            assert_eq!(made, sum(*algorithm, b"hello world"));
        }
    }

    #[test]
    fn composite_checksums_are_of_the_checksums() {
        let algorithm = ChecksumAlgorithm::Sha256;
        let kind = ChecksumKind { algorithm, composite: true };
        let one = part(1, algorithm, b"hello");
        let bytes = STANDARD.decode(&one.checksum.as_ref().unwrap().value).unwrap();
        let made = of_parts(kind, &[&one]).unwrap();
        assert_eq!(made.value, format!("{}-1", sum(algorithm, &bytes).value));
        let none = Part { checksum: None, ..one };
        assert!(of_parts(kind, &[&none]).is_err());
    }
}
