package lambent.guest.additions;

/** What TeaVM lacks of numbers with a point. */
@Adds("java.lang.Double")
public final class DoubleAdditions {
    private DoubleAdditions() {
    }

    public static double sum(double a, double b) {
        return a + b;
    }

    public static double max(double a, double b) {
        return Math.max(a, b);
    }

    public static double min(double a, double b) {
        return Math.min(a, b);
    }
}
