package lambent.guest;

import java.io.OutputStream;
import java.io.PrintStream;

/** Standard output and standard error, which are written a line at a time. */
final class Streams {
    private Streams() {
    }

    static void install() {
        System.setOut(new PrintStream(new Lines(1)));
        System.setErr(new PrintStream(new Lines(2)));
    }

    static void flush() {
        System.out.flush();
        System.err.flush();
    }

    /** Hands a line on when it is complete. */
    private static final class Lines extends OutputStream {
        private final int descriptor;
        private final byte[] buffer = new byte[4096];
        private int count;

        Lines(int descriptor) {
            this.descriptor = descriptor;
        }

        @Override
        public void write(int value) {
            buffer[count++] = (byte) value;
            if (value == '\n' || count == buffer.length) {
                flush();
            }
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            for (int i = from; i < from + length; i++) {
                write(bytes[i]);
            }
        }

        @Override
        public void flush() {
            Preview1.write(descriptor, buffer, count);
            count = 0;
        }
    }
}
