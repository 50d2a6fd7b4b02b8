package lambent.guest;

import org.teavm.backend.wasm.runtime.WasiBuffer;
import org.teavm.backend.wasm.wasi.IOVec;
import org.teavm.backend.wasm.wasi.SizeResult;
import org.teavm.backend.wasm.wasi.Wasi;
import org.teavm.interop.Address;
import org.teavm.interop.Import;

/** The calls of WASI preview 1 that TeaVM itself has no use for. */
final class Preview1 {
    private static final int MONOTONIC = 1;
    private static final int SUBSCRIPTION_SIZE = 48;

    private Preview1() {
    }

    @Import(name = "poll_oneoff", module = "wasi_snapshot_preview1")
    private static native short pollOneoff(Address in, Address out, int count, Address events);

    @Import(name = "proc_exit", module = "wasi_snapshot_preview1")
    static native void procExit(int status);

    @Import(name = "environ_sizes_get", module = "wasi_snapshot_preview1")
    private static native short environSizesGet(Address count, Address size);

    @Import(name = "environ_get", module = "wasi_snapshot_preview1")
    private static native short environGet(Address pointers, Address buffer);

    @Import(name = "clock_time_get", module = "wasi_snapshot_preview1")
    private static native short clockTimeGet(int clock, long precision, Address time);

    /** The buffer is 512 bytes long. */
    static void sleep(long milliseconds) {
        Address subscription = WasiBuffer.getBuffer();
        for (int i = 0; i < SUBSCRIPTION_SIZE; i += 4) {
            subscription.add(i).putInt(0);
        }
        // The user's data (8), the kind (8, 0 is a clock), the clock (8), the time, the precision, the flags.
        subscription.add(16).putInt(MONOTONIC);
        subscription.add(24).putLong(milliseconds * 1_000_000);
        pollOneoff(subscription, subscription.add(64), 1, subscription.add(128));
    }

    static long nanoTime() {
        Address time = WasiBuffer.getBuffer();
        clockTimeGet(MONOTONIC, 1, time);
        return time.getLong();
    }

    /** Writes all of some bytes; what cannot be written is dropped. */
    static void write(int descriptor, byte[] bytes, int count) {
        int from = 0;
        while (from < count) {
            IOVec vector = WasiBuffer.getBuffer().toStructure();
            SizeResult result = WasiBuffer.getBuffer().add(16).toStructure();
            vector.buffer = Address.ofData(bytes).add(from);
            vector.bufferLength = count - from;
            if (Wasi.fdWrite(descriptor, vector, 1, result) != Wasi.ERRNO_SUCCESS || result.value <= 0) {
                return;
            }
            from += (int) result.value;
        }
    }

    /** The environment: `NAME=value`, each ended by a zero. */
    static byte[] environment() {
        Address buffer = WasiBuffer.getBuffer();
        if (environSizesGet(buffer, buffer.add(8)) != Wasi.ERRNO_SUCCESS) {
            return new byte[0];
        }
        int count = buffer.getInt();
        int size = buffer.add(8).getInt();
        int[] pointers = new int[count];
        byte[] bytes = new byte[size];
        environGet(Address.ofData(pointers), Address.ofData(bytes));
        return bytes;
    }
}
