//! The account number that a namespace has for AWS's tools and for functions that were written for AWS.

use sha2::{Digest as _, Sha256};

use crate::name::Namespace;

/// The account of the default namespace, which emulators have made usual.
const DEFAULT: &str = "000000000000";
/// Account numbers have twelve digits.
const NUMBERS: u64 = 1_000_000_000_000;

/// The account number of a namespace: twelve digits, always the same for the same name. Names of
/// resources say it to clients and to functions alike, so that each can use what the other gives it.
#[must_use]
pub fn account_number(namespace: &Namespace) -> String {
    let key = namespace.key();
    if key == Namespace::default().as_str() {
        return DEFAULT.into();
    }
    let digest = Sha256::digest(key);
    let number = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    format!("{:012}", number % NUMBERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_has_a_number_of_its_own() {
        assert_eq!(account_number(&Namespace::default()), DEFAULT);
        assert_eq!(account_number(&"DEFAULT".parse().unwrap()), DEFAULT);
        let (a, b): (Namespace, Namespace) = ("team-a".parse().unwrap(), "team-b".parse().unwrap());
        assert_ne!(account_number(&a), account_number(&b));
        assert_eq!(account_number(&a).len(), 12);
        assert_eq!(account_number(&a), account_number(&"TEAM-A".parse().unwrap()));
    }
}
