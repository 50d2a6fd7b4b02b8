//! The digests by which clients of SQS see that a message came through unchanged, as SQS makes them:
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

/// What begins the types of attributes whose values are bytes.
const BINARY: &str = "Binary";

/// An attribute of a message as a node keeps it.
#[derive(Debug, Clone, Copy)]
pub struct DigestedAttribute<'a> {
    /// Its name.
    pub name: &'a str,
    /// What kind of value it is, such as `String` or `Number.int`.
    pub data_type: &'a str,
    /// The value: text, or base64 of bytes.
    pub value: &'a str,
}

impl DigestedAttribute<'_> {
    /// Whether its value is bytes.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        self.data_type.split('.').next() == Some(BINARY)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of a body.
#[must_use]
pub fn md5_of_body(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}

/// The digest of attributes, which are in the order of their names: of each the name, the type and the
/// value, with their lengths, and a byte that says which kind of value it is.
#[must_use]
pub fn md5_of_attributes<'a>(
    attributes: impl IntoIterator<Item = DigestedAttribute<'a>>,
) -> String {
    let mut digest = Md5::new();
    let add = |digest: &mut Md5, bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        digest.update(length.to_be_bytes());
        digest.update(bytes);
    };
    for attribute in attributes {
        add(&mut digest, attribute.name.as_bytes());
        add(&mut digest, attribute.data_type.as_bytes());
        if attribute.is_binary() {
            digest.update([2]);
            add(&mut digest, &STANDARD.decode(attribute.value).unwrap_or_default());
        } else {
            digest.update([1]);
            add(&mut digest, attribute.value.as_bytes());
        }
    }
    hex(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(attributes: &[(&'static str, &'static str, &'static str)]) -> String {
        md5_of_attributes(attributes.iter().map(|&(name, data_type, value)| DigestedAttribute {
            name,
            data_type,
            value,
        }))
    }

    /// The values are those that SQS answered, as LocalStack has recorded them.
    #[test]
    fn digests_are_those_of_sqs() {
        assert_eq!(md5_of_body("msg"), "6e2baaf3b97dbeef01c0043275f9a0e7");
        assert_eq!(of(&[("Foo", "String", "Bar")]), "ae7155c6026991b6d54b11589678bf9c");
        let three = [
            ("General", "String", "Kenobi"),
            ("Hello", "String", "There"),
            ("Help.Me", "String", "Me"),
        ];
        assert_eq!(of(&three), "4c360f3fdafd970e05fae2f149d997f5");
        assert_eq!(of(&three[..2]), "fca026605781cb4126a1e9044df24232");
        assert_eq!(of(&three[1..2]), "a311262e065454b75da111d535b8dacd");
        let bytes = "dHJhY2VwYXJlbnQeMDAtNzc0MDYyZDZjMzcwODFhNWEwYjliNWI4OGUzMDYyN2MtMmQyNDgyMjExZjY0ODlkYS0wMQ==";
        assert_eq!(of(&[("attr1", "Binary", bytes)]), "8cbe4db156db8a94db8b801b7addb984");
    }
}
