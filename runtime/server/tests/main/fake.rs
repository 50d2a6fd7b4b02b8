//! An engine that runs no WebAssembly: a request's path, or an event's type,
//! says what the "function" does.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use lambent_dispatch::{Body, BoxError, Call, Finish, Finished, HttpOutcome, Runner};
use lambent_service::{Additions, Frozen, Inspect, Inspected};
use lambent_types::{
    Digest, Error, ErrorCode, Event, Failure, FunctionName, FunctionVersion, Handler, LogLine,
    LogStream, Logs, Meter, Namespace, Outcome, Output, Retry, RuntimeName, Start, VersionNumber,
};
use tokio::sync::Notify;

/// The engine, how many of its functions were cancelled, and what those at `/held` wait for.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) cancelled: Arc<AtomicUsize>,
    pub(crate) released: Arc<Notify>,
}

/// Counts what is dropped before its end.
struct Running {
    cancelled: Arc<AtomicUsize>,
    finish: Option<Finish>,
}

impl Running {
    fn end(mut self, outcome: Outcome) {
        if let Some(finish) = self.finish.take() {
            finish(finished(outcome, None));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(finish) = self.finish.take() {
            self.cancelled.fetch_add(1, Ordering::SeqCst);
            finish(finished(Outcome::Cancelled, None));
        }
    }
}

fn finished(outcome: Outcome, output: Option<Output>) -> Finished {
    let line = LogLine { stream: LogStream::Stdout, text: "a line".into() };
    let meter = Meter {
        fuel: 42,
        duration: Duration::from_micros(7),
        memory_bytes: 65_536,
        start: Start::Loaded,
        ..Meter::default()
    };
    let logs = Logs { lines: vec![line], dropped_bytes: 0 };
    Finished { outcome, meter, logs, output, failed: Vec::new() }
}

#[async_trait]
impl Inspect for Fake {
    async fn prepare(&self, _: &Namespace, _: Digest, code: Bytes) -> Result<Inspected, Error> {
        let handlers = match &*code {
            b"http" | b"http2" => vec![Handler::Http02],
            b"event" => vec![Handler::Event],
            b"heavy" => {
                return Ok(Inspected {
                    handlers: vec![Handler::Event],
                    memory_bytes_min: 1 << 30,
                    can_be_frozen: true,
                });
            }
            _ => return Err(Error::new(ErrorCode::InvalidComponent, "the upload is no component")),
        };
        Ok(Inspected { handlers, memory_bytes_min: 0, can_be_frozen: true })
    }

    async fn prepared(&self, _: Digest) -> Option<Inspected> {
        None
    }

    fn component(&self, version: &FunctionVersion) -> Digest {
        version.code.component
    }

    async fn snapshot(&self, version: &Arc<FunctionVersion>) -> Result<Frozen, Error> {
        let component = version.code.component;
        Ok(Frozen { component, bytes: format!("the memory of {component}").into() })
    }

    async fn imports(&self, _: &Namespace, _: Bytes) -> Result<BTreeMap<String, bool>, Error> {
        Ok(BTreeMap::new())
    }

    async fn additions(&self, _: &Arc<FunctionVersion>) -> Additions {
        Additions::default()
    }

    fn set_runtimes(&self, _: HashMap<RuntimeName, Digest>) {}

    async fn provision(&self, _: &Arc<FunctionVersion>) {}

    fn provisioned(
        &self,
        _: &Namespace,
        _: &FunctionName,
        _: u64,
    ) -> Option<lambent_service::ProvisionedVersion> {
        None
    }

    fn withdraw(&self, _: &Namespace, _: &FunctionName, _: Option<VersionNumber>) {}

    async fn forget(&self, _: Digest) {}
}

impl Runner for Fake {
    fn http(
        &self,
        call: Call,
        request: Box<Request<Body>>,
        finish: Finish,
    ) -> BoxFuture<'_, HttpOutcome> {
        let running = Running { cancelled: self.cancelled.clone(), finish: Some(finish) };
        let released = self.released.clone();
        async move {
            if request.uri().path() == "/held" {
                released.notified().await;
            }
            respond(call, *request, running).await
        }
        .boxed()
    }

    fn event(&self, _: Call, event: Event) -> BoxFuture<'_, Result<Finished, Error>> {
        async move {
            if event.kind == "fail" {
                let failure = Failure {
                    kind: "OrderNotFound".into(),
                    message: "no order 7".into(),
                    trace: Vec::new(),
                    retry: Retry::Policy,
                };
                return Ok(finished(Outcome::FunctionError(failure), None));
            }
            let text = format!(
                "{} {} {} {:?} {:?}",
                event.source,
                event.kind,
                event.content_type.unwrap_or_default(),
                event.extensions,
                event.data
            );
            let output = Output { content_type: Some("text/plain".into()), data: text.into() };
            Ok(finished(Outcome::Ok, Some(output)))
        }
        .boxed()
    }

    fn batch(&self, _: Call, _: Vec<Event>) -> BoxFuture<'_, Result<Finished, Error>> {
        unreachable!("no test sends a batch")
    }
}

async fn respond(call: Call, request: Request<Body>, running: Running) -> HttpOutcome {
    let path = request.uri().path().to_owned();
    let builder = Response::builder();
    let mut running = Some(running);
    let (head, body): (http::response::Builder, Body) = match path.as_str() {
        "/trap" => {
            return end(
                running,
                Outcome::Trapped { message: "unreachable".into(), backtrace: vec![] },
            );
        }
        "/timeout" => return end(running, Outcome::TimedOut { limit_ms: 5 }),
        "/panic" => panic!("on purpose"),
        "/refuse" => {
            return HttpOutcome::Refused(Error::new(ErrorCode::Overloaded, "no instance is free"));
        }
        "/hang" => {
            futures::future::pending::<()>().await;
            (builder, full(""))
        }
        "/stuck" => {
            // What no guest can do: not even a limit ends it.
            std::thread::sleep(Duration::from_secs(300));
            (builder, full(""))
        }
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(400)).await;
            (builder, full("slow"))
        }
        "/held" => (builder, full("held")),
        "/lying" => (builder.header("content-length", "50"), full("short")),
        "/lengths" => {
            let stream = futures::stream::iter([Ok(Frame::data(Bytes::from("abc")))]);
            let body = StreamBody::new(stream).boxed_unsync();
            (builder.header("content-length", "3").header("content-length", "4"), body)
        }
        "/switch" => (builder.status(101).header("upgrade", "x"), full("")),
        "/beyond" => (builder.status(600), full("")),
        "/hop" => {
            let builder = builder.header("connection", "close, x-secret").header("x-secret", "1");
            (builder.header("transfer-encoding", "gzip").header("x-kept", "1"), full("hop"))
        }
        "/empty" => (builder.status(204), full("ignored")),
        "/trailers" => (builder.header("trailer", "x-sum"), with_trailers()),
        "/endless" => (builder, endless(running.take().unwrap())),
        _ => return echo(&call, request, running.take().unwrap()).await,
    };
    end(running, Outcome::Ok);
    HttpOutcome::Response(head.body(body).unwrap())
}

fn end(running: Option<Running>, outcome: Outcome) -> HttpOutcome {
    if let Some(running) = running {
        running.end(outcome.clone());
    }
    HttpOutcome::Ended(outcome)
}

fn full(text: &'static str) -> Body {
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
}

fn with_trailers() -> Body {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "6".parse().unwrap());
    let frames = [Ok(Frame::data(Bytes::from("abc"))), Ok(Frame::trailers(trailers))];
    StreamBody::new(futures::stream::iter(frames)).boxed_unsync()
}

/// A chunk every few milliseconds, for ever.
fn endless(running: Running) -> Body {
    let frames = futures::stream::unfold(running, |running| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Ok::<_, BoxError>(Frame::data(Bytes::from("x"))), running))
    });
    StreamBody::new(frames.boxed()).boxed_unsync()
}

/// Says what the function saw: a head of lines, then the request's body.
async fn echo(call: &Call, request: Request<Body>, running: Running) -> HttpOutcome {
    let (parts, body) = request.into_parts();
    let mut text = format!("{} {}\n", parts.method, parts.uri);
    text.push_str(&format!(
        "principal={:?} trace={:?}\n",
        call.principal, call.origin.trace_parent
    ));
    for (name, value) in &parts.headers {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap_or("?")));
    }
    text.push('\n');
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return HttpOutcome::Ended(Outcome::Cancelled),
    };
    running.end(Outcome::Ok);
    let all = [Bytes::from(text), body].concat();
    if parts.method == http::Method::HEAD {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let response = Response::builder().header("content-length", all.len());
        return HttpOutcome::Response(response.body(body).unwrap());
    }
    let body = Full::new(Bytes::from(all)).map_err(|never| match never {}).boxed_unsync();
    HttpOutcome::Response(Response::builder().header("x-echo", "1").body(body).unwrap())
}
