use lambent_types::{BucketName, Namespace, bounds};

use super::{NASTY, fresh, put};
use crate::objects::{ListObjects, ObjectPage, Objects};

/// Everything, as far as it fits one page.
pub(super) fn all() -> ListObjects {
    ListObjects { limit: bounds::PAGE_MAX, ..ListObjects::default() }
}

fn select(prefix: &str, delimiter: &str) -> ListObjects {
    ListObjects { prefix: prefix.into(), delimiter: Some(delimiter.into()), ..all() }
}

fn keys(page: &ObjectPage) -> Vec<&str> {
    page.objects.iter().map(|object| object.key.as_str()).collect()
}

pub(in crate::contract) async fn prefixes_and_delimiters_select(objects: &dyn Objects) {
    let place = fresh(objects, "contract-listing").await;
    let (ns, b) = &place;
    let names = ["a", "a/", "a/1", "a/b/2", "a/b/3", "a0", "b//x", "b/y", "z", "é/1", "é/2"];
    for key in names {
        put(objects, &place, key, "x").await;
    }
    let list = async |list: ListObjects| objects.list(ns, b, list).await.unwrap();
    assert_eq!(keys(&list(all()).await), names);
    let page = list(ListObjects { prefix: "a/".into(), ..all() }).await;
    assert_eq!(keys(&page), ["a/", "a/1", "a/b/2", "a/b/3"]);
    assert_eq!(page.next, None);

    let page = list(select("", "/")).await;
    assert_eq!(keys(&page), ["a", "a0", "z"]);
    assert_eq!(page.common_prefixes, ["a/", "b/", "é/"]);
    let page = list(select("a/", "/")).await;
    assert_eq!(keys(&page), ["a/", "a/1"]);
    assert_eq!(page.common_prefixes, ["a/b/"]);
    let page = list(select("b/", "/")).await;
    assert_eq!(keys(&page), ["b/y"]);
    assert_eq!(page.common_prefixes, ["b//"]);
    let page = list(select("", "/1")).await;
    assert_eq!(page.common_prefixes, ["a/1", "é/1"]);
    assert_eq!(keys(&list(select("", "")).await), names);
    assert!(keys(&list(select("nothing", "/")).await).is_empty());

    // After something in a common prefix comes what follows the prefix.
    let after = |key: &str| ListObjects { after: Some(key.into()), ..select("", "/") };
    assert_eq!(list(after("a/")).await.common_prefixes, ["b/", "é/"]);
    assert_eq!(list(after("a/b")).await.common_prefixes, ["b/", "é/"]);
    assert_eq!(keys(&list(after("a/b")).await), ["a0", "z"]);
    assert!(keys(&list(ListObjects { prefix: "a".into(), ..after("b") }).await).is_empty());
    let page = list(ListObjects { prefix: "b".into(), delimiter: None, ..after("a") }).await;
    assert_eq!(keys(&page), ["b//x", "b/y"]);
}

/// Follows the pages to the end.
async fn paged(
    objects: &dyn Objects,
    (ns, b): &(Namespace, BucketName),
    mut list: ListObjects,
) -> (Vec<String>, Vec<String>) {
    let (mut found, mut prefixes) = (Vec::new(), Vec::new());
    loop {
        let page = objects.list(ns, b, list.clone()).await.unwrap();
        let count = page.objects.len() + page.common_prefixes.len();
        assert!(count == list.limit || page.next.is_none(), "a page was not filled");
        found.extend(page.objects.into_iter().map(|object| object.key));
        prefixes.extend(page.common_prefixes);
        match page.next {
            None => return (found, prefixes),
            next => list.after = next,
        }
    }
}

pub(in crate::contract) async fn pages_continue_where_the_last_ended(objects: &dyn Objects) {
    let place = fresh(objects, "contract-pages").await;
    let mut names: Vec<String> = NASTY.map(str::to_owned).into();
    names.extend((0..40).map(|number| format!("dir{}/{number:02}", number / 15)));
    for key in &names {
        put(objects, &place, key, "x").await;
    }
    names.sort_unstable();
    for limit in [1, 2, 7, 20, names.len(), bounds::PAGE_MAX] {
        let list = ListObjects { limit, ..ListObjects::default() };
        assert_eq!(paged(objects, &place, list.clone()).await.0, names);
        let grouped = ListObjects { delimiter: Some("/".into()), ..list.clone() };
        let (found, prefixes) = paged(objects, &place, grouped).await;
        assert_eq!(prefixes, ["../", "/", "a/", "dir0/", "dir1/", "dir2/"]);
        let top: Vec<_> = names.iter().filter(|name| !name.contains('/')).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), top);
        let below = ListObjects { prefix: "dir1/".into(), ..list };
        assert_eq!(paged(objects, &place, below).await.0.len(), 15);
    }
    let (ns, b) = &place;
    let none = objects.list(ns, b, ListObjects::default()).await.unwrap();
    assert!(none.objects.is_empty() && none.next.is_some());
}
