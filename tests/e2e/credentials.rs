//! The root key and the seed of secrets come from outside of the data directory, as systemd hands
//! them over, and are never made anew in their place.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use crate::cli::ok;
use crate::node::{Done, Node, lambent, run};

const FILES: [&str; 2] = ["root-key.json", "access-key-seed"];

/// A data directory with a secret in it, and a directory that its keys were moved to.
async fn moved() -> (Arc<TempDir>, TempDir) {
    let node = Node::start(&[]);
    let value = tempfile::NamedTempFile::new().unwrap();
    fs::write(value.path(), "hunter2").unwrap();
    ok(&node, &["secret", "put", "db", "--value-file", value.path().to_str().unwrap()]).await;
    node.stop().await;
    let (data, credentials) = (node.data(), tempfile::tempdir().unwrap());
    for file in FILES {
        let to = credentials.path().join(file);
        fs::copy(data.path().join(file), &to).unwrap();
        fs::remove_file(data.path().join(file)).unwrap();
        fs::set_permissions(to, Permissions::from_mode(0o400)).unwrap();
    }
    (data, credentials)
}

/// The secret, as whoever was given the key reads it.
async fn secret(node: &Node) -> Done {
    let mut command = lambent(&["secret", "get", "db", "--endpoint"]);
    command.arg(format!("http://{}", node.address)).env("LAMBENT_KEY", &node.key);
    tokio::task::spawn_blocking(|| run(command)).await.unwrap()
}

/// A start that fails, and what it says.
fn refused(data: &TempDir, flags: &[&str], inherited: Option<&Path>) -> String {
    let mut command = lambent(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(data.path()).args(flags);
    if let Some(inherited) = inherited {
        command.env("CREDENTIALS_DIRECTORY", inherited);
    }
    let done = run(command);
    assert_eq!(done.code, Some(1), "{done:?}");
    done.stderr
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_serves_with_keys_that_its_data_directory_never_has() {
    let (data, credentials) = moved().await;
    let directory = credentials.path().to_str().unwrap();
    for (flags, environment) in [
        (&["--credentials", directory][..], &[][..]),
        (&[], &[("CREDENTIALS_DIRECTORY", directory)]),
    ] {
        let node = Node::start_with(&data, flags, environment);
        let read = secret(&node).await;
        assert_eq!((read.code, read.stdout.as_str()), (Some(0), "hunter2"), "{read:?}");
        assert_eq!(node.ask("GET", "/v1/functions").key("wrong").send().await.status, 401);
        node.stop().await;
        for file in FILES {
            assert!(!data.path().join(file).exists(), "{file}");
        }
    }
    // Systemd's directory may be there for a certificate alone.
    let others = tempfile::tempdir().unwrap();
    fs::write(others.path().join("cert.pem"), "a certificate").unwrap();
    let environment = [("CREDENTIALS_DIRECTORY", others.path().to_str().unwrap())];
    let node = Node::start_with(&Arc::new(tempfile::tempdir().unwrap()), &[], &environment);
    assert!(node.path("root-key.json").exists());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_credential_keeps_a_node_from_starting() {
    let (data, credentials) = moved().await;
    let flags = ["--credentials", credentials.path().to_str().unwrap()];
    let node = Node::start_with(&data, &flags, &[]);
    node.stop().await;
    // No other seed is made where the one of this data is missing.
    let nothing = tempfile::tempdir().unwrap();
    for inherited in [None, Some(nothing.path())] {
        let told = refused(&data, &[], inherited);
        assert!(told.contains("the seed of this data came as the credential"), "{told}");
    }
    assert!(!data.path().join("access-key-seed").exists());
    let told = refused(&data, &["--credentials", nothing.path().to_str().unwrap()], None);
    assert!(told.contains("there is no credential ") && told.contains("access-key-seed"), "{told}");

    let seed = credentials.path().join("access-key-seed");
    let key = credentials.path().join("root-key.json");
    let change = |path: &Path, bytes: &[u8], mode| {
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        let before = fs::read(path).unwrap();
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let told = refused(&data, &flags, None);
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        fs::write(path, before).unwrap();
        told
    };
    let whole = fs::read(&seed).unwrap();
    for (path, bytes, mode, told) in [
        (&seed, &whole[..], 0o644, "(mode 0644); chmod it to 0400"),
        (&seed, b"", 0o400, "is empty; fill it, or take it away"),
        (&seed, b"short", 0o400, "holds no seed of 32 bytes"),
        (&seed, &[7; 32], 0o400, "is not the seed that this data was made with"),
        (&key, b"", 0o400, "is empty; fill it, or take it away"),
        (&key, b"{}", 0o400, "holds no root key"),
    ] {
        let said = change(path, bytes, mode);
        assert!(said.contains(told), "{told}: {said}");
    }
    let node = Node::start_with(&data, &flags, &[]);
    assert_eq!(secret(&node).await.stdout, "hunter2");
    node.stop().await;
}
