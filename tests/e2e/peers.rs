//! Components made for other hosts deploy and answer unmodified.

use crate::node::shared;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_of_other_ecosystems_deploy_and_answer() {
    let node = shared().await;
    for (guest, text, handler) in [
        ("guest-peer-wstd", "wstd says hello to /a/b\n", "wasi:http/incoming-handler@0.2"),
        ("guest-peer-wasip2", "wasip2 says hello to /a/b\n", "wasi:http/incoming-handler@0.2"),
        ("guest-peer-wasip3", "wasip3 says hello to /a/b\n", "wasi:http/handler@0.3"),
        (
            "guest-peer-wasmcloud",
            "wasmCloud says hello to /a/b\n",
            "wasi:http/incoming-handler@0.2",
        ),
        ("guest-peer-spin", "Spin says hello to /a/b\n", "wasi:http/handler@0.3"),
    ] {
        let view = node.deploy(guest, guest, "").await;
        assert_eq!(view["handlers"][0], handler, "{guest}");
        for http2 in [false, true] {
            let ask = node.call(guest, "GET", "/a/b");
            let reply = if http2 { ask.http2() } else { ask }.send().await;
            assert_eq!((reply.status, &*reply.text()), (200, text), "{guest}: {reply:?}");
        }
        // And as an event: a CloudEvent, posted to `/`.
        let reply = node.invoke(guest, r#"{"n": 1}"#).await;
        assert_eq!(reply.header("lambent-outcome"), "ok", "{guest}: {reply:?}");
        assert_eq!(reply.text(), text.replace("/a/b", "/"), "{guest}");
    }
}
