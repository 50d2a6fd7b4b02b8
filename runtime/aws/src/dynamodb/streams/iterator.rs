//! Where in a stream a client reads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use lambent_service::TableStream;
use lambent_tables::StreamSequence;
use serde::{Deserialize, Serialize};

use super::super::error::{checked, expired_iterator, not_found, trimmed, validation};
use super::name::{START, StreamName};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// How long an iterator is good for.
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);
const TYPES: &[&str] = &["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"];

/// Where in a stream to go on. A client holds it as a text that says nothing to it. It gives no
/// right: whoever shows it is asked what he may read.
pub(super) struct Iterator {
    pub(super) stream: StreamName,
    pub(super) from: StreamSequence,
}

impl Iterator {
    /// The text of one that begins to be good now.
    pub(super) fn text(stream: &StreamName, from: StreamSequence) -> String {
        let place = format!("{} {from}", Timestamp::now().as_millisecond());
        format!("{}|1|{}", stream.arn, URL_SAFE_NO_PAD.encode(place))
    }

    /// Reads one that is still good.
    pub(super) fn of(text: &str) -> Result<Self, Fault> {
        let (given, from) = Self::read(text).ok_or_else(|| validation("Invalid ShardIterator"))?;
        let stream = StreamName::of(text.split('|').next().unwrap_or_default())?;
        if Timestamp::now().duration_since(given) > LIFETIME {
            return Err(expired_iterator(
                "The shard iterator has expired. Shard iterators are always valid for 15 minutes.",
            ));
        }
        Ok(Self { stream, from })
    }

    /// Since when it is good, and where it goes on.
    fn read(text: &str) -> Option<(Timestamp, StreamSequence)> {
        let (_, place) = text.split_once("|1|")?;
        let place = String::from_utf8(URL_SAFE_NO_PAD.decode(place).ok()?).ok()?;
        let (given, from) = place.split_once(' ')?;
        let given = Timestamp::from_millisecond(given.parse().ok()?).ok()?;
        Some((given, from.parse().ok()?))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetShardIterator {
    stream_arn: Option<String>,
    shard_id: Option<String>,
    shard_iterator_type: Option<String>,
    sequence_number: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Got {
    shard_iterator: String,
}

impl GetShardIterator {
    fn check(&self) -> Result<(), Fault> {
        let mut violations = Violations::default();
        violations.stream(self.stream_arn.as_deref());
        violations.present(self.shard_id.is_some(), "shardId");
        violations.shard("shardId", self.shard_id.as_deref());
        let kind = self.shard_iterator_type.as_deref();
        violations.present(kind.is_some(), "shardIteratorType");
        violations.one_of("shardIteratorType", kind, TYPES);
        if let Some(sequence) = &self.sequence_number {
            violations.length("sequenceNumber", sequence, 21, 40);
        }
        checked(violations)
    }

    fn from(&self, stream: &TableStream) -> Result<StreamSequence, Fault> {
        let kind = self.shard_iterator_type.as_deref().unwrap_or_default();
        let is_of_number = kind.ends_with("SEQUENCE_NUMBER");
        match (kind, &self.sequence_number) {
            ("TRIM_HORIZON", None) => Ok(stream.oldest),
            ("LATEST", None) => Ok(stream.next),
            (_, None) => Err(validation(format!(
                "The parameter SequenceNumber is required with ShardIteratorType {kind}"
            ))),
            (_, Some(_)) if !is_of_number => Err(validation(format!(
                "The parameter SequenceNumber is not allowed with ShardIteratorType {kind}"
            ))),
            (_, Some(text)) => {
                let number: StreamSequence =
                    text.parse().map_err(|_| validation("Invalid SequenceNumber"))?;
                let from = if kind.starts_with("AT") { number } else { number.next() };
                if number == START && stream.oldest == StreamSequence::FIRST {
                    return Ok(stream.oldest);
                }
                if from < stream.oldest {
                    return Err(trimmed());
                }
                if number >= stream.next {
                    return Err(validation("Invalid SequenceNumber"));
                }
                Ok(from)
            }
        }
    }
}

pub(super) async fn get(call: &Call, wanted: GetShardIterator) -> Result<Got, Fault> {
    wanted.check()?;
    let name = StreamName::of(wanted.stream_arn.as_deref().unwrap_or_default())?;
    let stream = name.find(call).await?;
    let asked = wanted.shard_id.as_deref().unwrap_or_default();
    if asked != stream.shard() {
        return Err(not_found(format!(
            "Requested resource not found: Shard: {asked} in Stream: {} not found",
            name.arn
        )));
    }
    Ok(Got { shard_iterator: Iterator::text(&name, wanted.from(&stream)?) })
}

#[cfg(test)]
mod tests {
    use lambent_tables::{KeyAttribute, KeySchema, KeyType, StreamView};

    use super::*;

    const ARN: &str = "arn:aws:dynamodb:us-east-1:1:table/Things/stream/2015-05-11T21:21:33.291";

    #[test]
    fn iterators_are_read_as_they_were_written() {
        let name = StreamName::of(ARN).unwrap();
        assert_eq!(
            (name.table.as_str(), name.label.as_str()),
            ("Things", "2015-05-11T21:21:33.291")
        );
        let text = Iterator::text(&name, StreamSequence(7));
        let read = Iterator::of(&text).unwrap();
        assert_eq!((read.from, read.stream.arn.as_str()), (StreamSequence(7), ARN));
        for wrong in
            ["", "x", ARN, &format!("{ARN}|1|"), &format!("{ARN}|1|AAAA"), &text[..text.len() - 1]]
        {
            let fault = Iterator::of(wrong).err().unwrap();
            assert_eq!(fault.message, "Invalid ShardIterator", "{wrong}");
        }
        let old = Timestamp::now().as_millisecond() - 15 * 60 * 1000 - 1;
        let place = URL_SAFE_NO_PAD.encode(format!("{old} {}", StreamSequence(7)));
        let fault = Iterator::of(&format!("{ARN}|1|{place}")).err().unwrap();
        assert!(fault.code.ends_with("ExpiredIteratorException"), "{}", fault.code);
    }

    #[test]
    fn an_iterator_begins_where_there_still_are_records() {
        let hash = KeyAttribute { name: "id".into(), kind: KeyType::S };
        let stream = |oldest, next| TableStream {
            table: "Things".parse().unwrap(),
            label: "l".into(),
            view: StreamView::KeysOnly,
            key: KeySchema { hash: hash.clone(), range: None },
            enabled: true,
            created: Timestamp::UNIX_EPOCH,
            oldest: StreamSequence(oldest),
            next: StreamSequence(next),
        };
        let from = |kind: &str, number: Option<u64>, stream: &TableStream| {
            let wanted = GetShardIterator {
                stream_arn: None,
                shard_id: None,
                shard_iterator_type: Some(kind.into()),
                sequence_number: number.map(|number| StreamSequence(number).to_string()),
            };
            wanted.from(stream).map(|from| from.0).map_err(|fault| fault.code)
        };
        let (whole, cut) = (stream(1, 9), stream(5, 9));
        for (kind, number, expected) in [
            ("TRIM_HORIZON", None, 5),
            ("LATEST", None, 9),
            ("AT_SEQUENCE_NUMBER", Some(5), 5),
            ("AFTER_SEQUENCE_NUMBER", Some(4), 5),
            ("AFTER_SEQUENCE_NUMBER", Some(8), 9),
        ] {
            assert_eq!(from(kind, number, &cut), Ok(expected), "{kind} {number:?}");
        }
        // A shard begins before its first record, as long as that is there.
        for kind in ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] {
            assert_eq!(from(kind, Some(0), &whole), Ok(1));
            assert_eq!(from(kind, Some(0), &stream(1, 1)), Ok(1));
            let refused = from(kind, Some(0), &cut).unwrap_err();
            assert!(refused.ends_with("TrimmedDataAccessException"), "{refused}");
            let refused = from(kind, Some(9), &whole).unwrap_err();
            assert!(refused.ends_with("ValidationException"), "{refused}");
        }
    }
}
