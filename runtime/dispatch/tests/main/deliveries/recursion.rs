use lambent_dispatch::Delivered;
use lambent_storage::{NewMessage, QueueAttributes};
use lambent_types::{DeliveryPolicy, Handler, Outcome};

use super::{Node, all, event, exhausted, partly, to};

#[tokio::test(start_paused = true)]
async fn a_function_that_triggers_itself_is_stopped_with_a_record() {
    let node = Node::new();
    let dead = node.queue("dead", QueueAttributes::default()).await;
    let policy = DeliveryPolicy { dead_letter: to("queue:dead"), ..DeliveryPolicy::default() };
    let f = node.function("f", policy).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    node.invoke_from(&f, event("1"), exhausted("f")).await;
    assert_eq!(all(&mut seen).await, []);
    let records = node.fixture.records("f").await;
    let Outcome::FunctionError(failure) = &records[0].outcome else { unreachable!() };
    assert_eq!((records.len(), &*failure.kind), (1, "Lambent.RecursionStopped"));
    let letters = node.received(&dead).await;
    assert_eq!(letters[0].attributes["errortype"], "Lambent.RecursionStopped");
    assert_eq!(node.count(Delivered::GivenUp), 1);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_told_of_its_own_failures_is_not_told_for_ever() {
    let node = Node::new();
    let policy = DeliveryPolicy {
        attempts_max: 1,
        on_failure: to("function:f"),
        dead_letter: to("function:f"),
        ..DeliveryPolicy::default()
    };
    let f = node.function("f", policy).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    node.invoke_from(&f, event("1"), exhausted("f")).await;
    assert_eq!(all(&mut seen).await, []);
    assert_eq!((node.fixture.records("f").await.len(), node.waiting("f").await), (1, 0));
    assert_eq!(node.count(Delivered::DestinationLost), 2);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_stopped_takes_no_others_of_its_batch_with_it() {
    let node = Node::new();
    let redrive = node.queue("dead", QueueAttributes::default()).await;
    let redrive = lambent_storage::Redrive { queue: redrive, receives_max: 5 };
    let attributes = QueueAttributes { redrive: Some(redrive.clone()), ..Default::default() };
    let queue = node.queue("q", attributes).await;
    node.exporting("f", Handler::Batch, |_| {}).await;
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    node.fixture.on_batch(move |_, events| {
        send.send(events.iter().map(|event| event.data.clone()).collect::<Vec<_>>()).unwrap();
        async { Ok(partly(vec![])) }
    });
    node.send(&queue, "free", None).await;
    let message = NewMessage { body: "again".into(), ..NewMessage::default() };
    node.send_from(&queue, message, exhausted("f")).await;
    node.trigger("f", &queue, |_| {}).await;
    node.run();
    assert_eq!(all(&mut seen).await, [["free"]]);
    assert_eq!(node.received(&redrive.queue).await[0].body, "again");
    assert_eq!(node.received(&queue).await, []);
}
