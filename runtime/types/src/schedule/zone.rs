//! Time zones by name.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::invalid;
use crate::error::Error;

/// The longest name of a zone that is looked for; the database's own have at most 32 bytes.
const NAME_BYTES_MAX: usize = 64;

/// Finds the time zone of an IANA name: in the machine's database, which its owner
/// keeps up to date, or in the one in the binary if the machine's is absent, is
/// broken, or does not have the name.
///
/// # Errors
/// `InvalidConfiguration`: neither database has the name.
pub(super) fn find(name: &str) -> Result<TimeZone, Error> {
    let known = || {
        let found = TimeZone::get(name);
        found.or_else(|_| TimeZoneDatabase::bundled().get(name)).ok()
    };
    match name {
        "UTC" => Some(TimeZone::UTC),
        _ if name.len() <= NAME_BYTES_MAX => known(),
        _ => None,
    }
    .ok_or_else(|| {
        let name: String = name.chars().take(NAME_BYTES_MAX).collect();
        invalid(format!(
            "time zone {name:?} is not known; give an IANA name such as \"Europe/Berlin\", or \"UTC\""
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"];

    /// In a process whose machine's database has one zone, which is not Berlin's.
    #[test]
    #[ignore = "is run by the next test, in a process of its own"]
    fn zones_beside_a_poor_database() {
        assert!(TimeZone::get("Europe/Berlin").is_err());
        assert!(TimeZone::get("Mars/Olympus").is_ok());
        for name in NAMES {
            assert!(find(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn zones_are_known_without_a_database_on_the_machine() {
        let directory = std::env::temp_dir().join(format!("lambent-zones-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("Mars")).unwrap();
        // One type of time, with the name GMT and an offset of zero.
        let counts = [0_u32, 0, 0, 0, 1, 4].into_iter().flat_map(u32::to_be_bytes);
        let head = b"TZif".iter().copied().chain([0; 16]).chain(counts);
        let file: Vec<u8> = head.chain([0; 6]).chain(*b"UTC\0").collect();
        std::fs::write(directory.join("Mars/Olympus"), file).unwrap();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["schedule::zone::tests::zones_beside_a_poor_database", "--exact", "--ignored"])
            .env("TZDIR", &directory)
            .output()
            .unwrap();
        std::fs::remove_dir_all(directory).unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    fn what_is_no_zone_is_named() {
        for name in ["Mars/Olympus", "", "+02:00", "../etc/passwd", &"x".repeat(1 << 20)] {
            let error = find(name).unwrap_err();
            assert!(error.detail().contains("is not known"), "{}", error.detail());
            assert!(error.detail().len() < 300);
        }
    }
}
