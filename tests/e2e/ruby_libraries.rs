//! HTTP and HTTPS by the standard library of Ruby, against real servers on this machine.

use lambent_package::{Limits, pack};
use lambent_test_support::root;
use serde_json::json;

use crate::installing::{tls, web};
use crate::node::Node;
use crate::packages::{Language, package};

const FUNCTION: &str = "libraries";

/// A function that is asked by the other.
async fn greets(node: &Node, ruby: &Language) -> String {
    let source = "
def handler(event:, context:)
  { message: \"Hello, #{event.dig('queryStringParameters', 'name') || 'World'}!\" }
end";
    ruby.deploy(node, "greets", package(&[("lambda_function.rb", source)]), json!({})).await;
    format!("http://{}/fn/greets", node.address)
}

pub(crate) async fn check(node: &Node, ruby: &Language) {
    let certificate = tempfile::NamedTempFile::new().unwrap();
    let secure = web(b"", Some(tls(certificate.path()))).await.port();
    let secure = format!("https://127.0.0.1:{secure}/");
    let mut zip = Vec::new();
    pack(&root().join("runtime/runtimes/ruby/tests/libraries"), &mut zip, &Limits::LAMBDA).unwrap();
    ruby.deploy(node, FUNCTION, zip, json!({})).await;
    let ask =
        async |by: &str, url: &str| node.answer(FUNCTION, &json!({ "by": by, "url": url })).await;
    let hello = greets(node, ruby).await;
    for by in ["net_http", "open_uri"] {
        let refused = ask(by, &hello).await;
        assert!(
            refused["message"].as_str().is_some_and(|told| told.contains("grant")),
            "{refused}"
        );
    }
    let hosts = [format!("http://{}", node.address), secure.trim_end_matches('/').to_owned()];
    node.configure(FUNCTION, json!({ "grants": { "hosts": hosts } })).await;
    assert_eq!(ask("net_http", &hello).await["answer"], json!(["Hello, A!", "Hello, B!"]));
    assert_eq!(ask("open_uri", &hello).await["answer"], json!(["200", "Hello, World!"]));
    for by in ["net_http", "unverified", "open_uri"] {
        let answer = ask(by, &secure).await;
        assert_eq!(answer["error"], "OpenSSL::SSL::SSLError", "{by}: {answer}");
        assert!(answer["message"].to_string().contains("certificate"), "{by}: {answer}");
    }
}
