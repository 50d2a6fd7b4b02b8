use std::time::Duration;

/// Durations of one thing, one per round.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    fn quantile(&self, q: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted[((sorted.len() - 1) as f64 * q).round() as usize]
    }

    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    /// The median of the rounds' quotients: each round against its neighbour.
    pub(crate) fn over(&self, other: &Self) -> f64 {
        let mut ratios: Vec<_> =
            self.0.iter().zip(&other.0).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }
}

/// The rows to print.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 4]>);

impl Table {
    pub(crate) fn row(&mut self, what: &str, samples: &Samples, ratio: Option<f64>) {
        self.0.push([
            what.to_owned(),
            format!("{:.1?}", samples.median()),
            format!("{:.1?} – {:.1?}", samples.quantile(0.0), samples.quantile(1.0)),
            ratio.map(|ratio| format!("{ratio:.2} ×")).unwrap_or_default(),
        ]);
    }

    pub(crate) fn print(&self) {
        println!("| what | median | least – most | to bare wasmtime |\n|---|---|---|---|");
        for [what, median, range, ratio] in &self.0 {
            println!("| {what} | {median} | {range} | {ratio} |");
        }
    }
}
