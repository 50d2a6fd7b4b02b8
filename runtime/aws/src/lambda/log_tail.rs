//! The end of an invocation's log, as Lambda writes it.

use lambent_types::{Configuration, InvocationRecord, Outcome};

/// Most bytes of it; Lambda's.
const BYTES_MAX: usize = 4096;
const MIB: u64 = 1 << 20;

/// What an invocation wrote, between Lambda's own lines, or the end of it.
pub(super) fn tail(record: &InvocationRecord, configuration: &Configuration) -> String {
    let InvocationRecord { id, version, meter, logs, .. } = record;
    let mut text = format!("START RequestId: {id} Version: {version}\n");
    for line in &logs.lines {
        text.push_str(&line.text);
        text.push('\n');
    }
    if let Outcome::TimedOut { limit_ms } = record.outcome {
        let (time, seconds) = (record.started, limit_ms as f64 / 1000.0);
        text.push_str(&format!("{time} {id} Task timed out after {seconds:.2} seconds\n\n"));
    }
    let milliseconds = meter.duration.as_secs_f64() * 1000.0;
    text.push_str(&format!(
        "END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {milliseconds:.2} ms\tBilled Duration: \
         {:.0} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t\n",
        milliseconds.ceil(),
        configuration.memory_bytes / MIB,
        meter.memory_bytes.div_ceil(MIB),
    ));
    let from = text.len().saturating_sub(BYTES_MAX);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.split_off(from)
}
