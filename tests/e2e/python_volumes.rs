//! Volumes as functions of Python have them: by `open`, and by what the standard library makes of it.

use serde_json::{Value, json};

use crate::cli::ok;
use crate::packages::{PYTHON, package};
use crate::python::with_python;
use crate::volumes::{act, deploy, good};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_of_python_share_files() {
    let Some(node) = with_python().await else { return };
    ok(&node, &["volume", "create", "data", "--max", "1MiB"]).await;
    let zip = || package(&[("lambda_function.py", PYTHON_SOURCE)]);
    let mount = |access: &str| json!({ "mounts": [{ "volume": "data", "path": "/mnt/data", "access": access }] });
    PYTHON.deploy(&node, "writes", zip(), mount("read-write")).await;
    PYTHON.deploy(&node, "reads", zip(), mount("read")).await;
    deploy(&node, "component", "data:/mnt/shared").await;
    let written = node.answer("writes", &json!("write")).await;
    let expected = json!({
        "lock": "FileExistsError", "names": ["json", "lock", "log"], "moved": "EXDEV, and copied",
        "removed": "still", "full": ["EIO", "ENOSPC", "ENOSPC"], "free": true,
    });
    assert_eq!(written, expected);
    let read = node.answer("reads", &json!("read")).await;
    let expected = json!({
        "json": { "a": [1, 2] }, "log": "one\ntwo\n", "write": "EROFS", "unlink": "EROFS",
        "mkdir": "EROFS", "rename": "EROFS", "walk": ["json", "lock", "log"],
    });
    assert_eq!(read, expected);
    let told = act(&node, "component", json!([["append", "/mnt/shared/log", "three"]])).await;
    assert_eq!(told, [good(Value::Null)]);
    let read = node.answer("reads", &json!("read")).await;
    assert_eq!(read["log"], "one\ntwo\nthree");
    ok(&node, &["volume", "delete", "data", "--yes"]).await;
    let gone = node.answer("reads", &json!("gone")).await;
    assert_eq!(gone, json!(["ENODEV", ["data"]]));
}

const PYTHON_SOURCE: &str = r#"
import errno, json, os, shutil

def code(action, *arguments):
    try:
        action(*arguments)
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]

def fill():
    file = os.open("/mnt/data/big", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(file, bytes(65536))
    finally:
        os.close(file)

def write():
    with open("/mnt/data/json", "w") as file:
        json.dump({"a": [1, 2]}, file)
        file.flush()
        os.fsync(file.fileno())
    for line in ["one\n", "two\n"]:
        with open("/mnt/data/log", "a") as file:
            file.write(line)
    told = {}
    with open("/mnt/data/lock", "x"):
        try:
            open("/mnt/data/lock", "x")
        except OSError as error:
            told["lock"] = type(error).__name__
    told["names"] = sorted(os.listdir("/mnt/data"))
    with open("/tmp/a", "w") as file:
        file.write("moved")
    told["moved"] = code(os.rename, "/tmp/a", "/mnt/data/a")
    shutil.move("/tmp/a", "/mnt/data/a")
    if open("/mnt/data/a").read() == "moved" and not os.path.exists("/tmp/a"):
        told["moved"] += ", and copied"
    with open("/mnt/data/a", "r+") as file:
        os.remove("/mnt/data/a")
        file.write("still")
        file.seek(0)
        told["removed"] = file.read(5)
    # A stream does not tell the library why it failed.
    told["full"] = [code(fill), code(open, "/mnt/data/more", "w"),
                    code(os.truncate, "/mnt/data/big", 1 << 30)]
    os.remove("/mnt/data/big")
    with open("/mnt/data/new", "wb") as file:
        file.write(bytes(100_000))
    told["free"] = os.stat("/mnt/data/new").st_size == 100_000
    os.remove("/mnt/data/new")
    return told

def read():
    return {
        "json": json.load(open("/mnt/data/json")),
        "log": open("/mnt/data/log").read(),
        "write": code(open, "/mnt/data/json", "w"),
        "unlink": code(os.remove, "/mnt/data/json"),
        "mkdir": code(os.mkdir, "/mnt/data/d"),
        "rename": code(os.rename, "/mnt/data/json", "/mnt/data/other"),
        "walk": sorted(name for _, _, names in os.walk("/mnt/data") for name in names),
    }

def gone():
    return [code(open, "/mnt/data/json"), os.listdir("/mnt")]

def lambda_handler(event, context):
    return {"write": write, "read": read, "gone": gone}[event]()
"#;
