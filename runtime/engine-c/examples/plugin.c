/* A host in C: a shop whose discounts are components. It lends the plugin one function, calls the
 * plugin under limits, and is told how each call ended.
 *
 *     cc plugin.c -I ../include -L DIR -l lambent_engine_c -o plugin && ./plugin discount.wasm
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lambent_engine.h"

/* price: func(item: u32) -> u32 */
static void price(void *prices, const char *args, struct LambentReply *reply) {
    unsigned item = 0;
    char json[16];
    if (sscanf(args, "[%u]", &item) != 1 || item > 2) {
        lambent_reply_error(reply, "there is no such item");
        return;
    }
    snprintf(json, sizeof json, "%u", ((unsigned *)prices)[item]);
    lambent_reply_value(reply, json);
}

static void fail(const char *what) {
    const char *error = lambent_last_error();
    fprintf(stderr, "%s: %s\n", what, error ? error : "no reason");
    exit(1);
}

static void show(LambentPlugin *plugin, const char *path, const char *args) {
    char *called = lambent_plugin_call(plugin, path, args);
    printf("%s%s: %s\n", path, args, called ? called : lambent_last_error());
    lambent_string_free(called);
}

int main(int argc, char **argv) {
    unsigned prices[] = {250, 499, 1999};
    if (argc != 2 || lambent_abi_version() != LAMBENT_ABI_VERSION) {
        return 2;
    }
    LambentBuilder *builder = lambent_builder_new("{\"instances\": 10}");
    if (!builder || !lambent_builder_import(builder, NULL, "price", price, prices)) fail("builder");
    LambentEngine *engine = lambent_builder_build(builder);
    if (!engine) fail("engine");
    LambentComponent *component = lambent_component_from_file(engine, argv[1]);
    if (!component) fail("component");
    char *exports = lambent_component_exports(component);
    printf("exports %s\n", exports);
    lambent_string_free(exports);

    LambentPlugin *plugin = lambent_plugin_new(component, "{\"fuel\": 100000, \"timeout_ms\": 1000}");
    if (!plugin) fail("plugin");
    show(plugin, "total", "[1, 12]");
    show(plugin, "total", "[1]");       /* bad-arguments: nothing ran */
    show(plugin, "total", "[7, 1]");    /* the host's own error ends the call */
    show(plugin, "total", "[1, 12]");   /* state-lost */
    if (!lambent_plugin_restart(plugin)) fail("restart");
    show(plugin, "total", "[0, 2]");

    lambent_plugin_free(plugin);
    lambent_component_free(component);
    lambent_engine_free(engine);
    return 0;
}
