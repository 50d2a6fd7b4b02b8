//! A photo in a bucket becomes a thumbnail in another one and metadata in a
//! keyspace, and does so too when the node is killed in between.

use lambent_api::kinds::Trigger;
use lambent_test_support::root;
use serde_json::Value;

use crate::node::{Node, eventually};

fn photo() -> Vec<u8> {
    std::fs::read(root().join("guest-examples/thumbnail/photos/rocket.jpg")).unwrap()
}

/// The same photo, taken with the camera on its side.
fn photo_on_its_side() -> Vec<u8> {
    let exif =
        b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut photo = photo();
    photo.splice(2..2, exif.iter().copied());
    photo
}

/// The width and height in a baseline JPEG.
fn dimensions(jpeg: &[u8]) -> (u16, u16) {
    assert!(jpeg.starts_with(b"\xff\xd8"), "no JPEG");
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    let number = |at: usize| u16::from_be_bytes([jpeg[frame + at], jpeg[frame + at + 1]]);
    (number(7), number(5))
}

/// The thumbnail of a photo, once it is there, and what is known of the photo.
async fn thumbnail(node: &Node, key: &str) -> (Vec<u8>, Value) {
    let what = format!("the metadata of {key}");
    let metadata = eventually(&what, async || node.get_key("metadata", key).await).await;
    let metadata = serde_json::from_str(&metadata).unwrap();
    let jpeg = node.get_object("thumbnails", key).await.expect("it is written first");
    (jpeg, metadata)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_becomes_a_thumbnail_and_metadata() {
    let node = Node::start(&[]);
    node.apply_example("thumbnail", &[]).await;
    let key = "2015/DSCOVR ↑.jpg";
    node.put_object("photos", key, photo()).await;
    node.put_object("photos", "side.jpg", photo_on_its_side()).await;
    for (key, size, small) in [(key, (640, 427), (320, 214)), ("side.jpg", (427, 640), (214, 320))]
    {
        let (jpeg, metadata) = thumbnail(&node, key).await;
        assert_eq!(dimensions(&jpeg), small, "{key}");
        assert_eq!((metadata["width"].as_u64(), metadata["height"].as_u64()), {
            let (width, height) = size;
            (Some(width), Some(height))
        });
        assert_eq!(metadata["thumbnail"]["bytes"], jpeg.len(), "{metadata}");
        assert_eq!(metadata["format"], "jpg", "{metadata}");
    }

    node.delete_object("photos", key).await;
    node.key_becomes("metadata", key, None).await;
    assert_eq!(node.get_object("thumbnails", key).await, None);

    // What is no photo is given up at once, and kept.
    node.put_object("photos", "notes.txt", b"milk, bread".to_vec()).await;
    let failed = node.messages("thumbnails-failed", 1).await;
    let attributes = &failed[0]["attributes"];
    assert_eq!(attributes["errortype"], "NotAPhoto", "{failed:?}");
    let data: Value = serde_json::from_str(failed[0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(data["key"], "notes.txt", "{failed:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_that_were_uploaded_before_a_crash_become_thumbnails_after_it() {
    let node = Node::start(&[]);
    node.apply_example("thumbnail", &[]).await;
    // One that is certainly not delivered when the node dies, and some that are
    // being delivered.
    let mut trigger = node.describe::<Trigger>("photos").await.trigger;
    trigger.enabled = false;
    node.create::<Trigger>("photos", trigger.clone()).await;
    node.put_object("photos", "waiting.jpg", photo()).await;
    trigger.enabled = true;
    node.create::<Trigger>("photos", trigger).await;
    for key in 0..4 {
        node.put_object("photos", &format!("{key}.jpg"), photo()).await;
    }
    node.kill();

    let node = Node::start_in(&node.data(), &[]);
    for key in ["waiting.jpg", "0.jpg", "1.jpg", "2.jpg", "3.jpg"] {
        let (jpeg, _) = thumbnail(&node, key).await;
        assert_eq!(dimensions(&jpeg), (320, 214), "{key}");
    }
    node.stop().await;
}
