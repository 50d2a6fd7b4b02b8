use comfy_table::{CellAlignment, presets};

use crate::measure::Rounds;

/// The figures of a run, as people read them and as programs do.
pub(crate) struct Table {
    table: comfy_table::Table,
    json: Vec<serde_json::Value>,
}

/// A value with as many digits as are of use.
pub(crate) fn figure(value: f64, unit: &str) -> String {
    match value.abs() {
        least if least >= 1000.0 => format!("{value:.0}{unit}"),
        least if least >= 10.0 => format!("{value:.1}{unit}"),
        _ => format!("{value:.3}{unit}"),
    }
}

impl Table {
    pub(crate) fn new() -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["what", "median", "least – most", "to its baseline", "asked"]);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        Self { table, json: Vec::new() }
    }

    /// A measurement, and how it compares to `baseline`'s value.
    pub(crate) fn row(
        &mut self,
        what: &str,
        rounds: &Rounds,
        unit: &str,
        baseline: Option<(f64, &str)>,
    ) {
        let (least, most) = rounds.range();
        let ratio = baseline.map(|(value, _)| rounds.median() / value);
        let asked = baseline.map_or("", |(_, asked)| asked);
        self.table.add_row([
            what.to_owned(),
            figure(rounds.median(), unit),
            format!("{} – {}", figure(least, ""), figure(most, unit)),
            ratio.map(|ratio| format!("{ratio:.2} ×")).unwrap_or_default(),
            asked.to_owned(),
        ]);
        self.json.push(serde_json::json!({
            "what": what, "median": rounds.median(), "least": least, "most": most,
            "p99": rounds.quantile(0.99), "unit": unit.trim(), "ratio": ratio, "asked": asked,
        }));
    }

    /// A single figure.
    pub(crate) fn value(&mut self, what: &str, value: f64, unit: &str, asked: &str) {
        let cells = [what.to_owned(), figure(value, unit), String::new(), String::new()];
        self.table.add_row(cells.into_iter().chain([asked.to_owned()]));
        self.json.push(serde_json::json!({
            "what": what, "value": value, "unit": unit.trim(), "asked": asked,
        }));
    }

    pub(crate) fn print(&self, json: bool) {
        if json {
            println!("{}", serde_json::Value::from(self.json.clone()));
        } else {
            println!("{}", self.table);
        }
    }
}
