package org.teavm.classlib.java.util.concurrent.atomic;

/** Java's counter. */
public class TLongAdder extends Number {
    private long sum;

    public void add(long value) {
        sum += value;
    }

    public void increment() {
        sum++;
    }

    public void decrement() {
        sum--;
    }

    public long sum() {
        return sum;
    }

    public void reset() {
        sum = 0;
    }

    public long sumThenReset() {
        long before = sum;
        sum = 0;
        return before;
    }

    @Override
    public int intValue() {
        return (int) sum;
    }

    @Override
    public long longValue() {
        return sum;
    }

    @Override
    public float floatValue() {
        return sum;
    }

    @Override
    public double doubleValue() {
        return sum;
    }

    @Override
    public String toString() {
        return Long.toString(sum);
    }
}
