package lambent.guest;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/** Writes values by what they are. */
public final class Values {
    private Values() {
    }

    /** Writes objects of the project's classes. */
    public interface Objects {
        /** Whether the class of an object is known, so that it was written. */
        boolean write(JsonWriter writer, Object value);
    }

    /** Writes a value; what is no value of Java's own library is left to `objects`. */
    public static void write(JsonWriter writer, Object value, Objects objects) {
        if (value == null) {
            writer.nothing();
        } else if (value instanceof Map) {
            writer.beginObject();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                if (entry.getValue() != null) {
                    writer.name(key(entry.getKey()));
                    write(writer, entry.getValue(), objects);
                }
            }
            writer.endObject();
        } else if (value instanceof Iterable) {
            items(writer, (Iterable<?>) value, objects);
        } else if (value instanceof Object[]) {
            items(writer, Arrays.asList((Object[]) value), objects);
        } else if (value instanceof Optional) {
            write(writer, ((Optional<?>) value).orElse(null), objects);
        } else if (!scalar(writer, value) && !array(writer, value) && !objects.write(writer, value)) {
            throw new JsonException("no JSON is known for " + value.getClass().getName());
        }
    }

    private static void items(JsonWriter writer, Iterable<?> items, Objects objects) {
        writer.beginArray();
        for (Object item : items) {
            writer.item();
            write(writer, item, objects);
        }
        writer.endArray();
    }

    /** The name of a member that a key is. */
    public static String key(Object key) {
        if (key == null) {
            throw new JsonException("a map that is returned has null as a key");
        }
        return key instanceof Enum ? ((Enum<?>) key).name() : key.toString();
    }

    /** Whether a value was text, a number or a boolean, and was written. */
    public static boolean scalar(JsonWriter writer, Object value) {
        if (value instanceof CharSequence || value instanceof Character) {
            writer.string(value.toString());
        } else if (value instanceof Boolean) {
            writer.bool((Boolean) value);
        } else if (value instanceof Double) {
            writer.number((double) (Double) value);
        } else if (value instanceof Float) {
            writer.number((float) (Float) value);
        } else if (value instanceof BigDecimal) {
            writer.decimal((BigDecimal) value);
        } else if (value instanceof BigInteger) {
            writer.raw(value.toString());
        } else if (value instanceof Number) {
            writer.whole(((Number) value).longValue());
        } else if (value instanceof Enum) {
            writer.string(((Enum<?>) value).name());
        } else {
            return false;
        }
        return true;
    }

    /** Whether a value was bytes or an array of numbers, and was written. */
    public static boolean array(JsonWriter writer, Object value) {
        if (value instanceof byte[]) {
            bytes(writer, value);
        } else if (value instanceof ByteBuffer) {
            buffer(writer, value);
        } else if (value instanceof int[]) {
            writer.beginArray();
            for (int item : (int[]) value) {
                writer.item();
                writer.whole(item);
            }
            writer.endArray();
        } else if (value instanceof long[]) {
            writer.beginArray();
            for (long item : (long[]) value) {
                writer.item();
                writer.whole(item);
            }
            writer.endArray();
        } else if (value instanceof double[]) {
            writer.beginArray();
            for (double item : (double[]) value) {
                writer.item();
                writer.number(item);
            }
            writer.endArray();
        } else {
            return false;
        }
        return true;
    }

    public static void bytes(JsonWriter writer, Object value) {
        writer.string(Base64.getEncoder().encodeToString((byte[]) value));
    }

    public static void buffer(JsonWriter writer, Object value) {
        ByteBuffer buffer = ((ByteBuffer) value).duplicate();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        bytes(writer, bytes);
    }

    /** The name of a constant of an enumeration. */
    public static void constant(JsonWriter writer, Object value) {
        writer.string(((Enum<?>) value).name());
    }

    /** What is written as its own text, such as a UUID. */
    public static void text(JsonWriter writer, Object value) {
        writer.string(value.toString());
    }
}
