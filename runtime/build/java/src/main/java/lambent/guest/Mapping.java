package lambent.guest;

import java.io.IOException;
import java.io.Reader;

/** Objects of the project's classes as JSON and back, for libraries that do so by reflection. */
public abstract class Mapping implements Values.Objects {
    /** What Gson does; null if it is not there. */
    private static Mapping gson;
    /** What Jackson does; null if it is not there. */
    private static Mapping jackson;

    /** Says what is generated. */
    public static void use(Mapping forGson, Mapping forJackson) {
        gson = forGson;
        jackson = forJackson;
    }

    public static Mapping ofGson() {
        return gson;
    }

    public static Mapping ofJackson() {
        return jackson;
    }

    /** Makes an object of a class of the project; it is null if the class is not known. */
    protected abstract Object object(Class<?> type, Object json);

    /** Whether a class is one that {@link #object} makes. */
    protected abstract boolean knows(Class<?> type);

    public final String toJson(Object value) {
        return new String(toBytes(value), java.nio.charset.StandardCharsets.UTF_8);
    }

    public final byte[] toBytes(Object value) {
        JsonWriter writer = new JsonWriter();
        Values.write(writer, value, this);
        return writer.bytes();
    }

    /** Makes an object of a class out of text. */
    public final Object fromJson(String text, Class<?> type) {
        return text == null ? null : fromJson(Text.encode(text), type);
    }

    public final Object fromJson(byte[] text, Class<?> type) {
        Object json = Json.parse(text);
        if (knows(type)) {
            return object(type, json);
        }
        if (type == String.class) {
            return Convert.text(json);
        }
        if (type == Integer.class || type == int.class) {
            return Convert.asInt(json);
        }
        if (type == Long.class || type == long.class) {
            return Convert.asLong(json);
        }
        if (type == Double.class || type == double.class) {
            return Convert.asDouble(json);
        }
        if (type == Boolean.class || type == boolean.class) {
            return Convert.asBoolean(json);
        }
        Object any = Convert.any(json);
        if (any == null || type.isInstance(any)) {
            return any;
        }
        throw new JsonException("no JSON is known for " + type.getName());
    }

    /** All that a reader has. */
    public static String all(Reader reader) throws IOException {
        StringBuilder read = new StringBuilder();
        char[] buffer = new char[4096];
        for (int count = reader.read(buffer); count >= 0; count = reader.read(buffer)) {
            read.append(buffer, 0, count);
        }
        return read.toString();
    }
}
