//! RSA keys. ring signs with them and makes none, and SNS's subscribers know no other.
//!
//! A key is made of two random primes of 1024 bits (FIPS 186-5, appendix A.1.3), and is looked at by ring,
//! which refuses one whose parts do not belong together.

use num_bigint::BigUint;

/// Bytes of a prime; the modulus has twice as many.
const PRIME_BYTES: usize = 128;
/// The public exponent.
const EXPONENT: u32 = 65_537;
/// How often a candidate is tested: for random ones of this size, FIPS 186-5 has five.
const ROUNDS: usize = 8;
/// Up to where small primes are tried first.
const SIEVE: u32 = 2_000;

/// Makes a key, in the form of PKCS #8. It takes some tenths of a second.
///
/// # Errors
/// The operating system gives no random bytes.
pub(crate) fn generate() -> Result<Vec<u8>, getrandom::Error> {
    let small = small_primes();
    let e = BigUint::from(EXPONENT);
    loop {
        let (one, other) = (prime(&small, &e)?, prime(&small, &e)?);
        let (p, q) = if one > other { (one, other) } else { (other, one) };
        // Primes that are close to each other are found from their product.
        if (&p - &q).bits() < 924 {
            continue;
        }
        let (p1, q1) = (&p - 1_u32, &q - 1_u32);
        let all = &p1 * &q1;
        let least = &all / gcd(p1.clone(), q1.clone());
        let (Some(d), Some(inverse)) = (e.modinv(&least), q.modinv(&p)) else { continue };
        let parts = [
            BigUint::ZERO,
            &p * &q,
            e.clone(),
            d.clone(),
            p.clone(),
            q.clone(),
            &d % &p1,
            &d % &q1,
            inverse,
        ];
        return Ok(pkcs8(&parts));
    }
}

fn gcd(mut a: BigUint, mut b: BigUint) -> BigUint {
    while b != BigUint::ZERO {
        (a, b) = (b.clone(), a % b);
    }
    a
}

fn small_primes() -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::new();
    for candidate in 3..SIEVE {
        if candidate % 2 == 1 && primes.iter().all(|prime| candidate % prime != 0) {
            primes.push(candidate);
        }
    }
    primes
}

/// A random prime whose two highest bits are set, so that the product of two has all its bits.
fn prime(small: &[u32], e: &BigUint) -> Result<BigUint, getrandom::Error> {
    loop {
        let mut bytes = [0; PRIME_BYTES];
        getrandom::fill(&mut bytes)?;
        bytes[0] |= 0b1100_0000;
        bytes[PRIME_BYTES - 1] |= 1;
        let candidate = BigUint::from_bytes_be(&bytes);
        let has_small = small.iter().any(|prime| &candidate % *prime == BigUint::ZERO);
        if !has_small && (&candidate - 1_u32) % e != BigUint::ZERO && is_prime(&candidate)? {
            return Ok(candidate);
        }
    }
}

/// Miller's and Rabin's test.
fn is_prime(candidate: &BigUint) -> Result<bool, getrandom::Error> {
    let one = BigUint::from(1_u32);
    let less = candidate - &one;
    let twos = less.trailing_zeros().unwrap_or_default();
    let odd = &less >> twos;
    'rounds: for _ in 0..ROUNDS {
        let mut bytes = [0; PRIME_BYTES - 1];
        getrandom::fill(&mut bytes)?;
        let mut power = (BigUint::from_bytes_be(&bytes) + 2_u32).modpow(&odd, candidate);
        // Nothing follows from a base that is a multiple of it.
        if power == one || power == less || power == BigUint::ZERO {
            continue;
        }
        for _ in 1..twos {
            power = &power * &power % candidate;
            if power == less {
                continue 'rounds;
            }
        }
        return Ok(false);
    }
    Ok(true)
}

/// A value of DER with its tag and its length.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    match content.len() {
        0..128 => out.push(u8::try_from(content.len()).unwrap_or_default()),
        _ => {
            out.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
            out.extend(&length);
        }
    }
    out.extend(content);
    out
}

fn integer(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    // Without it the number would be negative.
    if bytes.first().is_some_and(|first| *first >= 0x80) {
        bytes.insert(0, 0);
    }
    der(2, &bytes)
}

fn pkcs8(parts: &[BigUint]) -> Vec<u8> {
    /// The algorithm: rsaEncryption, without parameters.
    const ALGORITHM: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let key: Vec<u8> = parts.iter().flat_map(integer).collect();
    let key = der(4, &der(0x30, &key));
    der(0x30, &[integer(&BigUint::ZERO), ALGORITHM.to_vec(), key].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_by_ring_and_sign() {
        let key = generate().unwrap();
        let pair = ring::signature::RsaKeyPair::from_pkcs8(&key).unwrap();
        assert_eq!(pair.public().modulus_len(), 256);
        let mut signature = vec![0; 256];
        let random = ring::rand::SystemRandom::new();
        pair.sign(&ring::signature::RSA_PKCS1_SHA256, &random, b"text", &mut signature).unwrap();
        let public = ring::signature::UnparsedPublicKey::new(
            &ring::signature::RSA_PKCS1_2048_8192_SHA256,
            pair.public().as_ref(),
        );
        public.verify(b"text", &signature).unwrap();
        assert!(public.verify(b"other", &signature).is_err());
    }

    #[test]
    fn primes_are_told() {
        for (number, prime) in [(561_u32, false), (7_919, true), (7_917, false), (65_537, true)] {
            assert_eq!(is_prime(&BigUint::from(number)).unwrap(), prime, "{number}");
        }
    }
}
