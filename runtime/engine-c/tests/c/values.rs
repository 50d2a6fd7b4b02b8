//! Values of every type, through the functions as C calls them.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;

use lambent_engine_c::{
    LambentComponent, LambentEngine, LambentPlugin, LambentReply, lambent_builder_build,
    lambent_builder_import, lambent_builder_new, lambent_bytes_free, lambent_component_free,
    lambent_component_from_bytes, lambent_component_load_signed, lambent_engine_free,
    lambent_last_error, lambent_plugin_call, lambent_plugin_free, lambent_plugin_generation,
    lambent_plugin_new, lambent_precompile_signed, lambent_reply_error, lambent_string_free,
};

/// A component whose `echo` takes one value of a type and returns it, as far as that fits into
/// one value of core WebAssembly.
fn echo(of: &str, core: &str) -> String {
    format!(
        r#"(component
            {of}
            (core module $m (func (export "echo") (param {core}) (result {core}) (local.get 0)))
            (core instance $i (instantiate $m))
            (func (export "echo") (param "value" $t) (result $t) (canon lift (core func $i "echo"))))"#
    )
}

struct Loaded(*mut LambentEngine, *mut LambentComponent, *mut LambentPlugin);

impl Loaded {
    fn new(text: &str) -> Self {
        let wasm = wat::parse_str(text).unwrap();
        // SAFETY: all pointers are those that the functions before have returned.
        unsafe {
            let options = c"{\"instances\": 4}";
            let engine = lambent_builder_build(lambent_builder_new(options.as_ptr()));
            assert!(!engine.is_null(), "{}", last_error());
            let component = lambent_component_from_bytes(engine, wasm.as_ptr(), wasm.len());
            assert!(!component.is_null(), "{}", last_error());
            let plugin = lambent_plugin_new(component, ptr::null());
            assert!(!plugin.is_null(), "{}", last_error());
            Self(engine, component, plugin)
        }
    }

    /// What it is given back as JSON, or the error.
    fn call(&self, path: &str, args: &str) -> Result<serde_json::Value, String> {
        let (path, args) = (CString::new(path).unwrap(), CString::new(args).unwrap());
        // SAFETY: the plugin lives, and the texts do.
        let called = unsafe { lambent_plugin_call(self.2, path.as_ptr(), args.as_ptr()) };
        if called.is_null() {
            return Err(last_error());
        }
        Ok(serde_json::from_str(&take(called)).unwrap())
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: each was made once and is freed once. The order does not matter.
        unsafe {
            lambent_engine_free(self.0);
            lambent_component_free(self.1);
            lambent_plugin_free(self.2);
        }
    }
}

fn last_error() -> String {
    let error = lambent_last_error();
    // SAFETY: it is a text if it is not null.
    if error.is_null() {
        String::new()
    } else {
        unsafe { CStr::from_ptr(error) }.to_str().unwrap().into()
    }
}

fn take(text: *mut c_char) -> String {
    // SAFETY: it is a text of the library's, freed once.
    unsafe {
        let taken = CStr::from_ptr(text).to_str().unwrap().to_owned();
        lambent_string_free(text);
        taken
    }
}

/// Passes values of a type; what comes back is what was passed, or what stands after it.
fn passes(of: &str, core: &str, values: &[&str], refused: &[&str]) {
    let loaded = Loaded::new(&echo(of, core));
    for value in values {
        let (given, expected) = value.split_once(" => ").unwrap_or((value, value));
        let called = loaded.call("echo", &format!("[{given}]"));
        let called = called.unwrap_or_else(|error| panic!("{of} {given}: {error}"));
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(called["value"], expected, "{of} {given}: {called}");
        assert_eq!(called["outcome"]["kind"], "ok");
    }
    for value in refused {
        let error = loaded.call("echo", &format!("[{value}]")).unwrap_err();
        assert!(error.contains("bad-arguments"), "{of} {value}: {error}");
    }
    // SAFETY: the plugin lives.
    assert_eq!(unsafe { lambent_plugin_generation(loaded.2) }, 1, "what is refused runs nothing");
}

#[test]
fn numbers_are_whole_whatever_their_size() {
    let define = |of: &str| format!("(type $t {of})");
    passes("(type $t u8)", "i32", &["0", "255", "\"7\" => 7"], &["256", "-1", "1.5", "null"]);
    passes(&define("s16"), "i32", &["-32768", "32767"], &["32768", "true"]);
    passes(
        &define("u64"),
        "i64",
        &[
            "9007199254740991",
            "9007199254740992 => \"9007199254740992\"",
            "\"18446744073709551615\"",
        ],
        &["\"18446744073709551616\"", "-1", "1e3"],
    );
    passes(&define("s64"), "i64", &["-1", "\"-9223372036854775808\""], &["\"x\""]);
    passes(
        &define("float64"),
        "f64",
        &["0.5", "\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "3 => 3.0"],
        &["\"nan\"", "[]"],
    );
    passes(&define("float32"), "f32", &["0.5", "\"NaN\""], &["true"]);
    passes(&define("bool"), "i32", &["true", "false"], &["1"]);
    passes(&define("char"), "i32", &["\"é\""], &["\"\"", "\"ab\"", "7"]);
}

#[test]
fn what_consists_of_others_is_named_by_its_parts() {
    let named = |of: &str| format!("(type $u {of}) (export $t \"t\" (type $u))");
    passes(&named("(enum \"red\" \"blue\")"), "i32", &["\"blue\""], &["\"green\"", "1"]);
    passes(
        &named("(flags \"a\" \"b\" \"c\")"),
        "i32",
        &["[\"a\",\"c\"]", "[]"],
        &["[\"d\"]", "\"a\""],
    );
    passes(
        &named("(record (field \"x\" u32))"),
        "i32",
        &["{\"x\":7}"],
        &["{}", "{\"x\":7,\"y\":1}", "[7]"],
    );
    passes("(type $t (tuple u32))", "i32", &["[7]"], &["[]", "[7,8]", "7"]);
    passes(
        &named("(variant (case \"off\") (case \"on\"))"),
        "i32",
        &["\"off\"", "\"on\""],
        &["{\"on\":1}", "\"x\""],
    );
    passes(
        "(type $t (result))",
        "i32",
        &["{\"ok\":null}", "{\"err\":null}"],
        &["{\"ok\":1}", "null", "{}"],
    );
}

/// With a memory, in which what does not fit is: the same through a list.
#[test]
fn what_is_in_memory_comes_back() {
    let of = |define: &str, size: u32| {
        format!(
            r#"(component
                {define}
                (type $list (list $t))
                (core module $m
                    (memory (export "memory") 1)
                    (global $free (mut i32) (i32.const 64))
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                        (global.set $free (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
                        (global.get $free)
                        (global.set $free (i32.add (global.get $free) (local.get 3))))
                    (func (export "echo") (param i32 i32) (result i32)
                        (i32.store (i32.const 0) (local.get 0))
                        (i32.store (i32.const 4) (local.get 1))
                        (i32.const 0)))
                (core instance $i (instantiate $m))
                (func (export "echo") (param "values" $list) (result $list)
                    (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
            ;; {size}"#
        )
    };
    let cases = [
        ("(type $t string)", r#"["", "ü", "a\u0000b"]"#),
        ("(type $t (option u32))", "[null, 7]"),
        ("(type $o (option u32)) (type $t (option $o))", r#"[null, {"some": null}, {"some": 7}]"#),
        ("(type $t (result u32 (error string)))", r#"[{"ok": 7}, {"err": "no"}]"#),
        (
            "(type $u (variant (case \"a\" u64) (case \"b\" string) (case \"c\"))) (export $t \"t\" (type $u))",
            r#"[{"a": "18446744073709551615"}, {"b": "x"}, "c"]"#,
        ),
        (
            "(type $u (record (field \"id\" u32) (field \"name\" string) (field \"tags\" (list string)))) (export $t \"t\" (type $u))",
            r#"[{"id": 1, "name": "x", "tags": ["a", "b"]}]"#,
        ),
        ("(type $t (tuple u8 string float64))", r#"[[1, "x", 0.5], [2, "", "NaN"]]"#),
    ];
    for (size, (define, values)) in (0..).zip(cases) {
        let define = define.replace("(list string)", "$strings");
        let define = format!("(type $strings (list string)) {define}");
        let loaded = Loaded::new(&of(&define, size));
        let called = loaded.call("echo", &format!("[{values}]"));
        let called = called.unwrap_or_else(|error| panic!("{define}: {error}"));
        assert_eq!(
            called["value"],
            serde_json::from_str::<serde_json::Value>(values).unwrap(),
            "{called}"
        );
    }
    let loaded = Loaded::new(&of("(type $t string)", 99));
    let error = loaded.call("echo", "[[\"a\", 7]]").unwrap_err();
    assert!(error.contains("values[1] should be string, and is 7"), "{error}");
}

#[test]
fn resources_are_refused_with_a_reason() {
    let loaded = Loaded::new(
        r#"(component
            (type $own (resource (rep i32)))
            (core func $new (canon resource.new $own))
            (core module $m
                (import "" "new" (func $new (param i32) (result i32)))
                (func (export "make") (result i32) (call $new (i32.const 1))))
            (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
            (export $cell "cell" (type $own))
            (func (export "make") (result (own $cell)) (canon lift (core func $i "make"))))"#,
    );
    let error = loaded.call("make", "[]").unwrap_err();
    assert!(error.contains("unsupported-type") && error.contains("resource"), "{error}");
    let error = loaded.call("other", "[]").unwrap_err();
    assert!(error.contains("no-such-export"), "{error}");
}

#[test]
fn null_and_nonsense_are_errors() {
    // SAFETY: null is allowed everywhere, and is answered with an error.
    unsafe {
        assert!(lambent_builder_build(ptr::null_mut()).is_null());
        assert!(last_error().contains("null"));
        assert!(lambent_plugin_call(ptr::null(), c"x".as_ptr(), ptr::null()).is_null());
        assert!(lambent_component_from_bytes(ptr::null(), ptr::null(), 0).is_null());
        assert!(lambent_builder_new(c"{\"instance\": 1}".as_ptr()).is_null());
        assert!(last_error().contains("instance"), "{}", last_error());
        lambent_engine_free(ptr::null_mut());
        lambent_string_free(ptr::null_mut());
    }
}

#[test]
fn what_was_precompiled_is_loaded_with_its_key() {
    let loaded = Loaded::new(&echo("(type $t u32)", "i32"));
    let wasm = wat::parse_str(echo("(type $t u32)", "i32")).unwrap();
    let (key, other) = ([7_u8; 32], [8_u8; 32]);
    // SAFETY: all pointers are the library's or live here.
    unsafe {
        let code = lambent_precompile_signed(loaded.0, wasm.as_ptr(), wasm.len(), key.as_ptr());
        assert!(!code.data.is_null(), "{}", last_error());
        let load = |key: &[u8; 32]| {
            lambent_component_load_signed(loaded.0, code.data, code.length, key.as_ptr())
        };
        assert!(load(&other).is_null());
        assert!(last_error().contains("precompiled"), "{}", last_error());
        let component = load(&key);
        assert!(!component.is_null(), "{}", last_error());
        lambent_component_free(component);
        lambent_bytes_free(code);
    }
}

/// Says with what is no text that it failed.
unsafe extern "C" fn mumbles(_: *mut c_void, _: *const c_char, reply: *mut LambentReply) {
    // SAFETY: the reply is this call's, and the text ends with a zero.
    unsafe { lambent_reply_error(reply, c"\xff".as_ptr()) };
}

#[test]
fn a_failure_that_cannot_be_read_is_no_success() {
    let wasm = wat::parse_str(
        r#"(component
            (import "check" (func $check))
            (core func $check' (canon lower (func $check)))
            (core module $m
                (import "" "check" (func $check))
                (func (export "run") (call $check)))
            (core instance $i (instantiate $m (with "" (instance (export "check" (func $check'))))))
            (func (export "run") (canon lift (core func $i "run"))))"#,
    )
    .unwrap();
    // SAFETY: all pointers are those that the functions before have returned.
    let loaded = unsafe {
        let builder = lambent_builder_new(c"{\"instances\": 4}".as_ptr());
        let name = c"check".as_ptr();
        let added =
            lambent_builder_import(builder, ptr::null(), name, Some(mumbles), ptr::null_mut());
        assert!(added, "{}", last_error());
        let engine = lambent_builder_build(builder);
        let component = lambent_component_from_bytes(engine, wasm.as_ptr(), wasm.len());
        assert!(!component.is_null(), "{}", last_error());
        Loaded(engine, component, lambent_plugin_new(component, ptr::null()))
    };
    let called = loaded.call("run", "[]").unwrap();
    assert_eq!(called["outcome"]["kind"], "host-error", "{called}");
    assert!(called["fuel"].as_u64().unwrap() > 300, "a call of the host costs: {called}");
    assert!(loaded.call("run", "[]").unwrap_err().contains("lost"));
}
