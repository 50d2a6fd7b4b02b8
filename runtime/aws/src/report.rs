//! The lines of an invocation as Lambda logs them: what the function wrote, between Lambda's own.

use lambent_types::{InvocationRecord, Outcome};

const MIB: u64 = 1 << 20;

/// The lines of an invocation, each with its end.
pub(crate) fn lines(record: &InvocationRecord, memory_bytes: u64) -> Vec<String> {
    let InvocationRecord { id, version, meter, logs, .. } = record;
    let mut lines = vec![format!("START RequestId: {id} Version: {version}\n")];
    lines.extend(logs.lines.iter().map(|line| format!("{}\n", line.text)));
    if let Outcome::TimedOut { limit_ms } = record.outcome {
        let (time, seconds) = (record.started, limit_ms as f64 / 1000.0);
        let text = format!("{time} {id} Task timed out after {seconds:.2} seconds\n\n");
        lines.push(text);
    }
    lines.push(format!("END RequestId: {id}\n"));
    let milliseconds = meter.duration.as_secs_f64() * 1000.0;
    let report = format!(
        "REPORT RequestId: {id}\tDuration: {milliseconds:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: \
         {} MB\tMax Memory Used: {} MB\t\n",
        milliseconds.ceil(),
        memory_bytes / MIB,
        meter.memory_bytes.div_ceil(MIB),
    );
    lines.push(report);
    lines
}
