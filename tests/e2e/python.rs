//! Lambda functions of Python, deployed as they are written and called as Lambda's are.

use lambent_api::client::Client;
use lambent_test_support::python::python_runtime;
use serde_json::json;

use crate::node::Node;
use crate::packages::{PYTHON, package};
use crate::sdk_languages::{self, Clients, python_package};
use crate::typed::named;
use crate::{cli, python_abilities, python_libraries};

/// Installs the runtime on a node; false where it cannot be built.
pub(crate) async fn install_python(node: &Node) -> bool {
    let Some(path) = tokio::task::spawn_blocking(python_runtime).await.unwrap() else {
        return false;
    };
    node.install_runtime("python3.14", std::fs::read(path).unwrap()).await;
    true
}

/// A node with the runtime; none where it cannot be built.
pub(crate) async fn with_python() -> Option<Node> {
    let node = Node::start(&[]);
    install_python(&node).await.then_some(node)
}

/// A package of one module, which has the handler.
fn module(source: &str) -> Vec<u8> {
    package(&[("lambda_function.py", source)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lambda_functions_run_as_they_are_written() {
    let Some(node) = with_python().await else { return };
    let count = PYTHON.check_handlers(&node).await;
    assert!(count >= 15, "{count}");
    // A request of a client, as an event of Lambda's function URLs.
    let reply = node.ask("GET", "/fn/hello").send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.text().contains("World"), "{reply:?}");
    // By one of AWS's names, which says what it is.
    let described = node.api("GET", "/hello").send().await.json();
    assert_eq!(described["runs_on"]["runtime"], "python3.14");
    assert!(described["runs_on"]["differs"].as_str().unwrap().contains("CPython 3.14"));
    assert_eq!(node.ask("GET", "/fn/hello").send().await.status, 200);
    queue_batches(&node).await;
    errors(&node).await;
    warnings(&node).await;
    layers(&node).await;
    snapshots(&node).await;
    python_abilities::check(&node).await;
    python_libraries::check(&node).await;
    clients(&node).await;
}

/// What the package `lambent` does, in the image and from the function's own files.
async fn clients(node: &Node) {
    let clients = Clients {
        language: &PYTHON,
        program: "lambda_function.py",
        handler: PYTHON.handler,
        name: "python",
        memory: 64 << 20,
    };
    sdk_languages::check(node, &clients).await;
    let Some(package) = tokio::task::spawn_blocking(python_package).await.unwrap() else { return };
    sdk_languages::events(node, &clients, package, "lambent").await;
}

/// What is wrong with a module that no handler may ever load is told when it is deployed.
async fn warnings(node: &Node) {
    let handler = "def lambda_handler(event, context):\n    return 1";
    let files = [("lambda_function.py", handler), ("unused.py", "x = 1\ny = = 2")];
    let runs_on = json!({ "runtime": "python3.14", "handler": "lambda_function.lambda_handler" });
    let deployed = node.deploy_package("warned", package(&files), runs_on.clone()).await;
    let warnings = deployed["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{deployed}");
    let warning = warnings[0].as_str().unwrap();
    assert!(warning.contains("unused.py") && warning.contains("line 2"), "{warning}");
    assert_eq!(node.answer("warned", &json!({})).await, json!(1));

    let zip = node.path("warned.zip");
    std::fs::write(&zip, package(&files)).unwrap();
    let handler = ["--runtime", "python3.14", "--handler", "lambda_function.lambda_handler"];
    let arguments = [&["deploy", "warned", zip.to_str().unwrap()], &handler[..]].concat();
    let done = cli::ok(node, &arguments).await;
    assert!(done.stderr.contains(&format!("warning: warned: {warning}")), "{}", done.stderr);
    // Without such a file nothing is said.
    let deployed = node.deploy_package("warned", package(&files[..1]), runs_on).await;
    assert!(deployed.get("warnings").is_none(), "{deployed}");
}

/// What a layer has in `python` is imported, by its byte code.
async fn layers(node: &Node) {
    let name = named("shared");
    let zip = package(&[("python/shared.py", "def text():\n    return __spec__.cached")]);
    node.must("publish", move |client: &Client| client.publish_layer(&name, &zip).map(drop)).await;
    let source = "
import os, shared
def lambda_handler(event, context):
    return os.path.exists(shared.text())";
    PYTHON.deploy(node, "layered", module(source), json!({ "layers": ["shared"] })).await;
    assert_eq!(node.answer("layered", &json!({})).await, json!(true));
}

/// An instance goes on where INIT ended in another, with its own randomness and environment, by
/// the hooks of Lambda, and without the connections of the other.
async fn snapshots(node: &Node) {
    let host = node.address;
    let source = format!("
import http.client, os, random, uuid
import snapshot_restore_py
done = ['loaded']
print('loaded')
client = http.client.HTTPConnection('{host}')
client.request('GET', '/healthz')
client.getresponse().read()
snapshot_restore_py.register_before_snapshot(done.append, 'before')
snapshot_restore_py.register_after_restore(lambda: done.append('after'))
def lambda_handler(event, context):
    print('called')
    try:
        client.request('GET', '/healthz')
    except ConnectionResetError as error:
        client.close()
        client.request('GET', '/healthz')
    with open('/tmp/file', 'w') as file:
        file.write('written')
    return {{
        'done': done, 'random': random.random(), 'uuid': str(uuid.uuid4()), 'status': client.getresponse().status,
        'version': [os.environ['AWS_LAMBDA_FUNCTION_VERSION'], context.function_version],
        'files': sorted(os.listdir('/tmp')), 'own': os.path.exists('/var/task/lambda_function.py'),
    }}");
    let grants = json!({ "hosts": [format!("http://{host}")] });
    PYTHON.deploy(node, "frozen", module(&source), json!({ "grants": grants })).await;
    let [first, second] = node.restored("frozen", &json!({})).await;
    for answer in [&first, &second] {
        assert_eq!(answer["done"], json!(["loaded", "before", "after"]), "{answer}");
        assert_eq!(answer["version"], json!(["1", "1"]), "{answer}");
        assert_eq!((&answer["status"], &answer["own"]), (&json!(200), &json!(true)), "{answer}");
        assert_eq!(answer["files"], json!(["file"]), "{answer}");
    }
    for different in ["random", "uuid"] {
        assert_ne!(first[different], second[different], "{different}");
    }
}

/// A function that says of one message that it failed gets that one again, and no other.
async fn queue_batches(node: &Node) {
    let source = "
import json
seen = {}
def lambda_handler(event, context):
    failed = []
    for record in event['Records']:
        body = json.loads(record['body'])
        seen[body] = seen.get(body, 0) + 1
        print('message', body, seen[body])
        if body == 2 and seen[body] == 1:
            failed.append({'itemIdentifier': record['messageId']})
    return {'batchItemFailures': failed}";
    PYTHON.deploy(node, "batch", module(source), json!({})).await;
    node.one_message_fails("batch").await;
}

/// What goes wrong is told as Lambda tells it.
async fn errors(node: &Node) {
    let mut number = 0;
    for (source, kind, told) in [
        ("def lambda_handler(event, context):\n    return {}['key']", "KeyError", "'key'"),
        ("def other(event, context): pass", "Runtime.HandlerNotFound", "lambda_handler"),
        ("import numpy_is_not_here", "Runtime.ImportModuleError", "numpy_is_not_here"),
        ("def lambda_handler(event, context)\n    pass", "Runtime.UserCodeSyntaxError", "line 1"),
        ("def lambda_handler(event, context):\n    return {1, 2}", "Runtime.MarshalError", "set"),
        (
            "import sys\ndef lambda_handler(event, context):\n    sys.exit(3)",
            "Runtime.ExitError",
            "",
        ),
    ] {
        number += 1;
        let name = format!("wrong{number}");
        PYTHON.deploy(node, &name, module(source), json!({})).await;
        let error = node.answer(&name, &json!({})).await;
        assert_eq!(error["errorType"], kind, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        let trace = error["stackTrace"].to_string();
        assert!(!trace.contains("lambent_runtime"), "only the user's frames are shown: {trace}");
    }
}
