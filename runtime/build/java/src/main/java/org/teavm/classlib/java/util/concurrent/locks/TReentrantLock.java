package org.teavm.classlib.java.util.concurrent.locks;

/** Java's lock, for threads that take turns. */
public class TReentrantLock implements TLock {
    private Thread owner;
    private int holds;

    public TReentrantLock() {
    }

    public TReentrantLock(boolean isFair) {
        this();
    }

    @Override
    public void lock() {
        boolean isInterrupted = false;
        while (!tryLock()) {
            try {
                Thread.sleep(1);
            } catch (InterruptedException error) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean tryLock() {
        Thread current = Thread.currentThread();
        if (owner != null && owner != current) {
            return false;
        }
        owner = current;
        holds++;
        return true;
    }

    @Override
    public void unlock() {
        if (owner != Thread.currentThread()) {
            throw new IllegalMonitorStateException();
        }
        if (--holds == 0) {
            owner = null;
        }
    }

    public boolean isLocked() {
        return owner != null;
    }

    public boolean isHeldByCurrentThread() {
        return owner == Thread.currentThread();
    }
}
