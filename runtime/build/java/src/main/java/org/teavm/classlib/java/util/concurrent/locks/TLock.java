package org.teavm.classlib.java.util.concurrent.locks;

/** Java's locks, without conditions. */
public interface TLock {
    void lock();

    boolean tryLock();

    void unlock();
}
