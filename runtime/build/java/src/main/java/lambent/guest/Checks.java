package lambent.guest;

import java.math.RoundingMode;
import java.text.DecimalFormat;

/** What Java checks or rounds and what it is compiled to does not. */
public final class Checks {
    private Checks() {
    }

    /** What is divided by. */
    public static int divisor(int divisor) {
        if (divisor == 0) {
            throw new ArithmeticException("/ by zero");
        }
        return divisor;
    }

    /** What is divided by. */
    public static long divisor(long divisor) {
        if (divisor == 0) {
            throw new ArithmeticException("/ by zero");
        }
        return divisor;
    }

    /** How a number with so many digits behind its point is rounded where text is formatted. */
    public static void halfUp(DecimalFormat format, int digits) {
        format.setRoundingMode(RoundingMode.HALF_UP);
    }

    /** Whether a boxed number is none. */
    public static boolean isNaN(Number boxed) {
        double value = boxed.doubleValue();
        return value != value;
    }

    /** Whether a boxed number is infinite. */
    public static boolean isInfinite(Number boxed) {
        double value = boxed.doubleValue();
        return value == Double.POSITIVE_INFINITY || value == Double.NEGATIVE_INFINITY;
    }
}
