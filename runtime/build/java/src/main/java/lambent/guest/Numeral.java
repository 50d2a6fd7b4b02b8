package lambent.guest;

import java.math.BigDecimal;
import java.math.BigInteger;

/** A number of JSON as it is written, until it is known what it is wanted as. */
final class Numeral {
    private final String text;

    Numeral(String text) {
        this.text = text;
    }

    boolean isWhole() {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '.' || c == 'e' || c == 'E' || c == 'N' || c == 'I') {
                return false;
            }
        }
        return true;
    }

    double toDouble() {
        return Double.parseDouble(text);
    }

    BigDecimal toDecimal() {
        return new BigDecimal(text);
    }

    BigInteger toInteger() {
        return isWhole() ? new BigInteger(text) : toDecimal().toBigInteger();
    }

    /** A whole number, of which what is behind the point is dropped. */
    long toLong(long least, long most, String type) {
        long value;
        try {
            value = isWhole() ? Long.parseLong(text) : toDecimal().toBigInteger().longValueExact();
        } catch (ArithmeticException | NumberFormatException error) {
            throw new JsonException("number " + text + " is out of range of " + type);
        }
        if (value < least || value > most) {
            throw new JsonException("number " + text + " is out of range of " + type);
        }
        return value;
    }

    /** The number as Java has it where nothing says what it is wanted as. */
    Object toJava() {
        if (!isWhole()) {
            return toDouble();
        }
        if (text.length() < 10) {
            return Integer.parseInt(text);
        }
        try {
            long value = Long.parseLong(text);
            if (value == (int) value) {
                return (int) value;
            }
            return value;
        } catch (NumberFormatException tooLong) {
            return new BigInteger(text);
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
