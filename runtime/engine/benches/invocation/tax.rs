//! What metering takes of a guest that computes.

use std::time::Instant;

use lambent_engine::Options;
use lambent_test_support::guest_bytes;

use crate::baseline::{Baseline, Meter};
use crate::measure::{Samples, Table};

const ROUNDS: usize = 20;

/// The meters, and what they are called in the table.
const METERS: [(Meter, &str); 4] = [
    (Meter::None, "no meter"),
    (Meter::Fuel(false), "fuel, without yields"),
    (Meter::Fuel(true), "fuel, as the engine has it"),
    (Meter::Epoch, "epochs"),
];

pub(crate) async fn run(table: &mut Table, options: &Options) {
    let wasm = guest_bytes("guest-probe");
    let uri = "http://cpu.localhost/hash?kib=1024&seed=1".parse().expect("a uri");
    let contenders = METERS.map(|(meter, _)| Baseline::new(options, &wasm, meter));
    let mut samples: [Samples; METERS.len()] = Default::default();
    // The first round warms all up and is not counted.
    for round in 0..=ROUNDS {
        for (baseline, samples) in contenders.iter().zip(&mut samples) {
            let began = Instant::now();
            baseline.invoke(&uri).await;
            if round > 0 {
                samples.push(began.elapsed());
            }
        }
    }
    let [none, ..] = &samples;
    for ((meter, name), taken) in METERS.iter().zip(&samples) {
        let ratio = (*meter != Meter::None).then(|| taken.over(none));
        table.row(&format!("hash 1 MiB, {name}"), taken, ratio);
    }
}
