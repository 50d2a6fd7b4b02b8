package lambent.guest;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.math.BigDecimal;
import java.util.Date;
import java.util.List;

/** Dates and times, as Jackson and Lambda's events have them. */
public final class Times {
    private Times() {
    }

    /** A date of one of Lambda's events: seconds, which may have a fraction. */
    public static Date eventDate(Object json) {
        Double seconds = Convert.asDouble(json);
        return seconds == null || seconds == 0 ? null : new Date((long) (seconds * 1000));
    }

    public static void eventDate(JsonWriter writer, Object value) {
        writer.number(((Date) value).getTime() / 1000.0);
    }

    /** A date elsewhere: milliseconds, or text. */
    public static Date date(Object json) {
        if (json instanceof Numeral) {
            return new Date(Convert.toLong(json));
        }
        String text = Convert.text(json);
        if (text == null || text.trim().isEmpty()) {
            return null;
        }
        if (text.length() == 10) {
            text += "T00:00:00Z";
        }
        return new Date(offsetDateTime(text).toInstant().toEpochMilli());
    }

    public static void date(JsonWriter writer, Object value) {
        writer.whole(((Date) value).getTime());
    }

    private static BigDecimal seconds(long seconds, int nanos) {
        return BigDecimal.valueOf(seconds).add(BigDecimal.valueOf(nanos, 9));
    }

    public static Instant instant(Object json) {
        if (json instanceof Numeral) {
            BigDecimal seconds = ((Numeral) json).toDecimal();
            long whole = seconds.setScale(0, java.math.RoundingMode.FLOOR).longValue();
            return Instant.ofEpochSecond(whole, seconds.subtract(BigDecimal.valueOf(whole)).movePointRight(9).longValue());
        }
        String text = Convert.text(json);
        return text == null || text.isEmpty() ? null : offsetDateTime(text).toInstant();
    }

    public static void instant(JsonWriter writer, Object value) {
        Instant instant = (Instant) value;
        writer.decimal(seconds(instant.getEpochSecond(), instant.getNano()));
    }

    public static OffsetDateTime offsetDateTime(Object json) {
        if (json instanceof Numeral) {
            return instant(json).atOffset(ZoneOffset.UTC);
        }
        String text = Convert.text(json);
        if (text == null || text.isEmpty()) {
            return null;
        }
        // Jackson takes an offset without its colon, too.
        int sign = Math.max(text.lastIndexOf('+'), text.lastIndexOf('-'));
        if (sign > 10 && text.length() - sign == 5) {
            text = text.substring(0, sign + 3) + ":" + text.substring(sign + 3);
        }
        return OffsetDateTime.parse(text);
    }

    public static void offsetDateTime(JsonWriter writer, Object value) {
        instant(writer, ((OffsetDateTime) value).toInstant());
    }

    public static ZonedDateTime zonedDateTime(Object json) {
        OffsetDateTime time = offsetDateTime(json);
        return time == null ? null : time.toInstant().atZone(ZoneOffset.UTC);
    }

    public static void zonedDateTime(JsonWriter writer, Object value) {
        instant(writer, ((ZonedDateTime) value).toInstant());
    }

    private static int part(List<?> parts, int index) {
        return index < parts.size() ? Convert.toInt(parts.get(index)) : 0;
    }

    public static LocalDate localDate(Object json) {
        if (json instanceof List) {
            List<?> parts = (List<?>) json;
            return LocalDate.of(part(parts, 0), part(parts, 1), part(parts, 2));
        }
        String text = Convert.text(json);
        return text == null || text.isEmpty() ? null : LocalDate.parse(text);
    }

    public static void localDate(JsonWriter writer, Object value) {
        LocalDate date = (LocalDate) value;
        parts(writer, date.getYear(), date.getMonthValue(), date.getDayOfMonth());
    }

    public static LocalTime localTime(Object json) {
        if (json instanceof List) {
            List<?> parts = (List<?>) json;
            return LocalTime.of(part(parts, 0), part(parts, 1), part(parts, 2), part(parts, 3));
        }
        String text = Convert.text(json);
        return text == null || text.isEmpty() ? null : LocalTime.parse(text);
    }

    public static void localTime(JsonWriter writer, Object value) {
        LocalTime time = (LocalTime) value;
        parts(writer, shortened(new int[] {time.getHour(), time.getMinute(), time.getSecond(), time.getNano()}, 2));
    }

    public static LocalDateTime localDateTime(Object json) {
        if (json instanceof List) {
            List<?> parts = (List<?>) json;
            return LocalDateTime.of(part(parts, 0), part(parts, 1), part(parts, 2), part(parts, 3), part(parts, 4),
                    part(parts, 5), part(parts, 6));
        }
        String text = Convert.text(json);
        return text == null || text.isEmpty() ? null : LocalDateTime.parse(text);
    }

    public static void localDateTime(JsonWriter writer, Object value) {
        LocalDateTime time = (LocalDateTime) value;
        parts(writer, shortened(new int[] {time.getYear(), time.getMonthValue(), time.getDayOfMonth(), time.getHour(),
            time.getMinute(), time.getSecond(), time.getNano()}, 5));
    }

    public static Duration duration(Object json) {
        if (json instanceof Numeral) {
            Instant length = instant(json);
            return Duration.ofSeconds(length.getEpochSecond(), length.getNano());
        }
        String text = Convert.text(json);
        return text == null || text.isEmpty() ? null : Duration.parse(text);
    }

    public static void duration(JsonWriter writer, Object value) {
        Duration length = (Duration) value;
        writer.decimal(seconds(length.getSeconds(), length.getNano()));
    }

    /** Without the parts at the end that are 0, down to a number of parts. */
    private static int[] shortened(int[] parts, int least) {
        int count = parts.length;
        while (count > least && parts[count - 1] == 0) {
            count--;
        }
        return java.util.Arrays.copyOf(parts, count);
    }

    private static void parts(JsonWriter writer, int... parts) {
        writer.beginArray();
        for (int part : parts) {
            writer.item();
            writer.whole(part);
        }
        writer.endArray();
    }
}
