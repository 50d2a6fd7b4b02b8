package org.teavm.classlib.java.util.concurrent;

import java.util.concurrent.TimeUnit;

/** Java's latch, for threads that take turns. */
public class TCountDownLatch {
    private long count;

    public TCountDownLatch(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("count < 0");
        }
        this.count = count;
    }

    public void countDown() {
        if (count > 0) {
            count--;
        }
    }

    public long getCount() {
        return count;
    }

    public void await() throws InterruptedException {
        while (count > 0) {
            Thread.sleep(1);
        }
    }

    public boolean await(long time, TimeUnit unit) throws InterruptedException {
        long until = System.nanoTime() + unit.toNanos(time);
        while (count > 0 && System.nanoTime() - until < 0) {
            Thread.sleep(1);
        }
        return count == 0;
    }
}
