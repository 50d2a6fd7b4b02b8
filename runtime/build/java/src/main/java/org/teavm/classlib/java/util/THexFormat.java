package org.teavm.classlib.java.util;

/** Java's hexadecimal text, without separators. */
public final class THexFormat {
    private static final THexFormat LOWER = new THexFormat("0123456789abcdef");
    private static final THexFormat UPPER = new THexFormat("0123456789ABCDEF");

    private final String digits;

    private THexFormat(String digits) {
        this.digits = digits;
    }

    public static THexFormat of() {
        return LOWER;
    }

    public THexFormat withUpperCase() {
        return UPPER;
    }

    public THexFormat withLowerCase() {
        return LOWER;
    }

    public String formatHex(byte[] bytes) {
        StringBuilder text = new StringBuilder(2 * bytes.length);
        for (byte value : bytes) {
            text.append(digits.charAt(value >> 4 & 15)).append(digits.charAt(value & 15));
        }
        return text.toString();
    }

    public byte[] parseHex(CharSequence text) {
        if (text.length() % 2 != 0) {
            throw new IllegalArgumentException("string is incorrect length: " + text.length());
        }
        byte[] bytes = new byte[text.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            int high = Character.digit(text.charAt(2 * i), 16);
            int low = Character.digit(text.charAt(2 * i + 1), 16);
            if (high < 0 || low < 0) {
                throw new NumberFormatException("not a hexadecimal digit in \"" + text + "\"");
            }
            bytes[i] = (byte) (high << 4 | low);
        }
        return bytes;
    }
}
