//! Messages as SQS has them: what their bodies and attributes may be, and the digests by which clients
//! see that they came through unchanged.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_dispatch::{DigestedAttribute, md5_of_attributes};
use serde::{Deserialize, Serialize};

use super::error::{contents, invalid_value, missing_parameter, shown};
use crate::fault::Fault;

/// Most attributes of a message; SQS's.
const ATTRIBUTES_MAX: usize = 10;
/// Most bytes of the name of an attribute, and of its type; SQS's.
const NAME_BYTES_MAX: usize = 256;

/// Attributes of a message by their names.
pub(super) type Attributes = BTreeMap<String, Attribute>;

/// An attribute of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Attribute {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
    pub(super) data_type: String,
}

impl Attribute {
    /// One as the node keeps it: text, and what kind of value it is.
    pub(super) fn new(value: String, data_type: Option<&String>) -> Self {
        let data_type = data_type.map_or("String", String::as_str).to_owned();
        match is_binary(&data_type) {
            true => Self { binary_value: Some(value), string_value: None, data_type },
            false => Self { string_value: Some(value), binary_value: None, data_type },
        }
    }

    /// The value as the node keeps it: text, or base64.
    pub(super) fn text(&self) -> &str {
        let value =
            if is_binary(&self.data_type) { &self.binary_value } else { &self.string_value };
        value.as_deref().unwrap_or_default()
    }

    /// The bytes of a binary value.
    fn bytes(&self) -> Vec<u8> {
        let value = self.binary_value.as_deref().unwrap_or_default();
        STANDARD.decode(value).unwrap_or_default()
    }

    /// How many bytes it counts for, with its name.
    fn size(&self, name: &str) -> usize {
        let value = match is_binary(&self.data_type) {
            true => self.bytes().len(),
            false => self.text().len(),
        };
        name.len() + self.data_type.len() + value
    }
}

fn is_binary(data_type: &str) -> bool {
    data_type.split('.').next() == Some("Binary")
}

/// How many bytes a message is, as SQS counts them.
pub(super) fn size(body: &str, attributes: &Attributes) -> usize {
    body.len() + attributes.iter().map(|(name, one)| one.size(name)).sum::<usize>()
}

/// Whether XML has a form for a character.
pub(super) fn is_of_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

const INVALID_CHARACTERS: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | \
                                  #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";

/// Checks the body of a message.
pub(super) fn check_body(body: &str) -> Result<(), Fault> {
    if body.is_empty() {
        return Err(missing_parameter("The request must contain the parameter MessageBody."));
    }
    if !body.chars().all(is_of_xml) {
        return Err(contents(INVALID_CHARACTERS));
    }
    Ok(())
}

/// Checks the attributes of a message.
pub(super) fn check_attributes(attributes: &Attributes) -> Result<(), Fault> {
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(invalid_value(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{ATTRIBUTES_MAX}].",
            attributes.len()
        )));
    }
    attributes.iter().try_for_each(|(name, attribute)| {
        check_name(name)?;
        check_value(name, attribute)
    })
}

fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(invalid_value("Message (user) attribute names must not be empty."));
    }
    if name.len() >= NAME_BYTES_MAX {
        return Err(invalid_value("Message (user) attribute names must be shorter than 256 Bytes"));
    }
    let of_a_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !name.chars().all(of_a_name) {
        return Err(invalid_value(
            "Message (user) attributes name can only contain upper and lower score characters, \
             digits, periods, hyphens and underscores. ",
        ));
    }
    let lower = name.to_ascii_lowercase();
    let is_reserved = ["aws.", "amazon.", "."].iter().any(|prefix| lower.starts_with(prefix));
    if is_reserved || name.ends_with('.') || name.contains("..") {
        return Err(invalid_value(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings \
             are reserved for internal use. Additionally, they cannot start or end with '.'.",
        ));
    }
    Ok(())
}

pub(super) fn check_value(name: &str, attribute: &Attribute) -> Result<(), Fault> {
    let data_type = attribute.data_type.as_str();
    let empty = |kind: &str| {
        Err(invalid_value(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
        )))
    };
    if data_type.is_empty() {
        return Err(invalid_value(format!(
            "The message attribute '{name}' must contain non-empty message attribute type."
        )));
    }
    if data_type.len() >= NAME_BYTES_MAX {
        return Err(invalid_value("Message (user) attribute types must be shorter than 256 Bytes"));
    }
    match data_type.split('.').next() {
        Some("Binary") => {
            let value = attribute.binary_value.as_deref().unwrap_or_default();
            if value.is_empty() {
                return empty("Binary");
            }
            if STANDARD.decode(value).is_err() {
                return Err(invalid_value(format!(
                    "The value of attribute '{name}' is not base64."
                )));
            }
        }
        Some(kind @ ("String" | "Number")) => {
            let value = attribute.string_value.as_deref().unwrap_or_default();
            if value.is_empty() {
                return empty("String");
            }
            if !value.chars().all(is_of_xml) {
                return Err(invalid_value(INVALID_CHARACTERS));
            }
            if kind == "Number" && !is_number(value) {
                return Err(invalid_value(format!(
                    "Can't cast the value of message (user) attribute '{name}' to a number."
                )));
            }
        }
        _ => {
            let data_type = shown(data_type);
            return Err(invalid_value(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of \
                 supported type prefixes is Binary, Number, and String, but was: {data_type}"
            )));
        }
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok_and(f64::is_finite)
}

/// The digest of attributes that SQS gives; none of none.
pub(super) fn digest<'a>(attributes: &'a Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let digested = |(name, attribute): (&'a String, &'a Attribute)| DigestedAttribute {
        name,
        data_type: &attribute.data_type,
        value: attribute.text(),
    };
    Some(md5_of_attributes(attributes.iter().map(digested)))
}
