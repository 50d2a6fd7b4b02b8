//! A command that does to files what its input says: a JSON array of arrays, each with the name
//! of an action and its arguments. It writes what came of each, `{"ok": …}` or `{"error": …}`.

mod raw;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};

use serde_json::{Value, json};

/// Written at a time to fill a file.
static PIECE: [u8; 1 << 16] = [b'x'; 1 << 16];

fn main() -> io::Result<()> {
    let mut input = String::new();
    io::stdin().read_to_string(&mut input)?;
    let actions: Vec<Vec<Value>> = serde_json::from_str(&input)?;
    let told: Vec<_> = actions.iter().map(|action| tell(action)).collect();
    io::stdout().write_all(Value::from(told).to_string().as_bytes())
}

fn tell(action: &[Value]) -> Value {
    let text = |at: usize| action.get(at).and_then(Value::as_str).unwrap_or_default();
    let number = action.get(2).and_then(Value::as_u64).unwrap_or_default();
    match act(text(0), (text(1), text(2)), number) {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": format!("{:?}: {error}", error.kind()) }),
    }
}

fn act(action: &str, (path, text): (&str, &str), number: u64) -> io::Result<Value> {
    match action {
        "write" => fs::write(path, text).map(Value::from),
        "append" => append(path, text).map(Value::from),
        "create_new" => File::create_new(path)?.write_all(text.as_bytes()).map(Value::from),
        "read" => fs::read_to_string(path).map(Value::from),
        "size" => Ok(fs::metadata(path)?.len().into()),
        "remove" => fs::remove_file(path).map(Value::from),
        "rename" => fs::rename(path, text).map(Value::from),
        "mkdir" => fs::create_dir(path).map(Value::from),
        "rmdir" => fs::remove_dir(path).map(Value::from),
        "link" => fs::hard_link(path, text).map(Value::from),
        "list" => list(path),
        "set_len" => OpenOptions::new().write(true).open(path)?.set_len(number).map(Value::from),
        "truncate" => File::create(path).map(|_| Value::Null),
        "sync" => synced(path, text).map(Value::from),
        "fill" => fill(path),
        "many" => many(path, number),
        "removed" => removed(path),
        "hold" => hold(path, number),
        "churn" => churn(path),
        "raw" => Ok(raw::every_call(path)),
        _ => Err(io::Error::other("no such action")),
    }
}

fn append(path: &str, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

fn synced(path: &str, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn list(path: &str) -> io::Result<Value> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names.into())
}

/// Writes until there is no room, and tells how much was written and why it ended.
fn fill(path: &str) -> io::Result<Value> {
    let mut file = File::create(path)?;
    loop {
        if let Err(error) = file.write(&PIECE) {
            let written = file.metadata()?.len();
            return Ok(json!([written, format!("{:?}", error.kind())]));
        }
    }
}

/// Makes empty files until it cannot, or there are so many.
fn many(path: &str, most: u64) -> io::Result<Value> {
    for number in 0..most {
        if let Err(error) = File::create_new(format!("{path}/{number}")) {
            return Ok(json!([number, format!("{:?}", error.kind())]));
        }
    }
    Ok(json!([most, ""]))
}

/// Uses a file that has no name any more.
fn removed(path: &str) -> io::Result<Value> {
    let mut file = File::create_new(path)?;
    fs::remove_file(path)?;
    file.write_all(b"still there")?;
    drop(OpenOptions::new().read(true).open(path).err().ok_or(io::ErrorKind::AlreadyExists)?);
    file.set_len(5)?;
    Ok(file.metadata()?.len().into())
}

/// Opens a file, has others change it for so many milliseconds, and tells what it reads then and
/// what comes of a write.
fn hold(path: &str, milliseconds: u64) -> io::Result<Value> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
    let mut text = String::new();
    let read = file.read_to_string(&mut text).map(|_| text);
    let wrote = file.rewind().and_then(|()| file.write(b"x"));
    Ok(json!([format!("{read:?}"), format!("{wrote:?}")]))
}

/// Makes, writes, syncs, moves and removes files without end.
fn churn(path: &str) -> io::Result<Value> {
    let (one, other) = (format!("{path}/one"), format!("{path}/other"));
    loop {
        synced(&one, "x")?;
        fs::rename(&one, &other)?;
        fs::read_dir(path)?.count();
        fs::remove_file(&other)?;
    }
}
