;; A program whose heap goes on where its memory ended when it began, as Go's does, and which uses
;; everything that has to do with addresses. It writes "whole" if all is as it was written.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $arg (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem (i32.const 0) func $random)
  (data (i32.const 256) "whole\nbroken\n")
  (data $passive "passive")
  (global $heap (mut i32) (i32.const 0))
  (type $filler (func (param i32 i32) (result i32)))

  (func $check (param i32)
    (if (i32.eqz (local.get 0)) (then (call $say (i32.const 262) (i32.const 7)) (unreachable))))

  (func $say (param i32 i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
    ;; What was passed is as it was.
    (if (i32.ne (i32.load (i32.const 16)) (local.get 0)) (then (unreachable))))

  (func (export "_start") (local $page i32)
    (global.set $heap (i32.shl (memory.size) (i32.const 16)))
    (call $check (i32.eq (global.get $heap) (i32.const 65536)))
    (loop $next
      (call $check (i32.eq (memory.grow (i32.const 1)) (i32.add (local.get $page) (i32.const 1))))
      (memory.fill (i32.add (global.get $heap) (i32.shl (local.get $page) (i32.const 16)))
        (i32.add (local.get $page) (i32.const 1)) (i32.const 65536))
      ;; The adapter works meanwhile.
      (call $check (i32.eqz
        (call_indirect (type $filler) (i32.const 1024) (i32.const 64) (i32.const 0))))
      (local.set $page (i32.add (local.get $page) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $page) (i32.const 8))))
    (call $check (i32.eq (memory.grow (i32.const 65536)) (i32.const -1)))
    (loop $again
      (local.set $page (i32.sub (local.get $page) (i32.const 1)))
      (call $check (i32.eq
        (i32.load8_u offset=65535 (i32.add (global.get $heap) (i32.shl (local.get $page) (i32.const 16))))
        (i32.add (local.get $page) (i32.const 1))))
      (br_if $again (local.get $page)))
    (memory.copy (i32.const 512) (i32.const 256) (i32.const 5))
    (call $check (i32.eq (i32.load (i32.const 512)) (i32.const 0x6c6f6877)))
    (memory.init $passive (i32.const 600) (i32.const 4) (i32.const 3))
    (call $check (i32.eq (i32.load (i32.const 600)) (i32.const 0x657669)))
    (call $variables)
    (call $arguments)
    (call $input)
    (call $say (i32.const 256) (i32.const 6)))

  ;; The first variable begins where the first address says, which is one of the program.
  (func $variables
    (call $check (i32.eqz (call $sizes (i32.const 32) (i32.const 36))))
    (call $check (i32.eqz (call $environ (i32.const 2048) (i32.const 4096))))
    (if (i32.load (i32.const 32)) (then
      (call $check (i32.eq (i32.load (i32.const 2048)) (i32.const 4096)))
      (call $check (i32.eq (i32.load8_u offset=1 (i32.load (i32.const 2048))) (i32.const 61))))))

  ;; There is one argument, which begins with a letter.
  (func $arguments
    (call $check (i32.eqz (call $args (i32.const 32) (i32.const 36))))
    (call $check (i32.eq (i32.load (i32.const 32)) (i32.const 1)))
    (call $check (i32.eqz (call $arg (i32.const 2048) (i32.const 4096))))
    (call $check (i32.eq (i32.load (i32.const 2048)) (i32.const 4096)))
    (call $check (i32.gt_u (i32.load8_u (i32.const 4096)) (i32.const 64))))

  ;; What is read goes to the first buffer that has room.
  (func $input
    (i32.store (i32.const 48) (i32.const 8192))
    (i32.store (i32.const 52) (i32.const 0))
    (i32.store (i32.const 56) (i32.const 8192))
    (i32.store (i32.const 60) (i32.const 100))
    (call $check (i32.eqz
      (call $read (i32.const 0) (i32.const 48) (i32.const 2) (i32.const 64))))
    (call $check (i32.eq (i32.load (i32.const 56)) (i32.const 8192)))
    (call $check (i32.eq (i32.load8_u (i32.const 8192)) (i32.const 104)))
    (call $say (i32.const 8192) (i32.load (i32.const 64)))))
