package lambent.guest;

import java.util.ArrayList;
import java.util.List;

/** A failure as the host takes it: the kind, the message and the trace of an exception. */
final class Fault {
    /** How many causes are told; a chain of them may be a circle. */
    private static final int CAUSES_MAX = 8;
    private static final int FRAMES_MAX = 64;

    final byte[] kind;
    final byte[] message;
    final List<byte[]> trace = new ArrayList<>();

    Fault(Throwable thrown) {
        String name = thrown.getClass().getName();
        kind = Text.encode(name == null ? "java.lang.Throwable" : name);
        String text = thrown.getMessage();
        message = Text.encode(text == null ? "" : text);
        add(thrown);
        Throwable cause = thrown.getCause();
        for (int i = 0; i < CAUSES_MAX && cause != null; i++) {
            trace.add(Text.encode("Caused by: " + cause));
            add(cause);
            cause = cause.getCause();
        }
    }

    private void add(Throwable thrown) {
        StackTraceElement[] frames = thrown.getStackTrace();
        int count = 0;
        for (StackTraceElement frame : frames) {
            if (!isOfProgram(frame) || count == FRAMES_MAX) {
                continue;
            }
            count++;
            trace.add(Text.encode(frame.toString()));
        }
    }

    /** Whether a frame is not of what surrounds the function. */
    private static boolean isOfProgram(StackTraceElement frame) {
        String name = frame.getClassName();
        return name != null && !name.isEmpty() && !name.startsWith("lambent.guest.")
                && !name.startsWith("lambent.generated.") && !name.startsWith("org.teavm.")
                && !name.equals("java.lang.Throwable") && !frame.getMethodName().equals("<init>")
                // TeaVM names these where it does not know better.
                && !frame.getMethodName().startsWith("monitor");
    }

    /** Writes it as `failure`, whose place is at a position. */
    void write(int position) {
        Memory.writeBytes(position, kind);
        Memory.writeBytes(position + 8, message);
        int count = trace.size();
        int list = Memory.allocate(8 * count, 4);
        for (int i = 0; i < count; i++) {
            Memory.writeBytes(list + 8 * i, trace.get(i));
        }
        Memory.writeInt(position + 16, list);
        Memory.writeInt(position + 20, count);
        // `retry` is `policy`, which is 0.
    }
}
