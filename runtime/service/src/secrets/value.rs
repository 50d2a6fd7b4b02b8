//! What a version of a secret hides.

use std::fmt;

use bytes::Bytes;
use lambent_types::{Error, ErrorCode};

/// Most bytes of a value; Secrets Manager's.
const BYTES_MAX: usize = 65_536;
/// What stands before a text when it is sealed.
const TEXT: u8 = b't';
/// What stands before bytes when they are sealed.
const BINARY: u8 = b'b';

/// The value of a version. It does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretValue {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue")
    }
}

impl SecretValue {
    /// Makes one of bytes, which are a text if they are UTF-8.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Binary(error.into_bytes().into()),
        }
    }

    /// What is sealed of it.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let (kind, bytes) = match self {
            Self::Text(text) => (TEXT, text.as_bytes()),
            Self::Binary(bytes) => (BINARY, &bytes[..]),
        };
        if !(1..=BYTES_MAX).contains(&bytes.len()) {
            let detail = format!("The secret value must have 1 to {BYTES_MAX} bytes.");
            return Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        }
        Ok([&[kind], bytes].concat())
    }

    pub(super) fn of_bytes(mut bytes: Vec<u8>) -> Result<Self, Error> {
        let damaged = || Error::new(ErrorCode::Internal, "a secret's value is damaged");
        let kind = *bytes.first().ok_or_else(damaged)?;
        bytes.remove(0);
        match kind {
            TEXT => String::from_utf8(bytes).map(Self::Text).map_err(|_| damaged()),
            BINARY => Ok(Self::Binary(bytes.into())),
            _ => Err(damaged()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_it_was_and_does_not_show_itself() {
        for value in [SecretValue::Text("t\u{e9}".into()), SecretValue::Binary(vec![0, 255].into())]
        {
            assert_eq!(SecretValue::of_bytes(value.to_bytes().unwrap()).unwrap(), value);
        }
        let shown = format!("{:?}", SecretValue::Text("open sesame".into()));
        assert_eq!(shown, "SecretValue");
        for length in [0, BYTES_MAX + 1] {
            assert!(SecretValue::Text("x".repeat(length)).to_bytes().is_err());
        }
        assert!(SecretValue::Text("x".repeat(BYTES_MAX)).to_bytes().is_ok());
        assert!(SecretValue::of_bytes(vec![]).is_err() && SecretValue::of_bytes(vec![7]).is_err());
    }
}
