//! What the client of an invocation says of itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_types::bounds::CLIENT_CONTEXT_BYTES_MAX;
use serde_json::{Map, Value};

/// Reads a JSON object in base64, and returns it in ASCII, which fits into a header of the Runtime API.
pub(super) fn read(text: &str) -> Result<String, String> {
    if text.len() > CLIENT_CONTEXT_BYTES_MAX {
        return Err(format!(
            "the client context has {} bytes of base64; at most {CLIENT_CONTEXT_BYTES_MAX} are taken",
            text.len()
        ));
    }
    let bytes = STANDARD.decode(text);
    let object: Option<Map<String, Value>> =
        bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let object = object.ok_or("Client context must be a valid Base64-encoded JSON object.")?;
    Ok(in_ascii(&Value::Object(object).to_string()))
}

/// JSON in which the characters of strings that are not ASCII are escaped: elsewhere there are none.
fn in_ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_in_base64_is_read_and_nothing_else() {
        let json = r#"{"custom":{"name":"Zoë 🦀"}}"#;
        let read_json = read(&STANDARD.encode(json)).unwrap();
        assert!(read_json.is_ascii(), "{read_json}");
        let [was, is]: [Value; 2] =
            [json, &read_json].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(was, is);
        for odd in ["", "{}", "e30", &STANDARD.encode("[1]"), &STANDARD.encode("{}x"), "%%%="] {
            assert!(read(odd).unwrap_err().contains("Base64"), "{odd}");
        }
        assert_eq!(read("e30=").unwrap(), "{}");
        let long = STANDARD.encode(format!("{{\"a\":\"{}\"}}", "x".repeat(3000)));
        assert!(read(&long).unwrap_err().contains("3583"));
    }
}
