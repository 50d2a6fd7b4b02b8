/* Answers an order with its receipt: the event comes on standard input, and what is written to
 * standard output is the answer. */

#include <stdlib.h>
#include <string.h>

#include "json.h"

struct item {
    char *name;
    long long quantity, cents;
};

struct order {
    char *customer;
    struct item *items;
    size_t count;
};

/* Ends the program so that the invocation is known to have failed, and why. */
static void fail(const char *why) {
    fprintf(stderr, "not an order: %s\n", why);
    exit(1);
}

static void *resized(void *memory, size_t bytes) {
    memory = realloc(memory, bytes);
    if (!memory) fail("out of memory");
    return memory;
}

static char *read_all(FILE *in) {
    char *text = NULL;
    size_t length = 0, room = 4096, got;
    do {
        room = room - length < 4096 ? 2 * room : room;
        text = resized(text, room + 1);
        got = fread(text + length, 1, room - length, in);
        length += got;
    } while (got > 0);
    text[length] = '\0';
    return text;
}

static struct item read_item(struct json *json) {
    struct item item = {NULL, 0, 0};
    json_open(json, '{');
    while (json_item(json, '}')) {
        char *key = json_key(json);
        if (strcmp(key, "name") == 0) item.name = json_string(json);
        else if (strcmp(key, "quantity") == 0) item.quantity = json_integer(json);
        else if (strcmp(key, "cents") == 0) item.cents = json_integer(json);
        else json_skip(json);
        free(key);
    }
    return item;
}

static void read_items(struct json *json, struct order *order) {
    json_open(json, '[');
    while (json_item(json, ']')) {
        /* As many again whenever they are 1, 2, 4 … */
        if ((order->count & (order->count - 1)) == 0)
            order->items = resized(order->items, (2 * order->count + 1) * sizeof(struct item));
        order->items[order->count++] = read_item(json);
    }
}

static struct order read_order(const char *text) {
    struct json json = {text, false};
    struct order order = {NULL, NULL, 0};
    json_open(&json, '{');
    while (json_item(&json, '}')) {
        char *key = json_key(&json);
        if (strcmp(key, "customer") == 0) order.customer = json_string(&json);
        else if (strcmp(key, "items") == 0) read_items(&json, &order);
        else json_skip(&json);
        free(key);
    }
    if (json.failed || !json_take(&json, '\0')) fail("the JSON is malformed");
    return order;
}

static const char *or_empty(const char *text) { return text ? text : ""; }

static void write_amount(long long cents) {
    printf("%lld.%02lld ", cents / 100, cents % 100);
    json_write(stdout, or_empty(getenv("CURRENCY")));
}

int main(void) {
    struct order order = read_order(read_all(stdin));
    long long total = 0;
    printf("{\"message\":\"Thank you, ");
    json_write(stdout, or_empty(order.customer));
    printf("!\",\"lines\":[");
    for (size_t i = 0; i < order.count; i++) {
        struct item item = order.items[i];
        printf("%s\"%lld x ", i ? "," : "", item.quantity);
        json_write(stdout, or_empty(item.name));
        printf(": ");
        write_amount(item.quantity * item.cents);
        putchar('"');
        total += item.quantity * item.cents;
    }
    printf("],\"total\":\"");
    write_amount(total);
    printf("\"}\n");
    return 0;
}
