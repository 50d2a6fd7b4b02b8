package lambent.guest.additions;

/** TeaVM waits for ever for a thread that has ended. */
@Adds("java.lang.Thread")
public final class ThreadAdditions {
    private static final long NANOS = 1_000_000;

    private ThreadAdditions() {
    }

    @Adds.Instance
    public static void join(Thread self, long millis, int nanos) throws InterruptedException {
        long until = System.nanoTime() + millis * NANOS + nanos;
        boolean isEndless = millis == 0 && nanos == 0;
        while (self.isAlive() && (isEndless || System.nanoTime() - until < 0)) {
            Thread.sleep(1);
        }
    }
}
