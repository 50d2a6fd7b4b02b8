package lambent.guest.additions;

import org.apache.commons.math3.util.FastMath;

/** The functions that TeaVM imports from a browser. */
@Adds("java.lang.Math")
public final class MathAdditions {
    private static final int FRACTION_BITS = 52;

    private MathAdditions() {
    }

    public static double sin(double a) {
        return FastMath.sin(a);
    }

    public static double cos(double a) {
        return FastMath.cos(a);
    }

    public static double tan(double a) {
        return FastMath.tan(a);
    }

    public static double asin(double a) {
        return FastMath.asin(a);
    }

    public static double acos(double a) {
        return FastMath.acos(a);
    }

    public static double atan(double a) {
        return FastMath.atan(a);
    }

    public static double atan2(double y, double x) {
        return FastMath.atan2(y, x);
    }

    public static double exp(double a) {
        return FastMath.exp(a);
    }

    public static double log(double a) {
        return FastMath.log(a);
    }

    public static double log10(double a) {
        return FastMath.log10(a);
    }

    public static double cbrt(double a) {
        return FastMath.cbrt(a);
    }

    public static double floor(double a) {
        return FastMath.floor(a);
    }

    public static double ceil(double a) {
        return FastMath.ceil(a);
    }

    /** A bit at a time, which rounds as Java says. */
    public static double sqrt(double a) {
        if (a == 0 || a != a || a == Double.POSITIVE_INFINITY) {
            return a;
        }
        if (a < 0) {
            return Double.NaN;
        }
        // What has fewer bits than others is made larger, by an even power of 2.
        if (a < Double.MIN_NORMAL) {
            return sqrt(a * 0x1p+108) * 0x1p-54;
        }
        long bits = Double.doubleToRawLongBits(a);
        int exponent = (int) (bits >>> FRACTION_BITS) - 1023;
        long rest = (bits & ((1L << FRACTION_BITS) - 1)) | 1L << FRACTION_BITS;
        if ((exponent & 1) != 0) {
            rest <<= 1;
        }
        rest <<= 1;
        long root = 0;
        long sum = 0;
        for (long bit = 1L << FRACTION_BITS + 1; bit != 0; bit >>>= 1) {
            long next = sum + bit;
            if (next <= rest) {
                sum = next + bit;
                rest -= next;
                root += bit;
            }
            rest <<= 1;
        }
        if (rest != 0) {
            root += root & 1;
        }
        return Double.longBitsToDouble((root >>> 1) + ((long) ((exponent >> 1) + 1022) << FRACTION_BITS));
    }
}
