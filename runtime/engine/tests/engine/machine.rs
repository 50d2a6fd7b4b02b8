//! What a host gives a guest of its machine, and what it does not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambent_engine::types::Environment;
use lambent_engine::wasi::p2::bindings::Command;
use lambent_engine::wasi::p2::pipe::MemoryOutputPipe;
use lambent_engine::wasmtime::component::Linker;
use lambent_engine::wasmtime::{self, StoreContextMut};
use lambent_engine::{
    Capability, Component, Engine, Host, Invocation, ManualClock, Options, WASI_02, WasiOptions,
};
use lambent_test_support::guest_bytes;

use crate::support::{component, limits};

/// Runs the guest; returns what it logged, by the first word of each line.
async fn run(component: &Component<()>, invocation: Invocation<()>) -> Vec<(String, String)> {
    let invocation = invocation.limits(limits());
    let finished = component.call(invocation, |store, instance| {
        Box::pin(async move {
            let command = Command::new(&mut *store, &instance)?;
            command.wasi_cli_run().call_run(store).await
        })
    });
    let finished = finished.await.unwrap();
    assert_eq!(finished.value, Some(Ok(())), "{:?} {:?}", finished.outcome, finished.logs);
    lines(finished.logs.lines.iter().map(|line| line.text.as_str()))
}

fn lines<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        (word.to_owned(), rest.to_owned())
    };
    texts.map(pair).collect()
}

#[track_caller]
fn said<'a>(lines: &'a [(String, String)], word: &str) -> &'a str {
    let line = lines.iter().find(|(found, _)| found == word);
    &line.unwrap_or_else(|| panic!("nothing about {word}: {lines:?}")).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_has_nothing_that_it_was_not_given() {
    let lines = run(&component("guest-machine").await, Invocation::new(())).await;
    assert_eq!(said(&lines, "args"), r#"["function"]"#);
    for (word, nothing) in [("stdin", "\"\""), ("color", "None"), ("read", "None")] {
        assert_eq!(said(&lines, word), nothing);
    }
    assert_eq!((said(&lines, "change"), said(&lines, "write")), ("false", "false"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directories_streams_arguments_and_environment_are_those_of_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    for made in [&data, &out] {
        std::fs::create_dir(made).unwrap();
    }
    std::fs::write(data.join("greeting"), "hello").unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    let stdout = MemoryOutputPipe::new(1 << 16);
    let given = WasiOptions::new()
        .arg("plugin")
        .arg("--fast")
        .read_only_dir(&data, "/data")
        .and_then(|given| given.writable_dir(&out, "/out"))
        .unwrap()
        .stdin_bytes("typed")
        .stdout(stdout.clone());
    let environment =
        Environment(std::sync::Arc::new([("COLOR".to_owned(), "red".to_owned())].into()));
    let invocation = Invocation { environment, ..Invocation::new(()).wasi(given) };
    let logged = run(&component("guest-machine").await, invocation).await;
    assert_eq!(logged, [("done".to_owned(), String::new())], "the error stream is the log's");
    let written = String::from_utf8(stdout.contents().to_vec()).unwrap();
    let lines = lines(written.lines());
    assert_eq!(said(&lines, "args"), r#"["plugin", "--fast"]"#);
    assert_eq!(said(&lines, "color"), r#"Some("red")"#);
    assert_eq!(said(&lines, "stdin"), r#""typed""#);
    assert_eq!(said(&lines, "read"), r#"Some("hello")"#);
    assert_eq!(said(&lines, "change"), "false");
    assert_eq!(said(&lines, "write"), "true");
    assert_eq!(said(&lines, "escape"), "None");
    assert_eq!(std::fs::read_to_string(out.join("new")).unwrap(), "from the guest");
    assert!(!data.join("new").exists());
    // There is no such directory.
    assert!(WasiOptions::new().read_only_dir(folder.path().join("none"), "/").is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn randomness_and_clocks_are_the_same_each_time_if_the_host_wants() {
    let component = component("guest-machine").await;
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let clock = ManualClock::new(UNIX_EPOCH + Duration::from_secs(100));
        let clock = clock.ticking(Duration::from_millis(1));
        clock.advance(Duration::from_secs(5));
        let given = WasiOptions::new().random_seed(seed).clock(&clock);
        runs.push(run(&component, Invocation::new(()).wasi(given)).await);
    }
    assert_eq!(runs[0], runs[1]);
    let text = said(&runs[0], "clock");
    let (unix, elapsed) = text.split_once(' ').unwrap();
    let (unix, elapsed): (u64, u64) = (unix.parse().unwrap(), elapsed.parse().unwrap());
    assert!((105_000_000_000..106_000_000_000).contains(&unix), "{unix}");
    assert_eq!(elapsed % 1_000_000, 0);
    assert_ne!(said(&runs[0], "random"), said(&runs[2], "random"));
    let free = run(&component, Invocation::new(())).await;
    assert_ne!(said(&free, "random"), said(&runs[0], "random"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let told: u128 = said(&free, "clock").split(' ').next().unwrap().parse().unwrap();
    assert!(now - told < 600_000_000_000);
}

/// A clock that the host has written itself.
struct Midnight;

impl Capability<()> for Midnight {
    fn interfaces(&self) -> Vec<String> {
        vec![format!("wasi:clocks/wall-clock@{WASI_02}")]
    }

    fn link(&self, linker: &mut Linker<Host<()>>) -> wasmtime::Result<()> {
        let mut clock = linker.instance(&self.interfaces()[0])?;
        clock.func_wrap("now", |_: StoreContextMut<'_, Host<()>>, ()| Ok((Midnight::NOW,)))
    }
}

impl Midnight {
    /// Seconds and nanoseconds of 2000-01-01.
    const NOW: Datetime = Datetime { seconds: 946_684_800, nanoseconds: 0 };
}

#[derive(wasmtime::component::ComponentType, wasmtime::component::Lower, Clone, Copy)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interface_can_be_replaced_and_all_of_wasi_left_out() {
    let options = || Options { instances: 20, ..Options::default() };
    let engine = Engine::builder(options()).replace(Midnight).build().unwrap();
    let wasm = guest_bytes("guest-machine");
    let component = engine.component(wasm.clone().into()).await.unwrap();
    let lines = run(&component, Invocation::new(())).await;
    assert!(said(&lines, "clock").starts_with("946684800000000000 "), "{lines:?}");
    let named = |name: &str| engine.interfaces().iter().filter(|it| it.0 == name).count();
    assert_eq!(named(&format!("wasi:clocks/wall-clock@{WASI_02}")), 1);

    // Without being asked to replace, it is an error of the host.
    let twice = Engine::builder(options()).capability(Midnight).build();
    assert!(twice.err().unwrap().to_string().contains("now"));

    let without = Engine::<()>::builder(options()).without_wasi().build().unwrap();
    let error = without.component(wasm.into()).await.err().unwrap();
    assert!(error.to_string().contains("wasi:"), "{error}");
}
