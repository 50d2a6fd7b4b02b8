//! What a guest's read of a hot key costs above any call to the host.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use lambent_capabilities::{Ctx, Network, Shared};
use lambent_engine::{Component, Invocation};
use lambent_service::DataPlane;
use lambent_storage::{Change, SetOptions};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{Event, Handler, Limits, Origin, Outcome, SystemClock, occurrence};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::measure::Rounds;
use crate::{Failed, Table};

const TIMES: u32 = 20_000;
const ROUNDS: usize = 15;

struct Guest {
    component: Component<Ctx>,
    shared: Arc<Shared>,
}

impl Guest {
    /// Microseconds of one of many calls: a run with many, less one with none.
    async fn each(&self, call: &str) -> Result<f64, Failed> {
        let none = self.run(call, 0).await?;
        Ok((self.run(call, TIMES).await? - none) / f64::from(TIMES))
    }

    async fn run(&self, call: &str, times: u32) -> Result<f64, Failed> {
        let mut function = crate::sample::head(&"bench".parse()?, &"f".parse()?);
        function.configuration.grants =
            serde_json::from_value(json!({ "keyspaces": { "hot": "read" } }))?;
        let ctx = Ctx::new(self.shared.clone(), Arc::new(function), Origin::default());
        let limits = Limits { fuel: u64::MAX / 2, ..Limits::default() };
        let invocation = Invocation::new(ctx).limits(limits);
        let calls = json!([{
            "use": "keyvalue2", "store": "hot", "do": call, "key": "key", "times": times,
        }]);
        let any = occurrence::schedule(&"bench".parse()?, None, Timestamp::UNIX_EPOCH);
        let content_type = Some("application/json".into());
        let event = Event { content_type, data: serde_json::to_vec(&calls)?.into(), ..any };
        let began = Instant::now();
        let end =
            lambent_capabilities::event(&self.component, invocation, Handler::Event, event).await?;
        let took = began.elapsed().as_secs_f64() * 1e6;
        if end.outcome != Outcome::Ok {
            return Err(format!("the guest ended with {:?}", end.outcome).into());
        }
        let answers: Vec<Value> = serde_json::from_slice(&end.value.unwrap_or_default().data)?;
        if answers != [json!({ "ok": times })] {
            return Err(format!("not every call was answered: {answers:?}").into());
        }
        Ok(took)
    }
}

pub(crate) async fn run(directory: &Path, table: &mut Table) -> Result<(), Failed> {
    let data = DataDir::open(directory.join("keyvalue"))?;
    let stores = lambent_storage_embedded::open(&data, Options::default(), Arc::new(SystemClock))?;
    let (ns, keyspace) = ("bench".parse()?, "hot".parse()?);
    stores.keyvalue.create_keyspace(&ns, &keyspace).await?;
    let (value, options) = ("value".into(), SetOptions::default());
    let set = vec![Change::Set { key: "key".into(), value, options }];
    stores.keyvalue.apply(&ns, &keyspace, set, &Origin::default()).await?;
    let options = lambent_engine::Options { instances: 10, ..Default::default() };
    let engine = lambent_capabilities::engine(options).build()?;
    let component =
        engine.component(lambent_test_support::guest_bytes("guest-capabilities").into());
    let network = Network::system()?;
    let data = Arc::new(DataPlane::new(stores, CancellationToken::new()));
    let shared = Shared::new(data, network, [0; 32]);
    let guest = Guest { component: component.await?, shared: Arc::new(shared) };
    let (mut empty, mut get, mut above) = (Rounds::default(), Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        let (least, read) = (guest.each("clock-often").await?, guest.each("get-often").await?);
        empty.push(least);
        get.push(read);
        above.push(read - least);
    }
    table.row("an empty host call", &empty, " µs", None);
    table.row("keyvalue.get of a hot key", &get, " µs", None);
    table.value("keyvalue.get above an empty host call", above.median(), " µs", "≤ 5");
    Ok(())
}
