use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use lambent_api::client::{Call, EventParts, Invocation, Payload};
use lambent_types::bounds::PAYLOAD_BYTES_MAX;
use lambent_types::{Failure, FunctionName, format_bytes, format_count};
use serde_json::{Value, json};

use super::event;
use crate::error::{CliError, Exit};
use crate::function_args::FunctionArgs;
use crate::global::Global;
use crate::input;
use crate::output::{Colour, colour, duration, paint};
use crate::printable::{printable, printable_lines};
use crate::samples::{Assignment, Given, Made, Request, What};

const EXAMPLES: &str = "\
Examples:
  lambent invoke hello
  lambent invoke hello --data '{\"name\":\"Ada\"}'
  lambent invoke thumbnail --data @photo.jpg > thumbnail.jpg
  date | lambent invoke hello --data - --content-type text/plain
  lambent invoke orders --data @order.json --type shop.order.v1 --id order-7
  lambent invoke orders --data @order.json --async
  lambent invoke worker --event queue:'{\"n\":1}'
  lambent invoke thumbnail --event object:photos/cat.jpg
  lambent invoke hello --event 'http:GET /x?a=1'
  lambent invoke api --event aws:apigw2 --set path=/orders --set method=POST
  lambent event show aws:s3 | lambent invoke api --event -";

/// The longest that a response may take: as long as a function, and some time to spare.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(960);

/// Call a function with an event and print what it returns
///
/// The output goes to standard output as it is, a line about what the call
/// used to standard error. A failure of the function is exit code 4.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InvokeArgs {
    #[command(flatten)]
    function: FunctionArgs,

    /// Handle this event: object:BUCKET/KEY, queue:TEXT, key:KEYSPACE/KEY, schedule:NAME,
    /// http:'GET /PATH' or a sample such as aws:s3, which the command event lists; @FILE or -
    /// reads one as event show prints it. A message is a batch of one where the function takes
    /// batches; http: is a request
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,

    /// Set something of the event. May be repeated
    #[arg(long, value_name = "NAME=VALUE", requires = "event")]
    set: Vec<Assignment>,

    /// The event's data, at most 6 MiB: JSON, @FILE, or - for standard input
    #[arg(long, short, value_name = "DATA")]
    data: Option<String>,

    /// The data's media type [default: what the data looks like]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// Do not wait for the outcome: answer when the event is stored, which is
    /// then delivered as the function's configuration says
    #[arg(long = "async")]
    later: bool,

    /// The event's id [default: the request's]
    #[arg(long, value_name = "ID", help_heading = "CloudEvents attributes")]
    id: Option<String>,

    /// The event's type [default: lambent.invocation.v1]
    #[arg(long = "type", value_name = "TYPE", help_heading = "CloudEvents attributes")]
    kind: Option<String>,

    /// The event's source [default: the API's path]
    #[arg(long, value_name = "URI", help_heading = "CloudEvents attributes")]
    source: Option<String>,

    /// The event's subject [default: none]
    #[arg(long, value_name = "TEXT", help_heading = "CloudEvents attributes")]
    subject: Option<String>,
}

pub(crate) fn run(args: &InvokeArgs, global: &Global) -> Result<Exit, CliError> {
    let given = match given(args)? {
        What::Event(given) => given,
        What::Request(request) => return send(&request, args, global),
    };
    let attributes = given.attributes.iter();
    let event = EventParts {
        data: &given.data,
        content_type: given.content_type.as_deref(),
        attributes: attributes.map(|(name, value)| (name.as_str(), value.as_str())).collect(),
    };
    let (name, qualifier) = args.function.given()?;
    let client = global.client()?;
    if args.later {
        let id = client.invoke_later(name, qualifier, &event)?;
        return stored(id.as_deref(), name, global);
    }
    let reply = client.invoke(name, qualifier, &event)?;
    let failure = reply.failure()?;
    let output = global.output();
    if output.json {
        output.json(&to_json(&reply, failure.as_ref()))?;
    } else {
        show(&reply, failure.as_ref(), name)?;
    }
    Ok(if failure.is_some() { Exit::FunctionError } else { Exit::Ok })
}

/// What the flags ask for: the event or the request that is named, or none of a kind, with the data
/// and the attributes that are given besides.
fn given(args: &InvokeArgs) -> Result<What, CliError> {
    Ok(match named(args)? {
        What::Event(given) => What::Event(with_attributes(given, args)?),
        What::Request(request) => What::Request(with_data(request, args)?),
    })
}

fn named(args: &InvokeArgs) -> Result<What, CliError> {
    let from_input = |text: &&str| *text == "-" || text.starts_with('@');
    match args.event.as_deref() {
        None => Ok(What::Event(Given::default())),
        Some(text) if from_input(&text) => {
            if !args.set.is_empty() {
                let error = "--set is for samples; edit what is read instead";
                return Err(CliError::usage(error));
            }
            let text = input::read("an event", text, PAYLOAD_BYTES_MAX)?;
            What::read(&input::json_without_mark(text)).map_err(CliError::usage)
        }
        Some(text) => Ok(match event::make(text, &args.set).map_err(CliError::usage)? {
            Made::Event(event) => What::Event(Given::event(&event)),
            Made::Payload(payload) => What::Event(Given::payload(&payload)),
            Made::Request(request) => What::Request(request),
        }),
    }
}

impl InvokeArgs {
    /// The attributes of an event that were given.
    fn attributes(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let attributes = [
            ("id", &self.id),
            ("type", &self.kind),
            ("source", &self.source),
            ("subject", &self.subject),
        ];
        attributes.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)))
    }
}

fn with_data(mut request: Request, args: &InvokeArgs) -> Result<Request, CliError> {
    if let Some((name, _)) = args.attributes().next() {
        let error = format!("--{name} is an attribute of an event, and this is a request");
        return Err(CliError::usage(error).hint("leave it out"));
    }
    if let Some(data) = args.data.as_deref().map(read_data).transpose()? {
        request.content_type = content_type(args, &data)?;
        request.body = data;
    }
    Ok(request)
}

fn with_attributes(mut given: Given, args: &InvokeArgs) -> Result<Given, CliError> {
    if let Some(data) = args.data.as_deref().map(read_data).transpose()? {
        given.content_type = content_type(args, &data)?;
        given.data = data;
    }
    for (name, value) in args.attributes() {
        given.attributes.retain(|(known, _)| known != name);
        given.attributes.push((name.into(), value.clone()));
    }
    Ok(given)
}

/// Sends a request to the function, and prints the body of its response.
fn send(request: &Request, args: &InvokeArgs, global: &Global) -> Result<Exit, CliError> {
    if args.later {
        return Err(CliError::usage("a request cannot wait; leave --async out"));
    }
    let (name, qualifier) = args.function.given()?;
    let client = global.client()?;
    let function = client.function(name, qualifier)?.value()?;
    let version = qualifier.map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
    let (namespace, path) = (&function.namespace, &request.path);
    let target = format!("/fn/@{namespace}/{name}{version}{path}");
    let mut call = Call::new(request.method.clone(), target).timeout(REQUEST_TIMEOUT);
    if let Some(content_type) = &request.content_type {
        call = call.header("content-type", content_type);
    }
    call.body = Payload::Bytes(&request.body);
    let answer = client.request(call)?;
    let status = answer.status();
    let output = global.output();
    let reply = Invocation::of(answer);
    if output.json {
        let mut json = to_json(&reply, None);
        json["status"] = status.as_u16().into();
        output.json(&json)?;
    } else {
        write_output(&reply)?;
        let on = colour(&io::stderr());
        let head = format!("status {status}, request {}", reply.request_id().unwrap_or("unknown"));
        eprintln!("{}", paint(on, Colour::Dim, &printable(&head)));
    }
    // The node answers so for a function that failed.
    Ok(if status.is_server_error() { Exit::FunctionError } else { Exit::Ok })
}

/// Says that an event is stored and where to see what becomes of it.
fn stored(id: Option<&str>, name: &FunctionName, global: &Global) -> Result<Exit, CliError> {
    let output = global.output();
    if output.json {
        output.json(&json!({ "request_id": id, "stored": true }))?;
    } else {
        output.line(&format!("stored, request {}", id.unwrap_or_default()))?;
        eprintln!("see what becomes of it: lambent logs {name} --follow");
    }
    Ok(Exit::Ok)
}

fn read_data(data: &str) -> Result<Vec<u8>, CliError> {
    Ok(input::json_without_mark(input::read("an event", data, PAYLOAD_BYTES_MAX)?))
}

/// The media type: as given, else by what the data is. Text on the command
/// line that is nearly JSON is more often a mistake of quoting than text.
fn content_type(args: &InvokeArgs, data: &[u8]) -> Result<Option<String>, CliError> {
    if args.content_type.is_some() || data.is_empty() {
        return Ok(args.content_type.clone());
    }
    let json = match serde_json::from_slice::<serde::de::IgnoredAny>(data) {
        Ok(_) => return Ok(Some("application/json".into())),
        Err(error) => error,
    };
    let inline = args.data.as_deref().is_some_and(|data| data != "-" && !data.starts_with('@'));
    if inline {
        return Err(CliError::usage(format!("--data is not JSON: {json}")).hint(
            "quote it for the shell: --data '{\"name\":\"Ada\"}'\n\
             send a file with @: --data @event.json\n\
             send something else as it is: --content-type text/plain",
        ));
    }
    let guess = match data {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        _ if std::str::from_utf8(data).is_ok() => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    Ok(Some(guess.into()))
}

fn show(
    reply: &Invocation,
    failure: Option<&Failure>,
    name: &FunctionName,
) -> Result<(), CliError> {
    let on = colour(&io::stderr());
    match failure {
        None => write_output(reply)?,
        Some(Failure { kind, message, trace, .. }) => {
            let label = paint(on, Colour::Red, "error:");
            let message = printable(message);
            eprintln!("{label} {name} failed: {}: {message}", printable(kind));
            for frame in trace {
                eprintln!("  at {}", printable(frame));
            }
        }
    }
    eprintln!("{}", paint(on, Colour::Dim, &printable(&summary(reply))));
    Ok(())
}

/// Writes the output as it is, but for a terminal: a missing line end is added,
/// and neither what is not text nor what would rewrite the terminal is shown.
fn write_output(reply: &Invocation) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    let body = reply.output();
    if stdout.is_terminal() && !body.is_empty() {
        let Ok(text) = std::str::from_utf8(body) else {
            let kind = printable(reply.content_type().unwrap_or("binary data"));
            let size = format_bytes(body.len() as u64);
            writeln!(stdout, "({size} of {kind}, not shown; write it to a file with > output)")?;
            return Ok(());
        };
        writeln!(stdout, "{}", printable_lines(text.strip_suffix('\n').unwrap_or(text)))?;
    } else {
        stdout.write_all(body)?;
    }
    stdout.flush()?;
    Ok(())
}

/// Writes the resources that the call used, in one line.
pub(crate) fn summary(reply: &Invocation) -> String {
    let mut parts = Vec::new();
    parts.push(reply.outcome().unwrap_or("ok").to_owned());
    if let Some(micros) = reply.duration_us() {
        parts.push(duration(Duration::from_micros(micros)));
    }
    if let Some(fuel) = reply.fuel() {
        parts.push(format!("{} fuel", format_count(fuel)));
    }
    if let Some(bytes) = reply.memory_bytes() {
        parts.push(format!("{} memory", format_bytes(bytes)));
    }
    if let Some(start) = reply.start() {
        let start = if start == "mapped" { "cold start" } else { "warm start" };
        parts.push(start.to_owned());
    }
    if let Some(version) = reply.version() {
        parts.push(format!("version {version}"));
    }
    if let Some(id) = reply.request_id() {
        parts.push(format!("request {id}"));
    }
    parts.join(", ")
}

fn to_json(reply: &Invocation, failure: Option<&Failure>) -> Value {
    let mut value = json!({
        "request_id": reply.request_id(),
        "version": reply.version(),
        "outcome": reply.outcome(),
        "start": reply.start(),
        "duration_us": reply.duration_us(),
        "fuel": reply.fuel(),
        "memory_bytes": reply.memory_bytes(),
    });
    let (member, content) = match failure {
        Some(failure) => ("error", json!(failure)),
        None => match (serde_json::from_slice(reply.output()), std::str::from_utf8(reply.output()))
        {
            (Ok(json), _) => ("output", json),
            (_, Ok(text)) => ("output", text.into()),
            _ => ("output_base64", STANDARD.encode(reply.output()).into()),
        },
    };
    value[member] = content;
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
    use lambent_api::client::Answer;

    fn reply(headers: &[(&'static str, &'static str)], body: &[u8]) -> Invocation {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers: HeaderMap = headers.iter().map(pair).collect();
        Invocation::of(Answer::new(StatusCode::OK, headers, body.to_vec()))
    }

    fn args(data: &str) -> InvokeArgs {
        #[derive(clap::Parser)]
        struct Probe {
            #[command(flatten)]
            args: InvokeArgs,
        }
        use clap::Parser;
        Probe::try_parse_from(["probe", "hello", "--data", data]).unwrap().args
    }

    #[test]
    fn the_media_type_is_what_the_data_is() {
        let guess = |data: &str, bytes: &[u8]| content_type(&args(data), bytes).unwrap().unwrap();
        assert_eq!(guess("{}", b"{}"), "application/json");
        assert_eq!(guess("@x", b"plain"), "text/plain; charset=utf-8");
        assert_eq!(guess("-", b"\xff\xd8\xff\xe0"), "image/jpeg");
        assert_eq!(guess("-", b"\xfe"), "application/octet-stream");
        let error = content_type(&args("{name:1}"), b"{name:1}").unwrap_err().to_string();
        assert!(error.contains("--data is not JSON: key must be a string"), "{error}");
    }

    fn event_of(line: &[&str]) -> Result<Given, String> {
        #[derive(clap::Parser)]
        struct Probe {
            #[command(flatten)]
            args: InvokeArgs,
        }
        use clap::Parser;
        let line = ["probe", "f"].iter().chain(line);
        let args = Probe::try_parse_from(line).map_err(|error| error.to_string())?.args;
        match given(&args).map_err(|error| error.to_string())? {
            What::Event(given) => Ok(given),
            What::Request(request) => Err(format!("{} {}", request.method, request.path)),
        }
    }

    #[test]
    fn an_event_is_a_sample_with_what_is_given_besides() {
        let given = event_of(&["--event=object:photos/cat.jpg", "--id=7"]).unwrap();
        let attribute = |name| given.attributes.iter().find(|(known, _)| known == name);
        assert_eq!(attribute("type").unwrap().1, "lambent.object.created.v1");
        assert_eq!(attribute("id").unwrap().1, "7");
        assert_eq!(attribute("subject").unwrap().1, "cat.jpg");
        let given = event_of(&["--event=queue:a", "--data={\"n\":1}"]).unwrap();
        assert_eq!(
            (&given.data[..], given.content_type.as_deref()),
            (&b"{\"n\":1}"[..], Some("application/json"))
        );
        let given = event_of(&["--event=aws:s3", "--set=bucket=b"]).unwrap();
        assert!(String::from_utf8(given.data).unwrap().contains("arn:aws:s3:::b"));
        assert_eq!(event_of(&["--data={}"]).unwrap().attributes, []);
        assert_eq!(event_of(&["--event=http:GET /x"]).unwrap_err(), "GET /x");
        let refused = event_of(&["--event=http:GET /x", "--subject=s"]).unwrap_err();
        assert!(refused.contains("--subject is an attribute of an event"), "{refused}");
        assert!(event_of(&["--set=a=b"]).unwrap_err().contains("--event"));
        assert!(event_of(&["--event=nothing"]).unwrap_err().contains("no sample"));
    }

    #[test]
    fn the_summary_says_what_the_call_used() {
        let reply = reply(
            &[
                ("lambent-duration-us", "1234"),
                ("lambent-fuel", "1000"),
                ("lambent-memory-bytes", "1048576"),
                ("lambent-start", "loaded"),
            ],
            b"",
        );
        assert_eq!(summary(&reply), "ok, 1.23 ms, 1,000 fuel, 1.0 MiB memory, warm start");
    }

    #[test]
    fn json_carries_output_of_any_kind() {
        let output = |body| to_json(&reply(&[("lambent-fuel", "7")], body), None);
        assert_eq!(output(b"{\"a\":1}")["output"]["a"], 1);
        assert_eq!(output(b"hi")["output"], "hi");
        assert_eq!(output(b"\xff")["output_base64"], "/w==");
        assert_eq!(output(b"")["fuel"], 7);
    }
}
