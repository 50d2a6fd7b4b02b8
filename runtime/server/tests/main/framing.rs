//! What is not exactly one HTTP message is refused, and never taken for two.

use crate::node::Node;

/// How many responses there are, and the status of the first.
fn responses(received: &str) -> (usize, &str) {
    let status = received.get(9..12).unwrap_or("");
    (received.matches("HTTP/1.1 ").count(), status)
}

fn post(lines: &str, body: &str) -> String {
    format!("POST /fn/f/first HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n{body}")
}

const SECOND: &str = "GET /fn/f/second HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn node() -> Node {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    node
}

#[tokio::test]
async fn a_message_with_two_lengths_ends_its_connection() {
    let node = node().await;
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    ] {
        // By the length the second request would be body; by the chunks it
        // would be a request of its own. It must be neither.
        let received = node.raw(post(lines, &format!("0\r\n\r\n{SECOND}"))).await;
        assert_eq!(responses(&received), (1, "200"), "{lines:?}: {received}");
        assert!(!received.contains("second"), "{received}");
        assert!(!received.contains("content-length: 5"), "{received}");
    }
}

#[tokio::test]
async fn unclear_lengths_are_refused() {
    let node = node().await;
    for lines in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length:\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        " Transfer-Encoding: chunked\r\n",
        "X: 1\r\n Transfer-Encoding: chunked\r\n",
        "X: 1\r\n\tfolded\r\n",
        "X: a\rb\r\n",
        "X: a\0b\r\n",
        "X Y: 1\r\n",
        ": 1\r\n",
        "X\r\n",
        "Host: other\r\n",
    ] {
        let received = node.raw(post(lines, &format!("0\r\n\r\n{SECOND}"))).await;
        let (count, status) = responses(&received);
        assert!(count == 1 && status == "400", "{lines:?}: {received}");
    }
    for lines in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let received = node.raw(post(lines, &format!("0\r\n\r\n{SECOND}"))).await;
        assert_eq!(responses(&received), (1, "501"), "{lines:?}: {received}");
    }
    let old =
        "POST /fn/f/ HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(responses(&node.raw(old).await), (1, "400"));
}

#[tokio::test]
async fn broken_chunks_end_the_connection_without_a_second_answer() {
    let node = node().await;
    for body in [
        "zz\r\nabc\r\n0\r\n\r\n",
        "-1\r\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcdef\r\n0\r\n\r\n",
        "3 \nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
    ] {
        let received =
            node.raw(post("Transfer-Encoding: chunked\r\n", &format!("{body}{SECOND}"))).await;
        assert!(!received.contains("second"), "{body:?}: {received}");
        assert!(responses(&received).0 <= 1, "{body:?}: {received}");
    }
}

#[tokio::test]
async fn malformed_heads_are_refused() {
    let node = node().await;
    for (head, status) in [
        ("GET /\r\n\r\n", "400"),
        ("GET / HTTP/9.9\r\n\r\n", "400"),
        ("GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
        ("G\0T / HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: u@localhost\r\n\r\n", "400"),
        ("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "204"),
        (
            "GET /fn/f/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n\
             Upgrade: websocket\r\n\r\n",
            "501",
        ),
        (
            "GET /fn/f/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n\
             Upgrade: h2c\r\n\r\n",
            "200",
        ),
    ] {
        let received = node.raw(head).await;
        assert_eq!(responses(&received), (1, status), "{head:?}: {received}");
    }
}

#[tokio::test]
async fn heads_are_bounded() {
    let node = node().await;
    let head = |lines: String| format!("GET /fn/f/ HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    let big = head(format!("X: {}\r\n", "x".repeat(70 << 10)));
    assert_eq!(responses(&node.raw(big).await), (1, "431"));
    let many = head("X: 1\r\n".repeat(100));
    assert_eq!(responses(&node.raw(many).await), (1, "431"));
    let fits = head(format!("X: {}\r\nConnection: close\r\n", "x".repeat(50 << 10)));
    assert_eq!(responses(&node.raw(fits).await), (1, "200"));

    let mut many = http::Request::get(format!("http://{}/fn/f/", node.address));
    for index in 0..101 {
        many = many.header(format!("x-{index}"), "1");
    }
    let reply = node.send_h2(many.body(bytes::Bytes::new()).unwrap()).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (431, "header-too-large".into()));
}
