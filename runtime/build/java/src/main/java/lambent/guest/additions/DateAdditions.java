package lambent.guest.additions;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Date;

/** The parts of a date, which TeaVM asks a browser for; the time zone is UTC, as on Lambda. */
@Adds("java.util.Date")
public final class DateAdditions {
    private static final String[] DAYS = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    private static final String[] MONTHS = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
        "Nov", "Dec"};

    private DateAdditions() {
    }

    private static ZonedDateTime time(Date date) {
        return Instant.ofEpochMilli(date.getTime()).atZone(ZoneOffset.UTC);
    }

    private static String two(int number) {
        return number < 10 ? "0" + number : Integer.toString(number);
    }

    @Adds.Instance
    public static String toString(Date self) {
        ZonedDateTime time = time(self);
        DayOfWeek day = time.getDayOfWeek();
        return DAYS[day.getValue() - 1] + " " + MONTHS[time.getMonthValue() - 1] + " " + two(time.getDayOfMonth())
                + " " + two(time.getHour()) + ":" + two(time.getMinute()) + ":" + two(time.getSecond()) + " UTC "
                + time.getYear();
    }

    @Adds.Instance
    public static int getYear(Date self) {
        return time(self).getYear() - 1900;
    }

    @Adds.Instance
    public static int getMonth(Date self) {
        return time(self).getMonthValue() - 1;
    }

    @Adds.Instance
    public static int getDate(Date self) {
        return time(self).getDayOfMonth();
    }

    @Adds.Instance
    public static int getDay(Date self) {
        return time(self).getDayOfWeek().getValue() % 7;
    }

    @Adds.Instance
    public static int getHours(Date self) {
        return time(self).getHour();
    }

    @Adds.Instance
    public static int getMinutes(Date self) {
        return time(self).getMinute();
    }

    @Adds.Instance
    public static int getSeconds(Date self) {
        return time(self).getSecond();
    }

    public static long initDateLowLevel(int year, int month, int date, int hours, int minutes, int seconds) {
        return LocalDateTime.of(year + 1900, 1, 1, 0, 0).plusMonths(month).plusDays(date - 1).plusHours(hours)
                .plusMinutes(minutes).plusSeconds(seconds).toInstant(ZoneOffset.UTC).toEpochMilli();
    }
}
