//! The examples run.

#[path = "../../examples/kept.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unfulfilled_lint_expectations,
    reason = "it is a program of its own"
)]
mod kept;
#[path = "../../examples/plugin.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unfulfilled_lint_expectations,
    reason = "it is a program of its own"
)]
mod plugin;
#[path = "../../examples/reload.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unfulfilled_lint_expectations,
    reason = "it is a program of its own"
)]
mod reload;

#[tokio::test]
async fn a_host_product_on_one_page() {
    plugin::run(None).await.unwrap();
}

#[test]
fn a_plugin_that_keeps_carts() {
    kept::main().unwrap();
}

#[test]
fn a_plugin_that_is_replaced_while_the_host_runs() {
    reload::main().unwrap();
}
