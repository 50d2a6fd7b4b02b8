//! What whoever runs a node does: look whether a machine is fit for one, back it up while it
//! runs, restore it, and restart it without refusing anybody.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::cli::{exits, json, ok, path};
use crate::node::{LAMBENT, Node, eventually, lambent, quiet, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_backed_up_while_it_runs_and_restored() {
    let node = Node::start(&[]);
    ok(&node, &["deploy", "hello", &path("hello-http"), "--public"]).await;
    ok(&node, &["keyspace", "create", "settings"]).await;
    node.set_key("settings", "colour", "red").await;
    let out = tempfile::tempdir().unwrap();
    let (file, data) = (out.path().join("node.backup"), out.path().join("data"));
    let (file, data) = (file.to_str().unwrap(), data.to_str().unwrap());
    let own = node.data();
    let own = own.path().to_str().unwrap();
    let done = ok(&node, &["backup", file, "--data", own]).await;
    assert!(done.stdout.starts_with("backed up ") && done.stderr.contains("keys"), "{done:?}");
    node.set_key("settings", "colour", "blue").await;
    exits(&node, 1, &["backup", file, "--data", own]).await;
    let done = exits(&node, 1, &["restore", file, "--data", own]).await;
    assert!(done.stderr.contains("is not empty"), "{done:?}");
    let checked = json(&node, &["restore", file, "--dry-run"]).await;
    assert_eq!(checked["backup"]["backup_format"], 1);
    assert!(!Path::new(data).exists());
    ok(&node, &["restore", file, "--data", data]).await;

    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
    let done = exits(&node, 1, &["restore", file, "--dry-run"]).await;
    assert!(done.stderr.contains("is damaged"), "{done:?}");

    let moved = tempfile::tempdir().unwrap();
    std::fs::remove_dir(moved.path()).unwrap();
    std::fs::rename(data, moved.path()).unwrap();
    let restored = Node::start_in(&Arc::new(moved), &[]);
    assert_eq!(restored.key, node.key);
    assert_eq!(restored.get_key("settings", "colour").await.unwrap(), "red");
    assert_eq!(restored.get("hello", "/").await.text(), "Hello from Lambent!\n");
    restored.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_examined_and_what_is_bad_fails() {
    let home = tempfile::tempdir().unwrap();
    let examine = async |line: Vec<String>| {
        let line: Vec<_> = line.iter().map(String::as_str).collect();
        let command = lambent(&[&["doctor", "--json"], &line[..]].concat());
        tokio::task::spawn_blocking(|| run(command)).await.unwrap()
    };
    let data = format!("--data={}", home.path().join("new").display());
    let done = examine(vec![data, "--listen=127.0.0.1:0".into()]).await;
    let found: Value = serde_json::from_str(&done.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    let of = |what: &str| findings.iter().find(|one| one["what"] == what).unwrap();
    for what in ["open files", "memory", "clock", "disk", "kernel", "port"] {
        assert!(!of(what)["found"].as_str().unwrap().is_empty(), "{what}");
    }
    assert_eq!(
        (&of("data directory")["verdict"], &of("port")["verdict"]),
        (&"ok".into(), &"ok".into())
    );
    assert!(!home.path().join("new").exists());

    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(home.path(), open).unwrap();
    let done = examine(vec![format!("--data={}", home.path().display())]).await;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stdout.contains("chmod o-w"), "{done:?}");
}

/// A node that has its socket from whoever starts it, as systemd gives it.
fn start_on(socket: &TcpListener, data: &Arc<tempfile::TempDir>) -> Node {
    let mut shell = quiet(Path::new("sh"));
    let inherit = "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
    shell.arg("-c").arg(inherit).arg(LAMBENT);
    shell.stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap())));
    Node::start_by(shell, data, &[])
}

/// Whether a request on a connection of its own is answered.
fn ask(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200 "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_on_an_inherited_socket_refuses_nobody() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, data) = (socket.local_addr().unwrap(), Arc::new(tempfile::tempdir().unwrap()));
    let node = start_on(&socket, &data);
    assert_eq!(node.address, address);
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (ended, counted) = (stop.clone(), asked.clone());
    let asking = std::thread::spawn(move || {
        let mut failed = Vec::new();
        while !ended.load(Ordering::Relaxed) {
            match ask(address) {
                Ok(true) => drop(counted.fetch_add(1, Ordering::Relaxed)),
                other => failed.push(format!("{other:?}")),
            }
        }
        failed
    });
    let more = async |than: usize| {
        eventually("answers", async || (asked.load(Ordering::Relaxed) > than).then_some(())).await;
    };
    more(10).await;
    node.stop().await;
    let before = asked.load(Ordering::Relaxed);
    let node = start_on(&socket, &data);
    more(before + 10).await;
    stop.store(true, Ordering::Relaxed);
    let failed = asking.join().unwrap();
    assert_eq!(failed, Vec::<String>::new());
    node.stop().await;
}
