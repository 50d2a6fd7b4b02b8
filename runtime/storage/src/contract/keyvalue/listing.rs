use super::{fresh, set};
use crate::keyvalue::{KeyValue, ListKeys};
use lambent_types::{Origin, bounds};

pub(super) fn all() -> ListKeys {
    ListKeys { limit: bounds::PAGE_MAX, ..ListKeys::default() }
}

pub(in crate::contract) async fn keys_are_listed_by_prefix_in_the_order_of_bytes(
    store: &dyn KeyValue,
) {
    let (ns, k) = fresh(store, "contract-prefix").await;
    let mut keys =
        ["a", "a%", "a_b", "ab", "aB", "a\u{7f}", "a\u{80}", "a\u{10ffff}", "b", "\u{10ffff}"];
    let changes = keys.iter().map(|key| set(key, "v")).collect();
    store.apply(&ns, &k, changes, &Origin::default()).await.unwrap();
    keys.sort_unstable();
    for prefix in ["", "a", "a%", "a_", "ab", "b", "c", "a\u{10ffff}", "\u{10ffff}"] {
        let list = ListKeys { prefix: prefix.to_owned(), ..all() };
        let page = store.list(&ns, &k, list).await.unwrap();
        let wanted: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(page.keys.iter().collect::<Vec<_>>(), wanted, "{prefix:?}");
        assert_eq!(page.next, None);
    }
}

pub(in crate::contract) async fn pages_continue_where_the_last_ended(store: &dyn KeyValue) {
    let (ns, k) = fresh(store, "contract-keypages").await;
    let keys: Vec<_> = (0..10).map(|n| format!("k{n}")).collect();
    let changes = keys.iter().map(|key| set(key, "v")).collect();
    store.apply(&ns, &k, changes, &Origin::default()).await.unwrap();
    for limit in [0, 1, 3, 5, 10, 11] {
        let mut list = ListKeys { prefix: "k".into(), after: None, limit };
        let mut found = Vec::new();
        loop {
            let page = store.list(&ns, &k, list.clone()).await.unwrap();
            assert!(page.keys.len() <= limit.max(1));
            found.extend(page.keys);
            list.after = page.next;
            if list.after.is_none() {
                break;
            }
        }
        assert_eq!(found, keys, "in pages of {limit}");
    }
    let outside = ListKeys { prefix: "k".into(), after: Some("a".into()), limit: 1 };
    assert_eq!(store.list(&ns, &k, outside).await.unwrap().keys, ["k0"]);
    let beyond = ListKeys { prefix: "k".into(), after: Some("l".into()), limit: 1 };
    assert!(store.list(&ns, &k, beyond).await.unwrap().keys.is_empty());
}
