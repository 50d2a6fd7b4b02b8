//! What the data of an event becomes, and what becomes of a result.

use std::time::Duration;
use std::{error, fmt};

use lambent_sdk::{Event, Failure, FromEvent, IntoOutput, Output, Retry};
use serde::{Deserialize, Serialize};

fn event(data: impl Into<Vec<u8>>) -> Event {
    Event {
        id: "1".into(),
        source: "/tests".into(),
        kind: "test".into(),
        subject: None,
        time: None,
        content_type: None,
        schema: None,
        extensions: vec![("color".into(), "red".into())],
        attempt: 1,
        data: data.into(),
    }
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Order {
    item: String,
}

#[test]
fn data_is_decoded_as_json() {
    let order = Order::from_event(event(r#"{"item":"lamp"}"#)).unwrap();
    assert_eq!(order, Order { item: "lamp".into() });
}

#[test]
fn no_data_is_null() {
    assert_eq!(<()>::from_event(event("")), Ok(()));
    assert_eq!(Option::<Order>::from_event(event("")), Ok(None));
}

#[test]
fn bytes_and_text_are_the_data_as_it_is() {
    assert_eq!(Vec::<u8>::from_event(event([0xff, 0])), Ok(vec![0xff, 0]));
    assert_eq!(String::from_event(event("\"quoted\"")), Ok("\"quoted\"".into()));
    assert_eq!(String::from_event(event([0xff])).unwrap_err().kind, "InvalidInput");
}

#[test]
fn undecodable_data_is_never_tried_again() {
    let failure = Order::from_event(event("{}")).unwrap_err();
    assert_eq!(failure.kind, "InvalidInput");
    assert_eq!(failure.retry, Retry::Never);
    assert!(failure.message.contains("missing field `item`"), "{}", failure.message);
}

#[test]
fn a_whole_event_is_taken_with_its_attributes() {
    let event = Event::from_event(event(r#"{"item":"lamp"}"#)).unwrap();
    assert_eq!(event.extension("color"), Some("red"));
    assert_eq!(event.extension("size"), None);
    assert_eq!(event.json::<Order>(), Ok(Order { item: "lamp".into() }));
}

#[test]
fn outputs_say_their_media_type() {
    let json = Order { item: "lamp".into() }.into_output();
    assert_eq!(json, Ok(Output::new("application/json", r#"{"item":"lamp"}"#)));
    assert_eq!(().into_output(), Ok(Output::new("application/json", "null")));
    let text = String::from("hi").into_output();
    assert_eq!(text, Ok(Output::new("text/plain; charset=utf-8", "hi")));
    let bytes = vec![1_u8].into_output();
    assert_eq!(bytes, Ok(Output::new("application/octet-stream", [1])));
}

#[derive(Debug)]
struct OrderError<T>(T);

impl<T: fmt::Debug> fmt::Display for OrderError<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("order refused")
    }
}

impl<T: error::Error + 'static> error::Error for OrderError<T> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn an_error_is_named_after_its_type_and_tells_its_sources() {
    let failure = Failure::from(OrderError(fmt::Error));
    assert_eq!(failure.kind, "OrderError");
    let source = fmt::Error.to_string();
    assert_eq!(failure.message, format!("order refused: {source}"));
    assert_eq!(failure.retry, Retry::Policy);
}

#[test]
fn a_failure_says_when_to_try_again() {
    let failure = Failure::new("Busy", "later").retry_after(Duration::from_secs(5));
    assert_eq!(failure.retry, Retry::After(Duration::from_secs(5)));
    assert_eq!(failure.retry_never().retry, Retry::Never);
}
