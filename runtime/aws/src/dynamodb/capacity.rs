//! What a request would have used of a throughput on AWS, worked out of the bytes of its items.

use serde::Serialize;

/// Bytes of a unit of reading and of one of writing.
const READ_BYTES: f64 = 4096.0;
const WRITE_BYTES: f64 = 1024.0;

/// The units that a request used of a table.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ConsumedCapacity {
    table_name: String,
    capacity_units: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<Capacity>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Capacity {
    capacity_units: f64,
}

/// What a client asks for of this.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a>(pub(super) Option<&'a str>);

impl Wanted<'_> {
    /// The units of what was read: by items that are read by their keys each for itself, by a page as a whole.
    pub(super) fn read(
        self,
        table: &str,
        bytes: u64,
        consistent: bool,
    ) -> Option<ConsumedCapacity> {
        self.units(table, read_units(bytes, consistent))
    }

    /// The units of what was written.
    pub(super) fn written(self, table: &str, bytes: u64) -> Option<ConsumedCapacity> {
        self.units(table, write_units(bytes))
    }

    pub(super) fn units(self, table: &str, units: f64) -> Option<ConsumedCapacity> {
        let detailed = match self.0 {
            Some("TOTAL") => false,
            Some("INDEXES") => true,
            _ => return None,
        };
        Some(ConsumedCapacity {
            table_name: table.to_owned(),
            capacity_units: units,
            table: detailed.then_some(Capacity { capacity_units: units }),
        })
    }
}

pub(super) fn read_units(bytes: u64, consistent: bool) -> f64 {
    let units = (bytes as f64 / READ_BYTES).ceil().max(1.0);
    if consistent { units } else { units / 2.0 }
}

pub(super) fn write_units(bytes: u64) -> f64 {
    (bytes as f64 / WRITE_BYTES).ceil().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_as_aws_counts_them() {
        assert_eq!(
            (read_units(0, false), read_units(4096, true), read_units(4097, true)),
            (0.5, 1.0, 2.0)
        );
        assert_eq!((write_units(0), write_units(1024), write_units(1025)), (1.0, 1.0, 2.0));
        assert_eq!(Wanted(None).written("t", 1), None);
        assert_eq!(Wanted(Some("NONE")).written("t", 1), None);
        let detailed = Wanted(Some("INDEXES")).read("t", 1, true).unwrap();
        assert_eq!(detailed.table, Some(Capacity { capacity_units: 1.0 }));
    }
}
