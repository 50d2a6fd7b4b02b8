//! A host product whose plugin keeps state: carts that live in the plugin, which looks prices up
//! in the shop. The host's side of the import is async, the carts are a resource of the plugin's,
//! and the plugin is one instance with a queue of calls.
//!
//! Run it with `cargo run --example kept`.

#![expect(missing_docs, reason = "generated bindings")]

use std::time::Duration;

use lambent_engine::wasmtime::Result;
use lambent_engine::wasmtime::component::{HasSelf, Linker, ResourceAny, bindgen};
use lambent_engine::{
    CallError, Capability, Completed, Engine, Host, Invocation, Options, Plugin, PluginOptions,
};

bindgen!({
    inline: r"
        package shop:plugin;
        interface carts {
            resource cart {
                constructor();
                add: func(item: u32);
                total: func() -> u32;
            }
        }
        world keeper {
            import price: func(item: u32) -> u32;
            export carts;
        }
    ",
    imports: { default: async },
    exports: { default: async },
    wasmtime_crate: lambent_engine::wasmtime,
});

/// The shop's own state during one call: its prices, which take a while to look up.
struct Shop([u32; 3]);

impl KeeperImports for Shop {
    async fn price(&mut self, item: u32) -> u32 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.0.get(item as usize).copied().unwrap_or(0)
    }
}

struct Prices;

impl Capability<Shop> for Prices {
    fn interfaces(&self) -> Vec<String> {
        vec!["price".into()]
    }

    fn link(&self, linker: &mut Linker<Host<Shop>>) -> Result<()> {
        Keeper::add_to_linker::<_, HasSelf<Shop>>(linker, Host::state)
    }
}

/// What the shop calls its plugin with. A cart is a handle that belongs to the instance which
/// made it, and is of no use to another.
struct Carts(Plugin<Shop>);

impl Carts {
    async fn open(&self) -> Result<Completed<ResourceAny>, CallError> {
        let open = self.0.call(|store, instance| {
            Box::pin(async move {
                let keeper = Keeper::new(&mut *store, &instance)?;
                keeper.shop_plugin_carts().cart().call_constructor(store).await
            })
        });
        open.await
    }

    async fn add(&self, cart: ResourceAny, item: u32) -> Result<Completed<()>, CallError> {
        let add = self.0.call(move |store, instance| {
            Box::pin(async move {
                let keeper = Keeper::new(&mut *store, &instance)?;
                keeper.shop_plugin_carts().cart().call_add(store, cart, item).await
            })
        });
        add.await
    }

    /// The total, after which the cart is gone.
    async fn check_out(&self, cart: ResourceAny) -> Result<Completed<u32>, CallError> {
        let check_out = self.0.call(move |store, instance| {
            Box::pin(async move {
                let keeper = Keeper::new(&mut *store, &instance)?;
                let total = keeper.shop_plugin_carts().cart().call_total(&mut *store, cart).await?;
                cart.resource_drop_async(store).await?;
                Ok(total)
            })
        });
        check_out.await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder(Options::default()).capability(Prices).build()?;
    let component = engine.component(wat::parse_str(PLUGIN)?.into()).await?;
    let options = PluginOptions::default();
    let carts = Carts(component.plugin(options, || Invocation::new(Shop([250, 499, 1999]))));

    let (mine, yours) = tokio::try_join!(carts.open(), carts.open())?;
    let (mine, yours) = (mine.finished.into_result()?, yours.finished.into_result()?);
    // They wait for each other, as there is one instance.
    tokio::try_join!(carts.add(mine, 0), carts.add(yours, 1), carts.add(mine, 2))?;
    for (of, cart) in [("mine", mine), ("yours", yours)] {
        let total = carts.check_out(cart).await?.finished.into_result()?;
        println!("{of}: {total} cents");
    }

    // The plugin fails, and with it all that it kept. Nobody gets a new one unawares.
    if let Err(failed) = carts.check_out(mine).await?.finished.into_result() {
        println!("a cart that is gone: {failed}");
    }
    if let Err(told) = carts.open().await {
        println!("the next call: {told}");
        carts.0.restart().await?;
    }
    let again = carts.open().await?;
    println!("after a restart: instance {}", again.generation);
    Ok(())
}

/// Each cart is four bytes of memory, which hold its total.
const PLUGIN: &str = r#"(component
    (import "price" (func $price (param "item" u32) (result u32)))
    (core func $price' (canon lower (func $price)))
    (type $cart (resource (rep i32)))
    (core func $new (canon resource.new $cart))
    (core module $m
        (import "" "price" (func $price (param i32) (result i32)))
        (import "" "new" (func $new (param i32) (result i32)))
        (memory 1)
        (global $last (mut i32) (i32.const 0))
        (func (export "open") (result i32)
            (global.set $last (i32.add (global.get $last) (i32.const 4)))
            (call $new (global.get $last)))
        (func (export "add") (param $cart i32) (param $item i32)
            (i32.store (local.get $cart)
                (i32.add (i32.load (local.get $cart)) (call $price (local.get $item)))))
        (func (export "total") (param $cart i32) (result i32) (i32.load (local.get $cart))))
    (core instance $i (instantiate $m (with "" (instance
        (export "price" (func $price')) (export "new" (func $new))))))
    (func $open (result (own $cart)) (canon lift (core func $i "open")))
    (func $add (param "self" (borrow $cart)) (param "item" u32) (canon lift (core func $i "add")))
    (func $total (param "self" (borrow $cart)) (result u32) (canon lift (core func $i "total")))
    (component $interface
        (import "cart" (type $cart (sub resource)))
        (import "open" (func $open (result (own $cart))))
        (import "add" (func $add (param "self" (borrow $cart)) (param "item" u32)))
        (import "total" (func $total (param "self" (borrow $cart)) (result u32)))
        (export $shown "cart" (type $cart))
        (export "[constructor]cart" (func $open) (func (result (own $shown))))
        (export "[method]cart.add" (func $add)
            (func (param "self" (borrow $shown)) (param "item" u32)))
        (export "[method]cart.total" (func $total)
            (func (param "self" (borrow $shown)) (result u32))))
    (instance $carts (instantiate $interface
        (with "cart" (type $cart)) (with "open" (func $open))
        (with "add" (func $add)) (with "total" (func $total))))
    (export "shop:plugin/carts" (instance $carts)))"#;
