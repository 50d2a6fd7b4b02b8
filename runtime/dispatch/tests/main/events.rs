use bytes::Bytes;
use futures::FutureExt as _;
use lambent_types::{Error, ErrorCode, Event, Failure, Handler, Outcome, Retry, bounds};

use crate::fixture::{Fixture, caller, event, finished, returned};

#[tokio::test]
async fn an_event_handler_is_preferred_and_its_output_returned() {
    for (handlers, used) in [
        (&[Handler::Http02, Handler::EventAsync, Handler::Run02][..], Handler::EventAsync),
        (&[Handler::EventAsync, Handler::Event], Handler::Event),
        (&[Handler::Run02], Handler::Run02),
        (&[Handler::Run02, Handler::Run03], Handler::Run03),
    ] {
        let fixture = Fixture::new();
        let function = fixture.function("f", handlers).await;
        fixture.on_event(|_, event| async move {
            assert_eq!((&*event.id, &event.data[..]), ("id-1", &b"data"[..]));
            Ok(returned("result"))
        });
        let invoked = fixture.dispatcher.invoke(function, caller(), event("data")).await.unwrap();
        let output = invoked.output.unwrap();
        assert_eq!(
            (&output.data[..], output.content_type),
            (&b"result"[..], Some("text/plain".into()))
        );
        assert_eq!(invoked.record.handler, used);
        assert_eq!(fixture.only_record().await, invoked.record);
        let call = fixture.runner.call.lock().unwrap().take().unwrap();
        assert_eq!((call.id, call.handler), (invoked.record.id, used));
        assert_eq!(call.limits.response_bytes, Some(bounds::PAYLOAD_BYTES_MAX));
    }
}

#[tokio::test]
async fn every_outcome_is_recorded() {
    let failure =
        Failure { kind: "Oops".into(), message: "no".into(), trace: vec![], retry: Retry::Never };
    for outcome in [
        Outcome::Ok,
        Outcome::FunctionError(failure),
        Outcome::OutOfFuel { limit: 1, backtrace: vec!["f".into()] },
        Outcome::OutOfMemory { limit: 1, node: false, backtrace: vec![] },
        Outcome::TimedOut { limit_ms: 5 },
        Outcome::Trapped { message: "unreachable".into(), backtrace: vec![] },
        Outcome::Exited { code: 1 },
        Outcome::BadResponse { message: "none".into() },
        Outcome::ResponseTooLarge { limit: 1 },
        Outcome::Cancelled,
        Outcome::Internal,
    ] {
        let fixture = Fixture::new();
        let function = fixture.function("f", &[Handler::Event]).await;
        let ended = outcome.clone();
        fixture.on_event(move |_, _| std::future::ready(Ok(finished(ended.clone()))));
        let invoked = fixture.dispatcher.invoke(function, caller(), event("")).await.unwrap();
        assert_eq!((&invoked.record.outcome, &invoked.output), (&outcome, &None));
        assert_eq!(fixture.only_record().await, invoked.record);
    }
}

#[tokio::test]
async fn what_does_not_run_is_not_recorded() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Event]).await;
    fixture.on_event(|_, _| async { Err(Error::new(ErrorCode::Overloaded, "full")) });
    let error = fixture.dispatcher.invoke(function.clone(), caller(), event("")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Overloaded);

    let data = Bytes::from(vec![0; bounds::PAYLOAD_BYTES_MAX as usize + 1]);
    let large = Event { data, ..event("") };
    let error = fixture.dispatcher.invoke(function, caller(), large).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::PayloadTooLarge);

    let nothing = fixture.function("nothing", &[]).await;
    let error = fixture.dispatcher.invoke(nothing, caller(), event("")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotInvocable);
    fixture.assert_nothing_happened().await;
}

#[tokio::test]
async fn a_caller_who_leaves_cancels_the_guest_and_the_record_says_so() {
    let fixture = Fixture::new();
    let function = fixture.function("f", &[Handler::Event]).await;
    fixture.on_event(|_, _| futures::future::pending());
    let mut asking = Box::pin(fixture.dispatcher.invoke(function, caller(), event("")));
    assert!((&mut asking).now_or_never().is_none());
    assert_eq!(fixture.dispatcher.in_flight(), 1);
    std::thread::sleep(std::time::Duration::from_millis(2));
    drop(asking);
    assert_eq!(fixture.dispatcher.in_flight(), 0);
    let record = fixture.only_record().await;
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert!(record.meter.duration.as_millis() >= 2);
}
