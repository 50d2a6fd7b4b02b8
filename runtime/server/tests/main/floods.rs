//! What HTTP/2 lets a client send for nothing, in bytes of our own making.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::node::Node;

const PATIENCE: Duration = Duration::from_secs(30);
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// GET, http, `/`, and `localhost` as the authority, by HPACK.
const GET: &[u8] = b"\x82\x86\x84\x41\x09localhost";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Opens a connection with its preface and empty settings.
async fn open(node: &Node) -> TcpStream {
    let mut stream = node.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, b"")).await.unwrap();
    stream
}

/// Sends all of it, for as long as the server takes it, and returns the error
/// code with which the server ended the connection.
async fn ended_with(stream: TcpStream, bytes: Vec<u8>) -> Option<u32> {
    let (mut answers, mut flood) = stream.into_split();
    let flooding = tokio::spawn(async move { flood.write_all(&bytes).await.map(|()| flood) });
    let mut code = None;
    loop {
        let mut head = [0; 9];
        let read = timeout(PATIENCE, answers.read_exact(&mut head)).await;
        if read.expect("the connection stays open").is_err() {
            break;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        if answers.read_exact(&mut payload).await.is_err() {
            break;
        }
        if head[3] == GOAWAY {
            code = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
    }
    flooding.abort();
    code
}

const PROTOCOL_ERROR: Option<u32> = Some(1);
const ENHANCE_YOUR_CALM: Option<u32> = Some(11);

#[tokio::test]
async fn floods_end_their_connection_and_nothing_else() {
    let node = Node::dev().await;
    let odd = |count: u32| (0..count).map(|number| number * 2 + 1);
    let resets: Vec<u8> = odd(2000)
        .flat_map(|id| {
            let request = frame(HEADERS, END_STREAM | END_HEADERS, id, GET);
            [request, frame(RST_STREAM, 0, id, &8_u32.to_be_bytes())].concat()
        })
        .collect();
    // A window that grows by nothing.
    let mistakes: Vec<u8> = odd(2000)
        .flat_map(|id| {
            let request = frame(HEADERS, END_HEADERS, id, GET);
            [request, frame(WINDOW_UPDATE, 0, id, &0_u32.to_be_bytes())].concat()
        })
        .collect();
    let mut continued = frame(HEADERS, END_STREAM, 1, GET);
    for _ in 0..10_000 {
        continued.extend(frame(CONTINUATION, 0, 1, b""));
    }
    for (name, flood, expected) in [
        ("resets", resets, ENHANCE_YOUR_CALM),
        ("mistakes", mistakes, PROTOCOL_ERROR),
        ("continued", continued, ENHANCE_YOUR_CALM),
    ] {
        assert_eq!(ended_with(open(&node).await, flood).await, expected, "{name}");
        assert_eq!(node.get("/healthz").await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let node = Node::start_with(|options| {
        options.dev = true;
        options.timeouts.head = Duration::from_millis(200);
    })
    .await;
    let half = frame(HEADERS, END_STREAM, 1, GET);
    assert_eq!(ended_with(open(&node).await, half).await, None);
    assert_eq!(node.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn what_a_client_may_do_at_once_is_bounded() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let mut stream = open(&node).await;
    // What the server allows, in its first frame.
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], SETTINGS);
    let mut settings = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut settings).await.unwrap();
    let setting = |wanted: u16| {
        settings.chunks(6).find_map(|setting| {
            let id = u16::from_be_bytes([setting[0], setting[1]]);
            (id == wanted).then(|| u32::from_be_bytes(setting[2..].try_into().unwrap()))
        })
    };
    // Streams, window, frame, head: RFC 9113, section 6.5.2.
    assert_eq!(setting(3), Some(100));
    assert_eq!(setting(4), Some(256 << 10));
    assert_eq!(setting(5).unwrap_or(16 << 10), 16 << 10);
    assert_eq!(setting(6), Some(64 << 10));
}
