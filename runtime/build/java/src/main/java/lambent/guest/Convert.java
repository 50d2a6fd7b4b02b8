package lambent.guest;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What JSON is as a value of Java, by the rules that Lambda gives Jackson: text becomes numbers
 * and the reverse, one value becomes a list and the reverse, empty text and empty lists become null objects.
 */
public final class Convert {
    private Convert() {
    }

    /** What cannot be read as a type. */
    public static JsonException mismatch(String type, Object json) {
        String what = "value " + json;
        if (json instanceof String) {
            what = "String \"" + json + "\"";
        } else if (json instanceof Map) {
            what = "Object value";
        } else if (json instanceof List) {
            what = "Array value";
        }
        return new JsonException("Cannot deserialize value of type `" + type + "` from " + what);
    }

    /** What no JSON can be read as. */
    public static JsonException cannot(String type, String why) {
        return new JsonException("Cannot construct instance of `" + type + "`: " + why);
    }

    /** The only item of a list, or what is no list. */
    private static Object single(String type, Object json) {
        if (!(json instanceof List)) {
            return json;
        }
        List<?> list = (List<?>) json;
        if (list.isEmpty()) {
            return null;
        }
        if (list.size() > 1 || list.get(0) instanceof List) {
            throw mismatch(type, json);
        }
        return list.get(0);
    }

    /** The members of an object; null if there is none. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> members(String type, Object json) {
        Object value = single(type, json);
        if (value == null || "".equals(value)) {
            return null;
        }
        if (value instanceof Map) {
            return (Map<String, Object>) value;
        }
        throw mismatch(type, json);
    }

    /** The items of a list; null if there is none. */
    @SuppressWarnings("unchecked")
    public static List<Object> items(Object json) {
        if (json == null || "".equals(json)) {
            return null;
        }
        return json instanceof List ? (List<Object>) json : List.of(json);
    }

    /** A scalar as text; null is null, and so is what is not there. */
    static String toText(Object json) {
        return json == null ? null : json.toString();
    }

    public static String text(Object json) {
        Object value = single("String", json);
        if (value instanceof Map) {
            throw mismatch("String", json);
        }
        return toText(value);
    }

    /** What is read if nothing says as what. */
    @SuppressWarnings("unchecked")
    public static Object any(Object json) {
        if (json instanceof Numeral) {
            return ((Numeral) json).toJava();
        }
        if (json instanceof List) {
            List<Object> list = new ArrayList<>();
            ((List<Object>) json).forEach(item -> list.add(any(item)));
            return list;
        }
        if (json instanceof Map) {
            Map<String, Object> map = new LinkedHashMap<>();
            ((Map<String, Object>) json).forEach((name, value) -> map.put(name, any(value)));
            return map;
        }
        return json;
    }

    public static Boolean asBoolean(Object json) {
        Object value = single("boolean", json);
        if (value == null || value instanceof Boolean) {
            return (Boolean) value;
        }
        String text = value.toString().trim();
        switch (text) {
            case "":
                return null;
            case "true":
            case "True":
            case "TRUE":
                return true;
            case "false":
            case "False":
            case "FALSE":
                return false;
            default:
                break;
        }
        if (value instanceof Numeral && ((Numeral) value).isWhole()) {
            return !((Numeral) value).toInteger().equals(BigInteger.ZERO);
        }
        throw mismatch("boolean", json);
    }

    public static boolean toBoolean(Object json) {
        Boolean value = asBoolean(json);
        return value != null && value;
    }

    /** A number, or null. */
    private static Numeral numeral(String type, Object json) {
        Object value = single(type, json);
        if (value == null || value instanceof Numeral) {
            return (Numeral) value;
        }
        if (value instanceof String) {
            String text = ((String) value).trim();
            if (text.isEmpty() || text.equals("null")) {
                return null;
            }
            try {
                new BigDecimal(text);
                return new Numeral(text);
            } catch (NumberFormatException error) {
                if (text.equals("NaN") || text.equals("Infinity") || text.equals("-Infinity")) {
                    return new Numeral(text);
                }
            }
        }
        throw mismatch(type, json);
    }

    private static Long whole(long least, long most, String type, Object json) {
        Numeral numeral = numeral(type, json);
        return numeral == null ? null : numeral.toLong(least, most, type);
    }

    public static Byte asByte(Object json) {
        Long value = whole(Byte.MIN_VALUE, 255, "byte", json);
        return value == null ? null : (byte) (long) value;
    }

    public static byte toByte(Object json) {
        Byte value = asByte(json);
        return value == null ? 0 : value;
    }

    public static Short asShort(Object json) {
        Long value = whole(Short.MIN_VALUE, Short.MAX_VALUE, "short", json);
        return value == null ? null : (short) (long) value;
    }

    public static short toShort(Object json) {
        Short value = asShort(json);
        return value == null ? 0 : value;
    }

    public static Integer asInt(Object json) {
        Long value = whole(Integer.MIN_VALUE, Integer.MAX_VALUE, "int", json);
        return value == null ? null : (int) (long) value;
    }

    public static int toInt(Object json) {
        Integer value = asInt(json);
        return value == null ? 0 : value;
    }

    public static Long asLong(Object json) {
        return whole(Long.MIN_VALUE, Long.MAX_VALUE, "long", json);
    }

    public static long toLong(Object json) {
        Long value = asLong(json);
        return value == null ? 0 : value;
    }

    public static Double asDouble(Object json) {
        Numeral numeral = numeral("double", json);
        return numeral == null ? null : numeral.toDouble();
    }

    public static double toDouble(Object json) {
        Double value = asDouble(json);
        return value == null ? 0 : value;
    }

    public static Float asFloat(Object json) {
        Numeral numeral = numeral("float", json);
        return numeral == null ? null : Float.parseFloat(numeral.toString());
    }

    public static float toFloat(Object json) {
        Float value = asFloat(json);
        return value == null ? 0 : value;
    }

    public static Character asChar(Object json) {
        String text = text(json);
        if (text == null || text.isEmpty()) {
            return null;
        }
        if (text.length() > 1) {
            throw mismatch("char", json);
        }
        return text.charAt(0);
    }

    public static char toChar(Object json) {
        Character value = asChar(json);
        return value == null ? 0 : value;
    }

    public static BigDecimal decimal(Object json) {
        Numeral numeral = numeral("java.math.BigDecimal", json);
        return numeral == null ? null : numeral.toDecimal();
    }

    public static BigInteger integer(Object json) {
        Numeral numeral = numeral("java.math.BigInteger", json);
        return numeral == null ? null : numeral.toInteger();
    }

    public static Number number(Object json) {
        Numeral numeral = numeral("java.lang.Number", json);
        return numeral == null ? null : (Number) numeral.toJava();
    }

    public static byte[] bytes(Object json) {
        if (json == null) {
            return null;
        }
        if (!(json instanceof String)) {
            throw mismatch("byte[]", json);
        }
        try {
            return Base64.getDecoder().decode((String) json);
        } catch (IllegalArgumentException error) {
            throw mismatch("byte[]", json);
        }
    }

    public static ByteBuffer buffer(Object json) {
        byte[] bytes = bytes(json);
        return bytes == null ? null : ByteBuffer.wrap(bytes);
    }

    /** One of the constants of an enumeration, by its name or number; null if there is no such one. */
    public static Object constant(Object json, Object[] constants) {
        Object value = single("enum", json);
        if (value instanceof Numeral && ((Numeral) value).isWhole()) {
            BigInteger number = ((Numeral) value).toInteger();
            boolean isThere = number.signum() >= 0 && number.bitLength() < 31 && number.intValue() < constants.length;
            return isThere ? constants[number.intValue()] : null;
        }
        String name = toText(value);
        for (Object constant : constants) {
            if (((Enum<?>) constant).name().equals(name)) {
                return constant;
            }
        }
        return null;
    }

    public static Object optional(Object value) {
        return Optional.ofNullable(value);
    }
}
