use bytes::Bytes;
use futures::FutureExt as _;
use http::StatusCode;
use http_body_util::BodyExt;
use lambent_dispatch::{Body, BoxError, Caller, HttpOutcome};
use lambent_types::{Error, ErrorCode, Event, Handler, Origin, Outcome, bounds};

use crate::fixture::{Fixture, Guest, caller, event, finished, guest_body};

/// Answers with this status and body, and then ends as `outcome`.
fn answer(fixture: &Fixture, status: u16, frames: Vec<Bytes>, outcome: Outcome) {
    fixture.on_http(move |_, _, finish| {
        let body = guest_body(Guest::new(finish), frames.clone(), outcome.clone());
        let mut response = http::Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response.headers_mut().insert("content-type", "text/x".parse().unwrap());
        async { HttpOutcome::Response(response) }
    });
}

async fn outcome(status: u16, frames: Vec<Bytes>, ended: Outcome) -> Outcome {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http02]).await;
    answer(&fixture, status, frames, ended);
    let invoked = fixture.dispatcher.invoke(function, caller(), event("")).await.unwrap();
    assert_eq!(invoked.output.is_some(), invoked.record.outcome == Outcome::Ok);
    assert_eq!(fixture.only_record().await, invoked.record);
    invoked.record.outcome
}

#[tokio::test]
async fn an_event_becomes_a_cloud_event_over_http() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Run02, Handler::Http02]).await;
    fixture.on_http(|_, request, finish| async {
        let (head, body) = request.into_parts();
        assert_eq!((head.method.as_str(), head.uri.to_string()), ("POST", "/".into()));
        let mut headers: Vec<_> = head
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        let expected = [
            "ce-dataschema: http://schemas/order",
            "ce-id: id-1",
            "ce-partitionkey: a%20b",
            "ce-source: /orders",
            "ce-specversion: 1.0",
            "ce-subject: %E2%82%AC",
            "ce-time: 2026-11-21T02:00:00.5Z",
            "ce-type: order.placed",
            "content-length: 4",
            "content-type: application/json",
            "host: f.default.localhost",
            "lambent-attempt: 3",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ];
        assert_eq!(headers, expected);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "data");
        finish(finished(Outcome::Ok));
        HttpOutcome::Response(http::Response::new(crate::fixture::body("done")))
    });
    let time = "2026-11-21T02:00:00.5Z".parse::<jiff::Timestamp>().unwrap();
    let event = Event {
        subject: Some("€".into()),
        time_ns: Some(time.as_nanosecond().try_into().unwrap()),
        schema: Some("http://schemas/order".into()),
        extensions: vec![("partitionkey".into(), "a b".into()), ("id".into(), "forged".into())],
        attempt: 3,
        ..event("data")
    };
    let trace_parent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    let origin = Origin { trace_parent, ..Origin::default() };
    let caller = Caller { origin, ..caller() };
    let invoked = fixture.dispatcher.invoke(function, caller, event).await.unwrap();
    assert_eq!(invoked.record.handler, Handler::Http02);
    assert_eq!(invoked.output.unwrap().data, "done");
    let call = fixture.runner.call.lock().unwrap().take().unwrap();
    assert_eq!(call.limits.response_bytes, Some(bounds::PAYLOAD_BYTES_MAX));
}

#[tokio::test]
async fn a_2xx_response_is_the_output() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http03]).await;
    answer(&fixture, 201, vec!["one ".into(), "two".into()], Outcome::Ok);
    let invoked = fixture.dispatcher.invoke(function, caller(), event("")).await.unwrap();
    let output = invoked.output.unwrap();
    assert_eq!((&output.data[..], &*output.content_type.unwrap()), (&b"one two"[..], "text/x"));
    let record = fixture.only_record().await;
    assert_eq!((record.outcome, record.meter.fuel), (Outcome::Ok, 7));
}

#[tokio::test]
async fn another_status_is_a_function_error() {
    for (status, body, message) in [
        (500, "it broke\n".to_owned(), "status 500: it broke".to_owned()),
        (404, String::new(), "status 404".to_owned()),
        (302, "é".repeat(1000), format!("status 302: {}", "é".repeat(256))),
    ] {
        let outcome = outcome(status, vec![Bytes::from(body)], Outcome::Ok).await;
        let Outcome::FunctionError(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!((&*failure.kind, failure.message), ("HttpStatus", message));
    }
}

#[tokio::test]
async fn a_response_beyond_the_payload_limit_is_too_large() {
    let half = Bytes::from(vec![b'x'; bounds::PAYLOAD_BYTES_MAX as usize / 2]);
    let fits = outcome(200, vec![half.clone(), half.clone()], Outcome::Ok).await;
    assert_eq!(fits, Outcome::Ok);
    let too_large = Outcome::ResponseTooLarge { limit: bounds::PAYLOAD_BYTES_MAX };
    let frames = vec![half.clone(), half, Bytes::from("x")];
    assert_eq!(outcome(200, frames, Outcome::Ok).await, too_large);
}

#[tokio::test]
async fn a_guest_that_fails_after_its_response_has_failed() {
    let trapped = Outcome::Trapped { message: "unreachable".into(), backtrace: vec![] };
    assert_eq!(outcome(200, vec!["ok".into()], trapped.clone()).await, trapped);
    assert_eq!(outcome(500, vec!["ok".into()], trapped.clone()).await, trapped);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_output() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http02]).await;
    fixture.on_http(|_, _, finish| async {
        finish(finished(Outcome::Ok));
        let frame: Result<http_body::Frame<Bytes>, BoxError> = Err("reset".into());
        let stream = futures::stream::iter([frame]);
        let body: Body = BodyExt::boxed_unsync(http_body_util::StreamBody::new(stream));
        HttpOutcome::Response(http::Response::new(body))
    });
    fixture.dispatcher.invoke(function, caller(), event("")).await.unwrap();
    let outcome = fixture.only_record().await.outcome;
    assert!(matches!(outcome, Outcome::BadResponse { .. }), "{outcome:?}");
}

#[tokio::test]
async fn an_end_without_a_response_is_the_outcome() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http02]).await;
    let ended = Outcome::TimedOut { limit_ms: 3000 };
    let outcome = ended.clone();
    fixture.on_http(move |_, _, finish| {
        finish(finished(outcome.clone()));
        std::future::ready(HttpOutcome::Ended(outcome.clone()))
    });
    let invoked = fixture.dispatcher.invoke(function, caller(), event("")).await.unwrap();
    assert_eq!((&invoked.record.outcome, &invoked.output), (&ended, &None));
    assert_eq!(fixture.only_record().await.outcome, ended);
}

#[tokio::test]
async fn what_does_not_run_is_not_recorded() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http02]).await;
    fixture.on_http(|_, _, finish| {
        drop(finish);
        async { HttpOutcome::Refused(Error::new(ErrorCode::Overloaded, "full")) }
    });
    let error = fixture.dispatcher.invoke(function.clone(), caller(), event("")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Overloaded);

    let odd = Event { extensions: vec![("a b".into(), "x".into())], ..event("") };
    let error = fixture.dispatcher.invoke(function.clone(), caller(), odd).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    let odd = Event { content_type: Some("a\nb".into()), ..event("") };
    let error = fixture.dispatcher.invoke(function, caller(), odd).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    fixture.assert_nothing_happened().await;
}

#[tokio::test]
async fn a_caller_who_leaves_is_recorded_whenever_it_is() {
    // Before the head: the guest is cancelled.
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
    let mut asking = Box::pin(fixture.dispatcher.invoke(function, caller(), event("")));
    assert!((&mut asking).now_or_never().is_none());
    drop(asking);
    assert_eq!(fixture.only_record().await.outcome, Outcome::Cancelled);

    // While the body is read, the guest being done already: it is as it ended.
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Http02]).await;
    fixture.on_http(|_, _, finish| async {
        finish(finished(Outcome::Exited { code: 9 }));
        let stream = futures::stream::pending::<Result<http_body::Frame<Bytes>, BoxError>>();
        let body: Body = BodyExt::boxed_unsync(http_body_util::StreamBody::new(stream));
        HttpOutcome::Response(http::Response::new(body))
    });
    let mut asking = Box::pin(fixture.dispatcher.invoke(function, caller(), event("")));
    assert!((&mut asking).now_or_never().is_none());
    drop(asking);
    assert_eq!(fixture.only_record().await.outcome, Outcome::Exited { code: 9 });
}
