use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::FutureExt as _;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use lambent_dispatch::{DecidedBy, Finish, HttpInvoked, HttpOutcome, Reply};
use lambent_storage::Registry as _;
use lambent_storage::contract::samples;
use lambent_types::{Error, ErrorCode, Handler, Outcome, Qualifier, VersionNumber};

use crate::fixture::{Fixture, Guest, body, caller, finished, guest_body, request};

#[tokio::test]
async fn a_request_is_answered_and_recorded_when_the_guest_is_done() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Event, Handler::Http02, Handler::Http03]).await;
    let held: Arc<Mutex<Option<Finish>>> = Arc::default();
    let keep = held.clone();
    fixture.on_http(move |_, request, finish| {
        *keep.lock().unwrap() = Some(finish);
        async move { HttpOutcome::Response(http::Response::new(request.into_body())) }
    });
    let request = Box::new(http::Request::new(body("ping")));
    let answer = fixture.dispatcher.http(function.clone(), caller(), request).await.unwrap();
    let HttpInvoked { id, reply: Reply::Response(response), .. } = answer else { panic!() };
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ping");

    // The head and the body are out, and the guest still runs.
    assert_eq!(fixture.dispatcher.in_flight(), 1);
    assert_eq!(fixture.records("f").await, []);
    let finish = held.lock().unwrap().take().unwrap();
    finish(finished(Outcome::Ok));
    assert_eq!(fixture.dispatcher.in_flight(), 0);

    let record = fixture.only_record().await;
    assert_eq!((record.id, record.version), (id, VersionNumber::Latest));
    assert_eq!((record.handler, record.outcome), (Handler::Http03, Outcome::Ok));
    assert_eq!((record.meter.fuel, &*record.logs.lines[0].text), (7, "hello"));
    let call = fixture.runner.call.lock().unwrap().take().unwrap();
    assert_eq!((call.id, call.started, call.handler), (id, record.started, Handler::Http03));
    assert_eq!((call.principal.as_deref(), call.limits.response_bytes), (Some("root"), None));
    assert_eq!(call.limits.memory_bytes, function.configuration.memory_bytes);
}

#[tokio::test]
async fn every_end_without_a_response_is_recorded() {
    for outcome in [
        Outcome::OutOfFuel { limit: 1, backtrace: vec![] },
        Outcome::TimedOut { limit_ms: 1 },
        Outcome::Exited { code: 3 },
        Outcome::Internal,
    ] {
        let fixture = Fixture::new();
        let function = fixture.function("f", &[Handler::Http02]).await;
        let ended = outcome.clone();
        fixture.on_http(move |_, _, finish| {
            finish(finished(ended.clone()));
            let ended = ended.clone();
            async move { HttpOutcome::Ended(ended) }
        });
        let answer = fixture.dispatcher.http(function, caller(), request()).await.unwrap();
        assert!(matches!(answer.reply, Reply::Ended(ended) if ended == outcome));
        assert_eq!(fixture.only_record().await.outcome, outcome);
    }
}

#[tokio::test]
async fn a_refused_request_leaves_nothing() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http02]).await;
    fixture.on_http(|_, _, finish| {
        drop(finish);
        async { HttpOutcome::Refused(Error::new(ErrorCode::Overloaded, "full")) }
    });
    let error = fixture.dispatcher.http(function, caller(), request()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Overloaded);
    fixture.assert_nothing_happened().await;
}

#[tokio::test]
async fn a_caller_who_leaves_before_the_head_cancels_the_guest() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http02]).await;
    fixture.on_http(|_, _, finish| {
        let guest = Guest::new(finish);
        async move {
            futures::future::pending::<()>().await;
            guest.end(Outcome::Ok);
            HttpOutcome::Ended(Outcome::Ok)
        }
    });
    let mut asking = Box::pin(fixture.dispatcher.http(function, caller(), request()));
    assert!((&mut asking).now_or_never().is_none());
    assert_eq!(fixture.dispatcher.in_flight(), 1);
    drop(asking);
    assert_eq!(fixture.dispatcher.in_flight(), 0);
    assert_eq!(fixture.only_record().await.outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn a_caller_who_leaves_the_body_cancels_the_guest() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http02]).await;
    fixture.on_http(|_, _, finish| async {
        let frames = vec![Bytes::from("a"), Bytes::from("b")];
        let body = guest_body(Guest::new(finish), frames, Outcome::Ok);
        HttpOutcome::Response(http::Response::new(body))
    });
    let answer = fixture.dispatcher.http(function, caller(), request()).await.unwrap();
    let Reply::Response(mut response) = answer.reply else { panic!() };
    response.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(fixture.dispatcher.in_flight(), 1);
    drop(response);
    assert_eq!(fixture.only_record().await.outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn a_function_without_an_http_handler_takes_no_requests() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Event, Handler::Run02]).await;
    let error = fixture.dispatcher.http(function, caller(), request()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotInvocable);
    assert!(error.detail().contains("function \"f\" exports no HTTP handler"), "{error}");
    fixture.assert_nothing_happened().await;
}

#[tokio::test]
async fn qualifiers_are_resolved() {
    let fixture = Fixture::new();
    let (ns, f) = (samples::namespace("default"), samples::name("F"));
    let resolve = async |qualifier| {
        let found = fixture.dispatcher.resolve(&ns, &f, &qualifier).await;
        found.map(|found| found.choose(DecidedBy::Request(&HeaderMap::new())))
    };
    for qualifier in [Qualifier::Latest, Qualifier::Version(1)] {
        let error = resolve(qualifier).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::FunctionNotFound);
        assert!(error.detail().contains("function \"F\" does not exist"), "{error}");
    }
    let head = fixture.function("f", &[Handler::Event]).await;
    let version = fixture.registry.publish(&ns, &f, None).await.unwrap();
    assert_eq!(resolve(Qualifier::Latest).await.unwrap(), head.into());
    assert_eq!(resolve(Qualifier::Version(1)).await.unwrap(), version.into());
    let error = resolve(Qualifier::Version(2)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::VersionNotFound);
}

#[tokio::test]
async fn a_request_that_came_of_the_function_itself_too_often_is_refused_with_a_record() {
    let fixture = Fixture::new();
    let f = fixture.function("f", &[Handler::Http02]).await;
    let mut caller = caller();
    for _ in 0..lambent_types::bounds::RECURSION_MAX {
        caller.origin = caller.origin.enter(&f.name).unwrap();
    }
    let error = fixture.dispatcher.http(f, caller, request()).await.unwrap_err();
    assert_eq!((error.code(), error.code().status()), (ErrorCode::LoopDetected, 508));
    assert!(error.detail().contains("\"f\" has triggered itself 16 times"), "{error}");
    let lambent_types::Outcome::FunctionError(failure) = fixture.only_record().await.outcome else {
        panic!("it is no failure")
    };
    assert_eq!(failure.kind, "Lambent.RecursionStopped");
}
