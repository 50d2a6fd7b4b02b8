//! Charts of what `cargo figures http` wrote.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use lambent_test_support::root;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde_json::Value;

use crate::Failed;
use crate::table::figure;

/// Draw the figures of HTTP as bars, in SVG
///
/// One file for each workload, number of clients, and of CPU time a request
/// and throughput.
#[derive(Debug, Args)]
pub(crate) struct ChartsArgs {
    /// What `cargo figures http` wrote [default: target/figures/http.json]
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    /// Where the charts go [default: target/figures]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// The member of a row that is drawn, and what it is.
const METRICS: [(&str, &str); 2] =
    [("cpu_us", "CPU time of the server, µs a request"), ("rate", "requests a second")];

const WIDTH: i32 = 900;
const HEAD: i32 = 64;
/// Of one bar, with the space to the next.
const BAR: i32 = 28;
/// Where bars begin, and how far they may go: their figures come behind.
const LEFT: i32 = 180;
const RIGHT: i32 = 690;

/// One bar.
struct Bar {
    name: String,
    median: f64,
    least: f64,
    most: f64,
}

pub(crate) fn run(args: &ChartsArgs) -> Result<(), Failed> {
    let figures = root().join("target/figures");
    let input = args.input.clone().unwrap_or_else(|| figures.join("http.json"));
    let output = args.output.clone().unwrap_or(figures);
    let text = std::fs::read(&input).map_err(|error| format!("{}: {error}", input.display()))?;
    let report: Value = serde_json::from_slice(&text)?;
    let rows = report["rows"].as_array().ok_or("no rows")?;
    std::fs::create_dir_all(&output)?;
    let group = |row: &Value| {
        let workload = row["workload"].as_str().unwrap_or_default().to_owned();
        (workload, row["clients"].as_u64().unwrap_or_default())
    };
    let groups: BTreeSet<_> = rows.iter().map(group).collect();
    let from = origin(&report);
    for (workload, clients) in groups {
        for (metric, unit) in METRICS {
            let same = rows.iter().filter(|row| group(row) == (workload.clone(), clients));
            let bars: Vec<_> = same.filter_map(|row| bar(row, metric)).collect();
            let path = output.join(format!("{workload}-{clients}-{metric}.svg"));
            draw(&path, &[&format!("{workload}, {clients} clients: {unit}"), &from], &bars)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            println!("{}", path.display());
        }
    }
    Ok(())
}

/// Where the figures come from, in a line.
fn origin(report: &Value) -> String {
    let machine = &report["machine"];
    let text = |name: &str| machine[name].as_str().unwrap_or_default();
    let date = text("date").split('T').next().unwrap_or_default();
    format!("{}, {} cores, Linux {}, {date}", text("cpu"), machine["cores"], text("kernel"))
}

fn bar(row: &Value, metric: &str) -> Option<Bar> {
    let value = |name: &str| row[metric][name].as_f64();
    let name = row["contender"].as_str()?.to_owned();
    Some(Bar { name, median: value("median")?, least: value("least")?, most: value("most")? })
}

/// What is alike has one colour.
fn colour(name: &str) -> RGBColor {
    match name.split('-').next() {
        Some("lambent") => RGBColor(38, 99, 201),
        Some("wasmtime") => RGBColor(222, 140, 40),
        Some("workerd") => RGBColor(86, 150, 80),
        _ => RGBColor(140, 140, 140),
    }
}

fn draw(path: &Path, title: &[&str; 2], bars: &[Bar]) -> Result<(), Failed> {
    let height = HEAD + BAR * i32::try_from(bars.len())? + 10;
    let size = (u32::try_from(WIDTH)?, u32::try_from(height)?);
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    let style = |size: i32, horizontal| {
        let anchor = Pos::new(horizontal, VPos::Center);
        TextStyle::from(("sans-serif", size).into_font()).pos(anchor)
    };
    area.draw_text(title[0], &style(18, HPos::Left), (10, 20))?;
    area.draw_text(title[1], &style(12, HPos::Left), (10, 42))?;
    let most = bars.iter().map(|bar| bar.most).fold(f64::MIN_POSITIVE, f64::max);
    let at = |value: f64| LEFT + (f64::from(RIGHT - LEFT) * value / most).round() as i32;
    let mut top = HEAD;
    for bar in bars {
        let middle = top + BAR / 2;
        let corners = [(LEFT, top + 4), (at(bar.median), top + BAR - 4)];
        area.draw(&Rectangle::new(corners, colour(&bar.name).filled()))?;
        let ends = vec![(at(bar.least), middle), (at(bar.most), middle)];
        area.draw(&PathElement::new(ends, BLACK.stroke_width(2)))?;
        area.draw_text(&bar.name, &style(13, HPos::Right), (LEFT - 8, middle))?;
        let (least, most) = (figure(bar.least, ""), figure(bar.most, ""));
        let text = format!("{} ({least}–{most})", figure(bar.median, ""));
        area.draw_text(&text, &style(13, HPos::Left), (at(bar.most) + 8, middle))?;
        top += BAR;
    }
    area.present()?;
    Ok(())
}
