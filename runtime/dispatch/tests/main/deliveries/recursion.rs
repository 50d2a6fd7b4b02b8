use lambent_dispatch::Delivered;
use lambent_storage::{NewMessage, QueueAttributes};
use lambent_types::{DeliveryPolicy, Handler, Outcome};

use super::{Node, Origin, all, event, exhausted, partly, to};
use crate::fixture::Fixture;

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
    assert_eq!(letters[0].all_attributes()["errortype"], "Lambent.RecursionStopped");
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

#[tokio::test(start_paused = true)]
async fn so_many_descend_from_one_also_over_a_restart() {
    let stores = lambent_storage::Stores::memory(
        std::sync::Arc::new(lambent_types::SystemClock),
        lambent_storage::Quotas::default(),
    );
    let root = lambent_types::Root { id: lambent_types::RequestId::new().0, events: 0 };
    let origin = |events| Origin {
        root: Some(lambent_types::Root { events, ..root }),
        ..Origin::default().enter(&super::samples::name("first")).unwrap()
    };
    // What the second node gets was made when the first had seen so many.
    let mut known = 0;
    for expected in [4, 2, 0] {
        let kept = stores.clone();
        let node = Node::with(Fixture::descending(known + expected), |_| kept);
        let policy = DeliveryPolicy { on_failure: to("queue:told"), ..DeliveryPolicy::default() };
        let f = node.function("f", policy).await;
        let told = node.queue("told", QueueAttributes::default()).await;
        let mut seen = node.answer(|_| Outcome::Ok);
        let running = node.run();
        for number in 0..expected + 3 {
            node.invoke_from(&f, event(&number.to_string()), origin(known)).await;
        }
        assert_eq!(all(&mut seen).await.len() as u64, expected);
        let call = node.fixture.runner.call.lock().unwrap().clone();
        known += expected;
        if let Some(call) = call {
            assert_eq!(call.origin.root.unwrap().events, known);
        }
        let letters = node.received(&told).await;
        assert_eq!(letters.len(), 3);
        let letter = String::from_utf8_lossy(&letters[0].body).into_owned();
        assert!(letter.contains("TooManyDescendants"), "{letter}");
        let receipts: Vec<_> = letters.into_iter().map(|letter| letter.receipt).collect();
        stores.queues.delete(&super::namespace(), &told, &receipts).await.unwrap();
        node.drain.cancel();
        running.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_nothing_led_to_is_a_root_itself() {
    let node = Node::new();
    let f = node.function("f", DeliveryPolicy::default()).await;
    let mut seen = node.answer(|_| Outcome::Ok);
    node.run();
    node.invoke(&f, event("1")).await;
    all(&mut seen).await;
    let call = node.fixture.runner.call.lock().unwrap().clone().unwrap();
    let root = lambent_types::Root { id: call.id.0, events: 0 };
    assert_eq!(call.origin.root, Some(root));
}
