//! Bytes as text and back, as Node's `Buffer` has it: what does not fit is skipped or replaced,
//! never an error.

use rquickjs::prelude::{Func, Opt};
use rquickjs::{Ctx, Object, Result, TypedArray, Value};

use crate::files::bytes_of;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The functions, as one object.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("decode", Func::from(decode))?;
    object.set("encode", Func::from(encode))?;
    Ok(object)
}

/// The text of bytes, or of a part of them.
fn decode<'js>(
    ctx: Ctx<'js>,
    bytes: Value<'js>,
    encoding: String,
    start: Opt<usize>,
    end: Opt<usize>,
) -> Result<String> {
    let bytes = bytes_of(&ctx, &bytes)?;
    let end = end.0.unwrap_or(bytes.len()).min(bytes.len());
    let bytes = &bytes[start.0.unwrap_or(0).min(end)..end];
    Ok(match encoding.as_str() {
        "hex" => bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect(),
        "base64" => base64(bytes, BASE64, true),
        "base64url" => base64(bytes, BASE64_URL, false),
        "latin1" => bytes.iter().map(|byte| *byte as char).collect(),
        "ascii" => bytes.iter().map(|byte| (byte & 0x7f) as char).collect(),
        "utf16le" => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    })
}

/// The bytes of a text.
fn encode<'js>(ctx: Ctx<'js>, text: String, encoding: String) -> Result<TypedArray<'js, u8>> {
    let bytes = match encoding.as_str() {
        "hex" => from_hex(text.as_bytes()),
        "base64" | "base64url" => from_base64(text.as_bytes()),
        "latin1" | "ascii" => text.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect(),
        "utf16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => text.into_bytes(),
    };
    TypedArray::new(ctx, bytes)
}

fn base64(bytes: &[u8], alphabet: &[u8; 64], pads: bool) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|index| u32::from(chunk.get(index).copied().unwrap_or(0)));
        let all = a << 16 | b << 8 | c;
        for index in 0..4 {
            if index <= chunk.len() {
                text.push(alphabet[(all >> (18 - 6 * index) & 63) as usize] as char);
            } else if pads {
                text.push('=');
            }
        }
    }
    text
}

/// Takes both alphabets, up to a `=`, and skips what is in neither.
fn from_base64(text: &[u8]) -> Vec<u8> {
    let value = |byte: &u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let values: Vec<u32> =
        text.iter().take_while(|byte| **byte != b'=').filter_map(value).collect();
    let mut bytes = Vec::with_capacity(values.len() / 4 * 3 + 2);
    for chunk in values.chunks(4) {
        let all =
            chunk.iter().enumerate().fold(0, |all, (index, value)| all | value << (18 - 6 * index));
        bytes.extend(all.to_be_bytes()[1..].iter().take(chunk.len() * 6 / 8));
    }
    bytes
}

/// Ends at what is no pair of digits.
fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    let pairs = text.chunks_exact(2).map_while(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    pairs.filter_map(|byte| u8::try_from(byte).ok()).collect()
}
