//! A runtime for tests: its handlers are `<file>.<verb>`, where the file is `<file>.txt` of the
//! package and the verb what is done with it.
//!
//! | verb | answer |
//! |---|---|
//! | `answer` | what the file holds |
//! | `tell` | the file, the event, the environment, all paths there are, and how often the instance was called |
//! | `write` | how many bytes of the event's `bytes` could be written to its `path`, and the error |
//!
//! The variable `INIT` says what is done before the first event: `fail:<why>`, `exit:<code>`, `sleep:<ms>`
//! or `spin:`; `BEFORE` and `AFTER` say so of a snapshot: `fail:<why>`, `spin:` or `flood:`. `BALLAST` is MiB that
//! are filled before one is taken.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use lambent_sdk::{Event, Failure, Output};
use serde_json::{Value, json};

mod initialization;
mod preparation;
mod snapshot;

static CALLS: AtomicU32 = AtomicU32::new(0);

#[lambent_sdk::handler]
fn handle(event: Event) -> Result<Output, Failure> {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let handler = std::env::var("_HANDLER").unwrap_or_default();
    let Some((file, verb)) = handler.rsplit_once('.') else {
        return Err(Failure::new("Runtime.MalformedHandlerName", handler));
    };
    let root = std::env::var("LAMBDA_TASK_ROOT").unwrap_or_default();
    let file = format!("{root}/{file}.txt");
    let text = fs::read_to_string(&file)
        .map_err(|error| Failure::new("Runtime.ImportModuleError", format!("{file}: {error}")))?;
    let data: Value = serde_json::from_slice(&event.data).unwrap_or_default();
    let answer = match verb {
        "answer" => text,
        "tell" => {
            println!("told on standard output");
            eprintln!("and on standard error");
            let mut paths = Vec::new();
            list(Path::new("/"), &mut paths);
            let environment: serde_json::Map<_, _> =
                std::env::vars().map(|(name, value)| (name, value.into())).collect();
            json!({
                "file": text, "event": data, "environment": environment, "paths": paths,
                "calls": calls, "initialized": initialization::DONE.load(Ordering::Relaxed),
                "kept": snapshot::KEPT.load(Ordering::Relaxed),
                "restored": snapshot::RESTORED.load(Ordering::Relaxed),
                "ballast": ballast(),
            })
            .to_string()
        }
        "write" => write(&data).to_string(),
        other => return Err(Failure::new("Runtime.HandlerNotFound", other)),
    };
    Ok(Output { content_type: Some("application/json".into()), data: answer.into_bytes() })
}

/// How much of it there is, if it is what it was.
fn ballast() -> Option<usize> {
    let ballast = snapshot::BALLAST.lock().unwrap_or_else(|lock| lock.into_inner());
    let intact = ballast.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251);
    intact.then_some(ballast.len())
}

fn list(directory: &Path, paths: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        paths.push(path.display().to_string());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&path, paths);
        }
    }
}

fn write(data: &Value) -> Value {
    let (path, bytes) = (data["path"].as_str().unwrap_or_default(), data["bytes"].as_u64());
    let mut left = bytes.unwrap_or_default();
    let chunk = vec![7; 1 << 16];
    let mut written = 0;
    let mut attempt = || -> std::io::Result<()> {
        let mut file = File::options().create(true).append(true).open(path)?;
        while left > 0 {
            let count = file.write(&chunk[..chunk.len().min(left as usize)])?;
            written += count as u64;
            left -= count as u64;
        }
        Ok(())
    };
    let error = attempt().err().map(|error| error.to_string());
    json!({ "written": written, "error": error })
}
