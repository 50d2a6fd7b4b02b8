//! What messages of topics may be, in SNS's words.

use lambent_types::{Digest, Error, ErrorCode, NewTopicMessage, Topic, TopicAttribute};

/// Most bytes of a message, its attributes included; SNS's.
pub(crate) const MESSAGE_BYTES_MAX: usize = 262_144;
/// Most characters of a subject; SNS's.
const SUBJECT_CHARS_MAX: usize = 100;
/// Most bytes of the name of an attribute.
const NAME_BYTES_MAX: usize = 256;
/// Most bytes of a group, and of what a message is known by.
const ID_BYTES_MAX: usize = 128;
/// The protocols that a message may have a text of its own for.
const PROTOCOLS: [&str; 4] = ["http", "https", "lambda", "sqs"];

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidRequest, detail)
}

/// Whether XML has a form for a character: what has none, no queue takes either.
fn is_of_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Checks a message that is published to a topic.
///
/// # Errors
/// `InvalidRequest`, `PayloadTooLarge`.
pub(crate) fn check(topic: &Topic, message: &NewTopicMessage) -> Result<(), Error> {
    if message.message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if message.bytes() > MESSAGE_BYTES_MAX {
        return Err(Error::new(ErrorCode::PayloadTooLarge, "Message too long"));
    }
    let texts = message.message_for.values().chain([&message.message]);
    if !texts.flat_map(|text| text.chars()).all(is_of_xml) {
        return Err(invalid("Message Reason: it has characters that XML has no form for"));
    }
    if let Some(protocol) =
        message.message_for.keys().find(|one| !PROTOCOLS.contains(&one.as_str()))
    {
        return Err(invalid(format!("message_for has no kind of subscribers {protocol:?}")));
    }
    check_subject(message.subject.as_deref())?;
    message.attributes.iter().try_for_each(|(name, one)| check_attribute(name, one))?;
    check_order(topic, message)
}

fn check_subject(subject: Option<&str>) -> Result<(), Error> {
    let Some(subject) = subject else { return Ok(()) };
    let fits = (1..=SUBJECT_CHARS_MAX).contains(&subject.chars().count())
        && subject.chars().all(|c| !c.is_control() && is_of_xml(c))
        && !subject.starts_with(' ');
    if fits { Ok(()) } else { Err(invalid("Subject")) }
}

fn check_attribute(name: &str, attribute: &TopicAttribute) -> Result<(), Error> {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_name = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.chars().all(of_a_name)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..");
    let shown: String = name.chars().take(80).collect();
    if !is_name {
        return Err(invalid(format!("Invalid attribute name: {shown:?}")));
    }
    let TopicAttribute { data_type, value } = attribute;
    if value.is_empty() {
        return Err(invalid(format!(
            "The message attribute '{shown}' must contain non-empty message attribute value for \
             message attribute type '{data_type}'."
        )));
    }
    let kind = data_type.split('.').next().unwrap_or_default();
    let fits = match kind {
        "String" if data_type == "String.Array" => {
            serde_json::from_str::<Vec<serde_json::Value>>(value).is_ok()
        }
        "String" => value.chars().all(is_of_xml),
        "Number" => value.trim().parse::<f64>().is_ok_and(f64::is_finite),
        "Binary" => {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.decode(value).is_ok()
        }
        _ => {
            return Err(invalid(format!(
                "The message attribute '{shown}' has an invalid message attribute type, the set of \
                 supported type prefixes is Binary, Number, and String."
            )));
        }
    };
    if fits && data_type.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    Err(invalid(format!(
        "The value of the message attribute '{shown}' is not one of its type '{}'.",
        data_type.chars().take(80).collect::<String>()
    )))
}

/// Checks group and id, which FIFO topics need.
fn check_order(topic: &Topic, message: &NewTopicMessage) -> Result<(), Error> {
    let fits = |id: &Option<String>| {
        id.as_deref().is_none_or(|id| {
            (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_graphic())
        })
    };
    for (name, id) in
        [("MessageGroupId", &message.group), ("MessageDeduplicationId", &message.deduplication)]
    {
        if !fits(id) {
            return Err(invalid(format!(
                "{name} can only include alphanumeric and punctuation characters. 1 to \
                 {ID_BYTES_MAX} in length."
            )));
        }
    }
    match (topic.name.is_fifo(), &message.deduplication) {
        (false, Some(_)) => Err(invalid(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter \
             that is not valid for this topic type",
        )),
        (true, _) if message.group.is_none() => {
            Err(invalid("The MessageGroupId parameter is required for FIFO topics"))
        }
        (true, None) if !topic.content_deduplication => Err(invalid(
            "The topic should either have ContentBasedDeduplication enabled or \
             MessageDeduplicationId provided explicitly",
        )),
        _ => Ok(()),
    }
}

/// What a FIFO topic knows a message by.
pub(crate) fn known_by(message: &NewTopicMessage) -> String {
    let by_text = || Digest::of(message.message.as_bytes()).to_string();
    message.deduplication.clone().unwrap_or_else(by_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_sns() {
        let (plain, fifo) =
            (Topic::new("t".parse().unwrap()), Topic::new("t.fifo".parse().unwrap()));
        let text = |text: &str| NewTopicMessage { message: text.into(), ..Default::default() };
        let told = |topic: &Topic, message: NewTopicMessage| {
            check(topic, &message).map_err(|error| error.detail().to_owned())
        };
        assert_eq!(told(&plain, text("x")), Ok(()));
        assert_eq!(told(&plain, text("")).unwrap_err(), "Empty message");
        assert_eq!(told(&plain, text(&"x".repeat(262_144))), Ok(()));
        assert_eq!(told(&plain, text(&"x".repeat(262_145))).unwrap_err(), "Message too long");
        assert!(told(&plain, text("\u{0}")).is_err());
        for subject in ["", " a", "a\nb", &"a".repeat(101)] {
            let message = NewTopicMessage { subject: Some(subject.into()), ..text("x") };
            assert_eq!(told(&plain, message).unwrap_err(), "Subject", "{subject:?}");
        }
        for (data_type, value, fits) in [
            ("String", "a", true),
            ("String.Array", "[1]", true),
            ("String.Array", "a", false),
            ("Number", "1e3", true),
            ("Number", "x", false),
            ("Binary", "AAAA", true),
            ("Binary", "?", false),
            ("Text", "a", false),
            ("String", "", false),
        ] {
            let one = TopicAttribute { data_type: data_type.into(), value: value.into() };
            let attributes = [("a".to_owned(), one)].into();
            let message = NewTopicMessage { attributes, ..text("x") };
            assert_eq!(told(&plain, message).is_ok(), fits, "{data_type} {value}");
        }
        let grouped = NewTopicMessage { group: Some("g".into()), ..text("x") };
        assert!(told(&fifo, text("x")).unwrap_err().contains("MessageGroupId"));
        assert!(told(&fifo, grouped.clone()).unwrap_err().contains("ContentBasedDeduplication"));
        let by_content = Topic { content_deduplication: true, ..fifo };
        assert_eq!(told(&by_content, grouped.clone()), Ok(()));
        let twice = NewTopicMessage { deduplication: Some("d".into()), ..grouped };
        assert!(told(&plain, twice).is_err());
    }
}
