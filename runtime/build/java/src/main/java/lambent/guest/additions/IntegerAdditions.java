package lambent.guest.additions;

/** What TeaVM lacks of whole numbers. */
@Adds("java.lang.Integer")
public final class IntegerAdditions {
    private IntegerAdditions() {
    }

    public static int sum(int a, int b) {
        return a + b;
    }

    public static int max(int a, int b) {
        return a >= b ? a : b;
    }

    public static int min(int a, int b) {
        return a <= b ? a : b;
    }
}
