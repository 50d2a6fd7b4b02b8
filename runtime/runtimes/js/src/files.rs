//! Files, for the library's `fs`: calls that end at once, and errors as Node names them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::time::UNIX_EPOCH;

use llrt_utils::bytes::ObjectBytes;
use rquickjs::prelude::{Func, Opt};
use rquickjs::{ArrayBuffer, Ctx, Exception, Object, Result, TypedArray, Value};

/// Has the C library open the standard streams and the root directory, which it does when they are
/// used for the first time.
pub(crate) fn open_handles() {
    // Rust's own streams have buffers, which nothing would leave.
    // SAFETY: the three are open as long as the instance, and are not closed here.
    let [input, output, errors] =
        [0, 1, 2].map(|stream| ManuallyDrop::new(unsafe { File::from_raw_fd(stream) }));
    let _ = (&*input).read(&mut []);
    let _ = (&*output).write(&[]);
    let _ = (&*errors).write(&[]);
    let _ = fs::metadata("/");
}

/// The first descriptor that is given out; those below are the standard streams.
const FIRST: u32 = 3;
/// Bytes of a file that `read` moves at most.
const PIECE: usize = 16 << 20;

/// Errors of WASI: their number, Node's name and number, and what they say.
const ERRORS: &[(i32, &str, i32, &str)] = &[
    (2, "EACCES", -13, "permission denied"),
    (8, "EBADF", -9, "bad file descriptor"),
    (19, "EDQUOT", -122, "disk quota exceeded"),
    (20, "EEXIST", -17, "file already exists"),
    (22, "EFBIG", -27, "file too large"),
    (28, "EINVAL", -22, "invalid argument"),
    (29, "EIO", -5, "i/o error"),
    (31, "EISDIR", -21, "illegal operation on a directory"),
    (32, "ELOOP", -40, "too many symbolic links encountered"),
    (33, "EMFILE", -24, "too many open files"),
    (37, "ENAMETOOLONG", -36, "name too long"),
    (44, "ENOENT", -2, "no such file or directory"),
    (51, "ENOSPC", -28, "no space left on device"),
    (54, "ENOTDIR", -20, "not a directory"),
    (55, "ENOTEMPTY", -39, "directory not empty"),
    (58, "ENOTSUP", -95, "operation not supported"),
    (63, "EPERM", -1, "operation not permitted"),
    (69, "EROFS", -30, "read-only file system"),
    (75, "EXDEV", -18, "cross-device link not permitted"),
    (76, "ENOTCAPABLE", -1, "operation not permitted"),
];

const EIO: i32 = 29;
const ENOSPC: i32 = 51;

thread_local! {
    static OPEN: RefCell<BTreeMap<u32, File>> = const { RefCell::new(BTreeMap::new()) };
}

/// The functions, as one object.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("open", Func::from(open))?;
    object.set("close", Func::from(close))?;
    object.set("read", Func::from(read))?;
    object.set("write", Func::from(write))?;
    object.set("fstat", Func::from(fstat))?;
    object.set("ftruncate", Func::from(ftruncate))?;
    object.set("readFile", Func::from(read_file))?;
    object.set("exists", Func::from(|path: String| fs::metadata(path).is_ok()))?;
    object.set("stat", Func::from(stat))?;
    object.set("readdir", Func::from(readdir))?;
    object.set(
        "mkdir",
        Func::from(|ctx, path: String| done(&ctx, "mkdir", &path, fs::create_dir(&path))),
    )?;
    object.set(
        "rmdir",
        Func::from(|ctx, path: String| done(&ctx, "rmdir", &path, fs::remove_dir(&path))),
    )?;
    object.set(
        "unlink",
        Func::from(|ctx, path: String| done(&ctx, "unlink", &path, fs::remove_file(&path))),
    )?;
    object.set(
        "rename",
        Func::from(|ctx, from: String, to: String| {
            done(&ctx, "rename", &from, fs::rename(&from, &to))
        }),
    )?;
    Ok(object)
}

/// The result of a call, or its error as Node throws it.
fn done<T>(ctx: &Ctx<'_>, call: &str, path: &str, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| match thrown(ctx, call, path, &error) {
        Ok(value) => ctx.throw(value),
        Err(error) => error,
    })
}

fn thrown<'js>(ctx: &Ctx<'js>, call: &str, path: &str, error: &io::Error) -> Result<Value<'js>> {
    let known =
        error.raw_os_error().and_then(|raw| ERRORS.iter().find(|(number, ..)| *number == raw));
    // What Rust itself finds wrong has no number, such as a NUL in a path.
    let (code, number, text) = match known {
        Some((_, code, number, text)) => (*code, *number, (*text).to_owned()),
        None if error.kind() == io::ErrorKind::InvalidInput => {
            ("ERR_INVALID_ARG_VALUE", -22, error.to_string())
        }
        None => ("EIO", -5, error.to_string()),
    };
    let place = if path.is_empty() { String::new() } else { format!(" '{path}'") };
    let exception =
        Exception::from_message(ctx.clone(), &format!("{code}: {text}, {call}{place}"))?;
    exception.set("errno", number)?;
    exception.set("code", code)?;
    exception.set("syscall", call)?;
    if !path.is_empty() {
        exception.set("path", path)?;
    }
    Ok(exception.into_object().into_value())
}

/// Opens a file with Node's flags, such as `r+`.
fn open(ctx: Ctx<'_>, path: String, flags: String) -> Result<u32> {
    let mut options = OpenOptions::new();
    let plain: String = flags.chars().filter(|flag| *flag != 's').collect();
    match plain.as_str() {
        "r" => options.read(true),
        "r+" => options.read(true).write(true),
        "w" => options.write(true).create(true).truncate(true),
        "w+" => options.read(true).write(true).create(true).truncate(true),
        "wx" => options.write(true).create_new(true),
        "wx+" => options.read(true).write(true).create_new(true),
        "a" => options.append(true).create(true),
        "a+" => options.read(true).append(true).create(true),
        "ax" => options.append(true).create_new(true),
        "ax+" => options.read(true).append(true).create_new(true),
        _ => {
            return Err(Exception::throw_type(
                &ctx,
                &format!("The argument 'flags' is invalid. Received '{flags}'"),
            ));
        }
    };
    let file = done(&ctx, "open", &path, options.open(&path))?;
    Ok(OPEN.with_borrow_mut(|open| {
        let descriptor = (FIRST..).find(|number| !open.contains_key(number)).unwrap_or(u32::MAX);
        open.insert(descriptor, file);
        descriptor
    }))
}

/// Runs something on an open file.
fn with<T>(
    ctx: &Ctx<'_>,
    call: &str,
    descriptor: u32,
    run: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<T> {
    let result = OPEN.with_borrow_mut(|open| match open.get_mut(&descriptor) {
        Some(file) => run(file),
        None => Err(io::Error::from_raw_os_error(8)),
    });
    done(ctx, call, "", result)
}

fn close(ctx: Ctx<'_>, descriptor: u32) -> Result<()> {
    let file = OPEN.with_borrow_mut(|open| open.remove(&descriptor));
    done(&ctx, "close", "", file.map(drop).ok_or_else(|| io::Error::from_raw_os_error(8)))
}

/// Reads up to a number of bytes, from where the file is or from a position.
fn read<'js>(
    ctx: Ctx<'js>,
    descriptor: u32,
    length: usize,
    position: Opt<f64>,
) -> Result<TypedArray<'js, u8>> {
    let bytes = with(&ctx, "read", descriptor, |file| {
        let mut bytes = vec![0; length.min(PIECE)];
        let count = at(file, position.0, |file| file.read(&mut bytes))?;
        bytes.truncate(count);
        Ok(bytes)
    })?;
    TypedArray::new(ctx, bytes)
}

/// Writes bytes, all of them, where the file is or at a position.
fn write<'js>(
    ctx: Ctx<'js>,
    descriptor: u32,
    bytes: ObjectBytes<'js>,
    position: Opt<f64>,
) -> Result<usize> {
    let bytes = bytes.as_bytes(&ctx)?;
    with(&ctx, "write", descriptor, |file| {
        at(file, position.0, |file| file.write_all(bytes)).map_err(full)
    })?;
    Ok(bytes.len())
}

/// The error of a write. A stream does not tell why it failed; what is written is in `/tmp`, and
/// that it is full is what a function can bring about.
fn full(error: io::Error) -> io::Error {
    if error.raw_os_error() == Some(EIO) { io::Error::from_raw_os_error(ENOSPC) } else { error }
}

/// Runs something at a position of a file, and goes back to where it was.
fn at<T>(
    file: &mut File,
    position: Option<f64>,
    run: impl FnOnce(&mut File) -> io::Result<T>,
) -> io::Result<T> {
    let Some(position) = position.filter(|position| *position >= 0.0) else { return run(file) };
    let before = file.stream_position()?;
    file.seek(SeekFrom::Start(position as u64))?;
    let result = run(file);
    file.seek(SeekFrom::Start(before))?;
    result
}

fn ftruncate(ctx: Ctx<'_>, descriptor: u32, length: f64) -> Result<()> {
    with(&ctx, "ftruncate", descriptor, |file| file.set_len(length.max(0.0) as u64))
}

fn read_file<'js>(ctx: Ctx<'js>, path: String) -> Result<TypedArray<'js, u8>> {
    // A directory would fail with another error when it is read.
    let is_directory = fs::metadata(&path).is_ok_and(|found| found.is_dir());
    let bytes = if is_directory { Err(io::Error::from_raw_os_error(31)) } else { fs::read(&path) };
    TypedArray::new(
        ctx.clone(),
        done(&ctx, if is_directory { "read" } else { "open" }, &path, bytes)?,
    )
}

fn stat<'js>(ctx: Ctx<'js>, path: String) -> Result<Object<'js>> {
    let found = done(&ctx, "stat", &path, fs::metadata(&path))?;
    described(&ctx, &found)
}

fn fstat<'js>(ctx: Ctx<'js>, descriptor: u32) -> Result<Object<'js>> {
    let found = with(&ctx, "fstat", descriptor, |file| file.metadata())?;
    described(&ctx, &found)
}

fn described<'js>(ctx: &Ctx<'js>, found: &Metadata) -> Result<Object<'js>> {
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let object = Object::new(ctx.clone())?;
    object.set("size", found.len() as f64)?;
    object.set("directory", found.is_dir())?;
    object.set("modified", modified.map_or(0.0, |time| time.as_secs_f64() * 1000.0))?;
    Ok(object)
}

/// The names in a directory, in order; those of directories end with `/`.
fn readdir(ctx: Ctx<'_>, path: String) -> Result<Vec<String>> {
    let list = || -> io::Result<Vec<String>> {
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            let end = if entry.file_type()?.is_dir() { "/" } else { "" };
            Ok(entry.file_name().to_string_lossy().into_owned() + end)
        };
        let mut names = fs::read_dir(&path)?.map(entry).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    };
    done(&ctx, "scandir", &path, list())
}

/// The bytes of a view or buffer, copied.
pub(crate) fn bytes_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Vec<u8>> {
    if let Some(buffer) =
        value.as_object().and_then(|object| ArrayBuffer::from_object(object.clone()))
        && let Some(bytes) = buffer.as_bytes()
    {
        return Ok(bytes.to_vec());
    }
    ObjectBytes::from(ctx, value)?.into_bytes(ctx)
}
