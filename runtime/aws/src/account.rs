//! The account number that a namespace has for AWS's tools.

use lambent_types::Namespace;
use sha2::{Digest as _, Sha256};

/// The account of the default namespace, which emulators have made usual.
const DEFAULT: &str = "000000000000";
/// Account numbers have twelve digits.
const NUMBERS: u64 = 1_000_000_000_000;

/// The account number of a namespace: twelve digits, always the same for the same name.
pub(crate) fn number(namespace: &Namespace) -> String {
    if *namespace == Namespace::default() {
        return DEFAULT.into();
    }
    let digest = Sha256::digest(namespace.key());
    let number = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    format!("{:012}", number % NUMBERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_has_a_number_of_its_own() {
        assert_eq!(number(&Namespace::default()), DEFAULT);
        let (a, b): (Namespace, Namespace) = ("team-a".parse().unwrap(), "team-b".parse().unwrap());
        assert_ne!(number(&a), number(&b));
        assert_eq!(number(&a).len(), 12);
        assert_eq!(number(&a), number(&"TEAM-A".parse().unwrap()));
    }
}
