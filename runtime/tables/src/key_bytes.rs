//! Values of keys as bytes whose order is theirs, for databases that compare nothing but bytes.
//!
//! Texts and bytes are themselves. A number is a byte that says which sign it has, then, unless it is zero, a byte of its
//! power of ten, its digits two to a byte, each pair plus one, and a zero; of a negative number all but the first byte are
//! inverted.

use crate::key::KeyValue;
use crate::key_schema::KeyType;
use crate::number::{MAGNITUDE, Number};

const NEGATIVE: u8 = 1;
const ZERO: u8 = 2;
const POSITIVE: u8 = 3;

impl KeyValue {
    /// Writes it as bytes whose order is that of the values of the same type. They are one column of a key: what several
    /// make one after the other has no order, as texts and bytes have no end.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::S(text) => text.clone().into_bytes(),
            Self::B(bytes) => bytes.clone(),
            Self::N(number) => number_bytes(number),
        }
    }

    /// Reads what [`KeyValue::to_bytes`] wrote, if it did.
    #[must_use]
    pub fn from_bytes(kind: KeyType, bytes: &[u8]) -> Option<Self> {
        match kind {
            KeyType::S => String::from_utf8(bytes.to_vec()).ok().map(Self::S),
            KeyType::B => Some(Self::B(bytes.to_vec())),
            KeyType::N => read_number(bytes).map(Self::N),
        }
    }
}

fn number_bytes(number: &Number) -> Vec<u8> {
    if number.is_zero() {
        return vec![ZERO];
    }
    let digits = number.digits().into_bytes();
    let mut bytes = Vec::with_capacity(3 + digits.len().div_ceil(2));
    bytes.push(if number.is_negative() { NEGATIVE } else { POSITIVE });
    // 256 powers there are, and a byte has them.
    bytes.push(u8::try_from(number.magnitude() - MAGNITUDE.start()).unwrap_or(u8::MAX));
    for pair in digits.chunks(2) {
        let second = pair.get(1).map_or(0, |digit| digit - b'0');
        bytes.push((pair[0] - b'0') * 10 + second + 1);
    }
    bytes.push(0);
    if number.is_negative() {
        bytes.iter_mut().skip(1).for_each(|byte| *byte = !*byte);
    }
    bytes
}

fn read_number(bytes: &[u8]) -> Option<Number> {
    let (sign, rest) = bytes.split_first()?;
    let negative = match *sign {
        ZERO => return rest.is_empty().then_some(Number::ZERO),
        POSITIVE => false,
        NEGATIVE => true,
        _ => return None,
    };
    let plain = |byte: u8| if negative { !byte } else { byte };
    let (magnitude, rest) = rest.split_first()?;
    let (end, pairs) = rest.split_last()?;
    if plain(*end) != 0 {
        return None;
    }
    let mut coefficient = 0_u128;
    for pair in pairs {
        let pair = plain(*pair).checked_sub(1).filter(|pair| *pair < 100)?;
        coefficient = coefficient.checked_mul(100)?.checked_add(pair.into())?;
    }
    let digits = i32::try_from(pairs.len() * 2).ok()?;
    let exponent = i32::from(plain(*magnitude)) + MAGNITUDE.start() - (digits - 1);
    let number = Number::of(negative, coefficient, exponent).ok()?;
    // As it would be written, and not merely what can be read.
    (number_bytes(&number) == bytes).then_some(number)
}
