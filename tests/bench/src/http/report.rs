//! The figures of HTTP: as a table, and as JSON.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::contender::{Contender, NATIVE};
use super::workload::Workload;
use crate::measure::Rounds;
use crate::table::figure;
use crate::{Failed, machine};

/// What one contender did with one workload and number of clients.
pub(crate) struct Row {
    contender: &'static Contender,
    workload: Workload,
    pub(crate) clients: u32,
    pub(crate) requests: u64,
    /// Log records that were dropped, of nodes.
    pub(crate) dropped: u64,
    /// CPU time of the server for a request.
    pub(crate) cpu_us: Rounds,
    pub(crate) rate: Rounds,
    pub(crate) p50_us: Rounds,
    pub(crate) p99_us: Rounds,
}

/// All that was measured.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    skipped: Vec<Value>,
}

/// A column: its name, and where its figures are.
type Column = (&'static str, fn(&Row) -> &Rounds);

const COLUMNS: [Column; 4] = [
    ("cpu_us", |row| &row.cpu_us),
    ("rate", |row| &row.rate),
    ("p50_us", |row| &row.p50_us),
    ("p99_us", |row| &row.p99_us),
];

impl Row {
    pub(crate) fn new(contender: &'static Contender, workload: Workload, clients: u32) -> Self {
        let none = Rounds::default;
        let (cpu_us, rate, p50_us, p99_us) = (none(), none(), none(), none());
        Self { contender, workload, clients, requests: 0, dropped: 0, cpu_us, rate, p50_us, p99_us }
    }

    pub(crate) fn name(&self) -> String {
        format!("{}, {}, {} clients", self.contender.name, self.workload.name(), self.clients)
    }
}

impl Report {
    /// Adds a row, and tells its number.
    pub(crate) fn add(&mut self, row: Row) -> usize {
        self.rows.push(row);
        self.rows.len() - 1
    }

    pub(crate) fn row(&mut self, number: usize) -> Result<&mut Row, Failed> {
        self.rows.get_mut(number).ok_or_else(|| "no such row".into())
    }

    /// Says that a contender cannot be had, and why.
    pub(crate) fn skip(&mut self, contender: &str, workload: Workload, why: &str) {
        let workload = workload.name();
        eprintln!("skipped: {contender}, {workload}: {why}");
        self.skipped.push(json!({ "contender": contender, "workload": workload, "why": why }));
    }

    /// How a row's figure compares to that of another contender at the same.
    fn ratio(&self, row: &Row, to: Option<&str>, figures: fn(&Row) -> &Rounds) -> Option<f64> {
        let same = |other: &&Row| {
            (other.workload, other.clients) == (row.workload, row.clients)
                && to == Some(other.contender.name)
        };
        let other = self.rows.iter().find(same)?;
        let ratio = figures(row).median() / figures(other).median();
        ratio.is_finite().then_some(ratio)
    }

    pub(crate) fn print(&self) {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        let mut header: Vec<String> = vec!["workload, clients, server".into()];
        for what in ["CPU µs a request", "requests/s", "p50 µs", "p99 µs"] {
            header.extend([what, "native", "wasmtime"].map(ToOwned::to_owned));
        }
        header.push("log records dropped".into());
        table.set_header(header);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for row in self.sorted() {
            table.add_row(self.cells(row));
        }
        println!("{table}");
        let text =
            |skipped: &Value, name: &str| skipped[name].as_str().unwrap_or_default().to_owned();
        let line = |skipped| format!("{}: {}", text(skipped, "contender"), text(skipped, "why"));
        let lines: BTreeSet<_> = self.skipped.iter().map(line).collect();
        for line in lines {
            println!("skipped: {line}");
        }
    }

    /// What is compared stands together.
    fn sorted(&self) -> Vec<&Row> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|row| (row.workload as u8, row.clients));
        rows
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let name = format!("{}, {}, {}", row.workload.name(), row.clients, row.contender.name);
        let mut cells = vec![name];
        let times = |ratio: Option<f64>| ratio.map(|ratio| format!("{ratio:.2} ×"));
        for (_, figures) in COLUMNS {
            let (least, most) = figures(row).range();
            let (least, most) = (figure(least, ""), figure(most, ""));
            cells.push(format!("{} ({least}–{most})", figure(figures(row).median(), "")));
            cells.push(times(self.ratio(row, Some(NATIVE), figures)).unwrap_or_default());
            cells.push(times(self.ratio(row, row.contender.peer, figures)).unwrap_or_default());
        }
        cells.push(row.dropped.to_string());
        cells
    }

    /// All of it, and where it comes from.
    pub(crate) fn json(&self, versions: &Value, settings: &Value) -> Value {
        let rows: Vec<_> = self.sorted().into_iter().map(|row| self.row_json(row)).collect();
        json!({
            "machine": machine::describe(), "versions": versions, "settings": settings,
            "rows": rows, "skipped": self.skipped,
        })
    }

    fn row_json(&self, row: &Row) -> Value {
        let mut json = json!({
            "contender": row.contender.name, "workload": row.workload.name(),
            "clients": row.clients, "requests": row.requests, "logs_dropped": row.dropped,
            "peer": row.contender.peer,
        });
        for (name, figures) in COLUMNS {
            let (least, most) = figures(row).range();
            json[name] = json!({
                "median": figures(row).median(), "least": least, "most": most,
                "to_native": self.ratio(row, Some(NATIVE), figures),
                "to_peer": self.ratio(row, row.contender.peer, figures),
            });
        }
        json
    }
}
