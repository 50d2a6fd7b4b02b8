//! Passwords of chance, of the characters that are asked for.

use lambent_types::{Error, ErrorCode};

use crate::random_id::random_bytes;

/// What a password is to be.
#[derive(Debug, Clone)]
pub struct NewPassword {
    /// Characters of it.
    pub length: usize,
    /// Characters that it must not have.
    pub excluded: String,
    /// Whether it has `a-z`.
    pub lower_case: bool,
    /// Whether it has `A-Z`.
    pub upper_case: bool,
    /// Whether it has `0-9`.
    pub digits: bool,
    /// Whether it has punctuation.
    pub punctuation: bool,
    /// Whether it has spaces.
    pub space: bool,
    /// Whether it has one of each type at least.
    pub each_type: bool,
}

impl NewPassword {
    /// Makes one. Each that fits is as likely as any other, but that one of each type comes first and is
    /// moved to a place of chance.
    ///
    /// # Errors
    /// `InvalidConfiguration`: no such password can be.
    pub fn make(&self) -> Result<String, Error> {
        let types = self.types()?;
        let all: Vec<u8> = types.concat();
        if self.each_type && types.len() > self.length {
            return Err(invalid("Password length is too short based on the required types."));
        }
        let required: &[Vec<u8>] = if self.each_type { &types } else { &[] };
        let among = required.iter().chain(std::iter::repeat(&all)).take(self.length);
        let mut made = among
            .map(|among| Ok(among[below(among.len())?]))
            .collect::<Result<Vec<u8>, Error>>()?;
        // Fisher and Yates's shuffle.
        for at in (1..made.len()).rev() {
            made.swap(at, below(at + 1)?);
        }
        Ok(made.into_iter().map(char::from).collect())
    }

    fn types(&self) -> Result<Vec<Vec<u8>>, Error> {
        let of = |is: bool, all: Vec<u8>| is.then_some(all);
        let kinds = [
            of(self.lower_case, (b'a'..=b'z').collect()),
            of(self.upper_case, (b'A'..=b'Z').collect()),
            of(self.digits, (b'0'..=b'9').collect()),
            of(self.punctuation, (b'!'..=b'~').filter(u8::is_ascii_punctuation).collect()),
            of(self.space, vec![b' ']),
        ];
        let left = kinds.into_iter().flatten().map(|kind| {
            kind.into_iter().filter(|byte| !self.excluded.contains(char::from(*byte))).collect()
        });
        let left: Vec<Vec<u8>> = left.collect();
        let is_empty = |kind: &Vec<u8>| kind.is_empty();
        if left.iter().all(is_empty) || (self.each_type && left.iter().any(is_empty)) {
            return Err(invalid(
                "The password can't be made: of a type that it is to have, every character is excluded.",
            ));
        }
        Ok(left)
    }
}

/// A number of chance below another, which is at least 1: each is as likely.
fn below(bound: usize) -> Result<usize, Error> {
    let bound = bound as u64;
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let number = u64::from_ne_bytes(random_bytes()?);
        if number < fair {
            return Ok((number % bound) as usize);
        }
    }
}

fn invalid(detail: &str) -> Error {
    Error::new(ErrorCode::InvalidConfiguration, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(length: usize) -> NewPassword {
        NewPassword {
            length,
            excluded: String::new(),
            lower_case: true,
            upper_case: true,
            digits: true,
            punctuation: true,
            space: false,
            each_type: true,
        }
    }

    #[test]
    fn a_password_has_one_of_each_type() {
        for _ in 0..200 {
            let password = all(4).make().unwrap();
            let count = |is: fn(char) -> bool| password.chars().filter(|c| is(*c)).count();
            let counts = [
                count(|c| c.is_ascii_lowercase()),
                count(|c| c.is_ascii_uppercase()),
                count(|c| c.is_ascii_digit()),
                count(|c| c.is_ascii_punctuation()),
            ];
            assert_eq!(counts, [1; 4], "{password}");
        }
        assert!(all(3).make().is_err());
        assert_ne!(all(32).make().unwrap(), all(32).make().unwrap());
    }

    #[test]
    fn what_is_excluded_is_not_in_it() {
        let digits = NewPassword {
            excluded: "0123456".into(),
            lower_case: false,
            upper_case: false,
            punctuation: false,
            ..all(500)
        };
        let made = digits.make().unwrap();
        assert!(made.len() == 500 && made.chars().all(|c| "789".contains(c)), "{made}");
        let none = NewPassword { excluded: "0123456789".into(), ..digits.clone() };
        assert!(none.make().is_err());
        assert!(NewPassword { digits: false, ..digits }.make().is_err());
    }
}
