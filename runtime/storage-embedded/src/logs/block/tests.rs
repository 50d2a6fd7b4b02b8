use lambent_types::{Failure, ItemFailure};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use lambent_storage::contract::samples::{name, namespace};

fn outcome() -> impl Strategy<Value = Outcome> {
    let backtrace = || vec(".*", 0..3);
    prop_oneof![
        Just(Outcome::Ok),
        Just(Outcome::Cancelled),
        any::<i32>().prop_map(|code| Outcome::Exited { code }),
        (any::<u64>(), backtrace())
            .prop_map(|(limit, backtrace)| Outcome::OutOfFuel { limit, backtrace }),
        (".*", ".*", backtrace()).prop_map(|(kind, message, trace)| {
            Outcome::FunctionError(Failure { kind, message, trace, retry: Default::default() })
        }),
    ]
}

prop_compose! {
    fn meter()(numbers in any::<[u64; METERS]>(), start in 0..Start::ALL.len()) -> Meter {
        let [fuel, duration_us, memory_bytes, bytes_in, bytes_out] = numbers;
        let start = Start::ALL[start];
        let duration = Duration::from_micros(duration_us);
        Meter { fuel, duration, memory_bytes, bytes_in, bytes_out, start }
    }
}

prop_compose! {
    fn record()(
        id in any::<u128>(),
        version in any::<Option<u64>>(),
        alias in option::of("[A-Za-z][A-Za-z0-9_-]{0,63}"),
        handler in 0..Handler::ALL.len(),
        second in -377_705_023_201_i64..=253_402_207_200,
        nanosecond in 0..=999_999_999,
        outcome in outcome(),
        meter in meter(),
        lines in vec((any::<bool>(), ".*"), 0..3),
        dropped_bytes in any::<u64>(),
        items in option::of((any::<u32>(), ".*", ".*")),
    ) -> InvocationRecord {
        let stream = |stderr| if stderr { LogStream::Stderr } else { LogStream::Stdout };
        let line = |(stderr, text)| LogLine { stream: stream(stderr), text };
        InvocationRecord {
            id: RequestId(Uuid::from_u128(id)),
            namespace: namespace("Ns"),
            function: name("F"),
            version: version.map_or(VersionNumber::Latest, VersionNumber::Number),
            alias: alias.map(|alias| alias.parse().unwrap()),
            handler: Handler::ALL[handler],
            started: Timestamp::new(second, nanosecond).unwrap(),
            outcome,
            meter,
            logs: Logs { lines: lines.into_iter().map(line).collect(), dropped_bytes },
            items: items.map(|(count, kind, message)| BatchItems {
                count,
                failed: 1,
                failures: vec![ItemFailure { id: "m".into(), kind, message }],
            }),
        }
    }
}

fn encode(before: u64, records: &[InvocationRecord]) -> (usize, Vec<u8>) {
    let mut encoder = Encoder::default();
    let count = encoder.fill(before, records.iter()).unwrap();
    (count, encoder.body().to_owned())
}

proptest! {
    #[test]
    fn records_come_back_as_they_were(records in vec(record(), 1..20)) {
        let (count, body) = encode(7, &records);
        prop_assert_eq!(decode(7 + count as u64, &body).unwrap(), &records[..count]);
    }

    #[test]
    fn damage_is_detected(record in record(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (count, mut body) = encode(7, &[record]);
        prop_assert!(decode(count as u64, &body).is_err());
        let place = place.index(body.len());
        body[place] ^= 1 << bit;
        prop_assert!(decode(7 + count as u64, &body).is_err());
        body.truncate(place);
        prop_assert!(decode(7 + count as u64, &body).is_err());
    }
}

fn sample(line: &str) -> InvocationRecord {
    lambent_storage::contract::samples::record(&namespace("ns"), &name("f"), line)
}

#[test]
fn a_block_is_bounded_unless_one_record_is_larger() {
    let records: Vec<_> = [100_000, 100_000, 100_000, 1_000_000, 1]
        .iter()
        .map(|bytes| sample(&"x".repeat(*bytes)))
        .collect();
    let mut written = 0;
    let mut counts = Vec::new();
    while written < records.len() {
        let (count, body) = encode(written as u64, &records[written..]);
        assert!(body.len() <= BYTES_MAX || count == 1);
        let read = decode((written + count) as u64, &body).unwrap();
        assert_eq!(read, records[written..written + count]);
        written += count;
        counts.push(count);
    }
    assert_eq!(counts, [2, 1, 1, 1]);
}

/// Of an invocation that nothing is to be said about little is kept.
#[test]
fn small_records_are_small() {
    let records: Vec<_> = (0..1000)
        .map(|number| InvocationRecord {
            meter: Meter { fuel: 1000 + number % 7, memory_bytes: 1 << 20, ..Meter::default() },
            logs: Logs::default(),
            ..sample("")
        })
        .collect();
    let (count, body) = encode(0, &records);
    assert_eq!(count, 1000);
    assert!(body.len() < 30 * 1000, "{} bytes", body.len());
}

/// What this release writes later ones can read.
#[test]
fn the_format_does_not_change() {
    let mut records = [sample("a line"), sample("an error")];
    for (number, record) in (0x0190_0000_0000_7000_8000_0000_0000_0000_u128..).zip(&mut records) {
        record.id = RequestId(Uuid::from_u128(number));
        record.started = Timestamp::from_second(1_700_000_000).unwrap();
    }
    records[1].version = VersionNumber::Number(3);
    records[1].outcome = Outcome::TimedOut { limit_ms: 10 };
    records[1].logs.lines[0].stream = LogStream::Stderr;
    let former: Vec<u8> = (0..FORMER_GOLDEN.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&FORMER_GOLDEN[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(decode(2, &former).unwrap(), records);
    records[1].alias = Some("Live".parse().unwrap());
    let (_, body) = encode(0, &records);
    let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, GOLDEN);
    assert_eq!(decode(2, &body).unwrap(), records);
}

const GOLDEN: &str = "\
    0214e8a9048c033147aa2226cde50faaa5026e73016601001e776173693a687474702f696e636f6d\
    696e672d68616e646c657240302e320080808080808080808082808780808080a0068080d0e2c6bf\
    ce972f5400000000000001000661206c696e65000101031e776173693a687474702f696e636f6d69\
    6e672d68616e646c657240302e3201044c697665020000000000000001227b226b696e64223a2274\
    696d65642d6f7574222c226c696d69745f6d73223a31307d010108616e206572726f7200";

/// What releases wrote that had no aliases.
const FORMER_GOLDEN: &str = "\
    016fa15dbbe6d20e2b5e774488b64a126c026e73016601001e776173693a687474702f696e636f6d\
    696e672d68616e646c657240302e3280808080808080808082808780808080a0068080d0e2c6bfce\
    972f5400000000000001000661206c696e65000101031e776173693a687474702f696e636f6d696e\
    672d68616e646c657240302e32020000000000000001227b226b696e64223a2274696d65642d6f75\
    74222c226c696d69745f6d73223a31307d010108616e206572726f7200";
