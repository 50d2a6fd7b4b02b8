//! One engine, each guest compiled once.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use lambent_engine::types::{Event, Limits, Outcome};
use lambent_engine::{Component, Engine, Finished, HttpOutcome, Invocation, Options};
use lambent_test_support::guest_bytes;
use tokio::sync::oneshot;

pub(crate) fn engine() -> &'static Engine<()> {
    static ENGINE: LazyLock<Engine<()>> = LazyLock::new(|| {
        let options = Options { instances: 20, ..Options::default() };
        Engine::builder(options).build().unwrap()
    });
    &ENGINE
}

/// A guest, compiled at its first use.
pub(crate) async fn component(name: &'static str) -> Component<()> {
    type Slot = std::sync::Arc<tokio::sync::OnceCell<Component<()>>>;
    static COMPONENTS: OnceLock<Mutex<HashMap<&'static str, Slot>>> = OnceLock::new();
    let slot =
        COMPONENTS.get_or_init(Mutex::default).lock().unwrap().entry(name).or_default().clone();
    let compile = || async {
        let wasm = tokio::task::spawn_blocking(|| guest_bytes(name)).await.unwrap();
        engine().component(wasm.into()).await.unwrap()
    };
    slot.get_or_init(compile).await.clone()
}

/// Limits that no test runs into by accident.
pub(crate) fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(60), fuel: 100_000_000_000, ..Limits::default() }
}

/// An event with this data.
pub(crate) fn event(data: impl Into<Bytes>) -> Event {
    Event {
        id: "1".into(),
        source: "/test".into(),
        kind: "test".into(),
        subject: None,
        time_ns: None,
        content_type: None,
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: data.into(),
    }
}

pub(crate) fn request(method: &str, path: &str) -> ::http::Request<Full<Bytes>> {
    ::http::Request::builder()
        .method(method)
        .uri(format!("http://guest.test{path}"))
        .body(Full::default())
        .unwrap()
}

/// What a whole exchange came to.
pub(crate) struct Exchange {
    /// The response, if there was a head; its body, if that was whole.
    pub(crate) response: Option<(::http::response::Parts, Result<Bytes, String>)>,
    pub(crate) finished: Finished<()>,
}

impl Exchange {
    pub(crate) fn text(&self) -> String {
        let (_, body) = self.response.as_ref().expect("a response");
        String::from_utf8_lossy(body.as_ref().expect("a whole body")).into_owned()
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        &self.finished.outcome
    }
}

/// Sends a request to a guest and reads the whole answer.
pub(crate) async fn exchange(
    guest: &'static str,
    limits: Limits,
    request: ::http::Request<Full<Bytes>>,
) -> Exchange {
    let component = component(guest).await;
    serve(&component, Invocation::new(()).limits(limits), request).await
}

/// As [`exchange`], in whatever instance the invocation says.
pub(crate) async fn serve(
    component: &Component<()>,
    invocation: Invocation<()>,
    request: ::http::Request<Full<Bytes>>,
) -> Exchange {
    let (tx, rx) = oneshot::channel();
    let answer = component.http(invocation, request, |finished| drop(tx.send(finished))).await;
    let response = match answer {
        HttpOutcome::Response(response) => {
            let (parts, body) = response.into_parts();
            let body = body.collect().await;
            Some((parts, body.map(http_body_util::Collected::to_bytes).map_err(|e| e.to_string())))
        }
        HttpOutcome::Ended(_) => None,
        HttpOutcome::Refused(refused) => panic!("refused: {refused}"),
    };
    Exchange { response, finished: rx.await.unwrap() }
}

pub(crate) async fn get(guest: &'static str, path: &str) -> Exchange {
    exchange(guest, limits(), request("GET", path)).await
}
