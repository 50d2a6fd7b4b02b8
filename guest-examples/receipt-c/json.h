/* Reads JSON from memory, piece by piece, and writes its strings: C's library has nothing for it.
 * A failure stays until the end, so that whoever reads needs to look at it only once. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdio.h>

struct json {
    const char *at;
    bool failed;
};

/* Takes this character, if it is the next. */
bool json_take(struct json *json, char wanted);
/* Begins an object or an array with its bracket; then there is an item, or the end, which is taken. */
void json_open(struct json *json, char bracket);
bool json_item(struct json *json, char end);
/* Takes a key and its colon. What is returned is the caller's to free. */
char *json_key(struct json *json);
char *json_string(struct json *json);
long long json_integer(struct json *json);
/* Takes a value of any kind. */
void json_skip(struct json *json);
/* Writes what a string has between its quotes. */
void json_write(FILE *out, const char *text);

#endif
