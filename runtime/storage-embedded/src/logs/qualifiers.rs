//! The versions and aliases of the records of a block, as a text in which one of them is looked
//! for before the block is read.

use std::fmt::Write as _;

use lambent_types::{InvocationRecord, Qualifier};

/// Most of one block that are told apart: in one with more, any is looked for.
const DISTINCT_MAX: usize = 64;

/// Those of these records, in lower case, each between spaces; `None`: any.
pub(super) fn qualifiers<'r>(
    records: impl Iterator<Item = &'r InvocationRecord>,
) -> Option<String> {
    let mut distinct = Vec::new();
    for record in records {
        let called = (record.version, record.alias.as_ref());
        // Often it is the same as before.
        if distinct.last() != Some(&called) && !distinct.contains(&called) {
            if distinct.len() >= DISTINCT_MAX {
                return None;
            }
            distinct.push(called);
        }
    }
    let mut text = String::from(" ");
    for (version, alias) in distinct {
        let _ = write!(text, "{version} ");
        if let Some(alias) = alias {
            let _ = write!(text, "{alias} ");
        }
    }
    text.make_ascii_lowercase();
    Some(text)
}

/// What is in the text of every block with a record that a qualifier fits.
pub(super) fn wanted(qualifier: &Qualifier) -> String {
    format!(" {} ", qualifier.key())
}

#[cfg(test)]
mod tests {
    use lambent_storage::contract::samples::{name, namespace, record};
    use lambent_storage::{InvocationLogs as _, LogQuery};
    use lambent_types::VersionNumber;

    use super::super::{EmbeddedLogs, LOGS, blocks, select};
    use super::*;
    use crate::data_dir::DataDir;
    use crate::options::LogOptions;

    fn of(number: u64, alias: Option<&str>) -> InvocationRecord {
        let alias = alias.map(|alias| alias.parse().unwrap());
        let version = VersionNumber::Number(number);
        InvocationRecord { version, alias, ..record(&namespace("ns"), &name("f"), "") }
    }

    #[test]
    fn each_is_told_once() {
        let head = record(&namespace("ns"), &name("f"), "");
        let records = [head.clone(), of(2, Some("Live")), of(2, Some("Live")), head, of(12, None)];
        let told = qualifiers(records.iter());
        assert_eq!(told.as_deref(), Some(" $latest 2 live 12 "));
        let many: Vec<_> = (1..=DISTINCT_MAX as u64 + 1).map(|number| of(number, None)).collect();
        assert!(qualifiers(many[1..].iter()).is_some());
        assert_eq!(qualifiers(many.iter()), None);
    }

    #[tokio::test]
    async fn only_blocks_in_which_a_qualifier_is_are_read() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDir::open(home.path()).unwrap();
        let logs = EmbeddedLogs::open(&data, LogOptions::default()).unwrap();
        for number in 1..=20 {
            let alias = (number == 7).then_some("Live");
            assert!(logs.append(of(number, alias)));
            // A block of its own.
            logs.flush().await;
        }
        let connection = LOGS.open(&data).unwrap();
        let read = |qualifier: &str, newest| -> usize {
            let qualifier = Some(qualifier.parse().unwrap());
            let all = LogQuery::new(namespace("ns"), name("f"));
            let query = LogQuery { qualifier, newest, ..all };
            let mut statement = connection.prepare(&select(&query)).unwrap();
            blocks(&mut statement, &query, |_| Ok(())).unwrap().count()
        };
        for newest in [false, true] {
            assert_eq!(read("none", newest), 0);
            assert_eq!((read("live", newest), read("2", newest)), (1, 1));
            assert_eq!(read("$LATEST", newest), 0);
        }
        let former = "UPDATE block SET qualifiers = NULL WHERE cursor <= 3";
        connection.execute(former, []).unwrap();
        assert_eq!(read("live", true), 4, "of those that were written before it is not known");
    }
}
