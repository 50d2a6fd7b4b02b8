#include "json.h"

#include <stdlib.h>
#include <string.h>

static bool is_one_of(char character, const char *characters) {
    return character && strchr(characters, character);
}

static char next(struct json *json) {
    while (is_one_of(*json->at, " \t\r\n")) json->at++;
    return *json->at;
}

bool json_take(struct json *json, char wanted) {
    if (json->failed || next(json) != wanted) return false;
    json->at++;
    return true;
}

static void expect(struct json *json, char wanted) {
    if (!json_take(json, wanted)) json->failed = true;
}

void json_open(struct json *json, char bracket) { expect(json, bracket); }

bool json_item(struct json *json, char end) {
    bool first = json->at[-1] == '{' || json->at[-1] == '[';
    if (json_take(json, end)) return false;
    if (!first) expect(json, ',');
    return !json->failed;
}

char *json_key(struct json *json) {
    char *key = json_string(json);
    expect(json, ':');
    return key;
}

static unsigned hexadecimal(struct json *json) {
    char digits[5] = {0};
    strncpy(digits, json->at, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4) {
        json->failed = true;
        return 0;
    }
    json->at += 4;
    return (unsigned)strtoul(digits, NULL, 16);
}

/* The character that an escape stands for, which may be two surrogates. */
static unsigned unescape(struct json *json) {
    static const char letters[] = "bfnrt\"\\/", meant[] = "\b\f\n\r\t\"\\/";
    char letter = *json->at;
    const char *known = letter ? strchr(letters, letter) : NULL;
    if (known || letter == 'u') json->at++;
    if (known) return (unsigned char)meant[known - letters];
    if (letter != 'u') {
        json->failed = true;
        return 0;
    }
    unsigned code = hexadecimal(json);
    if (code < 0xd800 || code > 0xdbff || json->at[0] != '\\' || json->at[1] != 'u') return code;
    json->at += 2;
    return 0x10000 + ((code - 0xd800) << 10) + ((hexadecimal(json) - 0xdc00) & 0x3ff);
}

static char *encode(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

char *json_string(struct json *json) {
    expect(json, '"');
    const char *end = json->at;
    while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
    /* No character takes more room than it has here. */
    char *text = malloc((size_t)(end - json->at) + 1), *to = text;
    if (!text) abort();
    while (!json->failed && *json->at != '"') {
        if (*json->at == '\0') json->failed = true;
        else if (*json->at != '\\') *to++ = *json->at++;
        else {
            json->at++;
            to = encode(to, unescape(json));
        }
    }
    *to = '\0';
    if (!json->failed) json->at++;
    return text;
}

long long json_integer(struct json *json) {
    next(json);
    char *end;
    long long value = strtoll(json->at, &end, 10);
    if (end == json->at || is_one_of(*end, ".eE")) json->failed = true;
    json->at = end;
    return value;
}

void json_skip(struct json *json) {
    char first = next(json);
    if (first == '"') {
        free(json_string(json));
    } else if (first == '{' || first == '[') {
        json_open(json, first);
        while (json_item(json, first == '{' ? '}' : ']')) {
            if (first == '{') free(json_key(json));
            json_skip(json);
        }
    } else {
        const char *begin = json->at;
        while (is_one_of(*json->at, "+-.0123456789aeEflnrstu")) json->at++;
        if (json->at == begin) json->failed = true;
    }
}

void json_write(FILE *out, const char *text) {
    for (; *text; text++) {
        unsigned char character = (unsigned char)*text;
        if (character < ' ') fprintf(out, "\\u%04x", character);
        else {
            if (character == '"' || character == '\\') putc('\\', out);
            putc(character, out);
        }
    }
}
