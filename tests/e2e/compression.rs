//! Responses are compressed for clients that take it, and arrive as they are produced.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::cli::ok;
use crate::client::{Ask, Reply, next};
use crate::node::Node;
use crate::sites::folder;

/// What a client reads that takes gzip. It must be whole.
fn inflated(bytes: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).expect("whole gzip");
    text
}

/// A page of several KiB.
fn page() -> String {
    (0..500).map(|line| format!("<p>line {line} of many</p>\n")).collect()
}

fn site(node: &Node, target: &str) -> Ask {
    node.ask("GET", target).header("host", "shop.localhost")
}

fn is_compressed(reply: &Reply) -> bool {
    reply.header("content-encoding") == "gzip"
}

async fn shop(flags: &[&str]) -> Node {
    let node = Node::start(flags);
    let page = page();
    let files =
        folder(&[("index.html", page.as_str()), ("small.txt", "small"), ("a.png", page.as_str())]);
    ok(&node, &["site", "put", "shop", "--files", files.path().to_str().unwrap()]).await;
    node
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_sites_are_compressed_and_their_tags_stay_true() {
    let node = shop(&[]).await;
    let plain = site(&node, "/").send().await;
    assert_eq!((plain.status, plain.text()), (200, page()));
    assert!(!is_compressed(&plain) && plain.header("etag").starts_with('"'), "{plain:?}");
    assert!(
        plain.headers.get_all("vary").iter().any(|vary| vary == "accept-encoding"),
        "{plain:?}"
    );
    for http2 in [false, true] {
        let ask = site(&node, "/").header("accept-encoding", "br;q=1, gzip;q=0.5");
        let reply = if http2 { ask.http2() } else { ask }.send().await;
        assert!(is_compressed(&reply) && inflated(&reply.body) == page(), "{reply:?}");
        assert!(reply.body.len() * 4 < page().len(), "{} bytes", reply.body.len());
        assert_eq!(reply.header("etag"), format!("W/{}", plain.header("etag")));
        // Nothing is sent again to whoever has it in this form.
        let known = site(&node, "/").header("accept-encoding", "gzip");
        let known = known.header("if-none-match", reply.header("etag")).send().await;
        assert_eq!((known.status, known.header("etag")), (304, reply.header("etag")));
        // A part of the file goes by its strong tag, and as it is.
        let part = site(&node, "/").header("accept-encoding", "gzip");
        let part = part.header("range", "bytes=0-1999").send().await;
        assert_eq!((part.status, part.text()), (206, page()[..2000].to_owned()));
        let part =
            site(&node, "/").header("range", "bytes=0-1999").header("accept-encoding", "gzip");
        let whole = part.header("if-range", reply.header("etag")).send().await;
        assert_eq!((whole.status, inflated(&whole.body)), (200, page()));
    }
    for (target, accept) in [
        ("/small.txt", "gzip"),
        ("/a.png", "gzip"),
        ("/", "gzip;q=0"),
        ("/", "identity, gzip;q=0.9"),
    ] {
        let reply = site(&node, target).header("accept-encoding", accept).send().await;
        assert!(reply.status == 200 && !is_compressed(&reply), "{target} {accept}: {reply:?}");
    }
    let head = node.ask("HEAD", "/").header("host", "shop.localhost");
    let head = head.header("accept-encoding", "gzip").send().await;
    assert_eq!(
        (head.header("content-length"), head.header("etag")),
        (page().len().to_string().as_str(), plain.header("etag"))
    );
    let metrics = node.ask("GET", "/metrics").key(&node.key).header("accept-encoding", "gzip");
    let metrics = metrics.send().await;
    assert!(is_compressed(&metrics) && inflated(&metrics.body).contains("# EOF"), "{metrics:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_compresses_nothing_where_that_is_off() {
    let node = shop(&["--no-compression"]).await;
    let reply = site(&node, "/").header("accept-encoding", "gzip").send().await;
    assert_eq!((reply.text(), is_compressed(&reply)), (page(), false));
    assert!(!reply.headers.get_all("vary").iter().any(|vary| vary == "accept-encoding"));
    node.stop().await;
}

/// The function echoes: its answer goes on only when the next piece of the request is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_function_streams_arrives_before_it_ends() {
    let node = Node::start(&[]);
    node.deploy("probe", "guest-probe", "timeout=60s").await;
    for (media_type, compressed) in [("text/plain", true), ("text/event-stream", false)] {
        let (give, mut taken) = mpsc::unbounded_channel::<Bytes>();
        let frames = futures::stream::poll_fn(move |cx| taken.poll_recv(cx));
        let frames = futures::StreamExt::map(frames, Frame::data);
        let ask = node.call("probe", "POST", "/echo").header("accept-encoding", "gzip");
        let ask = ask.header("content-type", media_type).frames(frames);
        give.send("the first piece, ".into()).unwrap();
        let response = ask.open().await;
        assert_eq!(response.headers().contains_key("content-encoding"), compressed, "{media_type}");
        let (mut body, mut came) = (response.into_body(), Vec::new());
        let so_far = |came: &[u8]| {
            let mut text = Vec::new();
            // It has no end yet.
            let _ = MultiGzDecoder::new(came).read_to_end(&mut text);
            if compressed { text } else { came.to_vec() }
        };
        while so_far(&came) != b"the first piece, " {
            came.extend(next(&mut body).await.expect("the first piece before the end"));
        }
        give.send("the second".into()).unwrap();
        drop(give);
        while let Some(more) = next(&mut body).await {
            came.extend(more);
        }
        let text = if compressed { inflated(&came) } else { String::from_utf8(came).unwrap() };
        assert_eq!(text, "the first piece, the second");
    }
    // What the function says of its own response holds.
    let large = "a".repeat(5000);
    for (name, value) in [("cache-control", "no-transform"), ("content-encoding", "identity")] {
        let ask = node.call("probe", "POST", "/echo").header("content-type", "text/plain");
        let ask = ask.header("accept-encoding", "gzip").header(name, value).body(large.clone());
        let reply = ask.send().await;
        assert!(reply.text() == large && !is_compressed(&reply), "{name}: {reply:?}");
    }
    node.stop().await;
}

/// A client that asks for much and reads nothing keeps a place, and no other client waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_clients_than_are_compressed_for_are_answered_as_well() {
    let node = shop(&[]).await;
    let accept = || site(&node, "/").header("accept-encoding", "gzip");
    node.deploy("probe", "guest-probe", "timeout=120s").await;
    let mut held = Vec::new();
    for _ in 0..300 {
        let (give, mut taken) = mpsc::unbounded_channel::<Bytes>();
        let frames = futures::stream::poll_fn(move |cx| taken.poll_recv(cx));
        let frames = futures::StreamExt::map(frames, Frame::data);
        let ask = node.call("probe", "POST", "/echo").header("accept-encoding", "gzip");
        give.send("a".into()).unwrap();
        let response = ask.header("content-type", "text/plain").frames(frames).open().await;
        let full = !response.headers().contains_key("content-encoding");
        held.push((give, response));
        if full {
            break;
        }
    }
    assert_eq!(held.len(), 257, "so many are compressed at once, and one more is not");
    let reply = accept().send().await;
    assert_eq!((reply.text(), is_compressed(&reply)), (page(), false));
    drop(held);
    crate::node::eventually("a place", async || {
        let reply = accept().send().await;
        is_compressed(&reply).then_some(())
    })
    .await;
    node.stop().await;
}
