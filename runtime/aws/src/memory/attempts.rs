//! What attempts to receive got: a client whose answer was lost is given the same again.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lambent_service::Message;

use super::{Place, lock};

/// How long an attempt to receive is known; SQS's.
const KEPT: Duration = Duration::from_secs(300);
/// Most attempts that are known at a time: older ones are received anew.
const COUNT_MAX: usize = 1000;
/// Most bytes of all that are known, which no quota counts: ten messages of the largest fit.
const BYTES_MAX: usize = 16 << 20;

/// An attempt: its queue and its id.
type Key = (Place, String);

/// What attempts to receive got.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<BTreeMap<Key, Attempt>>);

struct Attempt {
    at: Instant,
    bytes: usize,
    messages: Vec<Message>,
}

/// How many bytes a message holds, about.
fn size(message: &Message) -> usize {
    let texts = |(name, value): (&String, &String)| name.len() + value.len();
    let maps = [&message.attributes, &message.attribute_types, &message.annotations.0];
    let maps = maps.into_iter().chain(&message.dead);
    size_of::<Message>()
        + message.body.len()
        + maps.flat_map(|map| map.iter().map(texts)).sum::<usize>()
}

impl Attempts {
    /// What an attempt got before, if that is known.
    pub(crate) fn take(&self, place: &Place, id: &str, now: Instant) -> Option<Vec<Message>> {
        let attempt = lock(&self.0).remove(&(place.clone(), id.to_owned()))?;
        (now.duration_since(attempt.at) < KEPT).then_some(attempt.messages)
    }

    /// Notes what an attempt got, if that is anything and there is room for it.
    pub(crate) fn note(&self, place: Place, id: String, messages: &[Message], now: Instant) {
        let bytes = messages.iter().map(size).sum();
        if messages.is_empty() || bytes > BYTES_MAX {
            return;
        }
        let mut attempts = lock(&self.0);
        attempts.retain(|_, attempt| now.duration_since(attempt.at) < KEPT);
        attempts.remove(&(place.clone(), id.clone()));
        while attempts.len() >= COUNT_MAX
            || held(&attempts).values().sum::<usize>() + bytes > BYTES_MAX
        {
            if !make_room(&mut attempts) {
                break;
            }
        }
        let messages = messages.to_vec();
        attempts.insert((place, id), Attempt { at: now, bytes, messages });
    }
}

/// How many bytes are known of each namespace.
fn held(attempts: &BTreeMap<Key, Attempt>) -> BTreeMap<&str, usize> {
    let mut held = BTreeMap::new();
    for (((namespace, _), _), attempt) in attempts {
        *held.entry(namespace.as_str()).or_default() += attempt.bytes;
    }
    held
}

/// Forgets the oldest attempt of the namespace that has most, so that one does not push out the
/// others'. Whether there was any.
fn make_room(attempts: &mut BTreeMap<Key, Attempt>) -> bool {
    let largest = held(attempts).into_iter().max_by_key(|(_, bytes)| *bytes);
    let Some(namespace) = largest.map(|(namespace, _)| namespace.to_owned()) else { return false };
    let of_it = attempts.iter().filter(|(((owner, _), _), _)| *owner == namespace);
    let oldest = of_it.min_by_key(|(_, attempt)| attempt.at).map(|(key, _)| key.clone());
    oldest.is_some_and(|key| attempts.remove(&key).is_some())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;
    use lambent_service::Receipt;

    use super::*;

    fn message(bytes: usize) -> Message {
        Message {
            id: "m".into(),
            receipt: Receipt("1-1".into()),
            body: Bytes::from(vec![b'x'; bytes]),
            content_type: None,
            attributes: BTreeMap::new(),
            attribute_types: BTreeMap::new(),
            annotations: lambent_types::Annotations::default(),
            dead: None,
            group: None,
            deduplication: None,
            sequence: 1,
            sent: Timestamp::UNIX_EPOCH,
            first_received: None,
            receives: 1,
            origin: lambent_types::Origin::default(),
        }
    }

    fn place(namespace: &str) -> Place {
        (namespace.to_owned(), "q.fifo".to_owned())
    }

    #[test]
    fn attempts_are_known_for_a_while_and_never_too_many() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..=COUNT_MAX {
            let then = now + Duration::from_millis(number as u64);
            attempts.note(place("a"), number.to_string(), &[message(1)], then);
        }
        assert!(attempts.take(&place("a"), "0", now).is_none());
        assert!(attempts.take(&place("a"), "1", now + Duration::from_secs(300)).is_some());
        assert!(attempts.take(&place("a"), "2", now + KEPT * 2).is_none());
    }

    #[test]
    fn what_is_known_is_bounded_and_one_namespace_does_not_push_out_another() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        attempts.note(place("small"), "0".into(), &[message(1000)], now);
        for number in 1..100 {
            let then = now + Duration::from_millis(number);
            attempts.note(place("large"), number.to_string(), &[message(1 << 20)], then);
            assert!(held(&lock(&attempts.0)).values().sum::<usize>() <= BYTES_MAX);
        }
        assert!(attempts.take(&place("large"), "1", now).is_none());
        assert!(attempts.take(&place("large"), "99", now).is_some());
        assert!(attempts.take(&place("small"), "0", now).is_some());
    }

    #[test]
    fn what_is_nothing_or_too_much_is_not_known() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        attempts.note(place("a"), "empty".into(), &[], now);
        attempts.note(place("a"), "large".into(), &[message(BYTES_MAX)], now);
        assert!(lock(&attempts.0).is_empty());
    }
}
