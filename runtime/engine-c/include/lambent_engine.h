// The engine of Lambent for hosts that call C. Made by cbindgen from runtime/engine-c/src.
//
// A pointer that is returned is freed with the function that its type has for that, once, and not
// used after that. Texts are UTF-8 and end with a byte 0. A function that fails returns null, or
// false, and then lambent_last_error() says why. Engines, components and plugins may be used by
// several threads at once, builders by one.

#ifndef LAMBENT_ENGINE_H
#define LAMBENT_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The version of what this library's functions take and do; it grows when something is not as
// it was. A host compares it with `LAMBENT_ABI_VERSION` of the header that it was compiled with.
#define LAMBENT_ABI_VERSION 1

// What an engine is built with.
typedef struct LambentBuilder LambentBuilder;

// A component that is compiled and linked.
typedef struct LambentComponent LambentComponent;

// Compiles components and runs plugins.
typedef struct LambentEngine LambentEngine;

// One kept instance of a component, which calls are made to one after the other.
typedef struct LambentPlugin LambentPlugin;

// What a function of the host returns.
typedef struct LambentReply LambentReply;

// Bytes that belong to the library.
typedef struct LambentBytes {
  // The first of them, or null.
  uint8_t *data;
  // How many there are.
  size_t length;
} LambentBytes;

// A function of the host. It is given what it was defined with, the arguments as a JSON array,
// which is valid until it returns, and a reply, to which it says once what it returns. It is
// called on the thread that calls the plugin. Of this library it may call nothing but `lambent_reply_value` and
// `lambent_reply_error`; another thread may.
typedef void (*LambentFunction)(void *user_data, const char *args, struct LambentReply *reply);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library.
uint32_t lambent_abi_version(void);

// Why the last function that this thread called has failed, as `{"code": …, "message": …}`; null
// if it has not. Valid until this thread calls another function.
const char *lambent_last_error(void);

// Frees a text that a function has returned, unless it says otherwise.
//
// # Safety
// It is one, or null, and was not freed before.
void lambent_string_free(char *text);

// Frees bytes that a function has returned.
//
// # Safety
// They are such, and were not freed before.
void lambent_bytes_free(struct LambentBytes bytes);

// Compiles a component, or a core module of WASI preview 1, and links it. The bytes are copied.
//
// # Safety
// `engine` is one; there are `length` bytes at `data`.
struct LambentComponent *lambent_component_from_bytes(const struct LambentEngine *engine,
                                                      const uint8_t *data,
                                                      size_t length);

// Does the same with a file.
//
// # Safety
// `engine` is one; `path` is a text.
struct LambentComponent *lambent_component_from_file(const struct LambentEngine *engine,
                                                     const char *path);

// Compiles a component to bytes that `lambent_component_load_signed` loads with the same key, of
// 32 bytes, in a process with the same version of this library on a machine of the same kind.
// The `data` of what is returned is null if that fails.
//
// # Safety
// `engine` is one; there are `length` bytes at `data` and 32 at `secret`.
struct LambentBytes lambent_precompile_signed(const struct LambentEngine *engine,
                                              const uint8_t *data,
                                              size_t length,
                                              const uint8_t *secret);

// Links a component that was precompiled and signed with this key.
//
// # Safety
// `engine` is one; there are `length` bytes at `data` and 32 at `secret`.
struct LambentComponent *lambent_component_load_signed(const struct LambentEngine *engine,
                                                       const uint8_t *data,
                                                       size_t length,
                                                       const uint8_t *secret);

// The functions that a component exports, with their types, as a JSON array.
//
// # Safety
// `component` is one.
char *lambent_component_exports(const struct LambentComponent *component);

// Frees a component.
//
// # Safety
// `component` is one, or null, and is not used again.
void lambent_component_free(struct LambentComponent *component);

// Begins to build an engine. `options` is null or
// `{"instances": 1000, "without_wasi": false}`, of which each may be left out.
//
// # Safety
// `options` is null or a text.
struct LambentBuilder *lambent_builder_new(const char *options);

// Defines a function that plugins may import: `name` of the interface `interface`, such as
// `shop:plugin/prices@1.0.0`, or of the world itself if that is null.
//
// # Safety
// `builder` is one. `function` can be called with `user_data` from each thread that calls a
// plugin, as long as anything made of the engine lives, and does not unwind.
bool lambent_builder_import(struct LambentBuilder *builder,
                            const char *interface,
                            const char *name,
                            LambentFunction function,
                            void *user_data);

// Builds the engine. The builder is gone after that, whether or not it succeeds.
//
// # Safety
// `builder` is one.
struct LambentEngine *lambent_builder_build(struct LambentBuilder *builder);

// Frees a builder of which no engine was made.
//
// # Safety
// `builder` is one, or null, and is not used again.
void lambent_builder_free(struct LambentBuilder *builder);

// Frees an engine.
//
// # Safety
// `engine` is one, or null, and is not used again.
void lambent_engine_free(struct LambentEngine *engine);

// Says that a function of the host returns a value, as JSON. The text is copied.
//
// # Safety
// `reply` is what the function was given; `json` is a text.
void lambent_reply_value(struct LambentReply *reply, const char *json);

// Says that a function of the host fails, and why: the plugin ends, and its call has the outcome
// `host-error`. The text is copied.
//
// # Safety
// `reply` is what the function was given; `message` is a text.
void lambent_reply_error(struct LambentReply *reply, const char *message);

// Makes a plugin of a component. `options` is null or a JSON object with any of `fuel`,
// `timeout_ms`, `memory_bytes` and `log_bytes`, the limits of each call; `queue`, calls that may
// wait; `restart_when_lost`, whether a fresh instance may take the place of one that was lost
// without `lambent_plugin_restart`; `args`, `env` and `dirs`, what it is given, where a directory
// is `{"host": "./data", "guest": "/data", "writable": false}`.
//
// # Safety
// `component` is one; `options` is null or a text.
struct LambentPlugin *lambent_plugin_new(const struct LambentComponent *component,
                                         const char *options);

// Calls a function that the component exports: `name`, or `interface#name`, with its arguments
// as a JSON array, of which null is an empty one. Returns JSON with the `value`, the `outcome`
// (its `kind` is `ok` if the function returned), the `generation` of the instance, the `fuel`,
// the `memory_bytes` and the `duration_us` that the call took, and its `logs`. Returns null if
// the call was not made: then the last error has one of the codes `state-lost` (what earlier
// calls left is gone), `queue-full`, `refused`, `bad-arguments`, `unsupported-type` and
// `no-such-export`.
//
// # Safety
// `plugin` is one; `path` is a text; `args` is null or a text.
char *lambent_plugin_call(const struct LambentPlugin *plugin, const char *path, const char *args);

// Has the next call start with a fresh instance.
//
// # Safety
// `plugin` is one.
bool lambent_plugin_restart(const struct LambentPlugin *plugin);

// The number of the instance that there is, or was last; 0 before the first call, and if the
// plugin is null.
//
// # Safety
// `plugin` is one.
uint64_t lambent_plugin_generation(const struct LambentPlugin *plugin);

// Frees a plugin.
//
// # Safety
// `plugin` is one, or null, is not used again, and no thread is in a call of it.
void lambent_plugin_free(struct LambentPlugin *plugin);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LAMBENT_ENGINE_H */
