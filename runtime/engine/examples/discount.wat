(component
    (import "price" (func $price (param "item" u32) (result u32)))
    (core func $price' (canon lower (func $price)))
    (core module $m
        (import "" "price" (func $price (param i32) (result i32)))
        (func (export "total") (param $item i32) (param $count i32) (result i32)
            (i32.div_u (i32.mul (call $price (local.get $item)) (local.get $count))
                (select (i32.const 2) (i32.const 1) (i32.ge_u (local.get $count) (i32.const 10))))))
    (core instance $i (instantiate $m (with "" (instance (export "price" (func $price'))))))
    (func (export "total") (param "item" u32) (param "count" u32) (result u32)
        (canon lift (core func $i "total"))))
