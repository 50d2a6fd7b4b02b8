//! Lambda functions of JavaScript and TypeScript, deployed as they are written and called as
//! Lambda's are.

use lambent_test_support::javascript::javascript_runtime;
use serde_json::{Value, json};

use crate::javascript_sdks;
use crate::node::{Node, eventually};
use crate::packages::{Language, package};
use crate::sdk_languages::{self, Clients, javascript_package};

/// Installs the runtime on a node; false where it cannot be built.
pub(crate) async fn install_javascript(node: &Node) -> bool {
    let Some(path) = tokio::task::spawn_blocking(javascript_runtime).await.unwrap() else {
        return false;
    };
    node.install_runtime("js", std::fs::read(path).unwrap()).await;
    true
}

/// A node with the runtime; none where it cannot be built.
async fn with_javascript() -> Option<Node> {
    let node = Node::start(&[]);
    install_javascript(&node).await.then_some(node)
}

const JAVASCRIPT: Language =
    Language { folder: "js", runtime: "nodejs22.x", handler: "index.handler" };

/// What a handler of one file answers to an event.
async fn run(node: &Node, name: &str, file: &str, source: &str, event: Value) -> Value {
    JAVASCRIPT.deploy(node, name, package(&[(file, source)]), json!({})).await;
    node.answer(name, &event).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lambda_functions_of_javascript_run_as_they_are_written() {
    let Some(node) = with_javascript().await else { return };
    let count = JAVASCRIPT.check_handlers(&node).await;
    assert!(count >= 14, "{count}");
    // A request of a client, as an event of Lambda's function URLs.
    let reply = node.ask("GET", "/fn/hello?name=you").send().await;
    assert_eq!((reply.status, reply.text().as_str()), (200, r#"{"message":"Hello, you!"}"#));
    let described = node.api("GET", "/hello").send().await.json();
    assert_eq!(described["runs_on"]["runtime"], "js");
    queue_batches(&node).await;
    context_and_state(&node).await;
    errors(&node).await;
    warnings(&node).await;
    ends(&node).await;
    hostile(&node).await;
    streams(&node).await;
    requests(&node).await;
    snapshots(&node).await;
    clients(&node).await;
    javascript_sdks::check(&node, &JAVASCRIPT).await;
}

/// A handler that opens more writers than there may be, and finishes none, is told so.
async fn waits_for_itself(node: &Node) {
    let source = "const { bucket } = require('lambent');
        exports.handler = async () => {
          const writers = [];
          for (let number = 0; number < 16; number += 1) writers.push(await bucket('full').writer(`${number}`));
        };";
    let change = json!({ "grants": { "buckets": { "full": "write" } } });
    JAVASCRIPT.deploy(node, "waiting", package(&[("index.js", source)]), change).await;
    let answer = node.answer("waiting", &json!({})).await;
    assert_eq!(answer["errorType"], "Runtime.UnsettledPromise", "{answer}");
}

/// What the package `lambent` does, of the runtime and in the function's own files.
async fn clients(node: &Node) {
    let clients = Clients {
        language: &JAVASCRIPT,
        program: "index.js",
        handler: JAVASCRIPT.handler,
        name: "javascript",
        memory: 32 << 20,
    };
    sdk_languages::check(node, &clients).await;
    waits_for_itself(node).await;
    let made = tokio::task::spawn_blocking(javascript_package).await.unwrap();
    let Some(package) = made else { return };
    sdk_languages::events(node, &clients, package, "node_modules/lambent").await;
}

/// A function that says of one message that it failed gets that one again, and no other.
async fn queue_batches(node: &Node) {
    let source = "
const seen = {};
exports.handler = async (event) => {
  const failed = [];
  for (const { body, messageId } of event.Records) {
    seen[body] = (seen[body] ?? 0) + 1;
    console.log('message', body, seen[body]);
    if (body === '2' && seen[body] === 1) failed.push({ itemIdentifier: messageId });
  }
  return { batchItemFailures: failed };
};";
    JAVASCRIPT.deploy(node, "batch", package(&[("index.js", source)]), json!({})).await;
    let lines = node.one_message_fails("batch").await;
    assert!(lines.contains("INFO"), "{lines}");
}

/// An instance goes on where INIT ended in another, with its own randomness and environment. What
/// INIT asked for has come before.
async fn snapshots(node: &Node) {
    let host = node.address;
    let source = format!("
const {{ randomBytes, randomUUID }} = require('crypto');
const {{ random }} = Math;
let health;
fetch('http://{host}/healthz').then((response) => {{ health = response.status; }});
console.log('loaded', process.env.AWS_LAMBDA_FUNCTION_VERSION);
let calls = 0;
exports.handler = async (event, context) => {{
  console.log('called');
  const again = await fetch('http://{host}/healthz');
  return {{
    calls: ++calls, health, again: again.status, version: [process.env.AWS_LAMBDA_FUNCTION_VERSION, context.functionVersion],
    differ: [random(), Math.random(), randomUUID(), randomBytes(8).toString('hex')],
  }};
}};");
    let grants = json!({ "hosts": [format!("http://{host}")] });
    JAVASCRIPT
        .deploy(node, "frozen", package(&[("index.js", &source)]), json!({ "grants": grants }))
        .await;
    let [first, second] = node.restored("frozen", &json!({})).await;
    for answer in [&first, &second] {
        let statuses = [&answer["calls"], &answer["health"], &answer["again"]];
        assert_eq!(statuses, [&json!(1), &json!(200), &json!(200)], "{answer}");
        assert_eq!(answer["version"], json!(["1", "1"]), "{answer}");
    }
    for nth in 0..4 {
        assert_ne!(first["differ"][nth], second["differ"][nth], "{first} {second}");
    }
}

/// Globals live on between calls, and the context is complete.
async fn context_and_state(node: &Node) {
    let source = "
let calls = 0;
const loaded = process.env._HANDLER;
exports.handler = async (event, context) => ({
  calls: ++calls, loaded, root: process.env.LAMBDA_TASK_ROOT, name: context.functionName,
  version: context.functionVersion, memory: context.memoryLimitInMB, arn: context.invokedFunctionArn,
  id: context.awsRequestId.length, left: context.getRemainingTimeInMillis(),
  waits: context.callbackWaitsForEmptyEventLoop, own: Object.getPrototypeOf(event) === Object.prototype,
});";
    JAVASCRIPT.deploy(node, "told", package(&[("index.js", source)]), json!({})).await;
    let told = eventually("a used instance", async || {
        let told = node.answer("told", &json!({})).await;
        (told["calls"].as_u64() > Some(1)).then_some(told)
    });
    let told = told.await;
    assert_eq!((&told["loaded"], &told["root"]), (&json!("index.handler"), &json!("/var/task")));
    assert_eq!((&told["name"], &told["version"]), (&json!("told"), &json!("$LATEST")));
    assert_eq!((&told["memory"], &told["waits"]), (&json!("128"), &json!(true)));
    assert!(told["arn"].as_str().unwrap().ends_with(":function:told"), "{told}");
    assert!((1.0..=30_000.0).contains(&told["left"].as_f64().unwrap()), "{told}");
}

/// Modules are compiled when they are deployed, whatever they import; what cannot be is told.
async fn warnings(node: &Node) {
    let handler = "import { existsSync } from 'node:fs';
import { text } from './other.mjs';
export const handler = async () => text + existsSync('/var/task');";
    let files = [
        ("index.mjs", handler),
        ("other.mjs", "export const text = 'other ';"),
        ("unused.mjs", "import 'not-here';"),
        ("broken.js", "let a;\nlet b = ;"),
    ];
    let runs_on = json!({ "runtime": "js", "handler": "index.handler" });
    let deployed = node.deploy_package("warned", package(&files), runs_on).await;
    let warnings = deployed["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{deployed}");
    let warning = warnings[0].as_str().unwrap();
    assert!(warning.contains("broken.js:2") && warning.contains("unexpected token"), "{warning}");
    assert_eq!(node.answer("warned", &json!({})).await, "other true");
}

/// What goes wrong is told as Lambda tells it, with the frames of the user's files alone.
async fn errors(node: &Node) {
    for (number, (file, source, kind, told)) in [
        ("index.js", "exports.handler = async () => null.key;", "TypeError", "index.js:1"),
        ("index.js", "exports.other = 1;", "Runtime.HandlerNotFound", "index.handler"),
        ("index.js", "exports.handler = 1;", "Runtime.HandlerNotFound", "not a function"),
        ("index.js", "require('not-here')", "Runtime.ImportModuleError", "not-here"),
        ("index.mjs", "import 'not-here'", "Runtime.ImportModuleError", "not-here"),
        ("index.mjs", "import { nothing } from 'fs'", "Runtime.UserCodeSyntaxError", "nothing"),
        ("other.js", "", "Runtime.ImportModuleError", "index"),
        ("index.js", "require('cluster')", "Runtime.ImportModuleError", "one process"),
        ("index.js", "let a;\nlet b = ;", "Runtime.UserCodeSyntaxError", "index.js:2"),
        ("index.ts", "let a: number;\nlet b: = 1;", "Runtime.UserCodeSyntaxError", "index.ts:2"),
        ("index.js", "\nthrow new RangeError('at load')", "RangeError", "index.js:2"),
        ("index.js", "exports.handler = async () => 1n;", "Runtime.MarshalError", "stringify"),
        ("index.js", "exports.handler = async () => { throw 'text' };", "string", "text"),
        (
            "index.ts",
            "interface A {\n  b: number;\n}\nenum E { A }\nexport const handler = async (a: A) => {\n  throw new URIError(String(E.A));\n};",
            "URIError",
            "index.ts:6",
        ),
        (
            "index.js",
            "exports.handler = async () => { Promise.reject(new TypeError('nobody')); await new Promise((r) => setTimeout(r, 50)); };",
            "Runtime.UnhandledPromiseRejection",
            "nobody",
        ),
        ("index.js", "exports.handler = () => new Promise(() => {});", "Runtime.UnsettledPromise", "never settle"),
    ]
    .into_iter()
    .enumerate()
    {
        let error = run(node, &format!("wrong{number}"), file, source, json!({})).await;
        assert_eq!(error["errorType"], kind, "{source}: {error}");
        assert!(error.to_string().contains(told), "{source}: {error}");
        let trace = error["stackTrace"].to_string();
        assert!(!trace.contains("(node:") && !trace.contains("at node:"), "{source}: {error}");
    }
    JAVASCRIPT
        .deploy(node, "malformed", package(&[("index.js", "")]), json!({ "handler": "index" }))
        .await;
    let error = node.answer("malformed", &json!({})).await;
    assert_eq!(error["errorType"], "Runtime.MalformedHandlerName", "{error}");
}

/// The end of the program ends the instance, and the next invocation has another.
async fn ends(node: &Node) {
    let source = "
let calls = 0;
exports.handler = async (event) => {
  calls += 1;
  if (event.exit !== undefined) process.exit(event.exit);
  if (event.late) { setTimeout(() => { throw new RangeError('late'); }, 1); await new Promise((r) => setTimeout(r, 50)); }
  return calls;
};";
    JAVASCRIPT.deploy(node, "ends", package(&[("index.js", source)]), json!({})).await;
    for (event, kind, told) in [
        (json!({ "exit": 3 }), "Runtime.ExitError", "exit status 3"),
        (json!({ "exit": 0 }), "Runtime.ExitError", "without providing a reason"),
        (json!({ "late": true }), "RangeError", "late"),
    ] {
        let error = node.answer("ends", &event).await;
        assert_eq!(error["errorType"], kind, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(node.answer("ends", &json!({})).await, 1);
    }
}

/// What a hostile or careless function does costs itself alone, and is told.
async fn hostile(node: &Node) {
    let deep = "function f(n) { return f(n + 1) + 1; }
exports.handler = async () => { try { f(0); } catch (error) { return error.name; } };";
    assert_eq!(run(node, "deep", "index.js", deep, json!({})).await, "RangeError");
    let event = json!({ "__proto__": { "polluted": 1 }, "constructor": { "prototype": { "polluted": 1 } } });
    let pollution =
        "exports.handler = async (event) => [({}).polluted ?? null, Object.keys(event).length];";
    assert_eq!(run(node, "pollution", "index.js", pollution, event).await, json!([null, 2]));
    let full = "const fs = require('fs');
exports.handler = async () => {
  const piece = Buffer.alloc(16 << 20);
  try { for (;;) fs.appendFileSync('/tmp/full', piece); } catch (error) { return error.code; }
};";
    assert_eq!(run(node, "full", "index.js", full, json!({})).await, "ENOSPC");
    let read_only = "exports.handler = async () => { try { require('fs').writeFileSync('/var/task/x', ''); } catch (error) { return error.code; } };";
    let refused = run(node, "readonly", "index.js", read_only, json!({})).await;
    assert!(["EROFS", "EPERM"].contains(&refused.as_str().unwrap()), "{refused}");
    for (name, source) in [
        ("spins", "exports.handler = async () => { for (;;); };"),
        ("matches", "exports.handler = async () => /^(a+)+$/.test('a'.repeat(40) + 'b');"),
        ("floods", "exports.handler = async () => 'x'.repeat(8e6);"),
        (
            "grows",
            "exports.handler = async () => { const all = []; for (;;) all.push('x'.repeat(1e6) + all.length); };",
        ),
    ] {
        let error = run(node, name, "index.js", source, json!({})).await;
        assert!(error["errorType"].is_string(), "{name}: {error}");
    }
}

/// Files as streams, from a part of one to the error of one that is not there.
async fn streams(node: &Node) {
    let source = "
const fs = require('fs');
const { pipeline } = require('stream/promises');
exports.handler = async () => {
  const events = [];
  const written = fs.createWriteStream('/tmp/a').on('open', (fd) => events.push(typeof fd));
  await pipeline(['first ', 'second'], written);
  let read = '';
  for await (const piece of fs.createReadStream('/tmp/a', { start: 6, end: 8, encoding: 'utf8' })) read += piece;
  const missing = fs.createReadStream('/tmp/none');
  const code = await new Promise((resolve) => missing.on('error', (error) => resolve(error.code)));
  const kinds = [written instanceof fs.WriteStream, missing instanceof fs.ReadStream, missing instanceof fs.WriteStream];
  return { events, bytes: written.bytesWritten, read, code, kinds };
};";
    let told = run(node, "streams", "index.js", source, json!({})).await;
    let expected = json!({
        "events": ["number"], "bytes": 12, "read": "sec", "code": "ENOENT", "kinds": [true, true, false],
    });
    assert_eq!(told, expected);
}

/// Requests go by the host, whose grants decide.
async fn requests(node: &Node) {
    let source = "
const http = require('http');
const get = (url) => new Promise((resolve, reject) => http.get(url, (response) => {
  const pieces = [];
  response.on('data', (piece) => pieces.push(piece)).on('end', () => resolve([response.statusCode, Buffer.concat(pieces).toString()]));
}).on('error', reject));
exports.handler = async ({ url }) => {
  try {
    const [mine, theirs] = await Promise.all([get(url), fetch(url).then(async (r) => [r.status, await r.text()])]);
    return { mine, theirs };
  } catch (error) { return { code: error.code ?? error.cause?.code, message: error.message }; }
};";
    JAVASCRIPT.deploy(node, "asks", package(&[("index.js", source)]), json!({})).await;
    let url = format!("http://{}/fn/hello?name=me", node.address);
    let refused = node.answer("asks", &json!({ "url": url })).await;
    assert_eq!(refused["code"], "EACCES", "{refused}");
    node.configure("asks", json!({ "grants": { "hosts": [format!("http://{}", node.address)] } }))
        .await;
    let answered = node.answer("asks", &json!({ "url": url })).await;
    let hello = json!([200, r#"{"message":"Hello, me!"}"#]);
    assert_eq!(answered, json!({ "mine": hello, "theirs": hello }));
}
