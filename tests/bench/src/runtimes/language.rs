//! The languages, each with the same small function.

use std::path::{Path, PathBuf};
use std::process::Command;

use lambent_test_support::javascript::javascript_runtime;
use lambent_test_support::python::python_runtime;
use lambent_test_support::ruby::ruby_runtime;

use crate::Failed;
use crate::process::Launch;

/// Python's runtime, of which more is measured.
pub(super) const PYTHON: &str = "python3.14";

/// A language that there is a runtime for.
pub(super) struct Language {
    /// As people call it.
    pub(super) name: &'static str,
    pub(super) runtime: &'static str,
    /// Builds the runtime, if it can be built here.
    pub(super) build: fn() -> Option<PathBuf>,
    /// The file of the function, and what in it is called.
    pub(super) file: &'static str,
    pub(super) handler: &'static str,
    /// A function of the kind that every tutorial shows.
    pub(super) hello: &'static str,
    /// What a comment begins with.
    pub(super) comment: &'static str,
    /// What a first call is to take at most.
    pub(super) asked_first: &'static str,
    /// The program that runs the language here, and a server in it that answers the same; it is
    /// given the port to listen on.
    program: &'static str,
    server: &'static str,
}

pub(super) const LANGUAGES: &[Language] = &[
    Language {
        name: "Python",
        runtime: PYTHON,
        build: python_runtime,
        file: "app.py",
        handler: "app.lambda_handler",
        hello: "import json
def lambda_handler(event, context):
    name = (event.get('queryStringParameters') or {}).get('name', 'World')
    return {'statusCode': 200, 'body': json.dumps({'message': f'Hello, {name}!'})}",
        comment: "#",
        asked_first: "6 ms",
        program: "python3",
        server: "import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    wbufsize = -1
    disable_nagle_algorithm = True
    def do_GET(self):
        body = json.dumps({'message': 'Hello, World!'}).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *of):
        pass
HTTPServer(('127.0.0.1', int(sys.argv[1].rsplit(':', 1)[1])), Handler).serve_forever()",
    },
    Language {
        name: "JavaScript",
        runtime: "js",
        build: javascript_runtime,
        file: "index.js",
        handler: "index.handler",
        hello: "exports.handler = async (event) => {
  const name = event.queryStringParameters?.name ?? 'World';
  return { statusCode: 200, body: JSON.stringify({ message: `Hello, ${name}!` }) };
};",
        comment: "//",
        asked_first: "2 ms",
        program: "node",
        server: "require('http').createServer((request, response) => {
  const body = JSON.stringify({ message: 'Hello, World!' });
  response.writeHead(200, { 'Content-Length': body.length });
  response.end(body);
}).listen(Number(process.argv[2].split(':')[1]), '127.0.0.1');",
    },
    Language {
        name: "Ruby",
        runtime: "ruby3.4",
        build: ruby_runtime,
        file: "app.rb",
        handler: "app.handler",
        hello: "require 'json'
def handler(event:, context:)
  name = event.dig('queryStringParameters', 'name') || 'World'
  { statusCode: 200, body: JSON.generate({ message: \"Hello, #{name}!\" }) }
end",
        comment: "#",
        asked_first: "25 ms",
        program: "ruby",
        server: "require 'json'
require 'socket'
server = TCPServer.new('127.0.0.1', ARGV[0].split(':')[1].to_i)
loop do
  Thread.new(server.accept) do |client|
    while client.gets
      nil until client.gets == \"\\r\\n\"
      body = JSON.generate({ message: 'Hello, World!' })
      client.write(\"HTTP/1.1 200 OK\\r\\nContent-Length: #{body.bytesize}\\r\\n\\r\\n#{body}\")
    end
  end
end",
    },
];

impl Language {
    /// A plain HTTP server in the language, if there is a program that runs it.
    pub(super) fn peer(&self, directory: &Path) -> Result<Option<Launch>, Failed> {
        if Command::new(self.program).arg("--version").output().is_err() {
            println!("skipped: {} is not installed", self.program);
            return Ok(None);
        }
        let script = directory.join(format!("server-{}", self.file));
        std::fs::write(&script, self.server)?;
        Ok(Some(Launch {
            program: self.program.into(),
            arguments: vec![script.display().to_string(), "{address}".into()],
            log: directory.join(format!("{}-server.log", self.program)),
            core: None,
        }))
    }
}
