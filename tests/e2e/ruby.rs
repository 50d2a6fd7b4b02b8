//! Lambda functions of Ruby, deployed as they are written and called as Lambda's are.

use lambent_api::InstallRuntime;
use lambent_api::client::Client;
use lambent_test_support::canned::{Canned, answer};
use lambent_test_support::root;
use lambent_test_support::ruby::ruby_runtime;
use serde_json::{Value, json};

use crate::cli;
use crate::node::Node;
use crate::packages::{Language, package};
use crate::ruby_libraries;
use crate::sdk_languages::{self, Clients};
use crate::typed::named;

/// A node with the runtime; none where it cannot be built.
async fn with_ruby() -> Option<Node> {
    let path = tokio::task::spawn_blocking(ruby_runtime).await.unwrap()?;
    let code = std::fs::read(path).unwrap();
    let node = Node::start(&[]);
    let install = move |client: &Client| {
        let bytes = code.len() as u64;
        let install = InstallRuntime::default();
        client.install_runtime(&named("ruby3.4"), &install, &mut &code[..], bytes).map(drop)
    };
    // Compiling it takes a minute of CPU time, and the machine may be busy: the server's limit
    // is the one there is.
    let client = node.client();
    tokio::task::spawn_blocking(move || install(&client)).await.unwrap().unwrap();
    Some(node)
}

const RUBY: Language =
    Language { folder: "ruby", runtime: "ruby3.3", handler: "lambda_function.handler" };

/// A package of one file, which has the handler.
fn file(source: &str) -> Vec<u8> {
    package(&[("lambda_function.rb", source)])
}

/// What a handler of one file answers.
async fn run(node: &Node, function: &str, source: &str, event: Value) -> Value {
    RUBY.deploy(node, function, file(source), json!({})).await;
    node.answer(function, &event).await
}

/// A handler with this body.
fn handler(body: &str) -> String {
    format!("def handler(event:, context:)\n  {body}\nend")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lambda_functions_of_ruby_run_as_they_are_written() {
    let Some(node) = with_ruby().await else { return };
    let count = RUBY.check_handlers(&node).await;
    assert!(count >= 13, "{count}");
    // A request of a client, as an event of Lambda's function URLs.
    let reply = node.ask("GET", "/fn/hello").send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.text().contains("World"), "{reply:?}");
    // By one of AWS's names, which says what it is.
    let described = node.api("GET", "/hello").send().await.json();
    assert_eq!(described["runs_on"]["runtime"], "ruby3.4");
    queue_batches(&node).await;
    context_and_state(&node).await;
    errors(&node).await;
    ends(&node).await;
    hostile(&node).await;
    layers(&node).await;
    machine_code(&node).await;
    requests(&node).await;
    snapshots(&node).await;
    ruby_libraries::check(&node, &RUBY).await;
    clients(&node).await;
}

/// What the library `lambent` does, which is in the image.
async fn clients(node: &Node) {
    let clients = Clients {
        language: &RUBY,
        program: "lambda_function.rb",
        handler: RUBY.handler,
        name: "ruby",
        memory: 128 << 20,
    };
    sdk_languages::check(node, &clients).await;
    readme(node).await;
}

/// The code of the runtime's README, whose comments say what a line gives.
async fn readme(node: &Node) {
    let text = std::fs::read_to_string(root().join("runtime/runtimes/ruby/README.md")).unwrap();
    let (_, rest) = text.split_once("```ruby\n").unwrap();
    let lines =
        rest.split_once("```").unwrap().0.lines().map(|line| match line.split_once("# => ") {
            Some((code, value)) => format!("same(({}), {value})\n", code.trim()),
            None => format!("{line}\n"),
        });
    let code = lines.collect::<String>();
    let count = code.matches("same(").count();
    let same = "def same(one, other) = one == other ? $same += 1 : raise(\"#{one.inspect}, not #{other.inspect}\")";
    let source = format!("$same = 0\n{same}\ndef handler(event:, context:)\n{code}$same\nend\n");
    let resources = ["keyspace:todo", "bucket:photos", "queue:orders.fifo"];
    for (kind, name) in resources.iter().filter_map(|resource| resource.split_once(':')) {
        cli::ok(node, &[kind, "create", name]).await;
    }
    let grants = json!({
        "keyspaces": { "todo": "read-write" }, "buckets": { "photos": "read-write" },
        "queues": { "jobs": "write", "orders.fifo": "write" },
    });
    RUBY.deploy(node, "readme", file(&source), json!({ "grants": grants })).await;
    assert!(count >= 8, "{code}");
    assert_eq!(node.answer("readme", &json!({})).await, json!(count));
}

/// An instance goes on where INIT ended in another, with its own randomness and environment.
async fn snapshots(node: &Node) {
    let source = "
require 'openssl'
require 'securerandom'
DONE = ['loaded', OpenSSL::Random.random_bytes(4).bytesize, rand.class.name]
puts 'loaded'
def handler(event:, context:)
  puts 'called'
  DONE << 'called'
  File.write('/tmp/file', 'written')
  {
    done: DONE, files: Dir.children('/tmp'), own: File.file?('/var/task/lambda_function.rb'),
    version: [ENV['AWS_LAMBDA_FUNCTION_VERSION'], context.function_version],
    differ: [rand, Random.rand, SecureRandom.hex(8), OpenSSL::Random.random_bytes(8).unpack1('H*')]
  }
end";
    RUBY.deploy(node, "frozen", file(source), json!({})).await;
    let [first, second] = node.restored("frozen", &json!({})).await;
    for answer in [&first, &second] {
        assert_eq!(answer["done"], json!(["loaded", 4, "Float", "called"]), "{answer}");
        assert_eq!(answer["version"], json!(["1", "1"]), "{answer}");
        assert_eq!((&answer["files"], &answer["own"]), (&json!(["file"]), &json!(true)));
    }
    for nth in 0..4 {
        assert_ne!(first["differ"][nth], second["differ"][nth], "{first} {second}");
    }
}

/// A function that says of one message that it failed gets that one again, and no other.
async fn queue_batches(node: &Node) {
    let source = "
require 'json'
SEEN = Hash.new(0)
def handler(event:, context:)
  failed = event['Records'].filter_map do |record|
    body = JSON.parse(record['body'])
    SEEN[body] += 1
    puts \"message #{body} #{SEEN[body]}\"
    { itemIdentifier: record['messageId'] } if body == 2 && SEEN[body] == 1
  end
  { batchItemFailures: failed }
end";
    RUBY.deploy(node, "batch", file(source), json!({})).await;
    node.one_message_fails("batch").await;
}

/// What handlers are told of their invocation, and what is theirs from one to the next.
async fn context_and_state(node: &Node) {
    let source = "
$calls = 0
SEED = rand
def handler(event:, context:)
  File.write('/tmp/calls', ($calls += 1).to_s)
  left = context.get_remaining_time_in_millis
  { name: context.function_name, id: context.aws_request_id, arn: context.invoked_function_arn,
    left: left.between?(1, 30_000), calls: File.read('/tmp/calls'), seed: SEED,
    root: ENV['LAMBDA_TASK_ROOT'], user: ENV['USER_S'], here: Dir.pwd, zone: Time.now.utc_offset }
end";
    let change = json!({ "environment": { "USER_S": "ä b" } });
    RUBY.deploy(node, "told", file(source), change).await;
    let told = node.answer("told", &json!({})).await;
    assert_eq!((&told["name"], &told["calls"]), (&json!("told"), &json!("1")), "{told}");
    assert_eq!((&told["left"], &told["user"]), (&json!(true), &json!("ä b")), "{told}");
    assert_eq!((&told["root"], &told["here"]), (&json!("/var/task"), &json!("/var/task")));
    assert!(told["arn"].as_str().unwrap().ends_with(":function:told"), "{told}");
    assert!(told["id"].as_str().unwrap().len() == 36, "{told}");
    assert_eq!(told["zone"], 0);
    // The next has what the first one left; a fresh instance has nothing, and other randomness.
    let again = node.answer("told", &json!({})).await;
    assert_eq!((&again["calls"], &again["seed"]), (&json!("2"), &told["seed"]));
    node.configure("told", json!({ "reuse": 1 })).await;
    let fresh = node.answer("told", &json!({})).await;
    assert_eq!(fresh["calls"], "1");
    assert_ne!(fresh["seed"], told["seed"]);
}

/// What goes wrong is told as Lambda's runtime for Ruby tells it.
async fn errors(node: &Node) {
    let mut number = 0;
    for (source, kind, told) in [
        (handler("{}.fetch('key')"), "Function<KeyError>", "key not found"),
        (handler("raise 'plain'"), "Function<RuntimeError>", "plain"),
        (handler("absent"), "Function<NameError>", "absent"),
        (handler("Float::NAN"), "Function<JSON::GeneratorError>", "NaN"),
        (handler("\"\\xff\""), "Function<JSON::GeneratorError>", "utf-8"),
        ("def other(event:, context:) = 1".to_owned(), "Function<NoMethodError>", "handler"),
        ("require 'not_here'".to_owned(), "Init<LoadError>", "not_here"),
        ("require 'fiddle'".to_owned(), "Init<LoadError>", "machine code"),
        ("def handler(event:, context:".to_owned(), "Init<SyntaxError>", "lambda_function.rb:1"),
        ("raise ArgumentError, 'at the start'".to_owned(), "Init<ArgumentError>", "at the start"),
    ] {
        number += 1;
        let error = run(node, &format!("wrong{number}"), &source, json!({})).await;
        assert_eq!(error["errorType"], kind, "{error}");
        assert!(error["errorMessage"].as_str().unwrap().contains(told), "{error}");
        let trace = error["stackTrace"].to_string();
        assert!(!trace.contains("/lambent/"), "only the user's frames are shown: {trace}");
    }
    let error = node.answer("wrong1", &json!({})).await;
    assert!(error["stackTrace"].to_string().contains("/var/task/lambda_function.rb:2"), "{error}");
    // A handler that is named as none can be.
    RUBY.deploy(node, "named", file(""), json!({ "handler": "lambda_function" })).await;
    let error = node.answer("named", &json!({})).await;
    assert_eq!(error["errorType"], "Init<ArgumentError>", "{error}");
    assert!(error["errorMessage"].as_str().unwrap().contains("FILENAME.METHOD"), "{error}");
}

/// What ends the program ends the instance, and not the next one.
async fn ends(node: &Node) {
    let source = "
def handler(event:, context:)
  exit!(5) if event['now']
  exit(event['status']) if event['status']
  abort('no more') if event['abort']
  raise SignalException, 'TERM' if event['signal']
  'on'
end";
    assert_eq!(run(node, "ends", source, json!({})).await, "on");
    for (event, kind, told) in [
        (json!({ "status": 3 }), "Runtime.ExitError", "exit status 3"),
        (json!({ "status": 0 }), "Runtime.ExitError", "without providing a reason"),
        (json!({ "now": 1 }), "Runtime.ExitError", "exit status 5"),
        (json!({ "abort": 1 }), "Runtime.ExitError", "exit status 1"),
        (json!({ "signal": 1 }), "Function<SignalException>", "SIGTERM"),
    ] {
        let error = node.answer("ends", &event).await;
        assert_eq!(error["errorType"], kind, "{error}");
        assert!(error["errorMessage"].as_str().unwrap().contains(told), "{error}");
        assert_eq!(node.answer("ends", &json!({})).await, "on");
    }
    let error = run(node, "start", "exit 4", json!({})).await;
    assert_eq!(error["errorMessage"], "Runtime exited with error: exit status 4");
}

/// What tries to use up everything, and to leave what it was given.
async fn hostile(node: &Node) {
    let source = format!("def f(n) = f(n + 1)\n{}", handler("f(0)"));
    let error = run(node, "deep", &source, json!({})).await;
    assert_eq!(error["errorType"], "Function<SystemStackError>", "{error}");
    for (name, body) in [
        ("large", "x = 'a'; loop { x += x }"),
        ("nested", "f = ->(n) { [n].each { |m| f.(m + 1) } }; f.(0)"),
        ("bracketed", "eval('[' * 100_000)"),
        ("long", "'a' * (40 << 20)"),
    ] {
        let error = run(node, name, &handler(body), json!({})).await;
        assert!(error["errorType"].is_string(), "{name}: {error}");
    }
    for (name, body) in [
        ("writes", "File.write('/var/task/x', 'y')"),
        ("climbs", "File.read('/var/task/../../etc/passwd')"),
        ("runs", "`ls`"),
        ("forks", "fork { 1 }"),
        ("spawns", "system('ls')"),
        ("listens", "require 'socket'; TCPServer.new(80)"),
        ("mails", "require 'net/smtp'; Net::SMTP.start('localhost', 25)"),
    ] {
        let error = run(node, name, &handler(body), json!({})).await;
        assert!(error["errorType"].as_str().unwrap().starts_with("Function<"), "{name}: {error}");
    }
    assert_eq!(run(node, "well", &handler("event"), json!({ "a": 1 })).await, json!({ "a": 1 }));
}

/// What layers have in `ruby/lib` is required, and so are gems.
async fn layers(node: &Node) {
    let gemspec = "Gem::Specification.new do |s|
  s.name = 'shout'
  s.version = '1.2.3'
  s.summary = 'louder'
  s.authors = ['me']
  s.files = ['lib/shout.rb']
end";
    let layer = package(&[
        ("ruby/lib/shared.rb", "module Shared\n  def self.text = 'shared'\nend"),
        ("ruby/gems/3.4.0/specifications/shout-1.2.3.gemspec", gemspec),
        (
            "ruby/gems/3.4.0/gems/shout-1.2.3/lib/shout.rb",
            "module Shout\n  def self.out(text) = text.upcase\nend",
        ),
    ]);
    let name = named("shared");
    node.must("publish", move |client: &Client| client.publish_layer(&name, &layer).map(drop))
        .await;
    let source = "require 'shared'\nrequire 'shout'\n".to_owned()
        + &handler("[Shared.text, Shout.out('a'), Gem.loaded_specs['shout'].version.to_s]");
    RUBY.deploy(node, "layered", file(&source), json!({ "layers": ["shared"] })).await;
    assert_eq!(node.answer("layered", &json!({})).await, json!(["shared", "A", "1.2.3"]));
}

/// A library of machine code is told of, and what has another way without it takes that.
async fn machine_code(node: &Node) {
    let library = ("lib/fast.so", "\u{7f}ELF");
    let paths = "$LOAD_PATH.unshift('/var/task/lib')\n".to_owned();
    let falls_back = "begin
  require 'fast'
rescue LoadError => error
  SLOW = error.message
end\n";
    let source = paths.clone() + falls_back + &handler("SLOW");
    let zip = package(&[library, ("lambda_function.rb", &source)]);
    RUBY.deploy(node, "slow", zip, json!({})).await;
    let told = node.answer("slow", &json!({})).await;
    assert!(told.as_str().is_some_and(|told| told.contains("/var/task/lib/fast.so")), "{told}");
    for (name, source) in [("fast", "require 'fast'"), ("near", "require_relative 'lib/fast'")] {
        let source = paths.clone() + source;
        let zip = package(&[library, ("lambda_function.rb", &source)]);
        RUBY.deploy(node, name, zip, json!({})).await;
        let error = node.answer(name, &json!({})).await;
        assert_eq!(error["errorType"], "Init<LoadError>", "{error}");
        let told = error["errorMessage"].as_str().unwrap();
        assert!(told.contains("machine code cannot be loaded in WebAssembly"), "{error}");
        assert!(error["stackTrace"].to_string().contains("lambda_function.rb:2"), "{error}");
    }
}

/// HTTP by `Net::HTTP`, to hosts that were granted.
async fn requests(node: &Node) {
    let source = "
require 'net/http'
def handler(event:, context:)
  uri = URI(event['url'])
  Net::HTTP.start(uri.host, uri.port) do |http|
    http.read_timeout = 20
    put = Net::HTTP::Put.new('/a?b=c', 'content-type' => 'text/plain', 'expect' => '100-continue')
    put.body = 'é' * 3000
    answer = http.request(put)
    [answer.code, answer['x-a'], answer.body, http.get('/two').body]
  end
end";
    let server =
        Canned::start(vec![answer("201 Made\r\nx-a: b", "made"), answer("200 OK", "zwei")]);
    let address: String = server.endpoint();
    let event = json!({ "url": format!("http://{address}") });
    let refused = run(node, "asks", source, event.clone()).await;
    assert_eq!(refused["errorType"], "Function<Errno::EACCES>", "{refused}");
    assert!(refused["errorMessage"].as_str().unwrap().contains("granted"), "{refused}");
    let grants = json!({ "grants": { "hosts": [format!("http://{address}")] } });
    RUBY.deploy(node, "asks", file(source), grants).await;
    let told = node.answer("asks", &event).await;
    assert_eq!(told, json!(["201", "b", "made", "zwei"]));
    let sent = server.requests();
    assert!(sent[0].starts_with("PUT /a?b=c HTTP/1.1\r\n") && sent[0].ends_with(&"é".repeat(3000)));
    assert!(sent[1].starts_with("GET /two "), "{sent:?}");
}
