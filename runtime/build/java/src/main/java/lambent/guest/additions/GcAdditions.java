package lambent.guest.additions;

import org.teavm.interop.Unmanaged;
import org.teavm.runtime.GC;

/** How the heap grows: TeaVM grows it by what it needs, less a few bytes that its chunks need. */
@Adds("org.teavm.runtime.GC")
public final class GcAdditions {
    private static final int CHUNK = 64;

    private GcAdditions() {
    }

    /** How large the heap is to be if it has no room for an object of a size. */
    @Unmanaged
    public static long computeMinRequestedSize(int size) {
        long available = GC.availableBytes();
        long least = available + size + CHUNK;
        long half = available + available / 2;
        return least < half ? half : least;
    }
}
