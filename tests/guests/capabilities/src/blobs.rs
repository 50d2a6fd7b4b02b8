use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Answer, text};

wit_bindgen::generate!({
    path: ["../../../wit/deps/io", "../../../wit/deps/blobstore"],
    world: "wasi:blobstore/imports",
    generate_all,
});

use wasi::blobstore::blobstore::{self, ObjectId};
use wasi::blobstore::container::Container;
use wasi::blobstore::types::{IncomingValue, OutgoingValue};
use wasi::io::streams::StreamError;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Call {
    Create {
        container: String,
    },
    DeleteContainer {
        container: String,
    },
    ContainerExists {
        container: String,
    },
    ContainerInfo {
        container: String,
    },
    Write {
        container: String,
        name: String,
        data: String,
    },
    /// Writes bytes in pieces of 4 KiB; gives the stream to the store only
    /// after `late` bytes, and does not finish if it is not to.
    WriteMuch {
        container: String,
        name: String,
        bytes: usize,
        late: Option<usize>,
        finish: bool,
    },
    /// Writes, and finishes the value while its stream is there; then tells
    /// what becomes of what is written late.
    WriteOpen {
        container: String,
        name: String,
        data: String,
        finish: bool,
    },
    Read {
        container: String,
        name: String,
        start: u64,
        end: u64,
    },
    /// Reads as a stream and adds the bytes up.
    ReadMuch {
        container: String,
        name: String,
    },
    List {
        container: String,
        page: u64,
        skip: u64,
    },
    Has {
        container: String,
        name: String,
    },
    Info {
        container: String,
        name: String,
    },
    Delete {
        container: String,
        names: Vec<String>,
    },
    Copy {
        from: (String, String),
        to: (String, String),
    },
    Move {
        from: (String, String),
        to: (String, String),
    },
    Clear {
        container: String,
    },
    /// Keeps so many objects open.
    Hoard {
        container: String,
        count: usize,
    },
}

pub(crate) fn call(call: Call) -> Answer {
    match call {
        Call::Create { container } => {
            blobstore::create_container(&container)?.name().map(Value::from)
        }
        Call::DeleteContainer { container } => {
            blobstore::delete_container(&container).map(|()| Value::Null)
        }
        Call::ContainerExists { container } => {
            blobstore::container_exists(&container).map(Value::from)
        }
        Call::ContainerInfo { container } => {
            let info = open(&container)?.info()?;
            Ok(json!({ "name": info.name, "created": info.created_at }))
        }
        Call::Write { container, name, data } => {
            write(&open(&container)?, &name, &[data.into_bytes()], 0, true)
        }
        Call::WriteMuch { container, name, bytes, late, finish } => {
            let pieces = vec![vec![b'x'; 4096]; bytes / 4096];
            write(&open(&container)?, &name, &pieces, late.unwrap_or(0), finish)
        }
        Call::WriteOpen { container, name, data, finish } => {
            write_open(&open(&container)?, &name, data.as_bytes(), finish)
        }
        Call::Read { container, name, start, end } => {
            let value = open(&container)?.get_data(&name, start, end)?;
            let size = value.size();
            let data = IncomingValue::incoming_value_consume_sync(value)?;
            Ok(json!({ "size": size, "data": String::from_utf8_lossy(&data) }))
        }
        Call::ReadMuch { container, name } => read_much(&open(&container)?, &name),
        Call::List { container, page, skip } => list(&open(&container)?, page, skip),
        Call::Has { container, name } => open(&container)?.has_object(&name).map(Value::from),
        Call::Info { container, name } => {
            let info = open(&container)?.object_info(&name)?;
            Ok(json!({ "name": info.name, "container": info.container, "size": info.size }))
        }
        Call::Delete { container, names } => match names.as_slice() {
            [name] => open(&container)?.delete_object(name).map(|()| Value::Null),
            names => open(&container)?.delete_objects(names).map(|()| Value::Null),
        },
        Call::Copy { from, to } => blobstore::copy_object(&id(from), &id(to)).map(|()| Value::Null),
        Call::Move { from, to } => blobstore::move_object(&id(from), &id(to)).map(|()| Value::Null),
        Call::Clear { container } => open(&container)?.clear().map(|()| Value::Null),
        Call::Hoard { container, count } => hoard(&open(&container)?, count),
    }
}

fn open(name: &str) -> Result<Container, String> {
    blobstore::get_container(name)
}

fn id((container, object): (String, String)) -> ObjectId {
    ObjectId { container, object }
}

fn write(
    container: &Container,
    name: &str,
    pieces: &[Vec<u8>],
    late: usize,
    finish: bool,
) -> Answer {
    let value = OutgoingValue::new_outgoing_value();
    let stream = value.outgoing_value_write_body().map_err(text)?;
    let mut given = false;
    let mut written = 0;
    for piece in pieces {
        if written >= late && !given {
            container.write_data(name, &value)?;
            given = true;
        }
        stream.blocking_write_and_flush(piece).map_err(|error| match error {
            StreamError::LastOperationFailed(error) => error.to_debug_string(),
            StreamError::Closed => "closed".into(),
        })?;
        written += piece.len();
    }
    if !given {
        container.write_data(name, &value)?;
    }
    drop(stream);
    if finish {
        OutgoingValue::finish(value)?;
    }
    Ok(json!(written))
}

/// Begins to write some objects at once, and finishes none.
fn hoard(container: &Container, count: usize) -> Answer {
    let mut begun = Vec::new();
    for number in 0..count {
        let value = OutgoingValue::new_outgoing_value();
        let stream = value.outgoing_value_write_body().map_err(text)?;
        container.write_data(&number.to_string(), &value)?;
        begun.push((stream, value));
    }
    Ok(json!(begun.len()))
}

fn write_open(container: &Container, name: &str, data: &[u8], finish: bool) -> Answer {
    let value = OutgoingValue::new_outgoing_value();
    let stream = value.outgoing_value_write_body().map_err(text)?;
    container.write_data(name, &value)?;
    stream.blocking_write_and_flush(data).map_err(text)?;
    if finish {
        OutgoingValue::finish(value)?;
    } else {
        drop(value);
    }
    let late = stream.blocking_write_and_flush(b"late");
    Ok(json!(match late {
        Ok(()) => "written",
        Err(StreamError::Closed) => "closed",
        Err(StreamError::LastOperationFailed(_)) => "failed",
    }))
}

fn read_much(container: &Container, name: &str) -> Answer {
    let value = container.get_data(name, 0, u64::MAX)?;
    let stream = IncomingValue::incoming_value_consume_async(value)?;
    let mut sum = 0;
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => sum += bytes.len(),
            Err(StreamError::Closed) => return Ok(json!(sum)),
            Err(error) => return Err(text(error)),
        }
    }
}

fn list(container: &Container, page: u64, skip: u64) -> Answer {
    let names = container.list_objects()?;
    let (skipped, mut ended) = names.skip_stream_object_names(skip)?;
    let mut pages = Vec::new();
    while !ended {
        let (read, end) = names.read_stream_object_names(page)?;
        pages.push(read);
        ended = end;
    }
    Ok(json!({ "skipped": skipped, "pages": pages }))
}
