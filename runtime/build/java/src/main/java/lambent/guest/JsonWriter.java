package lambent.guest;

import java.math.BigDecimal;

/** Writes JSON. */
public final class JsonWriter {
    private static final int DEPTH_MAX = 1000;

    private final StringBuilder text = new StringBuilder();
    private boolean isFirst = true;
    private int depth;

    /** What was written. */
    public byte[] bytes() {
        return Text.encode(text.toString());
    }

    private void separate() {
        if (isFirst) {
            isFirst = false;
        } else {
            text.append(',');
        }
    }

    private void open(char bracket) {
        if (++depth > DEPTH_MAX) {
            throw new JsonException("what the handler returned is nested more than " + DEPTH_MAX
                    + " deep, or within itself");
        }
        text.append(bracket);
        isFirst = true;
    }

    private void close(char bracket) {
        depth--;
        text.append(bracket);
        isFirst = false;
    }

    public void beginObject() {
        open('{');
    }

    public void endObject() {
        close('}');
    }

    public void beginArray() {
        open('[');
    }

    public void endArray() {
        close(']');
    }

    /** The next value is an item of an array. */
    public void item() {
        separate();
    }

    /** The next value is a member of an object. */
    public void name(String name) {
        separate();
        string(name);
        text.append(':');
    }

    public void nothing() {
        text.append("null");
    }

    public void bool(boolean value) {
        text.append(value);
    }

    public void whole(long value) {
        text.append(value);
    }

    public void number(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            string(Double.toString(value));
        } else {
            text.append(value);
        }
    }

    public void number(float value) {
        if (Float.isNaN(value) || Float.isInfinite(value)) {
            string(Float.toString(value));
        } else {
            text.append(value);
        }
    }

    public void decimal(BigDecimal value) {
        text.append(value);
    }

    /** Something that is JSON already. */
    void raw(String json) {
        text.append(json);
    }

    public void string(String value) {
        text.append('"');
        int from = 0;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c >= ' ' && c != '"' && c != '\\') {
                continue;
            }
            text.append(value, from, i);
            escape(c);
            from = i + 1;
        }
        text.append(value, from, value.length());
        text.append('"');
    }

    private void escape(char c) {
        text.append('\\');
        switch (c) {
            case '"':
            case '\\':
                text.append(c);
                break;
            case '\b':
                text.append('b');
                break;
            case '\f':
                text.append('f');
                break;
            case '\n':
                text.append('n');
                break;
            case '\r':
                text.append('r');
                break;
            case '\t':
                text.append('t');
                break;
            default:
                text.append("u00").append(Character.forDigit(c >> 4, 16));
                text.append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
        }
    }
}
