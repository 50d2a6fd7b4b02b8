//! Random bytes, and ids of them that nobody can guess, in the form of AWS's.

use lambent_types::{Error, ErrorCode};

/// Text of this prefix and so many random characters of `A-Z 2-7`.
pub(crate) fn random_id(prefix: &str, chars: usize) -> Result<String, Error> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = vec![0; chars];
    fill(&mut bytes)?;
    let id = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    Ok(format!("{prefix}{}", id.collect::<String>()))
}

/// So many random bytes.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        tracing::error!(%error, "the operating system gives no random bytes");
        Error::new(ErrorCode::Internal, "no random bytes; see the server's log")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_one_form_and_never_the_same() {
        let (a, b) = (random_id("AROA", 17).unwrap(), random_id("AROA", 17).unwrap());
        assert_ne!(a, b);
        let fits = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
        assert!(a.len() == 21 && a.starts_with("AROA") && a.chars().all(fits), "{a}");
    }
}
