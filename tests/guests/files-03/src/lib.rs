//! Answers each request with what came of using files in `/tmp`, and of what must not be done; `/fill` fills a volume.

use std::future::IntoFuture as _;

use futures::future::join;
use serde_json::{Value, json};
use wasip3::filesystem::preopens;
use wasip3::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};
use wasip3::http::types::{ErrorCode as HttpError, Request, Response};
use wasip3::http_compat::http_into_wasi_response;
use wasip3::wit_stream;

const NONE: PathFlags = PathFlags::empty();
const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;
/// More than one call moves.
const BYTES: usize = 200_000;

struct Files;

wasip3::http::service::export!(Files);

impl wasip3::exports::http::handler::Guest for Files {
    async fn handle(request: Request) -> Result<Response, HttpError> {
        let Some((root, _)) = preopens::get_directories().into_iter().next() else {
            return http_into_wasi_response(http::Response::new("no directory".to_owned()));
        };
        let told = match request.get_path_with_query().as_deref() {
            Some("/fill") => fill(&root).await,
            Some("/forbidden") => Ok(forbidden(&root).await),
            _ => used(&root).await,
        };
        let told = told.unwrap_or_else(|error| format!("{error:?}").into());
        http_into_wasi_response(http::Response::new(told.to_string()))
    }
}

async fn open(
    at: &Descriptor,
    path: &str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> Result<Descriptor, ErrorCode> {
    at.open_at(NONE, path.to_owned(), how, flags).await
}

/// Writes by a stream from an offset on, or at the end.
async fn write(file: &Descriptor, bytes: Vec<u8>, offset: Option<u64>) -> Result<(), ErrorCode> {
    let (mut data, stream) = wit_stream::new();
    let ended = match offset {
        Some(offset) => file.write_via_stream(stream, offset),
        None => file.append_via_stream(stream),
    };
    let written = async {
        data.write_all(bytes).await;
        drop(data);
    };
    join(written, ended.into_future()).await.1
}

/// Reads to the end, and what comes after it.
async fn read(file: &Descriptor, offset: u64) -> (Vec<u8>, Result<(), ErrorCode>) {
    let (stream, ended) = file.read_via_stream(offset);
    join(stream.collect(), ended.into_future()).await
}

async fn used(root: &Descriptor) -> Result<Value, ErrorCode> {
    let tmp = open(root, "tmp", OpenFlags::DIRECTORY, READ).await?;
    let new = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    let file = open(&tmp, "file", new, READ | WRITE).await?;
    write(&file, vec![b'a'; BYTES], Some(0)).await?;
    write(&file, b"end".to_vec(), None).await?;
    let size = file.stat().await?.size;
    let other = open(&tmp, "other", OpenFlags::CREATE, READ | WRITE).await?;
    write(&other, b"of another".to_vec(), Some(0)).await?;
    // Both at once.
    let ((whole, first), (rest, second)) = join(read(&file, 0), read(&other, 3)).await;
    // A stream that nobody reads to its end.
    let (stream, ended) = file.read_via_stream(0);
    drop(stream);
    let left = ended.await;
    tmp.create_directory_at("directory".into()).await?;
    let (entries, listed) = tmp.read_directory();
    let (entries, listed) = join(entries.collect(), listed.into_future()).await;
    let mut names: Vec<_> = entries.into_iter().map(|entry| entry.name).collect();
    names.sort();
    tmp.rename_at("other".into(), &tmp, "directory/moved".into()).await?;
    let moved = open(&tmp, "directory/moved", OpenFlags::empty(), READ).await?;
    let same = other.is_same_object(&moved).await;
    file.set_size(5).await?;
    file.sync().await?;
    let cut = read(&file, 0).await.0.len();
    tmp.unlink_file_at("file".into()).await?;
    tmp.unlink_file_at("directory/moved".into()).await?;
    tmp.remove_directory_at("directory".into()).await?;
    Ok(json!({
        "size": size, "read": whole.len(), "end": String::from_utf8_lossy(&whole[BYTES..]),
        "rest": String::from_utf8_lossy(&rest), "names": names, "same": same, "cut": cut,
        "ended": format!("{first:?} {second:?} {left:?} {listed:?}"),
    }))
}

/// Writes more than there is room for in the volume.
async fn fill(root: &Descriptor) -> Result<Value, ErrorCode> {
    let file = open(root, "mnt/data/full", OpenFlags::CREATE, WRITE).await?;
    let written = write(&file, vec![b'x'; 4 << 20], Some(0)).await;
    Ok(json!([file.stat().await?.size, format!("{written:?}")]))
}

async fn forbidden(root: &Descriptor) -> Value {
    let told = |done: Result<(), ErrorCode>| Value::from(format!("{done:?}"));
    let dropped = |done: Result<Descriptor, ErrorCode>| told(done.map(drop));
    let far = NewTimestamp::Timestamp(wasip3::clocks::system_clock::Instant {
        seconds: i64::MAX,
        nanoseconds: u32::MAX,
    });
    let Ok(file) = open(root, "tmp/file", OpenFlags::CREATE, READ).await else {
        return "there is no file".into();
    };
    json!({
        "create": dropped(open(root, "made", OpenFlags::CREATE, WRITE).await),
        "create directory": told(root.create_directory_at("made".into()).await),
        "out": dropped(open(root, "../etc/passwd", OpenFlags::empty(), READ).await),
        "absolute": dropped(open(root, "/etc/passwd", OpenFlags::empty(), READ).await),
        "symbolic link": told(root.symlink_at("/etc/passwd".into(), "tmp/link".into()).await),
        "hard link": told(root.link_at(NONE, "tmp/file".into(), root, "tmp/link".into()).await),
        "write without leave": told(write(&file, b"x".to_vec(), Some(0)).await),
        "append without leave": told(write(&file, b"x".to_vec(), None).await),
        "read a directory": told(read(root, 0).await.1),
        "list a file": told(file.read_directory().1.await),
        "set size": told(file.set_size(0).await),
        "times": told(file.set_times(far, far).await),
        "remove the root": told(root.remove_directory_at("tmp".into()).await),
    })
}
