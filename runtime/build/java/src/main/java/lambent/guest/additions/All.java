package lambent.guest.additions;

import java.util.List;

/** All additions to Java's library. */
public final class All {
    /** Each has {@link Adds}. */
    public static final List<Class<?>> CLASSES = List.of(ClassAdditions.class, DateAdditions.class,
            DateTimeZoneAdditions.class, DoubleAdditions.class, EventQueueAdditions.class, GcAdditions.class,
            GsonAdditions.class, InputAdditions.class, IntegerAdditions.class, JacksonAdditions.class,
            LongAdditions.class, MathAdditions.class, ReaderAdditions.class, RuntimeAdditions.class,
            StringAdditions.class, SystemAdditions.class, ThreadAdditions.class, ThrowableAdditions.class, UuidAdditions.class);

    private All() {
    }
}
