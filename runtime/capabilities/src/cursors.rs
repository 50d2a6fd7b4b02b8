use std::collections::VecDeque;

use lambent_types::KeyspaceName;

/// Pages whose ends are remembered.
const REMEMBERED_MAX: usize = 16;

/// The positions that listings by number have reached.
///
/// The first draft's cursor is a number, and here it counts the keys before
/// it. That can always be found again by counting, also in a later invocation;
/// the pages this one has just read it need not count.
#[derive(Debug, Default)]
pub(crate) struct Cursors(VecDeque<(KeyspaceName, u64, String)>);

impl Cursors {
    /// Remembers that `after` is the key before position `cursor`.
    pub(crate) fn remember(&mut self, keyspace: KeyspaceName, cursor: u64, after: String) {
        if self.0.len() == REMEMBERED_MAX {
            self.0.pop_front();
        }
        self.0.push_back((keyspace, cursor, after));
    }

    /// The farthest position known that is not beyond `cursor`, and its key.
    pub(crate) fn nearest(&self, keyspace: &KeyspaceName, cursor: u64) -> (u64, Option<String>) {
        let known = self.0.iter().filter(|(of, at, _)| of == keyspace && *at <= cursor);
        known
            .max_by_key(|(_, at, _)| *at)
            .map_or((0, None), |(_, at, after)| (*at, Some(after.clone())))
    }
}
