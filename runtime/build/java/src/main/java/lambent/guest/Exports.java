package lambent.guest;

import org.teavm.backend.wasm.WasmHeap;
import org.teavm.backend.wasm.runtime.WasmSupport;

/** What the component exports, in the canonical ABI. */
public final class Exports {
    /** Where the parts of `event` are, and of what comes after it. */
    private static final int EVENT_DATA = 92;
    private static final int CONTEXT = 104;
    /** The sizes of what is returned, and where the payload of a `result` is. */
    private static final int HANDLED_SIZE = 48;
    private static final int INITIALIZED_SIZE = 48;
    private static final int PAYLOAD = 8;

    private static Function function;
    private static boolean isStarted;
    private static boolean isInitialized;

    private Exports() {
    }

    /** Says what is compiled. */
    public static void use(Function compiled) {
        function = compiled;
    }

    /** Java itself is made ready; a handler that could not be made is tried again. */
    private static void initialize() throws Throwable {
        if (!isStarted) {
            isStarted = true;
            WasmSupport.runWithArgs(new String[0]);
            Streams.install();
        }
        if (!isInitialized) {
            Fibers.run(() -> {
                function.initialize();
                return null;
            });
            isInitialized = true;
        }
    }

    /** `lambent:runtime/initialization.init`. */
    public static int init() {
        Fault fault = null;
        try {
            initialize();
        } catch (Throwable thrown) {
            fault = new Fault(thrown);
        }
        Streams.flush();
        int result = Memory.allocate(INITIALIZED_SIZE, 8);
        if (fault != null) {
            fail(result, fault);
        }
        return result;
    }

    /** `lambent:function/handler.handle`. */
    public static int handle(int event) {
        Memory memory = new Memory();
        Invocation invocation = new Invocation(memory.readInt(event + CONTEXT));
        byte[] data = memory.readBytes(event + EVENT_DATA);
        Memory.release();
        byte[] output = null;
        Fault fault = null;
        try {
            initialize();
            output = Fibers.run(() -> function.handle(data, invocation));
        } catch (Throwable thrown) {
            fault = new Fault(thrown);
        }
        Streams.flush();
        invocation.end();
        byte[] type = Text.encode("application/json");
        int result = Memory.allocate(HANDLED_SIZE, 8);
        if (fault != null) {
            fail(result, fault);
        } else {
            Memory.writeInt(result + PAYLOAD, 1);
            Memory.writeBytes(result + PAYLOAD + 4, type);
            Memory.writeBytes(result + PAYLOAD + 12, output);
        }
        return result;
    }

    private static void fail(int result, Fault fault) {
        Memory.writeByte(result, 1);
        fault.write(result + PAYLOAD);
    }

    /** What was returned is read. */
    public static void returned() {
        Memory.release();
    }

    /** `cabi_realloc`. */
    public static int reallocate(int old, int oldSize, int alignment, int size) {
        // Nothing that is passed ever gets larger.
        return old == 0 ? WasmHeap.allocatePassed(size, alignment) : -1;
    }

    /** The same for the adapter of WASI. */
    public static int reallocateForAdapter(int old, int oldSize, int alignment, int size) {
        return WasmHeap.allocateForAdapter(size, alignment);
    }
}
