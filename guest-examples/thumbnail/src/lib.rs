//! Makes a thumbnail of every photo that is put into a bucket, and notes the format
//! and size of the photo in a keyspace.
//!
//! Everything it writes is named after the photo, so an event that comes twice
//! does no harm.

mod picture;

use std::env;

use lambent_sdk::bucket::Bucket;
use lambent_sdk::keyspace::Keyspace;
use lambent_sdk::{Failure, ObjectChange, ObjectEvent};

use crate::picture::Facts;

/// The greatest width and height of a thumbnail, if `WIDTH` is not set.
const WIDTH: u32 = 320;

#[lambent_sdk::handler]
fn handle(event: ObjectEvent) -> Result<Option<Facts>, Failure> {
    let photos = Bucket::open(&event.bucket)?;
    let thumbnails = Bucket::open("thumbnails")?;
    let metadata = Keyspace::open("metadata")?;
    let key = &event.key;

    // An event may come late, so the function looks at the present state.
    if event.change == ObjectChange::Deleted || !photos.exists(key)? {
        thumbnails.delete(key)?;
        metadata.delete(key)?;
        println!("{key} is gone");
        return Ok(None);
    }
    let photo = photos.get(key)?;
    let (thumbnail, facts) = picture::shrink(&photo, width()?)?;
    thumbnails.put(key, thumbnail)?;
    metadata.set(key, serde_json::to_vec(&facts)?)?;
    println!("{key}: {} × {} pixels, {} bytes", facts.width, facts.height, facts.bytes);
    Ok(Some(facts))
}

fn width() -> Result<u32, Failure> {
    let Ok(text) = env::var("WIDTH") else { return Ok(WIDTH) };
    match text.parse() {
        Ok(width @ 1..=4096) => Ok(width),
        _ => Err(Failure::new("BadWidth", format!("WIDTH is 1 to 4096 pixels, not {text:?}"))),
    }
}
