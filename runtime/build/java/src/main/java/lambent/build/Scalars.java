package lambent.build;

import java.util.HashMap;
import java.util.Map;

/** The types whose JSON is read and written by a method of the guest's. */
final class Scalars {
    private static final Map<String, String> READ = new HashMap<>();
    private static final Map<String, String> WRITTEN = new HashMap<>();

    static {
        String[] primitives = {"boolean:Boolean", "byte:Byte", "short:Short", "int:Int", "long:Long", "float:Float",
            "double:Double", "char:Char"};
        for (String primitive : primitives) {
            String[] names = primitive.split(":");
            READ.put(names[0], "Convert.to" + names[1]);
        }
        String[] boxes = {"Boolean:Boolean", "Byte:Byte", "Short:Short", "Integer:Int", "Long:Long", "Float:Float",
            "Double:Double", "Character:Char"};
        for (String box : boxes) {
            String[] names = box.split(":");
            both("java.lang." + names[0], "Convert.as" + names[1], "Values.scalar");
        }
        both("java.lang.String", "Convert.text", "Values.text");
        both("java.lang.CharSequence", "Convert.text", "Values.text");
        READ.put("java.lang.Object", "Convert.any");
        READ.put("java.io.Serializable", "Convert.any");
        both("java.lang.Number", "Convert.number", "Values.scalar");
        both("java.math.BigDecimal", "Convert.decimal", "Values.scalar");
        both("java.math.BigInteger", "Convert.integer", "Values.scalar");
        both("[B", "Convert.bytes", "Values.bytes");
        both("java.nio.ByteBuffer", "Convert.buffer", "Values.buffer");
        for (String time : new String[] {"Instant", "OffsetDateTime", "ZonedDateTime", "LocalDate", "LocalTime",
            "LocalDateTime", "Duration"}) {
            String name = "Times." + Character.toLowerCase(time.charAt(0)) + time.substring(1);
            both("java.time." + time, name, name);
        }
        for (String array : new String[] {"[I", "[J", "[D"}) {
            WRITTEN.put(array, "Values.array");
        }
        WRITTEN.put("org.joda.time.DateTime", "Values.text");
        WRITTEN.put("java.util.UUID", "Values.text");
        WRITTEN.put("java.net.URI", "Values.text");
        WRITTEN.put("java.net.URL", "Values.text");
    }

    private Scalars() {
    }

    private static void both(String type, String read, String written) {
        READ.put(type, read);
        WRITTEN.put(type, written);
    }

    /** The method that reads a type; null if there is none. */
    static String read(Class<?> type, boolean isEvent) {
        if (type == java.util.Date.class) {
            return isEvent ? "Times.eventDate" : "Times.date";
        }
        return READ.get(type.getName());
    }

    /** The method that writes a type, which gets the writer and what is not null; null if there is none. */
    static String written(Class<?> type, boolean isEvent) {
        if (type == java.util.Date.class) {
            return isEvent ? "Times.eventDate" : "Times.date";
        }
        return WRITTEN.get(type.getName());
    }

    /** The statement that writes a primitive. */
    static String primitive(Class<?> type, String value) {
        if (type == boolean.class) {
            return "w.bool(" + value + ");";
        }
        if (type == char.class) {
            return "w.string(String.valueOf(" + value + "));";
        }
        return (type == float.class || type == double.class ? "w.number(" : "w.whole(") + value + ");";
    }
}
