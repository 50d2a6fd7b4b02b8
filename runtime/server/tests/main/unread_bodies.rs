//! A body that the function does not read costs the client no request.

use tokio::io::AsyncWriteExt as _;

use crate::node::{Node, read_to_end, read_until};

const NEXT: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// The fake function answers here without a look at the body.
const UNREAD: &str = "POST /fn/f/slow HTTP/1.1\r\nHost: localhost\r\n";

#[tokio::test]
async fn what_comes_after_the_answer_is_read_for_nothing() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    for (framing, first, last) in [
        ("Transfer-Encoding: chunked", "3\r\nabc\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "", "5\r\nabcde\r\n0\r\n\r\n"),
        ("Content-Length: 6", "abc", "def"),
    ] {
        let mut stream = node.connect().await;
        let begun = format!("{UNREAD}{framing}\r\n\r\n{first}");
        stream.write_all(begun.as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, "slow").await;
        assert!(!answer.contains("connection: close"), "{answer}");
        stream.write_all(last.as_bytes()).await.unwrap();
        stream.write_all(NEXT).await.unwrap();
        read_until(&mut stream, "\r\n\r\nready").await;
    }
}

#[tokio::test]
async fn what_is_too_much_or_not_sent_yet_closes_the_connection_as_announced() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    for head in ["Content-Length: 1000000", "Content-Length: 5\r\nExpect: 100-continue"] {
        let mut stream = node.connect().await;
        stream.write_all(format!("{UNREAD}{head}\r\n\r\n").as_bytes()).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_ends_its_connection() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let mut stream = node.connect().await;
    let head = format!("{UNREAD}Transfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, "slow").await;
    // More than is read for nothing.
    let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..8 {
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    assert_eq!(read_to_end(&mut stream).await, "");
}
