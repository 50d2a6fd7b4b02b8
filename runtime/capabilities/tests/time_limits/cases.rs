//! What takes time and is no host function.

use std::time::Duration;

use lambent_types::Outcome;

use crate::stage::Stage;

/// Two components in one: the first calls the second with a value of type `ty`,
/// whose text has another encoding there, without end. `flat` are the values
/// that are passed.
fn between(ty: &str, encoding: &str, fill: &str, flat: &str) -> String {
    format!(
        r#"(component
        (component $callee
            (core module $m
                (memory (export "memory") 800)
                (global $next (mut i32) (i32.const 4096))
                (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
                    (if (i32.gt_u (local.get $size) (i32.sub (i32.const 52000000) (global.get $next)))
                        (then (global.set $next (i32.const 4096))))
                    (global.get $next)
                    (global.set $next (i32.and (i32.const -16)
                        (i32.add (i32.const 15) (i32.add (global.get $next) (local.get $size))))))
                (func (export "take") (param i32 i32)))
            (core instance $i (instantiate $m))
            (func (export "take") (param "value" {ty}) (canon lift (core func $i "take")
                string-encoding={encoding} (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
        (instance $callee (instantiate $callee))
        (component $caller
            (import "take" (func $take (param "value" {ty})))
            (core module $memory (memory (export "memory") 400))
            (core instance $memory (instantiate $memory))
            (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
            (core module $m
                (import "" "take" (func $take (param i32 i32)))
                (import "" "memory" (memory 400))
                (func (export "run") (param $index i32) (param $size i32) (local $at i32)
                    {fill}
                    (loop $again (call $take {flat}) (br $again))))
            (core instance $i (instantiate $m (with "" (instance
                (export "take" (func $take)) (export "memory" (memory $memory "memory"))))))
            (func (export "run") (param "index" u32) (param "size" u32)
                (canon lift (core func $i "run"))))
        (instance $caller (instantiate $caller (with "take" (func $callee "take"))))
        (export "run" (func $caller "run")))"#
    )
}

/// One core module; `$host` is a host function that takes nothing.
fn alone(functions: &str, lift: &str) -> String {
    format!(
        r#"(component
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
        (core func $now (canon lower (func $clock "now")))
        (core module $m
            (import "" "now" (func $now (result i64)))
            (memory (export "memory") 1600)
            (table $table 1 100000 funcref)
            {functions})
        (core instance $i (instantiate $m (with "" (instance (export "now" (func $now))))))
        (func (export "run") (param "index" u32) (param "size" u32)
            (canon lift (core func $i "run") {lift})))"#
    )
}

const TEXT: &str = "(memory.fill (i32.const 0) (i32.const 97) (local.get $size))";
const TEXT_FLAT: &str = "(i32.const 0) (local.get $size)";

/// Elements of eight bytes: texts of one letter.
const LIST: &str = "(loop $next
    (i32.store (local.get $at) (i32.const 0))
    (i32.store offset=4 (local.get $at) (i32.const 1))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $size))))";
const LIST_FLAT: &str = "(i32.const 0) (i32.div_u (local.get $size) (i32.const 8))";

const IDLE: &str = r#"(func (export "run") (param i32 i32))"#;

fn forever(body: &str) -> String {
    format!(
        r#"(func (export "run") (param i32) (param $size i32) (loop $again {body} (br $again)))"#
    )
}

/// What never ends by itself.
fn endless() -> Vec<(&'static str, String)> {
    let spin = "(loop $again (drop (call $now)) (br $again))";
    let fill = "(memory.fill (i32.const 0) (i32.const 1) (i32.const 104857600))";
    let copy = "(memory.copy (i32.const 4096) (i32.const 0) (i32.const 104800000))";
    let table = "(drop (table.grow $table (ref.null func) (i32.const 99999)))
        (table.fill $table (i32.const 0) (ref.null func) (table.size $table))";
    vec![
        ("transcoding to UTF-16", between("string", "utf16", TEXT, TEXT_FLAT)),
        ("transcoding to Latin-1", between("string", "latin1+utf16", TEXT, TEXT_FLAT)),
        ("copying a text", between("string", "utf8", TEXT, TEXT_FLAT)),
        ("copying a list", between("(list u8)", "utf8", "", TEXT_FLAT)),
        ("a list of texts", between("(list string)", "utf16", LIST, LIST_FLAT)),
        ("memory.fill", alone(&forever(fill), "")),
        ("memory.copy", alone(&forever(copy), "")),
        ("table.fill", alone(&forever(table), "")),
        ("memory.grow", alone(&forever("(drop (memory.grow (i32.const 1)))"), "")),
        ("a start function", alone(&format!("(func $start {spin}) (start $start) {IDLE}"), "")),
        (
            "post-return",
            alone(
                &format!("(func (export \"after\") (loop $again {fill} (br $again))) {IDLE}"),
                "(post-return (core func $i \"after\"))",
            ),
        ),
        ("a destructor", destructor()),
        ("the allocator that the host calls", allocator()),
        ("as many handles as there may be", handles()),
    ]
}

/// A resource of the guest whose destructor does not return.
fn destructor() -> String {
    r#"(component
        (core module $own
            (memory 1600)
            (func (export "drop") (param i32)
                (loop $again
                    (memory.fill (i32.const 0) (i32.const 1) (i32.const 10485760))
                    (br $again))))
        (core instance $own (instantiate $own))
        (type $resource (resource (rep i32) (dtor (core func $own "drop"))))
        (core func $new (canon resource.new $resource))
        (core func $drop (canon resource.drop $resource))
        (core module $m
            (import "" "new" (func $new (param i32) (result i32)))
            (import "" "drop" (func $drop (param i32)))
            (func (export "run") (param i32 i32) (call $drop (call $new (i32.const 1)))))
        (core instance $i (instantiate $m (with "" (instance
            (export "new" (func $new)) (export "drop" (func $drop))))))
        (func (export "run") (param "index" u32) (param "size" u32)
            (canon lift (core func $i "run"))))"#
        .into()
}

/// The host calls the guest for room, and the guest does not return.
fn allocator() -> String {
    r#"(component
        (import "wasi:random/random@0.2.0" (instance $random
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
        (core module $memory
            (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (loop $again (br $again)) unreachable))
        (core instance $memory (instantiate $memory))
        (core func $get (canon lower (func $random "get-random-bytes")
            (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
        (core module $m
            (import "" "get" (func $get (param i64 i32)))
            (func (export "run") (param i32 i32) (call $get (i64.const 8) (i32.const 64))))
        (core instance $i (instantiate $m (with "" (instance (export "get" (func $get))))))
        (func (export "run") (param "index" u32) (param "size" u32)
            (canon lift (core func $i "run"))))"#
        .into()
}

/// Holds 450 timers when its time is over, each of which is two resources of the
/// host, and all of them go with the store.
fn handles() -> String {
    r#"(component
        (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (alias outer 1 $pollable (type $outer))
            (export "pollable" (type $own (eq $outer)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $own))))))
        (core func $subscribe (canon lower (func $clock "subscribe-duration")))
        (core module $m
            (import "" "subscribe" (func $subscribe (param i64) (result i32)))
            (func (export "run") (param i32 i32) (local $left i32)
                (local.set $left (i32.const 450))
                (loop $next
                    (drop (call $subscribe (i64.const 1000000000000)))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if $next (local.get $left)))
                (loop $again (br $again))))
        (core instance $i (instantiate $m (with "" (instance
            (export "subscribe" (func $subscribe))))))
        (func (export "run") (param "index" u32) (param "size" u32)
            (canon lift (core func $i "run"))))"#
        .into()
}

#[test]
fn whatever_else_takes_time_ends_too() {
    // Long enough to have touched all of its memory by then, which takes a while.
    let stage = Stage::new(Duration::from_millis(500));
    let mut figures = Vec::new();
    for (name, text) in endless() {
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let component = stage.component(wasm);
        let (size, outcome) = stage.largest(&component, 0);
        assert!(matches!(outcome, Outcome::TimedOut { .. }), "{name}: {outcome:?}");
        figures.push((name.to_owned(), size, outcome));
    }
    // A deep stack is walked when it overflows; this ends by itself.
    let recursion =
        format!("(func $down (call $down) (drop (call $now))) {}", forever("(call $down)"));
    let component = stage.component(wat::parse_str(alone(&recursion, "")).unwrap());
    let (size, outcome) = stage.largest(&component, 0);
    assert!(matches!(outcome, Outcome::Trapped { .. }), "{outcome:?}");
    figures.push(("a trap in a deep stack".into(), size, outcome));
    stage.judge(&figures);
}
