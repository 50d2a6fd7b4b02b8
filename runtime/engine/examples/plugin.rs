//! A host product that takes plugins: a shop whose discounts are components.
//!
//! It defines a WIT world with one import and one export (prices in cents),
//! loads a plugin, and calls it under limits. Run it with
//! `cargo run --example plugin [plugin.wasm]`.

#![expect(missing_docs, reason = "generated bindings")]

use std::time::Duration;

use lambent_engine::types::Limits;
use lambent_engine::wasmtime::component::{HasSelf, Linker, bindgen};
use lambent_engine::{Capability, Engine, Host, Invocation, Options};

bindgen!({
    inline: r"
        package shop:plugin;
        world discount {
            import price: func(item: u32) -> u32;
            export total: func(item: u32, count: u32) -> u32;
        }
    ",
    exports: { default: async },
    wasmtime_crate: lambent_engine::wasmtime,
});

/// The shop's own state during one call: its prices.
struct Shop([u32; 3]);

impl DiscountImports for Shop {
    fn price(&mut self, item: u32) -> u32 {
        self.0.get(item as usize).copied().unwrap_or(0)
    }
}

/// What the shop lets plugins import.
struct Prices;

impl Capability<Shop> for Prices {
    fn interfaces(&self) -> Vec<String> {
        vec!["price".into()]
    }

    fn link(&self, linker: &mut Linker<Host<Shop>>) -> lambent_engine::wasmtime::Result<()> {
        Discount::add_to_linker::<_, HasSelf<Shop>>(linker, Host::state)
    }
}

/// Half the price from ten on. With an argument, a plugin of your own is taken.
const PLUGIN: &str = include_str!("discount.wat");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plugin = std::env::args().nth(1).map_or_else(|| Ok(PLUGIN.into()), std::fs::read)?;
    let engine = Engine::builder(Options::default()).capability(Prices).build()?;
    let plugin = engine.component(wat::parse_bytes(&plugin)?.into_owned().into()).await?;
    let limits = Limits { fuel: 100_000, timeout: Duration::from_millis(10), ..Limits::default() };
    let call = Invocation::new(Shop([250, 499, 1999])).limits(limits);
    let total = plugin.call(call, |store, instance| {
        Box::pin(async move {
            let discount = Discount::new(&mut *store, &instance)?;
            discount.call_total(store, 1, 12).await
        })
    });
    let finished = total.await?;
    println!("12 of item 1 cost {:?} cents", finished.value);
    println!("{:?}, having used {:?}", finished.outcome, finished.meter);
    Ok(())
}
