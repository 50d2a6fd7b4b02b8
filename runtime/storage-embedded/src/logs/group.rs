use std::collections::HashMap;
use std::collections::hash_map::Entry;

use lambent_types::{InvocationRecord, RequestId};

/// How many bytes at the beginning of their ids all records of a block share. Ids
/// begin with the time, in milliseconds: these are spans of 256 of them.
const PREFIX_BYTES: usize = 5;

/// The seconds in which all records of a block started, so that none is kept much
/// longer than it should be because of another.
const STARTED_SECONDS: i64 = 60;

/// What an id begins with.
pub(super) fn prefix(id: &RequestId) -> &[u8] {
    &id.0.as_bytes()[..PREFIX_BYTES]
}

/// What records share that may be in the same block.
#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Key<'a> {
    namespace: &'a str,
    function: &'a str,
    prefix: &'a [u8],
    started: i64,
}

impl<'a> Key<'a> {
    fn of(record: &'a InvocationRecord) -> Self {
        Self {
            namespace: record.namespace.as_str(),
            function: record.function.as_str(),
            prefix: prefix(&record.id),
            started: record.started.as_second().div_euclid(STARTED_SECONDS),
        }
    }
}

/// The records that may be in the same block, by their places among all; groups
/// and records in the order in which they came.
pub(super) fn groups(records: &[InvocationRecord]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known = HashMap::new();
    let mut last = None;
    for (place, record) in records.iter().enumerate() {
        let key = Key::of(record);
        // Often it is the same as before.
        let group = match last {
            Some((same, group)) if same == key => group,
            _ => match known.entry(key) {
                Entry::Occupied(group) => *group.get(),
                Entry::Vacant(vacant) => {
                    groups.push(Vec::new());
                    *vacant.insert(groups.len() - 1)
                }
            },
        };
        groups[group].push(place);
        last = Some((key, group));
    }
    groups
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::*;
    use lambent_storage::contract::samples::{name, namespace, record};

    #[test]
    fn only_what_belongs_together_is_together() {
        let (ns, f, g) = (namespace("ns"), name("f"), name("g"));
        let mut first = record(&ns, &f, "");
        first.id = RequestId(Uuid::from_u128(1 << 100));
        let same =
            InvocationRecord { id: RequestId(Uuid::from_u128(1 << 100 | 1)), ..first.clone() };
        let other = InvocationRecord { function: g, ..first.clone() };
        let later = InvocationRecord { id: RequestId(Uuid::from_u128(1 << 101)), ..first.clone() };
        let mut earlier = first.clone();
        earlier.started -= SignedDuration::from_mins(1);
        let records = [first, other.clone(), same.clone(), later, earlier, other, same];
        assert_eq!(groups(&records), [vec![0, 2, 6], vec![1, 5], vec![3], vec![4]]);
    }
}
