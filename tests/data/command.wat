;; The smallest component that every source of events can call: a command that ends well, and a
;; watcher of keys that does nothing.
(component
  (import "wasi:keyvalue/store@0.2.0-draft2" (instance $store
    (export "bucket" (type (sub resource)))))
  (alias export $store "bucket" (type $bucket))
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
    (func (export "run") (result i32) i32.const 0)
    (func (export "on-set") (param i32 i32 i32 i32 i32))
    (func (export "on-delete") (param i32 i32 i32)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command))
  (func $on-set (param "bucket" (own $bucket)) (param "key" string) (param "value" (list u8))
    (canon lift (core func $i "on-set") (memory $memory) (realloc $realloc)))
  (func $on-delete (param "bucket" (own $bucket)) (param "key" string)
    (canon lift (core func $i "on-delete") (memory $memory) (realloc $realloc)))
  (instance $watcher (export "on-set" (func $on-set)) (export "on-delete" (func $on-delete)))
  (export "wasi:keyvalue/watcher@0.2.0-draft2" (instance $watcher)))
