//! Lists in pages: where the next one begins is said by the key of this one's last item.

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::input::check;
use crate::fault::Fault;
use crate::protocol::Number;
use crate::query::List;

/// Items of a page if it is not said; IAM's.
const ITEMS: i64 = 100;
const ITEMS_MAX: i64 = 1_000;
const MARKER_CHARS_MAX: usize = 700;

/// Which page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Paging {
    marker: Option<String>,
    max_items: Option<Number>,
}

/// A page of a list, under the name that its operation has for it.
pub(super) struct Page<T> {
    member: &'static str,
    items: List<T>,
    marker: Option<String>,
}

impl Paging {
    /// The page of `all`, each with its key, by which they are put in order.
    pub(super) fn of<T>(
        &self,
        member: &'static str,
        mut all: Vec<(String, T)>,
    ) -> Result<Page<T>, Fault> {
        let most = self.max_items.map_or(ITEMS, |Number(most)| most);
        check(|wrong| {
            wrong.within("maxItems", Some(most), 1, ITEMS_MAX);
            if let Some(marker) = &self.marker {
                wrong.length("marker", marker, 1, MARKER_CHARS_MAX);
            }
        })?;
        all.retain(|(key, _)| self.marker.as_ref().is_none_or(|marker| key > marker));
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        let most = usize::try_from(most).unwrap_or_default();
        let more = all.len() > most;
        all.truncate(most);
        let marker = all.last().filter(|_| more).map(|(key, _)| key.clone());
        Ok(Page { member, items: all.into_iter().map(|(_, item)| item).collect(), marker })
    }
}

impl<T: Serialize> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut page = serializer.serialize_struct("Page", 3)?;
        page.serialize_field(self.member, &self.items)?;
        page.serialize_field("IsTruncated", &self.marker.is_some())?;
        if let Some(marker) = &self.marker {
            page.serialize_field("Marker", marker)?;
        }
        page.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let all = || ["c", "a", "b"].map(|key| (key.to_owned(), key)).to_vec();
        let first = Paging { marker: None, max_items: Some(Number(2)) }.of("Names", all()).unwrap();
        assert_eq!(first.marker.as_deref(), Some("b"));
        let next = Paging { marker: first.marker, max_items: Some(Number(2)) };
        let next = next.of("Names", all()).unwrap();
        assert_eq!(
            (next.marker, serde_json::to_value(&next.items).unwrap()["member"][0].as_str()),
            (None, Some("c"))
        );
        for odd in [0, 1_001] {
            let wanted = Paging { marker: None, max_items: Some(Number(odd)) };
            let Err(refused) = wanted.of("Names", all()) else { panic!("{odd}") };
            assert_eq!(refused.code, "ValidationError");
        }
    }
}
