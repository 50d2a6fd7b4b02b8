//! Objects larger than anyone would hold in memory.

use bytes::Bytes;
use futures::StreamExt as _;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper_util::rt::TokioIo;

use crate::node::Node;
use crate::objects::put;

const PIECE: usize = 1 << 20;
const PIECES: usize = 256;
const GROWTH_MAX: u64 = 64 << 20;

/// Bytes of memory that only this process holds.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

fn piece(index: usize) -> Bytes {
    Bytes::from(vec![index as u8; PIECE])
}

/// Needs the process for itself, or what other tests hold counts too.
#[tokio::test]
#[ignore = "measures the process's memory: run alone"]
async fn an_object_streams_through_without_being_held() {
    let node = Node::start().await;
    put(&node, "/v1/buckets/photos", &[], "").await;
    let before = resident();
    let mut most = before;
    let frames = (0..PIECES).map(|index| Ok::<_, std::io::Error>(Frame::data(piece(index))));
    let body = StreamBody::new(futures::stream::iter(frames));
    let io = TokioIo::new(node.connect().await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let path = "/v1/buckets/photos/objects/large";
    let bearer = format!("Bearer {}", node.key);
    let head = || {
        Request::builder()
            .uri(path)
            .header("host", node.address.to_string())
            .header("authorization", &bearer)
    };
    let request = head().method("PUT").body(body.map_err(Into::into).boxed_unsync()).unwrap();
    let written = sender.send_request(request).await.unwrap();
    assert_eq!(written.status(), 201);
    written.into_body().collect().await.unwrap();
    most = most.max(resident());

    let empty: lambent_dispatch::Body =
        http_body_util::Empty::new().map_err(|e| match e {}).boxed_unsync();
    let read = sender.send_request(head().body(empty).unwrap()).await.unwrap();
    let mut bytes = read.into_body().into_data_stream();
    let mut place = 0;
    while let Some(data) = bytes.next().await {
        for byte in data.unwrap() {
            assert_eq!(byte, (place / PIECE) as u8, "at {place}");
            place += 1;
        }
        if place % (8 * PIECE) < 16_384 {
            most = most.max(resident());
        }
    }
    assert_eq!(place, PIECE * PIECES);
    assert!(most - before < GROWTH_MAX, "grew by {} MiB", (most - before) >> 20);
}
