use std::sync::Arc;

use bytes::Bytes;
use lambent_types::Digest;
use tokio::task::JoinSet;

use crate::code::{CodeStore, OpenCode};
use crate::error::StorageError;

fn read(code: &OpenCode) -> Vec<u8> {
    match code {
        OpenCode::Memory(bytes) => bytes.to_vec(),
        OpenCode::File(file) => {
            let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
            std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, 0).unwrap();
            bytes
        }
    }
}

pub(super) async fn keeps_what_it_was_given(store: &dyn CodeStore) {
    let code = Bytes::from_static(b"contract: kept");
    let digest = Digest::of(&code);
    assert_eq!(store.get(digest).await.unwrap(), None);
    assert!(!store.contains(digest).await.unwrap());
    store.delete(digest).await.unwrap();

    store.put(digest, code.clone()).await.unwrap();
    store.put(digest, code.clone()).await.unwrap();
    assert_eq!(store.get(digest).await.unwrap(), Some(code.clone()));
    let opened = store.open(digest).await.unwrap().unwrap();
    assert_eq!(read(&opened), code);
    assert!(store.contains(digest).await.unwrap());
    assert!(store.list().await.unwrap().contains(&digest));

    let empty = Digest::of(b"");
    store.put(empty, Bytes::new()).await.unwrap();
    assert_eq!(store.get(empty).await.unwrap(), Some(Bytes::new()));

    store.delete(digest).await.unwrap();
    assert_eq!(read(&opened), code, "what is open stays");
    assert!(store.open(digest).await.unwrap().is_none());
    assert_eq!(store.get(digest).await.unwrap(), None);
    assert!(!store.list().await.unwrap().contains(&digest));
    assert!(store.contains(empty).await.unwrap());
}

pub(super) async fn refuses_bytes_of_another_digest(store: &dyn CodeStore) {
    let digest = Digest::of(b"contract: claimed");
    let error = store.put(digest, Bytes::from_static(b"contract: other")).await.unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }));
    assert!(!store.contains(digest).await.unwrap());
}

pub(super) async fn concurrent_uploads_of_the_same_bytes_agree(store: &Arc<dyn CodeStore>) {
    let code = Bytes::from(vec![7; 100_000]);
    let digest = Digest::of(&code);
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, code) = (Arc::clone(store), code.clone());
        tasks.spawn(async move { store.put(digest, code).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(store.get(digest).await.unwrap(), Some(code));
}
