//! Every call of `wasi:filesystem` that could change something, as no standard library makes it.

use serde_json::{Value, json};
use wasip2::filesystem::preopens;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};

const NONE: PathFlags = PathFlags::empty();

fn told<T>(done: Result<T, ErrorCode>) -> Value {
    match done {
        Ok(_) => "ok".into(),
        Err(error) => error.name().into(),
    }
}

/// Makes them on the directory of a path, which has a file `file` and an empty directory `empty`,
/// and tells what came of each.
pub(crate) fn every_call(path: &str) -> Value {
    let Some((root, _)) = preopens::get_directories().into_iter().next() else {
        return Value::Null;
    };
    let path = path.trim_start_matches('/');
    let read = DescriptorFlags::READ;
    let Ok(directory) = root.open_at(NONE, path, OpenFlags::DIRECTORY, read) else {
        return "the directory cannot be opened".into();
    };
    let Ok(file) = directory.open_at(NONE, "file", OpenFlags::empty(), read) else {
        return "the file cannot be opened".into();
    };
    let (names, opens) = (of_names(&root, &directory), of_opening(&directory));
    json!({ "names": names, "opens": opens, "nodes": of_nodes(&directory, &file) })
}

fn of_names(root: &Descriptor, directory: &Descriptor) -> Value {
    json!({
        "create directory": told(directory.create_directory_at("made")),
        "remove directory": told(directory.remove_directory_at("empty")),
        "remove file": told(directory.unlink_file_at("file")),
        "rename": told(directory.rename_at("file", directory, "moved")),
        "rename from above": told(directory.rename_at("file", root, "tmp/moved")),
        "rename into it": told(root.rename_at("var/task", directory, "moved")),
        "rename a directory": told(directory.rename_at("empty", directory, "moved")),
        "symbolic link": told(directory.symlink_at("file", "link")),
        "absolute link": told(directory.symlink_at("/etc/passwd", "link")),
        "hard link": told(directory.link_at(NONE, "file", directory, "link")),
        "link from above": told(root.link_at(NONE, "tmp", directory, "link")),
        "out of it": told(directory.stat_at(NONE, "../../etc/passwd")),
        "out and back": told(directory.unlink_file_at("../data/file")),
        "absolute": told(directory.unlink_file_at("/mnt/data/file")),
        "remove itself": told(directory.remove_directory_at(".")),
        "nul": told(directory.create_directory_at("a\0b")),
        "long": told(directory.create_directory_at(&"x".repeat(256))),
        "empty": told(directory.create_directory_at("")),
    })
}

fn of_opening(directory: &Descriptor) -> Value {
    let open = |name: &str, how, flags| told(directory.open_at(NONE, name, how, flags));
    let (read, write) = (DescriptorFlags::READ, DescriptorFlags::WRITE);
    json!({
        "write": open("file", OpenFlags::empty(), write),
        "truncate alone": open("file", OpenFlags::TRUNCATE, read),
        "create": open("made", OpenFlags::CREATE, read),
        "create exclusively": open("made2", OpenFlags::CREATE | OpenFlags::EXCLUSIVE, write),
        "mutate directory": told(
            directory
                .open_at(NONE, "empty", OpenFlags::DIRECTORY, DescriptorFlags::MUTATE_DIRECTORY)
                .and_then(|opened| opened.create_directory_at("in")),
        ),
    })
}

fn of_nodes(directory: &Descriptor, file: &Descriptor) -> Value {
    let now = NewTimestamp::Now;
    json!({
        "write": told(file.write(b"x", 0)),
        "set size": told(file.set_size(0)),
        "set a huge size": told(file.set_size(u64::MAX)),
        "set times": told(file.set_times(now, now)),
        "set times at": told(directory.set_times_at(NONE, "file", now, now)),
        "set times of the directory": told(directory.set_times(now, now)),
        "write via stream": told(file.write_via_stream(0)),
        "append via stream": told(file.append_via_stream()),
        "write a directory": told(directory.write(b"x", 0)),
        "read a directory": told(directory.read(1, 0)),
        "read far": told(file.read(1, u64::MAX)),
        "sync": told(file.sync()),
        "sync data": told(file.sync_data()),
    })
}
