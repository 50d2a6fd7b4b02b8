package lambent.guest.additions;

import org.joda.time.DateTimeZone;
import org.joda.time.tz.Provider;
import org.joda.time.tz.UTCProvider;

/** Joda's time zones, which it reads from files: there is UTC, which is Lambda's, and offsets. */
@Adds("org.joda.time.DateTimeZone")
public final class DateTimeZoneAdditions {
    private DateTimeZoneAdditions() {
    }

    public static DateTimeZone getDefault() {
        return DateTimeZone.UTC;
    }

    public static Provider getDefaultProvider() {
        return new UTCProvider();
    }
}
