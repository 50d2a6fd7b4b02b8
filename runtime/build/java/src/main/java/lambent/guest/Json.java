package lambent.guest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON: maps, lists, text, booleans, null, and numbers as {@link Numeral}. */
final class Json {
    /** How deep arrays and objects are nested at most, as in Jackson. */
    private static final int DEPTH_MAX = 1000;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /** Reads all of a text; an empty one is null. */
    static Object parse(byte[] bytes) {
        Json json = new Json(Text.decode(bytes));
        json.skipSpace();
        if (json.at == json.text.length()) {
            return null;
        }
        Object value = json.value();
        json.skipSpace();
        if (json.at < json.text.length()) {
            throw json.unexpected();
        }
        return value;
    }

    private JsonException unexpected() {
        String what = at < text.length() ? "character '" + text.charAt(at) + "'" : "end";
        return new JsonException("unexpected " + what + " of the JSON at " + at);
    }

    private void skipSpace() {
        while (at < text.length() && text.charAt(at) <= ' ') {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw unexpected();
        }
        return text.charAt(at);
    }

    private boolean skip(char expected) {
        skipSpace();
        if (peek() != expected) {
            return false;
        }
        at++;
        return true;
    }

    private Object value() {
        skipSpace();
        char c = peek();
        switch (c) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
            case '\'':
                return string();
            default:
                return word();
        }
    }

    private void enter() {
        at++;
        if (++depth > DEPTH_MAX) {
            throw new JsonException("the JSON is nested more than " + DEPTH_MAX + " deep");
        }
    }

    private Map<String, Object> object() {
        enter();
        Map<String, Object> members = new LinkedHashMap<>();
        if (!skip('}')) {
            do {
                skipSpace();
                char c = peek();
                String name = c == '"' || c == '\'' ? string() : bare();
                if (name.isEmpty() && c != '"' && c != '\'' || !skip(':')) {
                    throw unexpected();
                }
                members.put(name, value());
            } while (skip(','));
            if (!skip('}')) {
                throw unexpected();
            }
        }
        depth--;
        return members;
    }

    private List<Object> array() {
        enter();
        List<Object> items = new ArrayList<>();
        if (!skip(']')) {
            do {
                items.add(value());
            } while (skip(','));
            if (!skip(']')) {
                throw unexpected();
            }
        }
        depth--;
        return items;
    }

    private String bare() {
        int from = at;
        while (at < text.length() && isOfWord(text.charAt(at))) {
            at++;
        }
        return text.substring(from, at);
    }

    private static boolean isOfWord(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                || c == '+' || c == '-' || c == '.' || c == '_' || c == '$';
    }

    private Object word() {
        int from = at;
        String word = bare();
        switch (word) {
            case "true":
                return Boolean.TRUE;
            case "false":
                return Boolean.FALSE;
            case "null":
                return null;
            case "NaN":
                return new Numeral("NaN");
            case "Infinity":
            case "-Infinity":
                return new Numeral(word);
            default:
                break;
        }
        if (!isNumber(word)) {
            at = from;
            throw unexpected();
        }
        return new Numeral(word);
    }

    private static boolean isNumber(String word) {
        int i = word.startsWith("-") ? 1 : 0;
        int whole = digits(word, i);
        if (whole == i) {
            return false;
        }
        i = whole;
        if (i < word.length() && word.charAt(i) == '.') {
            int fraction = digits(word, i + 1);
            if (fraction == i + 1) {
                return false;
            }
            i = fraction;
        }
        if (i < word.length() && (word.charAt(i) == 'e' || word.charAt(i) == 'E')) {
            i++;
            if (i < word.length() && (word.charAt(i) == '+' || word.charAt(i) == '-')) {
                i++;
            }
            int exponent = digits(word, i);
            if (exponent == i) {
                return false;
            }
            i = exponent;
        }
        return i == word.length();
    }

    private static int digits(String word, int from) {
        int i = from;
        while (i < word.length() && word.charAt(i) >= '0' && word.charAt(i) <= '9') {
            i++;
        }
        return i;
    }

    private String string() {
        char quote = text.charAt(at++);
        int from = at;
        while (peek() != quote && peek() != '\\') {
            at++;
        }
        if (peek() == quote) {
            return text.substring(from, at++);
        }
        StringBuilder read = new StringBuilder(text.substring(from, at));
        while (peek() != quote) {
            char c = text.charAt(at++);
            read.append(c == '\\' ? escaped() : c);
        }
        at++;
        return read.toString();
    }

    private char escaped() {
        char c = peek();
        at++;
        switch (c) {
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                return unicode();
            default:
                return c;
        }
    }

    private char unicode() {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0) {
                throw unexpected();
            }
            value = value * 16 + digit;
            at++;
        }
        return (char) value;
    }
}
