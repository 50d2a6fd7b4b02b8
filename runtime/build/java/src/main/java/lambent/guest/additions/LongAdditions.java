package lambent.guest.additions;

/** What TeaVM lacks of large whole numbers. */
@Adds("java.lang.Long")
public final class LongAdditions {
    private LongAdditions() {
    }

    public static long sum(long a, long b) {
        return a + b;
    }

    public static long max(long a, long b) {
        return a >= b ? a : b;
    }

    public static long min(long a, long b) {
        return a <= b ? a : b;
    }
}
